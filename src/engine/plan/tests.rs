use super::*;
use crate::resource::cloudwatch::alarm::{CloudwatchAlarm, Live};
use crate::resource::cloudwatch::composite_alarm::CloudwatchCompositeAlarm;
use crate::resource::{Resource, Tags};
use std::rc::Rc;

/// An alarm that becomes a composite alarm keeps its name: it must not be deleted after its replacement was
/// created.
#[test]
fn what_a_wanted_node_takes_the_place_of_is_no_leftover() {
    let mut graph = Graph::default();
    let wanted = graph.add(
        "any",
        CloudwatchCompositeAlarm {
            name: "mission-any".into(),
            description: None,
            rule: "TRUE".into(),
            actions_enabled: true,
            alarm_actions: Vec::new(),
            ok_actions: Vec::new(),
            insufficient_data_actions: Vec::new(),
            suppressor: None,
            tags: Tags::new(),
        },
    );
    let live = |name: &str| -> AnyLive { Rc::new(Live::named(name)) };
    let left = |key: &str| NodeId {
        kind: CloudwatchAlarm::KIND,
        key: key.into(),
    };
    let seen = Observation {
        scope: Scope {
            partition: "aws".into(),
            region: "eu-west-1".into(),
            account: "1".into(),
        },
        wanted: HashMap::from([(wanted.id().clone(), Presence::Ours(live("mission-any")))]),
        orphans: vec![
            (left("any"), live("mission-any")),
            (left("old"), live("mission-old")),
        ],
        warnings: Vec::new(),
    };
    let plan = plan("mission", &graph, &seen, &Adoption::default());
    let steps: Vec<_> = plan
        .steps
        .iter()
        .map(|step| (step.id.to_string(), step.action))
        .collect();
    let expected = [
        ("cloudwatch-composite-alarm/any".to_owned(), Action::Replace),
        ("cloudwatch-alarm/old".to_owned(), Action::Delete),
    ];
    assert_eq!(steps, expected);
}
