//! A world for each test: its own local AWS and Slack inbox, and the real binary that uses them.

#![allow(dead_code, reason = "each test file uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

pub mod account;
pub mod browser;
pub mod gate;
pub mod inventory;
pub mod large;
pub mod limits;
pub mod measure;
pub mod power_cut;
pub mod proxy;
pub mod python;
pub mod recorded;
pub mod rounds;
pub mod schema;
pub mod slack;
pub mod stage;
pub mod strike;
pub mod wire;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use serde_json::Value;
use tempfile::TempDir;

/// A webhook URL of the right format that no server answers.
pub const NO_WEBHOOK: &str = "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx";

/// Addresses of the right format of all services, in the variables of the bundled stacks. Nobody answers there.
pub const NO_ADDRESSES: [(&str, &str); 6] = [
    (
        "SLACK_BOT_TOKEN",
        "xoxb-0000000000-0000000000-abcdefghijklmnopqrstuvwx",
    ),
    (
        "TEAMS_WEBHOOK",
        "https://0123456789abcdef.00.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/\
         0123456789abcdef/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&\
         sig=abcdefghijklmnopqrstuvwx",
    ),
    (
        "GOOGLE_CHAT_WEBHOOK",
        "https://chat.googleapis.com/v1/spaces/AAAAAAAAAAA/messages?key=abcdefghijklmnop&token=abcdefghijklmnop",
    ),
    (
        "DISCORD_WEBHOOK",
        "https://discord.com/api/webhooks/000000000000000000/abcdefghijklmnopqrstuvwxyz",
    ),
    ("PAGERDUTY_KEY", "0123456789abcdef0123456789abcdef"),
    (
        "RECEIVER",
        "https://receiver.example.com/alerts whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ),
];

/// The services, with the names that the SDK uses in its settings.
const SERVICES: [&str; 16] = [
    "APIGATEWAYV2",
    "CLOUDFORMATION",
    "CLOUDTRAIL",
    "CLOUDWATCH",
    "CLOUDWATCH_LOGS",
    "DYNAMODB",
    "EVENTBRIDGE",
    "IAM",
    "KMS",
    "LAMBDA",
    "ORGANIZATIONS",
    "RESOURCE_GROUPS_TAGGING_API",
    "S3",
    "SNS",
    "SQS",
    "STS",
];

/// A directory with a cache of its own and the local AWS.
pub struct World {
    dir: TempDir,
    /// Additional environment variables for every command.
    pub env: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl World {
    /// A fresh world, in which nothing runs yet.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("alertctl-test-")
            .tempdir()
            .unwrap();
        let world = Self { dir, env: Vec::new() };
        std::fs::create_dir_all(world.cache()).unwrap();
        for entry in std::fs::read_dir(provisioned()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap();
            if name.to_string_lossy().starts_with("ministack-") && path.is_dir() {
                std::os::unix::fs::symlink(&path, world.cache().join(name)).unwrap();
            }
        }
        world
    }

    /// The world's own directory, for stack files.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    fn cache(&self) -> PathBuf {
        self.dir.path().join("cache")
    }

    /// Writes a file into the world's directory.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Copies a bundled stack file, with an instance of its own, to `stack.yaml` in the world's directory.
    pub fn bundled(&self, name: &str) -> PathBuf {
        let text =
            std::fs::read_to_string(format!("{}/stacks/{name}.yaml", env!("CARGO_MANIFEST_DIR"))).unwrap();
        self.write(
            "stack.yaml",
            &text.replace("i-0123456789abcdef0", "i-0f1e2d3c4b5a69780"),
        )
    }

    /// Changes the world's `stack.yaml`.
    ///
    /// # Panics
    /// If the change has no effect: the test would then not test what it says.
    pub fn edit(&self, change: impl FnOnce(&str) -> String) {
        let path = self.path().join("stack.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        let changed = change(&text);
        assert_ne!(changed, text);
        std::fs::write(path, changed).unwrap();
    }

    /// The command `alertctl ARGS` in the world's directory, without the outer environment.
    pub fn command(&self, args: &[&str]) -> Command {
        self.prepare(Command::new(env!("CARGO_BIN_EXE_alertctl")), args)
    }

    /// Any program in the world's directory and environment, with `alertctl` on its PATH.
    pub fn program(&self, program: &str, args: &[&str]) -> Command {
        self.prepare(Command::new(program), args)
    }

    /// The command `alertctl ARGS` without the local mode: it uses the AWS at `endpoint`, as this account of twelve
    /// digits. The accounts of the local AWS are independent of each other.
    pub fn command_at(&self, endpoint: &str, account: &str, args: &[&str]) -> Command {
        let mut command = self.command_as(account, args);
        command.args(["--endpoint-url", endpoint]);
        command
    }

    /// Runs `alertctl ARGS` to its end as with real AWS. The endpoint is set for each service: with one endpoint for
    /// all, alertctl would assume an emulator and work around what a local AWS lacks.
    pub fn run_with_aws(&self, endpoint: &str, account: &str, args: &[&str]) -> Ran {
        self.run_with_services(|_| endpoint, account, args)
    }

    /// The same with an AWS of several parts: the endpoint of each service, by its name in [`SERVICES`].
    pub fn run_with_services<'e>(
        &self,
        endpoint_of: impl Fn(&str) -> &'e str,
        account: &str,
        args: &[&str],
    ) -> Ran {
        let mut command = self.command_as(account, args);
        for service in SERVICES {
            command.env(format!("AWS_ENDPOINT_URL_{service}"), endpoint_of(service));
        }
        Ran::of(command.output().unwrap())
    }

    fn command_as(&self, account: &str, args: &[&str]) -> Command {
        let mut command = self.command(args);
        command
            .env("AWS_ACCESS_KEY_ID", account)
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("SLACK_WEBHOOK_URL", NO_WEBHOOK)
            .env("SLACK_SECURITY_WEBHOOK_URL", NO_WEBHOOK)
            .envs(NO_ADDRESSES);
        command
    }

    /// Runs the command of [`Self::command_at`] to its end.
    pub fn run_at(&self, endpoint: &str, account: &str, args: &[&str]) -> Ran {
        Ran::of(self.command_at(endpoint, account, args).output().unwrap())
    }

    fn prepare(&self, mut command: Command, args: &[&str]) -> Command {
        let binary = Path::new(env!("CARGO_BIN_EXE_alertctl")).parent().unwrap();
        let path = format!(
            "{}:{}",
            binary.display(),
            std::env::var("PATH").unwrap_or_default()
        );
        command
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.path())
            .env("ALERTCTL_CACHE_DIR", self.cache())
            .envs(self.env.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    /// Runs `alertctl ARGS` to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().unwrap())
    }

    /// Runs `alertctl ARGS` and expects success.
    pub fn ok(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "alertctl {args:?}\n{}\n{}", ran.stdout, ran.stderr);
        ran
    }

    /// Runs `alertctl ARGS --output json`, expects success, and reads what it printed.
    pub fn json(&self, args: &[&str]) -> Value {
        let ran = self.ok(&[args, &["--output", "json"]].concat());
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stdout))
    }

    /// Starts the local AWS and the inbox. Returns their URLs.
    pub fn up(&self) -> (String, String) {
        let answer = self.json(&["local", "up"]);
        let url = |name: &str| answer["session"][name].as_str().unwrap().to_owned();
        (url("endpoint"), url("inbox"))
    }

    /// Makes later commands with `--local` use the local AWS at `url`, such as a proxy.
    pub fn reach_at(&self, url: &str) {
        let path = self.cache().join("local/session.json");
        let mut session: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let port: u16 = url.rsplit(':').next().unwrap().parse().unwrap();
        session["emulator"]["port"] = port.into();
        std::fs::write(path, session.to_string()).unwrap();
    }

    /// Sets an environment variable for every later command.
    pub fn set(&mut self, name: &str, value: &str) {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// The messages in the inbox, oldest first.
    pub fn messages(&self, inbox: &str) -> Vec<Value> {
        let port = inbox.rsplit(':').next().unwrap();
        let body = http_get(port.parse().unwrap(), "/messages");
        serde_json::from_str(&body).unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Why a message did not come is in the relay's log, which is gone after this.
        if std::thread::panicking()
            && self.path().join("stack.yaml").exists()
            && let Ok(logs) = self.command(&["logs", "--local", "--since", "15m"]).output()
        {
            eprintln!("the relay's log:\n{}", String::from_utf8_lossy(&logs.stdout));
        }
        let _ = self.command(&["local", "down"]).output();
    }
}

