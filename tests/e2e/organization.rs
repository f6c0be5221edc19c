//! An organization through the real binary: a hub in its management account, and spokes in its members' accounts.

use std::time::{Duration, Instant};

use alertctl::aws::connect::Clients;
use aws_sdk_organizations::types::Tag;
use serde_json::Value;

use crate::support::account::{ACCOUNT, clients, clients_of, eventually};
use crate::support::proxy::{Fate, Proxy};
use crate::support::{NO_WEBHOOK, Ran, World, http};

mod arrival;
mod coverage;
mod joining;
mod moto;
mod moving;
mod policies;
mod scale;
mod trail;

const REGION: &str = "eu-central-1";

/// A world with an organization: the local AWS, a unit of two accounts, and one account outside of the unit.
struct Members {
    world: World,
    endpoint: String,
    inbox: String,
    /// The organization's.
    id: String,
    management: Clients,
    root: String,
    unit: String,
    a: String,
    b: String,
    outside: String,
}

async fn new_account(aws: &Clients, name: &str, root: &str, unit: &str) -> String {
    let email = format!("{name}@example.com");
    let made = aws.organizations.create_account().email(email).account_name(name);
    let status = made.send().await.unwrap().create_account_status.unwrap();
    let id = status.account_id.unwrap();
    if unit != root {
        let moved = aws.organizations.move_account().account_id(&id);
        let moved = moved.source_parent_id(root).destination_parent_id(unit);
        moved.send().await.unwrap();
    }
    id
}

impl Members {
    async fn new() -> Self {
        let mut world = World::new();
        world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
        let (endpoint, inbox) = world.up();
        let management = clients(&endpoint, REGION).await;
        let told = management.organizations.describe_organization();
        let id = told.send().await.unwrap().organization.unwrap().id.unwrap();
        let roots = management.organizations.list_roots().send().await.unwrap();
        let root = roots.roots()[0].id().unwrap().to_owned();
        let unit = management.organizations.create_organizational_unit();
        let unit = unit.parent_id(&root).name("prod").send().await.unwrap();
        let unit = unit.organizational_unit.unwrap().id.unwrap();
        let a = new_account(&management, "service-a", &root, &unit).await;
        let b = new_account(&management, "service-b", &root, &unit).await;
        let outside = new_account(&management, "outside", &root, &root).await;
        let members = Self {
            world,
            endpoint,
            inbox,
            id,
            management,
            root,
            unit,
            a,
            b,
            outside,
        };
        members.write();
        members
    }

    fn write(&self) {
        let Self { unit, id, .. } = self;
        let stack = format!(
            "stack: hub\nregion: {REGION}\nchannels:\n  ops: {{ webhook: {{ env: SLACK_WEBHOOK_URL }} }}\nrules:\n  \
             findings: {{ pattern: {{ source: [aws.guardduty] }}, to: [ops] }}\norganization:\n  id: {id}\n  ous: [{unit}]\n  \
             except: [\"{ACCOUNT}\"]\n  regions: [{REGION}, us-east-1]\n  forward: [findings, alarms]\n  to: [ops]\n"
        );
        self.world.write("stack.yaml", &stack);
    }

    async fn trust(&self) {
        let activate = self.management.cloudformation.activate_organizations_access();
        activate.send().await.unwrap();
    }

    /// Account, region and status of each instance.
    async fn instances(&self) -> Vec<String> {
        let list = self.management.cloudformation.list_stack_instances();
        let list = list.stack_set_name("hub-organization").send().await.unwrap();
        let line = |one: &aws_sdk_cloudformation::types::StackInstanceSummary| {
            let status = one.status().unwrap().as_str();
            format!("{} {} {status}", one.account().unwrap(), one.region().unwrap())
        };
        let mut lines: Vec<_> = list.summaries().iter().map(line).collect();
        lines.sort();
        lines
    }

    /// Every account with each region, all current.
    fn current(accounts: &[&str]) -> Vec<String> {
        let of = |account: &&str| [REGION, "us-east-1"].map(|region| format!("{account} {region} CURRENT"));
        let mut lines: Vec<_> = accounts.iter().flat_map(of).collect();
        lines.sort();
        lines
    }

    /// The rules that hear an event on the default bus of an account.
    fn put(&self, account: &str, region: &str) -> Vec<String> {
        let event = r#"{"source":"aws.guardduty","detail-type":"GuardDuty Finding","detail":{"severity":8}}"#;
        let url = format!(
            "{}/_alertctl/event?region={region}&account={account}",
            self.endpoint
        );
        let (status, body) = http("POST", &url, &[], event);
        assert_eq!(status, 200, "{body}");
        let told: Value = serde_json::from_str(&body).unwrap();
        let rules = told["matched"].as_array().unwrap().iter();
        rules
            .map(|rule| {
                format!(
                    "{} {}",
                    rule["bus"].as_str().unwrap(),
                    rule["rule"].as_str().unwrap()
                )
            })
            .collect()
    }

