//! What files, elements and addresses become when they are laid over each other, and what stays out of sight.

use super::{expanded, problems, world};
use crate::support::World;
use serde_json::{Value, json};

const HEAD: &str = "
stack: shop
region: eu-central-1
channels: { project: { webhook: { env: SLACK_WEBHOOK_URL } } }
topics: { alerts: { to: [project] } }
";

/// What a stack is in the end, if `HEAD` and more are in the file, and what is laid over it.
fn laid(more: &str, over: &str) -> Value {
    let world = World::new();
    world.write("stack.yaml", &format!("{HEAD}{more}"));
    world.write("over.yaml", over);
    expanded(&world, &["stack.yaml", "-f", "over.yaml"])
}

const EACH: &str =
    "alarms: { cpu: { for_each: [x, y], metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60,
  threshold: '>= 50', to: [alerts] } }
";

#[test]
fn what_is_written_for_one_element_goes_before_what_all_have() {
    let stack = laid(
        &format!("defaults: {{ alarms: {{ period: 300, evaluation_periods: 2 }} }}\n{EACH}"),
        "alarms: { cpu-x: { threshold: '>= 99' } }",
    );
    let of = |key: &str| {
        let alarm = &stack["alarms"][key];
        ["threshold", "period", "evaluation_periods", "metric"].map(|field| alarm[field].clone())
    };
    let metric = json!("AWS/EC2 CPUUtilization");
    assert_eq!(of("cpu-x"), [json!(">= 99"), json!(60), json!(2), metric.clone()]);
    assert_eq!(of("cpu-y"), [json!(">= 50"), json!(60), json!(2), metric]);
    assert_eq!(stack["alarms"].as_object().unwrap().len(), 2);
}

#[test]
fn what_says_nothing_deletes_nothing() {
    let whole = laid(EACH, "tags: {}");
    for nothing in [
        "alarms:\n  # cpu: {}\n",
        "# nothing yet\n",
        "---\n",
        "alarms:\ntopics:\n",
    ] {
        let mut stack = laid(EACH, nothing);
        stack["tags"] = json!({});
        assert_eq!(stack, whole, "{nothing}");
    }
    let world = World::new();
    world.write("stack.yaml", &format!("include: [other.yaml]\n{HEAD}"));
    for wrong in ["just text\n", "- a\n- b\n"] {
        world.write("other.yaml", wrong);
        let said = problems(&world, &[]);
        assert_eq!(said, ["other.yaml:1: this is not a stack file: it has no keys"]);
    }
    // An entry without a value has the defaults, too.
    let stack = laid("defaults: { topics: { to: [project] } }\n", "topics: { other: }");
    assert_eq!(stack["topics"]["other"]["to"], json!(["project"]));
}

#[test]
fn an_address_is_one_value() {
    let stack = laid(
        "",
        "channels: { project: { webhook: { encrypted: AQICAHg=, for: shop-relay } } }",
    );
    assert_eq!(
        stack["channels"]["project"]["webhook"],
        json!({ "encrypted": "AQICAHg=", "for": "shop-relay" })
    );
    let stack = laid(
        "defaults: { channels: { webhook: { env: HOOK } } }\n",
        "channels: { other: { label: Other } }",
    );
    assert_eq!(
        stack["channels"]["project"]["webhook"],
        json!({ "env": "SLACK_WEBHOOK_URL" })
    );
    assert_eq!(stack["channels"]["other"]["webhook"], json!({ "env": "HOOK" }));
}

#[test]
fn a_file_that_two_include_lies_below_both() {
    let world = World::new();
    let alarm = |limit: u32| EACH.replace(">= 50", &format!(">= {limit}"));
    world.write("base.yaml", &alarm(1));
    world.write("a.yaml", &format!("include: [base.yaml]\n{}", alarm(2)));
    world.write("b.yaml", "include: [./base.yaml]\ntags: { a: b }\n");
    world.write("stack.yaml", &format!("include: [a.yaml, b.yaml]\n{HEAD}"));
    assert_eq!(expanded(&world, &[])["alarms"]["cpu-x"]["threshold"], ">= 2");
    world.write("b.yaml", "include: [../nowhere/../b.yaml, ./b.yaml]\n");
    let said = problems(&world, &[]);
    assert!(
        said.iter()
            .any(|one| one.contains("b.yaml:1: `./b.yaml` includes itself")),
        "{said:?}"
    );
}

