//! Plans for pull requests and machines, and saved plans: their content, and when they become invalid.

use crate::support::schema::violations;
use crate::support::{NO_WEBHOOK, Ran, World};
use serde_json::{Value, json};

/// The part of the webhook that must not appear anywhere.
const SECRET: &str = "abcdefghijklmnopqrstuvwx";
/// GitHub's limit for a comment.
const COMMENT: usize = 65_536;

fn local() -> World {
    let mut world = World::new();
    world.set("ALERTCTL_LOCAL", "1");
    world.bundled("cloudwatch-slack");
    world
}

fn read(world: &World, name: &str) -> String {
    std::fs::read_to_string(world.path().join(name)).unwrap()
}

fn states(world: &World) -> Value {
    world.json(&["status", "stack.yaml"])["resources"].clone()
}

#[test]
fn a_saved_plan_is_applied_as_it_is_and_only_once() {
    let world = local();
    let planned = world.ok(&["plan", "--save", "alerts.plan"]);
    assert!(
        planned
            .stderr
            .ends_with("saved to `alerts.plan`; run it with `alertctl apply alerts.plan --local`\n"),
        "{}",
        planned.stderr
    );
    let saved: Value = serde_json::from_str(&read(&world, "alerts.plan")).unwrap();
    let fields = ["alertctl_plan", "alertctl", "file", "sha256", "account", "region"];
    assert!(fields.iter().all(|field| !saved[field].is_null()), "{saved:#}");
    assert_eq!(saved["plan"], world.json(&["plan"]));
    assert!(!saved.to_string().contains(SECRET), "the webhook shows");

    // The plan can be shown: one line per resource, or everything.
    for flags in [&[][..], &["--full"]] {
        let shown = world
            .ok(&[&["show", "plan", "alerts.plan"][..], flags].concat())
            .stdout;
        assert_eq!(shown, world.ok(&[&["plan"][..], flags].concat()).stdout);
    }
    assert_eq!(saved["plan"], world.json(&["show", "plan", "alerts.plan"]));
    let other = world.run(&["show", "plan", "stack.yaml"]);
    assert!(
        other.stderr.contains("`stack.yaml` is not a saved plan"),
        "{}",
        other.all()
    );

    // No terminal and no `--yes`: the plan has been reviewed.
    let applied = world.ok(&["apply", "alerts.plan"]);
    assert!(applied.stderr.contains("14 created"), "{}", applied.stderr);
    let again = world.run(&["apply", "alerts.plan"]);
    assert_eq!(again.code, 1, "{}", again.all());
    insta::assert_snapshot!("applied_twice", again.stderr);

    // A plan without changes can be applied any number of times.
    world.ok(&["plan", "--save", "alerts.plan"]);
    for _ in 0..2 {
        let nothing = world.ok(&["apply", "alerts.plan"]);
        assert!(nothing.stderr.contains("no changes"), "{}", nothing.stderr);
    }
}

#[test]
fn a_saved_plan_is_refused_when_the_account_has_changed_and_nothing_is_done() {
    let world = local();
    world.ok(&["apply", "--yes"]);
    let good = read(&world, "stack.yaml");
    world.edit(|text| text.replace("period: 60", "period: 300"));
    world.ok(&["plan", "--save", "alerts.plan"]);
    // Another field of the same alarm, the same field, and one more resource.
    let other = good
        .replace(">= 50", ">= 60")
        .replace("mission-sns", "mission-other");
    world.write("other.yaml", &other);
    world.ok(&["apply", "other.yaml", "--yes"]);
    let before = states(&world);
    let refused = world.run(&["apply", "alerts.plan"]);
    assert_eq!(refused.code, 1, "{}", refused.all());
    insta::assert_snapshot!("account_changed", refused.stderr);
    assert_eq!(states(&world), before);
    assert_eq!(refused.stdout, "");

    // The suggested command works.
    world.ok(&["plan", "stack.yaml", "--save", "alerts.plan"]);
    world.ok(&["apply", "alerts.plan"]);
    let after = world.ok(&["plan"]);
    assert!(after.stdout.contains("no changes"), "{}", after.stdout);
}

