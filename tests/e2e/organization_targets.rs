//! Targets of an organization: stacks in another account, made with a role of that account.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_cloudformation::types::{Stack, Tag};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::account::{ACCOUNT, clients, clients_of, planned};
use crate::support::proxy::{Fate, Proxy};
use crate::support::{Ran, World, http};

const REGION: &str = "eu-west-1";
const NAME: &str = "hub-organization";
const BUS: &str = "arn:aws:events:eu-west-1:000000000000:event-bus/hub-organization";

/// The management account of an organization, and a member that is a target in two regions.
struct Hub {
    world: World,
    endpoint: String,
    member: String,
    runtime: Runtime,
}

impl Hub {
    fn new() -> Self {
        let world = World::new();
        let (endpoint, _) = world.up();
        let runtime = Runtime::new().unwrap();
        let (id, member) = runtime.block_on(async {
            let aws = clients(&endpoint, REGION).await.organizations;
            let told = aws.describe_organization().send().await.unwrap();
            let made = aws.create_account().email("a@example.com").account_name("member");
            let made = made.send().await.unwrap().create_account_status.unwrap();
            (told.organization.unwrap().id.unwrap(), made.account_id.unwrap())
        });
        let target = |region: &str| {
            format!("    - {{ account: \"{member}\", role: ops/alertctl-deploy, region: {region} }}\n")
        };
        let stack = format!(
            "stack: hub\nregion: {REGION}\ntopics:\n  ops: {{ subscriptions: [{{ email: a@example.com }}] }}\nrules:\n  \
             findings: {{ pattern: {{ source: [aws.guardduty] }}, to: [ops] }}\norganization:\n  id: {id}\n  \
             forward: [findings, alarms]\n  to: [ops]\n  targets:\n{}{}",
            target("eu-central-1"),
            target("us-east-1")
        );
        world.write("stack.yaml", &stack);
        Self {
            world,
            endpoint,
            member,
            runtime,
        }
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.world.run_at(&self.endpoint, ACCOUNT, args)
    }

    fn ok(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.all());
        ran
    }

    /// Runs it where calls meet the fate that `judge` says.
    fn run_with(&self, args: &[&str], judge: impl Fn(&str) -> Fate + Send + Sync + 'static) -> Ran {
        let proxy = Proxy::judging(&self.endpoint, Duration::ZERO, move |_, action: &str| {
            judge(action)
        });
        self.world.run_at(&proxy.url, ACCOUNT, args)
    }

    /// The steps of the plan that are about the member's stacks.
    fn planned(&self) -> BTreeSet<String> {
        let steps = planned(&self.run(&["plan", "--output", "json"]).stdout);
        steps
            .into_iter()
            .filter(|step| step.contains("cloudformation-stack/"))
            .collect()
    }

    fn without(&self, region: &str) {
        self.world.edit(|text| {
            let lines = text
                .lines()
                .filter(|line| !line.contains(&format!("region: {region} }}")));
            lines.fold(String::new(), |text, line| text + line + "\n")
        });
    }

    /// The member's stack in a region.
    fn stack(&self, region: &str) -> Option<Stack> {
        self.runtime.block_on(async {
            let member = clients_of(&self.member, &self.endpoint, region)
                .await
                .cloudformation;
            let answer = member.describe_stacks().stack_name(NAME).send().await.ok()?;
            answer.stacks?.into_iter().next()
        })
    }

    /// The regions that the hub's bus remembers.
    fn remembered(&self) -> Vec<String> {
        let start = format!("alertctl:spoke:{}:", self.member);
        self.runtime.block_on(async {
            let hub = clients(&self.endpoint, REGION).await.events;
            let tags = hub.list_tags_for_resource().resource_arn(BUS).send().await;
            let tags = tags.ok().and_then(|answer| answer.tags).unwrap_or_default();
            let regions = tags.iter().filter_map(|tag| tag.key.strip_prefix(&start));
            // Stacks are made at the same time, and their tags come in any order.
            let regions: BTreeSet<_> = regions.map(str::to_owned).collect();
            regions.into_iter().collect()
        })
    }

    fn id(&self, region: &str) -> String {
        format!("cloudformation-stack/{}.{region}", self.member)
    }
}

fn value<'t>(tags: &'t [Tag], key: &str) -> Option<&'t str> {
    tags.iter().find(|tag| tag.key() == Some(key))?.value()
}

