//! Who may do what, in front of the local AWS: each call is judged by policies as AWS judges it, action by
//! action and resource by resource, and refused in AWS's words.
//!
//! What a call asks for is written down here once more, apart from alertctl's own tables: from the service
//! authorization reference and the services' guides.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use alertctl::aws::connect::Clients;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use axum::body::{Body, to_bytes};
use axum::http::Response;
use axum::http::request::Parts;
use futures::FutureExt as _;
use serde_json::{Value, json};

use super::wire::{account, parameter, refusal, region};

/// One permission that a call asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ask {
    pub action: String,
    pub resource: String,
    pub context: BTreeMap<String, String>,
}

/// One action of one statement, which is granted or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    pub action: String,
    pub resources: Vec<String>,
    /// Operator, key, value.
    pub conditions: Vec<(String, String, String)>,
}

/// What is granted, and what was refused since it was last asked.
#[derive(Default)]
pub struct Gate {
    pub granted: Mutex<BTreeSet<Unit>>,
    pub refused: Mutex<BTreeSet<Ask>>,
    /// The stack that lives in the account: its roles are under its path.
    pub stack: String,
    /// The ARN of who calls, where that is not the account's root user: IAM then tells what they may do.
    pub identity: Option<String>,
}

/// The units of policy documents.
pub fn units(documents: &[Value]) -> BTreeSet<Unit> {
    let texts = |value: &Value| -> Vec<String> {
        let items = value.as_array().unwrap().iter();
        items.map(|item| item.as_str().unwrap().to_owned()).collect()
    };
    let mut units = BTreeSet::new();
    for document in documents {
        for statement in document["Statement"].as_array().unwrap() {
            let mut conditions = Vec::new();
            for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
                for (key, value) in keys.as_object().unwrap() {
                    conditions.push((operator.clone(), key.clone(), value.as_str().unwrap().to_owned()));
                }
            }
            for action in texts(&statement["Action"]) {
                units.insert(Unit {
                    action,
                    resources: texts(&statement["Resource"]),
                    conditions: conditions.clone(),
                });
            }
        }
    }
    units
}

impl Unit {
    /// True when it allows what is asked for.
    pub fn allows(&self, ask: &Ask) -> bool {
        let holds = |(operator, key, value): &(String, String, String)| {
            let Some(is) = ask.context.get(key) else {
                return false;
            };
            match operator.as_str() {
                "StringEquals" => is == value,
                "ArnLike" => matches(value, is),
                other => panic!("the operator {other}"),
            }
        };
        self.action.eq_ignore_ascii_case(&ask.action)
            && self
                .resources
                .iter()
                .any(|resource| matches(resource, &ask.resource))
            && self.conditions.iter().all(holds)
    }
}

/// True when `text` is what the pattern says, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap()) else {
        return false;
    };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// What CloudWatch Logs asks of whoever lets API Gateway write an access log:
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

/// Actions without resources, by the service authorization reference and, for composite alarms, the API's own.
const EVERYTHING: [&str; 17] = [
    "cloudtrail:DescribeTrails",
    "cloudwatch:DescribeAlarms",
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

/// One call on its way.
struct Call<'a> {
    action: &'a str,
    head: &'a Parts,
    body: &'a [u8],
    json: Value,
    stack: &'a str,
    region: String,
    account: String,
    aws: Clients,
}

impl Gate {
    /// The refusal of a call that asks for what is not granted.
    pub async fn refuses(
        &self,
        upstream: &str,
        action: &str,
        head: &Parts,
        body: &[u8],
    ) -> Option<Response<Body>> {
        // Nobody needs a permission for it.
        if action == "sts:GetCallerIdentity" {
            return None;
        }
        let call = Call::new(upstream, action, &self.stack, head, body);
        for ask in call.asks().boxed().await {
            let granted = self.granted.lock().unwrap().iter().any(|unit| unit.allows(&ask));
            if granted {
                continue;
            }
            let message = format!(
                "User: arn:aws:iam::{}:user/deployer is not authorized to perform: {} on resource: {} because no \
                 identity-based policy allows the {} action",
                call.account, ask.action, ask.resource, ask.action
            );
            let code = match action.split_once(':').unwrap().0 {
                "sns" => "AuthorizationError",
                "iam" | "s3" | "sqs" | "cloudwatch" => "AccessDenied",
                _ => "AccessDeniedException",
            };
            self.refused.lock().unwrap().insert(ask);
            return Some(refusal(403, code, &message, head, body));
        }
        None
    }
}

