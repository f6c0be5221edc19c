//! The inbox: what it takes, as Slack would, and how its page shows it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use crate::support::{World, http_get};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn the_inbox_takes_what_slack_takes_and_shows_it() {
    let world = World::new();
    let (_, inbox) = world.up();
    let port = inbox.rsplit(':').next().unwrap().parse().unwrap();
    let post =
        |channel: &str, body: &Value| http_post(port, &format!("/services/LOCAL/INBOX/{channel}"), body);
    // Escaped, as a sender does it.
    let text = "disk &lt;b&gt;full&lt;/b&gt; &amp; &lt;script&gt;document.title='broken'&lt;/script&gt;";
    let block = json!({ "type": "header", "text": { "type": "plain_text", "text": "Disk :warning: full" } });
    assert_eq!(
        post("project", &json!({ "text": text, "blocks": [block] })),
        "200 ok"
    );
    assert_eq!(post("ops", &json!({ "text": text })), "200 ok");
    assert_eq!(post("ops", &json!({ "text": "" })), "400 no_text");
    let nonsense = json!({ "blocks": [{ "type": "nonsense" }] });
    assert_eq!(post("ops", &nonsense), "400 invalid_blocks");

    let messages = world.messages(&inbox);
    let seen: Vec<_> = messages
        .iter()
        .map(|one| (one["seq"].as_u64().unwrap(), &one["channel"]))
        .collect();
    assert_eq!(
        seen,
        [
            (1, &json!("project")),
            (2, &json!("ops")),
            (3, &json!("ops")),
            (4, &json!("ops"))
        ]
    );
    assert_eq!(messages[0]["body"]["blocks"][0], block);
    let verdicts: Vec<_> = messages
        .iter()
        .map(|one| one["status"].as_str().unwrap())
        .collect();
    assert_eq!(verdicts, ["accepted", "accepted", "rejected", "rejected"]);
    assert_eq!(messages[2]["code"], "no_text");
    let newer: Value = serde_json::from_str(&http_get(port, "/messages?after=2&limit=1")).unwrap();
    assert_eq!(newer[0], messages[3]);
    let one: Value = serde_json::from_str(&http_get(port, "/messages/1")).unwrap();
    assert_eq!(one, messages[0]);
    assert_eq!(http_get(port, "/messages/9"), "no such message\n");

    let page = http_get(port, "/");
    assert!(page.contains("<title>Inbox"), "{page}");
    // Every command on the page is valid.
    let commands = page
        .split("<code>alertctl ")
        .skip(1)
        .map(|rest| rest.split("</code>").next().unwrap());
    for command in commands {
        let mut words: Vec<_> = command
            .split(' ')
            .take_while(|word| !word.starts_with('-'))
            .collect();
        words.push("--help");
        world.ok(&words);
    }
    for asset in page
        .split('"')
        .filter(|text| text.starts_with('/') && text.contains('.'))
    {
        assert!(!http_get(port, asset).is_empty(), "{asset}");
    }

    let Some(mut browser) = Browser::open(&world, &inbox) else {
        return;
    };
    let page = browser.page_with("Disk ⚠️ full");
    assert!(page.starts_with("Inbox"), "a message runs as a script: {page}");
    assert!(
        page.contains("disk <b>full</b> & <script>document.title='broken'</script>"),
        "{page}"
    );
    assert!(
        page.contains("Slack would refuse this") && page.contains("400 no_text"),
        "{page}"
    );
    // The page updates live, with the newest message at the top.
    assert_eq!(
        post("ops", &json!({ "text": "and now for something new" })),
        "200 ok"
    );
    let page = browser.page_with("and now for something new");
    assert!(
        page.find("and now for something new") < page.find("Disk ⚠️ full"),
        "{page}"
    );
}

/// Posts a message; returns the status and the response.
fn http_post(port: u16, path: &str, body: &Value) -> String {
    let (mut stream, body) = (TcpStream::connect(("127.0.0.1", port)).unwrap(), body.to_string());
    let head = format!("POST {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json");
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    format!("{} {body}", head.split(' ').nth(1).unwrap())
}

/// The inbox page in a real browser, controlled through pipes.
struct Browser {
    child: Child,
    answers: BufReader<ChildStdout>,
    session: Value,
    calls: u64,
}

impl Browser {
    /// `None`, with a notice, if there is no browser.
    fn open(world: &World, url: &str) -> Option<Self> {
        let chromium = "/usr/bin/chromium";
        if !Path::new(chromium).exists() {
            eprintln!("SKIPPED: {chromium} is not installed, nobody has looked at the inbox page");
            return None;
        }
        // The browser loads only this page.
        let options = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
                       --disable-background-networking --disable-component-update --disable-sync \
                       --user-data-dir=chromium --remote-debugging-pipe";
        let line = format!("exec {chromium} {options} 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null");
        let mut command = world.program("sh", &["-c", &line]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut browser = Self {
            child,
            answers,
            session: Value::Null,
            calls: 0,
        };
        let page = browser.call("Target.createTarget", json!({ "url": url }));
        let target = json!({ "targetId": page["targetId"], "flatten": true });
        browser.session = browser.call("Target.attachToTarget", target)["sessionId"].clone();
        Some(browser)
    }

    /// The page's title and all its visible text, once that contains `text`.
    fn page_with(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let read = json!({ "expression": "document.title + '\\n' + document.body.innerText" });
        loop {
            let answer = self.call("Runtime.evaluate", read.clone());
            // Until the page is loaded there is no body.
            let page = answer["result"]["value"].as_str().unwrap_or_default().to_owned();
            if page.contains(text) {
                return page;
            }
            assert!(Instant::now() < deadline, "`{text}` is not on the page:\n{page}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let mut call = json!({ "id": self.calls, "method": method, "params": params });
        if !self.session.is_null() {
            call["sessionId"] = self.session.clone();
        }
        let pipe = self.child.stdin.as_mut().unwrap();
        pipe.write_all(format!("{call}\0").as_bytes()).unwrap();
        loop {
            let mut answer = Vec::new();
            self.answers.read_until(0, &mut answer).unwrap();
            let answer: Value = serde_json::from_slice(answer.strip_suffix(b"\0").unwrap()).unwrap();
            if answer["id"] == self.calls {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
