//! The permissions that a call needs, service by service.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use alertctl::aws::connect::Clients;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use axum::http::request::Parts;
use serde_json::Value;

use super::{Ask, decoded};
use crate::support::wire::{account, parameter, region};

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

/// Actions without resources, according to the service authorization reference and, for composite alarms, the API
/// reference.
const EVERYTHING: [&str; 18] = [
    "cloudtrail:DescribeTrails",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:ListMetrics",
    "cloudwatch:PutCompositeAlarm",
    "events:ListRules",
    "iam:ListRoles",
    "kms:CreateKey",
    "kms:ListAliases",
    "kms:ListKeys",
    "lambda:CreateEventSourceMapping",
    "lambda:ListEventSourceMappings",
    "logs:DescribeLogGroups",
    "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
    "tag:GetResources",
    "iam:SimulatePrincipalPolicy",
    "sns:ListTopics",
];

/// One call in transit.
pub struct Call<'a> {
    action: &'a str,
    head: &'a Parts,
    body: &'a [u8],
    pub json: Value,
    stack: &'a str,
    pub region: String,
    pub account: String,
    upstream: &'a str,
    aws: OnceLock<Clients>,
}

impl<'a> Call<'a> {
    pub fn new(upstream: &'a str, action: &'a str, stack: &'a str, head: &'a Parts, body: &'a [u8]) -> Self {
        let (region, account) = (region(&head.headers), account(&head.headers));
        Self {
            action,
            head,
            body,
            stack,
            json: serde_json::from_slice(body).unwrap_or_default(),
            region,
            account,
            upstream,
            aws: OnceLock::new(),
        }
    }

