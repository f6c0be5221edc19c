//! `alertctl graph`: the picture in a real browser, and the exact Mermaid and DOT text.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::browser::Browser;
use serde_json::{Value, json};

/// Texts that a picture may have to show: markup of all three languages, and wide letters.
const ODD: &str = r##"
stack: odd
region: eu-west-1
channels:
  a: { label: "</text><script>alert(1)</script>", webhook: { env: A } }
  b: { label: "프로젝트 \"알림\" 🚨🚨🚨 & <b> \\N #35; `code`", webhook: { env: B } }
topics:
  t:
    to: [a, b]
    display_name: "x"
    subscriptions: [{ https: "https://example.com/s3cret" }]
rules:
  r:
    pattern: { source: ["\"]; n0 --> n1; %% <img src=x onerror=alert(1)>"] }
    to: [a, b, t]
alarms:
  wide: { metric: "WWWWWWWWWWWWWWWWWWW MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM", statistic: Sum, period: 60, threshold: "> 1", to: [t] }
"##;

/// Finds overlapping boxes, text that leaves its box or overlaps other text, and arrows through a box.
const FAULTS: &str = r#"
const faults = [];
const within = (inner, outer) => inner.left >= outer.left && inner.right <= outer.right && inner.top >= outer.top && inner.bottom <= outer.bottom;
const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
const boxes = [...document.querySelectorAll('g.box')].map((box) => ({
    name: box.querySelector('title').textContent,
    frame: box.querySelector('rect').getBoundingClientRect(),
    texts: [...box.querySelectorAll('text')].map((text) => text.getBoundingClientRect()),
}));
const page = document.querySelector('svg').getBoundingClientRect();
boxes.forEach((one, at) => {
    if (!within(one.frame, page)) faults.push(`${one.name} leaves the page`);
    one.texts.forEach((text, line) => {
        if (!within(text, one.frame)) faults.push(`line ${line} leaves ${one.name}`);
        if (one.texts.slice(line + 1).some((next) => meet(text, { ...next.toJSON(), top: next.top + 3 }))) faults.push(`lines of ${one.name} meet`);
    });
    boxes.slice(at + 1).filter((other) => meet(one.frame, other.frame)).forEach((other) => faults.push(`${one.name} meets ${other.name}`));
});
for (const path of document.querySelectorAll('path')) {
    const length = path.getTotalLength();
    for (let at = 0; at <= length; at += 4) {
        const { x, y } = path.getPointAtLength(at);
        const hit = boxes.find(({ frame }) => x > frame.left + 1 && x < frame.right - 1 && y > frame.top + 1 && y < frame.bottom - 1);
        if (hit) { faults.push(`${path.parentNode.querySelector('title').textContent} runs through ${hit.name}`); break; }
    }
}
return { faults, boxes: boxes.length, arrows: document.querySelectorAll('path').length };
"#;

