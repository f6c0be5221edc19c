//! A stack belongs to one region: no command changes it from another region.

use std::time::Duration;

use crate::support::account::{lines, planned, reads};
use crate::support::inventory::{inventory, past};
use crate::support::proxy::Proxy;
use crate::support::{NO_WEBHOOK, Ran, World};
use alertctl::aws::connect::Clients;

const ACCOUNT: &str = "000000000007";
const HOME: &str = "ap-northeast-2";
const AWAY: &str = "us-west-2";
const ROLE: &str = "mission-lambda-role";
const AT_HOME: &str = "stack `mission` is at home in ap-northeast-2";

struct Applied {
    world: World,
    endpoint: String,
}

impl Applied {
    /// The bundled stack, with an endpoint to show, applied in its own region; the file no longer names a
    /// region.
    fn new() -> Self {
        let mut world = World::new();
        world.set("SLACK_OPS", NO_WEBHOOK);
        world.bundled("cloudwatch-slack");
        world.edit(|text| {
            let token = "0".repeat(64);
            let endpoint =
                format!("endpoints:\n  search:\n    token: {{ sha256: {token} }}\n    to: [alerts]\n");
            let rule = |n| format!("  r{n}: {{ pattern: {{ source: [s{n}] }}, to: [project] }}\n");
            let rules: String = (0..12).map(rule).collect();
            format!(
                "{}{endpoint}rules:\n{rules}",
                text.replace("region: ap-northeast-2\n", "")
            )
        });
        let (endpoint, _) = world.up();
        let applied = Self { world, endpoint };
        applied.ok(&["apply", "--yes", "--region", HOME]);
        applied
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.world.run_at(&self.endpoint, ACCOUNT, args)
    }

    fn ok(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "alertctl {args:?}\n{}", ran.all());
        ran
    }

    fn past<T>(&self, act: impl AsyncFnOnce(Clients) -> T) -> T {
        past(&self.endpoint, ACCOUNT, HOME, async |config| {
            act(Clients::new(&config)).await
        })
    }

    fn untagged(&self) {
        self.past(async |aws| {
            let send = aws.iam.untag_role().role_name(ROLE).tag_keys("alertctl:home");
            send.send().await.unwrap();
            let ingest = "mission-search-ingest-role";
            let send = aws.iam.untag_role().role_name(ingest).tag_keys("alertctl:home");
            send.send().await.unwrap();
        });
    }

    /// Runs `args` with `env`, which together select another region. Nothing is changed, and the error names
    /// the stack's own region and `who`, the source of the wrong region.
    fn refused(&self, args: &[&str], env: &[(&str, &str)], who: &str) {
        let proxy = Proxy::start(&self.endpoint, Duration::ZERO);
        let mut command = self.world.command_at(&proxy.url, ACCOUNT, args);
        let ran = Ran::of(command.envs(env.iter().copied()).output().unwrap());
        let said = ran.all();
        assert_eq!(ran.code, 1, "{args:?}\n{said}");
        assert_eq!(said.matches("error: ").count(), 1, "{args:?}\n{said}");
        for text in [AT_HOME, &format!("set by {who}"), "--region ap-northeast-2"] {
            assert!(said.contains(text), "{args:?}: `{text}` is missing\n{said}");
        }
        for action in proxy.actions() {
            assert!(reads(&action), "{args:?}: {action}");
        }
    }
}

