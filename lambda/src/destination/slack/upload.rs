//! Pictures in the threads of a Slack app's messages, for which the app needs the scope `files:write`.
//! <https://docs.slack.dev/messaging/working-with-files#upload>

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::bot::{Bot, parts};
use crate::destination::address::Address;
use crate::destination::living::{MessageId, Picture, Pictures};

/// Where Slack takes files.
const HOST: &str = "files.slack.com";
const FILE_NAME: &str = "chart.png";
/// Longest text about a picture, in characters. Slack documents no limit of the title.
const MAX_TEXT: usize = 500;

impl Pictures for Bot {
    /// <https://docs.slack.dev/reference/methods/files.getUploadURLExternal>
    fn ask(&self, picture: &Picture<'_>) -> Request<Vec<u8>> {
        let alt = cut(picture.alt);
        let alt = utf8_percent_encode(&alt, NON_ALPHANUMERIC);
        let length = picture.png.len();
        let form = format!("filename={FILE_NAME}&length={length}&alt_txt={alt}");
        self.call_by_form("files.getUploadURLExternal", form)
    }

    fn send(&self, answer: &[u8], picture: &Picture<'_>) -> Option<(Request<Vec<u8>>, String)> {
        let answer: Value = serde_json::from_slice(answer).ok()?;
        let (url, file) = (answer["upload_url"].as_str()?, answer["file_id"].as_str()?);
        let mut request = Request::new(picture.png.to_vec());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = place(url, &self.token)?;
        let binary = HeaderValue::from_static("application/octet-stream");
        request.headers_mut().insert(CONTENT_TYPE, binary);
        Some((request, file.to_owned()))
    }

    /// <https://docs.slack.dev/reference/methods/files.completeUploadExternal>
    fn show(&self, name: &str, picture: &Picture<'_>, id: &MessageId) -> Request<Vec<u8>> {
        let (channel, ts) = parts(id);
        let body = json!({
            "files": [{ "id": name, "title": cut(picture.title) }], "channel_id": channel, "thread_ts": ts,
        });
        self.call("files.completeUploadExternal", &body)
    }
}

/// Where a picture may be sent: to Slack, or on this machine if that is where the app is.
fn place(url: &str, token: &Address) -> Option<Uri> {
    let place: Uri = url.parse().ok()?;
    let is_slack = place.scheme_str() == Some("https")
        && place
            .authority()
            .is_some_and(|authority| authority.as_str() == HOST);
    let is_right = match token.is_loopback() {
        true => Address::is_here(url),
        false => is_slack,
    };
    is_right.then_some(place)
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::AllowLoopback;
    use crate::destination::slack::BOT;

    const PICTURE: Picture<'static> = Picture {
        png: b"\x89PNG",
        title: "cpu & <b>",
        alt: "🚨 cpu is in alarm & more",
    };

    fn bot(token: &str) -> Bot {
        let token = Address::parse(token, &BOT, AllowLoopback::Yes).expect("a token");
        Bot::new(token, "C0123ABCD".to_owned())
    }

    fn sent(bot: &Bot, url: &str) -> Option<(Request<Vec<u8>>, String)> {
        let answer = json!({ "ok": true, "upload_url": url, "file_id": "F1" }).to_string();
        bot.send(answer.as_bytes(), &PICTURE)
    }

    #[test]
    fn a_picture_goes_to_slack_alone_and_without_the_token() {
        let slack = bot("xoxb-0123456789-abcdefgh");
        let (request, file) = sent(&slack, "https://files.slack.com/upload/v1/ABC?x=1").expect("a place");
        assert_eq!((request.body().as_slice(), file.as_str()), (PICTURE.png, "F1"));
        assert!(!format!("{request:?}").contains("xoxb"), "{request:?}");
        assert!(request.headers().get("authorization").is_none());
        for elsewhere in [
            "http://files.slack.com/upload",
            "https://files.slack.com.example.com/upload",
            "https://files.slack.com@example.com/upload",
            "https://user@files.slack.com/upload",
            "https://files.slack.com:8443/upload",
            "https://example.com/files.slack.com",
            "https://example.com\\@files.slack.com/",
            "https://169.254.169.254/latest",
            "http://127.0.0.1:9/upload",
            "//files.slack.com/upload",
            "/upload",
            "",
        ] {
            assert!(sent(&slack, elsewhere).is_none(), "{elsewhere}");
        }
        let local = bot("http://127.0.0.1:4571/slack");
        assert!(sent(&local, "http://127.0.0.1:4571/upload/F1").is_some());
        for elsewhere in ["https://files.slack.com/upload", "http://example.com/upload"] {
            assert!(sent(&local, elsewhere).is_none(), "{elsewhere}");
        }
        for strange in ["", "[]", "{}", r#"{"upload_url":1,"file_id":"F"}"#] {
            assert!(slack.send(strange.as_bytes(), &PICTURE).is_none(), "{strange}");
        }
    }

    #[test]
    fn texts_are_what_they_are() {
        let slack = bot("xoxb-0123456789-abcdefgh");
        let asked = slack.ask(&PICTURE);
        assert_eq!(asked.uri(), "https://slack.com/api/files.getUploadURLExternal");
        let form = String::from_utf8_lossy(asked.body()).into_owned();
        assert!(
            form.starts_with("filename=chart.png&length=4&alt_txt=%F0%9F%9A%A8%20cpu%20is")
                && form.ends_with("alarm%20%26%20more"),
            "{form}"
        );
        let shown = slack.show("F1", &PICTURE, &MessageId("C9 17.1".to_owned()));
        let body: Value = serde_json::from_slice(shown.body()).expect("JSON");
        assert_eq!(
            body,
            json!({ "files": [{ "id": "F1", "title": "cpu & <b>" }], "channel_id": "C9", "thread_ts": "17.1" })
        );
    }
}
