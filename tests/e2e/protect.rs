//! Protected resources: nothing deletes or replaces them unless somebody names them.

use crate::support::account::{
    ACCOUNT, applied, calls, everything, key_of, keys, lines, planned, reads, unchanged,
};
use crate::support::{Ran, World};
use serde_json::Value;

const SAFE: &str = r##"
stack: safe
region: eu-west-1
key: { deletion_window_days: 7, protect: true }
channels:
  project: { webhook: { env: SLACK_WEBHOOK_URL } }
topics:
  alerts:
    protect: true
    to: [project]
    subscriptions:
      - { email: oncall@example.com }
      - { sqs: "arn:aws:sqs:eu-west-1:000000000000:elsewhere" }
  chatter: { to: [project] }
alarms:
  cpu: { metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: ">= 50", to: [chatter], protect: true }
  disk: { metric: AWS/EC2 DiskReadOps, statistic: Average, period: 60, threshold: ">= 50", to: [chatter] }
"##;

/// Runs a command that must refuse and change nothing. Returns what it said.
fn refused(world: &World, endpoint: &str, args: &[&str]) -> Ran {
    let (ran, calls) = calls(endpoint, |endpoint| world.run_at(endpoint, ACCOUNT, args));
    assert_eq!(ran.code, 1, "{args:?}: {}", ran.all());
    assert!(calls.iter().all(|call| reads(call)), "{args:?}: {calls:?}");
    ran
}

fn without(stack: &str, from: &str, to: &str) -> String {
    let (head, rest) = stack.split_once(from).unwrap();
    let (_, tail) = rest.split_once(to).unwrap();
    format!("{head}{to}{tail}")
}