    /// How many messages wait in the queue of a spoke.
    async fn dead_letters(&self, account: &str, region: &str) -> usize {
        let aws = clients_of(account, &self.endpoint, region).await;
        let queues = aws.sqs.list_queues().send().await.unwrap();
        let mut count = 0;
        for url in queues.queue_urls() {
            let received = aws
                .sqs
                .receive_message()
                .queue_url(url)
                .max_number_of_messages(10);
            count += received.send().await.unwrap().messages().len();
        }
        count
    }

    /// Runs it where the caller is denied this action.
    fn refusing(&self, denied: &'static str, args: &[&str]) -> Ran {
        let judge = move |_: usize, action: &str| match action == denied {
            true => Fate::Refuse(403, "AccessDeniedException", "not authorized"),
            false => Fate::Pass,
        };
        // The proxy has a runtime of its own.
        tokio::task::block_in_place(|| {
            let proxy = Proxy::judging(&self.endpoint, Duration::ZERO, judge);
            self.world.run_at(&proxy.url, ACCOUNT, args)
        })
    }

    async fn fail(&self, account: &str, reason: Option<&str>) {
        self.tag(account, "stack-set-fails", reason).await;
    }

    /// Sets a tag of an account, or takes it away.
    async fn tag(&self, account: &str, key: &str, value: Option<&str>) {
        let organizations = &self.management.organizations;
        match value {
            Some(value) => {
                let tag = Tag::builder().key(key).value(value).build().unwrap();
                let tagged = organizations.tag_resource().resource_id(account).tags(tag);
                tagged.send().await.unwrap();
            }
            None => {
                let untagged = organizations.untag_resource().resource_id(account);
                untagged.tag_keys(key).send().await.unwrap();
            }
        }
    }
}

const APPLY: [&str; 3] = ["apply", "--local", "--yes"];

