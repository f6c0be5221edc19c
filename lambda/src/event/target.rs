//! What a call was made on: the names, ids and ARNs in its request, in its answer and in the record's own list.
//!
//! A request may hold many names, and which one is the object depends on the call: of `CreateSubnet` it is the subnet
//! in the answer, not the VPC in the request. So a name ranks by how much its key has in common with the call's own name.

use super::{list, mask, normalised, text};
use serde_json::Value;

/// At most this many resource names are kept; a message shows fewer.
const MAX_RESOURCES: usize = 100;
/// Deepest object that is searched.
const MAX_DEPTH: usize = 6;
/// Longest name that counts as one.
const MAX_NAME: usize = 2_048;

/// What remains of a key without these says what it names.
const ENDS: [&str; 10] = [
    "identifiers",
    "identifier",
    "arnlist",
    "arns",
    "arn",
    "names",
    "name",
    "idlist",
    "ids",
    "id",
];
/// Keys that name a thing as they are.
const THINGS: [&str; 17] = [
    "cluster",
    "service",
    "services",
    "resource",
    "resources",
    "resourcearn",
    "resourceid",
    "target",
    "targetid",
    "rule",
    "bucket",
    "queueurl",
    "task",
    "stream",
    "family",
    "identity",
    "identities",
];
/// Keys that end like a name and name no resource.
const NO_THINGS: [&str; 14] = [
    "masterusername",
    "attributename",
    "registryid",
    "versionid",
    "metricname",
    "dbname",
    "displayname",
    "zonename",
    "availabilityzoneid",
    "hostname",
    "ownerid",
    "regionname",
    "policyid",
    "externalid",
];
/// Parts of keys that belong to the request itself.
const OF_THE_REQUEST: [&str; 5] = ["request", "session", "client", "token", "callerreference"];
/// What people think of as a thing of its own, unlike a subnet group or an option group.
const MAIN: [&str; 18] = [
    "user",
    "role",
    "bucket",
    "instance",
    "dbinstance",
    "dbcluster",
    "cluster",
    "function",
    "volume",
    "vpc",
    "table",
    "topic",
    "secret",
    "account",
    "repository",
    "domain",
    "detector",
    "webacl",
];
/// What CloudTrail, tools and placeholders write where there is no value.
const NOTHING: [&str; 8] = [
    "none",
    "null",
    "-",
    "*",
    "...",
    "hidden_due_to_security_reasons",
    "<sensitivedataremoved>",
    "undefined",
];

/// Verbs of calls whose answer names what is new.
const CREATES: [&str; 10] = [
    "Create", "Run", "Copy", "Restore", "Import", "Register", "Allocate", "Issue", "Publish", "Request",
];

/// How much a name has to do with its call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// The call is named after it.
    Own,
    /// The call's name begins with it: the bucket of `PutBucketPolicy`.
    First,
    /// It is somewhere in the call's name: the policy of `AttachRolePolicy`.
    Part,
    /// The key says only that it names something.
    Thing,
    Main,
    Other,
}

/// What a call was made on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Targets {
    /// Every name, id or ARN, the most specific first, each once.
    pub all: Vec<String>,
    /// The short names of those that a headline is about.
    pub main: Vec<String>,
}

/// The targets of the call `name` to `service`.
pub(super) fn read(service: &str, name: &str, record: &Value) -> Targets {
    let mut search = Search {
        service,
        noun: noun(name),
        found: Vec::new(),
        answer: false,
    };
    if let Some(request) = record.get("requestParameters") {
        search.object("", request, "", 0, true);
    }
    // What a service reports of itself has no request.
    if let Some(details) = record
        .get("serviceEventDetails")
        .filter(|_| search.found.is_empty())
    {
        search.object("", details, "", 0, true);
    }
    let best = search.found.iter().map(|(rank, _)| *rank).min();
    if best != Some(Rank::Own) && CREATES.iter().any(|verb| name.starts_with(verb)) {
        search.answer = true;
        if let Some(answer) = record.get("responseElements") {
            search.object("", answer, "", 0, true);
        }
    }
    let has_key = service == "s3" && record.pointer("/requestParameters/key").is_some();
    for resource in list(record, "resources") {
        // The object of a bucket is in the request, as the key it has there.
        let arn = text(resource, "ARN").filter(|arn| !(has_key && arn.contains('/')));
        if let Some(arn) = arn {
            search.offer(Rank::Thing, &arn);
        }
    }
    search.targets()
}