#[test]
fn every_command_refuses_another_region_than_the_stacks_own_and_changes_nothing() {
    let applied = Applied::new();
    let before = inventory(&applied.endpoint, ACCOUNT, &[HOME, AWAY]);
    applied.ok(&["plan", "--save", "home.plan", "--region", HOME]);
    let commands: &[&[&str]] = &[
        &["plan"],
        &["apply", "--yes"],
        &["destroy", "--yes"],
        &["destroy", "--yes", "--stack", "mission"],
        &["status"],
        &["status", "--stack", "mission"],
        &["status", "--wait"],
        &["encrypt-hook", "--env", "SLACK_OPS", "--yes"],
        &["test"],
        // This would prompt before it sends so many messages, and nobody can answer.
        &["test", "--all"],
        &["logs"],
        &["redrive", "--list"],
        &["redrive", "--yes"],
        &["show", "endpoint"],
    ];
    for args in commands {
        let flag = [*args, &["--region", AWAY]].concat();
        applied.refused(&flag, &[], "--region");
        applied.refused(args, &[("AWS_REGION", AWAY)], "AWS_REGION");
    }
    let text = std::fs::read_to_string(applied.world.path().join("stack.yaml")).unwrap();
    applied
        .world
        .write("away.yaml", &format!("region: {AWAY}\n{text}"));
    applied.refused(&["plan", "away.yaml"], &[], "the stack file");
    applied.refused(&["apply", "away.yaml", "--yes"], &[], "the stack file");
    applied.refused(&["destroy", "away.yaml", "--yes"], &[], "the stack file");
    let config = applied
        .world
        .write("config", &format!("[default]\nregion = {AWAY}\n"));
    let profile = [("AWS_CONFIG_FILE", config.to_str().unwrap())];
    applied.refused(&["apply", "--yes"], &profile, "the profile");
    applied.refused(&["logs"], &profile, "the profile");
    assert_eq!(inventory(&applied.endpoint, ACCOUNT, &[HOME, AWAY]), before);
    let plan = applied.run(&["plan", "--detailed-exitcode", "--region", HOME]);
    assert_eq!(plan.code, 0, "{}", plan.all());
}

#[test]
fn a_saved_plan_of_another_region_is_refused_once_the_stack_has_a_home() {
    let mut world = World::new();
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let applied = Applied { world, endpoint };
    applied.ok(&["plan", "--save", "away.plan", "--region", AWAY]);
    applied.ok(&["apply", "--yes"]);
    applied.refused(&["apply", "away.plan"], &[], "the stack file");
}

#[test]
fn a_base_of_another_region_is_refused_as_one_of_another_stack_is() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let applied = Applied { world, endpoint };
    let text = std::fs::read_to_string(applied.world.path().join("stack.yaml")).unwrap();
    applied.world.write("base.yaml", &text.replace(HOME, AWAY));
    let refused = applied.run(&["plan", "--base", "base.yaml"]);
    assert_eq!(refused.code, 1, "{}", refused.all());
    let said =
        "error: `base.yaml` is for region us-west-2, not for ap-northeast-2\n  help: pass an earlier version";
    assert!(refused.stderr.contains(said), "{}", refused.all());
    // If a flag sets the region, the files' regions do not matter.
    applied.ok(&["plan", "--base", "base.yaml", "--region", HOME]);
}

#[test]
fn a_stack_made_before_roles_said_it_learns_its_home_with_the_next_apply() {
    let applied = Applied::new();
    applied.untagged();
    // According to its roles' permissions, the stack belongs to another region.
    applied.refused(&["apply", "--yes", "--region", AWAY], &[], "--region");
    applied.refused(
        &["destroy", "--yes", "--stack", "mission", "--region", AWAY],
        &[],
        "--region",
    );
    let plan = applied.ok(&["plan", "--region", HOME, "--output", "json"]);
    let expected = lines([
        "update iam-role/endpoint.search: tags.alertctl:home",
        "update iam-role/relay: tags.alertctl:home",
    ]);
    assert_eq!(planned(&plan.stdout), expected);
    applied.ok(&["apply", "--yes", "--region", HOME]);
    let plan = applied.run(&["plan", "--detailed-exitcode", "--region", HOME]);
    assert_eq!(plan.code, 0, "{}", plan.all());
    applied.refused(&["logs", "--region", AWAY], &[], "--region");
}

/// As in `docs/operations.md`: after a destroy, a stack with the same name can be created in another region.
#[test]
fn a_destroyed_stack_may_be_made_in_another_region() {
    let applied = Applied::new();
    applied.refused(&["apply", "--yes", "--region", AWAY], &[], "--region");
    applied.ok(&["destroy", "--yes", "--region", HOME]);
    applied.ok(&["apply", "--yes", "--region", AWAY]);
    let plan = applied.run(&["plan", "--detailed-exitcode", "--region", AWAY]);
    assert_eq!(plan.code, 0, "{}", plan.all());
    let back = applied.run(&["plan", "--region", HOME]);
    assert_eq!(back.code, 1, "{}", back.all());
    assert!(
        back.stderr.contains("stack `mission` is at home in us-west-2"),
        "{}",
        back.all()
    );
}
