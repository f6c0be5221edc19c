//! What people call the principals, resources and sources of a policy.

use std::collections::{BTreeMap, HashMap};

use alertctl_relay::ArnParts;

use super::grant::{Condition, Term, Who};
use crate::aws::Scope;
use crate::resource::apigatewayv2::api::ApigatewayApi;
use crate::resource::cloudtrail::trail::CloudtrailTrail;
use crate::resource::cloudwatch::alarm::CloudwatchAlarm;
use crate::resource::cloudwatch::alarm_mute_rule::CloudwatchAlarmMuteRule;
use crate::resource::cloudwatch::composite_alarm::CloudwatchCompositeAlarm;
use crate::resource::cloudwatch::log_alarm::CloudwatchLogAlarm;
use crate::resource::dynamodb::table::DynamodbTable;
use crate::resource::eventbridge::event_bus::EventbridgeEventBus;
use crate::resource::eventbridge::rule::EventbridgeRule;
use crate::resource::iam::role::IamRole;
use crate::resource::kms::key::KmsKey;
use crate::resource::lambda::function::LambdaFunction;
use crate::resource::logs::log_group::LogGroup;
use crate::resource::s3::bucket::S3Bucket;
use crate::resource::sns::topic::SnsTopic;
use crate::resource::sqs::queue::SqsQueue;
use crate::resource::{NodeId, Resource as _};

/// The nodes of a plan, by what policies call them.
pub(super) struct Names<'a> {
    scope: &'a Scope,
    /// By kind and physical name.
    named: HashMap<(&'static str, String), Vec<NodeId>>,
    /// By the id that AWS generated.
    ids: BTreeMap<String, NodeId>,
}

/// What people call the services that stacks deal with.
const SERVICES: [(&str, &str); 11] = [
    ("apigateway", "API Gateway"),
    ("cloudtrail", "CloudTrail"),
    ("cloudwatch", "CloudWatch"),
    ("delivery.logs", "the delivery of logs"),
    ("events", "EventBridge"),
    ("lambda", "Lambda"),
    ("logs", "CloudWatch Logs"),
    ("s3", "S3"),
    ("scheduler", "EventBridge Scheduler"),
    ("sns", "SNS"),
    ("sqs", "SQS"),
];

/// How the resources of a service are written in an ARN, what they are called, and the kinds of node that they are.
const THINGS: [(&str, &str, &str, &[&str]); 15] = [
    ("sns", "", "topic", &[SnsTopic::KIND]),
    ("sqs", "", "queue", &[SqsQueue::KIND]),
    ("lambda", "function:", "function", &[LambdaFunction::KIND]),
    ("logs", "log-group:", "log group", &[LogGroup::KIND]),
    ("iam", "role/", "role", &[IamRole::KIND]),
    ("iam", "user/", "user", &[]),
    ("s3", "", "bucket", &[S3Bucket::KIND]),
    ("dynamodb", "table/", "table", &[DynamodbTable::KIND]),
    ("cloudtrail", "trail/", "trail", &[CloudtrailTrail::KIND]),
    ("events", "rule/", "rule", &[EventbridgeRule::KIND]),
    ("events", "event-bus/", "event bus", &[EventbridgeEventBus::KIND]),
    (
        "cloudwatch",
        "alarm:",
        "alarm",
        &[
            CloudwatchAlarm::KIND,
            CloudwatchCompositeAlarm::KIND,
            CloudwatchLogAlarm::KIND,
        ],
    ),
    (
        "cloudwatch",
        "alarm-mute-rule:",
        "mute rule",
        &[CloudwatchAlarmMuteRule::KIND],
    ),
    ("kms", "key/", "key", &[KmsKey::KIND]),
    ("execute-api", "", "API", &[ApigatewayApi::KIND]),
];

/// Whom a grant is about, and why that is wide.
pub(super) struct Whom {
    pub name: String,
    pub wide: Option<&'static str>,
}

