//! Causes every error in `docs/errors.md`: the tool's output must be what the document says.
//!
//! `ALERTCTL_DOCS=overwrite` writes the output into the document instead; check the difference.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::support::account::ACCOUNT;
use crate::support::inventory::past;
use crate::support::proxy::{Fate, Proxy};
use crate::support::slack::Slack;
use crate::support::stage::{Refusal, Stage, refusal};
use crate::support::{NO_WEBHOOK, Ran, World};
use aws_sdk_cloudtrail::config::Region;

mod account;
mod changes;

const DOCUMENT: &str = "docs/errors.md";
const GROUPS: &[&str] = &[
    "The stack file",
    "Credentials and region",
    "The way to AWS",
    "Permissions",
    "Names and quotas",
    "Plans and questions",
    "Keys, addresses and mail",
];
const REGION: &str = "ap-northeast-2";
/// The account of `--local`.
const PLAN: &[&str] = &["plan"];
const APPLY: &[&str] = &["apply", "--yes"];
const ALWAYS: usize = usize::MAX;

/// The tool's output, by the title of its section.
type Reported = BTreeMap<&'static str, String>;

/// The sections of a part of the document: title, output, explanation.
fn sections(part: &str) -> Vec<(&str, &str, &str)> {
    let sections = part.split("\n### ").skip(1);
    sections
        .map(|section| {
            let (title, rest) = section.split_once('\n').unwrap();
            let (_, rest) = rest
                .split_once("```text\n")
                .unwrap_or_else(|| panic!("{title}: no block"));
            let (block, prose) = rest.split_once("```").unwrap();
            (title, block, prose.trim())
        })
        .collect()
}

fn part<'d>(document: &'d str, group: &str) -> &'d str {
    let (_, part) = document.split_once(&format!("\n## {group}\n")).unwrap();
    part.split("\n## ").next().unwrap()
}

/// Compares the part of the document called `group` with the output.
fn hold(group: &str, shown: &Reported) {
    static WRITING: Mutex<()> = Mutex::new(());
    let _alone = WRITING.lock().unwrap();
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let part = part(&document, group);
    let titles: Vec<_> = sections(part).iter().map(|(title, ..)| *title).collect();
    for title in shown.keys() {
        assert!(titles.contains(title), "{DOCUMENT} has no `{title}` in `{group}`");
    }
    assert_eq!(
        titles.len(),
        shown.len(),
        "`{group}`: {titles:?}\nmade were {:?}",
        shown.keys()
    );
    if std::env::var("ALERTCTL_DOCS").is_ok_and(|how| how == "overwrite") {
        let mut written = part.to_owned();
        for (title, text) in shown {
            let (before, rest) = written.split_once(&format!("\n### {title}\n")).unwrap();
            let (between, rest) = rest.split_once("```text\n").unwrap();
            let (_, after) = rest.split_once("```").unwrap();
            written = format!("{before}\n### {title}\n{between}```text\n{text}\n```{after}");
        }
        std::fs::write(DOCUMENT, document.replace(part, &written)).unwrap();
        return;
    }
    for (title, block, _) in sections(part) {
        assert_eq!(shown[title], block.trim_end(), "{DOCUMENT}: {title}");
    }
}

