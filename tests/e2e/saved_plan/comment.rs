//! The comment of a pull request: its text is no markup, and it fits; and the marks for a runner.

use super::{SECRET, local};
use crate::support::Ran;
use serde_json::json;

/// GitHub's limit for a comment.
const COMMENT: usize = 65_536;

/// The text of a comment outside of code spans and blocks.
fn outside_code(markdown: &str) -> String {
    let (mut text, mut fenced) = (String::new(), false);
    for line in markdown.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let mut rest = line;
            while let Some(at) = rest.find('`') {
                // Escaped backticks do not begin a code span.
                if rest[..at].ends_with('\\') {
                    text += &rest[..=at];
                    rest = &rest[at + 1..];
                    continue;
                }
                text += &rest[..at];
                let run: String = rest[at..].chars().take_while(|c| *c == '`').collect();
                let inside = &rest[at + run.len()..];
                let end = inside
                    .find(&run)
                    .unwrap_or_else(|| panic!("a code span stays open: {line}"));
                rest = &inside[end + run.len()..];
            }
            text += rest;
            text.push('\n');
        }
    }
    assert!(!fenced, "a block stays open");
    text
}

#[test]
fn no_text_of_the_stack_file_becomes_markup_of_the_comment() {
    let world = local();
    world.up();
    let hostile = "``` </details> <img src=x onerror=alert(1)> @octocat/team #1 ~~~ ` [a](https://evil.test)";
    world.edit(|text| {
        let lines = text
            .lines()
            .map(|line| match line.trim_start().starts_with("description:") {
                true => format!("    description: {}\n", json!(hostile)),
                false => format!("{line}\n"),
            });
        lines.collect()
    });
    let comment = world.ok(&["plan", "--output", "markdown"]);
    assert_eq!(comment.stderr, "", "nothing to say beside the comment");
    let comment = comment.stdout;
    assert!(
        comment.contains("</details> <img src=x"),
        "the value shows as it is: {comment}"
    );
    let outside = outside_code(&comment);
    for mark in ["<img", "@octocat", "#1", "evil.test", "~~~"] {
        assert!(!outside.contains(mark), "{mark}: {outside}");
    }
    let (open, closed) = (
        outside.matches("<details").count(),
        outside.matches("</details>").count(),
    );
    assert_eq!((open, closed), (1, 1), "{outside}");

    // Messages about a broken file and warnings mix our own text with text from the file.
    world.edit(|text| text.replace("to: [project]", "to: [\"<b>@octocat</b> ``` #1\"]"));
    let failed = world.run(&["plan", "--output", "markdown"]);
    assert_eq!(failed.code, 1, "{}", failed.all());
    assert!(
        failed.stdout.contains("### alertctl: no plan for `stack.yaml`"),
        "{}",
        failed.stdout
    );
    let outside = outside_code(&failed.stdout);
    for mark in ["<b>", "@octocat", "#1"] {
        assert!(!outside.contains(mark), "{mark}: {outside}");
    }
}

#[test]
fn a_comment_fits_however_long_the_plan_is() {
    let mut world = local();
    for entry in std::fs::read_dir("stacks").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        world.bundled(&name);
        let comment = world.ok(&["plan", "--output", "markdown"]).stdout;
        assert!(comment.len() <= COMMENT, "{name}: {}", comment.len());
        assert!(!comment.contains(SECRET), "{name}: the webhook shows");
        outside_code(&comment);
    }
    world.bundled("cloudwatch-slack");
    world.edit(|text| {
        let alarm = |index: usize| {
            format!(
                "  a{index}:\n    metric: AWS/EC2 CPUUtilization\n    description: {}\n    \
                 dimensions: {{ InstanceId: i-0123456789abcdef0 }}\n    statistic: Average\n    period: 60\n    threshold: \">= 50\"\n    to: [alerts]\n",
                "알람 ".repeat(60)
            )
        };
        let alarms: String = (0..600).map(alarm).collect();
        text.replace("alarms:\n", &format!("alarms:\n{alarms}"))
    });
    let comment = world.ok(&["plan", "--output", "markdown"]).stdout;
    assert!(
        comment.contains("<summary><b>614 to create</b></summary>"),
        "{comment}"
    );
    assert!(comment.len() <= COMMENT, "{}", comment.len());
    assert!(comment.len() > COMMENT * 8 / 10, "{}", comment.len());
    let more = comment.lines().find_map(|line| line.strip_prefix("… ")).unwrap();
    let more: usize = more.strip_suffix(" more").unwrap().parse().unwrap();
    let shown = comment.lines().filter(|line| line.starts_with("+ ")).count();
    assert_eq!(shown + more, 614);
    assert_eq!(outside_code(&comment).matches("</details>").count(), 1);
    world.set("GITHUB_STEP_SUMMARY", "/nowhere/at/all");
    let ran = world.ok(&["plan"]);
    assert!(
        ran.stderr
            .contains("the summary cannot be written to `/nowhere/at/all`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn wrong_lines_are_marked_for_the_runner() {
    let mut world = local();
    std::fs::create_dir(world.path().join("alerts")).unwrap();
    let root = world.path().display().to_string();
    world.set("GITHUB_ACTIONS", "true");
    world.set("GITHUB_WORKSPACE", &root);
    world.write("alerts/stack.yaml", "stack: mission\nregionn: x\n");
    let mut command = world.command(&["validate", "stack.yaml"]);
    let ran = Ran::of(command.current_dir(world.path().join("alerts")).output().unwrap());
    assert_eq!(ran.code, 1);
    let marks: Vec<_> = ran.stderr.lines().filter(|line| line.starts_with("::")).collect();
    assert!(
        marks.iter().any(|mark| mark.starts_with(
            "::error file=alerts/stack.yaml,line=2,col=1,endColumn=7,title=alertctl::unknown key `regionn`"
        )),
        "{marks:?}"
    );
    // A failed step of a run is annotated with its resource; outside of a runner the text has no annotations.
    assert!(ran.stderr.contains("did you mean `region`"), "{}", ran.stderr);
    world.set("GITHUB_ACTIONS", "false");
    let plain = world.run(&["validate", "alerts/stack.yaml"]);
    assert!(!plain.stderr.contains("::"), "{}", plain.stderr);
}
