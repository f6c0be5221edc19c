//! Advice for an ARN where the stack file needs a key.

/// What to do if `to:` contains an ARN, depending on its service; `None` if the name is not an ARN.
pub(super) fn instead(name: &str) -> Option<String> {
    let arn = name.strip_prefix("arn:")?;
    let mut parts = arn.splitn(5, ':');
    let service = parts.nth(1).unwrap_or_default();
    let resource = parts.nth(2).unwrap_or_default();
    Some(match service {
        "sns" if is_topic(resource) => format!(
            "`to` takes keys of this file, and a topic of the stack: add `topics: {{ KEY: {{ name: \
             {resource} }} }}`, write KEY here, and run `alertctl apply --adopt sns-topic/KEY` to adopt the \
             topic"
        ),
        "lambda" | "sqs" => format!(
            "`to` takes keys of this file: add `topics: {{ KEY: {{ subscriptions: [{{ {service}: \"…\" }}] }} }}` with \
             this ARN, and write KEY here"
        ),
        _ => "`to` takes keys of this file, not ARNs".to_owned(),
    })
}

fn is_topic(resource: &str) -> bool {
    !resource.is_empty() && resource.chars().all(super::is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_told_by_what_it_leads_to() {
        let topic = instead("arn:aws:sns:eu-west-1:111122223333:ops").unwrap();
        assert!(
            topic.contains("{ name: ops }") && topic.contains("--adopt sns-topic/KEY"),
            "{topic}"
        );
        let function = instead("arn:aws:lambda:eu-west-1:111122223333:function:f").unwrap();
        assert!(function.contains("subscriptions: [{ lambda: "), "{function}");
        let other = instead("arn:aws:iam::111122223333:role/r").unwrap();
        assert!(other.ends_with("not ARNs"), "{other}");
        assert_eq!(instead("arnold"), None);
        assert!(instead("arn:").is_some());
    }
}
