//! Checks the rooms (modules) and their dependencies, as drawn in the README, against the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

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
            "execute",
            "plan",
            "observe",
            "graph",
            "resource",
            "aws",
            "stack",
            "samples",
            "logs",
            "dead_letters",
            "probe",
            "permissions",
            "partition",
            "relay_zip",
        ],
    ),
    (
        "output",
        &[
            "logs",
            "dead_letters",
            "probe",
            "cli",
            "local",
            "execute",
            "plan",
            "graph",
            "resource",
            "aws",
            "stack",
            "partition",
        ],
    ),
    ("logs", &["aws"]),
    (
        "probe",
        &[
            "logs",
            "dead_letters",
            "samples",
            "blueprint",
            "resource",
            "aws",
            "stack",
        ],
    ),
    ("dead_letters", &["blueprint", "resource", "aws"]),
    ("blueprint", &["stack", "graph", "resource", "aws", "relay_zip"]),
    ("permissions", &["graph", "resource", "aws"]),
    ("execute", &["plan", "graph", "resource", "aws"]),
    ("plan", &["observe", "graph", "resource", "aws"]),
    ("observe", &["graph", "resource", "aws"]),
    ("graph", &["resource"]),
    ("resource", &["aws", "partition"]),
    ("aws", &["partition"]),
    ("stack", &["partition"]),
    ("partition", &[]),
    ("samples", &[]),
    ("local", &[]),
    ("cli", &[]),
    ("relay_zip", &[]),
    ("lib", &[]),
];

/// The only rooms that may use an SDK type.
const MAY_NAME_SDK: &[&str] = &["aws", "resource"];

#[test]
fn arrows_point_down() {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for file in sources(Path::new("src")) {
        let room = room(&file);
        seen.insert(room.clone());
        let Some((_, may)) = MAY_USE.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{}: `{room}` is no room of this table", file.display()));
            continue;
        };
        for (number, line) in code(&file) {
            for used in used_rooms(&line) {
                if used != room && !may.contains(&used.as_str()) {
                    wrong.push(format!("{}:{number}: `{room}` uses `{used}`", file.display()));
                }
            }
            let sdk =
                line.contains("aws_sdk_") || line.contains("aws_config") || line.contains("aws_smithy_");
            if sdk && !MAY_NAME_SDK.contains(&room.as_str()) {
                wrong.push(format!("{}:{number}: `{room}` names the SDK", file.display()));
            }
        }
    }
    for (name, _) in MAY_USE {
        if !seen.contains(*name) {
            wrong.push(format!("`{name}` is in the table and not in the tree"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_kind_is_one_file_and_one_line_of_the_registry() {
    let registry = fs::read_to_string("src/resource/kinds.rs").unwrap();
    let registered = registry.matches("Kind::of::<").count();
    let files = sources(Path::new("src/resource"));
    let kinds: Vec<_> = files
        .iter()
        .filter(|file| fs::read_to_string(file).unwrap().contains("impl Resource for "))
        .collect();
    assert_eq!(kinds.len(), registered, "{kinds:?}");
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<_> = sources(Path::new("src"))
        .into_iter()
        .chain(sources(Path::new("lambda/src")))
        // Tests of one thing stay together, however long they are.
        .filter(|file| !file.iter().any(|part| part == "tests" || part == "tests.rs"))
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
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            };
            rooms.extend(
                names
                    .split(',')
                    .map(|name| name.trim().split("::").next().unwrap_or_default().to_owned()),
            );
        }
    }
    rooms.retain(|name| !name.is_empty());
    rooms
}

/// The lines of a file that are code and not tests; a `use` over several lines is joined.
fn code(file: &Path) -> Vec<(usize, String)> {
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

fn room(file: &Path) -> String {
    let inside = file.strip_prefix("src").unwrap();
    let first = inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn sources(dir: &Path) -> Vec<PathBuf> {
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