impl Gate {
    /// Who calls, and what IAM says of what they may do.
    pub fn answers(&self, action: &str, body: &[u8]) -> Option<Response<Body>> {
        let identity = self.identity.as_ref()?;
        let xml = match action {
            "sts:GetCallerIdentity" => {
                let account = identity.split(':').nth(4).unwrap();
                format!(
                    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{identity}</Arn><UserId>AIDA1</UserId>\
                     <Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
                )
            }
            "iam:SimulatePrincipalPolicy" => {
                format!(
                    "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults>{}\
                     </EvaluationResults><IsTruncated>false</IsTruncated></SimulatePrincipalPolicyResult>\
                     </SimulatePrincipalPolicyResponse>",
                    self.simulated(&form(body))
                )
            }
            _ => return None,
        };
        let answer = Response::builder().header("content-type", "text/xml");
        Some(answer.body(Body::from(xml)).unwrap())
    }

    /// One result an action, with one for each resource in it.
    fn simulated(&self, form: &[(String, String)]) -> String {
        let list = |name: &str| {
            let name = format!("{name}.member.");
            let one = form.iter().filter(move |(key, _)| key.starts_with(&name));
            one.map(|(_, value)| value.clone()).collect::<Vec<_>>()
        };
        let entries = form.iter().filter(|(key, _)| key.starts_with("ContextEntries."));
        let part = |end: &str| {
            let values = entries.clone().filter(|(key, _)| key.contains(end));
            values.map(|(_, value)| value.clone()).collect::<Vec<_>>()
        };
        let keys = part(".ContextKeyName").into_iter();
        let context: BTreeMap<_, _> = keys.zip(part(".ContextKeyValues.")).collect();
        let granted = self.granted.lock().unwrap();
        let judged = |action: &str, resource: &str| {
            let ask = Ask {
                action: action.to_owned(),
                resource: resource.to_owned(),
                context: context.clone(),
            };
            // Of every statement, whatever that is about.
            let keys = granted.iter().flat_map(|unit| &unit.conditions);
            let keys: BTreeSet<_> = keys.map(|(_, key, _)| key).collect();
            let missing = keys.into_iter().filter(|key| !context.contains_key(*key));
            let missing: String = missing.map(|key| format!("<member>{key}</member>")).collect();
            let decision = match granted.iter().any(|unit| unit.allows(&ask)) {
                true => "allowed",
                false => "implicitDeny",
            };
            format!(
                "<member><EvalResourceName>{resource}</EvalResourceName><EvalResourceDecision>{decision}\
                 </EvalResourceDecision><MissingContextValues>{missing}</MissingContextValues></member>"
            )
        };
        let results = list("ActionNames").into_iter().map(|action| {
            let each: String = list("ResourceArns").iter().map(|one| judged(&action, one)).collect();
            format!(
                "<member><EvalActionName>{action}</EvalActionName><EvalResourceName>*</EvalResourceName>\
                 <EvalDecision>implicitDeny</EvalDecision><ResourceSpecificResults>{each}</ResourceSpecificResults>\
                 </member>"
            )
        });
        results.collect()
    }
}

