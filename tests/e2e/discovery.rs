//! `for_each` over what the account has.

use std::collections::BTreeMap;

use crate::support::World;
use crate::support::account::{clients_of, planned};
use aws_sdk_lambda::types::{FunctionCode, Runtime};
use aws_smithy_types::Blob;

const REGION: &str = "eu-west-1";
const ACCOUNT: &str = "111122223333";
const STACK: &str = "
stack: shop
region: eu-west-1
topics: { ops: { subscriptions: [{ email: ops@example.com }] } }
alarms:
  queue:
    for_each: { discover: sqs, tag: { team: shop } }
    metric: AWS/SQS ApproximateNumberOfMessagesVisible
    dimensions: '{each.value.dimensions}'
    statistic: Maximum
    period: 60
    threshold: '>= 100'
    description: '{each.key} of {each.value.tags.owner}'
    to: [ops]
  function:
    for_each: { tag: { team: [shop, other] } }
    preset: lambda
    except: [throttles, dropped-events, dlq-errors, destination-errors, recursion]
    to: [ops]
";

#[tokio::test]
async fn what_has_a_tag_gets_its_alarms() {
    let world = World::new();
    world.write("stack.yaml", STACK);
    let (endpoint, _) = world.up();
    let aws = clients_of(ACCOUNT, &endpoint, REGION).await;
    let queue = async |name: &str, team: &str| {
        let queue = aws.sqs.create_queue().queue_name(name);
        queue
            .tags("team", team)
            .tags("owner", "ann")
            .send()
            .await
            .unwrap();
    };
    for (name, team) in [("orders", "shop"), ("mail", "shop"), ("other", "else")] {
        queue(name, team).await;
    }
    let code = FunctionCode::builder().zip_file(Blob::new(alertctl::relay_zip::ZIP));
    let role = aws.iam.create_role().role_name("any");
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let role = role.assume_role_policy_document(trust).send().await.unwrap();
    let make = aws.lambda.create_function().function_name("resize");
    let make = make.role(role.role.unwrap().arn).code(code.build());
    let make = make.runtime(Runtime::Providedal2023).handler("bootstrap");
    make.tags("team", "other").send().await.unwrap();

    let run = |args: &[&str]| world.run_at(&endpoint, ACCOUNT, args);
    let alarms = async || {
        let described = aws.cloudwatch.describe_alarms().send().await.unwrap();
        let of = |alarm: &aws_sdk_cloudwatch::types::MetricAlarm| {
            let dimensions = alarm.dimensions().iter();
            let value = dimensions.map(|one| one.value().unwrap().to_owned()).next();
            (alarm.alarm_name().unwrap().to_owned(), value.unwrap_or_default())
        };
        described
            .metric_alarms()
            .iter()
            .map(of)
            .collect::<BTreeMap<_, _>>()
    };
    // Without AWS, one example stands for them.
    let ran = run(&["validate"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(
        ran.stderr
            .contains("`alarms.queue` asks AWS for sqs with team=shop: here, with one example instead"),
        "{}",
        ran.stderr
    );

    let ran = run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(
        ran.stderr
            .contains("`alarms.queue` finds 2 of sqs with team=shop: mail, orders"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("`alarms.function` finds 1 of lambda with team=shop|other: resize"),
        "{}",
        ran.stderr
    );
    let found = alarms().await;
    let names: Vec<_> = found.iter().map(|(name, of)| format!("{name} {of}")).collect();
    assert_eq!(
        names,
        [
            // Metric math: its metrics have the dimensions.
            "shop-function-resize-error-rate ",
            "shop-queue-mail mail",
            "shop-queue-orders orders",
        ]
    );
    let ran = run(&["plan", "--detailed-exitcode"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let expanded = run(&["expand"]);
    assert!(expanded.stdout.contains("mail of ann"), "{}", expanded.all());

    // What is written for one element goes before; for one that is not there, it is only told.
    world.edit(|text| {
        let more = "  queue-orders: { threshold: '>= 7' }\n  queue-gone: { threshold: '>= 8' }\n";
        text.replace("  function:\n", &format!("{more}  function:\n"))
    });
    let ran = run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(
        ran.stderr.contains("AWS finds nothing for `queue-gone` now"),
        "{}",
        ran.stderr
    );
    let described = aws
        .cloudwatch
        .describe_alarms()
        .alarm_names("shop-queue-orders")
        .send()
        .await
        .unwrap();
    assert_eq!(described.metric_alarms()[0].threshold(), Some(7.0));
    assert_eq!(run(&["validate"]).code, 0);
    // Somebody else's queue that lacks what the alarm names does not stop the stack.
    aws.sqs
        .create_queue()
        .queue_name("odd")
        .tags("team", "shop")
        .send()
        .await
        .unwrap();
    let ran = run(&["plan", "--detailed-exitcode"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let left_out =
        "`alarms.queue` leaves out what it found: the element `odd` has no `each.value.tags.owner`";
    assert!(ran.stderr.contains(left_out), "{}", ran.stderr);

    // One more between the two is one alarm more.
    queue("news", "shop").await;
    let plan = planned(&run(&["plan", "--output", "json"]).stdout);
    let plan: Vec<_> = plan
        .iter()
        .map(|line| line.split(':').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        plan,
        ["create cloudwatch-alarm/queue-news", "update sns-topic/ops",]
    );
}

#[test]
fn what_cannot_be_found_is_told_where_it_is_asked_for() {
    let world = World::new();
    let told = |for_each: &str| {
        let text = STACK.replace("{ discover: sqs, tag: { team: shop } }", for_each);
        world.write("stack.yaml", &text);
        let ran = world.run(&["validate"]);
        assert_eq!(ran.code, 1, "{for_each}: {}", ran.all());
        let line = |begin: &str| {
            let mut lines = ran.stderr.lines();
            let line = lines.find_map(|line| line.trim().strip_prefix(begin).map(str::to_owned));
            line.unwrap_or_default()
        };
        (line("error: "), line("--> "), line("= help: "))
    };
    let at = |fact: &str, place: &str, help: &str| (fact.to_owned(), place.to_owned(), help.to_owned());
    assert_eq!(
        told("{ discover: lamda, tag: { team: shop } }"),
        at(
            "`lamda` cannot be found by its tags",
            "stack.yaml:7:27",
            "write `lambda`"
        )
    );
    assert_eq!(
        told("{ tag: { team: shop } }"),
        at(
            "`for_each` does not say what to find",
            "stack.yaml:7:5",
            "add `discover: rds` or another service"
        )
    );
    assert_eq!(
        told("{ discover: sqs, tags: { team: shop } }"),
        at(
            "`tags` selects nothing",
            "stack.yaml:7:32",
            "beside `discover` there is `tag`"
        )
    );
    let tags = "write `tag: { team: shop }`, `tag: { env: [prod, staging] }` or `tag: team` for any value";
    assert_eq!(
        told("{ discover: sqs, tag: { team: { a: b } } }"),
        at("`tag` selects by keys and values", "stack.yaml:7:32", tags)
    );
}
