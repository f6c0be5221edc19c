//! The webhooks of workflows in Power Automate that post to Teams.

use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;

use super::{SERVICE, message, plain};
use crate::card::Card;
use crate::destination::address::{Address, Form, Rule, UrlRule};
use crate::destination::post::{Post, Refused, Why, by_status, json};
use crate::destination::shape::Shape;

/// The address of a workflow. Those of Office 365 connectors, `*.webhook.office.com`, are refused: Microsoft ended them.
/// <https://devblogs.microsoft.com/microsoft365dev/retirement-of-office-365-connectors-within-microsoft-teams/>
///
/// Without `sig`, only people of the tenant may start the workflow, with a token of theirs.
/// <https://learn.microsoft.com/en-us/power-automate/oauth-authentication>
pub static WEBHOOK: Form = Form {
    service: SERVICE,
    name: "webhook",
    example: "https://….environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/…",
    page: "the app `Workflows` in Teams: the workflow of the template \"Post to a channel when a webhook request is received\", \
           which \"Anyone\" can trigger",
    rule: Rule::Url(UrlRule {
        host: is_host,
        host_is: "neither `….environment.api.powerplatform.com` nor `….logic.azure.com`, as those of workflows are (Microsoft \
                  ended the connectors of `….webhook.office.com`)",
        path: is_path,
        path_is: "`/…/workflows/…/triggers/…/paths/invoke`",
        query: true,
        parameters: &["api-version", "sig"],
    }),
};

/// What a workflow's answers say that a person has to mend, although their status says that the message is wrong: the workflow
/// is off or was deleted, or the address is not whole.
const DENIED: [&str; 4] = [
    "WorkflowTriggerIsNotEnabled",
    "WorkflowDisabled",
    "MissingApiVersionParameter",
    "InvalidApiVersionParameter",
];

/// A webhook of a workflow.
#[derive(Debug)]
pub struct Webhook(pub Address);

impl Post for Webhook {
    fn form(&self) -> &'static Form {
        &WEBHOOK
    }

    fn address(&self) -> &Address {
        &self.0
    }

    /// The query stays as it is: its signature covers it.
    fn request(&self, card: &Card, shape: Shape) -> Request<Vec<u8>> {
        let to = self.0.as_url();
        match shape {
            Shape::Usual => json(to, &message(card)),
            Shape::Plain => json(to, &plain(card)),
        }
    }

    /// A workflow answers 202 before it posts anything, so that its answer says nothing about the message but that it is JSON
    /// of the workflow's schema. <https://learn.microsoft.com/en-us/azure/logic-apps/logic-apps-http-endpoint>
    fn judge(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<(), Refused> {
        let refused = match by_status(status, headers) {
            Err(refused) => refused,
            Ok(()) => return Ok(()),
        };
        let why = match refused.why {
            Why::Malformed if DENIED.contains(&&*code(body)) => Why::Denied,
            Why::Denied if status == StatusCode::PAYLOAD_TOO_LARGE => Why::Malformed,
            why => why,
        };
        Err(Refused { why, ..refused })
    }
}

/// The code in `{"error":{"code":…,"message":…}}`.
fn code(body: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = answer.pointer("/error/code").and_then(Value::as_str);
    code.unwrap_or_default().to_owned()
}

/// Each environment has a name of its own, such as `default<tenant>.d4`, and Logic Apps one for each region.
fn is_host(host: &str) -> bool {
    let ends = [".environment.api.powerplatform.com", ".logic.azure.com"];
    let name = ends.iter().find_map(|end| host.strip_suffix(end));
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    name.is_some_and(|name| name.split('.').all(is_label))
}

