//! What the documents say is what the executable does.

use super::*;

/// This program's own variables, which no other documentation describes.
#[test]
fn every_environment_variable_is_documented() {
    let page = std::fs::read_to_string("docs/operations.md").unwrap();
    let page = page.split_once("## Environment variables").unwrap().1;
    let help = alertctl::cli::HELP;
    let mut sources = vec![std::path::PathBuf::from("src")];
    let mut named = std::collections::BTreeSet::new();
    while let Some(path) = sources.pop() {
        if path.is_dir() {
            sources.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        // A build-time variable is not a variable of a run.
        let read = |at: &usize| !text[..*at].ends_with("env!(\"");
        let places = text.match_indices("ALERTCTL_").map(|(at, _)| at);
        for at in places.filter(read) {
            let name = text[at..]
                .split(|c: char| !c.is_ascii_uppercase() && c != '_')
                .next()
                .unwrap();
            named.insert(name.trim_end_matches('_').to_owned());
        }
    }
    // A stack's functions get these variables from the stack.
    for name in ["ALERTCTL_DUTY", "ALERTCTL_ENCRYPTED_FOR"] {
        assert!(named.remove(name), "{name}");
    }
    assert!(named.len() >= 4, "{named:?}");
    for name in named {
        assert!(page.contains(&name) && help.contains(&name), "{name}");
    }
}

/// The commands in the first block of shell after this title.
fn commands(readme: &str, title: &str) -> Vec<String> {
    let (_, rest) = readme.split_once(title).unwrap_or_else(|| panic!("no `{title}`"));
    let (_, rest) = rest.split_once("```sh\n").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let command = |line: &str| line.split(" #").next().unwrap().trim().to_owned();
    block.lines().map(command).collect()
}

/// Runs the commands that the README gives to a newcomer, in their order, on the local AWS.
#[test]
fn the_commands_of_the_readme() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let section = |title: &str| commands(&readme, title);
    let first = section("## Install");
    assert_eq!(first, ["cargo install --locked --path .", "alertctl local demo"]);
    assert_eq!(section("## Contributing"), ["cargo test --workspace --locked"]);

    let mut world = World::new();
    let demo = world.ok(&["local", "demo"]);
    assert!(
        demo.stdout.contains("── #project ──") && demo.stdout.contains("mission-cpu-alarm"),
        "{}",
        demo.stdout
    );
    world.ok(&["local", "down"]);

    // `encrypt-hook` prompts on a terminal; this test passes the URL through standard input.
    let steps = section("## Your first stack");
    world.set("ALERTCTL_LOCAL", "1");
    std::os::unix::fs::symlink(
        Path::new("stacks").canonicalize().unwrap(),
        world.path().join("stacks"),
    )
    .unwrap();
    let (_, inbox) = world.up();
    let webhook = format!("{inbox}/services/LOCAL/INBOX/project");
    for step in &steps {
        let asks = ["encrypt-hook", "apply", "destroy"]
            .iter()
            .any(|word| step.contains(word));
        let line = format!(
            "printf %s '{webhook}' | {step}{}",
            if asks { " --yes" } else { "" }
        );
        let ran = Ran::of(world.program("sh", &["-e", "-c", &line]).output().unwrap());
        assert_eq!(ran.code, 0, "{step}\n{}", ran.all());
        assert!(
            !ran.all().contains("LOCAL/INBOX"),
            "{step} shows the webhook: {}",
            ran.all()
        );
        match step.split(' ').nth(1) {
            Some("plan") => assert!(ran.stdout.contains("12 to create, 2 unchanged"), "{}", ran.stdout),
            Some("apply") => {
                world.ok(&["local", "alarm", "mission-cpu-alarm"]);
                assert_eq!(world.messages(&inbox).len(), 1);
                // An alarm in ALARM cannot be tested.
                world.ok(&["local", "alarm", "mission-cpu-alarm", "--state", "ok"]);
            }
            Some("test") => {
                let messages = world.messages(&inbox);
                assert!(
                    messages
                        .iter()
                        .any(|message| message.to_string().contains("alertctl test"))
                );
            }
            // Fourteen resources, and one webhook that can be decrypted.
            Some("status") => assert_eq!(ran.stdout.matches("\n  ok ").count(), 15, "{}", ran.stdout),
            Some("destroy") => assert!(
                ran.stderr.contains("before then restores it"),
                "no date: {}",
                ran.stderr
            ),
            _ => {}
        }
    }
    assert_eq!(steps.len(), 8, "a new step wants a look here: {steps:?}");

    // The pipeline's two lines.
    world.bundled("cloudwatch-slack");
    for line in section("## In a pipeline") {
        let line = line.replace('…', &webhook);
        let ran = Ran::of(world.program("sh", &["-c", &line]).output().unwrap());
        let wanted = if line.contains("--detailed-exitcode") {
            2
        } else {
            0
        };
        assert_eq!(ran.code, wanted, "{line}\n{}", ran.all());
    }

    // Every command in its table exists, and the table lists every command.
    for (name, flags) in [
        (
            "local",
            "`up`, `down`, `status`, `alarm NAME`, `event EVENT`, `demo`",
        ),
        ("plan", "--detailed-exitcode"),
    ] {
        let row = readme
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}` |")))
            .unwrap();
        assert!(row.contains(flags), "{row}");
    }
}

/// The documentation of the tool.
fn documents() -> Vec<(String, String)> {
    let docs = std::fs::read_dir("docs").unwrap();
    let docs = docs.map(|entry| entry.unwrap().path().display().to_string());
    let docs = docs.filter(|path| path.ends_with(".md"));
    ["README.md".to_owned()]
        .into_iter()
        .chain(docs)
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

/// The code blocks in this language.
fn blocks<'a>(document: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("```{language}\n");
    let blocks = document.split(&start).skip(1);
    blocks.map(|block| block.split_once("```").unwrap().0).collect()
}