impl<'a> Names<'a> {
    /// The nodes with their physical names and the ids that AWS generated.
    pub(super) fn of(
        scope: &'a Scope,
        nodes: impl Iterator<Item = (NodeId, String, Option<String>)>,
    ) -> Self {
        let (mut named, mut ids) = (HashMap::<_, Vec<_>>::new(), BTreeMap::new());
        for (id, name, generated) in nodes {
            ids.extend(
                generated
                    .filter(|generated| !generated.is_empty())
                    .map(|generated| (generated, id.clone())),
            );
            named.entry((id.kind, name)).or_default().push(id);
        }
        Self { scope, named, ids }
    }

    /// The node of this kind and physical name in the stack's own region.
    pub(super) fn node(&self, kind: &'static str, name: &str) -> Option<&NodeId> {
        self.node_in(kind, name, &self.scope.region)
    }

    fn node_in(&self, kind: &'static str, name: &str, region: &str) -> Option<&NodeId> {
        let is_there =
            |id: &&NodeId| region.is_empty() || id.region().unwrap_or(&self.scope.region) == region;
        self.named.get(&(kind, name.to_owned()))?.iter().find(is_there)
    }

    /// Whom a grant is about. `conditions` may limit everybody to one account.
    pub(super) fn who(&self, who: &Who, conditions: &[Condition]) -> Whom {
        let plain = |name: String| Whom { name, wide: None };
        let (kind, id) = match who {
            Who::Holder(holder) => return plain(self.role(holder)),
            Who::AnyoneBut(others) => {
                let others = others.iter().map(|id| self.principal("AWS", id).name);
                let name = format!("anybody but {}", others.collect::<Vec<_>>().join(" and "));
                return Whom {
                    name,
                    wide: Some("anybody"),
                };
            }
            Who::Principal(kind, id) => (kind, id),
        };
        let own = &self.scope.account;
        let keys = ["aws:SourceAccount", "aws:SourceOwner", "aws:PrincipalAccount"];
        let limits = |one: &Condition| keys.iter().any(|key| one.names_account(key, own));
        match id == "*" && conditions.iter().any(limits) {
            true => plain("anybody in this account".to_owned()),
            false => self.principal(kind, id),
        }
    }

    fn principal(&self, kind: &str, id: &str) -> Whom {
        let (name, wide) = match (kind, id) {
            (_, "*") => ("anybody".to_owned(), Some("anybody")),
            ("Service", id) => (service(id), None),
            ("AWS", arn) => self.identity(arn),
            (_, id) => (id.to_owned(), None),
        };
        Whom { name, wide }
    }

    /// A principal of an account.
    fn identity(&self, arn: &str) -> (String, Option<&'static str>) {
        let Some(ArnParts {
            account, resource, ..
        }) = ArnParts::parse(arn)
        else {
            // What is left of a deleted role or user is its id.
            return (arn.to_owned(), None);
        };
        let wide = (account != self.scope.account).then_some("another account");
        let name = match (resource, wide) {
            ("root", None) => "this account (by its IAM policies)".to_owned(),
            ("root", Some(_)) => format!("anybody in account {account}"),
            _ => self.role(arn),
        };
        (name, wide)
    }

    /// A role (or user): one of the stack by its key alone, which is that of its function.
    fn role(&self, text: &str) -> String {
        let role = self.resource(text);
        role.strip_prefix("role/").unwrap_or(&role).to_owned()
    }

    /// An action's object: a resource by its ARN, `*`, or a node in braces.
    pub(super) fn object(&self, term: &Term) -> String {
        match term {
            Term::Is(resource) if resource == "*" => "any resource".to_owned(),
            Term::Is(resource) => self.resource(resource),
            Term::AnyBut(others) => {
                let others: Vec<_> = others.iter().map(|one| self.resource(one)).collect();
                format!("any resource but {}", others.join(" and "))
            }
        }
    }

