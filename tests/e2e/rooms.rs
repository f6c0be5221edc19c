//! Checks the rooms (modules) and their dependencies, as drawn in docs/architecture.md, against the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold several rooms, each with arrows of its own: `engine/plan` and the like.
const FLOORS: &[&str] = &["engine", "operate", "stack"];

/// Each room and the rooms that it may use. Its own subrooms are listed, those above it are not.
const MAY_USE: &[(&str, &[&str])] = &[
    ("main", &["cli", "commands"]),
    (
        "commands",
        &[
            "cli",
            "output",
            "local",
            "blueprint",
            "engine/execute",
            "engine/plan",
            "engine/observe",
            "engine/graph",
            "resource",
            "aws",
            "stack",
            "samples",
            "operate/absorb",
            "operate/logs",
            "operate/dead_letters",
            "operate/probe",
            "operate/permissions",
            "operate/backtest",
            "operate/import",
            "operate/export",
            "operate/organization",
            "partition",
            "duration",
            "relay_zip",
        ],
    ),
    (
        "output",
        &[
            "operate/import",
            "operate/logs",
            "operate/dead_letters",
            "operate/probe",
            "operate/backtest",
            "operate/organization",
            "cli",
            "local",
            "engine/execute",
            "engine/plan",
            "engine/graph",
            "resource",
            "aws",
            "stack",
            "partition",
        ],
    ),
    ("operate/logs", &["aws"]),
    (
        "operate/probe",
        &[
            "operate/logs",
            "operate/dead_letters",
            "samples",
            "blueprint",
            "resource",
            "aws",
            "stack",
        ],
    ),
    (
        "operate/absorb",
        &["blueprint", "engine/plan", "engine/graph", "resource", "stack"],
    ),
    ("operate/dead_letters", &["blueprint", "resource", "aws"]),
    ("operate/export", &["engine/graph", "resource"]),
    ("operate/organization", &["resource", "aws"]),
    (
        "operate/import",
        &["blueprint", "resource", "aws", "stack", "duration"],
    ),
    (
        "operate/backtest",
        &[
            "operate/probe",
            "blueprint",
            "engine/graph",
            "resource",
            "aws",
            "stack",
        ],
    ),
    (
        "blueprint",
        &["stack", "engine/graph", "resource", "aws", "relay_zip"],
    ),
    ("operate/permissions", &["engine/graph", "resource", "aws"]),
    (
        "engine/execute",
        &["engine/plan", "engine/graph", "resource", "aws"],
    ),
    (
        "engine/plan",
        &["engine/observe", "engine/graph", "resource", "aws"],
    ),
    ("engine/observe", &["engine/graph", "resource", "aws"]),
    ("engine/graph", &["resource"]),
    ("resource", &["aws", "partition", "duration"]),
    ("aws", &["partition"]),
    (
        "stack",
        &[
            "stack/assemble",
            "stack/file",
            "stack/model",
            "stack/compile",
            "stack/check",
        ],
    ),
    (
        "stack/check",
        &[
            "stack/assemble",
            "stack/file",
            "stack/model",
            "stack/compile",
            "partition",
        ],
    ),
    ("stack/compile", &["stack/file", "stack/model", "partition"]),
    ("stack/model", &["duration"]),
    ("stack/assemble", &["stack/file", "stack/model"]),
    ("stack/file", &[]),
    ("partition", &[]),
    ("duration", &[]),
    ("engine", &[]),
    ("operate", &[]),
    ("samples", &[]),
    ("local", &[]),
    ("cli", &["duration"]),
    ("relay_zip", &[]),
    ("lib", &[]),
];

/// The same for the relay. What `lib.rs` passes on counts as the room that it comes from.
const RELAY_MAY_USE: &[(&str, &[&str])] = &[
    ("json", &[]),
    ("phrase", &[]),
    ("hash", &[]),
    ("excerpt", &["phrase"]),
    ("contract", &["json"]),
    ("lenient", &["json"]),
    ("pattern", &[]),
    ("template", &[]),
    ("config", &["contract"]),
    ("mute", &["contract"]),
    ("chart", &[]),
    ("settings", &["contract", "config", "mute"]),
    ("event", &["contract", "json", "excerpt", "hash"]),
    ("locale", &["contract", "event", "phrase"]),
    ("routing", &["contract", "event", "mute", "pattern", "settings"]),
    ("sns_text", &["contract", "event", "json", "excerpt"]),
    ("announcement", &["sns_text", "locale", "settings"]),
    ("endpoint", &["contract", "event", "sns_text", "template", "json"]),
    ("duty", &["contract", "config", "endpoint", "template"]),
    (
        "card",
        &[
            "contract", "event", "phrase", "excerpt", "hash", "json", "locale", "settings", "endpoint",
            "sns_text",
        ],
    ),
    (
        "destination",
        &[
            "contract", "phrase", "excerpt", "hash", "locale", "card", "template",
        ],
    ),
    (
        "item",
        &["contract", "event", "json", "routing", "card", "settings"],
    ),
    (
        "runtime",
        &[
            "chart",
            "contract",
            "config",
            "settings",
            "event",
            "routing",
            "sns_text",
            "endpoint",
            "duty",
            "card",
            "destination",
            "item",
            "hash",
            "lenient",
            "json",
            "template",
        ],
    ),
];

