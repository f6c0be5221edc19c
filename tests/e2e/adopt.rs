//! Resources that the stack does not own: refused by name, never changed, adopted only on request.

use std::collections::BTreeSet;

use crate::support::account::{calls, clients, clients_of, everything, key_of, lines, planned, reads};
use crate::support::{NO_WEBHOOK, Ran, World};
use alertctl::aws::connect::Clients;
use aws_sdk_apigatewayv2::types::ProtocolType;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
use aws_sdk_lambda::types::{Environment, FunctionCode, Runtime};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use aws_smithy_types::Blob;
use futures::future::LocalBoxFuture;

const REGION: &str = "ap-northeast-2";
const OTHER_REGION: &str = "us-east-1";

/// A resource that was created by hand under a name that the bundled stack wants.
struct Stranger {
    node: &'static str,
    name: &'static str,
    /// Other nodes that are refused together with it.
    along: &'static [&'static str],
    make: for<'a> fn(&'a Clients) -> LocalBoxFuture<'a, ()>,
}

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"ec2.amazonaws.com"}}]}"#;

const STRANGERS: &[Stranger] = &[
    Stranger {
        node: "sns-topic/alerts",
        name: "mission-sns",
        along: &[],
        make: |aws| {
            Box::pin(async { drop(aws.sns.create_topic().name("mission-sns").send().await.unwrap()) })
        },
    },
    Stranger {
        node: "iam-role/relay",
        name: "mission-lambda-role",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.iam.create_role().role_name("mission-lambda-role");
                send.assume_role_policy_document(TRUST).send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "lambda-function/relay",
        name: "mission-lambda",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let code = FunctionCode::builder()
                    .zip_file(Blob::new(alertctl::relay_zip::ZIP))
                    .build();
                let send = aws
                    .lambda
                    .create_function()
                    .function_name("mission-lambda")
                    .code(code);
                let send = send
                    .role("arn:aws:iam::000000000000:role/other")
                    .runtime(Runtime::Python312);
                send.handler("main.handler").send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "log-group/relay",
        name: "/aws/lambda/mission-lambda",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws
                    .logs
                    .create_log_group()
                    .log_group_name("/aws/lambda/mission-lambda");
                send.send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "sqs-queue/relay",
        name: "mission-lambda-dead-letters",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.sqs.create_queue().queue_name("mission-lambda-dead-letters");
                send.send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "cloudwatch-alarm/cpu",
        name: "mission-cpu-alarm",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.cloudwatch.put_metric_alarm().alarm_name("mission-cpu-alarm");
                let send = send
                    .namespace("AWS/RDS")
                    .metric_name("CPUUtilization")
                    .period(300);
                let send = send
                    .statistic(Statistic::Maximum)
                    .threshold(1.0)
                    .evaluation_periods(2);
                let send = send.comparison_operator(ComparisonOperator::LessThanThreshold);
                send.send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "kms-key/main",
        name: "alias/mission-kms-key",
        // An alias belongs to the owner of its key.
        along: &["kms-alias/main"],
        make: |aws| {
            Box::pin(async {
                let key = aws
                    .kms
                    .create_key()
                    .send()
                    .await
                    .unwrap()
                    .key_metadata
                    .unwrap()
                    .key_id;
                let send = aws
                    .kms
                    .create_alias()
                    .alias_name("alias/mission-kms-key")
                    .target_key_id(key);
                send.send().await.unwrap();
            })
        },
    },
];

/// A stack with the kinds of resources that the bundled one lacks.
const EVENTS: &str = r#"
stack: events
region: ap-northeast-2
topics:
  mail: { subscriptions: [{ email: oncall@example.com }] }
endpoints:
  hook:
    token: { sha256: 0f4e8a3b6c1d2957e0a4b8c36d5f7192a3b4c5d6e7f80912a3b4c5d6e7f80912 }
    to: [mail]
trail: { name: events, bucket: "events-{account}", logs: true, keep_logging: false }
buses:
  security: { forward: [aws.guardduty] }
rules:
  keys:
    pattern: { source: [aws.kms], detail-type: [AWS API Call via CloudTrail] }
    regions: [us-east-1]
    input: { text: A key changed }
    to: [mail]
