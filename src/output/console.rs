//! Console addresses of resources. AWS does not document them: they were taken from the console's own links.

use alertctl_relay::{console_page, encode_fragment};

use crate::partition::Partition;
use crate::plan::Step;

/// The console page of a resource that a step found; `home` is the stack's own region. `None` if the resource
/// has no page of its own, or if the partition's console is unknown.
pub(super) fn page(step: &Step, home: &str) -> Option<String> {
    let (arn, id) = step.output().map(|output| (output.arn, output.id))?;
    address(
        step.id.kind,
        &step.name,
        &arn,
        &id,
        step.id.region().unwrap_or(home),
    )
}

fn address(kind: &str, name: &str, arn: &str, id: &str, region: &str) -> Option<String> {
    let part = encode_fragment(name);
    let (path, fragment) = match kind {
        "apigatewayv2-api" => {
            let page = console_page(region, "apigateway/main/api-detail", "")?;
            return Some(format!("{page}&api={}", encode_fragment(id)));
        }
        "cloudtrail-trail" => ("cloudtrailv2/home", format!("/trails/{arn}")),
        "cloudwatch-alarm" | "cloudwatch-composite-alarm" => {
            ("cloudwatch/home", format!("alarmsV2:alarm/{part}"))
        }
        "eventbridge-event-bus" => ("events/home", format!("/eventbus/{part}")),
        "eventbridge-rule" => {
            let (bus, rule) = name.rsplit_once('/').unwrap_or(("default", name));
            let (bus, rule) = (encode_fragment(bus), encode_fragment(rule));
            ("events/home", format!("/eventbus/{bus}/rules/{rule}"))
        }
        "iam-role" => ("iam/home", format!("/roles/details/{part}")),
        "kms-key" => ("kms/home", format!("/kms/keys/{}", encode_fragment(id))),
        "lambda-function" => ("lambda/home", format!("/functions/{part}")),
        // The console decodes the name twice, and uses `$` instead of `%`.
        "log-group" => {
            let name = encode_fragment(&part).replace('%', "$");
            ("cloudwatch/home", format!("logsV2:log-groups/log-group/{name}"))
        }
        "s3-bucket" => {
            let path = format!("s3/buckets/{}", encode_fragment(id));
            return console_page(region, &path, "");
        }
        // A subscription has no ARN until it is confirmed.
        "sns-subscription" if !arn.is_empty() => ("sns/v3/home", format!("/subscription/{arn}")),
        "sns-topic" => ("sns/v3/home", format!("/topic/{arn}")),
        "sqs-queue" => {
            let account = arn.split(':').nth(4).filter(|account| !account.is_empty())?;
            let domain = Partition::of_region(region).dns_suffix;
            let url = format!("https://sqs.{region}.{domain}/{account}/{name}");
            ("sqs/v3/home", format!("/queues/{}", encode_fragment(&url)))
        }
        _ => return None,
    };
    console_page(region, path, &fragment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_with_a_page_has_its_own() {
        let page = |kind, name, id: &str| {
            let arn = format!("arn:aws:x:eu-west-1:111122223333:{name}");
            address(kind, name, &arn, id, "eu-west-1").map(|page| {
                page.replace("https://eu-west-1.console.aws.amazon.com/", "")
                    .replace("?region=eu-west-1", "?")
            })
        };
        let shown = [
            page("cloudwatch-alarm", "mission cpu", ""),
            page("lambda-function", "mission-lambda", ""),
            page("log-group", "/aws/lambda/mission-lambda", ""),
            page("eventbridge-rule", "mission-logins", ""),
            page("eventbridge-rule", "mission-security/mission-logins", ""),
            page("kms-key", "alias/mission-kms-key", "1234-abcd"),
            page("sqs-queue", "mission-dead-letters", ""),
            page("s3-bucket", "logs-1", "logs-1"),
            page("apigatewayv2-api", "hook", "a1b2c3"),
            page("sns-topic", "mission-sns", ""),
            page("lambda-permission", "sns", ""),
        ];
        let shown: Vec<_> = shown.iter().map(|page| page.as_deref().unwrap_or("-")).collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        cloudwatch/home?#alarmsV2:alarm/mission%20cpu
        lambda/home?#/functions/mission-lambda
        cloudwatch/home?#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fmission-lambda
        events/home?#/eventbus/default/rules/mission-logins
        events/home?#/eventbus/mission-security/rules/mission-logins
        kms/home?#/kms/keys/1234-abcd
        sqs/v3/home?#/queues/https%3A%2F%2Fsqs.eu-west-1.amazonaws.com%2F111122223333%2Fmission-dead-letters
        s3/buckets/logs-1?
        apigateway/main/api-detail?&api=a1b2c3
        sns/v3/home?#/topic/arn:aws:x:eu-west-1:111122223333:mission-sns
        -
        ");
        let china = address("lambda-function", "f", "", "", "cn-north-1");
        let there = "https://cn-north-1.console.amazonaws.cn/lambda/home?region=cn-north-1#/functions/f";
        assert_eq!(china.as_deref(), Some(there));
        assert_eq!(address("lambda-function", "f", "", "", "us-iso-east-1"), None);
    }
}
