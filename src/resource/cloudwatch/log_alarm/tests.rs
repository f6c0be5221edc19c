use std::collections::BTreeMap;

use super::*;
use crate::aws::Scope;
use crate::resource::cloudwatch::alarm::{PropagateTags, WarmUp};

mod fields;
mod health;

const ACCOUNT: &str = "111122223333";

fn role(key: &str) -> Ref<IamRole> {
    let id = NodeId {
        kind: IamRole::KIND,
        key: key.to_owned(),
    };
    Ref::given(
        id,
        key.to_owned(),
        Some(&format!("arn:aws:iam::{ACCOUNT}:role/{key}")),
    )
}

fn known() -> Known {
    Known {
        scope: Scope::of(ACCOUNT, "eu-west-1"),
        outputs: BTreeMap::new(),
    }
}

/// A log alarm with everything that one can have.
fn desired() -> CloudwatchLogAlarm {
    let topic = || vec![Text::arn("sns", "alerts")];
    CloudwatchLogAlarm {
        name: "shop-errors".to_owned(),
        description: Some("too many".to_owned()),
        actions_enabled: true,
        alarm_actions: topic(),
        ok_actions: topic(),
        insufficient_data_actions: topic(),
        query: LogQuery {
            query: "filter @message like /ERROR/".to_owned(),
            groups: vec!["/aws/lambda/b".to_owned(), "/aws/lambda/a".to_owned()],
            aggregate: "count(*) by service".to_owned(),
            schedule: "rate(60 minutes)".to_owned(),
            start_offset: 3_660,
            end_offset: 60,
        },
        query_role: role("queries"),
        lines: Some(Lines {
            count: 10,
            role: role("lines"),
        }),
        condition: Condition {
            comparison_operator: "GreaterThanThreshold".to_owned(),
            threshold: 5.0,
            evaluated: 3,
            breaching: Some(2),
            treat_missing_data: "notBreaching".to_owned(),
        },
        options: Options {
            warm_up: Some(WarmUp {
                minutes: 10,
                full: true,
            }),
            propagate_tags: PropagateTags::All,
        },
        tags: BTreeMap::from([("alertctl:stack".to_owned(), "shop".to_owned())]),
    }
}
