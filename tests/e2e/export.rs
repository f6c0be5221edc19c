//! Stacks as CloudFormation templates: an independent linter finds nothing in them, and what CloudFormation makes of them is
//! what `apply` would have made.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::World;
use crate::support::python::python;

mod deployed;

/// Every stack file of the project that is a whole one.
fn stack_files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [root.join("stacks"), root.join("src/stack/fixtures")];
    let entries = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let files = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|file| file.extension().is_some_and(|extension| extension == "yaml"))
        // It is there for its mistakes.
        .filter(|file| !file.ends_with("many_mistakes.yaml"))
        .collect();
    files.sort();
    files
}

/// The document that `export` prints, and the files that it wrote.
fn exported(world: &World, file: &Path, args: &[&str]) -> Value {
    let file = file.to_str().unwrap();
    let base = ["export", "stack", file, "--format", "cloudformation"];
    world.json(&[&base[..], args].concat())
}

/// What cfn-lint finds in a JSON list of templates, and where a file is not read as its document.
fn findings(templates: &str) -> String {
    python(
        "cloudformation-requirements.txt",
        "lint_templates.py",
        &[],
        &[],
        templates,
    )
}

#[test]
fn a_linter_finds_nothing_in_any_of_them() {
    let world = World::new();
    let mut templates = Vec::new();
    for file in stack_files() {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let written = format!("{name}.yaml");
        let document = exported(
            &world,
            &file,
            &["--write", &written, "--region", "ap-northeast-2"],
        );
        for template in document["templates"].as_array().unwrap() {
            let path = world.path().join(template["file"].as_str().unwrap());
            templates.push(json!({
                "file": path, "region": template["region"], "document": template["template"],
            }));
        }
    }
    assert!(templates.len() > 20, "{}", templates.len());
    let input = Value::Array(templates).to_string();
    let findings = findings(&input);
    assert!(findings.is_empty(), "{findings}");
}

/// The regions in which an organization logs sign-ins, and some others.
const OF_SPOKES: [&str; 6] = [
    "us-east-1",
    "us-east-2",
    "eu-north-1",
    "ap-southeast-2",
    "ap-northeast-2",
    "eu-west-1",
];

#[test]
fn a_linter_finds_nothing_in_the_spokes_of_an_organization() {
    let world = World::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/stack/fixtures/everything.yaml");
    let file = file.to_str().unwrap();
    let base = ["export", "spoke", file, "--format", "cloudformation"];
    let document = world.json(&base)["template"].clone();
    let text = world.ok(&base).stdout;
    assert!(document.to_string().len() < 51_200);
    let written = world.write("spoke.yaml", &text);
    let templates: Vec<_> = OF_SPOKES
        .iter()
        .map(|region| json!({ "file": written, "region": region, "document": document }))
        .collect();
    let input = Value::Array(templates).to_string();
    let findings = findings(&input);
    assert!(findings.is_empty(), "{findings}");
}

#[test]
fn spokes_for_other_pipelines_name_the_hub() {
    let world = World::new();
    world.write(
        "stack.yaml",
        "stack: hub\nregion: eu-central-1\nchannels: { ops: { webhook: { env: HOOK } } }\norganization:\n  id: o-a1b2c3d4e5\n  \
         deploy: false\n  forward: [alarms]\n  to: [ops]\n",
    );
    let base = ["export", "spoke", "--format"];
    let refused = world.run(&[&base[..], &["lza"]].concat());
    assert_eq!(refused.code, 1, "{}", refused.all());
    for (format, config) in [("lza", "customizations-config.yaml"), ("cfct", "manifest.yaml")] {
        world.ok(&[
            &base[..],
            &[format, "--hub-account", "111122223333", "--write", format],
        ]
        .concat());
        let config = std::fs::read_to_string(world.path().join(format).join(config)).unwrap();
        let bus = "arn:aws:events:eu-central-1:111122223333:event-bus/hub-organization";
        assert!(config.contains(bus), "{config}");
    }
    let module = world.ok(&[&base[..], &["terraform"]].concat());
    assert!(module.stderr.is_empty(), "{}", module.stderr);
    let module: Value = serde_json::from_str(&module.stdout).unwrap();
    assert!(module["resource"]["aws_cloudwatch_event_rule"].is_object());
    let deployed = std::fs::read_to_string(world.path().join("stack.yaml")).unwrap();
    world.write("stack.yaml", &deployed.replace("deploy: false", "ous: [r-ab12]"));
    let warned = world.ok(&[&base[..], &["terraform"]].concat());
    assert!(warned.stderr.contains("deploy: false"), "{}", warned.stderr);
}