/// The first error, or otherwise the first warning that is not about an example, without the parts that differ
/// from run to run.
fn first(ran: &Ran, account: &str) -> String {
    let is_error = |line: &str| line.starts_with("error: ");
    let is_warning = |line: &str| line.starts_with("warning: ") && !line.ends_with(" is only an example");
    let failed = ran.stderr.lines().any(is_error);
    let begins = |line: &str| if failed { is_error(line) } else { is_warning(line) };
    let mut lines = ran.stderr.lines().skip_while(|line| !begins(line));
    let head = lines
        .next()
        .unwrap_or_else(|| panic!("no error in\n{}", ran.all()));
    let more = lines.take_while(|line| {
        let belongs = line.starts_with(' ') || line.split(' ').nth(1) == Some("|");
        belongs && !line.contains("not started because of it")
    });
    let text: Vec<_> = [head].into_iter().chain(more).collect();
    let text = text.join("\n").replace(account, "111122223333");
    let text = text.replace(" (request proxy)", "");
    // The tests do not wait five minutes, nor the ten seconds until a missing response counts as an error.
    let waited = match text.contains("no response") {
        true => "(tried 9 times in 9 s)",
        false => "(tried 45 times in 5 min)",
    };
    let text = text.replace("(tried 2 times in 0 s)", waited);
    let text = text
        .split(" --endpoint-url http")
        .enumerate()
        .map(|(index, part)| match index {
            0 => part.to_owned(),
            _ => part
                .trim_start_matches(|c: char| c.is_ascii_digit() || ":/.".contains(c))
                .to_owned(),
        });
    let text: String = text.collect();
    // Replaces the addresses of the local AWS and of the proxies.
    let mut shown = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("http://127.0.0.1:") {
        shown += before;
        shown += "http://127.0.0.1:4566";
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    shown + rest
}

/// Runs a command that must fail.
fn fails(world: &World, args: &[&str]) -> String {
    let ran = world.run(args);
    assert_eq!(ran.code, 1, "{args:?}\n{}", ran.all());
    first(&ran, ACCOUNT)
}

/// The output if AWS refuses this call of the command every time.
fn refused(stage: &Stage, cases: &[(&'static str, &[&str], Refusal)]) -> Reported {
    let shown = Mutex::new(Reported::new());
    stage.each(cases, |account, (title, args, refusal)| {
        let proxy = stage.refusing(*refusal);
        let ran = stage.world.run_at(&proxy.url, account, args);
        assert_eq!(ran.code, 1, "{title}\n{}", ran.all());
        shown.lock().unwrap().insert(*title, first(&ran, account));
    });
    shown.into_inner().unwrap()
}

#[test]
fn each_section_says_what_to_do() {
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let titles = document.lines().filter_map(|line| line.strip_prefix("## "));
    assert_eq!(titles.collect::<Vec<_>>(), GROUPS);
    let mut count = 0;
    for group in GROUPS {
        for (title, block, prose) in sections(part(&document, group)) {
            count += 1;
            assert!(prose.len() > 60, "{title}: {prose}");
            let help = block.contains("help: ") || prose.contains('`');
            assert!(
                help,
                "{title}: neither the message nor the document says what to do next"
            );
        }
    }
    assert!(count >= 30, "{count}");
}

#[test]
fn mistakes_in_the_stack_file() {
    let world = World::new();
    let text = |change: (&str, &str)| {
        let stack = "stack: mission\nregion: ap-northeast-2\ntopics:\n  mail: { subscriptions: [{ email: \
                     oncall@example.com }] }\nalarms:\n  cpu:\n    metric: AWS/EC2 CPUUtilization\n    statistic: \
                     Average\n    period: 60\n    threshold: \">= 50\"\n    to: [mail]\n";
        assert!(stack.contains(change.0));
        stack.replace(change.0, change.1)
    };
    let mut shown = Reported::new();
    shown.insert("The file is not there", fails(&world, &["plan", "alerts.yaml"]));
    for (title, change) in [
        ("It is not YAML", ("[mail]", "[mail")),
        (
            "A key that does not exist",
            ("to: [mail]", "evaluation_period: 2\n    to: [mail]"),
        ),
        ("A key twice", ("period: 60\n", "period: 60\n    period: 300\n")),
        ("A threshold that cannot be read", ("\">= 50\"", "about 50")),
        ("A name that leads nowhere", ("[mail]", "[mial]")),
    ] {
        world.write("stack.yaml", &text(change));
        shown.insert(title, fails(&world, &["validate"]));
    }
    hold("The stack file", &shown);
}