#[test]
fn names_in_routes_and_mutes_stand_for_all_elements_and_nothing_else() {
    let routed = |elements: &str| {
        let more = EACH.replace("[x, y]", elements);
        let over = "
rules: { cpu: { preset: ec2-life-cycle, to: [project] } }
channels: { project: { routes: [{ rules: [cpu] }, { severity: error }], except: [{ rules: [cpu] }] } }
mute: { night: { alarms: [cpu], at: '2026-12-24T18:00', duration: 2h } }
";
        let mut over = over.to_owned();
        if elements == "[]" {
            over = over.replace("rules: { cpu: { preset: ec2-life-cycle, to: [project] } }\n", "");
        }
        let world = World::new();
        world.write("stack.yaml", &format!("{HEAD}{more}"));
        world.write("over.yaml", &over);
        let ran = world.run(&["expand", "stack.yaml", "-f", "over.yaml"]);
        let value: serde_yaml::Value =
            serde_yaml::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        serde_json::to_value(value).unwrap()
    };
    let stack = routed("[x, y]");
    let project = &stack["channels"]["project"];
    assert_eq!(project["routes"][0]["rules"], json!(["cpu", "cpu-x", "cpu-y"]));
    assert_eq!(project["except"][0]["rules"], json!(["cpu", "cpu-x", "cpu-y"]));
    assert_eq!(stack["mute"]["night"]["alarms"], json!(["cpu-x", "cpu-y"]));
    // Without a condition, a route would match everything.
    let stack = routed("[]");
    let project = &stack["channels"]["project"];
    assert_eq!(
        (&project["routes"], &project["except"]),
        (&json!([{ "severity": "error" }]), &json!([]))
    );
    assert_eq!(stack["mute"], json!({}));
}

#[test]
fn texts_stay_texts_and_what_looks_like_a_variable_stays_so() {
    let world = World::new();
    let more = "
x-note: &note 'state ${detail}'
alarms:
  input:
    for_each: [12, '007']
    metric: AWS/EC2 CPUUtilization
    dimensions: { InstanceId: '{each.value}' }
    statistic: Average
    period: 60
    threshold: '>= 50'
    description: 'costs $${NOT} in ${STAGE:-dev}'
    to: [alerts]
";
    world.write("stack.yaml", &format!("{HEAD}{more}"));
    assert_eq!(problems(&world, &[]), [""; 0]);
    let text = world.ok(&["expand"]).stdout;
    world.write("whole.yaml", &text);
    let stack = expanded(&world, &["whole.yaml"]);
    assert_eq!(stack["alarms"]["input-007"]["dimensions"]["InstanceId"], "007");
    assert_eq!(stack["alarms"]["input-12"]["description"], "costs $${NOT} in dev");
}

#[test]
fn what_is_too_much_is_refused_and_quickly() {
    let world = World::new();
    let long = (0..15_000).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    let used = "'{each.value}', ".repeat(4_000);
    world.write(
        "stack.yaml",
        &format!("{HEAD}alarms: {{ a: {{ for_each: {{ x: [{long}] }}, to: [{used}] }} }}\n"),
    );
    let refused = world.run(&["validate"]);
    assert_eq!(refused.code, 1);
    world.write(
        "stack.yaml",
        &format!("{HEAD}tags: {{ a: '{}' }}\n", "${".repeat(60_000)),
    );
    assert_eq!(world.run(&["validate"]).code, 1);
}

