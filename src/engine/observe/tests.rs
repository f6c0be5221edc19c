use aws_sdk_iam::operation::get_role::GetRoleOutput;
use aws_sdk_iam::operation::list_attached_role_policies::ListAttachedRolePoliciesOutput;
use aws_sdk_iam::operation::list_role_policies::ListRolePoliciesOutput;
use aws_sdk_iam::operation::list_roles::ListRolesOutput;
use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types::{Role, Tag};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use serde_json::json;

use super::*;
use crate::resource::eventbridge::event_bus::EventbridgeEventBus;
use crate::resource::eventbridge::rule::{EventbridgeRule, RuleState, Trigger};
use crate::resource::eventbridge::targets::{EventbridgeTargets, Target};
use crate::resource::tests::eventbridge_fake::Fake;
use crate::resource::tests::script::{known, node, owned, scope, step};
use crate::resource::{Ref, Resource, Text};

const THERE: &str = "us-east-1";

fn rule(key: &str, name: &str) -> EventbridgeRule {
    EventbridgeRule {
        name: name.into(),
        description: String::new(),
        bus: None,
        trigger: Trigger::Pattern(json!({ "source": ["aws.signin"] })),
        state: RuleState::Enabled,
        tags: owned(&node("eventbridge-rule", key)),
    }
}

fn targets(rule: Ref<EventbridgeRule>) -> EventbridgeTargets {
    let target = Target {
        id: "home".into(),
        arn: Text::arn("events", "event-bus/default"),
        role_arn: None,
        input: None,
        dead_letter_queue: None,
        retry_attempts: None,
        retry_age_seconds: None,
    };
    EventbridgeTargets {
        rule,
        targets: vec![target],
    }
}

/// A role of the stack with these tags.
fn role(tags: &crate::resource::Tags) -> Role {
    let tags = tags
        .iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build());
    Role::builder()
        .role_name("mission-forward")
        .path("/alertctl/mission/")
        .arn("arn:aws:iam::123456789012:role/alertctl/mission/mission-forward")
        .role_id("AROA1")
        .create_date(DateTime::from_secs(0))
        .set_tags(Some(tags.flatten().collect()))
        .build()
        .unwrap()
}

/// HTTP APIs are listed for every stack: the index of tags is too late for resources without a name of their own.
fn no_apis(clients: &mut crate::aws::Clients) {
    let none = mock!(aws_sdk_apigatewayv2::Client::get_apis)
        .then_output(|| aws_sdk_apigatewayv2::operation::get_apis::GetApisOutput::builder().build());
    clients.apigateway = mock_client!(aws_sdk_apigatewayv2, RuleMode::MatchAny, &[none]);
}

/// The stack's own region, in which only this role is left, and `there` with its resources.
fn home(tags: crate::resource::Tags, there: &Fake) -> Aws {
    let role = role(&tags);
    let listed = role.clone();
    let rules = [
        mock!(aws_sdk_iam::Client::list_roles)
            .then_output(move || ListRolesOutput::builder().roles(listed.clone()).build().unwrap()),
        mock!(aws_sdk_iam::Client::get_role)
            .then_output(move || GetRoleOutput::builder().role(role.clone()).build()),
        mock!(aws_sdk_iam::Client::list_attached_role_policies)
            .then_output(|| ListAttachedRolePoliciesOutput::builder().build()),
        mock!(aws_sdk_iam::Client::list_role_policies).then_output(|| {
            ListRolePoliciesOutput::builder()
                .set_policy_names(Some(Vec::new()))
                .build()
                .unwrap()
        }),
    ];
    Aws::mocked(Vec::new(), |clients| {
        clients.iam = mock_client!(aws_sdk_iam, RuleMode::MatchAny, &rules);
        no_apis(clients);
    })
    .and_in(THERE, there.tagged(), |clients| there.put(clients))
}