/// A block that does not begin with `stack:` continues the file before it.
#[test]
fn every_stack_file_in_the_documents_is_valid() {
    let world = World::new();
    let mut count = 0;
    for (path, document) in documents() {
        let mut files: Vec<String> = Vec::new();
        for block in blocks(&document, "yaml") {
            match files.last_mut() {
                Some(file) if !block.starts_with("stack:") => *file += block,
                _ => files.push(block.to_owned()),
            }
        }
        for file in files {
            // The blocks are one file here.
            std::fs::create_dir_all(world.path().join("common")).unwrap();
            world.write("common/channels.yaml", "tags: {}\n");
            world.write("stack.yaml", &file);
            let ran = world.run(&["validate"]);
            assert_eq!(ran.code, 0, "{path}: {}", ran.all());
            assert_eq!(warnings_but_for_examples(&ran), [""; 0], "{path}: {}", ran.all());
            count += 1;
        }
    }
    assert_eq!(count, 10, "another number of examples than when this was written");
}

#[test]
fn every_bundled_stack_is_valid_with_no_more_to_do_than_what_is_ones_own() {
    let world = World::new();
    for entry in std::fs::read_dir("stacks").unwrap() {
        let path = entry.unwrap().path();
        world.bundled(path.file_stem().unwrap().to_str().unwrap());
        let ran = world.run(&["validate"]);
        assert_eq!(ran.code, 0, "{}: {}", path.display(), ran.all());
        assert_eq!(warnings_but_for_examples(&ran), [""; 0], "{}", path.display());
        // In the local mode nothing is real, so examples cause no warnings.
        let ran = world.run(&["validate", "--local"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", path.display());
    }
}

/// The warnings without those about example values.
fn warnings_but_for_examples(ran: &Ran) -> Vec<&str> {
    let lines = ran.stderr.lines();
    let warnings = lines.filter(|line| line.starts_with("warning: "));
    warnings
        .filter(|line| !line.ends_with("is only an example"))
        .collect()
}

#[test]
fn every_command_in_the_documents_exists() {
    use clap::Parser as _;
    for (path, document) in documents() {
        for line in blocks(&document, "sh").into_iter().flat_map(str::lines) {
            let line = line.split(" #").next().unwrap();
            let calls = line.match_indices("alertctl ").map(|(at, _)| &line[at..]);
            let calls = calls.map(|call| call.split([')', '|', '&', '>']).next().unwrap());
            for call in calls {
                let parsed = alertctl::cli::Cli::try_parse_from(call.split_whitespace());
                // A request for the version is not an error.
                let mistake = parsed.err().filter(clap::Error::use_stderr);
                assert!(mistake.is_none(), "{path}: `{call}`: {}", mistake.unwrap());
            }
        }
    }
}

/// Links from one document to a file or a heading are valid, and each ready-made stack is in the README.
#[test]
fn the_links_of_the_documents() {
    let headings = |path: &Path| -> Vec<String> {
        let text = std::fs::read_to_string(path).unwrap();
        let titles = text.lines().filter(|line| line.starts_with('#'));
        let anchor = |title: &str| {
            let kept = title.to_lowercase().replace(' ', "-");
            kept.chars()
                .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
                .collect()
        };
        titles
            .map(|line| anchor(line.trim_start_matches('#').trim()))
            .collect()
    };
    for (path, document) in documents() {
        let here = Path::new(&path);
        let links = document.split("](").skip(1);
        let links = links.map(|rest| rest.split_once(')').unwrap().0);
        for link in links.filter(|link| !link.starts_with("https://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = match file {
                "" => here.to_owned(),
                file => here.parent().unwrap().join(file),
            };
            assert!(file.exists(), "{path}: `{link}`");
            assert!(
                anchor.is_empty() || headings(&file).iter().any(|heading| heading == anchor),
                "{path}: no heading for `{link}`"
            );
        }
    }
    let readme = std::fs::read_to_string("README.md").unwrap();
    for entry in std::fs::read_dir("stacks").unwrap() {
        let stack = format!("](stacks/{})", entry.unwrap().file_name().display());
        assert!(readme.contains(&stack), "{stack}");
    }
}

/// The example is what a user gets, except for the endpoint's address.
#[test]
fn the_elastalert_example_is_what_show_prints() {
    let world = World::new();
    world.bundled("elastalert-email");
    world.up();
    world.ok(&["apply", "--local", "--yes"]);
    let url = world
        .ok(&["show", "endpoint", "--local"])
        .stdout
        .trim()
        .to_owned();
    let printed = world.ok(&["show", "elastalert-rule", "--local"]).stdout;
    assert_eq!(printed.matches(&url).count(), 2, "{printed}");
    let example = "https://a1b2c3d4e5.execute-api.ap-northeast-2.amazonaws.com/elastalert";
    let printed = printed.replace(&url, example);
    let rule = std::fs::read_to_string("examples/elastalert/rule.yaml").unwrap();
    assert!(
        rule.trim_end().ends_with(printed.trim_end()),
        "should end so:\n{printed}"
    );
    let rule: serde_yaml::Value = serde_yaml::from_str(&rule).unwrap();
    assert!(
        rule["name"].is_string() && rule["filter"].is_sequence(),
        "{rule:?}"
    );
}
