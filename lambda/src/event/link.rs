//! Links to AWS's consoles: those that a text carries, and those that follow from an ARN.

use crate::contract::{ArnParts, console_page, encode, is_console};
use serde_json::Value;

/// Longest address that becomes a link.
const MAX_ADDRESS: usize = 2_600;
/// Most values that are searched for an address.
const MAX_VALUES: usize = 2_000;

/// The first address of a console in a text. Any other address in it stays text: a stranger may have written it.
pub(super) fn in_text(text: &str) -> Option<String> {
    text.match_indices("https://")
        .find_map(|(at, _)| text.get(at..).and_then(console))
}

/// The address at the beginning of a text, if a console of AWS has it.
fn console(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_graphic() && !"<>|\"`\\^{}".contains(c);
    let end = text.find(|c| !allowed(c)).unwrap_or(text.len());
    let address = text
        .get(..end)?
        .trim_end_matches(['.', ',', ';', ')', ']', '\'', '!']);
    let host = address.strip_prefix("https://")?.split(['/', '?', '#']).next()?;
    (is_console(host) && address.len() <= MAX_ADDRESS).then(|| address.to_owned())
}

/// The first address of a console anywhere in JSON.
pub(super) fn in_json(value: &Value) -> Option<String> {
    let mut rest = vec![value];
    let mut seen = 0;
    while let Some(value) = rest.pop() {
        seen += 1;
        if seen > MAX_VALUES {
            return None;
        }
        match value {
            Value::String(text) => {
                if let Some(address) = in_text(text) {
                    return Some(address);
                }
            }
            Value::Array(values) => rest.extend(values.iter().take(MAX_VALUES).rev()),
            Value::Object(fields) => rest.extend(fields.values().take(MAX_VALUES).rev()),
            _ => {}
        }
    }
    None
}

/// The console page of a resource whose service has a page with its name or id.
pub(super) fn of_arn(arn: &str) -> Option<String> {
    let ArnParts {
        service,
        region,
        resource,
        ..
    } = ArnParts::parse(arn)?;
    let region = if region.is_empty() { "us-east-1" } else { region };
    let (kind, name) = resource.split_once(['/', ':']).unwrap_or(("", resource));
    let name = encode(name);
    let (path, fragment) = match (service, kind) {
        ("ec2", "instance") => (
            "ec2/home".to_owned(),
            format!("InstanceDetails:instanceId={name}"),
        ),
        ("ec2", "volume") => ("ec2/home".to_owned(), format!("VolumeDetails:volumeId={name}")),
        ("ec2", "snapshot") => (
            "ec2/home".to_owned(),
            format!("SnapshotDetails:snapshotId={name}"),
        ),
        ("ec2", "image") => ("ec2/home".to_owned(), format!("ImageDetails:imageId={name}")),
        ("lambda", "function") => ("lambda/home".to_owned(), format!("/functions/{name}")),
        ("s3", "") => (format!("s3/buckets/{name}"), String::new()),
        ("kms", "key") => ("kms/home".to_owned(), format!("/kms/keys/{name}")),
        ("sns", "") => ("sns/v3/home".to_owned(), format!("/topic/{}", encode(arn))),
        ("dynamodb", "table") => ("dynamodbv2/home".to_owned(), format!("table?name={name}")),
        ("states", "stateMachine") => (
            "states/home".to_owned(),
            format!("/statemachines/view/{}", encode(arn)),
        ),
        ("codepipeline", "") => (
            format!("codesuite/codepipeline/pipelines/{name}/view"),
            String::new(),
        ),
        ("cloudformation", "stack") => (
            "cloudformation/home".to_owned(),
            format!("/stacks/stackinfo?stackId={}", encode(arn)),
        ),
        ("acm", "certificate") => ("acm/home".to_owned(), format!("/certificates/{name}")),
        ("ecs", "cluster") => (format!("ecs/v2/clusters/{name}/services"), String::new()),
        _ => return None,
    };
    console_page(region, &path, &fragment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_an_address_of_a_console_becomes_a_link() {
        let cases = [
            (
                "see https://console.aws.amazon.com/a?b=c#d.",
                Some("https://console.aws.amazon.com/a?b=c#d"),
            ),
            (
                "https://evil.example/?x=https://us-east-1.console.aws.amazon.com/ok",
                Some("https://us-east-1.console.aws.amazon.com/ok"),
            ),
            (
                "https://console.aws.amazon.com|evil>",
                Some("https://console.aws.amazon.com"),
            ),
            ("https://user@console.aws.amazon.com/", None),
            ("https://console.aws.amazon.com.evil.example/", None),
            ("http://console.aws.amazon.com/", None),
            ("https://example.com/", None),
        ];
        for (text, expected) in cases {
            assert_eq!(in_text(text).as_deref(), expected, "{text}");
        }
        let payload = json!({ "a": ["x", { "b": "https://console.aws.amazon.com/1" }], "c": "https://console.aws.amazon.com/2" });
        assert_eq!(
            in_json(&payload).as_deref(),
            Some("https://console.aws.amazon.com/1")
        );
    }

    #[test]
    fn an_arn_leads_to_its_page() {
        let page = of_arn("arn:aws:kms:us-west-2:111122223333:key/1234abcd");
        let expected =
            "https://us-west-2.console.aws.amazon.com/kms/home?region=us-west-2#/kms/keys/1234abcd";
        assert_eq!(page.as_deref(), Some(expected));
        for none in [
            "arn:aws:kms:evil/:1:key/x",
            "arn:aws:nothing:us-east-1:1:a/b",
            "x",
            "arn:aws:ec2:a:b",
        ] {
            assert_eq!(of_arn(none), None, "{none}");
        }
    }
}
