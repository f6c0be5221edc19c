//! Who needs which permissions: the hub's deployer in the hub's account, and the role that it assumes in the other one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::CloudformationStack;
use crate::resource::access::Access;

const BUSES: &str = "arn:{partition}:events:{region}:{account}:event-bus/{stack}-*";

/// What the deployer needs. `{name}` is account and role.
pub const OF_DEPLOYER: &[Access] = &[
    Access::read(&["sts:AssumeRole"], &["arn:{partition}:iam::{name}"]),
    Access::read(&["events:ListTagsForResource"], &[BUSES]),
    Access::write(&["events:TagResource"], &[BUSES]),
    Access::delete(&["events:UntagResource"], &[BUSES]),
];

/// What the role needs for the stack itself.
pub const OF_ROLE: &[&str] = &[
    "cloudformation:CreateStack",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:TagResource",
    "cloudformation:UpdateStack",
];

/// A type of resource, the service and the beginning of the resource part in its ARN, and what CloudFormation needs for
/// it, with the permissions of whoever called: the handlers in the type's schema, as `aws cloudformation describe-type
/// --type RESOURCE --type-name AWS::Events::Rule` prints it.
type Needs = (&'static str, &'static str, &'static str, &'static [&'static str]);

const OF_RESOURCES: &[Needs] = &[
    (
        "AWS::CloudWatch::Alarm",
        "cloudwatch",
        "alarm:",
        &[
            "cloudwatch:DeleteAlarms",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:ListTagsForResource",
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:TagResource",
            "cloudwatch:UntagResource",
        ],
    ),
    (
        "AWS::Events::Rule",
        "events",
        "rule/",
        &[
            "events:DeleteRule",
            "events:DescribeRule",
            "events:ListTagsForResource",
            "events:ListTargetsByRule",
            "events:PutRule",
            "events:PutTargets",
            "events:RemoveTargets",
            "events:TagResource",
            "events:UntagResource",
        ],
    ),
    (
        "AWS::SQS::Queue",
        "sqs",
        "",
        &[
            "sqs:CreateQueue",
            "sqs:DeleteQueue",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ListQueueTags",
            "sqs:SetQueueAttributes",
            "sqs:TagQueue",
            "sqs:UntagQueue",
        ],
    ),
    ("AWS::SQS::QueuePolicy", "sqs", "", &["sqs:SetQueueAttributes"]),
];

/// The same for a role. It is passed to the rules that send events with it.
const ROLE: &str = "AWS::IAM::Role";
const OF_ROLES: &[&str] = &[
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DeleteRolePolicy",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:PassRole",
    "iam:PutRolePolicy",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
];

impl CloudformationStack {
    /// The permissions policy of the role: what it needs for these stacks of the hub `hub`, all in one account of
    /// `partition`. All names begin with the hub's, or CloudFormation makes them of the stack's.
    pub fn policy_of_role(stacks: &[&Self], hub: &str, partition: &str) -> Value {
        let arns = |service: &str, resource: &str| -> BTreeSet<String> {
            let arn = |stack: &&Self| {
                let (region, account) = (&stack.region, &stack.account);
                format!("arn:{partition}:{service}:{region}:{account}:{resource}")
            };
            stacks.iter().map(arn).collect()
        };
        let name = stacks
            .first()
            .map(|stack| stack.name.as_str())
            .unwrap_or_default();
        let mut statements = vec![allow(
            "Stack",
            OF_ROLE,
            &arns("cloudformation", &format!("stack/{name}/*")),
        )];
        let types: BTreeSet<_> = stacks
            .iter()
            .flat_map(|stack| resources(&stack.template))
            .map(type_of)
            .collect();
        let used = OF_RESOURCES.iter().filter(|(name, ..)| types.contains(name));
        statements.extend(used.map(|(name, service, kind, actions)| {
            let resources = arns(service, &format!("{kind}{hub}-*"));
            allow(name.rsplit(':').next().unwrap_or_default(), actions, &resources)
        }));
        let roles = stacks.iter().flat_map(|stack| {
            let roles = resources(&stack.template).filter(|resource| type_of(resource) == ROLE);
            roles.map(|role| {
                let path = role["Properties"]["Path"].as_str().unwrap_or("/");
                format!("arn:{partition}:iam::{}:role{path}{hub}-*", stack.account)
            })
        });
        let roles: BTreeSet<_> = roles.collect();
        if !roles.is_empty() {
            statements.push(allow("Role", OF_ROLES, &roles));
        }
        json!({ "Version": "2012-10-17", "Statement": statements })
    }
}

/// The types in a template whose permissions are not known here.
pub fn unknown_types(template: &Value) -> BTreeSet<&str> {
    let is_known = |name: &&str| *name == ROLE || OF_RESOURCES.iter().any(|(known, ..)| known == name);
    let types = resources(template).map(type_of);
    types.filter(|name| !is_known(name)).collect()
}

fn resources(template: &Value) -> impl Iterator<Item = &Value> {
    let all = template["Resources"].as_object();
    all.into_iter().flat_map(|all| all.values())
}

fn type_of(resource: &Value) -> &str {
    resource["Type"].as_str().unwrap_or_default()
}

fn allow(sid: &str, actions: &[&str], resources: &BTreeSet<String>) -> Value {
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources })
}

/// The trust policy of the role: whoever the hub's account allows to assume it may do so.
pub fn trust(account: &str, partition: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:{partition}:iam::{account}:root") },
            "Action": "sts:AssumeRole",
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::desired;
    use super::*;

    #[test]
    fn the_role_may_touch_what_the_template_has_and_begins_as_the_hub() {
        let mut stack = desired();
        stack.template = json!({ "Resources": {
            "Forwarder": { "Type": "AWS::IAM::Role", "Properties": { "Path": "/alertctl-spoke/" } },
            "Alarms": { "Type": "AWS::Events::Rule" },
            "Queue": { "Type": "AWS::SQS::Queue" },
        } });
        let other = CloudformationStack {
            region: "us-east-1".into(),
            ..stack.clone()
        };
        let policy = CloudformationStack::policy_of_role(&[&stack, &other], "mission", "aws-cn");
        let resources: Vec<_> = policy["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .map(|statement| (statement["Sid"].as_str().unwrap(), statement["Resource"].clone()))
            .collect();
        let both = |service: &str, what: &str| {
            json!(
                ["eu-central-1", "us-east-1"]
                    .map(|region| format!("arn:aws-cn:{service}:{region}:444455556666:{what}"))
            )
        };
        assert_eq!(
            resources,
            [
                ("Stack", both("cloudformation", "stack/mission-organization/*")),
                ("Rule", both("events", "rule/mission-*")),
                ("Queue", both("sqs", "mission-*")),
                (
                    "Role",
                    json!(["arn:aws-cn:iam::444455556666:role/alertctl-spoke/mission-*"])
                ),
            ]
        );
        assert!(unknown_types(&stack.template).is_empty());
        assert_eq!(
            trust("111122223333", "aws")["Statement"][0]["Principal"]["AWS"],
            "arn:aws:iam::111122223333:root"
        );
    }

    #[test]
    fn a_type_without_known_permissions_is_told() {
        let mut stack = desired();
        stack.template["Resources"]["Link"] = json!({ "Type": "AWS::Oam::Link" });
        assert_eq!(unknown_types(&stack.template), ["AWS::Oam::Link"].into());
    }
}