#[test]
fn one_plan_makes_changes_and_deletes_stacks_in_another_account() {
    let hub = Hub::new();
    let both = ["eu-central-1", "us-east-1"];
    assert_eq!(
        hub.planned(),
        both.map(|region| format!("create {}", hub.id(region))).into()
    );
    hub.ok(&["apply", "--yes"]);
    for region in both {
        let stack = hub.stack(region).expect("a stack");
        assert_eq!(
            stack.stack_status().map(|status| status.as_str()),
            Some("CREATE_COMPLETE")
        );
        assert_eq!(value(stack.tags(), "alertctl:hub"), Some("hub"));
        assert_eq!(value(stack.tags(), "alertctl:hub-account"), Some(ACCOUNT));
        assert_eq!(value(stack.tags(), "alertctl:stack"), None);
    }
    assert_eq!(hub.remembered(), both);
    hub.ok(&["plan", "--detailed-exitcode"]);
    let status = hub.run(&["status"]);
    assert!(status.stdout.contains("CREATE_COMPLETE"), "{}", status.all());
    // An event there reaches the hub.
    let url = format!(
        "{}/_alertctl/event?account={}&region=us-east-1",
        hub.endpoint, hub.member
    );
    let event = r#"{"source":"aws.guardduty","detail-type":"GuardDuty Finding","detail":{"severity":8}}"#;
    let (_, heard) = http("POST", &url, &[], event);
    assert!(heard.contains("\"bus\": \"hub-organization\""), "{heard}");

    // Another rule is forwarded, and one target goes.
    hub.without("us-east-1");
    hub.world.edit(|text| text.replace("aws.guardduty", "aws.health"));
    let steps = [
        format!("delete {}", hub.id("us-east-1")),
        format!("update {}: template", hub.id("eu-central-1")),
    ];
    assert_eq!(hub.planned(), steps.into());
    hub.ok(&["apply", "--yes"]);
    assert!(hub.stack("us-east-1").is_none());
    assert_eq!(hub.remembered(), ["eu-central-1"]);
    hub.ok(&["plan", "--detailed-exitcode"]);

    // The name is enough.
    std::fs::remove_file(hub.world.path().join("stack.yaml")).unwrap();
    hub.ok(&["destroy", "--stack", "hub", "--region", REGION, "--yes"]);
    assert!(hub.stack("eu-central-1").is_none());
    assert!(hub.remembered().is_empty());
}

#[test]
fn a_run_that_stops_in_the_middle_is_finished_by_the_next() {
    let hub = Hub::new();
    hub.without("us-east-1");
    let ran = hub.run_with(&["apply", "--yes"], |action| match action {
        "cloudformation:CreateStack" => Fate::Refuse(403, "AccessDenied", "not authorized"),
        _ => Fate::Pass,
    });
    assert_ne!(ran.code, 0, "{}", ran.all());
    assert!(ran.stderr.contains("alertctl policy --target"), "{}", ran.all());
    assert_eq!(hub.remembered(), ["eu-central-1"]);
    // What the bus remembers and nobody made is no obstacle to destroy, and then to another apply whose answer is lost.
    hub.ok(&["destroy", "--yes"]);
    assert!(hub.remembered().is_empty());
    let is_lost = AtomicBool::new(false);
    let ran = hub.run_with(&["apply", "--yes"], move |action| {
        match action == "cloudformation:CreateStack" && !is_lost.swap(true, Ordering::SeqCst) {
            true => Fate::lost(),
            false => Fate::Pass,
        }
    });
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(hub.stack("eu-central-1").is_some());
    hub.ok(&["plan", "--detailed-exitcode"]);
    hub.ok(&["destroy", "--yes"]);
    assert!(hub.stack("eu-central-1").is_none());
}

#[test]
fn a_role_that_cannot_be_assumed_is_named_with_what_it_needs() {
    let hub = Hub::new();
    let ran = hub.run_with(&["plan"], |action| match action {
        "sts:AssumeRole" => Fate::Refuse(403, "AccessDenied", "User: x is not authorized"),
        _ => Fate::Pass,
    });
    assert_ne!(ran.code, 0, "{}", ran.all());
    let member = &hub.member;
    for part in [
        format!("cloudformation-stack/{member}."),
        format!("arn:aws:iam::{member}:role/ops/alertctl-deploy"),
        format!("alertctl policy --target {member}"),
    ] {
        assert!(ran.stderr.contains(&part), "{part}: {}", ran.all());
    }
    let policy = hub.ok(&["policy", "--target", member, "--output", "json"]);
    let policy: Value = serde_json::from_str(&policy.stdout).unwrap();
    let role = &policy["roles"][0];
    assert_eq!(role["role"], "ops/alertctl-deploy");
    let principal = format!("arn:aws:iam::{ACCOUNT}:root");
    assert_eq!(
        role["trust"]["Statement"][0]["Principal"]["AWS"],
        json!(principal)
    );
    let stacks = ["eu-central-1", "us-east-1"]
        .map(|region| format!("arn:aws:cloudformation:{region}:{member}:stack/hub-organization/*"));
    assert_eq!(role["permissions"]["Statement"][0]["Resource"], json!(stacks));
    let other = hub.run(&["policy", "--target", "999999999999"]);
    let known = format!("its targets are in {member}");
    assert!(other.stderr.contains(&known), "{}", other.all());
}
