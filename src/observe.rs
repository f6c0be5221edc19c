//! Reads everything a stack is made of, all kinds and regions side by side.

use std::collections::{BTreeSet, HashMap};

use futures::future::join_all;

use crate::aws::{Aws, Fault, Scope};
use crate::graph::{Graph, Node};
use crate::resource::any::{AnyLive, AnyObserved, AnyWanted, Kind};
use crate::resource::kinds::kind;
use crate::resource::{KINDS, NodeId, Presence, Result};

pub mod home;
mod owned;
mod subject;

/// What was found in the account.
pub struct Observation {
    pub scope: Scope,
    /// What holds the name of each wanted node.
    pub wanted: HashMap<NodeId, Presence<AnyLive>>,
    /// What the stack owns and the graph does not want.
    pub orphans: Vec<(NodeId, AnyLive)>,
    /// What the stack relies on without owning it, and is not so.
    pub warnings: Vec<String>,
}

/// Observes every node of `graph` and everything else the stack owns.
///
/// Other regions than the stack's own are read where the graph names them, and where a resource that was
/// found says so: the role that may forward from there outlives everything that is there.
///
/// # Errors
/// Where the stack is at home in another region, that and nothing else; otherwise every refusal, one for each kind
/// that could not be read. Never an incomplete observation.
pub async fn observe(aws: &Aws, graph: &Graph) -> Result<Observation, Vec<Fault>> {
    let regions = graph.regions();
    let home = KINDS.iter().map(|kind| of_kind(aws, graph, kind, None));
    let there = regions.iter().map(|region| elsewhere(aws, graph, region));
    let expected = graph.expectations().iter().map(|what| what.unmet(aws));
    let (scope, seen, there, warnings) =
        tokio::join!(aws.scope(), join_all(home), join_all(there), join_all(expected));
    // Without an identity every other answer fails too, and for the same reason.
    let mut found = Found::new(scope.map_err(|fault| vec![fault])?.clone());
    seen.into_iter().for_each(|seen| found.take(seen));
    there.into_iter().flatten().for_each(|seen| found.take(seen));
    for warning in warnings {
        match warning {
            Ok(warning) => found.observation.warnings.extend(warning),
            Err(fault) => found.refused(fault),
        }
    }

    let left: BTreeSet<_> = found
        .regions()
        .filter(|region| !regions.contains(region))
        .collect();
    let left: Vec<String> = left.into_iter().map(str::to_owned).collect();
    for seen in join_all(left.iter().map(|region| elsewhere(aws, graph, region))).await {
        seen.into_iter().for_each(|seen| found.take(seen));
    }
    // In another region anything may be refused for that reason alone.
    if let Some(home) = found.observation.home() {
        return Err(vec![home::elsewhere(aws, &home)]);
    }
    if found.faults.is_empty() {
        Ok(found.observation)
    } else {
        Err(found.faults)
    }
}

/// The ids of the wanted nodes that were looked for, and what was seen.
type Seen = Result<(Vec<NodeId>, AnyObserved)>;

async fn elsewhere(aws: &Aws, graph: &Graph, region: &str) -> Vec<Seen> {
    let there = aws.at(region);
    let kinds = KINDS.iter().filter(|kind| kind.in_other_regions);
    join_all(kinds.map(|kind| of_kind(&there, graph, kind, Some(region)))).await
}

/// Observes one kind in the region of `aws`, which is `region` where it is not the stack's own.
async fn of_kind(aws: &Aws, graph: &Graph, kind: &Kind, region: Option<&str>) -> Seen {
    let here = |node: &&Node| node.id.kind == kind.name && node.id.region() == region;
    let wanted: Vec<AnyWanted<'_>> = graph
        .nodes()
        .iter()
        .filter(here)
        .map(|node| (node.id.clone(), &*node.resource))
        .collect();
    let mut seen = match (kind.observe)(aws, &wanted).await {
        Ok(seen) => seen,
        Err(fault) => return Err(subject::named(aws, fault, kind, &wanted).await),
    };
    if let Some(region) = region {
        for (id, _) in &mut seen.orphans {
            // Where a lost tag was made up for by the physical name.
            if id.region() != Some(region) {
                id.key = format!("{}@{region}", id.key);
            }
        }
    }
    Ok((wanted.into_iter().map(|(id, _)| id).collect(), seen))
}

struct Found {
    observation: Observation,
    faults: Vec<Fault>,
}

impl Found {
    fn new(scope: Scope) -> Self {
        Self {
            observation: Observation {
                scope,
                wanted: HashMap::new(),
                orphans: Vec::new(),
                warnings: Vec::new(),
            },
            faults: Vec::new(),
        }
    }