#[tokio::test(start_paused = true)]
async fn what_is_left_in_another_region_is_found_through_the_role_that_forwards_from_there() {
    let there = Fake::new(THERE);
    let aws = home(owned(&node("iam-role", "forward")), &there);
    let far = aws.at(THERE);
    let cx = step(&far, known(&[]));
    let mut graph = Graph::default();
    let reference = graph.add("logins@us-east-1", rule("logins@us-east-1", "mission-logins"));
    rule("logins@us-east-1", "mission-logins")
        .create(&cx)
        .await
        .unwrap();
    let targets = targets(reference);
    targets.create(&cx).await.unwrap();
    // The node tag of the second rule is lost.
    let mut lost = rule("", "mission-root");
    lost.tags.remove("alertctl:node");
    lost.create(&cx).await.unwrap();

    let role_id = node("iam-role", "forward");
    let tagged = owned(&role_id);
    let seen = observe(&home(tagged.clone(), &there), &Graph::default())
        .await
        .unwrap();
    let ids = |seen: &Observation| -> Vec<String> {
        let mut ids: Vec<_> = seen.orphans.iter().map(|(id, _)| id.to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&seen), ["iam-role/forward"]);

    let mut leading = tagged;
    leading.insert("alertctl:region".into(), THERE.into());
    let seen = observe(&home(leading, &there), &Graph::default()).await.unwrap();
    assert_eq!(
        ids(&seen),
        [
            "eventbridge-rule/logins@us-east-1",
            "eventbridge-rule/mission-root@us-east-1",
            "eventbridge-targets/logins@us-east-1",
            "iam-role/forward",
        ]
    );
    assert!(
        seen.orphans
            .iter()
            .all(|(id, _)| id.kind == "iam-role" || id.region() == Some(THERE))
    );
    assert_eq!(seen.scope, scope());
    let deletions = crate::engine::plan::plan("mission", &Graph::default(), &seen, &Default::default());
    let at = |kind: &str| {
        let of_kind = |step: &crate::engine::plan::Step| step.id.kind == kind;
        deletions.steps.iter().position(of_kind).unwrap()
    };
    let after = |kind: &str| &deletions.steps[at(kind)].after;
    assert!(after("eventbridge-rule").contains(&at("eventbridge-targets")));
    assert!(after("iam-role").contains(&at("eventbridge-rule")));
    // The targets of one rule keep no deletion of another rule waiting.
    let mut steps = deletions.steps.iter();
    let other = steps.find(|step| step.name == "mission-root").unwrap();
    assert!(other.after.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_denial_in_a_region_that_nobody_wrote_says_why_the_stack_is_there() {
    let there = Fake::new(THERE);
    let text =
        "not authorized to perform: events:ListRules with an explicit deny in a service control policy";
    there.script.refuse("rules", 9, "AccessDeniedException", text);
    let mut graph = Graph::default();
    graph.add("logins@us-east-1", rule("logins@us-east-1", "mission-logins"));
    graph.hears(THERE, "the rule `logins` (`preset: console-sign-in`)");
    let role = home(owned(&node("iam-role", "forward")), &there);
    let faults = observe(&role, &graph).await.err().unwrap();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].message.starts_with("in us-east-1: "), "{faults:?}");
    let hint = faults[0].help();
    for part in [
        "a service control policy denies `events:ListRules`",
        "the rule `logins` (`preset: console-sign-in`) listens for",
        "`pattern:`",
    ] {
        assert!(hint.contains(part), "{hint}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_moves_to_another_bus_is_made_there_with_its_targets_before_the_old_one_goes() {
    use crate::engine::plan::Action;
    let fake = Fake::new("eu-west-1");
    let stack = |bus: Option<&str>| {
        let mut graph = Graph::default();
        let bus = bus.map(|name| EventbridgeEventBus {
            name: name.into(),
            description: None,
            policy: None,
            tags: owned(&node("eventbridge-event-bus", "security")),
        });
        let rule = EventbridgeRule {
            bus: bus.map(|bus| graph.add("security", bus)),
            ..rule("logins", "mission-logins")
        };
        let rule = graph.add("logins", rule);
        graph.add("logins", targets(rule));
        graph
    };
    let home = || {
        let rules = [mock!(aws_sdk_iam::Client::list_roles).then_output(|| {
            ListRolesOutput::builder()
                .set_roles(Some(Vec::new()))
                .build()
                .unwrap()
        })];
        Aws::mocked(fake.tagged(), |clients| {
            clients.iam = mock_client!(aws_sdk_iam, RuleMode::MatchAny, &rules);
            no_apis(clients);
            fake.put(clients);
        })
    };
    let aws = home();
    let before = stack(None);
    for node in before.nodes() {
        node.resource.create(&step(&aws, known(&[]))).await.unwrap();
    }
    let after = stack(Some("mission-security"));
    let seen = observe(&home(), &after).await.unwrap();
    let plan = crate::engine::plan::plan("mission", &after, &seen, &Default::default());
    let shown: Vec<_> = plan
        .steps
        .iter()
        .map(|step| (step.action, step.id.kind, step.name.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            (Action::Create, "eventbridge-event-bus", "mission-security"),
            (
                Action::Create,
                "eventbridge-rule",
                "mission-security/mission-logins"
            ),
            (
                Action::Create,
                "eventbridge-targets",
                "mission-security/mission-logins"
            ),
            (Action::Delete, "eventbridge-rule", "mission-logins"),
            (Action::Delete, "eventbridge-targets", "mission-logins"),
        ]
    );
    assert_eq!(
        (&plan.steps[2].after, &plan.steps[3].after),
        (&vec![1], &vec![2, 4])
    );
}

/// Kinds that are owned through their parent call what lives in a stranger's ours.
#[test]
fn what_lives_in_a_strangers_resource_is_left_with_it() {
    let mut graph = Graph::default();
    let rule = graph.add("logins", rule("logins", "mission-logins"));
    let strangers = rule.id().clone();
    let within = graph.add("logins", targets(rule)).id().clone();
    let live = || std::rc::Rc::new(()) as AnyLive;
    let seen = Observation {
        scope: scope(),
        wanted: HashMap::from([
            (strangers, Presence::Foreign(live())),
            (within, Presence::Ours(live())),
        ]),
        orphans: Vec::new(),
        warnings: Vec::new(),
    };
    assert!(seen.none_wanted(&graph).orphans.is_empty());
}
