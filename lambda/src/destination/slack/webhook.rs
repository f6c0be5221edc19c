//! Slack's incoming webhooks, and webhooks that start a workflow.

use http::Request;

use super::{SERVICE, flat, message, plain};
use crate::card::Card;
use crate::destination::address::{Address, Form, Rule, UrlRule};
use crate::destination::post::{Post, Probe, json};
use crate::destination::shape::Shape;

/// The address of a webhook.
pub static WEBHOOK: Form = Form {
    service: SERVICE,
    name: "webhook",
    example: "https://hooks.slack.com/services/…",
    page: "the app's page `Incoming Webhooks` in Slack",
    rule: Rule::Url(UrlRule {
        host: |host| matches!(host, "hooks.slack.com" | "hooks.slack-gov.com"),
        host_is: "neither `hooks.slack.com` nor `hooks.slack-gov.com`",
        path: is_path,
        path_is: "`/services/T…/B…/…`, `/workflows/…` or `/triggers/…`",
        query: false,
        parameters: &[],
    }),
};

/// A webhook. Its path decides whether it takes a message or starts a workflow.
#[derive(Debug)]
pub struct Webhook(pub Address);

impl Webhook {
    /// Whether it starts a workflow: `/triggers/…`, formerly `/workflows/…`.
    fn is_workflow(&self) -> bool {
        let path = self.0.as_url().path().to_owned();
        ["/triggers/", "/workflows/"]
            .iter()
            .any(|start| path.starts_with(start))
    }
}

impl Post for Webhook {
    fn form(&self) -> &'static Form {
        &WEBHOOK
    }

    fn address(&self) -> &Address {
        &self.0
    }

    fn request(&self, card: &Card, shape: Shape) -> Request<Vec<u8>> {
        let to = self.0.as_url();
        match (self.is_workflow(), shape) {
            (true, _) => json(to, &flat(card)),
            (false, Shape::Usual) => json(to, &message(card)),
            (false, Shape::Plain) => json(to, &plain(card)),
        }
    }

    /// A message without text is refused (`no_text`), but only by a webhook that is there. Anything starts a workflow.
    fn probe(&self) -> Option<Probe> {
        let empty = || json(self.0.as_url(), &serde_json::json!({ "text": "", "blocks": [] }));
        (!self.is_workflow()).then(|| Probe::Empty(empty()))
    }

    /// The message for a workflow has no blocks, and always the same keys.
    fn has_plain(&self) -> bool {
        !self.is_workflow()
    }
}