alarms:
  root: { filter: { pattern: '{ $.userIdentity.type = Root }' }, threshold: ">= 1", to: [mail] }
  trouble: { rule: ALARM(root), to: [mail] }
"#;

const STRANGERS_TO_EVENTS: &[Stranger] = &[
    Stranger {
        node: "apigatewayv2-api/hook",
        name: "events-hook",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.apigateway.create_api().name("events-hook");
                send.protocol_type(ProtocolType::Http).send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "cloudtrail-trail/trail",
        name: "events",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.cloudtrail.create_trail().name("events");
                send.s3_bucket_name("somebodys").send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "s3-bucket/trail",
        name: "events-{account}",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let account = aws
                    .sts
                    .get_caller_identity()
                    .send()
                    .await
                    .unwrap()
                    .account
                    .unwrap();
                let place = BucketLocationConstraint::ApNortheast2;
                let place = CreateBucketConfiguration::builder().location_constraint(place);
                let send = aws.s3.create_bucket().bucket(format!("events-{account}"));
                let send = send.create_bucket_configuration(place.build());
                send.send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "eventbridge-event-bus/security",
        name: "events-security",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.events.create_event_bus().name("events-security");
                send.send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "eventbridge-rule/keys",
        name: "events-keys",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.events.put_rule().name("events-keys");
                send.schedule_expression("rate(1 day)").send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "eventbridge-rule/keys@us-east-1",
        name: "events-keys",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let region = aws_sdk_eventbridge::config::Region::new(OTHER_REGION);
                let there = aws.events.config().to_builder().region(region).build();
                let send = aws_sdk_eventbridge::Client::from_conf(there).put_rule();
                let send = send.name("events-keys").schedule_expression("rate(1 day)");
                send.send().await.unwrap();
            })
        },
    },
    // A log group's filters have owners of their own, according to their names.
    Stranger {
        node: "log-group/trail",
        name: "/alertctl/events/trail",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.logs.create_log_group();
                send.log_group_name("/alertctl/events/trail")
                    .send()
                    .await
                    .unwrap();
            })
        },
    },
    Stranger {
        node: "cloudwatch-composite-alarm/trouble",
        name: "events-trouble",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.cloudwatch.put_composite_alarm().alarm_name("events-trouble");
                send.alarm_rule("FALSE").send().await.unwrap();
            })
        },
    },
];

#[tokio::test]
async fn each_kind_is_refused_then_taken_over() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    Box::pin(refused_then_taken_over(&world, STRANGERS)).await;
}

#[tokio::test]
async fn so_are_those_of_events_endpoints_and_trails() {
    let world = World::new();
    world.write("stack.yaml", EVENTS);
    Box::pin(refused_then_taken_over(&world, STRANGERS_TO_EVENTS)).await;
}