    /// A resource by its ARN or, before AWS has generated that, by its node in braces: `topic/alerts`, `rules shop-*`.
    pub(super) fn resource(&self, text: &str) -> String {
        if let Some((node, rest)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) {
            let (kind, key) = node.split_once('/').unwrap_or_default();
            return part(&format!("{}/{key}", short(kind)), rest);
        }
        let Some(arn) = ArnParts::parse(text) else {
            return text.to_owned();
        };
        let ArnParts {
            service,
            region,
            account,
            resource,
            ..
        } = arn;
        // The ARN of an API that AWS has yet to create contains its node.
        if resource.starts_with('{') {
            return self.resource(resource);
        }
        let is_own = account.is_empty() || account == self.scope.account;
        for (_, prefix, noun, kinds) in THINGS.iter().filter(|(of, ..)| *of == service) {
            let Some(name) = resource.strip_prefix(prefix) else {
                continue;
            };
            let (name, rest) = named(service, name);
            let node = kinds.iter().find_map(|kind| self.node_in(kind, name, region));
            let node = node.or_else(|| self.ids.get(name).filter(|id| kinds.contains(&id.kind)));
            if let Some(id) = node.filter(|_| is_own) {
                return part(&format!("{}/{}", short(id.kind), id.key), rest);
            }
            let noun = match name.contains(['*', '?']) {
                true if *noun == "event bus" => "event buses".to_owned(),
                true => format!("{noun}s"),
                false => (*noun).to_owned(),
            };
            let place = self.elsewhere(region, account);
            return part(&format!("{noun} {name}"), rest) + &place;
        }
        text.to_owned()
    }

    /// Where something is, if not in the stack's own account and region.
    fn elsewhere(&self, region: &str, account: &str) -> String {
        let mut place = String::new();
        if !["", "*", self.scope.region.as_str()].contains(&region) {
            place += &format!(" in {region}");
        }
        match account {
            "*" => place += " of any account",
            "" => {}
            other if other == self.scope.account => {}
            other => place += &format!(" of account {other}"),
        }
        place
    }
}

/// The name in the resource part of an ARN, and what follows it.
fn named<'n>(service: &str, name: &'n str) -> (&'n str, &'n str) {
    let end = match service {
        "logs" => name.find(':'),
        "s3" | "dynamodb" | "execute-api" => name.find('/'),
        // Behind a role's path.
        "iam" => return (name.rsplit('/').next().unwrap_or(name), ""),
        _ => None,
    };
    name.split_at(end.unwrap_or(name.len()))
}

/// What follows a name: everything in it, a call of an API, or a part.
fn part(name: &str, rest: &str) -> String {
    let call = rest.strip_prefix("/*/").and_then(|call| call.split_once('/'));
    match (rest, call) {
        ("" | ":*" | "/*", _) => name.to_owned(),
        (rest, _) if rest.starts_with(":log-stream:") => {
            format!("streams {} of {name}", rest.trim_start_matches(":log-stream:"))
        }
        (_, Some((method, path))) if name.starts_with("api/") || name.starts_with("API ") => {
            let method = if method == "*" { "ANY" } else { method };
            format!("{method} /{path} of {name}")
        }
        (rest, _) => format!("{name}{rest}"),
    }
}

/// A kind without its service.
fn short(kind: &str) -> &str {
    let services = [
        "apigatewayv2-",
        "cloudtrail-",
        "cloudwatch-",
        "dynamodb-",
        "eventbridge-",
        "iam-",
        "kms-",
        "lambda-",
        "s3-",
        "sns-",
        "sqs-",
    ];
    services
        .iter()
        .find_map(|service| kind.strip_prefix(service))
        .unwrap_or(kind)
}

/// A service by its principal, such as `sns.amazonaws.com`.
fn service(principal: &str) -> String {
    let known = SERVICES.iter().find(|(id, _)| {
        principal
            .strip_prefix(id)
            .is_some_and(|rest| [".amazonaws.com", ".amazonaws.com.cn"].contains(&rest))
    });
    known.map_or_else(|| principal.to_owned(), |(_, name)| (*name).to_owned())
}
