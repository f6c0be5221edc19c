//! Causes every error in `docs/errors.md`: the tool's output must be what the document says.
//!
//! `ALERTCTL_DOCS=overwrite` writes the output into the document instead; check the difference.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::support::account::ACCOUNT;
use crate::support::inventory::past;
use crate::support::proxy::{Fate, Proxy};
use crate::support::slack::Slack;
use crate::support::stage::{Refusal, Stage, refusal};
use crate::support::{NO_WEBHOOK, Ran, World};
use aws_sdk_cloudtrail::config::Region;

const DOCUMENT: &str = "docs/errors.md";
const GROUPS: &[&str] = &[
    "The stack file",
    "Credentials and region",
    "The way to AWS",
    "Permissions",
    "Names and quotas",
    "Plans and questions",
    "Keys, webhooks and mail",
];
const REGION: &str = "ap-northeast-2";
/// The account of `--local`.
const PLAN: &[&str] = &["plan"];
const APPLY: &[&str] = &["apply", "--yes"];
const ALWAYS: usize = usize::MAX;

/// The tool's output, by the title of its section.
type Reported = BTreeMap<&'static str, String>;

/// The sections of a part of the document: title, output, explanation.
fn sections(part: &str) -> Vec<(&str, &str, &str)> {
    let sections = part.split("\n### ").skip(1);
    sections
        .map(|section| {
            let (title, rest) = section.split_once('\n').unwrap();
            let (_, rest) = rest
                .split_once("```text\n")
                .unwrap_or_else(|| panic!("{title}: no block"));
            let (block, prose) = rest.split_once("```").unwrap();
            (title, block, prose.trim())
        })
        .collect()
}

fn part<'d>(document: &'d str, group: &str) -> &'d str {
    let (_, part) = document.split_once(&format!("\n## {group}\n")).unwrap();
    part.split("\n## ").next().unwrap()
}

/// Compares the part of the document called `group` with the output.
fn hold(group: &str, shown: &Reported) {
    static WRITING: Mutex<()> = Mutex::new(());
    let _alone = WRITING.lock().unwrap();
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let part = part(&document, group);
    let titles: Vec<_> = sections(part).iter().map(|(title, ..)| *title).collect();
    for title in shown.keys() {
        assert!(titles.contains(title), "{DOCUMENT} has no `{title}` in `{group}`");
    }
    assert_eq!(
        titles.len(),
        shown.len(),
        "`{group}`: {titles:?}\nmade were {:?}",
        shown.keys()
    );
    if std::env::var("ALERTCTL_DOCS").is_ok_and(|how| how == "overwrite") {
        let mut written = part.to_owned();
        for (title, text) in shown {
            let (before, rest) = written.split_once(&format!("\n### {title}\n")).unwrap();
            let (between, rest) = rest.split_once("```text\n").unwrap();
            let (_, after) = rest.split_once("```").unwrap();
            written = format!("{before}\n### {title}\n{between}```text\n{text}\n```{after}");
        }
        std::fs::write(DOCUMENT, document.replace(part, &written)).unwrap();
        return;
    }
    for (title, block, _) in sections(part) {
        assert_eq!(shown[title], block.trim_end(), "{DOCUMENT}: {title}");
    }
}