/// A re-created resource is a different one, even if none of its fields differ.
#[test]
fn a_saved_plan_is_refused_when_a_resource_was_made_anew() {
    let world = local();
    world.ok(&["apply", "--yes"]);
    world.edit(|text| text.replace("period: 60", "period: 300"));
    world.ok(&["plan", "--save", "alerts.plan"]);
    let text = read(&world, "alerts.plan");
    let mut saved: Value = serde_json::from_str(&text).unwrap();
    let steps = saved["plan"]["steps"].as_array_mut().unwrap();
    let key = steps
        .iter_mut()
        .find(|step| step["id"] == "kms-key/main")
        .unwrap();
    assert!(key["arn"].is_string(), "{key:#}");
    key["arn"] = json!("arn:aws:kms:ap-northeast-2:000000000000:key/another");
    world.write("alerts.plan", &saved.to_string());
    let refused = world.run(&["apply", "alerts.plan"]);
    assert_eq!(refused.code, 1, "{}", refused.all());
    assert!(
        refused.stderr.contains("kms-key/main")
            && refused.stderr.contains("is a different resource with that name"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_saved_plan_belongs_to_its_file_account_region_and_version() {
    let world = local();
    let (endpoint, _) = world.up();
    world.ok(&["plan", "--save", "alerts.plan"]);
    let refused = |ran: Ran, why: &str| {
        assert_eq!(ran.code, 1, "{}", ran.all());
        assert!(
            ran.stderr.contains("is out of date") && ran.stderr.contains(why),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("nothing was changed"), "{}", ran.stderr);
    };
    refused(
        world.run(&["apply", "alerts.plan", "--region", "eu-west-1"]),
        "it is for region ap-northeast-2, and this is eu-west-1",
    );
    let mut elsewhere = world.command_at(&endpoint, "222222222222", &["apply", "alerts.plan"]);
    elsewhere.env("ALERTCTL_LOCAL", "0");
    refused(
        Ran::of(elsewhere.output().unwrap()),
        "it is for account 000000000000, and this is 222222222222",
    );
    let saved = read(&world, "alerts.plan");
    let version = format!("\"alertctl\": \"{}\"", env!("CARGO_PKG_VERSION"));
    world.write("alerts.plan", &saved.replace(&version, "\"alertctl\": \"9.9.9\""));
    refused(
        world.run(&["apply", "alerts.plan"]),
        "it was made by alertctl 9.9.9",
    );
    world.write("alerts.plan", &saved);
    world.edit(|text| format!("{text}# a word\n"));
    refused(
        world.run(&["apply", "alerts.plan"]),
        "`stack.yaml` has changed since",
    );
    assert!(
        states(&world)
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["state"] == "missing")
    );

    // The plan's `--region` is saved; the suggested command to plan again contains it.
    world.ok(&["plan", "--save", "far.plan", "--region", "eu-west-1"]);
    world.edit(|text| format!("{text}# and another\n"));
    let far = world.run(&["apply", "far.plan"]);
    assert!(
        far.stderr
            .contains("`alertctl plan stack.yaml --save far.plan --region eu-west-1 --local`"),
        "{}",
        far.stderr
    );
    world.ok(&["plan", "--save", "far.plan", "--region", "eu-west-1"]);
    let applied = world.ok(&["apply", "far.plan", "--output", "json"]);
    let applied: Value = serde_json::from_str(&applied.stdout).unwrap();
    assert_eq!(
        (&applied["region"], &applied["complete"]),
        (&json!("eu-west-1"), &json!(true))
    );
}

#[test]
fn a_plan_that_cannot_be_applied_is_not_saved() {
    let world = local();
    world.edit(|text| text.replace("stack: mission", "stack: first"));
    world.ok(&["apply", "--yes"]);
    world.edit(|text| text.replace("stack: first", "stack: second"));
    let ran = world.run(&["plan", "--save", "alerts.plan", "--output", "markdown"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(!world.path().join("alerts.plan").exists());
    assert!(
        ran.stdout.contains("**Conflicts**") && ran.stdout.contains("exists and is not part of this stack"),
        "{}",
        ran.stdout
    );
    let schema = schema();
    let json = world.run(&["plan", "--output", "json"]);
    let document: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(violations(&schema, &schema, &document), [""; 0]);
    assert!(document["errors"].is_array());
}

fn schema() -> Value {
    serde_json::from_str(&std::fs::read_to_string("docs/plan.schema.json").unwrap()).unwrap()
}

#[test]
fn every_plan_is_as_the_schema_says() {
    let schema = schema();
    let mut world = local();
    world.set("ALERTCTL_LOCAL", "1");
    // The local mode accepts only a webhook on this machine.
    world.set("SLACK_WEBHOOK_URL", "http://127.0.0.1:9/services/T0/B0/abcdef");
    let mut seen = String::new();
    let mut valid = |ran: Ran, codes: &[i32]| -> Value {
        assert!(codes.contains(&ran.code), "{}", ran.all());
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(violations(&schema, &schema, &document), [""; 0], "{document:#}");
        seen += &ran.stdout;
        document
    };
    for entry in std::fs::read_dir("stacks").unwrap() {
        let path = entry.unwrap().path();
        world.bundled(path.file_stem().unwrap().to_str().unwrap());
        valid(world.run(&["plan", "--output", "json"]), &[0]);
    }
    world.bundled("cloudwatch-slack");
    world.ok(&["apply", "--yes"]);
    let kept = valid(world.run(&["plan", "--output", "json"]), &[0]);
    std::fs::copy(world.path().join("stack.yaml"), world.path().join("base.yaml")).unwrap();
    let edits: [(&str, &str); 2] = [("period: 60", "period: 300"), ("mission-sns", "mission-other")];
    world.edit(|text| {
        edits
            .iter()
            .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    });
    world.set("SLACK_WEBHOOK_URL", "http://127.0.0.1:9/services/T0/B0/fedcba");
    valid(world.run(&["plan", "--output", "json"]), &[0]);
    valid(
        world.run(&["plan", "--base", "base.yaml", "--output", "json"]),
        &[0],
    );
    world.ok(&["destroy", "--yes"]);
    valid(world.run(&["plan", "--output", "json"]), &[0]);
    world.write("stack.yaml", "stack: mission\nregionn: x\n");
    let failed = valid(world.run(&["plan", "--output", "json"]), &[1]);
    valid(world.run(&["plan", "nowhere.yaml", "--output", "json"]), &[1]);
    assert!(!seen.contains(SECRET), "the webhook shows");
    // The documents contained everything that the schema describes.
    for part in [
        "\"after_apply\"",
        "\"from\": \"secret\"",
        "\"value\"",
        "\"arn\"",
        "\"remark\"",
        "\"line\"",
        "\"base\"",
        "\"origin\"",
    ] {
        assert!(seen.contains(part), "no plan has {part}");
    }

    // The schema rejects invalid documents.
    let broken = |document: &Value, pointer: &str, value: Value| {
        let mut document = document.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        assert_ne!(violations(&schema, &schema, &document), [""; 0], "{pointer}");
    };
    broken(&kept, "/version", json!(2));
    broken(&kept, "/account", json!("12"));
    broken(&kept, "/steps/0/action", json!("destroy"));
    broken(&kept, "/steps/0/id", json!("nothing"));
    broken(&kept, "/steps/0/name", Value::Null);
    broken(&kept, "/summary/keep", json!(-1));
    broken(&failed, "/errors", json!([]));
    broken(&failed, "/errors/0/line", json!(0));
    broken(&failed, "/errors/0/message", Value::Null);
}

/// The text of a comment outside of code spans and blocks.
fn outside_code(markdown: &str) -> String {
    let (mut text, mut fenced) = (String::new(), false);
    for line in markdown.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let mut rest = line;
            while let Some(at) = rest.find('`') {
                // Escaped backticks do not begin a code span.
                if rest[..at].ends_with('\\') {
                    text += &rest[..=at];
                    rest = &rest[at + 1..];
                    continue;
                }
                text += &rest[..at];
                let run: String = rest[at..].chars().take_while(|c| *c == '`').collect();
                let inside = &rest[at + run.len()..];
                let end = inside
                    .find(&run)
                    .unwrap_or_else(|| panic!("a code span stays open: {line}"));
                rest = &inside[end + run.len()..];
            }
            text += rest;
            text.push('\n');
        }
    }
    assert!(!fenced, "a block stays open");
    text
}

#[test]
fn no_text_of_the_stack_file_becomes_markup_of_the_comment() {
    let world = local();
    world.up();
    let hostile = "``` </details> <img src=x onerror=alert(1)> @octocat/team #1 ~~~ ` [a](https://evil.test)";
    world.edit(|text| {
        let lines = text
            .lines()
            .map(|line| match line.trim_start().starts_with("description:") {
                true => format!("    description: {}\n", json!(hostile)),
                false => format!("{line}\n"),
            });
        lines.collect()
    });
    let comment = world.ok(&["plan", "--output", "markdown"]);
    assert_eq!(comment.stderr, "", "nothing to say beside the comment");
    let comment = comment.stdout;
    assert!(
        comment.contains("</details> <img src=x"),
        "the value shows as it is: {comment}"
    );
    let outside = outside_code(&comment);
    for mark in ["<img", "@octocat", "#1", "evil.test", "~~~"] {
        assert!(!outside.contains(mark), "{mark}: {outside}");
    }
    let (open, closed) = (
        outside.matches("<details").count(),
        outside.matches("</details>").count(),
    );
    assert_eq!((open, closed), (1, 1), "{outside}");

    // Messages about a broken file and warnings mix our own text with text from the file.
    world.edit(|text| text.replace("to: [project]", "to: [\"<b>@octocat</b> ``` #1\"]"));
    let failed = world.run(&["plan", "--output", "markdown"]);
    assert_eq!(failed.code, 1, "{}", failed.all());
    assert!(
        failed.stdout.contains("### alertctl: no plan for `stack.yaml`"),
        "{}",
        failed.stdout
    );
    let outside = outside_code(&failed.stdout);
    for mark in ["<b>", "@octocat", "#1"] {
        assert!(!outside.contains(mark), "{mark}: {outside}");
    }
}

#[test]
fn a_comment_fits_however_long_the_plan_is() {
    let mut world = local();
    for entry in std::fs::read_dir("stacks").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        world.bundled(&name);
        let comment = world.ok(&["plan", "--output", "markdown"]).stdout;
        assert!(comment.len() <= COMMENT, "{name}: {}", comment.len());
        assert!(!comment.contains(SECRET), "{name}: the webhook shows");
        outside_code(&comment);
    }
    world.bundled("cloudwatch-slack");
    world.edit(|text| {
        let alarm = |index: usize| {
            format!(
                "  a{index}:\n    metric: AWS/EC2 CPUUtilization\n    description: {}\n    \
                 dimensions: {{ InstanceId: i-0123456789abcdef0 }}\n    statistic: Average\n    period: 60\n    threshold: \">= 50\"\n    to: [alerts]\n",
                "알람 ".repeat(60)
            )
        };
        let alarms: String = (0..600).map(alarm).collect();
        text.replace("alarms:\n", &format!("alarms:\n{alarms}"))
    });
    let comment = world.ok(&["plan", "--output", "markdown"]).stdout;
    assert!(
        comment.contains("<summary><b>614 to create</b></summary>"),
        "{comment}"
    );
    assert!(comment.len() <= COMMENT, "{}", comment.len());
    assert!(comment.len() > COMMENT * 8 / 10, "{}", comment.len());
    let more = comment.lines().find_map(|line| line.strip_prefix("… ")).unwrap();
    let more: usize = more.strip_suffix(" more").unwrap().parse().unwrap();
    let shown = comment.lines().filter(|line| line.starts_with("+ ")).count();
    assert_eq!(shown + more, 614);
    assert_eq!(outside_code(&comment).matches("</details>").count(), 1);
    world.set("GITHUB_STEP_SUMMARY", "/nowhere/at/all");
    let ran = world.ok(&["plan"]);
    assert!(
        ran.stderr
            .contains("the summary cannot be written to `/nowhere/at/all`"),
        "{}",
        ran.stderr
    );
}

/// What a reviewer sees: deletions and replacements first and open, the fields with drift, unchanged resources
/// only with a remark.
#[test]
fn the_comment_of_a_change() {
    let world = local();
    world.ok(&["apply", "--yes"]);
    world.edit(|text| {
        text.replace("period: 60", "period: 300")
            .replace("mission-sns", "mission-other")
    });
    let comment = world.ok(&["plan", "--output", "markdown"]).stdout;
    // The digest of the code depends on the compiler.
    let comment = comment.lines().map(|line| match line.split_once("relay: ") {
        Some((before, _)) => format!("{before}relay: (digests)"),
        None => line.to_owned(),
    });
    insta::assert_snapshot!("comment", comment.collect::<Vec<_>>().join("\n"));
}

#[test]
fn wrong_lines_are_marked_for_the_runner() {
    let mut world = local();
    std::fs::create_dir(world.path().join("alerts")).unwrap();
    let root = world.path().display().to_string();
    world.set("GITHUB_ACTIONS", "true");
    world.set("GITHUB_WORKSPACE", &root);
    world.write("alerts/stack.yaml", "stack: mission\nregionn: x\n");
    let mut command = world.command(&["validate", "stack.yaml"]);
    let ran = Ran::of(command.current_dir(world.path().join("alerts")).output().unwrap());
    assert_eq!(ran.code, 1);
    let marks: Vec<_> = ran.stderr.lines().filter(|line| line.starts_with("::")).collect();
    assert!(
        marks.iter().any(|mark| mark.starts_with(
            "::error file=alerts/stack.yaml,line=2,col=1,endColumn=7,title=alertctl::unknown key `regionn`"
        )),
        "{marks:?}"
    );
    // A failed step of a run is annotated with its resource; outside of a runner the text has no annotations.
    assert!(ran.stderr.contains("did you mean `region`"), "{}", ran.stderr);
    world.set("GITHUB_ACTIONS", "false");
    let plain = world.run(&["validate", "alerts/stack.yaml"]);
    assert!(!plain.stderr.contains("::"), "{}", plain.stderr);
}

/// A plan for a pull request needs no secret: `apply` reads the webhook, and a saved plan is valid
/// nevertheless.
#[test]
fn a_plan_needs_no_webhook_and_apply_reads_it() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let account = "333333333333";
    let with = |webhook: Option<&str>, args: &[&str]| {
        let mut command = world.command_at(&endpoint, account, args);
        command.env_remove("SLACK_WEBHOOK_URL");
        command.envs(webhook.map(|webhook| ("SLACK_WEBHOOK_URL", webhook)));
        Ran::of(command.output().unwrap())
    };
    let note = "channel `project`: SLACK_WEBHOOK_URL is not set, so changes to its address are not shown; \
                `apply` needs it";

    let planned = with(None, &["plan", "--save", "alerts.plan", "--output", "markdown"]);
    assert_eq!(planned.code, 0, "{}", planned.all());
    assert!(planned.stderr.contains(note), "{}", planned.stderr);
    assert!(
        planned.stdout.contains("SLACK\\_WEBHOOK\\_URL is not set") || planned.stdout.contains(note),
        "{}",
        planned.stdout
    );
    let document = with(None, &["plan", "--output", "json"]);
    let document: Value = serde_json::from_str(&document.stdout).unwrap();
    assert_eq!(violations(&schema(), &schema(), &document), [""; 0]);
    assert_eq!(document["without_webhooks"], json!(["project"]));
    let refused = with(None, &["apply", "alerts.plan"]);
    assert_eq!(refused.code, 1, "{}", refused.all());
    assert!(
        refused.stderr.contains("SLACK_WEBHOOK_URL is not set"),
        "{}",
        refused.stderr
    );

    let applied = with(Some(NO_WEBHOOK), &["apply", "alerts.plan"]);
    assert_eq!(applied.code, 0, "{}", applied.all());
    assert!(applied.stderr.contains("14 created"), "{}", applied.stderr);
    let calm = with(None, &["plan", "--detailed-exitcode", "--save", "alerts.plan"]);
    assert_eq!(calm.code, 0, "{}", calm.all());

    // The webhook has changed: this change alone counts as approved, a change outside of the file does not.
    let other = format!("{NO_WEBHOOK}z");
    let renewed = with(Some(&other), &["apply", "alerts.plan"]);
    assert_eq!(renewed.code, 0, "{}", renewed.all());
    assert!(renewed.stderr.contains("1 updated"), "{}", renewed.stderr);
    world.write(
        "other.yaml",
        &read(&world, "stack.yaml").replace(">= 50", ">= 60"),
    );
    assert_eq!(with(Some(&other), &["apply", "other.yaml", "--yes"]).code, 0);
    let refused = with(Some(NO_WEBHOOK), &["apply", "alerts.plan"]);
    assert_eq!(refused.code, 1, "{}", refused.all());
    assert!(
        refused.stderr.contains("cloudwatch-alarm/") && !refused.stderr.contains("lambda-function/"),
        "{}",
        refused.stderr
    );
}