#[tokio::test]
async fn what_left_the_file_is_kept_until_it_is_named() {
    let (world, aws) = applied(SAFE, "eu-west-1").await;
    unchanged(&world, "protected");
    let (endpoint, _) = world.up();
    let before = everything(&aws).await;
    let topic = "arn:aws:sns:eu-west-1:000000000000:safe-alerts";
    let tags = aws
        .sns
        .list_tags_for_resource()
        .resource_arn(topic)
        .send()
        .await
        .unwrap();
    assert!(
        tags.tags()
            .iter()
            .any(|tag| tag.key() == "alertctl:protect" && tag.value() == "true"),
        "{tags:?}"
    );

    let disk = SAFE.lines().find(|line| line.contains("disk:")).unwrap();
    let cpu = SAFE.lines().find(|line| line.contains("cpu:")).unwrap();
    let fewer = without(SAFE, "  alerts:\n", "  chatter:").replace(cpu, "");
    world.write("stack.yaml", &fewer);
    let plan = world.run(&["plan", "--local", "--detailed-exitcode"]);
    assert_eq!(plan.code, 2, "{}", plan.all());
    let protected = "safe-alerts\n      protected: needs `--unprotect sns-topic/alerts`";
    assert!(plan.stdout.contains(protected), "{}", plan.stdout);
    assert!(
        plan.stdout.ends_with(
            "protected: `apply` and `destroy` will refuse this without `--unprotect cloudwatch-alarm/cpu \
             --unprotect sns-topic/alerts`\n"
        ),
        "{}",
        plan.stdout
    );
    let document = world.json(&["plan", "--local"]);
    let by = |id: &str| {
        let steps = document["steps"].as_array().unwrap();
        let step = steps
            .iter()
            .find(|step| step["id"].as_str().unwrap().starts_with(id))
            .unwrap();
        step["protected_by"].clone()
    };
    assert_eq!(by("cloudwatch-alarm/cpu"), "cloudwatch-alarm/cpu");
    for protocol in ["email", "lambda", "sqs"] {
        assert_eq!(
            by(&format!("sns-subscription/safe-alerts/{protocol}")),
            "sns-topic/alerts"
        );
    }
    assert_eq!(by("cloudwatch-alarm/disk"), Value::Null);

    let ran = refused(&world, &endpoint, &["apply", "--yes"]);
    let (_, error) = ran.stderr.split_once("\nerror: ").unwrap();
    let again = error.split_once(" --endpoint-url ").unwrap().0;
    insta::assert_snapshot!(again, @r"
    2 protected resources would be deleted or replaced, so nothing was changed
        cloudwatch-alarm/cpu (safe-cpu): deleted: the stack file no longer asks for it
        sns-topic/alerts (safe-alerts): deleted: the stack file no longer asks for it
      help: to do it nevertheless, run `alertctl apply stack.yaml --unprotect cloudwatch-alarm/cpu --unprotect sns-topic/alerts
    ");
    assert_eq!(everything(&aws).await, before);
    // One name is not enough for two.
    let ran = refused(
        &world,
        &endpoint,
        &["apply", "--yes", "--unprotect", "cloudwatch-alarm/cpu"],
    );
    assert!(
        ran.stderr.contains("safe-alerts") && !ran.stderr.contains("safe-cpu): deleted"),
        "{}",
        ran.stderr
    );

    // Nor is a name that nothing has; a name in the account is near enough.
    for (wrong, meant) in [
        ("sns-topic/alrts", "sns-topic/alerts"),
        ("safe-cpu", "cloudwatch-alarm/cpu"),
    ] {
        let ran = refused(&world, &endpoint, &["apply", "--yes", "--unprotect", wrong]);
        let said = format!("--unprotect `{wrong}`: the stack has no such resource");
        assert!(ran.stderr.contains(&said), "{}", ran.stderr);
        let help = format!("did you mean `{meant}`?");
        assert!(ran.stderr.contains(&help), "{}", ran.stderr);
    }

    let names = [
        "--unprotect",
        "cloudwatch-alarm/cpu",
        "--unprotect",
        "sns-topic/alerts",
    ];
    world.ok(&[&["apply", "--local", "--yes"][..], &names].concat());
    // The same command again, as after an interruption, finds them gone. No kind is called so.
    let again = world.ok(&[&["apply", "--local", "--yes"][..], &names].concat());
    let gone = "--unprotect `sns-topic/alerts`: the stack has no such resource any more";
    assert!(again.stderr.contains(gone), "{}", again.stderr);
    let ran = refused(
        &world,
        &endpoint,
        &["apply", "--yes", "--unprotect", "topic/chatter"],
    );
    assert!(
        ran.stderr.contains("did you mean `sns-topic/chatter`?"),
        "{}",
        ran.stderr
    );
    unchanged(&world, "named");
    assert!(!everything(&aws).await.contains("topic safe-alerts"));
    assert!(everything(&aws).await.contains("alarm safe-disk"), "{disk}");
}

#[tokio::test]
async fn a_destroy_is_refused_as_a_whole() {
    let (world, aws) = applied(SAFE, "eu-west-1").await;
    let (endpoint, _) = world.up();
    let before = everything(&aws).await;
    for which in [&["stack.yaml"][..], &["--stack", "safe", "--region", "eu-west-1"]] {
        let ran = refused(&world, &endpoint, &[&["destroy", "--yes"][..], which].concat());
        assert!(
            ran.stderr
                .contains("kms-key/main (alias/safe-key): deleted with the whole stack"),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains(
                " --unprotect cloudwatch-alarm/cpu --unprotect kms-key/main --unprotect sns-topic/alerts"
            ),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(everything(&aws).await, before);
    let names = ["cloudwatch-alarm/cpu", "kms-key/main", "sns-topic/alerts"];
    let flags = names.iter().flat_map(|name| ["--unprotect", name]);
    let words: Vec<_> = ["destroy", "--local", "--yes"].into_iter().chain(flags).collect();
    world.ok(&words);
    assert_eq!(everything(&aws).await, lines([]));
    assert_eq!(keys(&aws).await.len(), 1, "pending deletion");
}

#[tokio::test]
async fn a_protection_that_leaves_the_file_is_an_ordinary_change() {
    let (world, aws) = applied(SAFE, "eu-west-1").await;
    let (endpoint, _) = world.up();
    // In one step with the deletion it would protect nothing.
    let plain = SAFE
        .replace("    protect: true\n", "")
        .replace(", protect: true", "");
    world.write("stack.yaml", &plain);
    let plan = world.ok(&["plan", "--local", "--output", "json"]);
    assert_eq!(
        planned(&plan.stdout),
        lines([
            "update cloudwatch-alarm/cpu: tags.alertctl:protect",
            "update kms-key/main: tags.alertctl:protect",
            "update sns-topic/alerts: tags.alertctl:protect",
        ])
    );
    let cpu = plain.lines().find(|line| line.contains("cpu:")).unwrap();
    world.write("stack.yaml", &plain.replace(cpu, ""));
    refused(&world, &endpoint, &["apply", "--yes"]);
    world.write("stack.yaml", &plain);
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "unprotected");
    let key = key_of(&aws, "alias/safe-key").await;
    world.ok(&["destroy", "--local", "--yes"]);
    assert_eq!(everything(&aws).await, lines([]), "{key}");
}

#[tokio::test]
async fn a_replacement_and_a_part_of_a_protected_resource_are_refused_too() {
    let (world, aws) = applied(SAFE, "eu-west-1").await;
    let (endpoint, _) = world.up();
    // An alarm on a metric cannot become an alarm on other alarms.
    let cpu = SAFE.lines().find(|line| line.contains("cpu:")).unwrap();
    let other = "  cpu: { name: safe-cpu, rule: ALARM(disk), to: [chatter], protect: true }";
    world.write("stack.yaml", &SAFE.replace(cpu, other));
    let ran = refused(&world, &endpoint, &["apply", "--yes"]);
    assert!(
        ran.stderr
            .contains("(safe-cpu): replaced: AWS cannot change its type in place"),
        "{}",
        ran.stderr
    );

    let email = "      - { email: oncall@example.com }\n";
    world.write("stack.yaml", &SAFE.replace(email, ""));
    let before = everything(&aws).await;
    let ran = refused(&world, &endpoint, &["apply", "--yes"]);
    assert!(
        ran.stderr
            .contains(", which belongs to sns-topic/alerts: deleted"),
        "{}",
        ran.stderr
    );
    assert_eq!(everything(&aws).await, before);
    world.ok(&["apply", "--local", "--yes", "--unprotect", "sns-topic/alerts"]);
    unchanged(&world, "without the mail");

    // A saved plan is refused as well, and can be applied with a name.
    world.write("stack.yaml", &without(SAFE, "  alerts:\n", "  chatter:"));
    world.ok(&["plan", "--local", "--save", "safe.plan"]);
    let ran = world.run(&["apply", "--local", "safe.plan"]);
    assert!(
        ran.stderr
            .contains("`alertctl apply safe.plan --unprotect sns-topic/alerts --local`"),
        "{}",
        ran.all()
    );
    world.ok(&["apply", "--local", "safe.plan", "--unprotect", "sns-topic/alerts"]);
}
