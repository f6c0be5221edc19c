//! The pattern of `stack-changes`: changing calls that name a resource of the stack.

use serde_json::{Value, json};

use super::API_CALL;
use crate::stack::model::{Stack, TrailBucket, TrailSource, What};

/// Services of the stack's resources.
const SOURCES: [&str; 10] = [
    "aws.cloudtrail",
    "aws.events",
    "aws.iam",
    "aws.kms",
    "aws.lambda",
    "aws.logs",
    "aws.monitoring",
    "aws.s3",
    "aws.sns",
    "aws.sqs",
];

/// Calls that do not change the stack. Lambda creates a log stream for each new instance of a function. Two
/// calls only read, but EventBridge recognizes reads by the first word of a name and delivers these two. And
/// a run of this tool tags a role every two seconds.
const NO_CHANGES: [&str; 5] = [
    "CreateLogStream",
    "FilterLogEvents",
    "StartQuery",
    "TagRole",
    "UntagRole",
];

/// Characters of a function's name that fit into its role's name, which AWS limits to 64.
const KEPT_IN_ROLES: usize = 55;

/// Default names begin with the stack's name; the others are those that the file sets. A pattern cannot match
/// resources with random ids (keys, APIs).
///
/// Data events are excluded: if a trail logs invocations of the relay, such an event names the relay and would
/// invoke it again, in an endless loop.
pub fn pattern(stack: &Stack) -> Value {
    let given = Given::of(stack);
    let prefix = format!("{}-", stack.stack);
    let begins = || json!({ "prefix": prefix });
    let after = |sign: char| json!({ "wildcard": format!("*{sign}{prefix}*") });
    let ends = |sign: char, names: &[&str]| -> Vec<Value> {
        let ends = names
            .iter()
            .map(|name| json!({ "suffix": format!("{sign}{name}") }));
        ends.collect()
    };
    let exact = |names: &[&str]| -> Vec<Value> { names.iter().map(|name| json!(name)).collect() };
    let alarms = [vec![begins()], given.alarms].concat();
    let functions = [vec![after(':')], ends(':', &given.functions)].concat();
    let aliases = [&format!("alias/{prefix}")].map(|alias| json!({ "prefix": alias }));
    let given_aliases = given.aliases.iter().map(|alias| json!(format!("alias/{alias}")));
    let groups = json!({ "wildcard": format!("*/alertctl/{}/*", stack.stack) });
    let queues = given.functions.iter();
    let queues = queues.map(|name| json!({ "wildcard": format!("*/{name}-*") }));
    let roles = given.functions.iter();
    let roles = roles.map(|name| json!({ "prefix": limited(&format!("{name}-")) }));
    let topics = ends(':', &given.topics);
    let subscriptions = given.topics.iter();
    let subscriptions = subscriptions.map(|name| json!({ "wildcard": format!("*:{name}:*") }));
    let trail = [exact(&given.trails), ends('/', &given.trails)].concat();
    let fields = [
        ("alarmName", alarms.clone()),
        ("alarmNames", alarms),
        ("aliasName", aliases.into_iter().chain(given_aliases).collect()),
        ("bucketName", [vec![begins()], given.buckets].concat()),
        // A metric filter may be on a log group that the stack does not own.
        (
            "filterName",
            vec![json!({ "prefix": format!("alertctl-{}.", stack.stack) })],
        ),
        (
            "functionName",
            [vec![begins()], exact(&given.functions), functions.clone()].concat(),
        ),
        (
            "logGroupName",
            [
                vec![begins(), after('/'), groups],
                exact(&given.groups),
                ends('/', &given.functions),
            ]
            .concat(),
        ),
        // For a new topic, bus or rule this is a name; for a trail it may be an ARN.
        (
            "name",
            [
                vec![begins(), after('/')],
                given.rules.clone(),
                exact(&given.topics),
                exact(&given.buses),
                trail.clone(),
            ]
            .concat(),
        ),
        ("queueUrl", [after('/')].into_iter().chain(queues).collect()),
        ("roleName", [begins()].into_iter().chain(roles).collect()),
        ("rule", [vec![begins()], given.rules].concat()),
        (
            "subscriptionArn",
            [after(':')].into_iter().chain(subscriptions).collect(),
        ),
        ("topicArn", [vec![after(':')], topics].concat()),
        ("trailName", [vec![begins(), after('/')], trail].concat()),
    ];
    let asked = fields
        .into_iter()
        .map(|(field, conditions)| json!({ "requestParameters": { field: conditions } }));
    // An event source mapping is identified by an id; the response names the function.
    let answered = json!({ "responseElements": { "functionArn": functions } });
    json!({
        "source": SOURCES,
        "detail-type": [API_CALL],
        "detail": {
            "eventName": [{ "anything-but": NO_CHANGES }],
            "managementEvent": [true],
            "$or": asked.chain([answered]).collect::<Vec<_>>(),
        },
    })
}

