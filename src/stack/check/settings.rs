//! Checks the stack's own name, region, time zone, tags and key.

use alertctl_relay::ArnParts;

use super::regions::Region;
use super::{Checker, arn};
use crate::stack::file::problem::Problem;

/// AWS allows 50 tags per resource; the rest is reserved for alertctl's own.
const MAX_TAGS: usize = 40;
/// Longest total of all keys in characters, including a space after each: at most five tags on a resource list
/// these keys.
const MAX_TAG_KEYS: usize = 768;

pub(super) fn check(checker: &mut Checker<'_>) {
    let stack = checker.stack;
    let name = &stack.stack;
    if !is_stack_name(name) {
        let message = format!("`{}` cannot be the name of a stack", name.escape_debug());
        let help = "write a lower-case letter, then up to 39 lower-case letters, digits or `-`";
        checker.report(Problem::error(checker.at(&["stack"]), message).help(help));
    }
    if let Some(name) = &stack.region {
        checker.region(&["region"], name);
    }
    checker.timezone(&["timezone"], &stack.timezone);
    tags(checker);
    accounts(checker);
    portal(checker);
    key(checker);
    boundary(checker);
}

/// The permissions boundary of the stack's roles: a policy of the account, or an AWS managed policy.
fn boundary(checker: &mut Checker<'_>) {
    let Some(arn) = &checker.stack.role_permissions_boundary else {
        return;
    };
    let is_policy = |resource: &str| {
        let name = resource.strip_prefix("policy/");
        name.is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()))
    };
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    if let ["arn", partition, "iam", "", account, resource] = parts.as_slice()
        && partition.starts_with("aws")
        && (["aws", "{account}"].contains(account) || super::is_account_id(account))
        && is_policy(resource)
    {
        return;
    }
    let message = format!("`{}` is not the ARN of a policy", arn.escape_debug());
    let problem = Problem::error(checker.at(&["role_permissions_boundary"]), message);
    checker.report(problem.help("write such as `arn:aws:iam::{account}:policy/team-boundary`"));
}

/// The access portal: its address is https and has no query, and the role is the name of a permission set.
fn portal(checker: &mut Checker<'_>) {
    let Some(portal) = &checker.stack.portal else {
        return;
    };
    let rest = portal.url.strip_prefix("https://").unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let is_plain = |byte: u8| is_host(byte) || matches!(byte, b'/' | b'_' | b'~');
    if !host.contains('.') || !host.bytes().all(is_host) || !rest.bytes().all(is_plain) {
        let message = format!(
            "`{}` is not the address of an access portal",
            portal.url.escape_debug()
        );
        let problem = Problem::error(checker.at(&["portal", "url"]), message);
        checker.report(problem.help("write it as the browser shows it, `https://example.awsapps.com/start`"));
    }
    let is_role = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    checker.text(
        &["portal", "role"],
        &portal.role,
        1..=32,
        is_role,
        "the name of a permission set: letters, digits and `+=,.@_-`",
    );
}

/// Account ids with their aliases; an alias must identify one account.
fn accounts(checker: &mut Checker<'_>) {
    let accounts = &checker.stack.accounts;
    for (id, alias) in accounts {
        let shown = id.escape_debug();
        if !super::is_account_id(id) {
            let problem = Problem::error(
                checker.key(&["accounts", id]),
                format!("`{shown}` is not the id of an account"),
            );
            let help = match accounts.contains_key(alias) || super::is_account_id(alias) {
                true => format!("the id comes first: `\"{}\": {shown}`", alias.escape_debug()),
                false => {
                    "write its twelve digits in quotes, such as `\"111122223333\": production`".to_owned()
                }
            };
            checker.report(problem.help(help));
        }
        // YAML reads an unquoted id as a number and drops its leading zeros.
        let key = checker.key(&["accounts", id]);
        let written = checker.text.get(key.clone()).unwrap_or_default();
        if super::is_account_id(id) && written.starts_with(|first: char| first.is_ascii_digit()) {
            let problem = Problem::error(key, format!("the id `{shown}` is a number here"));
            checker.report(problem.help(format!("put it in quotes: `\"{shown}\"`")));
        }
        let path = ["accounts", id.as_str()];
        let allowed = |character: char| !character.is_control();
        checker.text(&path, alias, 1..=64, allowed, "one line of text");
        if super::is_account_id(alias) {
            let message = format!("the alias `{alias}` looks like the id of an account");
            checker.report(
                Problem::error(checker.at(&path), message).help("write a name, such as `production`"),
            );
        }
        let earlier = accounts.range(..id.clone());
        if let Some((first, _)) = earlier.into_iter().find(|(_, other)| *other == alias) {
            let message = format!("two accounts are called `{}`", alias.escape_debug());
            let problem = Problem::error(checker.at(&path), message);
            let problem = problem.related(checker.at(&["accounts", first]), "the other one");
            checker.report(problem.help("give one of them another name"));
        }
    }
}

