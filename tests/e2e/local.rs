//! The mode without an account: its life cycle, its inbox page, and the errors if it cannot start.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{NO_WEBHOOK, Ran, World, http_get};
use alertctl::aws::connect::{Clients, Connection, Target};
use alertctl_relay::{ChannelKey, webhook_variable};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn up_twice_is_once_and_down_forgets_everything() {
    let world = World::new();
    let status = |world: &World| world.json(&["local", "status"]);
    assert_eq!(status(&world)["running"], false);
    assert!(
        world
            .ok(&["local", "status"])
            .stdout
            .contains("`alertctl local up` starts it")
    );
    assert!(
        world
            .ok(&["local", "down"])
            .stdout
            .contains("nothing was running")
    );

    let (endpoint, inbox) = world.up();
    let first = status(&world);
    assert_eq!(world.up(), (endpoint.clone(), inbox.clone()), "the same session");
    assert_eq!(status(&world), first, "the same processes");
    assert_eq!(first["running"], true);
    assert_eq!(first["status"]["emulator"]["url"], endpoint);
    assert_eq!(first["status"]["inbox"]["url"], inbox);
    assert_eq!(first["status"]["messages"], 0);
    for url in [&endpoint, &inbox] {
        assert!(
            url.starts_with("http://127.0.0.1:"),
            "{url} is not of this machine alone"
        );
    }
    let text = world.ok(&["local", "status"]).stdout;
    assert_eq!(text.matches("  running (process ").count(), 2, "{text}");

    let down = world.ok(&["local", "down"]);
    assert!(down.stdout.contains("contents deleted"), "{}", down.all());
    assert_eq!(status(&world)["running"], false);
    for url in [&endpoint, &inbox] {
        assert!(
            TcpStream::connect(url.trim_start_matches("http://")).is_err(),
            "{url} still answers"
        );
    }
    let left: Vec<_> = std::fs::read_dir(world.path().join("cache/local"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "lock")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_was_made_survives_a_kill() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    world.ok(&["apply", "--local", "--yes"]);
    world.ok(&["local", "alarm", "mission-cpu-alarm"]);
    let before = world.json(&["local", "status"]);
    // MiniStack saves its state one second after a change.
    std::thread::sleep(Duration::from_millis(2500));
    for part in ["emulator", "inbox"] {
        let pid = i32::try_from(before["status"][part]["pid"].as_i64().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        let deadline = Instant::now() + PATIENCE;
        while world.json(&["local", "status"])["status"][part]["running"] == true {
            assert!(Instant::now() < deadline, "{part} survived");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    let text = world.ok(&["local", "status"]).stdout;
    assert_eq!(
        text.matches("stopped; `alertctl local up` restarts it").count(),
        2,
        "{text}"
    );
    let ran = world.run(&["local", "alarm", "mission-cpu-alarm"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(
        ran.stderr.contains("the local AWS is not running"),
        "{}",
        ran.stderr
    );

    // Any command restarts it and finds the stack unchanged.
    let plan = world.run(&["plan", "--local", "--detailed-exitcode"]);
    assert_eq!(plan.code, 0, "{}", plan.all());
    let after = world.json(&["local", "status"]);
    for part in ["emulator", "inbox"] {
        assert_eq!(
            after["status"][part]["url"], before["status"][part]["url"],
            "{part} moved"
        );
        assert_ne!(after["status"][part]["pid"], before["status"][part]["pid"]);
    }
    assert_eq!(after["status"]["messages"], 1);
    let again = world.ok(&["local", "alarm", "mission-cpu-alarm"]);
    assert!(again.stdout.contains("mission-cpu-alarm"), "{}", again.all());
    assert_eq!(world.json(&["local", "status"])["status"]["messages"], 2);
}

/// A process of an older alertctl may lack something that this one needs.
#[test]
fn what_another_alertctl_started_is_started_anew_with_what_it_held() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    world.ok(&["apply", "--local", "--yes"]);
    let before = world.json(&["local", "status"]);
    let path = world.path().join("cache/local/session.json");
    let mut record: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    record.as_object_mut().unwrap().remove("additions").unwrap();
    std::fs::write(&path, record.to_string()).unwrap();
    world.up();
    let after = world.json(&["local", "status"]);
    let of = |status: &Value, part: &str, what: &str| status["status"][part][what].clone();
    assert_eq!(of(&after, "emulator", "url"), of(&before, "emulator", "url"));
    assert_ne!(of(&after, "emulator", "pid"), of(&before, "emulator", "pid"));
    assert_eq!(of(&after, "inbox", "pid"), of(&before, "inbox", "pid"));
    let plan = world.run(&["plan", "--local", "--detailed-exitcode"]);
    assert_eq!(plan.code, 0, "{}", plan.all());
}

#[tokio::test]
async fn a_demo_never_uses_a_real_webhook() {
    let mut world = World::new();
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    let demo = world.ok(&["local", "demo"]);
    assert!(!demo.all().contains("hooks.slack.com"), "{}", demo.all());
    let (endpoint, inbox) = world.up();
    assert_eq!(world.messages(&inbox).len(), 1);
    // The function has the inbox's webhook, and the original one is nowhere.
    let aws = clients(&endpoint).await;
    let function = aws
        .lambda
        .get_function_configuration()
        .function_name("mission-lambda")
        .send()
        .await
        .unwrap();
    let environment = function.environment.unwrap().variables.unwrap();
    assert!(
        !format!("{environment:?}").contains("hooks.slack.com"),
        "{environment:?}"
    );
    let ciphertext = &environment[&webhook_variable(&ChannelKey("project".to_owned()))];
    let blob = BASE64_STANDARD.decode(ciphertext).unwrap();
    let clear = aws.kms.decrypt().ciphertext_blob(blob.into());
    let clear = clear
        .encryption_context("LambdaFunctionName", "mission-lambda")
        .send()
        .await
        .unwrap();
    let clear = String::from_utf8(clear.plaintext.unwrap().into_inner()).unwrap();
    assert_eq!(clear, format!("{inbox}/services/LOCAL/INBOX/project"));

    let is_korean = |text: &str| text.chars().any(|letter| ('가'..='힣').contains(&letter));
    assert!(!is_korean(&demo.stdout), "{}", demo.stdout);

    // A second demo fires again and changes nothing.
    let again = world.ok(&["local", "demo"]);
    assert!(again.stderr.contains("no changes"), "{}", again.stderr);
    assert_eq!(world.messages(&inbox).len(), 2);
    // An alarm in ALARM can fire again.
    let ok = world.json(&["local", "alarm", "mission-cpu-alarm"]);
    assert_eq!(ok["messages"][0]["channel"], "project", "{ok:#}");
    // The stack sends nothing on OK: this is reported at once, without waiting.
    let quiet = world.ok(&["local", "alarm", "mission-cpu-alarm", "--state", "ok"]);
    assert!(
        quiet.stderr.contains("it notifies nobody on OK, only on ALARM"),
        "{}",
        quiet.stderr
    );
    assert_eq!(world.messages(&inbox).len(), 3);
}

#[test]
fn an_alarm_that_is_not_there() {
    let world = World::new();
    let ran = world.run(&["local", "alarm", "nothing"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!("alarm_without_local_aws", ran.stderr);
    world.up();
    let ran = world.run(&["local", "alarm", "nothing"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!("unknown_alarm", ran.stderr);
}

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

#[test]
fn without_a_python_that_will_do_the_error_says_so() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    // Nothing is installed here yet.
    let cache = world.path().join("fresh");
    world.set("ALERTCTL_CACHE_DIR", cache.to_str().unwrap());
    let bin = world.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let path = world.path().display().to_string();
    let shown = |command: &mut Command| {
        let ran = Ran::of(command.output().unwrap());
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.all());
        ran.stderr.replace(&path, "DIR")
    };
    let with = |script: &str| {
        let python = bin.join("python3");
        std::fs::write(&python, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
        shown(
            world
                .command(&["local", "up"])
                .env("PATH", format!("{}:/usr/bin:/bin", bin.display())),
        )
    };
    let nothing = world.path().join("nothing").display().to_string();
    insta::assert_snapshot!(
        "no_python",
        shown(world.command(&["local", "up"]).env("PATH", &nothing))
    );
    insta::assert_snapshot!(
        "no_such_python",
        shown(
            world
                .command(&["apply", "--local"])
                .env("ALERTCTL_PYTHON", "/nowhere/python3")
        )
    );
    insta::assert_snapshot!("old_python", with("echo 3.9.2; echo"));
    insta::assert_snapshot!("no_venv", with("echo 3.11.2; echo ensurepip"));
    insta::assert_snapshot!(
        "broken_python",
        with("echo 'python3: cannot load libpython' >&2; exit 127")
    );
    insta::assert_snapshot!(
        "venv_fails",
        with("case \" $* \" in *' -c '*) echo 3.11.2; echo;; *) echo 'Error: no space left'; exit 1;; esac")
    );
    // The output on a full disk, if it can still be written.
    let full = with(
        "case \" $* \" in *' -c '*) echo 3.11.2; echo;; *) echo 'OSError: [Errno 28] No space left on device'; \
         exit 1;; esac",
    );
    assert!(
        full.contains(
            "error: not enough disk space for the local AWS in `DIR/fresh`\n  help: it takes about"
        ),
        "{full}"
    );
    // The incomplete environment is no obstacle: with a working Python the next run starts again.
    assert_eq!(world.json(&["local", "status"])["running"], false);
}

async fn clients(endpoint: &str) -> Clients {
    let target = Target {
        region: Some("ap-northeast-2".to_owned()),
        region_from: "the test",
        endpoint_url: Some(endpoint.to_owned()),
        local: true,
        ..Target::default()
    };
    Connection::open(&target).await.unwrap().clients
}
