//! APIs of API Gateway, whose permissions are HTTP verbs on paths.

use super::super::Ask;
use super::Call;

/// The permissions that CloudWatch Logs requires of a caller who enables an access log of API Gateway:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-CloudWatchLogs.html>.
const LOG_DELIVERY: [&str; 8] = [
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
];

/// The permissions for deleting a stage with an access log:
/// https://github.com/aws-samples/aws-secure-environment-accelerator/issues/1084.
const LOG_DELIVERY_END: [&str; 4] = [
    "logs:DeleteLogDelivery",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
];

impl Call<'_> {
    pub(super) async fn apigateway(&self) -> Vec<Ask> {
        let path = self.head.uri.path().trim_start_matches("/v2");
        let action = format!("apigateway:{}", self.head.method);
        let path = percent_encoding::percent_decode_str(path)
            .decode_utf8()
            .unwrap()
            .into_owned();
        let mut ask = self.ask(&action, format!("arn:aws:apigateway:{}::{path}", self.region));
        for (key, value) in self.json["tags"].as_object().into_iter().flatten() {
            let key = format!("aws:RequestTag/{key}");
            ask.context.insert(key, value.as_str().unwrap().to_owned());
        }
        let parts: Vec<_> = path.trim_matches('/').split('/').collect();
        // An API and its stages have tags. Other parts of an API have none.
        if let ["apis", id] | ["apis", id, "stages", _] = parts.as_slice() {
            let api = self.aws().apigateway.get_api().api_id(*id).send().await;
            let tags = api.ok().and_then(|answer| answer.tags).unwrap_or_default();
            ask.context.extend(
                tags.into_iter()
                    .map(|(key, value)| (format!("aws:ResourceTag/{key}"), value)),
            );
        }
        let on = |path: &str| format!("arn:aws:apigateway:{}::{path}", self.region);
        let mut asks = vec![ask];
        let made = self.head.method == "POST" && ["apis", "stages"].contains(parts.last().unwrap());
        if made && self.json["tags"].is_object() {
            asks.push(self.ask("apigateway:POST", on("/tags/new")));
            // For stages this action is required as well, although the authorization reference lists only HTTP verbs:
            // https://github.com/hashicorp/terraform-provider-aws/issues/20634
            if parts.last() == Some(&"stages") {
                asks.push(self.ask("apigateway:TagResource", on(&path)));
            }
        }
        // Whether calls that tag an existing stage require it is not documented. Here they do.
        if let Some((_, stage)) = path
            .split_once("::/apis/")
            .filter(|(tags, _)| tags.starts_with("/tags/"))
        {
            let action = match self.head.method.as_str() {
                "DELETE" => "apigateway:UntagResource",
                _ => "apigateway:TagResource",
            };
            let stage = stage.contains("/stages/").then(|| on(&format!("/apis/{stage}")));
            asks.extend(stage.map(|stage| self.ask(action, stage)));
        }
        if self.json["accessLogSettings"]["destinationArn"].is_string() {
            asks.extend(LOG_DELIVERY.map(|action| self.ask(action, "*".to_owned())));
        }
        if let ("DELETE", ["apis", id, "stages", name]) = (self.head.method.as_str(), parts.as_slice()) {
            let stage = self.aws().apigateway.get_stage().api_id(*id).stage_name(*name);
            let stage = stage.send().await.ok();
            if stage.is_some_and(|stage| stage.access_log_settings.is_some()) {
                asks.extend(LOG_DELIVERY_END.map(|action| self.ask(action, "*".to_owned())));
            }
        }
        asks
    }
}