impl<'a> Call<'a> {
    fn new(upstream: &str, action: &'a str, stack: &'a str, head: &'a Parts, body: &'a [u8]) -> Self {
        let (region, account) = (region(&head.headers), account(&head.headers));
        let root = Credentials::new(&account, "test", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.clone()))
            .endpoint_url(upstream)
            .credentials_provider(SharedCredentialsProvider::new(root))
            .build();
        Self {
            action,
            head,
            body,
            stack,
            json: serde_json::from_slice(body).unwrap_or_default(),
            region,
            account,
            aws: Clients::new(&config),
        }
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        match resource.starts_with("arn:") {
            true => resource.to_owned(),
            false => format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account),
        }
    }

    fn form(&self, name: &str) -> String {
        let value = parameter(self.body, name).unwrap_or_default();
        let value = value.replace('+', " ");
        percent_encoding::percent_decode_str(&value)
            .decode_utf8()
            .unwrap()
            .into_owned()
    }

    fn text(&self, name: &str) -> &str {
        self.json[name].as_str().unwrap_or_default()
    }

    /// What stands behind this segment of the path.
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

    /// The action of the call itself on `resource`.
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

    async fn asks(&self) -> Vec<Ask> {
        let (service, operation) = self.action.split_once(':').unwrap();
        let mut asks = match service {
            "sns" => self.sns(),
            "sqs" => self.sqs(),
            "kms" => self.kms(operation).await,
            "lambda" => self.lambda(operation).await,
            "logs" => self.logs(operation),
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
            // A key that does not exist is not asked about: KMS says so to anybody in the account.
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
        let answer = self.aws.kms.describe_key().key_id(key).send().await.ok()?;
        let metadata = answer.key_metadata?;
        let tags = self
            .aws
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
            let tags = self.aws.lambda.list_tags().resource(&ask.resource).send().await;
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
            let tags = self.aws.lambda.list_tags().resource(&own.resource).send().await;
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
                let tags = self.aws.lambda.list_tags().resource(&own.resource).send().await;
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
                [self.own(role(&path))].into_iter().chain(tag).collect()
            }
            // IAM knows the path of a role that exists, and only its name otherwise: whoever reads needs both.
            ("GetRole" | "GetRolePolicy" | "ListAttachedRolePolicies", _) => {
                vec![self.own(role("/")), self.own(role(&self.own_path()))]
            }
            _ => vec![self.own(role(&self.own_path()))],
        }
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
        // An API and its stages have tags, nothing else in it.
        if let ["apis", id] | ["apis", id, "stages", _] = parts.as_slice() {
            let api = self.aws.apigateway.get_api().api_id(*id).send().await;
            let tags = api.ok().and_then(|answer| answer.tags).unwrap_or_default();
            ask.context.extend(
                tags.into_iter()
                    .map(|(key, value)| (format!("aws:ResourceTag/{key}"), value)),
            );
        }
        let mut asks = vec![ask];
        let made = self.head.method == "POST" && ["apis", "stages"].contains(parts.last().unwrap());
        if made && self.json["tags"].is_object() {
            asks.push(self.ask(
                "apigateway:POST",
                format!("arn:aws:apigateway:{}::/tags/new", self.region),
            ));
        }
        if self.json["accessLogSettings"]["destinationArn"].is_string() {
            asks.extend(LOG_DELIVERY.map(|action| self.ask(action, "*".to_owned())));
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

    /// What carries the tag that is asked for, and the local AWS does not count among the tagged.
    async fn tagged(&self) -> Vec<Value> {
        let filter = &self.json["TagFilters"][0];
        let (key, value) = (
            filter["Key"].as_str().unwrap(),
            filter["Values"][0].as_str().unwrap(),
        );
        if self.json["ResourceTypeFilters"]
            .as_array()
            .is_some_and(|types| !types.is_empty())
        {
            return Vec::new();
        }
        let mut found: Vec<(String, BTreeMap<String, String>)> = Vec::new();
        let groups = self.aws.logs.describe_log_groups().send().await.unwrap();
        for group in groups.log_groups() {
            let arn = group.arn().unwrap().trim_end_matches(":*").to_owned();
            let tags = self
                .aws
                .logs
                .list_tags_for_resource()
                .resource_arn(&arn)
                .send()
                .await
                .unwrap();
            found.push((arn, tags.tags.unwrap_or_default().into_iter().collect()));
        }
        let alarms = self.aws.cloudwatch.describe_alarms();
        let alarms = alarms
            .alarm_types("MetricAlarm".into())
            .alarm_types("CompositeAlarm".into());
        let alarms = alarms.send().await.unwrap();
        let mut arns = Vec::new();
        for alarm in alarms.metric_alarms() {
            arns.push(alarm.alarm_arn().unwrap().to_owned());
        }
        for alarm in alarms.composite_alarms() {
            arns.push(alarm.alarm_arn().unwrap().to_owned());
        }
        for arn in &arns {
            let tags = self
                .aws
                .cloudwatch
                .list_tags_for_resource()
                .resource_arn(arn)
                .send()
                .await
                .unwrap();
            let pair = |tag: &aws_sdk_cloudwatch::types::Tag| {
                (tag.key().unwrap().to_owned(), tag.value().unwrap().to_owned())
            };
            found.push((arn.to_owned(), tags.tags().iter().map(pair).collect()));
        }
        let trails = self.aws.cloudtrail.describe_trails().send().await.unwrap();
        for trail in trails.trail_list() {
            if trail.home_region() != Some(&self.region) {
                continue;
            }
            let arn = trail.trail_arn().unwrap();
            let tags = self
                .aws
                .cloudtrail
                .list_tags()
                .resource_id_list(arn)
                .send()
                .await
                .unwrap();
            let tags = tags.resource_tag_list().iter().flat_map(|one| one.tags_list());
            let pair = |tag: &aws_sdk_cloudtrail::types::Tag| {
                (tag.key().to_owned(), tag.value().unwrap_or_default().to_owned())
            };
            found.push((arn.to_owned(), tags.map(pair).collect()));
        }
        let apis = self.aws.apigateway.get_apis().send().await.unwrap();
        for api in apis.items() {
            let id = api.api_id().unwrap();
            let tags = api.tags().cloned().unwrap_or_default().into_iter().collect();
            found.push((format!("arn:aws:apigateway:{}::/apis/{id}", self.region), tags));
        }
        let mappings = self.aws.lambda.list_event_source_mappings().send().await.unwrap();
        for mapping in mappings.event_source_mappings() {
            let arn = mapping.event_source_mapping_arn().unwrap();
            let tags = self.aws.lambda.list_tags().resource(arn).send().await.unwrap();
            found.push((
                arn.to_owned(),
                tags.tags.unwrap_or_default().into_iter().collect(),
            ));
        }
        let ours = found
            .into_iter()
            .filter(|(_, tags)| tags.get(key).is_some_and(|is| is == value));
        ours.map(|(arn, tags)| {
            let tags: Vec<_> = tags
                .iter()
                .map(|(key, value)| json!({ "Key": key, "Value": value }))
                .collect();
            json!({ "ResourceARN": arn, "Tags": tags })
        })
        .collect()
    }
}

/// AWS's tagging index knows kinds that the local one does not: completes its last page.
pub async fn complete(upstream: &str, head: &Parts, body: &[u8], answer: Response<Body>) -> Response<Body> {
    let (mut answer_head, answer_body) = answer.into_parts();
    let bytes = to_bytes(answer_body, usize::MAX).await.unwrap();
    let mut page: Value = serde_json::from_slice(&bytes).unwrap();
    if page["PaginationToken"].as_str().unwrap_or_default().is_empty() {
        let call = Call::new(upstream, "tag:GetResources", "", head, body);
        let list = page["ResourceTagMappingList"].as_array_mut().unwrap();
        for one in call.tagged().boxed().await {
            if !list
                .iter()
                .any(|known| known["ResourceARN"] == one["ResourceARN"])
            {
                list.push(one);
            }
        }
    }
    answer_head.headers.remove("content-length");
    Response::from_parts(answer_head, Body::from(page.to_string()))
}

/// The fields of a form.
fn form(body: &[u8]) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    let fields = std::str::from_utf8(body).unwrap().split('&');
    let fields = fields.filter_map(|field| field.split_once('='));
    fields
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// The texts behind a key in a CBOR map: one, or a list.
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