/// The only rooms that may use an SDK type.
const MAY_NAME_SDK: &[&str] = &["aws", "resource"];

#[test]
fn arrows_point_down() {
    let mut wrong = upward("src", MAY_USE, &BTreeMap::new());
    for file in sources(Path::new("src")) {
        let room = room(&file, "src");
        for (number, line) in code(&file) {
            let sdk = ["aws_sdk_", "aws_config", "aws_smithy_", "clients."];
            if sdk.iter().any(|name| line.contains(name)) && !MAY_NAME_SDK.contains(&room.as_str()) {
                wrong.push(format!("{}:{number}: `{room}` names the SDK", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn arrows_of_the_relay_point_down() {
    let passed_on = passed_on("lambda/src/lib.rs");
    assert_eq!(passed_on["ChannelKey"], "contract");
    let wrong = upward("lambda/src", RELAY_MAY_USE, &passed_on);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the files of `root` use of rooms that `table` does not list for theirs, and rooms that only one of both has.
fn upward(root: &str, table: &[(&str, &[&str])], passed_on: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for file in sources(Path::new(root)) {
        let room = room(&file, root);
        // The relay's crate root and its executable put the rooms together.
        if root != "src" && ["lib", "main"].contains(&room.as_str()) {
            continue;
        }
        seen.insert(room.clone());
        let Some((_, may)) = table.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{}: `{room}` is no room of this table", file.display()));
            continue;
        };
        for (number, line) in code(&file) {
            for used in used_rooms(&line) {
                let used = passed_on.get(&used).unwrap_or(&used);
                if *used != room && !may.contains(&used.as_str()) {
                    wrong.push(format!("{}:{number}: `{room}` uses `{used}`", file.display()));
                }
            }
        }
    }
    for (name, _) in table {
        if !seen.contains(*name) {
            wrong.push(format!("`{name}` is in the table and not in the tree"));
        }
    }
    wrong
}

/// The names that a crate root passes on with `pub use`, and the rooms they come from.
fn passed_on(root: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(root).unwrap();
    let uses = text.split("pub use ").skip(1);
    let uses = uses.filter_map(|rest| rest.split_once(';')?.0.split_once("::"));
    let each = uses.flat_map(|(room, names)| {
        let names = names.trim_matches(['{', '}']).split(',');
        let names = names.map(|name| name.trim().rsplit(" as ").next().unwrap_or_default().to_owned());
        names.map(|name| (name, room.to_owned()))
    });
    each.collect()
}

#[test]
fn every_kind_is_one_file_and_one_line_of_the_registry() {
    let registry = fs::read_to_string("src/resource/kinds.rs").unwrap();
    let registered = registry.matches("Kind::of::<").count();
    let files = sources(Path::new("src/resource"));
    let kinds: Vec<_> = files
        .iter()
        // The kinds of the account in memory are in no plan of a stack.
        .filter(|file| !file.iter().any(|part| part == "tests"))
        .filter(|file| fs::read_to_string(file).unwrap().contains("impl Resource for "))
        .collect();
    assert_eq!(kinds.len(), registered, "{kinds:?}");
}

#[test]
fn no_file_is_too_long() {
    let all = ["src", "lambda/src", "tests", "lambda/tests"].map(|root| sources(Path::new(root)));
    let long: Vec<_> = all
        .into_iter()
        .flatten()
        .filter(|file| fs::read_to_string(file).unwrap().lines().count() > 400)
        .collect();
    assert!(long.is_empty(), "split these: {long:?}");
}

/// `crate::x` and `alertctl::x` anywhere in a line, inside `{…}` groups too.
fn used_rooms(line: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for prefix in ["crate::", "alertctl::"] {
        for (at, _) in line.match_indices(prefix) {
            let rest = &line[at + prefix.len()..];
            let names: String = match rest.strip_prefix('{') {
                Some(group) => group.split('}').next().unwrap_or_default().to_owned(),
                None => rest
                    .split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            };
            rooms.extend(names.split(',').map(|name| {
                let mut parts = name.trim().split("::");
                let first = parts.next().unwrap_or_default();
                match parts.next() {
                    Some(second) => subroom(first, second),
                    None => first.to_owned(),
                }
            }));
        }
    }
    rooms.retain(|name| !name.is_empty());
    rooms
}

/// The lines of a file that are code and not tests.
pub(super) fn code(file: &Path) -> Vec<(usize, String)> {
    if file.ends_with("tests.rs") {
        return Vec::new();
    }
    let text = fs::read_to_string(file).unwrap();
    let text = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default()
        .to_owned();
    let lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.to_owned()));
    lines
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .collect()
}

fn room(file: &Path, root: &str) -> String {
    let inside = file.strip_prefix(root).unwrap().with_extension("");
    let mut parts = inside.iter().map(|part| part.to_str().unwrap());
    let first = parts.next().unwrap();
    match parts.next() {
        Some("mod") | None => first.to_owned(),
        Some(second) => subroom(first, second),
    }
}

/// The room of `second` in `first`: a folder of a floor is a room of its own, its other files belong to the floor.
fn subroom(first: &str, second: &str) -> String {
    let is_room = !["", "tests"].contains(&second);
    match FLOORS.contains(&first) && is_room && Path::new("src").join(first).join(second).is_dir() {
        true => format!("{first}/{second}"),
        false => first.to_owned(),
    }
}

pub(super) fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