struct Search<'a> {
    service: &'a str,
    /// What the call is named after: `dbinstance` for `ModifyDBInstance`.
    noun: String,
    found: Vec<(Rank, String)>,
    /// Whether the search is in the answer, where only what the call is named after counts.
    answer: bool,
}

impl Search<'_> {
    /// Looks into an object under `key`; `free` if every name in it counts, not only what the call is named after.
    fn object(&mut self, key: &str, value: &Value, parent: &str, depth: usize, free: bool) {
        let Some(map) = value.as_object().filter(|_| depth < MAX_DEPTH) else {
            return;
        };
        if let (Some(name), Some(values)) = (map.get("key").and_then(Value::as_str), map.get("values")) {
            return self.value(name, values, parent, depth, free);
        }
        for (inner, value) in map {
            match inner.as_str() {
                // How EC2 writes a list in a newer request: `"FlowLogId": { "tag": 1, "content": "fl-…" }`.
                "content" => self.value(key, value, parent, depth, free),
                inner => self.value(inner, value, parent, depth, free),
            }
        }
    }

    fn value(&mut self, key: &str, value: &Value, parent: &str, depth: usize, free: bool) {
        match value {
            Value::String(name) => self.name(key, name, parent, free),
            Value::Array(values) => {
                for value in values.iter().take(MAX_RESOURCES) {
                    self.value(key, value, parent, depth, free);
                }
            }
            Value::Object(_) => {
                let normal = normalised(key);
                if ["filter", "tag", "permission"]
                    .iter()
                    .any(|part| normal.starts_with(part))
                    || ["policy", "document", "permissions"]
                        .iter()
                        .any(|end| normal.ends_with(end))
                {
                    return;
                }
                let wraps = ["request", "req", "set", "items", "item", "entries"]
                    .iter()
                    .any(|end| normal.ends_with(end));
                let names = ["source", "destination", "target", "resource"]
                    .iter()
                    .any(|part| normal.starts_with(part));
                let parent = if wraps { parent.to_owned() } else { normal };
                let free = free && (wraps || names || naming(key).is_some());
                self.object(key, value, &parent, depth + 1, free);
            }
            _ => {}
        }
    }

    /// A text under `key`.
    fn name(&mut self, key: &str, name: &str, parent: &str, free: bool) {
        let normal = normalised(key);
        let rank = if self.service == "s3" && normal == "key" && self.noun.starts_with("object") {
            Rank::Own
        } else {
            match naming(key) {
                Some(stem) => self.rank(&normal, &stem, parent),
                None => return,
            }
        };
        let enough = match (self.answer, free) {
            (true, _) => Rank::First,
            (false, false) => Rank::Own,
            (false, true) => Rank::Other,
        };
        let no_thing =
            NO_THINGS.contains(&normal.as_str()) || OF_THE_REQUEST.iter().any(|part| normal.contains(part));
        if rank <= enough && !(no_thing && rank > Rank::First) {
            self.offer(rank, name);
        }
    }

    fn rank(&self, key: &str, stem: &str, parent: &str) -> Rank {
        // `{ "name": … }` names the call's object, and `{ "cluster": { "name": … } }` a cluster.
        let stem = match (stem, parent) {
            ("", "") if self.answer => return Rank::Other,
            ("", "") if key == "ids" => return Rank::Other,
            ("", "") if key.starts_with("id") => return Rank::Main,
            ("", "") => return Rank::First,
            ("", parent) => parent,
            (stem, _) => stem,
        };
        let stem = singular(stem);
        let noun = self.noun.as_str();
        if noun == stem {
            Rank::Own
        } else if stem.len() >= 3 && noun.starts_with(&stem) {
            Rank::First
        } else if stem.len() >= 3 && (noun.contains(&stem) || surrounds(noun, &stem))
            || !noun.is_empty() && stem.ends_with(noun)
        {
            Rank::Part
        } else if THINGS.contains(&key) {
            Rank::Thing
        } else if MAIN.contains(&stem.as_str()) {
            Rank::Main
        } else {
            Rank::Other
        }
    }

    /// Keeps a name, unless it is there already in another form: an ARN says more than the name at its end.
    fn offer(&mut self, rank: Rank, name: &str) {
        let name = mask::text(name.trim());
        let is_json = name.starts_with(['{', '[']);
        let is_nothing = name.is_empty() || NOTHING.contains(&name.to_lowercase().as_str());
        if is_nothing || is_json || name.len() > MAX_NAME || self.found.len() >= MAX_RESOURCES {
            return;
        }
        let same = |one: &str| short(one).eq_ignore_ascii_case(short(&name));
        match self.found.iter_mut().find(|(_, known)| same(known)) {
            Some((known_rank, known)) => {
                *known_rank = rank.min(*known_rank);
                if name.starts_with("arn:") && !known.starts_with("arn:") {
                    *known = name;
                }
            }
            None => self.found.push((rank, name)),
        }
    }

    fn targets(mut self) -> Targets {
        self.found.sort_by_key(|(rank, _)| *rank);
        let upto = |rank: Rank| self.found.iter().filter(move |(one, _)| *one <= rank);
        let limit = match upto(Rank::Part).count() {
            // A single name may have company: the user of a new key, the instance of a volume.
            1 if upto(Rank::Main).count() == 2 => Rank::Main,
            0 if upto(Rank::Main).count() == 0 => Rank::Other,
            0 => Rank::Main,
            _ => Rank::Part,
        };
        Targets {
            main: upto(limit).map(|(_, name)| short(name).to_owned()).collect(),
            all: self.found.into_iter().map(|(_, name)| name).collect(),
        }
    }
}

