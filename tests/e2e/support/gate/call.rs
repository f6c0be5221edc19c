//! The permissions that a call needs, service by service.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::{Ask, decoded};
use crate::support::wire::{account, parameter, region};
use alertctl::aws::connect::Clients;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use axum::http::request::Parts;
use serde_json::Value;

mod apigateway;
mod cloudwatch;
mod kms;
mod lambda;

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