/// Tests each stranger in a separate account.
async fn refused_then_taken_over(world: &World, strangers: &[Stranger]) {
    let (endpoint, _) = world.up();
    for (number, stranger) in strangers.iter().enumerate() {
        let Stranger {
            node,
            name,
            along,
            make,
        } = stranger;
        let account = format!("10000000000{number}");
        let name = name.replace("{account}", &account);
        let aws = clients_of(&account, &endpoint, REGION).await;
        let there = clients_of(&account, &endpoint, OTHER_REGION).await;
        let everything = async || {
            let (here, there) = (everything(&aws).await, everything(&there).await);
            let there = there.into_iter().map(|one| format!("{one} in {OTHER_REGION}"));
            here.into_iter().chain(there).collect::<BTreeSet<_>>()
        };
        make(&aws).await;
        let before = everything().await;
        let run = |args: &[&str]| calls(&endpoint, |endpoint| world.run_at(endpoint, &account, args));

        // Refused by name, with advice; nothing is written.
        for args in [["plan", "--detailed-exitcode"], ["apply", "--yes"]] {
            let (ran, calls) = run(&args);
            assert_eq!(ran.code, 1, "{node}: {}", ran.all());
            assert!(
                ran.stderr
                    .contains(&format!("`{name}` exists in account {account}")),
                "{}",
                ran.stderr
            );
            assert!(
                ran.stderr.contains(&format!("add `--adopt {node}`")),
                "{}",
                ran.stderr
            );
            assert!(calls.iter().all(|call| reads(call)), "{node}: {calls:?}");
        }
        let (ran, _) = run(&["plan", "--output", "json"]);
        let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one document");
        let conflicts: Vec<_> = plan["conflicts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["id"])
            .collect();
        assert_eq!(conflicts, [&[*node], *along].concat());
        assert_eq!(plan["errors"].as_array().unwrap().len(), conflicts.len());
        assert_eq!(everything().await, before);

        // Adopted: the plan shows the changes, and only apply writes.
        let (ran, calls) = run(&["plan", "--adopt", node]);
        assert_eq!(ran.code, 0, "{node}: {}", ran.all());
        assert!(
            ran.stdout.contains(&format!("{node}  {name}\n")),
            "{}",
            ran.stdout
        );
        assert!(ran.stdout.contains("to adopt"), "{}", ran.stdout);
        assert!(calls.iter().all(|call| reads(call)), "{node}: {calls:?}");
        let (ran, _) = run(&["plan", "--output", "json", "--adopt", node]);
        let adopted: Vec<_> = planned(&ran.stdout)
            .into_iter()
            .filter(|line| line.starts_with("adopt"))
            .collect();
        let owned = adopted
            .iter()
            .find(|line| line.starts_with(&format!("adopt {node}: ")))
            .unwrap();
        assert!(
            owned.contains("tags.alertctl:node, tags.alertctl:stack"),
            "{owned}"
        );
        assert_eq!(adopted.len(), 1 + along.len(), "{adopted:?}");
        assert_eq!(everything().await, before);

        let (ran, _) = run(&["apply", "--yes", "--adopt", node]);
        assert_eq!(ran.code, 0, "{node}: {}", ran.all());
        assert!(before.is_subset(&everything().await), "{node}: made anew");
        let (ran, _) = run(&["plan", "--detailed-exitcode"]);
        assert_eq!(ran.code, 0, "{node}: {}", ran.all());
        // From now on it belongs to the stack, until destroy.
        let (ran, _) = run(&["destroy", "--yes"]);
        assert_eq!(ran.code, 0, "{node}: {}", ran.all());
        assert_eq!(everything().await, lines([]), "{node}");
    }
}

#[tokio::test]
async fn all_at_once() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    for stranger in STRANGERS {
        (stranger.make)(&aws).await;
    }
    // A role that somebody has modified.
    let open = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let policy = aws
        .iam
        .put_role_policy()
        .role_name("mission-lambda-role")
        .policy_document(open);
    policy.policy_name("relay").send().await.unwrap();
    let before = everything(&aws).await;
    let key = key_of(&aws, "alias/mission-kms-key").await;

    // One run names all of them.
    let refused = world.run(&["plan", "--local"]);
    assert_eq!(refused.code, 1);
    for stranger in STRANGERS {
        assert!(
            refused.stderr.contains(&format!("--adopt {}`", stranger.node)),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(everything(&aws).await, before);
    // Adopting one resource does not adopt the others.
    let one = world.run(&["apply", "--local", "--yes", "--adopt", "sns-topic/alerts"]);
    assert_eq!(one.code, 1, "{}", one.all());
    assert!(!one.stderr.contains("--adopt sns-topic/alerts"), "{}", one.stderr);
    assert_eq!(everything(&aws).await, before);

    let adopt: Vec<_> = STRANGERS
        .iter()
        .flat_map(|stranger| ["--adopt", stranger.node])
        .collect();
    world.ok(&[&["apply", "--local", "--yes"], adopt.as_slice()].concat());
    assert_eq!(world.run(&["plan", "--local", "--detailed-exitcode"]).code, 0);
    assert_eq!(key_of(&aws, "alias/mission-kms-key").await, key);
    let role = aws
        .iam
        .get_role()
        .role_name("mission-lambda-role")
        .send()
        .await
        .unwrap()
        .role
        .unwrap();
    assert_eq!(role.path(), "/");
    let fired = world.ok(&["local", "alarm", "mission-cpu-alarm"]);
    assert!(fired.stdout.contains("mission-cpu-alarm"), "{}", fired.stdout);

    // Without the file, too, everything belongs to the stack.
    world.ok(&[
        "destroy", "--local", "--yes", "--stack", "mission", "--region", REGION,
    ]);
    assert_eq!(everything(&aws).await, lines([]));
}

/// The resources of the second guide, as its reader creates them: topic, key, role, function, subscription,
/// alarm.
async fn by_hand(aws: &Clients) {
    let arn = |service: &str, name: &str| format!("arn:aws:{service}:{REGION}:000000000000:{name}");
    let topic = aws.sns.create_topic().name("mission-sns").send().await.unwrap();
    let topic = topic.topic_arn.unwrap();
    let key = aws.kms.create_key().description("mission").send().await.unwrap();
    let key = key.key_metadata.unwrap();
    let alias = aws.kms.create_alias().alias_name("alias/mission-kms-key");
    alias.target_key_id(&key.key_id).send().await.unwrap();

    let trust = TRUST.replace("ec2", "lambda");
    let role = aws.iam.create_role().role_name("mission-lambda-role");
    let role = role.assume_role_policy_document(trust).send().await.unwrap();
    let role = role.role.unwrap().arn;
    let basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    let attach = aws.iam.attach_role_policy().role_name("mission-lambda-role");
    attach.policy_arn(basic).send().await.unwrap();
    let decrypt = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":["{}"]}}]}}"#,
        key.arn.as_deref().unwrap()
    );
    let put = aws.iam.put_role_policy().role_name("mission-lambda-role");
    let put = put.policy_name("kms-decrypt").policy_document(decrypt);
    put.send().await.unwrap();

    let code = FunctionCode::builder().zip_file(Blob::new(alertctl::relay_zip::ZIP));
    let variables = Environment::builder()
        .variables("slackChannel", "#project")
        .variables("kmsEncryptedHookUrl", "AQICAHg");
    let make = aws.lambda.create_function().function_name("mission-lambda");
    let make = make.code(code.build()).role(role).runtime(Runtime::Python312);
    let make = make.handler("lambda_function.lambda_handler").timeout(3);
    let make = make.environment(variables.build()).kms_key_arn(key.arn.unwrap());
    let function = make.send().await.unwrap().function_arn.unwrap();
    let group = "/aws/lambda/mission-lambda";
    aws.logs
        .create_log_group()
        .log_group_name(group)
        .send()
        .await
        .unwrap();

    let subscribe = aws.sns.subscribe().topic_arn(&topic).protocol("lambda");
    subscribe.endpoint(&function).send().await.unwrap();
    let permit = aws.lambda.add_permission().function_name("mission-lambda");
    let permit = permit
        .statement_id("lambda-7c2f0b1e")
        .action("lambda:InvokeFunction");
    let permit = permit
        .principal("sns.amazonaws.com")
        .source_arn(arn("sns", "mission-sns"));
    permit.send().await.unwrap();

    let alarm = aws.cloudwatch.put_metric_alarm().alarm_name("mission-cpu-alarm");
    let alarm = alarm
        .namespace("AWS/EC2")
        .metric_name("CPUUtilization")
        .period(60);
    let instance = Dimension::builder()
        .name("InstanceId")
        .value("i-0f1e2d3c4b5a69780");
    let alarm = alarm.dimensions(instance.build()).statistic(Statistic::Average);
    let alarm = alarm.threshold(50.0).evaluation_periods(1).alarm_actions(topic);
    let alarm = alarm.comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold);
    alarm.send().await.unwrap();
}

