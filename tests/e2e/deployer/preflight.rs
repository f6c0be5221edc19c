//! What is asked of IAM before an apply: what is lacking is told, and nothing is changed.

use std::collections::BTreeSet;

use super::trial::Trial;
use crate::support::World;
use crate::support::gate::Unit;
use crate::support::schema::violations;
use alertctl::stack::BUNDLED;
use serde_json::{Value, json};

/// With the printed policy nothing is lacking according to IAM, for every bundled stack; and this takes only a
/// few queries, not one per permission.
#[test]
fn a_preflight_finds_nothing_lacking_in_the_printed_policy() {
    let world = World::new();
    let (endpoint, _) = world.up();
    for (index, stack) in BUNDLED.iter().map(|one| one.name).enumerate() {
        world.bundled(stack);
        let name = world.json(&["validate"])["stack"].as_str().unwrap().to_owned();
        let account = format!("{:012}", 710_000_000_000_u64 + u64::try_from(index).unwrap());
        let trial = Trial::as_user(&world, &endpoint, &name, &account);
        trial.grant(trial.printed(&["--apply"]));
        let (ran, asked, _) = trial.counted(&["plan", "--preflight", "--output", "json"]);
        assert_eq!(ran.code, 0, "{}", ran.all());
        let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(plan["lacking"], json!([]), "{stack}");
        assert!((1..=20).contains(&asked), "{stack}: {asked} questions");
    }
}

const ACCOUNT: &str = "720000000000";

/// The printed policy without one action.
fn without(printed: &BTreeSet<Unit>, action: &str) -> Vec<Unit> {
    let others = printed.iter().filter(|unit| unit.action != action);
    others.cloned().collect()
}

/// A missing permission is reported before anything changes.
#[test]
fn an_apply_that_lacks_a_permission_changes_nothing() {
    let world = World::new();
    let (endpoint, _) = world.up();
    world.bundled("cloudwatch-slack");
    let trial = Trial::as_user(&world, &endpoint, "mission", ACCOUNT);
    trial.grant(without(&trial.printed(&["--apply"]), "iam:PassRole"));
    let lacking = format!(
        "error: arn:aws:iam::{ACCOUNT}:user/deployer may not iam:PassRole on \
         arn:aws:iam::{ACCOUNT}:role/alertctl/mission/mission-lambda-role\n  help: nothing was changed: \
         `alertctl policy stack.yaml --deployer --apply` prints"
    );
    let (ran, _, changed) = trial.counted(&["apply", "--yes"]);
    assert_eq!((ran.code, changed), (1, 0), "{}", ran.all());
    assert!(ran.stderr.contains(&lacking), "{}", ran.all());
    assert_eq!(ran.stderr.matches("error:").count(), 1, "{}", ran.all());

    let saved = trial.run(&["plan", "--preflight", "--save", "alerts.plan"]);
    let warning = "warning: arn:aws:iam::720000000000:user/deployer may not iam:PassRole on";
    assert!(
        saved.code == 0 && saved.stderr.contains(warning),
        "{}",
        saved.all()
    );
    let comment = trial.run(&["plan", "--preflight", "--output", "markdown"]);
    assert!(
        comment.stdout.contains("may not iam:PassRole on"),
        "{}",
        comment.all()
    );
    let (ran, _, changed) = trial.counted(&["apply", "alerts.plan"]);
    assert_eq!((ran.code, changed), (1, 0), "{}", ran.all());
    assert!(ran.stderr.contains(&lacking), "{}", ran.all());

    let (ran, ..) = trial.counted(&["plan", "--preflight", "--output", "json"]);
    let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    let role = format!("arn:aws:iam::{ACCOUNT}:role/alertctl/mission/mission-lambda-role");
    assert_eq!(
        plan["lacking"],
        json!([{ "action": "iam:PassRole", "resource": role }])
    );
    let schema = std::fs::read_to_string("docs/plan.schema.json").unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(violations(&schema, &schema, &plan), [""; 0]);
}

