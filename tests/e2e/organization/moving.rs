//! Accounts that move between the set and the targets, and those whose spokes are gone.

use aws_sdk_cloudformation::types::{AccountFilterType, DeploymentTargets};

use super::{APPLY, Members, REGION};
use crate::support::account::{clients_of, eventually};

/// An account has a spoke of one name only: what makes the new one waits for the end of the old one, either way.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_moves_between_the_set_and_the_targets_in_one_apply_and_a_missing_one_comes_back() {
    let members = Members::new().await;
    let Members {
        world, unit, a, b, ..
    } = &members;
    members.trust().await;
    world.ok(&APPLY);
    let targets: String = [REGION, "us-east-1"]
        .iter()
        .map(|region| format!("    - {{ account: \"{a}\", role: deploy, region: {region} }}\n"))
        .collect();
    let targets = format!("  targets:\n{targets}");
    let stacks = async || {
        let aws = clients_of(a, &members.endpoint, REGION).await.cloudformation;
        let stack = aws.describe_stacks().stack_name("hub-organization").send().await;
        stack.is_ok_and(|answer| !answer.stacks().is_empty())
    };
    world.edit(|stack| format!("{stack}{targets}"));
    world.ok(&APPLY);
    assert_eq!(members.instances().await, Members::current(&[b]));
    assert!(stacks().await);
    assert_eq!(world.run(&["plan", "--local", "--detailed-exitcode"]).code, 0);

    world.edit(|stack| stack.replace(&targets, ""));
    world.ok(&APPLY);
    assert_eq!(members.instances().await, Members::current(&[a, b]));
    assert!(!stacks().await);
    assert_eq!(world.run(&["plan", "--local", "--detailed-exitcode"]).code, 0);

    // The set may also end as a whole.
    let file = std::fs::read_to_string(world.path().join("stack.yaml")).unwrap();
    let one = format!("  targets:\n    - {{ account: \"{a}\", role: deploy, region: {REGION} }}\n");
    let without_set = file.lines().filter(|line| {
        !["  ous:", "  except:", "  regions:"]
            .iter()
            .any(|key| line.starts_with(key))
    });
    let without_set: String = without_set.map(|line| format!("{line}\n")).collect();
    world.edit(|_| without_set + &one);
    world.ok(&APPLY);
    assert!(stacks().await);
    assert_eq!(world.run(&["plan", "--local", "--detailed-exitcode"]).code, 0);
    world.edit(|_| file.clone());
    world.ok(&APPLY);
    assert_eq!(members.instances().await, Members::current(&[a, b]));

    // Somebody took the spokes of one account away.
    let reached = DeploymentTargets::builder()
        .organizational_unit_ids(unit)
        .accounts(b)
        .account_filter_type(AccountFilterType::Intersection);
    let deletion = members.management.cloudformation.delete_stack_instances();
    let deletion = deletion.stack_set_name("hub-organization").retain_stacks(false);
    let deletion = deletion.deployment_targets(reached.build());
    let deletion = deletion.regions(REGION).regions("us-east-1");
    deletion.send().await.unwrap();
    eventually("the end of the deletion", async || {
        members.instances().await == Members::current(&[a])
    })
    .await;
    let plan = world.run(&["plan", "--local"]).all();
    assert!(plan.contains("of 2: some missing in 1 accounts"), "{plan}");
    world.ok(&APPLY);
    assert_eq!(members.instances().await, Members::current(&[a, b]));
    assert_eq!(world.run(&["plan", "--local", "--detailed-exitcode"]).code, 0);
}

/// The bus is what leads to the set without the stack file. Without the bus, the file says the set's name.
#[tokio::test(flavor = "multi_thread")]
async fn a_set_whose_bus_somebody_deleted_goes_with_the_stack_file() {
    let members = Members::new().await;
    let Members { world, a, b, .. } = &members;
    members.trust().await;
    world.ok(&APPLY);
    assert_eq!(members.instances().await, Members::current(&[a, b]));
    let events = &members.management.events;
    let bus = "hub-organization";
    let rules = events.list_rules().event_bus_name(bus).send().await.unwrap();
    for rule in rules.rules() {
        let name = rule.name().unwrap();
        let targets = events.list_targets_by_rule().event_bus_name(bus).rule(name);
        let targets = targets.send().await.unwrap();
        let ids = targets.targets().iter().map(|target| target.id().to_owned());
        let removed = events.remove_targets().event_bus_name(bus).rule(name);
        removed.set_ids(Some(ids.collect())).send().await.unwrap();
        let gone = events.delete_rule().event_bus_name(bus).name(name);
        gone.send().await.unwrap();
    }
    events.delete_event_bus().name(bus).send().await.unwrap();

    world.ok(&["destroy", "--local", "--yes"]);
    let left = members.management.cloudformation.describe_stack_set();
    let left = left.stack_set_name(bus).send().await.unwrap_err();
    assert!(left.into_service_error().is_stack_set_not_found_exception());
    for account in [a, b] {
        let aws = clients_of(account, &members.endpoint, "us-east-1").await;
        let rules = aws.events.list_rules().send().await.unwrap();
        assert!(rules.rules().is_empty(), "{rules:?}");
    }
}