#[tokio::test(flavor = "multi_thread")]
async fn spokes_come_into_the_members_accounts_forward_to_the_hub_and_go_again() {
    let members = Members::new().await;
    let Members { world, a, b, .. } = &members;
    let unready = world.run(&["plan", "--local"]);
    assert!(
        unready
            .all()
            .contains("aws cloudformation activate-organizations-access"),
        "{}",
        unready.all()
    );
    members.trust().await;
    world.ok(&APPLY);
    assert_eq!(members.instances().await, Members::current(&[a, b]));

    let heard = members.put(a, "us-east-1");
    assert!(
        heard.iter().any(|rule| rule.starts_with("hub-organization ")),
        "{heard:?}"
    );
    // The spoke's template goes into an account of another organization: the hub does not listen, and nothing is lost.
    let template = members.management.cloudformation.describe_stack_set();
    let template = template.stack_set_name("hub-organization").send().await.unwrap();
    let set = template.stack_set.unwrap();
    let stranger = "999999999999";
    let there = clients_of(stranger, &members.endpoint, REGION).await;
    let stack = there.cloudformation.create_stack().stack_name("spoke");
    let stack = stack
        .template_body(set.template_body.unwrap())
        .set_parameters(set.parameters);
    let capability = aws_sdk_cloudformation::types::Capability::CapabilityNamedIam;
    stack.capabilities(capability).send().await.unwrap();
    eventually("the stranger's spoke", async || {
        let rules = there.events.list_rules().send().await.unwrap();
        !rules.rules().is_empty()
    })
    .await;
    let heard = members.put(stranger, REGION);
    assert!(
        !heard.iter().any(|rule| rule.starts_with("hub-organization ")),
        "{heard:?}"
    );
    assert_eq!(members.dead_letters(stranger, REGION).await, 1);

    let plan = world.ok(&["plan", "--local"]).all();
    assert!(
        plan.contains("no changes") || plan.contains("4 stacks: 2 accounts × 2 regions"),
        "{plan}"
    );
    let again = world.ok(&["plan", "--local", "--detailed-exitcode"]);
    assert_eq!(again.code, 0, "{}", again.all());

    // An account that joins gets its spoke by itself, which is no change.
    let joined = new_account(&members.management, "joined", &members.root, &members.unit).await;
    eventually("the spoke of the account that joined", async || {
        members.instances().await == Members::current(&[a, b, &joined])
    })
    .await;
    // Its name is not part of anything that is deployed.
    let again = world.ok(&["plan", "--local", "--detailed-exitcode"]);
    assert_eq!(again.code, 0, "{}", again.all());

    // Nor is it to whoever may not list accounts: nothing changes, and it is said once.
    let applied = world.run_at(&members.endpoint, ACCOUNT, &["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{}", applied.all());
    let denied = members.refusing("organizations:ListAccounts", &["plan", "--detailed-exitcode"]);
    assert_eq!(denied.code, 0, "{}", denied.all());
    assert_eq!(
        denied.stderr.matches("cannot be listed").count(),
        1,
        "{}",
        denied.all()
    );

    // `destroy` needs the name alone.
    world.ok(&["destroy", "--local", "--yes"]);
    let left = members.management.cloudformation.describe_stack_set();
    let left = left.stack_set_name("hub-organization").send().await.unwrap_err();
    assert!(left.into_service_error().is_stack_set_not_found_exception());
    for account in [a, b, &joined] {
        for region in [REGION, "us-east-1"] {
            let aws = clients_of(account, &members.endpoint, region).await;
            let rules = aws.events.list_rules().send().await.unwrap();
            assert!(rules.rules().is_empty(), "{rules:?}");
            assert!(
                aws.sqs
                    .list_queues()
                    .send()
                    .await
                    .unwrap()
                    .queue_urls()
                    .is_empty()
            );
            assert!(aws.iam.list_roles().send().await.unwrap().roles().is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_fails_is_told_and_the_next_apply_repairs_it_alone() {
    let members = Members::new().await;
    let Members { world, a, b, .. } = &members;
    members.trust().await;
    members
        .fail(b, Some("an explicit deny in a service control policy"))
        .await;
    let failed = world.run(&APPLY);
    assert_eq!(failed.code, 1, "{}", failed.all());
    let said = failed.all();
    assert!(said.contains("2 of 4 stack instances failed"), "{said}");
    assert!(
        said.contains("an explicit deny in a service control policy"),
        "{said}"
    );
    assert!(said.contains(&format!("{b} (eu-central-1, us-east-1)")), "{said}");

    let plan = world.run(&["plan", "--local"]).all();
    assert!(plan.contains("of 4: 2 outdated"), "{plan}");
    let status = world.run(&["status", "--local"]).all();
    assert!(status.contains("of 4: 2 outdated"), "{status}");
    members.fail(b, None).await;
    world.ok(&APPLY);
    assert_eq!(members.instances().await, Members::current(&[a, b]));
    let again = world.ok(&["plan", "--local", "--detailed-exitcode"]);
    assert_eq!(again.code, 0, "{}", again.all());
}

#[tokio::test(flavor = "multi_thread")]
async fn units_and_regions_that_leave_the_file_lose_their_spokes() {
    let members = Members::new().await;
    let Members {
        world, a, outside, ..
    } = &members;
    members.trust().await;
    world.ok(&APPLY);
    let other = members.management.organizations.create_organizational_unit();
    let other = other.parent_id(&members.root).name("dev").send().await.unwrap();
    let other = other.organizational_unit.unwrap().id.unwrap();
    let moved = members
        .management
        .organizations
        .move_account()
        .account_id(outside);
    let moved = moved
        .source_parent_id(&members.root)
        .destination_parent_id(&other);
    moved.send().await.unwrap();
    world.edit(|stack| {
        stack
            .replace(&format!("ous: [{}]", members.unit), &format!("ous: [{other}]"))
            .replace(", us-east-1]", "]")
    });
    world.ok(&APPLY);
    assert_eq!(members.instances().await, [format!("{outside} {REGION} CURRENT")]);
    let gone = clients_of(a, &members.endpoint, "us-east-1").await;
    assert!(gone.events.list_rules().send().await.unwrap().rules().is_empty());

    // Without `organization`, the set is left over and goes before its bus.
    world.edit(|stack| stack.split("organization:").next().unwrap().to_owned());
    world.ok(&APPLY);
    let buses = members.management.events.list_event_buses().send().await.unwrap();
    assert_eq!(buses.event_buses().len(), 1, "{buses:?}");
    let gone = clients_of(outside, &members.endpoint, REGION).await;
    assert!(gone.events.list_rules().send().await.unwrap().rules().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_while_it_waits_is_gone_on_with() {
    let members = Members::new().await;
    let Members { world, a, b, .. } = &members;
    members.trust().await;
    for after in [300, 700, 1_500, 2_500] {
        let mut run = world.command(&APPLY).spawn().unwrap();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(after) && run.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let _ = run.kill();
        let _ = run.wait();
    }
    world.ok(&APPLY);
    assert_eq!(members.instances().await, Members::current(&[a, b]));
    let again = world.ok(&["plan", "--local", "--detailed-exitcode"]);
    assert_eq!(again.code, 0, "{}", again.all());
    let operations = members.management.cloudformation.list_stack_set_operations();
    let operations = operations
        .stack_set_name("hub-organization")
        .send()
        .await
        .unwrap();
    assert!(operations.summaries().len() <= 2, "{operations:?}");
}