/// The first error, or otherwise the first warning that is not about an example, without the parts that differ
/// from run to run.
fn first(ran: &Ran, account: &str) -> String {
    let is_error = |line: &str| line.starts_with("error: ");
    let is_warning = |line: &str| line.starts_with("warning: ") && !line.ends_with(" is only an example");
    let failed = ran.stderr.lines().any(is_error);
    let begins = |line: &str| if failed { is_error(line) } else { is_warning(line) };
    let mut lines = ran.stderr.lines().skip_while(|line| !begins(line));
    let head = lines
        .next()
        .unwrap_or_else(|| panic!("no error in\n{}", ran.all()));
    let more = lines.take_while(|line| {
        let belongs = line.starts_with(' ') || line.split(' ').nth(1) == Some("|");
        belongs && !line.contains("not started because of it")
    });
    let text: Vec<_> = [head].into_iter().chain(more).collect();
    let text = text.join("\n").replace(account, "111122223333");
    let text = text.replace(" (request proxy)", "");
    // The tests do not wait five minutes, nor the ten seconds until a missing response counts as an error.
    let waited = match text.contains("no response") {
        true => "(tried 9 times in 9 s)",
        false => "(tried 45 times in 5 min)",
    };
    let text = text.replace("(tried 2 times in 0 s)", waited);
    let text = text
        .split(" --endpoint-url http")
        .enumerate()
        .map(|(index, part)| match index {
            0 => part.to_owned(),
            _ => part
                .trim_start_matches(|c: char| c.is_ascii_digit() || ":/.".contains(c))
                .to_owned(),
        });
    let text: String = text.collect();
    // Replaces the addresses of the local AWS and of the proxies.
    let mut shown = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("http://127.0.0.1:") {
        shown += before;
        shown += "http://127.0.0.1:4566";
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    shown + rest
}

/// Runs a command that must fail.
fn fails(world: &World, args: &[&str]) -> String {
    let ran = world.run(args);
    assert_eq!(ran.code, 1, "{args:?}\n{}", ran.all());
    first(&ran, ACCOUNT)
}

/// The output if AWS refuses this call of the command every time.
fn refused(stage: &Stage, cases: &[(&'static str, &[&str], Refusal)]) -> Reported {
    let shown = Mutex::new(Reported::new());
    stage.each(cases, |account, (title, args, refusal)| {
        let proxy = stage.refusing(*refusal);
        let ran = stage.world.run_at(&proxy.url, account, args);
        assert_eq!(ran.code, 1, "{title}\n{}", ran.all());
        shown.lock().unwrap().insert(*title, first(&ran, account));
    });
    shown.into_inner().unwrap()
}

#[test]
fn each_section_says_what_to_do() {
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let titles = document.lines().filter_map(|line| line.strip_prefix("## "));
    assert_eq!(titles.collect::<Vec<_>>(), GROUPS);
    let mut count = 0;
    for group in GROUPS {
        for (title, block, prose) in sections(part(&document, group)) {
            count += 1;
            assert!(prose.len() > 60, "{title}: {prose}");
            let help = block.contains("help: ") || prose.contains('`');
            assert!(
                help,
                "{title}: neither the message nor the document says what to do next"
            );
        }
    }
    assert!(count >= 30, "{count}");
}

#[test]
fn mistakes_in_the_stack_file() {
    let world = World::new();
    let text = |change: (&str, &str)| {
        let stack = "stack: mission\nregion: ap-northeast-2\ntopics:\n  mail: { subscriptions: [{ email: \
                     oncall@example.com }] }\nalarms:\n  cpu:\n    metric: AWS/EC2 CPUUtilization\n    statistic: \
                     Average\n    period: 60\n    threshold: \">= 50\"\n    to: [mail]\n";
        assert!(stack.contains(change.0));
        stack.replace(change.0, change.1)
    };
    let mut shown = Reported::new();
    shown.insert("The file is not there", fails(&world, &["plan", "alerts.yaml"]));
    for (title, change) in [
        ("It is not YAML", ("[mail]", "[mail")),
        (
            "A key that does not exist",
            ("to: [mail]", "evaluation_period: 2\n    to: [mail]"),
        ),
        ("A key twice", ("period: 60\n", "period: 60\n    period: 300\n")),
        ("A threshold that cannot be read", ("\">= 50\"", "about 50")),
        ("A name that leads nowhere", ("[mail]", "[mial]")),
    ] {
        world.write("stack.yaml", &text(change));
        shown.insert(title, fails(&world, &["validate"]));
    }
    hold("The stack file", &shown);
}

#[test]
fn credentials_and_regions() {
    let stage = Stage::new("cloudwatch-slack");
    let sts = |code, message| (PLAN, refusal("sts:GetCallerIdentity", ALWAYS, 403, code, message));
    let cases = [
        (
            "Expired credentials",
            sts(
                "ExpiredToken",
                "The security token included in the request is expired",
            ),
        ),
        (
            "Credentials that AWS does not know, or a region that is not enabled",
            sts(
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
            ),
        ),
        (
            "A wrong secret",
            sts(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your AWS \
                 Secret Access Key and signing method. Consult the service documentation for details.",
            ),
        ),
        (
            "A wrong clock",
            sts(
                "SignatureDoesNotMatch",
                "Signature expired: 20261121T100000Z is now earlier than 20261121T114500Z (20261121T120000Z - 15 \
                 min.)",
            ),
        ),
    ];
    let cases = cases.map(|(title, (args, refusal))| (title, args, refusal));
    let mut shown = refused(&stage, &cases);

    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    // EC2's metadata service takes seconds to time out, and may exist on a build machine.
    world.set("AWS_EC2_METADATA_DISABLED", "true");
    shown.insert("No credentials", fails(&world, PLAN));
    let config = "[profile work]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Admin\n\
                  [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n";
    let config = world.write("config", config);
    world.set("AWS_CONFIG_FILE", config.to_str().unwrap());
    let work = fails(&world, &["plan", "--profile", "work"]);
    shown.insert("A sign-in to IAM Identity Center that is over", work);
    let nobody = fails(&world, &["plan", "--profile", "wrok"]);
    shown.insert("A profile that does not exist", nobody);
    let config = "[profile work]\nrole_arn = arn:aws:iam::111122223333:role/ops\nsource_profile = base\n";
    world.write("config", config);
    let work = fails(&world, &["plan", "--profile", "work"]);
    shown.insert("A source profile that does not exist", work);
    world.edit(|text| text.replace("region: ap-northeast-2\n", ""));
    shown.insert("No region", fails(&world, PLAN));
    let apply = stage.world.run_at(&stage.endpoint, ACCOUNT, APPLY);
    assert_eq!(apply.code, 0, "{}", apply.all());
    let elsewhere = ["plan", "--region", "us-west-2"];
    let ran = stage.world.run_at(&stage.endpoint, ACCOUNT, &elsewhere);
    shown.insert("A stack at home in another region", first(&ran, ACCOUNT));
    hold("Credentials and region", &shown);
}

#[test]
fn the_way_to_aws() {
    let mut stage = Stage::new("cloudwatch-slack");
    stage.world.env.push(("AWS_MAX_ATTEMPTS".into(), "2".into()));
    let sts = |status, code, message| refusal("sts:GetCallerIdentity", ALWAYS, status, code, message);
    let mut shown = refused(
        &stage,
        &[
            ("Too many calls", PLAN, sts(400, "Throttling", "Rate exceeded")),
            (
                "AWS fails",
                PLAN,
                sts(
                    500,
                    "InternalFailure",
                    "We encountered an internal error. Please try again.",
                ),
            ),
        ],
    );
    let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<!DOCTYPE html>\
                <html><title>Hotel Wi-Fi</title></html>";
    let ran = stage.world.run_at(&answering(page), ACCOUNT, PLAN);
    shown.insert("A network's sign-in page", first(&ran, ACCOUNT));
    for (title, answer) in [
        (
            "A proxy that wants a password",
            "HTTP/1.1 407 Proxy Authentication Required\r\nconnection: close\r\n\r\n",
        ),
        (
            "A proxy that does not lead to AWS",
            "HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n",
        ),
    ] {
        let proxy = answering(answer).replace("http://", "http://user:s3cret@");
        let mut command = stage.world.command(PLAN);
        command
            .env("AWS_ACCESS_KEY_ID", ACCOUNT)
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("SLACK_WEBHOOK_URL", NO_WEBHOOK)
            .env("HTTPS_PROXY", proxy);
        let ran = Ran::of(command.output().unwrap());
        assert!(!ran.all().contains("s3cret"), "{}", ran.all());
        shown.insert(title, first(&ran, ACCOUNT));
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let ran = stage.world.run_at(&url, ACCOUNT, PLAN);
    shown.insert("Nobody answers", first(&ran, ACCOUNT));
    let mut slim = stage.world.command_at(&stage.endpoint, ACCOUNT, PLAN);
    let ran = Ran::of(slim.env("SSL_CERT_FILE", "/dev/null").output().unwrap());
    shown.insert("No certificates, as in a slim container", first(&ran, ACCOUNT));
    hold("The way to AWS", &shown);
}

/// A server that sends this response to every request; returns its address.
fn answering(answer: &'static str) -> String {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 8192]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

/// A slow call is reported in one line, only once.
#[test]
fn a_long_wait_is_told() {
    let stage = Stage::new("cloudwatch-slack");
    let slow = Proxy::start(&stage.endpoint, Duration::from_secs(6));
    let ran = stage.world.run_at(&slow.url, ACCOUNT, &["policy"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(
        ran.stderr,
        "waiting for sts:GetCallerIdentity in ap-northeast-2 …\n"
    );
}

/// Proxy settings for the internet must not apply to a connection from this machine to itself.
#[test]
fn the_local_aws_is_never_asked_through_a_proxy() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    world.up();
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        world.set(name, "http://127.0.0.1:9");
    }
    world.ok(&["plan", "--local"]);
}

const ROLE: &str = "User: arn:aws:iam::111122223333:user/ci is not authorized to perform: iam:CreateRole on resource: \
                    arn:aws:iam::111122223333:role/alertctl/mission/mission-lambda-role";

#[test]
fn permissions() {
    let stage = Stage::new("cloudwatch-slack");
    let role = |why: &str| {
        let message: &'static str = format!("{ROLE} {why}").leak();
        refusal("iam:CreateRole", ALWAYS, 403, "AccessDenied", message)
    };
    let pass = "User: arn:aws:iam::111122223333:user/ci is not authorized to perform: iam:PassRole on resource: \
                arn:aws:iam::111122223333:role/alertctl/mission/mission-lambda-role because no identity-based \
                policy allows the iam:PassRole action";
    let tags = "User: arn:aws:iam::111122223333:user/ci is not authorized to perform: tag:GetResources because no \
                identity-based policy allows the tag:GetResources action";
    let denied = "AccessDeniedException";
    let mut shown = refused(
        &stage,
        &[
            (
                "An action that is not allowed",
                APPLY,
                role("because no identity-based policy allows the iam:CreateRole action"),
            ),
            (
                "A function's role that may not be passed",
                APPLY,
                refusal("lambda:CreateFunction", ALWAYS, 403, denied, pass),
            ),
            (
                "The organisation denies it",
                APPLY,
                role("with an explicit deny in a service control policy"),
            ),
            (
                "A permissions boundary",
                APPLY,
                role("because no permissions boundary allows the iam:CreateRole action"),
            ),
            (
                "Resources may not be looked for",
                PLAN,
                refusal("tag:GetResources", ALWAYS, 400, denied, tags),
            ),
        ],
    );
    shown.insert("A plan that needs what is not allowed", not_begun(&stage));
    hold("Permissions", &shown);
}

/// The output of an apply by a caller who may ask IAM but may not pass the function's role.
fn not_begun(stage: &Stage) -> String {
    const CALLER: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account>\
                          <UserId>AIDA1</UserId><Arn>arn:aws:iam::111122223333:user/ci</Arn>\
                          </GetCallerIdentityResult></GetCallerIdentityResponse>";
    const DENIED: &str = "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults><member>\
                          <EvalActionName>iam:PassRole</EvalActionName><EvalDecision>implicitDeny</EvalDecision>\
                          <EvalResourceName>arn:aws:iam::111122223333:role/alertctl/mission/mission-lambda-role\
                          </EvalResourceName></member></EvaluationResults><IsTruncated>false</IsTruncated>\
                          </SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>";
    let proxy = Proxy::judging(&stage.endpoint, Duration::ZERO, |_, action| match action {
        "sts:GetCallerIdentity" => Fate::Answer(CALLER),
        "iam:SimulatePrincipalPolicy" => Fate::Answer(DENIED),
        _ => Fate::Pass,
    });
    let ran = stage.world.run_at(&proxy.url, "111122223333", APPLY);
    first(&ran, "111122223333")
}

/// A rule on CloudTrail events, and an existing trail.
const THEIRS: &str = "
stack: watch
region: ap-northeast-2
topics:
  mail: { subscriptions: [{ email: oncall@example.com }] }
trail: { existing: \"arn:aws:cloudtrail:ap-northeast-2:444455556666:trail/organisation\", keep_logging: false }
rules:
  tampering:
    preset: cloudtrail-tampering
    input: { template: '\"<who> called <call>\"', paths: { who: $.detail.userIdentity.arn, call: $.detail.eventName } }
    to: [mail]
";

#[test]
fn names_and_quotas() {
    let stage = Stage::new("cloudwatch-slack");
    let trail = std::fs::read_to_string("stacks/trail-guard.yaml").unwrap();
    stage.world.write("trail.yaml", &trail);
    const TRAIL: &[&str] = &["apply", "trail.yaml", "--yes"];
    let mut shown = refused(
        &stage,
        &[
            (
                "A bucket name of another account",
                TRAIL,
                refusal(
                    "s3:CreateBucket",
                    ALWAYS,
                    409,
                    "BucketAlreadyExists",
                    "The requested bucket name is not available. The bucket namespace is shared by all users of the \
                     system. Please select a different name and try again.",
                ),
            ),
            (
                "Five trails already",
                TRAIL,
                refusal(
                    "cloudtrail:CreateTrail",
                    ALWAYS,
                    400,
                    "MaximumNumberOfTrailsExceededException",
                    "User: 111122223333 already has 5 trails in ap-northeast-2.",
                ),
            ),
            (
                "A quota is used up",
                APPLY,
                refusal(
                    "kms:CreateKey",
                    ALWAYS,
                    400,
                    "LimitExceededException",
                    "You have reached your quota of KMS keys in this region.",
                ),
            ),
        ],
    );

    let account = "500000000001";
    past(&stage.endpoint, account, REGION, async |config| {
        let sns = aws_sdk_sns::Client::new(&config);
        sns.create_topic().name("mission-sns").send().await.unwrap();
        let elsewhere = aws_sdk_cloudtrail::config::Builder::from(&config).region(Region::new("eu-west-1"));
        let trails = aws_sdk_cloudtrail::Client::from_conf(elsewhere.build());
        let trail = trails.create_trail().name("management-events");
        let trail = trail.s3_bucket_name("somebodys").is_multi_region_trail(true);
        trail.send().await.unwrap();
    });
    let run = |args| stage.world.run_at(&stage.endpoint, account, args);
    shown.insert("A name that is taken", first(&run(APPLY), account));
    let unknown = run(&["plan", "--adopt", "sns-topic/mission-sns"]);
    shown.insert("An id that the stack does not have", first(&unknown, account));
    shown.insert("A trail at home in another region", first(&run(TRAIL), account));
    stage.world.write("theirs.yaml", THEIRS);
    let ran = run(&["plan", "theirs.yaml"]);
    shown.insert("A trail of another account", first(&ran, account));
    hold("Names and quotas", &shown);
}

#[test]
fn plans_and_questions() {
    let stage = Stage::new("cloudwatch-slack");
    let (one, other) = ("500000000002", "500000000003");
    let run = |account, args: &[&str]| stage.world.run_at(&stage.endpoint, account, args);
    let mut shown = Reported::new();
    shown.insert("No terminal to ask on", first(&run(one, &["apply"]), one));
    let saved = run(one, &["plan", "--save", "alerts.plan"]);
    assert_eq!(saved.code, 0, "{}", saved.all());
    let wrong = first(&run(other, &["apply", "alerts.plan"]), other);
    shown.insert("A plan for another account", wrong.replace(one, "444455556666"));
    stage
        .world
        .edit(|text| text.replace("period: 60 ", "period: 300"));
    shown.insert(
        "The stack file changed after the plan",
        first(&run(one, &["apply", "alerts.plan"]), one),
    );
    hold("Plans and questions", &shown);
}

/// Waits for a dead letter whose reason contains `mark`; returns the reason and the advice.
fn parked(world: &World, args: &[&str], mark: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let listed = Ran::of(
            world
                .command(&[&["redrive", "--list"], args].concat())
                .output()
                .unwrap(),
        );
        let lines: Vec<_> = listed.stdout.lines().collect();
        if let Some(at) = lines.iter().position(|line| line.contains(mark)) {
            let shown = lines[at..].iter().take(2).map(|line| line.trim_start());
            return shown.collect::<Vec<_>>().join("\n  ");
        }
        assert!(Instant::now() < deadline, "{mark}: {}", listed.all());
        std::thread::sleep(Duration::from_millis(200));
    }
}

const RELAYED: &str = "
stack: mission
region: ap-northeast-2
channels:
  project: { webhook: { env: SLACK_WEBHOOK_URL } }
rules:
  states:
    pattern: { source: [aws.ec2], detail-type: [EC2 Instance State-change Notification] }
    to: [project]
";

#[test]
fn keys_webhooks_and_mail() {
    let mut shown = Reported::new();
    let mut world = World::new();
    world.write("stack.yaml", RELAYED);
    let (endpoint, _) = world.up();
    let plan = ["apply", "--yes", "--endpoint-url", &endpoint];
    world.set("AWS_ACCESS_KEY_ID", ACCOUNT);
    world.set("AWS_SECRET_ACCESS_KEY", "test");
    shown.insert("A webhook that is not set", fails(&world, &plan));
    world.set("SLACK_WEBHOOK_URL", "https://example.com/hook");
    shown.insert("Not a webhook", fails(&world, &plan));

    let renamed = RELAYED.replace(
        "{ webhook: { env: SLACK_WEBHOOK_URL } }",
        "\n    webhook:\n      encrypted: AQICAHhleGFtcGxl\n      for: mission-relay",
    );
    let renamed = renamed.replace("\nrules:", "\nrelay: { name: renamed }\nrules:");
    world.write("stack.yaml", &renamed);
    let title = "The relay has another name than a ciphertext was made for";
    shown.insert(title, fails(&world, &["validate"]));
    world.write("stack.yaml", RELAYED);

    // Encrypted in the stack file for one function, and then used by another.
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    let at = ["--endpoint-url", endpoint.as_str()];
    world.ok(&[
        &["encrypt-hook", "--env", "SLACK_WEBHOOK_URL", "--write", "--yes"],
        &at[..],
    ]
    .concat());
    let elsewhere = world.run_at(&endpoint, "500000000005", PLAN);
    shown.insert("The key of a ciphertext is gone", first(&elsewhere, ACCOUNT));
    // An earlier version wrote the ciphertext without the function's name.
    world.edit(|text| {
        format!(
            "{}relay: {{ name: renamed }}\n",
            text.replace(", for: mission-relay", "")
        )
    });
    world.ok(&[&["apply", "--yes"], &at[..]].concat());
    let happens = |world: &World| world.run(&["local", "event", "ec2-stopped", "--region", REGION]);
    happens(&world);
    shown.insert("A webhook for another function", parked(&world, &at, "KMS"));
    world.ok(&[&["destroy", "--yes"], &at[..]].concat());

    let (slack, webhook) = Slack::start();
    world.set("SLACK_WEBHOOK_URL", &webhook);
    world.write("stack.yaml", RELAYED);
    world.ok(&["apply", "--local", "--yes"]);
    let key = past(&endpoint, ACCOUNT, REGION, async |config| {
        let kms = aws_sdk_kms::Client::new(&config);
        let key = kms.list_keys().send().await.unwrap();
        let mut ids = Vec::new();
        for key in key.keys() {
            let id = key.key_id().unwrap();
            let key = kms
                .describe_key()
                .key_id(id)
                .send()
                .await
                .unwrap()
                .key_metadata
                .unwrap();
            if key.enabled {
                ids.push(id.to_owned());
            }
        }
        let [id] = ids.try_into().unwrap();
        kms.disable_key().key_id(&id).send().await.unwrap();
        id
    });
    happens(&world);
    let off = parked(&world, &["--local"], "disabled");
    shown.insert(
        "The key is disabled",
        off.replace(&key, "KEY").replace(ACCOUNT, "111122223333"),
    );
    world.ok(&["apply", "--local", "--yes"]);
    slack.answer(404, "no_service");
    happens(&world);
    shown.insert(
        "A webhook that was revoked",
        parked(&world, &["--local"], "no_service"),
    );
    slack.answer(410, "channel_is_archived");
    happens(&world);
    let archived = parked(&world, &["--local"], "channel_is_archived");
    shown.insert("A channel that is archived", archived);

    // Somebody disables or deletes the key after the plan, while it is used for encryption.
    let mut stage = Stage::new("cloudwatch-slack");
    stage.world.env.push(("AWS_MAX_ATTEMPTS".into(), "2".into()));
    let kms = |code, message| refusal("kms:Encrypt", ALWAYS, 400, code, message);
    let key = "arn:aws:kms:ap-northeast-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let pending: &'static str = format!("{key} is pending deletion.").leak();
    let state = kms("KMSInvalidStateException", pending);
    shown.append(&mut refused(
        &stage,
        &[("The key is about to be deleted", APPLY, state)],
    ));
    shown.insert("A mail subscription that nobody confirmed", pending_mail(&stage));
    hold("Keys, webhooks and mail", &shown);
}

/// The line of `status` for a subscription. The local AWS confirms subscriptions by itself, so SNS's response
/// is replaced.
fn pending_mail(stage: &Stage) -> String {
    const ANSWER: &str = r#"<ListSubscriptionsByTopicResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><ListSubscriptionsByTopicResult><Subscriptions><member><TopicArn>arn:aws:sns:ap-northeast-2:500000000004:watch-mail</TopicArn><Protocol>email</Protocol><SubscriptionArn>PendingConfirmation</SubscriptionArn><Owner>500000000004</Owner><Endpoint>oncall@example.com</Endpoint></member></Subscriptions></ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>"#;
    let account = "500000000004";
    stage.world.write("theirs.yaml", THEIRS);
    let run = |url: &str, args: &[&str]| stage.world.run_at(url, account, args);
    let ran = run(&stage.endpoint, &["apply", "theirs.yaml", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let proxy = Proxy::judging(&stage.endpoint, Duration::ZERO, |_, action| match action {
        "sns:ListSubscriptionsByTopic" => Fate::Answer(ANSWER),
        _ => Fate::Pass,
    });
    let ran = run(&proxy.url, &["status", "theirs.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let lines: Vec<_> = ran.stdout.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.contains("waiting for confirmation"));
    let at = at.unwrap_or_else(|| panic!("{}", ran.all()));
    let line = lines[at - 1].split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{line}\n  {}", lines[at].trim_start()).replace(account, "111122223333")
}