impl Ran {
    /// Reads `output`.
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The text of both streams.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// A cache directory with the local AWS installed. It is created once for all tests of a machine.
fn provisioned() -> &'static Path {
    static CACHE: OnceLock<PathBuf> = OnceLock::new();
    CACHE.get_or_init(|| {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("alertctl-cache");
        std::fs::create_dir_all(&cache).unwrap();
        let lock = std::fs::File::create(cache.join("tests.lock")).unwrap();
        lock.lock().unwrap();
        let installed = std::fs::read_dir(&cache).unwrap().any(|entry| {
            let dir = entry.unwrap().path();
            let requirements = std::fs::read_to_string(dir.join("requirements.txt"));
            dir.join("complete").exists() && requirements.is_ok_and(|text| text == REQUIREMENTS)
        });
        if !installed {
            for args in [["local", "up"], ["local", "down"]] {
                let mut command = Command::new(env!("CARGO_BIN_EXE_alertctl"));
                command
                    .args(args)
                    .env("ALERTCTL_CACHE_DIR", &cache)
                    .stdin(Stdio::null());
                let output = command.output().unwrap();
                assert!(
                    output.status.success(),
                    "{}",
                    String::from_utf8_lossy(&output.stderr)
                );
            }
        }
        cache
    })
}

/// The HTTP client of the tests' own SDK clients. The local AWS does not use TLS.
pub fn plain_http() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

const REQUIREMENTS: &str = include_str!("../../../src/local/requirements.txt");

/// A plain GET on a loopback port. Returns the body.
pub fn http_get(port: u16, path: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned())
        .unwrap_or_default()
}

/// A request with a JSON body to a URL on this machine. Returns the status and the body of the answer.
pub fn http(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    use std::io::{Read, Write};
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    write!(
        stream,
        "{method} /{path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         {headers}\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}
