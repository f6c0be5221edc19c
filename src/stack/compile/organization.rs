//! What the spokes of an organization forward.
//!
//! An event that two rules of one spoke forward would arrive twice, and each of the hub's rules would tell it twice. So patterns
//! that may match the same event become one, an `$or`.

use serde_json::{Map, Value, json};

use super::events::CompiledRule;
use crate::stack::model::{ALARMS, Organization, Stack};

/// Prefix of the alarms that CloudWatch makes for target tracking: they scale, and tell nobody.
const OF_SCALING: &str = "TargetTracking-";

/// One rule of a spoke.
#[derive(Debug, Clone, PartialEq)]
pub struct Forwarded {
    /// The keys of the hub's rules whose events it forwards; empty for the alarms of the members.
    pub rules: Vec<String>,
    /// The event pattern, an object.
    pub pattern: Value,
    /// Whether it forwards read-only calls, too.
    pub include_read_only: bool,
}

impl Forwarded {
    /// What tells it from the other rules of its spoke.
    pub fn key(&self) -> &str {
        self.rules.first().map_or(ALARMS, String::as_str)
    }
}

impl Stack {
    /// The hub's rules that hear the members, compiled.
    pub fn rules_of_members<'a>(
        &'a self,
        organization: &'a Organization,
        home: &str,
    ) -> Vec<CompiledRule<'a>> {
        let rules = self.compiled_rules(home).into_iter();
        rules
            .filter(|rule| organization.forward.contains(&rule.origin))
            .collect()
    }

    /// The rules of every spoke of this organization.
    pub fn forwarded(&self, organization: &Organization, home: &str) -> Vec<Forwarded> {
        let rules = self.rules_of_members(organization, home);
        let rules = rules.into_iter().map(|rule| Forwarded {
            rules: vec![rule.key],
            include_read_only: rule.rule.include_read_only,
            pattern: rule.pattern,
        });
        let alarms = (organization.hears_alarms() || organization.dead_letter_alarm).then(|| Forwarded {
            rules: vec![],
            pattern: match organization.hears_alarms() {
                true => alarms_of_members(),
                false => dead_letter_alarms(self),
            },
            include_read_only: false,
        });
        let mut apart: Vec<Forwarded> = vec![];
        for mut rule in rules.chain(alarms) {
            let (meeting, others): (Vec<_>, Vec<_>) = apart
                .into_iter()
                .partition(|other| meet(&other.pattern, &rule.pattern));
            apart = others;
            if !meeting.is_empty() {
                let branches = meeting
                    .iter()
                    .chain([&rule])
                    .flat_map(|one| branches(&one.pattern));
                let branches: Vec<_> = branches.collect();
                rule.pattern = json!({ "$or": branches });
                rule.include_read_only |= meeting.iter().any(|one| one.include_read_only);
                let keys = meeting.into_iter().flat_map(|one| one.rules).chain(rule.rules);
                rule.rules = keys.collect();
            }
            apart.push(rule);
        }
        apart.sort_by(|one, other| one.rules.cmp(&other.rules));
        apart
    }

    /// The regions of the members in which spokes are wanted: those of the file, or the hub's own and those in which the
    /// forwarded events are logged.
    pub fn regions_of_members(&self, organization: &Organization, home: &str) -> Vec<String> {
        if !organization.regions.is_empty() {
            return organization.regions.clone();
        }
        let mut regions = vec![home.to_owned()];
        for rule in self.rules_of_members(organization, home) {
            for region in rule.regions {
                if !regions.contains(&region) {
                    regions.push(region);
                }
            }
        }
        regions
    }
}

/// Matches every alarm of a member that goes off, and that is over or loses its data then. That it is fine after it was made, or
/// after a gap in its data, is told to nobody: a thousand accounts would say so at once.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html>
pub fn alarms_of_members() -> Value {
    states(&json!([{ "anything-but": { "prefix": OF_SCALING } }]))
}

/// Matches those of the alarms that the spokes themselves have.
pub fn dead_letter_alarms(stack: &Stack) -> Value {
    states(&json!([{ "prefix": spoke_alarm(stack) }]))
}

/// The `detail` of changes of the state of alarms whose names match `names`, unless their actions are muted or suppressed.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html>
pub fn unmuted_alarms(names: &Value) -> Value {
    json!({
        "alarmName": names,
        "muteDetail": { "mutedByArn": [{ "exists": false }] },
        "state": { "actionsSuppressedBy": [{ "exists": false }] },
    })
}

/// How the names of the spokes' own alarms begin.
pub fn spoke_alarm(stack: &Stack) -> String {
    stack.default_name("spoke-dead-letters")
}

fn states(names: &Value) -> Value {
    let mut goes_off = unmuted_alarms(names);
    let mut ends = goes_off.clone();
    goes_off["state"]["value"] = json!(["ALARM"]);
    ends["previousState"] = json!({ "value": ["ALARM"] });
    json!({
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "$or": [{ "detail": goes_off }, { "detail": ends }],
    })
}

/// Whether some event may match both patterns. Only lists of plain values are compared, so the answer may be a needless yes.
fn meet(one: &Value, other: &Value) -> bool {
    let others = branches(other);
    let pairs = branches(one).into_iter();
    pairs
        .flat_map(|one| others.iter().map(move |other| (one.clone(), other)))
        .any(|(one, other)| !apart(&one, other))
}