    /// Clients of the account. Most calls need none, and making them takes longer than to judge a call.
    pub fn aws(&self) -> &Clients {
        self.aws.get_or_init(|| {
            let root = Credentials::new(&self.account, "test", None, None, "test");
            let config = SdkConfig::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new(self.region.clone()))
                .endpoint_url(self.upstream)
                .credentials_provider(SharedCredentialsProvider::new(root))
                .http_client(crate::support::plain_http())
                .build();
            Clients::new(&config)
        })
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        match resource.starts_with("arn:") {
            true => resource.to_owned(),
            false => format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account),
        }
    }

    fn form(&self, name: &str) -> String {
        decoded(&parameter(self.body, name).unwrap_or_default())
    }

    fn text(&self, name: &str) -> &str {
        self.json[name].as_str().unwrap_or_default()
    }

    /// The part of the path after this segment.
    fn segment(&self, name: &str) -> String {
        let (_, rest) = self
            .head
            .uri
            .path()
            .split_once(&format!("/{name}/"))
            .unwrap_or_default();
        let one = rest.split('/').next().unwrap_or_default();
        percent_encoding::percent_decode_str(one)
            .decode_utf8()
            .unwrap()
            .into_owned()
    }

    /// The action of the call itself, on `resource`.
    fn own(&self, resource: String) -> Ask {
        self.ask(self.action, resource)
    }

    fn ask(&self, action: &str, resource: String) -> Ask {
        Ask {
            action: action.to_owned(),
            resource,
            context: BTreeMap::new(),
        }
    }

    pub async fn asks(&self) -> Vec<Ask> {
        let (service, operation) = self.action.split_once(':').unwrap();
        let mut asks = match service {
            "sns" => self.sns(),
            "sqs" => self.sqs(),
            "kms" => self.kms(operation).await,
            "lambda" => self.lambda(operation).await,
            "logs" => self.logs(operation),
            "dynamodb" => self.dynamodb(operation),
            "events" => self.events(),
            "cloudtrail" => self.cloudtrail(),
            "cloudwatch" => self.cloudwatch(operation),
            "iam" => self.iam(operation),
            "apigateway" => self.apigateway().await,
            "s3" => self.s3(operation),
            _ => vec![self.own("*".to_owned())],
        };
        for ask in &mut asks {
            if EVERYTHING.contains(&ask.action.as_str()) {
                ask.resource = "*".to_owned();
            }
        }
        asks
    }

    fn sns(&self) -> Vec<Ask> {
        let given = ["TopicArn", "ResourceArn", "Name"].map(|name| self.form(name));
        let named = given
            .iter()
            .find(|name| !name.is_empty())
            .cloned()
            .unwrap_or_default();
        let topic = self.arn("sns", &named);
        let mut asks = vec![self.own(topic.clone())];
        if self.action == "sns:CreateTopic" && !self.form("Tags.member.1.Key").is_empty() {
            asks.push(self.ask("sns:TagResource", topic));
        }
        asks
    }

    fn sqs(&self) -> Vec<Ask> {
        let url = self.text("QueueUrl").rsplit('/').next().unwrap_or_default();
        let name = if url.is_empty() {
            self.text("QueueName")
        } else {
            url
        };
        let mut asks = vec![self.own(self.arn("sqs", name))];
        if self.action == "sqs:CreateQueue" && self.json["tags"].is_object() {
            asks.push(self.ask("sqs:TagQueue", self.arn("sqs", name)));
        }
        asks
    }

    async fn kms(&self, operation: &str) -> Vec<Ask> {
        let requested = |tags: &Value| -> BTreeMap<String, String> {
            let tags = tags.as_array().into_iter().flatten();
            let tag = |tag: &Value| {
                Some((
                    format!("aws:RequestTag/{}", tag["TagKey"].as_str()?),
                    tag["TagValue"].as_str()?.to_owned(),
                ))
            };
            tags.filter_map(tag).collect()
        };
        let context = requested(&self.json["Tags"]);
        if operation == "CreateKey" {
            let mut asks = vec![self.own("*".to_owned())];
            asks.push(self.ask("kms:TagResource", self.arn("kms", "key/new")));
            asks.iter_mut().for_each(|ask| ask.context.clone_from(&context));
            return asks;
        }
        if operation.starts_with("List") && operation != "ListResourceTags" {
            return vec![self.own("*".to_owned())];
        }
        let mut asks = Vec::new();
        let alias = self.text("AliasName");
        if !alias.is_empty() {
            asks.push(self.own(self.arn("kms", alias)));
        }
        let keys = [self.text("KeyId"), self.text("TargetKeyId")];
        let mut keys: Vec<_> = keys
            .iter()
            .filter(|key| !key.is_empty())
            .map(|key| (*key).to_owned())
            .collect();
        if operation == "DeleteAlias" {
            keys.push(alias.to_owned());
        }
        for key in keys {
            // A key that does not exist needs no permission: KMS tells anybody in the account that it is missing.
            let Some(mut ask) = self.on_key(self.action, &key).await else {
                continue;
            };
            ask.context.extend(context.clone());
            asks.push(ask);
        }
        asks
    }

    /// An action on an existing key, with its tags.
    async fn on_key(&self, action: &str, key: &str) -> Option<Ask> {
        let answer = self.aws().kms.describe_key().key_id(key).send().await.ok()?;
        let metadata = answer.key_metadata?;
        let tags = self
            .aws()
            .kms
            .list_resource_tags()
            .key_id(&metadata.key_id)
            .send()
            .await
            .ok()?;
        let mut ask = self.ask(action, metadata.arn?);
        let tag = |tag: &aws_sdk_kms::types::Tag| {
            (
                format!("aws:ResourceTag/{}", tag.tag_key()),
                tag.tag_value().to_owned(),
            )
        };
        ask.context = tags.tags().iter().map(tag).collect();
        Some(ask)
    }

    async fn lambda(&self, operation: &str) -> Vec<Ask> {
        let through = (
            "kms:ViaService".to_owned(),
            format!("lambda.{}.amazonaws.com", self.region),
        );
        let requested = |ask: &mut Ask| {
            for (key, value) in self.json["Tags"].as_object().into_iter().flatten() {
                let key = format!("aws:RequestTag/{key}");
                ask.context.insert(key, value.as_str().unwrap().to_owned());
            }
        };
        let path = self.head.uri.path();
        if path.contains("/tags/") {
            let mut ask = self.own(self.segment("tags"));
            requested(&mut ask);
            let tags = self.aws().lambda.list_tags().resource(&ask.resource).send().await;
            let tags = tags.ok().and_then(|answer| answer.tags).unwrap_or_default();
            ask.context.extend(
                tags.into_iter()
                    .map(|(key, value)| (format!("aws:ResourceTag/{key}"), value)),
            );
            return vec![ask];
        }
        if path.contains("/event-source-mappings") {
            return self.mapping(operation, &requested).await;
        }
        let name = match operation {
            "CreateFunction" => self.text("FunctionName").to_owned(),
            _ => self.segment("functions"),
        };
        let name = name.rsplit(':').next().unwrap().to_owned();
        let mut own = self.own(self.arn("lambda", &format!("function:{name}")));
        if operation == "GetFunctionConfiguration" {
            let tags = self.aws().lambda.list_tags().resource(&own.resource).send().await;
            let tags = tags.ok().and_then(|answer| answer.tags).unwrap_or_default();
            own.context.extend(
                tags.into_iter()
                    .map(|(key, value)| (format!("aws:ResourceTag/{key}"), value)),
            );
        }
        let mut asks = vec![own.clone()];
        if operation == "CreateFunction" && self.json["Tags"].is_object() {
            asks.push(self.ask("lambda:TagResource", own.resource.clone()));
        }
        let changes = ["CreateFunction", "UpdateFunctionConfiguration"].contains(&operation);
        if changes && !self.text("Role").is_empty() {
            asks.push(self.pass(self.text("Role"), "lambda.amazonaws.com"));
        }
        if changes && !self.text("KMSKeyArn").is_empty() {
            let mut grant = self
                .on_key("kms:CreateGrant", self.text("KMSKeyArn"))
                .await
                .unwrap();
            grant.context.extend([through]);
            asks.push(grant);
        }
        asks
    }

    async fn mapping(&self, operation: &str, requested: &(dyn Fn(&mut Ask) + Sync)) -> Vec<Ask> {
        let id = self.segment("event-source-mappings");
        let mut own = self.own(self.arn("lambda", &format!("event-source-mapping:{id}")));
        match operation {
            "CreateEventSourceMapping" => {
                let name = self.text("FunctionName").rsplit(':').next().unwrap().to_owned();
                let function = self.arn("lambda", &format!("function:{name}"));
                own.context.insert("lambda:FunctionArn".to_owned(), function);
                let mut tag = self.ask(
                    "lambda:TagResource",
                    self.arn("lambda", "event-source-mapping:new"),
                );
                requested(&mut tag);
                vec![own, tag]
            }
            "ListEventSourceMappings" => vec![own],
            _ => {
                let tags = self.aws().lambda.list_tags().resource(&own.resource).send().await;
                let tags = tags.ok().and_then(|answer| answer.tags).unwrap_or_default();
                own.context.extend(
                    tags.into_iter()
                        .map(|(key, value)| (format!("aws:ResourceTag/{key}"), value)),
                );
                vec![own]
            }
        }
    }

    fn pass(&self, role: &str, to: &str) -> Ask {
        let mut ask = self.ask("iam:PassRole", role.to_owned());
        ask.context
            .insert("iam:PassedToService".to_owned(), to.to_owned());
        ask
    }

    fn logs(&self, operation: &str) -> Vec<Ask> {
        let arn = self.text("resourceArn");
        if !arn.is_empty() {
            return vec![self.own(arn.to_owned())];
        }
        let group = self.arn("logs", &format!("log-group:{}", self.text("logGroupName")));
        let mut asks = vec![self.own(group.clone())];
        if operation == "CreateLogGroup" && self.json["tags"].is_object() {
            asks.push(self.ask("logs:TagResource", group));
        }
        asks
    }

    fn dynamodb(&self, operation: &str) -> Vec<Ask> {
        let arn = self.text("ResourceArn");
        if !arn.is_empty() {
            return vec![self.own(arn.to_owned())];
        }
        let table = self.arn("dynamodb", &format!("table/{}", self.text("TableName")));
        let mut asks = vec![self.own(table.clone())];
        if operation == "CreateTable" && self.json["Tags"].is_array() {
            asks.push(self.ask("dynamodb:TagResource", table));
        }
        asks
    }

    fn events(&self) -> Vec<Ask> {
        let arn = self.text("ResourceARN");
        if !arn.is_empty() {
            return vec![self.own(arn.to_owned())];
        }
        let (_, operation) = self.action.split_once(':').unwrap();
        let rule = [self.text("Rule"), self.text("Name")];
        let name = rule.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        let resource = match (operation, self.text("EventBusName")) {
            ("CreateEventBus" | "DescribeEventBus" | "UpdateEventBus" | "DeleteEventBus", _) => {
                format!("event-bus/{name}")
            }
            (_, "" | "default") => format!("rule/{name}"),
            (_, bus) => format!("rule/{}/{name}", bus.rsplit('/').next().unwrap()),
        };
        let resource = self.arn("events", &resource);
        let mut asks = vec![self.own(resource.clone())];
        if operation.starts_with("Create") || operation == "PutRule" {
            let tagged = self.json["Tags"].as_array().is_some_and(|tags| !tags.is_empty());
            asks.extend(tagged.then(|| self.ask("events:TagResource", resource)));
        }
        for target in self.json["Targets"].as_array().into_iter().flatten() {
            let role = target["RoleArn"].as_str();
            asks.extend(role.map(|role| self.pass(role, "events.amazonaws.com")));
        }
        asks
    }

    fn cloudtrail(&self) -> Vec<Ask> {
        let given = ["Name", "TrailName", "ResourceId"].map(|name| self.text(name));
        let mut names: Vec<_> = given
            .into_iter()
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        let list = self.json["ResourceIdList"].as_array().into_iter().flatten();
        names.extend(list.map(|one| one.as_str().unwrap().to_owned()));
        if names.is_empty() {
            return vec![self.own("*".to_owned())];
        }
        let arn = |name: &String| match name.starts_with("arn:") {
            true => name.clone(),
            false => self.arn("cloudtrail", &format!("trail/{name}")),
        };
        let mut asks: Vec<_> = names.iter().map(|name| self.own(arn(name))).collect();
        if self.json["TagsList"].is_array() && self.action == "cloudtrail:CreateTrail" {
            asks.push(self.ask("cloudtrail:AddTags", arn(&names[0])));
        }
        let role = self.text("CloudWatchLogsRoleArn");
        if !role.is_empty() {
            asks.push(self.pass(role, "cloudtrail.amazonaws.com"));
        }
        asks
    }

    fn cloudwatch(&self, operation: &str) -> Vec<Ask> {
        let named = |name: &str| texts(self.body, name).into_iter().next().unwrap_or_default();
        let arn = named("ResourceARN");
        if !arn.is_empty() {
            return vec![self.own(arn)];
        }
        let alarm = |name: String| self.arn("cloudwatch", &format!("alarm:{name}"));
        match operation {
            "DeleteAlarms" => texts(self.body, "AlarmNames")
                .into_iter()
                .map(|name| self.own(alarm(name)))
                .collect(),
            "PutMetricAlarm" | "PutCompositeAlarm" => {
                let tagged = self.body.windows(5).any(|bytes| bytes == b"\x64Tags");
                let tag = tagged.then(|| self.ask("cloudwatch:TagResource", alarm(named("AlarmName"))));
                [self.own(alarm(named("AlarmName")))]
                    .into_iter()
                    .chain(tag)
                    .collect()
            }
            _ => vec![self.own(alarm(named("AlarmName")))],
        }
    }

    fn iam(&self, operation: &str) -> Vec<Ask> {
        let role = |path: &str| {
            format!(
                "arn:aws:iam::{}:role{path}{}",
                self.account,
                self.form("RoleName")
            )
        };
        match (operation, self.form("Path")) {
            ("CreateRole", path) => {
                let tagged = !self.form("Tags.member.1.Key").is_empty();
                let tag = tagged.then(|| self.ask("iam:TagRole", role(&path)));
                let mut own = self.own(role(&path));
                own.context.extend(self.boundary());
                [own].into_iter().chain(tag).collect()
            }
            ("PutRolePermissionsBoundary", _) => {
                let mut own = self.own(role(&self.own_path()));
                own.context.extend(self.boundary());
                vec![own]
            }
            // IAM knows the path of an existing role, but only the name of a missing one: reading requires permission
            // for both.
            ("GetRole" | "GetRolePolicy" | "ListAttachedRolePolicies", _) => {
                vec![self.own(role("/")), self.own(role(&self.own_path()))]
            }
            _ => vec![self.own(role(&self.own_path()))],
        }
    }

    /// The permissions boundary that a role should get.
    fn boundary(&self) -> Option<(String, String)> {
        let boundary = self.form("PermissionsBoundary");
        (!boundary.is_empty()).then(|| ("iam:PermissionsBoundary".to_owned(), boundary))
    }

    /// The path of the stack's roles.
    fn own_path(&self) -> String {
        format!("/alertctl/{}/", self.stack)
    }

    async fn apigateway(&self) -> Vec<Ask> {
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

    fn s3(&self, operation: &str) -> Vec<Ask> {
        let bucket = self.head.uri.path().trim_matches('/').split('/').next().unwrap();
        let arn = format!("arn:aws:s3:::{bucket}");
        match operation {
            "DeleteObject" => ["s3:DeleteObject", "s3:DeleteObjectVersion"]
                .map(|action| self.ask(action, format!("{arn}/file")))
                .into(),
            "CreateBucket" if self.body.windows(5).any(|bytes| bytes == b"<Tag>") => {
                vec![self.own(arn.clone()), self.ask("s3:TagResource", arn)]
            }
            _ => vec![self.own(arn)],
        }
    }
}

/// The texts of a key in a CBOR map: a single text, or a list.
fn texts(body: &[u8], key: &str) -> Vec<String> {
    let length = u8::try_from(key.len()).unwrap();
    let mut marked = vec![0x60 + length];
    if length > 23 {
        marked = vec![0x78, length];
    }
    marked.extend(key.as_bytes());
    let Some(at) = body.windows(marked.len()).position(|bytes| bytes == marked) else {
        return Vec::new();
    };
    let mut rest = &body[at + marked.len()..];
    let list = rest[0] >> 5 == 4;
    if list {
        rest = &rest[1..];
    }
    let mut found = Vec::new();
    while let Some((head, tail)) = rest.split_first() {
        if head >> 5 != 3 {
            break;
        }
        let (length, tail) = match head & 0x1f {
            small @ 0..=23 => (usize::from(small), tail),
            24 => (usize::from(tail[0]), &tail[1..]),
            _ => (usize::from(u16::from_be_bytes([tail[0], tail[1]])), &tail[2..]),
        };
        found.push(String::from_utf8(tail[..length].to_vec()).unwrap());
        rest = &tail[length..];
        if !list {
            break;
        }
    }
    found
}