#[tokio::test]
async fn what_a_guide_made_by_hand_becomes_the_stacks_in_one_run() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, inbox) = world.up();
    let aws = clients(&endpoint, REGION).await;
    by_hand(&aws).await;
    let before = everything(&aws).await;
    let key = key_of(&aws, "alias/mission-kms-key").await;

    let refused = world.run(&["plan", "--local"]);
    assert_eq!(refused.code, 1, "{}", refused.all());
    assert!(
        refused.stderr.contains("or `--adopt-all` for all of these"),
        "{}",
        refused.stderr
    );

    // Adoption changes at most tags and tightens permissions, except for the code, which the tool replaces.
    let plan = world.ok(&["plan", "--local", "--adopt-all", "--output", "json"]);
    let shown: Vec<_> = planned(&plan.stdout).into_iter().collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    adopt cloudwatch-alarm/cpu: description, tags.alertctl:node, tags.alertctl:stack
    adopt iam-role/relay: attached_policies, description, tags.alertctl:home, tags.alertctl:node, tags.alertctl:stack, trust
    adopt kms-alias/main: 
    adopt kms-key/main: alias, deletion_window_days, description, policy, rotation, tags.alertctl:node, tags.alertctl:stack
    adopt lambda-function/relay: description, environment.DEAD_LETTER_QUEUE, environment.RETRY_QUEUE, environment.WEBHOOK_project, environment.kmsEncryptedHookUrl, environment.slackChannel, handler, relay, role, role_id, runtime, tags.alertctl:node, tags.alertctl:stack, timeout_seconds
    adopt log-group/relay: retention_days, tags.alertctl:node, tags.alertctl:stack
    adopt sns-subscription/alerts-relay: dead_letter_queue
    adopt sns-topic/alerts: marked_subscriptions, policy, tags.alertctl:node, tags.alertctl:stack
    create iam-role-policy/relay
    create lambda-event-invoke-config/relay
    create lambda-event-source-mapping/retries
    create lambda-permission/alerts
    create sqs-queue/relay
    create sqs-queue/retries
    delete iam-role-policy/mission-lambda-role/kms-decrypt
    ");
    assert_eq!(everything(&aws).await, before);

    // A saved plan lists what it adopts: nothing else is adopted, even if it appears before the plan runs.
    let save = ["plan", "--local", "--adopt-all", "--save", "alerts.plan"];
    world.ok(&save);
    let saved = std::fs::read_to_string(world.path().join("alerts.plan")).unwrap();
    let saved: serde_json::Value = serde_json::from_str(&saved).unwrap();
    let named = saved["adopt"].as_array().unwrap();
    let adopted = saved["plan"]["summary"]["adopt"].as_u64().unwrap();
    assert_eq!(named.len() as u64, adopted, "{named:?}");

    let unasked = world.run(&["apply", "--local", "--adopt-all"]);
    assert_eq!(unasked.code, 1, "{}", unasked.all());
    assert!(unasked.stderr.contains("add --yes"), "{}", unasked.stderr);
    assert_eq!(everything(&aws).await, before);

    world.ok(&["apply", "--local", "--adopt-all", "--yes"]);
    let after = world.ok(&["plan", "--local", "--detailed-exitcode"]);
    assert!(after.stdout.contains("no changes"), "{}", after.stdout);
    let after = everything(&aws).await;
    let gone: Vec<_> = before.difference(&after).collect();
    assert_eq!(gone, ["policy mission-lambda-role/kms-decrypt"]);
    assert_eq!(key_of(&aws, "alias/mission-kms-key").await, key);
    world.ok(&["local", "alarm", "mission-cpu-alarm"]);
    assert_eq!(world.messages(&inbox).len(), 1);
    world.ok(&["destroy", "--local", "--yes"]);
    assert_eq!(everything(&aws).await, lines([]));
}

