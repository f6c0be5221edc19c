//! The console pages of all kinds.

use crate::resource::Output;
use crate::resource::kinds::kind;

#[test]
fn each_kind_with_a_page_has_its_own() {
    let page = |name: &'static str, physical: &str, id: &str| {
        let output = Output {
            arn: format!("arn:aws:x:eu-west-1:111122223333:{physical}"),
            id: id.to_owned(),
        };
        (kind(name).console_page)(physical, &output, "eu-west-1").map(|page| {
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
        page("dynamodb-table", "mission-incidents", ""),
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
    dynamodbv2/home?#table?name=mission-incidents
    -
    ");
    let function = |region| (kind("lambda-function").console_page)("f", &Output::default(), region);
    let china = function("cn-north-1");
    let there = "https://cn-north-1.console.amazonaws.cn/lambda/home?region=cn-north-1#/functions/f";
    assert_eq!(china.as_deref(), Some(there));
    assert_eq!(function("us-iso-east-1"), None);
}