fn is_stack_name(name: &str) -> bool {
    super::is_key(name) && !name.contains('_')
}

impl Checker<'_> {
    /// Checks the IANA name of a time zone.
    pub(super) fn timezone(&mut self, path: &[&str], name: &str) {
        let database = jiff::tz::db();
        // Without a time zone database on this machine, the name cannot be checked.
        if name == "UTC" || database.is_definitively_empty() || database.get(name).is_ok() {
            return;
        }
        let message = format!("`{}` is not a time zone", name.escape_debug());
        let problem = Problem::error(self.at(path), message);
        let known: Vec<String> = database.available().map(|name| name.to_string()).collect();
        self.report(match super::nearest(name, known.iter().map(String::as_str)) {
            Some(near) => problem
                .label(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`")),
            None => problem.help("write an IANA name, such as `Asia/Seoul` or `UTC`"),
        });
    }

    /// Checks the name of a region: an error if it cannot be a region, a warning if AWS may have added it.
    /// Returns whether it can be one.
    pub(super) fn region(&mut self, path: &[&str], name: &str) -> bool {
        let (shown, place) = (name.escape_debug(), self.at(path));
        let meant = |near: &str| format!("did you mean `{near}`?");
        match Region::of(name) {
            Region::Known => return true,
            Region::Unknown(near) => {
                let message = format!("alertctl does not know the region `{shown}`");
                let problem = Problem::warning(place, message);
                let problem = problem.help("keep it if AWS added it recently; correct it if it is a typo");
                self.report(match near {
                    Some(near) => problem.label(meant(near)),
                    None => problem,
                });
                return true;
            }
            Region::No(near) => {
                let problem = Problem::error(place, format!("`{shown}` is not a region"));
                self.report(match near {
                    Some(near) => problem.label(meant(near)).help(format!("write `{near}`")),
                    None => problem.help("write its code, such as `ap-northeast-2` or `us-east-1`"),
                });
            }
        }
        false
    }
}

fn tags(checker: &mut Checker<'_>) {
    let tags = &checker.stack.tags;
    if tags.len() > MAX_TAGS {
        let message = format!("{} tags are too many", tags.len());
        let problem = Problem::error(checker.key(&["tags"]), message).label(format!("at most {MAX_TAGS}"));
        checker
            .report(problem.help("AWS allows 50 on a resource, and some are alertctl's own: remove a few"));
    }
    let length = tags.keys().map(|key| key.chars().count() + 1).sum::<usize>();
    if length > MAX_TAG_KEYS && tags.len() <= MAX_TAGS {
        let message = format!("the keys of the tags have {length} characters in all");
        let problem =
            Problem::error(checker.key(&["tags"]), message).label(format!("at most {MAX_TAG_KEYS}"));
        checker.report(problem.help(
            "each resource lists in its own tags which keys are from the stack file: use shorter or fewer keys",
        ));
    }
    for (key, value) in tags {
        let place = checker.key(&["tags", key]);
        if let Some(prefix) = ["aws:", "alertctl:"]
            .iter()
            .find(|prefix| key.to_lowercase().starts_with(**prefix))
        {
            let message = format!("tag keys that begin with `{prefix}` are reserved");
            checker.report(Problem::error(place, message).help("choose another key"));
        } else if !(1..=128).contains(&key.chars().count()) {
            checker.report(Problem::error(place, "a tag key has 1 to 128 characters").help("shorten it"));
        } else if let Some(wrong) = key.chars().find(|character| !is_tag_character(*character)) {
            let message = format!("a tag key may not contain `{}`", wrong.escape_debug());
            checker
                .report(Problem::error(place, message).help("allowed: letters, digits, spaces and _.:/=+-@"));
        }
        checker.text(
            &["tags", key],
            value,
            0..=256,
            is_tag_character,
            "letters, digits, spaces and _.:/=+-@",
        );
    }
}

fn is_tag_character(character: char) -> bool {
    character.is_alphanumeric() || character == ' ' || "_.:/=+-@".contains(character)
}

/// What belongs to a key of the stack's own.
const OF_OWN_KEY: [&str; 4] = ["alias", "deletion_window_days", "rotation", "description"];

/// A key that somebody else owns.
fn existing_key(checker: &mut Checker<'_>, existing: &str) {
    let path = ["key", "existing"];
    let name = |name: &str| {
        let name = name.strip_prefix("alias/").unwrap_or(name);
        (1..=250).contains(&name.len()) && name.chars().all(|c| super::is_name(c) || c == '/')
    };
    let is_key = |parts: &ArnParts<'_>| {
        let begins = ["key/", "alias/"]
            .iter()
            .any(|begin| parts.resource.starts_with(begin));
        parts.service == "kms" && super::is_account_id(parts.account) && begins && name(parts.resource)
    };
    let home = checker.stack.region.as_deref();
    let fault = match arn::parts(existing).filter(is_key) {
        Some(parts) => home.filter(|home| *home != parts.region).map(|home| {
            let fact = format!("this key is in {}, the stack in {home}", parts.region);
            (fact, "name a key of the stack's region")
        }),
        None if existing.starts_with("alias/aws/") => Some((
            "this is a key that AWS manages, whose policy lets nobody else in".to_owned(),
            "name a key of your own",
        )),
        None if name(existing) => None,
        None => Some((
            "this is neither an id nor an alias nor the ARN of a key".to_owned(),
            "write `alias/NAME`, or `arn:aws:kms:<region>:<account>:key/<id>`",
        )),
    };
    if let Some((fact, help)) = fault {
        checker.report(Problem::error(checker.at(&path), fact).help(help));
    }
    for setting in OF_OWN_KEY {
        let place = ["key", setting];
        if checker.is_written(&place) {
            let message = format!("a key that exists has no `{setting}` here");
            let problem = Problem::error(checker.key(&place), message);
            let problem = problem.related(checker.at(&path), "somebody else's key");
            checker.report(problem.help("remove it: the key's owner decides on it"));
        }
    }
}

fn key(checker: &mut Checker<'_>) {
    let key = &checker.stack.key;
    if let Some(existing) = &key.existing {
        existing_key(checker, existing);
    }
    if key.protect && key.existing.is_none() && !checker.stack.encrypts() {
        let place = checker.key(&["key", "protect"]);
        let problem = Problem::error(place, "the stack makes no key, so there is none to protect");
        checker.report(problem.help(
            "remove it: a key is made when there are channels, encrypted topics or an encrypted trail",
        ));
    }
    if let Some(alias) = &key.alias {
        let path = ["key", "alias"];
        if alias.starts_with("aws/") {
            let problem = Problem::error(checker.at(&path), "aliases that begin with `aws/` belong to AWS");
            checker.report(problem.help("choose another name, such as `my-stack-key`"));
        }
        let allowed = |character: char| super::is_name(character) || character == '/';
        checker.text(
            &path,
            alias,
            1..=250,
            allowed,
            "letters, digits, `/`, `_` and `-`",
        );
    }
    checker.range(
        &["key", "deletion_window_days"],
        key.deletion_window_days,
        7..=30,
        " days",
    );
    if let Some(description) = &key.description {
        checker.text(
            &["key", "description"],
            description,
            0..=8192,
            |_| true,
            "anything",
        );
    }
}
