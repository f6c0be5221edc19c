use super::super::tests::{rights_of_the_relay, rights_with, written};
use super::spoke;
use crate::resource::cloudformation::stack_set::LARGEST;
use crate::stack::parse;

const HUB: &str = "
stack: hub
region: ap-northeast-2
channels:
  ops: { webhook: { env: HOOK } }
topics:
  mails: { subscriptions: [{ email: a@example.com }] }
rules:
  root: { preset: root-activity, to: [ops] }
  iam: { preset: iam-changes, to: [ops, mails] }
  findings: { pattern: { source: [aws.guardduty], detail-type: [GuardDuty Finding] }, to: [ops] }
  local: { pattern: { source: [aws.health] }, to: [ops] }
organization:
  id: o-a1b2c3d4e5
  ous: [r-ab12]
  forward: [root, iam, findings, alarms]
  to: [ops, mails]
";

fn template(text: &str) -> serde_json::Value {
    let stack = parse("stack.yaml", text).expect("a valid stack").stack;
    let organization = stack.organization.as_ref().expect("an organization");
    spoke::template(&stack, organization, "ap-northeast-2")
}

/// The lines of `written` about the nodes whose ids begin with `start`.
fn of<'a>(written: &'a str, start: &str) -> Vec<&'a str> {
    let mut lines = written.lines().skip_while(|line| !line.starts_with(start));
    let first: Vec<_> = lines.next().into_iter().collect();
    let rest = lines.take_while(|line| line.starts_with(' '));
    first.into_iter().chain(rest).collect()
}

#[test]
fn the_spoke() {
    let template = template(HUB);
    assert!(template.to_string().len() < LARGEST);
    insta::assert_snapshot!(serde_json::to_string_pretty(&template).expect("JSON"));
}

#[test]
fn the_hub_hears_members_beside_its_own_account() {
    let written = written(HUB);
    let nodes = written.lines().filter(|line| line.contains("/organization."));
    let nodes: Vec<_> = nodes.filter(|line| !line.starts_with(' ')).collect();
    insta::assert_snapshot!(nodes.join("\n"));
    let own = of(&written, "eventbridge-rule/findings ");
    let members = of(&written, "eventbridge-rule/organization.findings ");
    let pattern = |lines: &[&str]| {
        lines
            .iter()
            .find(|line| line.contains("pattern"))
            .map(|line| (*line).to_owned())
    };
    assert!(pattern(&own).is_some());
    assert_eq!(pattern(&own), pattern(&members));
    let targets = of(&written, "eventbridge-targets/organization.iam ");
    assert!(
        targets.iter().any(|line| line.contains("target.mails.arn")),
        "{targets:?}"
    );
    assert!(
        targets.iter().any(|line| line.contains("target.relay.arn")),
        "{targets:?}"
    );
    let bus = of(&written, "eventbridge-event-bus/organization.members ");
    assert!(
        bus.iter()
            .any(|line| line.contains("aws:PrincipalOrgID") && line.contains("o-a1b2c3d4e5")),
        "{bus:?}"
    );
    // Nobody forwards what is only about the hub's own account.
    assert!(!written.contains("organization.local"), "{written}");
}

#[test]
fn a_stack_without_an_organization_has_nothing_of_it() {
    let (own, _) = HUB.split_once("organization:").expect("the section");
    let with: std::collections::BTreeSet<_> = written(HUB).lines().map(str::to_owned).collect();
    let without = written(own);
    assert!(!without.contains("organization"), "{without}");
    for line in without.lines().filter(|line| !line.starts_with(' ')) {
        assert!(with.contains(line), "{line}");
    }
}

#[test]
fn a_spoke_forwards_alarms_of_its_own_where_no_others_are_wanted() {
    let text = HUB.replace("forward: [root, iam, findings, alarms]", "forward: [findings]");
    let template = template(&text);
    let rules = template["Resources"].as_object().expect("resources").values();
    let patterns: Vec<_> = rules
        .filter_map(|one| one["Properties"].get("EventPattern"))
        .collect();
    assert_eq!(patterns.len(), 2);
    let alarms = patterns
        .iter()
        .find(|pattern| pattern["source"][0] == "aws.cloudwatch")
        .expect("alarms");
    let prefix = alarms["$or"][0]["detail"]["alarmName"][0]["prefix"]
        .as_str()
        .expect("a prefix");
    let alarm = template["Resources"]["DeadLettersAlarm"]["Properties"]["AlarmName"]["Fn::Sub"].as_str();
    assert!(alarm.expect("a name").starts_with(prefix));
}

const TARGETS: &str = "
  targets:
    - { account: \"444455556666\", role: ops/deploy, region: eu-central-1 }
    - { account: \"444455556666\", role: ops/deploy, region: us-east-1 }
";

#[test]
fn each_target_has_the_spoke_as_its_stack() {
    let text = format!("{}{TARGETS}", HUB.trim_end());
    let written = written(&text);
    let nodes = written
        .lines()
        .filter(|line| line.starts_with("cloudformation-stack/"));
    assert_eq!(nodes.count(), 2, "{written}");
    let stack = of(&written, "cloudformation-stack/444455556666.us-east-1 ");
    for part in ["role = \"ops/deploy\"", "MembersMaySend", "HubBus"] {
        let is_there = stack.iter().any(|line| line.contains(part));
        assert_eq!(is_there, part != "MembersMaySend", "{part}: {stack:?}");
    }
}

#[test]
fn the_role_of_a_target_may_make_all_that_a_spoke_has() {
    use crate::resource::cloudformation::stack::access::unknown_types;
    assert!(unknown_types(&template(HUB)).is_empty());
}

/// Organizations refuses others, and each refusal is an event that some alarm counts.
#[test]
fn only_a_hub_that_may_deploy_to_units_asks_for_names() {
    let asks = |text: &str| {
        let rights = rights_of_the_relay(text);
        rights.iter().any(|right| right["Sid"] == "NameAccounts")
    };
    assert!(asks(HUB));
    let units = "  ous: [r-ab12]\n";
    assert!(!asks(&HUB.replace(units, "  accounts: [\"444455556666\"]\n")));

    // So does the guard of its trail, and that of a stack without an organization does not.
    let guard_asks = |text: &str| {
        let rights = rights_with(&format!("{text}trail: {{ to: [ops] }}\n"), "KeepLogging");
        rights.iter().any(|right| right["Sid"] == "NameAccounts")
    };
    assert!(guard_asks(HUB));
    let (alone, _) = HUB.split_once("organization:").expect("an organization");
    assert!(!guard_asks(alone));
}

/// The trail of a delegated administrator belongs to the management account: its ARN, its files and its encryption context have that
/// account's id, and everything beside it is in the stack's account.
#[test]
fn the_trail_of_a_delegated_administrator() {
    let text = "stack: t\nregion: eu-west-1\nchannels: { ops: { webhook: { env: HOOK } } }\norganization: { id: o-a1b2c3d4e5, \
                management_account: \"999988887777\" }\ntrail: { organization: true, encrypted: true, logs: true, to: [ops] }\n";
    let written = written(text);
    let kinds = [
        "cloudtrail-trail/",
        "s3-bucket-policy/",
        "kms-key/",
        "iam-role-policy/trail",
    ];
    let shown = kinds.map(|kind| of(&written, kind).join("\n"));
    insta::assert_snapshot!(shown.join("\n"));
}
