//! Actions and conditions in words.

use super::grant::{Condition, Term};
use super::names::Names;

/// The actions of a stack's policies, in the order in which they are said: a verb, and what is between it and its object.
const VERBS: [(&str, &str, &str); 32] = [
    ("cloudtrail:StartLogging", "start", "the logging of"),
    ("cloudtrail:GetTrailStatus", "see", "the state of"),
    ("cloudwatch:GetMetricData", "read", "the metrics of"),
    ("cloudwatch:PutAlarmMuteRule", "set a mute", "on"),
    ("cloudwatch:DeleteAlarmMuteRule", "delete", ""),
    ("cloudwatch:TagResource", "tag", ""),
    ("dynamodb:GetItem", "read", "entries of"),
    ("dynamodb:Scan", "list", "entries of"),
    ("dynamodb:UpdateItem", "change", "entries of"),
    ("events:PutEvents", "put events", "on"),
    ("kms:Encrypt", "encrypt", "with"),
    ("kms:GenerateDataKey", "encrypt", "with"),
    ("kms:GenerateDataKey*", "encrypt", "with"),
    ("kms:Decrypt", "decrypt", "with"),
    ("kms:DescribeKey", "see", "the state of"),
    ("lambda:InvokeFunction", "invoke", ""),
    ("logs:CreateLogStream", "write", "logs to"),
    ("logs:PutLogEvents", "write", "logs to"),
    ("logs:DescribeLogGroups", "list", ""),
    ("logs:StartQuery", "query", ""),
    ("logs:StopQuery", "query", ""),
    ("logs:GetQueryResults", "read", "the results of queries of"),
    ("organizations:DescribeAccount", "read", "the names of"),
    ("s3:PutObject", "write", "files to"),
    ("s3:GetBucketAcl", "see", "the ACL of"),
    ("sns:Publish", "publish", "to"),
    ("sqs:SendMessage", "send", "messages to"),
    ("sqs:ReceiveMessage", "read", "messages of"),
    ("sqs:DeleteMessage", "delete", "messages of"),
    ("sqs:ChangeMessageVisibility", "put off", "messages of"),
    ("sqs:GetQueueAttributes", "see", "the state of"),
    ("sts:AssumeRole", "act", "as"),
];

/// Actions on one object in words, without the object: `encrypt and decrypt with`.
pub(super) fn actions<'a>(actions: impl Iterator<Item = &'a Term>) -> String {
    let mut said: Vec<_> = actions.map(verb).collect();
    said.sort();
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (_, verb, link) in said {
        match groups.iter_mut().find(|(other, _)| *other == link) {
            Some((_, verbs)) if verbs.contains(&verb) => {}
            Some((_, verbs)) => verbs.push(verb),
            None => groups.push((link, vec![verb])),
        }
    }
    let groups: Vec<_> = groups
        .into_iter()
        .map(|(link, verbs)| format!("{} {link}", listed(&verbs)).trim_end().to_owned())
        .collect();
    groups.join(", and ")
}

/// An action's place in the order, its verb, and what is between that and the object.
fn verb(action: &Term) -> (usize, String, String) {
    let said = |place, verb: &str, link: &str| (place, verb.to_owned(), link.to_owned());
    match action {
        Term::AnyBut(others) => said(0, &format!("do anything but {}", listed(others)), "with"),
        Term::Is(action) if is_any(action) => said(0, "do anything", "with"),
        Term::Is(action) => {
            let mut known = VERBS.iter().enumerate();
            let known = known.find(|(_, (known, ..))| known.eq_ignore_ascii_case(action));
            known.map_or_else(
                || said(VERBS.len(), &format!("call {action}"), "on"),
                |(place, (_, verb, link))| said(place, verb, link),
            )
        }
    }
}

/// Whether an action stands for all: `*`, `kms:*`.
pub(super) fn is_any(action: &str) -> bool {
    action == "*" || action.ends_with(":*")
}

/// Conditions in words. The account that `who` already names is left out.
pub(super) fn conditions(
    conditions: &[Condition],
    names: &Names<'_>,
    account: &str,
    who: &str,
) -> Vec<String> {
    let keys = ["aws:SourceAccount", "aws:SourceOwner", "aws:PrincipalAccount"];
    let is_own = |one: &&Condition| keys.iter().any(|key| one.names_account(key, account));
    let is_said = who == "anybody in this account";
    conditions
        .iter()
        .filter(|one| !(is_said && is_own(one)))
        .map(|one| match is_own(&one) {
            true => "for this account".to_owned(),
            false => condition(one, names),
        })
        .collect()
}

fn condition(condition: &Condition, names: &Names<'_>) -> String {
    let Condition {
        operator,
        key,
        values,
    } = condition;
    let said: Vec<_> = values.iter().map(|value| names.resource(value)).collect();
    let said = said.join(" or ");
    let is = |text: &str| key.eq_ignore_ascii_case(text);
    let equals = ["StringEquals", "StringLike", "ArnEquals", "ArnLike"].contains(&operator.as_str());
    match said.as_str() {
        "false" if operator == "Bool" && is("aws:SecureTransport") => return "without TLS".to_owned(),
        "true" if operator == "Bool" && is("aws:SecureTransport") => return "by TLS".to_owned(),
        "bucket-owner-full-control" if equals && is("s3:x-amz-acl") => {
            return "if the bucket's owner has full control".to_owned();
        }
        _ => {}
    }
    if equals && is("kms:EncryptionContext:LambdaFunctionName") {
        return format!("what was encrypted for {said}");
    }
    if equals && is("aws:SourceArn") {
        return format!("for {said}");
    }
    match operator.as_str() {
        _ if equals => format!("if {key} is {said}"),
        "Bool" => format!("if {key} is {said}"),
        "StringNotEquals" | "StringNotLike" | "ArnNotEquals" | "ArnNotLike" => {
            format!("unless {key} is {said}")
        }
        other => format!("if {key} {other} {said}"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