#[test]
fn an_address_below_defaults_is_never_shown() {
    let mut world = World::new();
    world.set("HOOK", "https://internal.example.com/hook/s3cr3tvalue");
    for address in [
        "webhook: 'https://internal.example.com/hook/s3cr3tvalue'",
        "webhook: '${HOOK}'",
        "pagerduty: '0123456789abcdef0s3cr3tvalue'",
        "signed_webhook: { address: 'https://internal.example.com/hook/s3cr3tvalue' }",
    ] {
        for section in [
            "defaults: { channels: { ADDRESS } }\n",
            "channels: { other: { ADDRESS } }\n",
        ] {
            world.write("over.yaml", &section.replace("ADDRESS", address));
            world.write("stack.yaml", HEAD);
            for command in ["validate", "expand"] {
                let ran = world.run(&[command, "stack.yaml", "-f", "over.yaml"]);
                assert!(
                    ran.code == 1 || section.starts_with("defaults"),
                    "{section} {address}"
                );
                let shown = format!("{}{}", ran.stdout, ran.stderr);
                assert!(!shown.contains("s3cr3tvalue"), "{address}: {shown}");
            }
        }
    }
}

#[test]
fn options_are_read_wherever_they_stand_or_refused() {
    let world = world();
    let twice = world.run(&["--var", "CPU=1", "expand", "--var", "STAGE=prod"]);
    assert_eq!(twice.code, 1);
    assert!(
        twice
            .stderr
            .contains("`--var` is before the command and after it"),
        "{}",
        twice.stderr
    );
    let before = world.ok(&["--var", "CPU=1", "expand"]).stdout;
    assert!(before.contains("'>= 1'") || before.contains(">= 1"), "{before}");
    // `-f` among other letters is the stack file, too.
    world.write("other.yaml", "stack: other\nregion: nowhere\n");
    let other = world.run(&["apply", "-yf", "other.yaml"]);
    assert!(other.stderr.contains("other.yaml"), "{}", other.stderr);
    // Where it is to follow, it stays that.
    let logs = world.run(&["logs", "-f", "--since", "1h", "nothing.yaml"]);
    assert!(
        logs.stderr.contains("`nothing.yaml` does not exist"),
        "{}",
        logs.stderr
    );
    let logs = world.run(&["logs", "-f", "--file", "nothing.yaml"]);
    assert!(
        logs.stderr.contains("`nothing.yaml` does not exist"),
        "{}",
        logs.stderr
    );
}

#[test]
fn a_ciphertext_is_written_where_the_address_is() {
    let mut world = World::new();
    let hook = "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx";
    world.set("SLACK_WEBHOOK_URL", hook);
    let channels = "channels: { project: { webhook: { env: SLACK_WEBHOOK_URL } } }\n";
    let rest = "topics: { alerts: { to: [project] } }\n";
    let top = "stack: shop\nregion: eu-central-1\ninclude: [common.yaml]\n";
    world.write("common.yaml", channels);
    world.write("stack.yaml", &format!("{top}{rest}"));
    world.write("over.yaml", "channels: { project: { label: Project } }\n");
    world.up();
    let read = |name: &str| std::fs::read_to_string(world.path().join(name)).unwrap();
    let write = || {
        let words = [
            "encrypt-hook",
            "stack.yaml",
            "-f",
            "over.yaml",
            "--env",
            "SLACK_WEBHOOK_URL",
        ];
        world.ok(&[&words[..], &["--write", "--yes", "--local"]].concat());
    };
    write();
    assert!(read("common.yaml").contains("encrypted:"));
    assert!(!format!("{}{}", read("stack.yaml"), read("over.yaml")).contains("encrypted:"));
    // Where the stack file has an address of its own, that one counts, and others keep theirs.
    world.write("common.yaml", channels);
    world.write("stack.yaml", &format!("{top}{channels}{rest}"));
    write();
    assert!(read("stack.yaml").contains("encrypted:"));
    assert_eq!(read("common.yaml"), channels);
    assert_eq!(world.run(&["validate", "stack.yaml", "-f", "over.yaml"]).code, 0);
}