/// `/workflows/…/triggers/manual/paths/invoke`, on Power Platform below `/powerautomate/automations/direct` or
/// `/powerautomate/automations/direct/cu/08`.
fn is_path(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let is_part = |part: &&str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    parts.iter().all(is_part)
        && matches!(
            parts.as_slice(),
            [.., "workflows", _, "triggers", _, "paths", "invoke"]
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::address::{AllowLoopback, Wrong};

    const HOST: &str = "https://default0123456789abcdef0123456789abcd.ef.environment.api.powerplatform.com";
    const PATH: &str = "/powerautomate/automations/direct/workflows/0a1b2c3d4e5f60718293a4b5c6d7e8f9/triggers/manual/paths/invoke";
    const QUERY: &str = "?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=h-UUh_XXXX0";

    fn parse(text: &str) -> Result<String, Wrong> {
        let address = Address::parse(text, &WEBHOOK, AllowLoopback::No);
        address
            .map(|address| address.expose().to_owned())
            .map_err(|error| error.wrong)
    }

    #[test]
    fn every_address_of_a_workflow_is_known_and_stays_as_it_is() {
        let old = "https://prod-186.westus.logic.azure.com:443/workflows/3f29/triggers/manual/paths/invoke";
        for whole in [
            format!("{HOST}:443{PATH}{QUERY}"),
            format!("{HOST}{PATH}/{QUERY}"),
            format!("{HOST}{}{QUERY}", PATH.replace("direct/", "direct/cu/08/")),
            format!("{old}{}", QUERY.replace("version=1", "version=2016-06-01")),
        ] {
            assert_eq!(parse(&whole).as_deref(), Ok(&*whole));
            let bare = whole.trim_start_matches("https://");
            assert_eq!(parse(&format!(" {bare}\n")).as_deref(), Ok(&*whole));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        use Wrong::*;
        let cases = [
            (
                format!("https://contoso.webhook.office.com/webhookb2/a@b/IncomingWebhook/c/d{QUERY}"),
                Host,
            ),
            (format!("https://hooks.slack.com{PATH}{QUERY}"), Host),
            (
                format!("https://environment.api.powerplatform.com{PATH}{QUERY}"),
                Host,
            ),
            (
                format!("https://.environment.api.powerplatform.com{PATH}{QUERY}"),
                Host,
            ),
            (format!("{HOST}.example.com{PATH}{QUERY}"), Host),
            (format!("https://x_y.logic.azure.com{PATH}{QUERY}"), Host),
            (format!("https://xlogic.azure.com{PATH}{QUERY}"), Host),
            (
                format!("https://127.0.0.1.logic.azure.com.evil.example{PATH}{QUERY}"),
                Host,
            ),
            (format!("{HOST}:444{PATH}{QUERY}"), Extras),
            (
                format!("{}{PATH}{QUERY}", HOST.replace("https://", "https://user@")),
                Extras,
            ),
            (format!("{HOST}{PATH}{QUERY}#x"), Extras),
            (format!("{}{PATH}{QUERY}", HOST.replace("https", "http")), Scheme),
            (format!("{HOST}/{QUERY}"), Path),
            (format!("{HOST}{PATH}/x{QUERY}"), Path),
            (
                format!("{HOST}/../workflows/a/triggers/manual/paths/invoke{QUERY}"),
                Path,
            ),
            (format!("{HOST}{}{QUERY}", PATH.replace("manual", "%6d")), Path),
            // A shell without quotes ends it at the first `&`.
            (format!("{HOST}{PATH}?api-version=1"), Query),
            (format!("{HOST}{PATH}?api-version=1&sig="), Query),
            (format!("{HOST}{PATH}"), Query),
            ("http://127.0.0.1:8080/a".to_owned(), Loopback),
        ];
        for (text, error) in cases {
            assert_eq!(parse(&text), Err(error), "{text}");
        }
    }

    #[test]
    fn it_is_never_shown_but_the_id_of_the_workflow_may_be() {
        let address = Address::parse(&format!("{HOST}{PATH}{QUERY}"), &WEBHOOK, AllowLoopback::No);
        let webhook = Webhook(address.expect("a webhook"));
        let shown = format!("{webhook:?}");
        assert!(
            !shown.contains("sig") && !shown.contains("powerplatform"),
            "{shown}"
        );
        assert!(webhook.0.appears_in("no h-UUh_XXXX0 here"));
        assert!(
            !webhook
                .0
                .appears_in("trigger of workflow 0a1b2c3d4e5f60718293a4b5c6d7e8f9 is off")
        );
    }

    #[test]
    fn an_answer_says_who_can_mend_it() {
        let address = Address::parse("http://127.0.0.1:1/x", &WEBHOOK, AllowLoopback::Yes);
        let webhook = Webhook(address.expect("an address"));
        let judge = |status: u16, code: &str| {
            let body = format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#);
            let status = StatusCode::from_u16(status).expect("a status");
            let judged = webhook.judge(status, &HeaderMap::new(), body.as_bytes());
            judged.map_err(|refused| refused.why)
        };
        assert_eq!((judge(202, ""), judge(200, "")), (Ok(()), Ok(())));
        assert_eq!(judge(400, "TriggerInputSchemaMismatch"), Err(Why::Malformed));
        assert_eq!(judge(413, "RequestEntityTooLarge"), Err(Why::Malformed));
        for code in DENIED {
            assert_eq!(judge(400, code), Err(Why::Denied), "{code}");
        }
        for status in [401, 403, 404] {
            assert_eq!(judge(status, "WorkflowNotFound"), Err(Why::Denied), "{status}");
        }
        assert_eq!(judge(429, "TooManyRequests"), Err(Why::Throttled));
        assert_eq!(judge(502, "NoResponse"), Err(Why::Failing));
        let answer = webhook.judge(StatusCode::BAD_REQUEST, &HeaderMap::new(), b"no JSON");
        assert_eq!(answer.map_err(|refused| refused.why), Err(Why::Malformed));
    }
}