/// The names that the file sets and that do not begin with the stack's name.
struct Given<'a> {
    /// Conditions, because the alarms of a preset add a suffix to the preset's name.
    alarms: Vec<Value>,
    aliases: Vec<&'a str>,
    /// Conditions, because a bucket's name may contain the account id.
    buckets: Vec<Value>,
    buses: Vec<&'a str>,
    functions: Vec<&'a str>,
    groups: Vec<&'a str>,
    /// Conditions, because each of `services` adds its name to the rule's.
    rules: Vec<Value>,
    topics: Vec<&'a str>,
    trails: Vec<&'a str>,
}

impl<'a> Given<'a> {
    fn of(stack: &'a Stack) -> Self {
        let prefix = format!("{}-", stack.stack);
        let strange = |name: &&'a str| !name.starts_with(&prefix);
        let strangers = |names: &mut dyn Iterator<Item = Option<&'a String>>| -> Vec<&'a str> {
            names.flatten().map(String::as_str).filter(strange).collect()
        };
        let own = stack.trail.as_ref().and_then(|trail| match &trail.source {
            TrailSource::Own(own) => Some(own),
            TrailSource::Existing(_) => None,
        });
        let bucket = own.and_then(|own| match &own.bucket {
            TrailBucket::Own { name, .. } => name.as_deref().filter(strange),
            TrailBucket::Existing(_) => None,
        });
        let bucket = bucket.map(|name| match name.contains("{account}") {
            true => json!({ "wildcard": name.replace("{account}", "*") }),
            false => json!(name),
        });
        // The log group of an existing trail does not belong to the stack.
        let logs = stack.trail.as_ref().filter(|_| own.is_some());
        let logs = logs.and_then(|trail| trail.logs.as_ref());
        let named = |name: &str, are_many: bool| match are_many {
            true => json!({ "prefix": format!("{name}-") }),
            false => json!(name),
        };
        let rules = stack.rules.values().filter_map(|rule| {
            let name = rule.name.as_deref().filter(strange)?;
            Some(named(name, matches!(rule.what, What::Services(_))))
        });
        let alarms = stack.alarms.values().filter_map(|alarm| {
            let name = alarm.name.as_deref().filter(strange)?;
            Some(named(name, alarm.preset.is_some()))
        });
        let ingests = stack
            .endpoints
            .values()
            .map(|endpoint| endpoint.function.as_ref());
        let guard = stack.trail.iter().map(|trail| trail.guard.name.as_ref());
        let relay = [stack.relay.name.as_ref()].into_iter();
        Self {
            alarms: alarms.collect(),
            aliases: strangers(&mut [stack.key.alias.as_ref()].into_iter()),
            buckets: bucket.into_iter().collect(),
            buses: strangers(&mut stack.buses.values().map(|bus| bus.name.as_ref())),
            functions: strangers(&mut relay.chain(ingests).chain(guard)),
            groups: strangers(&mut logs.into_iter().map(|logs| logs.group.as_ref())),
            rules: rules.collect(),
            topics: strangers(&mut stack.topics.values().map(|topic| topic.name.as_ref())),
            trails: strangers(&mut own.into_iter().map(|own| own.name.as_ref())),
        }
    }
}

/// The part of a role's name before the digest that ends a name that is too long.
fn limited(name: &str) -> &str {
    let end = name.char_indices().nth(KEPT_IN_ROLES);
    end.map_or(name, |(end, _)| &name[..end])
}
