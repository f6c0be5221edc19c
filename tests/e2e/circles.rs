//! No files use each other in a circle: whoever reads one of them need not have read the others before. Only a module and
//! those inside it may use each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::rooms::{code, sources};

/// The module of a file: `["aws", "fault"]`. That of the crate root is empty.
type Module = Vec<String>;

#[test]
fn no_files_use_each_other_in_a_circle() {
    let roots = ["src", "lambda/src"].map(Path::new);
    let knots: Vec<_> = roots.iter().flat_map(|root| Crate::read(root).knots()).collect();
    assert!(
        knots.is_empty(),
        "these files use each other:\n\n{}",
        knots.join("\n\n")
    );
}

#[test]
fn what_a_file_uses_is_read_from_its_code() {
    let text = "use std::fmt;\npub(super) use super::{\n    a::{self, B as C},\n    d::*,\n};\n\nfn f(x: crate::e::F) -> super::g::H {";
    let used: Vec<_> = used(text)
        .into_iter()
        .map(|used| (used.path.join("::"), used.name.unwrap_or_default()))
        .collect();
    let used: Vec<_> = used
        .iter()
        .map(|(path, name)| (path.as_str(), name.as_str()))
        .collect();
    assert_eq!(
        used,
        [
            ("std::fmt", "fmt"),
            ("super::a", "a"),
            ("super::a::B", "C"),
            ("super::d::*", "*"),
            ("crate::e::F", ""),
            ("super::g::H", ""),
        ]
    );
}

/// A path in the code of a file, as it is written.
struct Used {
    path: Vec<String>,
    /// What the file calls it, if it imports it.
    name: Option<String>,
}

/// What each file of a crate uses.
struct Crate(BTreeMap<Module, Vec<Used>>);

impl Crate {
    fn read(root: &Path) -> Self {
        let files = sources(root).into_iter().filter_map(|file| {
            let inside = file.strip_prefix(root).unwrap().with_extension("");
            let mut module: Module = inside
                .iter()
                .map(|part| part.to_str().unwrap().to_owned())
                .collect();
            module.pop_if(|last| ["mod", "lib"].contains(&last.as_str()));
            // An executable is a crate of its own.
            let counts = module != ["main"] && !module.iter().any(|part| part == "tests");
            let lines: Vec<_> = code(&file).into_iter().map(|(_, line)| line).collect();
            counts.then(|| (module, used(&lines.join("\n"))))
        });
        Self(files.collect())
    }

    /// Each group of files of which all lead to all, with the arrows in it.
    fn knots(&self) -> Vec<String> {
        let arrows: BTreeMap<_, _> = self.0.keys().map(|from| (from, self.arrows(from))).collect();
        let reached: BTreeMap<_, _> = arrows
            .keys()
            .map(|from| (*from, reached(&arrows, from)))
            .collect();
        let tied =
            |one: &Module, other: &Module| reached[one].contains(other) && reached[other].contains(one);
        let mut knots = Vec::new();
        for from in arrows.keys().filter(|from| tied(from, from)) {
            let knot: Vec<_> = arrows.keys().filter(|other| tied(from, other)).collect();
            if knot.first() != Some(&from) {
                continue;
            }
            let lines = knot.iter().map(|file| {
                let to = arrows[**file].iter().filter(|to| knot.contains(to));
                let to: Vec<_> = to.map(|to| to.join("::")).collect();
                format!("{} -> {}", file.join("::"), to.join(", "))
            });
            knots.push(lines.collect::<Vec<_>>().join("\n"));
        }
        knots
    }

    /// The files that a file uses, but for those of the modules around it and inside it.
    fn arrows(&self, from: &Module) -> BTreeSet<&Module> {
        let used = self.0[from]
            .iter()
            .filter_map(|used| self.defining(from, &used.path));
        used.filter(|to| !to.starts_with(from) && !from.starts_with(to))
            .collect()
    }

    /// The file that defines what `path` names in the file of `from`; one that only passes it on leads to another.
    fn defining(&self, from: &Module, path: &[String]) -> Option<&Module> {
        let (first, mut rest) = path.split_first()?;
        let mut at = from.clone();
        match first.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                at.pop();
                while let Some(more) = rest.strip_prefix(&["super".to_owned()]) {
                    rest = more;
                    at.pop();
                }
            }
            _ if self.0.contains_key(&[from.as_slice(), &path[..1]].concat()) => rest = path,
            _ => return None,
        }
        let whole = [at.as_slice(), rest].concat();
        let (length, (module, known)) = (0..=whole.len())
            .rev()
            .find_map(|length| Some((length, self.0.get_key_value(&whole[..length])?)))?;
        let name = whole.get(length).filter(|name| *name != "*");
        let mut passed_on = known
            .iter()
            .filter(|used| name.is_some() && used.name.as_ref() == name);
        let further = passed_on.find_map(|used| self.defining(module, &used.path));
        Some(further.unwrap_or(module))
    }
}

/// The files to which `from` leads, itself if it is in a circle.
fn reached<'a>(
    arrows: &BTreeMap<&'a Module, BTreeSet<&'a Module>>,
    from: &'a Module,
) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<_> = arrows[from].iter().copied().collect();
    while let Some(file) = next.pop() {
        if reached.insert(file) {
            next.extend(&arrows[file]);
        }
    }
    reached
}

/// The imports in a text, and the paths in the rest of it.
fn used(text: &str) -> Vec<Used> {
    let mut used = Vec::new();
    for statement in text.split(';') {
        let begins = |(at, _): &(usize, &str)| {
            let before = statement[..*at].rsplit('\n').next().unwrap_or_default().trim();
            before.is_empty() || before == "pub" || before.starts_with("pub(") && before.ends_with(')')
        };
        let import = statement.rmatch_indices("use ").find(begins);
        let (rest, import) = match import {
            Some((at, word)) => (&statement[..at], &statement[at + word.len()..]),
            None => (statement, ""),
        };
        let words = rest.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
        let paths = words.filter(|word| {
            ["crate::", "super::", "self::"]
                .iter()
                .any(|root| word.starts_with(root))
        });
        used.extend(paths.map(|path| Used {
            path: parts(path),
            name: None,
        }));
        imported(&[], import, &mut used);
    }
    used
}

/// Adds what `tree` imports, which stands in a group after `before`.
fn imported(before: &[String], tree: &str, used: &mut Vec<Used>) {
    let tree = tree.trim();
    if let Some((start, group)) = tree.strip_suffix('}').and_then(|tree| tree.split_once('{')) {
        let before = [before, &parts(start)].concat();
        let mut depth = 0;
        let each = group.split(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            c == ',' && depth == 0
        });
        return each.for_each(|one| imported(&before, one, used));
    }
    let (path, alias) = tree
        .split_once(" as ")
        .map_or((tree, None), |(path, alias)| (path, Some(alias)));
    let mut path = [before, &parts(path)].concat();
    if !before.is_empty() {
        path.pop_if(|last| last == "self");
    }
    let name = alias
        .or(path.last().map(String::as_str))
        .unwrap_or_default()
        .to_owned();
    if !tree.is_empty() {
        used.push(Used {
            path,
            name: Some(name),
        });
    }
}

fn parts(path: &str) -> Vec<String> {
    let parts = path.split("::").map(str::trim);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