fn apart(one: &Value, other: &Value) -> bool {
    let (Some(one), Some(other)) = (one.as_object(), other.as_object()) else {
        return false;
    };
    one.iter().any(|(key, one)| match (one, other.get(key)) {
        (Value::Array(one), Some(Value::Array(other))) => {
            let plain = |values: &[Value]| values.iter().all(|value| !value.is_object());
            plain(one) && plain(other) && !one.iter().any(|value| other.contains(value))
        }
        (Value::Object(_), Some(other @ Value::Object(_))) => apart(one, other),
        _ => false,
    })
}

/// The alternatives of a pattern, each without an `$or` of its own at the top.
fn branches(pattern: &Value) -> Vec<Value> {
    let Some((Value::Array(alternatives), rest)) = without_or(pattern) else {
        return vec![pattern.clone()];
    };
    let with_rest = |branch: &Value| merged(branch.clone(), &rest);
    alternatives
        .iter()
        .map(with_rest)
        .flat_map(|one| branches(&one))
        .collect()
}

fn without_or(pattern: &Value) -> Option<(Value, Map<String, Value>)> {
    let mut rest = pattern.as_object()?.clone();
    let alternatives = rest.remove("$or")?;
    Some((alternatives, rest))
}

/// `branch` with what holds for all branches.
fn merged(mut branch: Value, rest: &Map<String, Value>) -> Value {
    for (key, value) in rest {
        match (branch.get_mut(key), value) {
            (Some(own @ Value::Object(_)), Value::Object(rest)) => *own = merged(own.take(), rest),
            (Some(_), _) => {}
            (None, value) => branch[key.as_str()] = value.clone(),
        }
    }
    branch
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stack::parse;

    fn stack(rules: &str) -> Stack {
        let text = format!(
            "stack: hub\nregion: eu-central-1\nchannels: {{ ops: {{ webhook: {{ env: HOOK }} }} }}\nrules:\n{rules}"
        );
        parse("stack.yaml", &text).expect("a stack").stack
    }

    fn organization(forward: &[&str]) -> Organization {
        serde_json::from_value(
            json!({ "id": "o-a1b2c3d4e5", "ous": ["r-ab12"], "forward": forward,
            "dead_letter_alarm": false }),
        )
        .expect("an organization")
    }

    const RULES: &str = "
  root: { preset: root-activity, to: [ops] }
  iam: { preset: iam-changes, to: [ops] }
  sg: { preset: security-group-changes, to: [ops] }
  guarded: { pattern: { source: [aws.guardduty], detail-type: [GuardDuty Finding] }, to: [ops] }
";

    #[test]
    fn patterns_that_may_match_one_event_become_one() {
        let stack = stack(RULES);
        let forwarded = stack.forwarded(
            &organization(&["root", "iam", "sg", "guarded", "alarms"]),
            "eu-central-1",
        );
        let keys: Vec<_> = forwarded.iter().map(|one| one.rules.join("+")).collect();
        // The root user may change users and security groups; findings and alarms are apart from all.
        assert_eq!(keys, ["", "guarded", "iam+root+sg"]);
        let both = &forwarded[2].pattern["$or"];
        let branches = both.as_array().expect("alternatives");
        assert!(
            branches.iter().all(|branch| branch.get("$or").is_none()),
            "{both}"
        );
        assert_eq!(
            forwarded[1].pattern,
            json!({ "source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"] })
        );
        assert_eq!(forwarded[0].pattern, alarms_of_members());
    }

    #[test]
    fn an_alternative_keeps_what_holds_for_all() {
        let pattern = json!({ "source": ["a"], "detail": { "x": [1] }, "$or": [{ "detail": { "y": [2] } }, { "source": ["b"] }] });
        assert_eq!(
            branches(&pattern),
            [
                json!({ "source": ["a"], "detail": { "x": [1], "y": [2] } }),
                json!({ "source": ["b"], "detail": { "x": [1] } }),
            ]
        );
    }

    #[test]
    fn only_plain_values_keep_patterns_apart() {
        let meets = |one, other| meet(&one, &other);
        assert!(!meets(
            json!({ "source": ["a"] }),
            json!({ "source": ["b", "c"] })
        ));
        assert!(!meets(
            json!({ "detail": { "x": ["a"] } }),
            json!({ "detail": { "x": ["b"] } })
        ));
        assert!(meets(
            json!({ "source": ["a"] }),
            json!({ "source": [{ "prefix": "b" }] })
        ));
        assert!(meets(json!({ "source": ["a"] }), json!({ "detail-type": ["b"] })));
        assert!(meets(
            json!({ "$or": [{ "source": ["a"] }, { "source": ["b"] }] }),
            json!({ "source": ["b"] })
        ));
    }

    #[test]
    fn spokes_are_where_the_events_are_logged_unless_the_file_says_where() {
        let stack = stack(RULES);
        let mut organization = organization(&["iam"]);
        assert_eq!(
            stack.regions_of_members(&organization, "eu-central-1"),
            ["eu-central-1", "us-east-1"]
        );
        organization.regions = vec!["eu-west-1".to_owned()];
        assert_eq!(
            stack.regions_of_members(&organization, "eu-central-1"),
            ["eu-west-1"]
        );
    }
}