fn graph(arguments: &[&str]) -> String {
    let ran = Command::new(env!("CARGO_BIN_EXE_alertctl"))
        .arg("graph")
        .args(arguments)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

/// The bundled stacks and the odd one.
fn stacks(folder: &Path) -> Vec<PathBuf> {
    let odd = folder.join("odd.yaml");
    std::fs::write(&odd, ODD).unwrap();
    let bundled = std::fs::read_dir("stacks")
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = bundled.chain([odd]).collect();
    all.sort();
    all
}

#[test]
fn every_label_is_in_its_box_and_nothing_overlaps() {
    let Some(browser) = Browser::open() else { return };
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("graph");
    std::fs::create_dir_all(&pictures).unwrap();
    for stack in stacks(&pictures) {
        let path = stack.to_str().unwrap();
        for (what, arguments) in [("", vec![path]), ("-resources", vec![path, "--resources"])] {
            let data: Value =
                serde_json::from_str(&graph(&[&arguments[..], &["--output", "json"]].concat())).unwrap();
            let name = format!("{}{what}", stack.file_stem().unwrap().to_str().unwrap());
            let file = pictures.join(format!("{name}.svg"));
            std::fs::write(&file, graph(&arguments)).unwrap();
            browser.go(&format!("file://{}", file.display()));
            let seen = browser.run(FAULTS, &[]);
            assert_eq!(seen["faults"], json!([]), "{name}");
            assert_eq!(seen["boxes"], data["boxes"].as_array().unwrap().len(), "{name}");
            assert_eq!(seen["arrows"], data["arrows"].as_array().unwrap().len(), "{name}");
            let foreign = browser.run(
                "return document.querySelectorAll('script, img, a, image').length",
                &[],
            );
            assert_eq!(foreign, 0, "{name}");
            // Saves the whole picture, for a person to look at.
            browser.run("const page = document.documentElement; page.setAttribute('width', 1080); page.removeAttribute('height');", &[]);
            browser.picture("svg", &pictures.join(format!("{name}.png")));
        }
    }
    assert_eq!(browser.complaints(), [Value::Null; 0]);
}

#[test]
fn mermaid_and_dot() {
    let folder = tempfile::tempdir().unwrap();
    let odd = stacks(folder.path())
        .into_iter()
        .find(|path| path.ends_with("odd.yaml"))
        .unwrap();
    for (name, path) in [("full", "stacks/full.yaml"), ("odd", odd.to_str().unwrap())] {
        for format in ["mermaid", "dot"] {
            let text = graph(&[path, "--format", format]);
            assert!(!text.contains("s3cret"), "{text}");
            insta::assert_snapshot!(format!("{name}_{format}"), text);
        }
    }
    let resources = graph(&[
        "stacks/cloudwatch-slack.yaml",
        "--resources",
        "--format",
        "mermaid",
    ]);
    insta::assert_snapshot!("resources_mermaid", resources);
}

#[test]
fn boxes_stand_as_the_file_lists_them() {
    let folder = tempfile::tempdir().unwrap();
    let keys = ["web", "db", "queue", "api", "cache", "zone"];
    let alarm = |key: &&str| {
        format!(
            "  {key}: {{ metric: AWS/EC2 {key}, statistic: Sum, period: 60, threshold: '> 1', to: [t] }}\n"
        )
    };
    let alarms: String = keys.iter().map(alarm).collect();
    let path = folder.path().join("stack.yaml");
    let text = "stack: order\nregion: eu-west-1\ntopics: { t: { subscriptions: [{ email: ops@corp.example }] } }\nalarms:\n";
    std::fs::write(&path, text.to_owned() + &alarms).unwrap();
    let path = path.to_str().unwrap();
    for arguments in [
        &[path][..],
        &[path, "--format", "dot"],
        &[path, "--format", "mermaid"],
    ] {
        let drawn = graph(arguments);
        // In an SVG the position is the y coordinate.
        let place = |key: &str| match drawn.find("<svg") {
            Some(_) => {
                let shown = drawn.split(&format!(">{key}</text>")).next().unwrap();
                let y = shown.rsplit(" y=\"").next().unwrap().split('"').next().unwrap();
                y.parse::<f64>().unwrap() as usize
            }
            None => drawn
                .find(&format!(">{key}<"))
                .or(drawn.find(&format!("\\n{key}\\n")))
                .unwrap(),
        };
        let places: Vec<_> = keys.iter().map(|key| place(key)).collect();
        assert!(places.is_sorted(), "{arguments:?}: {places:?}");
    }
}

/// The README shows this picture.
#[test]
fn the_picture_of_the_documentation_is_of_today() {
    let drawn = graph(&["stacks/full.yaml"]);
    let kept = std::fs::read_to_string("docs/full.svg").unwrap_or_default();
    assert!(
        drawn == kept,
        "`alertctl graph stacks/full.yaml > docs/full.svg` draws it anew"
    );
}