/// On a terminal, adoption has a separate prompt that lists the names.
#[tokio::test]
async fn taking_over_is_asked_for_apart() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    (STRANGERS[0].make)(&aws).await;
    let before = everything(&aws).await;
    let answer = |answers: &str| {
        let line = format!("printf '{answers}' | script -qec 'alertctl apply --local --adopt-all' /dev/null");
        Ran::of(world.program("sh", &["-c", &line]).output().unwrap())
    };
    let no = answer(r"y\nn\n");
    assert!(
        no.stdout.contains("sns-topic/alerts  mission-sns"),
        "{}",
        no.all()
    );
    assert!(no.stdout.contains("Adopt them? [y/N]"), "{}", no.all());
    assert!(no.stdout.contains("Apply these changes? [y/N]"), "{}", no.all());
    assert!(no.stdout.contains("nothing was changed"), "{}", no.all());
    let no = answer(r"n\n");
    assert!(no.stdout.contains("nothing was changed"), "{}", no.all());
    assert!(!no.stdout.contains("Apply these changes?"), "{}", no.all());
    // A declined prompt is not an error, although nothing was done.
    assert!(!no.stdout.contains("error"), "{}", no.all());
    assert_eq!(everything(&aws).await, before);
}

#[tokio::test]
async fn what_another_stack_owns_is_foreign() {
    let mut world = World::new();
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, "eu-west-1").await;
    let stack = |name: &str| {
        format!(
            "stack: {name}\nregion: eu-west-1\ntopics:\n  alerts:\n    name: shared\n    subscriptions: [{{ email: a@example.com }}]\n"
        )
    };
    world.write("one.yaml", &stack("one"));
    world.write("two.yaml", &stack("two"));
    world.ok(&["apply", "--local", "--yes", "one.yaml"]);
    let before = everything(&aws).await;
    for args in [["plan", "--detailed-exitcode"], ["apply", "--yes"]] {
        let ran = world.run(&[&args[..], &["--local", "two.yaml"]].concat());
        assert_eq!(ran.code, 1, "{}", ran.all());
        assert!(
            ran.stderr.contains("`shared` exists") && ran.stderr.contains("not part of stack `two`"),
            "{}",
            ran.stderr
        );
    }
    // Not created by hand: adopting a resource of another stack requires its name.
    let ran = world.run(&["apply", "--local", "--yes", "--adopt-all", "two.yaml"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(
        ran.stderr.contains("not part of stack `two` but of `one`"),
        "{}",
        ran.stderr
    );
    let plan = world.run(&["plan", "--local", "--detailed-exitcode", "one.yaml"]);
    assert_eq!(plan.code, 0, "{}", plan.all());
    assert_eq!(everything(&aws).await, before);
}

#[tokio::test]
async fn what_lost_its_ownership_comes_back_by_adoption() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    world.ok(&["apply", "--local", "--yes"]);
    let before = everything(&aws).await;
    let stack = "alertctl:stack";
    let arn = |service: &str, name: &str| format!("arn:aws:{service}:{REGION}:000000000000:{name}");
    aws.sns
        .untag_resource()
        .resource_arn(arn("sns", "mission-sns"))
        .tag_keys(stack)
        .send()
        .await
        .unwrap();
    let function = arn("lambda", "function:mission-lambda");
    aws.lambda
        .untag_resource()
        .resource(function)
        .tag_keys(stack)
        .send()
        .await
        .unwrap();
    let key = key_of(&aws, "alias/mission-kms-key").await;
    aws.kms
        .untag_resource()
        .key_id(&key)
        .tag_keys(stack)
        .send()
        .await
        .unwrap();
    let refused = world.run(&["apply", "--local", "--yes"]);
    assert_eq!(refused.code, 1, "{}", refused.all());
    for node in ["sns-topic/alerts", "lambda-function/relay", "kms-key/main"] {
        assert!(
            refused.stderr.contains(&format!("--adopt {node}`")),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(everything(&aws).await, before);
    let nodes = ["sns-topic/alerts", "lambda-function/relay", "kms-key/main"];
    let adopt: Vec<_> = nodes.iter().flat_map(|node| ["--adopt", node]).collect();
    let plan = world.ok(&[&["plan", "--local", "--output", "json"], adopt.as_slice()].concat());
    let mut owned = planned(&plan.stdout);
    owned.retain(|line| !line.ends_with(": "));
    let expected = nodes.map(|node| format!("adopt {node}: tags.alertctl:stack"));
    assert_eq!(owned, expected.into());
    world.ok(&[&["apply", "--local", "--yes"], adopt.as_slice()].concat());
    assert_eq!(world.run(&["plan", "--local", "--detailed-exitcode"]).code, 0);
    assert_eq!(everything(&aws).await, before);
}

#[test]
fn a_misspelt_node_is_told_the_right_one() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    for (wrong, right) in [
        ("sns-topic/alert", "sns-topic/alerts"),
        ("topic/alerts", "sns-topic/alerts"),
        ("kms_key/main", "kms-key/main"),
        ("mission-lambda", "lambda-function/relay"),
        ("cloudwatch-alarm/mission-cpu-alarm", "cloudwatch-alarm/cpu"),
        ("lambda/relay", "lambda-function/relay"),
    ] {
        for command in ["plan", "apply"] {
            let ran = world.run(&[command, "--local", "--adopt", wrong]);
            assert_eq!(ran.code, 1, "{}", ran.all());
            assert!(
                ran.stderr
                    .contains(&format!("--adopt `{wrong}`: the stack has no such resource")),
                "{}",
                ran.stderr
            );
            assert!(
                ran.stderr.contains(&format!("did you mean `{right}`?")),
                "{wrong}: {}",
                ran.stderr
            );
        }
    }
}