    fn take(&mut self, seen: Seen) {
        match seen {
            Ok((wanted, seen)) => {
                self.observation
                    .wanted
                    .extend(wanted.into_iter().zip(seen.wanted));
                self.observation.orphans.extend(seen.orphans);
            }
            Err(fault) => self.refused(fault),
        }
    }

    fn refused(&mut self, fault: Fault) {
        if !self.faults.iter().any(|known| known.is_same(&fault)) {
            self.faults.push(fault);
        }
    }

    /// The other regions that what was found leads to.
    fn regions(&self) -> impl Iterator<Item = &str> {
        self.observation
            .owned()
            .filter_map(|(id, live)| (kind(id.kind).leads_to)(live))
            .filter(|region| *region != self.observation.scope.region)
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_iam::operation::get_role::GetRoleOutput;
    use aws_sdk_iam::operation::list_attached_role_policies::ListAttachedRolePoliciesOutput;
    use aws_sdk_iam::operation::list_role_policies::ListRolePoliciesOutput;
    use aws_sdk_iam::operation::list_roles::ListRolesOutput;
    use aws_sdk_iam::primitives::DateTime;
    use aws_sdk_iam::types::{Role, Tag};
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use serde_json::json;

    use super::*;
    use crate::resource::eventbridge_event_bus::EventbridgeEventBus;
    use crate::resource::eventbridge_fake::Fake;
    use crate::resource::eventbridge_rule::{EventbridgeRule, RuleState};
    use crate::resource::eventbridge_targets::{EventbridgeTargets, Target};
    use crate::resource::script::{known, node, owned, scope, step};
    use crate::resource::{Ref, Resource, Text};

    const THERE: &str = "us-east-1";

    fn rule(key: &str, name: &str) -> EventbridgeRule {
        EventbridgeRule {
            name: name.into(),
            description: String::new(),
            bus: None,
            bus_name: "default".into(),
            pattern: json!({ "source": ["aws.signin"] }),
            state: RuleState::Enabled,
            gates: Vec::new(),
            tags: owned(&node("eventbridge-rule", key)),
        }
    }

    fn targets(rule: Ref<EventbridgeRule>, bus: &str) -> EventbridgeTargets {
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
            rule_name: "mission-logins".into(),
            bus_name: bus.into(),
            targets: vec![target],
            gates: Vec::new(),
        }
    }

    /// A role of the stack that says so with `tags`.
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

    /// HTTP APIs are listed for every stack: the index of tags comes too late for what has no name of its own.
    fn no_apis(clients: &mut crate::aws::Clients) {
        let none = mock!(aws_sdk_apigatewayv2::Client::get_apis)
            .then_output(|| aws_sdk_apigatewayv2::operation::get_apis::GetApisOutput::builder().build());
        clients.apigateway = mock_client!(aws_sdk_apigatewayv2, RuleMode::MatchAny, &[none]);
    }

    /// A home in which only this role is left, and `there` with what it holds.
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
        let targets = targets(reference, "default");
        targets.create(&cx).await.unwrap();
        // Of the second one the node tag got lost.
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
        let deletions = crate::plan::plan("mission", &Graph::default(), &seen, &Default::default());
        let at = |kind: &str| {
            let of_kind = |step: &crate::plan::Step| step.id.kind == kind;
            deletions.steps.iter().position(of_kind).unwrap()
        };
        let after = |kind: &str| &deletions.steps[at(kind)].after;
        assert!(after("eventbridge-rule").contains(&at("eventbridge-targets")));
        assert!(after("iam-role").contains(&at("eventbridge-rule")));
        // The targets of one rule keep no other rule waiting.
        let mut steps = deletions.steps.iter();
        let other = steps.find(|step| step.name == "mission-root").unwrap();
        assert!(other.after.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_rule_that_moves_to_another_bus_is_made_there_with_its_targets_before_the_old_one_goes() {
        use crate::plan::Action;
        let fake = Fake::new("eu-west-1");
        let stack = |bus: Option<&str>| {
            let mut graph = Graph::default();
            let bus = bus.map(|name| EventbridgeEventBus {
                name: name.into(),
                description: None,
                tags: owned(&node("eventbridge-event-bus", "security")),
            });
            let bus_name = bus.as_ref().map_or("default".to_owned(), |bus| bus.name.clone());
            let rule = EventbridgeRule {
                bus: bus.map(|bus| graph.add("security", bus)),
                bus_name: bus_name.clone(),
                ..rule("logins", "mission-logins")
            };
            let rule = graph.add("logins", rule);
            graph.add("logins", targets(rule, &bus_name));
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
        let plan = crate::plan::plan("mission", &after, &seen, &Default::default());
        let told: Vec<_> = plan
            .steps
            .iter()
            .map(|step| (step.action, step.id.kind, step.name.as_str()))
            .collect();
        assert_eq!(
            told,
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
}