fn is_path(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let all = |parts: &[&str], of: fn(u8) -> bool| {
        let is = |part: &&str| !part.is_empty() && part.bytes().all(of);
        parts.iter().all(is)
    };
    match parts.as_slice() {
        ["services", team, hook, _] => {
            all(&parts, |byte| byte.is_ascii_alphanumeric()) && team.starts_with('T') && hook.starts_with('B')
        }
        ["workflows" | "triggers", rest @ ..] => {
            !rest.is_empty() && all(rest, |byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::address::{AllowLoopback, Wrong};

    const PATH: &str = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX";

    fn parse(text: &str) -> Result<String, Wrong> {
        let address = Address::parse(text, &WEBHOOK, AllowLoopback::No);
        address
            .map(|address| address.expose().to_owned())
            .map_err(|error| error.wrong)
    }

    #[test]
    fn it_is_known_with_and_without_its_scheme() {
        for host in ["hooks.slack.com", "hooks.slack-gov.com"] {
            let whole = format!("https://{host}{PATH}");
            for text in [
                whole.clone(),
                format!("{host}{PATH}"),
                format!(" {whole}\r\n"),
                format!("HTTPS://{}{PATH}", host.to_uppercase()),
            ] {
                assert_eq!(parse(&text).as_deref(), Ok(whole.as_str()));
            }
        }
        for path in ["/workflows/T1/A1/1/x-y_z", "/triggers/T1/123/abc"] {
            assert!(parse(&format!("https://hooks.slack.com{path}")).is_ok(), "{path}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        use Wrong::*;
        let cases = [
            ("", Empty),
            (" \n", Empty),
            ("http://hooks.slack.com/services/T0/B0/x", Scheme),
            ("ftp://hooks.slack.com/services/T0/B0/x", Scheme),
            ("https://example.com/services/T0/B0/x", Host),
            ("https://hooks.slack.com.example.com/services/T0/B0/x", Host),
            ("https://xhooks.slack.com/services/T0/B0/x", Host),
            ("https://slack.com/services/T0/B0/x", Host),
            ("https://10.0.0.1/x", Host),
            ("https://user@hooks.slack.com/services/T0/B0/x", Extras),
            ("https://hooks.slack.com@example.com/services/T0/B0/x", Host),
            ("https://hooks.slack.com:443/services/T0/B0/x", Extras),
            ("https://hooks.slack.com/services/T0/B0/x?a=b", Extras),
            ("https://hooks.slack.com/services/T0/B0/x#a", Extras),
            ("https://hooks.slack.com/services/T0/B0", Path),
            ("https://hooks.slack.com/services/T0/B0/", Path),
            ("https://hooks.slack.com/services/B0/B0/x", Path),
            ("https://hooks.slack.com/services/T0/T0/x", Path),
            ("https://hooks.slack.com/services/../B0/x", Path),
            ("https://hooks.slack.com/services/T0/B0/x/", Path),
            ("https://hooks.slack.com/services/T0/B%30/x", Path),
            ("https://hooks.slack.com/triggers/", Path),
            ("https://hooks.slack.com", Path),
            ("https://hooks.slack.com/services/T0/B0/x y", Characters),
            ("https://hooks.slack.com/services/T0/B0/\u{e9}", Characters),
            ("http://127.0.0.1:8080/a", Loopback),
        ];
        for (text, error) in cases {
            assert_eq!(parse(text), Err(error), "{text}");
        }
        assert_eq!(parse(&"x".repeat(3000)), Err(TooLong));
    }

    #[test]
    fn this_machine_is_for_the_local_mode() {
        let local = |text: &str| Address::parse(text, &WEBHOOK, AllowLoopback::Yes);
        for text in [
            "http://127.0.0.1:8080/services/T0/B0/x",
            "http://localhost:1/x",
            "http://[::1]:9/x",
        ] {
            assert!(local(text).is_ok_and(|address| address.is_loopback() && address.expose() == text));
            assert_eq!(parse(text), Err(Wrong::Loopback));
        }
        let wrong = |text: &str| local(text).err().map(|error| error.wrong);
        assert_eq!(wrong("http://127.0.0.1.example.com/x"), Some(Wrong::Scheme));
        assert_eq!(wrong("http://127.0.0.1:99999/x"), Some(Wrong::Scheme));
        assert_eq!(wrong("http://[::2]:9/x"), Some(Wrong::Scheme));
        assert_eq!(wrong("http://127.0.0.1:80/"), Some(Wrong::Path));
        assert_eq!(wrong("https://localhost/x"), Some(Wrong::Scheme));
    }

    #[test]
    fn the_path_says_what_it_takes() {
        let is_workflow = |path: &str| {
            let address = Address::parse(&format!("hooks.slack.com{path}"), &WEBHOOK, AllowLoopback::No);
            address.map(|address| Webhook(address).is_workflow())
        };
        assert_eq!(is_workflow("/services/T0/B0/secret"), Ok(false));
        assert_eq!(is_workflow("/triggers/T0/1/secret"), Ok(true));
        assert_eq!(is_workflow("/workflows/T0/A0/1/secret"), Ok(true));
    }

    #[test]
    fn it_is_never_shown() {
        let address = Address::parse(&format!("hooks.slack.com{PATH}"), &WEBHOOK, AllowLoopback::No);
        let webhook = Webhook(address.expect("a webhook"));
        let shown = format!("{webhook:?}");
        assert!(!shown.contains("XXXX") && !shown.contains("hooks"), "{shown}");
        assert!(webhook.0.appears_in(&format!("no such path {PATH}")));
        assert!(!webhook.0.appears_in("invalid_payload"));
    }
}
