//! Errors of changes: names, quotas, keys, webhooks and mail.

use super::*;

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
    shown.insert("An address that is not set", fails(&world, &plan));
    world.set("SLACK_WEBHOOK_URL", "https://example.com/hook");
    shown.insert("Not an address of the service", fails(&world, &plan));

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
    happens(&world);
    shown.insert("An address for another function", parked(&world, &at, "KMS"));
    world.ok(&[&["destroy", "--yes"], &at[..]].concat());

    let (slack, webhook) = Slack::start();
    world.set("SLACK_WEBHOOK_URL", &webhook);
    world.write("stack.yaml", RELAYED);
    world.ok(&["apply", "--local", "--yes"]);
    let key = disabled_key(&endpoint);
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
    shown.extend(refused_by_services(&world, &slack));

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
    hold("Keys, addresses and mail", &shown);
}

/// What other services answer where the webhook or the app is not theirs any more.
fn refused_by_services(world: &World, slack: &Slack) -> Reported {
    let mut shown = Reported::new();
    for (title, channel, status, body, mark) in [
        (
            "An address that its service no longer takes",
            "{ discord: { webhook: { env: SLACK_WEBHOOK_URL } } }",
            404,
            r#"{"message": "Unknown Webhook", "code": 10015}"#,
            "Unknown Webhook",
        ),
        (
            "A Slack app that is not in the channel",
            "{ slack: { bot: { env: SLACK_WEBHOOK_URL }, channel: C0456EFGH } }",
            200,
            r#"{ "ok": false, "error": "not_in_channel" }"#,
            "not_in_channel",
        ),
    ] {
        let of_service = RELAYED.replace("{ webhook: { env: SLACK_WEBHOOK_URL } }", channel);
        world.write("stack.yaml", &of_service);
        world.ok(&["apply", "--local", "--yes"]);
        slack.answer(status, body);
        happens(world);
        shown.insert(title, parked(world, &["--local"], mark));
    }
    shown
}

fn happens(world: &World) {
    world.run(&["local", "event", "ec2-stopped", "--region", REGION]);
}

/// Disables the one key in use; returns its id.
fn disabled_key(endpoint: &str) -> String {
    past(endpoint, ACCOUNT, REGION, async |config| {
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
    })
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