#[test]
fn the_linter_finds_a_mistake() {
    let world = World::new();
    let document =
        json!({ "Resources": { "A": { "Type": "AWS::SNS::Topic", "Properties": { "Nonsense": 1 } } } });
    let file = world.write("wrong.yaml", &document.to_string());
    let input = json!([{ "file": file, "region": "eu-west-1", "document": document }]).to_string();
    let findings = findings(&input);
    assert!(findings.contains("Nonsense"), "{findings}");
}

#[test]
fn no_secret_and_no_account_is_in_a_template() {
    let mut world = World::new();
    let secret = "https://hooks.slack.com/services/T00000000/B00000000/verysecretverysecretvery";
    world.set("SLACK_WEBHOOK_URL", secret);
    world.write(
        "stack.yaml",
        "stack: mission\nregion: eu-west-1\nchannels:\n  ops: { webhook: { env: SLACK_WEBHOOK_URL } }\ntopics:\n  \
         alerts: { to: [ops], subscriptions: [{ https: \"https://example.com/verysecret\" }] }\n",
    );
    let ran = world.ok(&["export", "stack", "--format", "cloudformation"]);
    assert!(!ran.all().contains("verysecret"), "{}", ran.all());
    assert!(!ran.stdout.contains("000000000000"), "{}", ran.stdout);
    assert!(ran.stdout.contains("NoEcho: true"), "{}", ran.stdout);
    // What CloudFormation cannot do is said to whoever runs the command, and to whoever reads the template.
    assert!(ran.stderr.contains("note: "), "{}", ran.stderr);
    assert!(ran.stdout.contains("NotExported:"), "{}", ran.stdout);
}

#[test]
fn several_regions_need_several_files() {
    let world = World::new();
    world.bundled("console-login");
    let stack = world.path().join("stack.yaml");
    let ran = world.run(&["export", "stack", "--format", "cloudformation"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    assert!(ran.stderr.contains("--write FILE"), "{}", ran.stderr);
    let document = exported(
        &world,
        &stack,
        &["--write", "out.template.yaml", "--write-code", "code.zip"],
    );
    for template in document["templates"].as_array().unwrap() {
        let file = template["file"].as_str().unwrap();
        let home = template["region"] == document["region"];
        assert_eq!(file == "out.template.yaml", home, "{file}");
        assert!(world.path().join(file).exists(), "{file}");
    }
    let code = std::fs::read(world.path().join("code.zip")).unwrap();
    assert!(code.starts_with(b"PK"), "a zip");
}

#[test]
fn what_cannot_be_exported_is_refused() {
    let world = World::new();
    world.write(
        "stack.yaml",
        "stack: mission\ntopics: { mail: { subscriptions: [{ email: a@example.com }] } }\n",
    );
    for (args, said) in [
        (&[][..], "no region"),
        (
            &["--region", "eu-west-1", "--write-code", "code.zip"],
            "no function",
        ),
        (
            &["--region", "eu-west-1", "--write", "none/t.yaml"],
            "cannot write `none/t.yaml`",
        ),
        (&["--region", "eu-wset-1"], "did you mean `eu-west-1`"),
    ] {
        let ran = world.run(&[&["export", "stack", "--format", "cloudformation"], args].concat());
        assert_eq!(ran.code, 1, "{args:?}: {}", ran.all());
        assert!(ran.stderr.contains(said), "{args:?}: {}", ran.stderr);
    }
    let alarms: String = (0..600)
        .map(|n| {
            format!(
                "  a{n}: {{ metric: AWS/SQS NumberOfMessagesSent, statistic: Sum, period: 60, threshold: \"> {n}\", to: [mail] }}\n"
            )
        })
        .collect();
    world.write(
        "stack.yaml",
        &format!("stack: mission\nregion: eu-west-1\ntopics: {{ mail: {{ subscriptions: [{{ email: a@example.com }}] }} }}\nalarms:\n{alarms}"),
    );
    let ran = world.run(&["export", "stack", "--format", "cloudformation"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(ran.stderr.contains("at most 500 resources"), "{}", ran.stderr);
}