/// The user wants to try all the same, or may not ask IAM.
#[test]
fn an_apply_without_a_preflight_goes_on_until_it_is_refused() {
    let world = World::new();
    let (endpoint, _) = world.up();
    world.bundled("cloudwatch-slack");
    let trial = Trial::as_user(&world, &endpoint, "mission", ACCOUNT);
    let printed = trial.printed(&["--apply"]);
    trial.grant(without(&printed, "sns:CreateTopic"));
    let (ran, asked, changed) = trial.counted(&["apply", "--yes", "--no-preflight"]);
    assert_eq!((ran.code, asked), (1, 0), "{}", ran.all());
    assert!(
        changed > 0 && ran.stderr.contains("not authorized to perform: sns:CreateTopic"),
        "{}",
        ran.all()
    );

    // A caller who may not ask IAM.
    *trial.gate.granted.lock().unwrap() = printed.clone();
    let (ran, asked, _) = trial.counted(&["apply", "--yes"]);
    assert_eq!((ran.code, asked), (0, 1), "{}", ran.all());
    assert!(!ran.stderr.contains("SimulatePrincipalPolicy"), "{}", ran.all());
    let shown = trial.run(&["plan", "--preflight", "--output", "json"]);
    assert_eq!(shown.code, 0, "{}", shown.all());
}

/// Without changes there is no query; with one change, only its permissions are queried.
#[test]
fn a_preflight_asks_for_what_changes_alone() {
    let world = World::new();
    let (endpoint, _) = world.up();
    world.bundled("cloudwatch-slack");
    let trial = Trial::as_user(&world, &endpoint, "mission", ACCOUNT);
    let printed = trial.printed(&["--apply"]);
    trial.grant(printed.clone());
    let ran = trial.run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let (ran, asked, _) = trial.counted(&["apply", "--yes"]);
    assert_eq!((ran.code, asked), (0, 0), "{}", ran.all());
    world.edit(|text| text.replace(">= 50", ">= 60"));
    let alarms = |unit: &Unit| unit.action == "cloudwatch:PutMetricAlarm";
    trial.grant(printed.iter().filter(|unit| !alarms(unit)).cloned());
    let (ran, asked, changed) = trial.counted(&["apply", "--yes"]);
    assert_eq!((ran.code, changed), (1, 0), "{}", ran.all());
    assert!(
        ran.stderr.contains("may not cloudwatch:PutMetricAlarm on arn:"),
        "{}",
        ran.all()
    );
    assert!(asked <= 2, "{asked}");
    let reads = |unit: &Unit| {
        ["Get", "List", "Describe"]
            .iter()
            .any(|verb| unit.action.contains(verb))
    };
    trial.grant(
        printed
            .iter()
            .filter(|unit| reads(unit) || unit.action.starts_with("cloudwatch:"))
            .cloned(),
    );
    let (ran, ..) = trial.counted(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());

    // A resource that leaves the stack file is identified only by its ARN; the others by their own.
    world.edit(|text| {
        let text = text.replace("mission-cpu-alarm", "mission-load-alarm");
        text.replace("  cpu:", "  load:")
    });
    let of_its_own = |mut unit: Unit| {
        // The tags of the old alarm say who owns it.
        if unit.action == "cloudwatch:ListTagsForResource" {
            return unit;
        }
        for (pattern, name) in [
            ("alarm:mission-*", "alarm:mission-load-alarm"),
            (
                "role/alertctl/mission/*",
                "role/alertctl/mission/mission-lambda-role",
            ),
        ] {
            unit.resources
                .iter_mut()
                .for_each(|one| *one = one.replace(pattern, name));
        }
        unit
    };
    trial.grant(printed.iter().cloned().map(of_its_own));
    let (ran, ..) = trial.counted(&["plan", "--preflight", "--output", "json"]);
    let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    let alarm = format!("arn:aws:cloudwatch:ap-northeast-2:{ACCOUNT}:alarm:mission-cpu-alarm");
    assert_eq!(
        plan["lacking"],
        json!([{ "action": "cloudwatch:DeleteAlarms", "resource": alarm }])
    );
}
