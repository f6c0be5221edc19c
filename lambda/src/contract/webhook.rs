//! The address of a Slack incoming webhook. It is a secret: whoever has it can post.

use http::Uri;
use secrecy::{ExposeSecret, SecretString};
use std::str::FromStr;

/// Slack's own hosts, commercial and government.
pub const SLACK_HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];

/// A checked webhook URL. `Debug` prints no part of it, and there is no `Display`.
#[derive(Clone, Debug)]
pub struct WebhookUrl(SecretString);

/// The message format that a webhook accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A message with blocks: an incoming webhook, `/services/…`.
    Message,
    /// A flat object of texts, see `Message::flat`: a webhook that starts a workflow,
    /// `/triggers/…`, formerly `/workflows/…`.
    Workflow,
}

/// Why a text is not a webhook URL. Contains no part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    #[error("the webhook is not a URL with a host and a path")]
    Malformed,
    #[error("the webhook must use https (plain http is accepted for this machine only)")]
    Scheme,
    #[error("the webhook's host is not one of Slack's")]
    Host,
}

impl WebhookUrl {
    /// Checks a webhook URL. A missing `https://` is added. An alert goes to Slack only, whoever encrypted the address:
    /// on AWS, this machine is where Lambda's own API listens. Only if `local`, beside an emulator, is an address on this
    /// machine accepted, also in clear text.
    pub fn parse(text: &str, local: bool) -> Result<Self, WebhookError> {
        let text = text.trim();
        let text = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        let uri = Uri::from_str(&text).map_err(|_| WebhookError::Malformed)?;
        let host = uri.host().unwrap_or_default();
        let named_user = uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'));
        if host.is_empty() || named_user || uri.path().len() < 2 {
            return Err(WebhookError::Malformed);
        }
        let here = local && is_loopback(host);
        let is_slack = SLACK_HOSTS.iter().any(|one| host.eq_ignore_ascii_case(one));
        match uri.scheme_str() {
            Some("https") if here || is_slack => Ok(Self(SecretString::from(text))),
            Some("http") if here => Ok(Self(SecretString::from(text))),
            Some("https") => Err(WebhookError::Host),
            _ => Err(WebhookError::Scheme),
        }
    }

    /// The address for the HTTP request, the only place that needs it in clear text.
    pub fn expose(&self) -> Result<Uri, WebhookError> {
        Uri::from_str(self.0.expose_secret()).map_err(|_| WebhookError::Malformed)
    }

    /// The message format, derived from the path of the address.
    pub fn form(&self) -> Form {
        let starts = ["/triggers/", "/workflows/"];
        match self.expose() {
            Ok(uri) if starts.iter().any(|start| uri.path().starts_with(start)) => Form::Workflow,
            _ => Form::Message,
        }
    }

    /// Whether `text` repeats the secret part of the address.
    pub fn appears_in(&self, text: &str) -> bool {
        self.expose().is_ok_and(|uri| {
            uri.path()
                .split('/')
                .any(|part| part.len() >= 8 && text.contains(part))
                || text.contains(uri.path())
        })
    }
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Result<String, WebhookError> {
        WebhookUrl::parse(text, true)
            .and_then(|url| url.expose())
            .map(|uri| uri.to_string())
    }

    #[test]
    fn a_missing_scheme_is_https() {
        let url = "https://hooks.slack.com/services/T0/B0/secret";
        assert_eq!(
            address("hooks.slack.com/services/T0/B0/secret").as_deref(),
            Ok(url)
        );
        assert_eq!(address(&format!(" {url}\n")).as_deref(), Ok(url));
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for host in ["127.0.0.1:8080", "localhost", "[::1]:80"] {
            assert!(address(&format!("http://{host}/x")).is_ok(), "{host}");
        }
        for url in [
            "http://hooks.slack.com/x",
            "http://127.0.0.1.example/x",
            "ftp://localhost/x",
        ] {
            assert_eq!(address(url), Err(WebhookError::Scheme), "{url}");
        }
    }

    #[test]
    fn an_alert_goes_to_slack_only() {
        for url in [
            "https://hooks.slack.com.example/x",
            "https://example.com/x",
            "https://10.0.0.1/x",
        ] {
            assert_eq!(address(url), Err(WebhookError::Host), "{url}");
        }
        assert!(address("https://HOOKS.slack-gov.com/x").is_ok());
        let on_aws = |text: &str| WebhookUrl::parse(text, false).err();
        assert_eq!(on_aws("http://127.0.0.1:9001/x"), Some(WebhookError::Scheme));
        assert_eq!(on_aws("https://localhost/x"), Some(WebhookError::Host));
    }

    #[test]
    fn the_path_tells_what_an_address_takes() {
        let form =
            |path: &str| WebhookUrl::parse(&format!("hooks.slack.com{path}"), false).map(|url| url.form());
        assert_eq!(form("/services/T0/B0/secret"), Ok(Form::Message));
        assert_eq!(form("/triggers/T0/1/secret"), Ok(Form::Workflow));
        assert_eq!(form("/workflows/T0/A0/1/secret"), Ok(Form::Workflow));
    }

    #[test]
    fn half_an_address_is_refused() {
        for url in [
            "",
            "https://",
            "https://hooks.slack.com",
            "secret-token",
            "https://u:p@h/x",
            "a b/c",
        ] {
            assert_eq!(address(url), Err(WebhookError::Malformed), "{url}");
        }
    }

    #[test]
    fn debug_tells_nothing() {
        let url = WebhookUrl::parse("hooks.slack.com/services/T0/B0/secret", false).expect("valid");
        let shown = format!("{url:?}");
        assert!(!shown.contains("secret") && !shown.contains("hooks"), "{shown}");
        assert!(url.appears_in("no such path /services/T0/B0/secret"));
        assert!(!url.appears_in("invalid_payload"));
    }
}
