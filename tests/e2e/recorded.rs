//! Answers as AWS sends them, with fields left out, and with values that are younger than this program.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::recorded::Recorded;
use crate::support::{Ran, World};

const REGION: &str = "eu-west-1";
const ACCOUNT: &str = "111122223333";
const IMPORT: [&str; 5] = ["import", "--region", REGION, "--stack", "mission"];
/// It finds instances, has rules on calls, and relies on topics of somebody else.
const STACK: &str = "stack: mission
region: eu-west-1
topics:
  legacy: { existing: mail-only }
alarms:
  cpu:
    for_each: { discover: ec2, tag: { team: shop } }
    metric: AWS/EC2 CPUUtilization
    dimensions: '{each.value.dimensions}'
    statistic: Average
    period: 60
    threshold: '>= 50'
    to: [legacy, 'arn:aws:sns:eu-west-1:111122223333:ops']
rules:
  calls: { preset: security-group-changes, to: ['arn:aws:sns:eu-west-1:111122223333:nobody'] }
";

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/recorded")
}

fn files() -> Vec<String> {
    let files = std::fs::read_dir(directory()).unwrap();
    let name = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut files: Vec<_> = files.map(|file| name(file.unwrap().path())).collect();
    files.sort();
    files
}

fn as_recorded(_: &str, text: String) -> String {
    text
}

/// The end of a command that did not break down.
fn whole(ran: &Ran, what: &str) {
    let is_whole = [0, 1].contains(&ran.code) && !ran.all().contains("panicked");
    assert!(is_whole, "{what}: {}: {}", ran.code, ran.all());
}

#[test]
fn what_an_account_answers_is_imported() {
    let world = World::new();
    let recorded = Recorded::start(&directory(), as_recorded);
    let ran = world.run_at(&recorded.url, ACCOUNT, &IMPORT);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(*recorded.missed.lock().unwrap(), BTreeSet::new());
    insta::assert_snapshot!("stack_file", ran.stdout);
    insta::assert_snapshot!("said", ran.stderr.replace(&recorded.url, "URL"));
    world.write("stack.yaml", &ran.stdout);
    let valid = world.run(&["validate"]);
    assert_eq!(valid.code, 0, "{}\n{}", valid.all(), ran.stdout);
}

/// All files are of use.
#[test]
fn stacks_and_what_they_are_made_of_are_found() {
    let world = World::new();
    let recorded = Recorded::start(&directory(), as_recorded);
    world.write("stack.yaml", STACK);
    let run = |args: &[&str]| world.run_at(&recorded.url, ACCOUNT, args);
    let list = run(&["list", "--region", REGION]);
    assert_eq!(list.code, 0, "{}", list.all());
    insta::assert_snapshot!("list", list.stdout);
    let expanded = run(&["expand"]);
    assert_eq!(expanded.code, 0, "{}", expanded.all());
    insta::assert_snapshot!("expand", expanded.stdout);
    let by_tag = [&IMPORT[..], &["--tag", "team=shop"]].concat();
    for args in [&IMPORT[..], &by_tag] {
        assert_eq!(run(args).code, 0);
    }
    assert_eq!(*recorded.missed.lock().unwrap(), BTreeSet::new());
    // A plan asks for more than is recorded here, and says so.
    whole(&run(&["plan"]), "plan");
    let sent = recorded.sent.lock().unwrap();
    let unsent: Vec<_> = files().into_iter().filter(|file| !sent.contains(file)).collect();
    assert_eq!(unsent, [""; 0]);
}

/// Each answer once with nothing in it, and once with lists of things of which nothing is said.
#[test]
fn an_answer_that_lacks_everything_breaks_nothing() {
    let world = World::new();
    world.write("stack.yaml", STACK);
    let operations: BTreeSet<_> = files().iter().map(|file| operation(file)).collect();
    for emptied in operations.iter().filter(|one| !one.starts_with("sts.")) {
        for empty in [nothing, hollow] {
            let edit = |name: &str, text: String| match operation(name) == *emptied {
                true => empty(name, &text),
                false => text,
            };
            let recorded = Recorded::start(&directory(), edit);
            let args: &[&[&str]] = match emptied.split('.').next().unwrap() {
                "iam" => &[&["list", "--region", REGION]],
                "logs" | "lambda" | "tag" | "sns" | "cloudtrail" => &[&IMPORT, &["plan"]],
                _ => &[&IMPORT],
            };
            for args in args {
                let ran = world.run_at(&recorded.url, ACCOUNT, args);
                whole(&ran, &format!("{args:?} without {emptied}"));
            }
        }
    }
}

/// The service and the operation that a file answers: `sns.ListTopics` of `sns.ListTopics.more.xml`.
fn operation(file: &str) -> String {
    file.split('.').take(2).collect::<Vec<_>>().join(".")
}

/// The answer without any field.
fn nothing(name: &str, text: &str) -> String {
    let operation = name.split('.').nth(1).unwrap();
    match text.starts_with('<') {
        true => format!("<{operation}Response><{operation}Result/></{operation}Response>"),
        false => "{}".to_owned(),
    }
}

/// The answer with as many things in it as before, without any field.
fn hollow(_: &str, text: &str) -> String {
    if text.starts_with('<') {
        let lines = text
            .lines()
            .map(|line| match line.trim_start().starts_with("<member>") {
                true => "<member/>",
                false => line,
            });
        return lines
            .filter(|line| !line.contains("NextToken") && !line.contains("Marker"))
            .collect();
    }
    let mut answer: Value = serde_json::from_str(text).unwrap();
    for (key, value) in answer.as_object_mut().unwrap() {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| *item = json!({})),
            _ if key.contains("oken") => *value = Value::Null,
            _ => {}
        }
    }
    answer.to_string()
}