/// Whether `noun` is `stem` with something in it: `transitgatewayvpcattachment` and `transitgatewayattachment`.
fn surrounds(noun: &str, stem: &str) -> bool {
    let same = |(one, other): &(u8, u8)| one == other;
    let before = noun.bytes().zip(stem.bytes()).take_while(same).count();
    let after = noun
        .bytes()
        .rev()
        .zip(stem.bytes().rev())
        .take_while(same)
        .count();
    noun.len() > stem.len() && before >= 3 && after >= 3 && before + after >= stem.len()
}

/// What a key names, in lower case: `dbinstance` for `dBInstanceIdentifier`, nothing for `name`. `None` if it names
/// nothing.
fn naming(key: &str) -> Option<String> {
    let key = normalised(key);
    let end = ENDS.iter().find_map(|end| key.strip_suffix(end));
    let thing = || THINGS.contains(&key.as_str()).then_some(key.as_str());
    end.or_else(thing).map(str::to_owned)
}

/// A call's name without its verb and without the version that Lambda appends: `addpermission20150331v2`.
fn noun(name: &str) -> String {
    let name = unversioned(name);
    let mut before = ' ';
    let start = name.char_indices().find(|(_, c)| {
        let starts = c.is_ascii_uppercase() && before.is_ascii_lowercase();
        before = *c;
        starts
    });
    singular(&normalised(start.map_or("", |(at, _)| &name[at..])))
}

/// Lambda and CloudFront append the version of their API: `AddPermission20150331v2`, `UpdateDistribution2020_05_31`.
pub(super) fn unversioned(name: &str) -> &str {
    let version = name
        .find("20")
        .filter(|at| name[*at..].bytes().take(4).all(|byte| byte.is_ascii_digit()));
    version.map_or(name, |at| &name[..at])
}

fn singular(word: &str) -> String {
    match (word.strip_suffix("ies"), word.strip_suffix('s')) {
        (Some(stem), _) => format!("{stem}y"),
        (_, Some(stem)) if !stem.ends_with('s') => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// The name in an ARN or in a queue's URL; other names are short as they are.
pub(super) fn short(name: &str) -> &str {
    if let Some(url) = name.strip_prefix("https://") {
        return url.rsplit('/').next().unwrap_or(url);
    }
    let mut parts = name.splitn(6, ':');
    let (Some("arn"), Some(service)) = (parts.next(), parts.nth(1)) else {
        return name;
    };
    let resource = parts.nth(2).unwrap_or(name).trim_end_matches(":*");
    match (service, resource.split_once([':', '/'])) {
        ("s3" | "sns" | "sqs", _) | (_, None) => resource,
        ("iam" | "sts", Some(_)) => resource.rsplit('/').next().unwrap_or(resource),
        (_, Some((_, name))) => name,
    }
}

#[cfg(test)]
mod tests;
