//! The parts of a release: its files agree with each other, and its scripts work.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The scripts and workflows that run in a runner, and the example that is copied into one.
const WORKFLOWS: [&str; 4] = [
    ".github/workflows/ci.yml",
    ".github/workflows/release.yml",
    "action.yml",
    "examples/ci/github-actions.yml",
];

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The value of a key at the beginning of a line in Cargo.toml.
fn setting(key: &str) -> String {
    let text = read("Cargo.toml");
    let mut values = text.lines().filter_map(|line| {
        let value = line.strip_prefix(key)?.strip_prefix(" = \"")?;
        Some(value.strip_suffix('"')?.to_owned())
    });
    values.next().unwrap_or_else(|| panic!("Cargo.toml has no {key}"))
}

/// The hand-written files of the project, by their paths from the root.
fn files() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::from(ROOT)];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(ROOT).unwrap().to_string_lossy().into_owned();
            let built = ["target", "dist", ".git"].contains(&name.as_str()) || name.ends_with("snapshots");
            if path.is_dir() && !built {
                open.push(path);
            } else if path.is_file()
                && let Ok(text) = fs::read_to_string(&path)
            {
                found.push((name, text));
            }
        }
    }
    found
}

/// The address is set in one place: every other mention must be listed.
#[test]
fn the_project_has_one_address_and_one_contact() {
    let address = setting("repository");
    let repository = address.strip_prefix("https://github.com/").unwrap();
    let name = repository.rsplit('/').next().unwrap();
    let mut named = BTreeSet::new();
    // This test uses addresses of its own.
    let files = files()
        .into_iter()
        .filter(|(file, _)| file != "tests/e2e/release.rs");
    for (file, text) in files {
        for (at, _) in text.match_indices(&format!("/{name}")) {
            // `github.com/OWNER/alertctl`, `ghcr.io/owner/alertctl`, `uses: OWNER/alertctl@…`, `--repo OWNER/alertctl`.
            let before = &text[..at];
            let ends_owner = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
            let owner = before.rsplit(ends_owner).next().unwrap();
            let before = &before[..at - owner.len()];
            let places = ["github.com/", "ghcr.io/", "uses: ", "--repo ", "--git "];
            if places.iter().any(|place| before.ends_with(place)) {
                named.insert(file.clone());
                let found = format!("{owner}/{name}");
                assert!(
                    found.eq_ignore_ascii_case(repository),
                    "{file} names {found}, not {repository}"
                );
            }
        }
    }
    for file in [
        "SECURITY.md",
        "scripts/install.sh",
        "examples/ci/github-actions.yml",
    ] {
        assert!(named.contains(file), "{file} names no address");
    }
    // The list of the other places with the address must be complete.
    let guide = read("CONTRIBUTING.md");
    for file in named.iter().filter(|file| *file != "CONTRIBUTING.md") {
        assert!(
            guide.contains(&format!("`{file}`")),
            "CONTRIBUTING.md does not name {file}"
        );
    }
    let contact = setting("security-contact");
    assert!(
        read("SECURITY.md").contains(&format!("`{contact}`")),
        "SECURITY.md does not say {contact}"
    );
}

#[test]
fn the_workflows_run_only_what_is_pinned_and_nothing_that_others_write() {
    let mut pins: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in WORKFLOWS {
        let text = read(file);
        let document: Value = serde_yaml::from_str(&text).unwrap();
        if file != "action.yml" {
            assert_eq!(document["permissions"], serde_json::json!({}), "{file}");
        }
        for line in text.lines().map(str::trim) {
            let Some(uses) = line.trim_start_matches("- ").strip_prefix("uses: ") else {
                continue;
            };
            if uses.starts_with("./") {
                continue;
            }
            let (action, rest) = uses.split_once('@').unwrap_or_else(|| panic!("{file}: {uses}"));
            let (commit, version) = rest
                .split_once(" # v")
                .unwrap_or_else(|| panic!("{file}: {uses}: no version"));
            let is_commit = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
            assert!(is_commit, "{file}: {uses} is not pinned to a commit");
            pins.entry(action.to_owned())
                .or_default()
                .insert(format!("{commit} {version}"));
        }
        let steps: Vec<&Value> = match document["jobs"].as_object() {
            Some(jobs) => jobs
                .values()
                .filter_map(|job| job["steps"].as_array())
                .flatten()
                .collect(),
            None => document["runs"]["steps"].as_array().unwrap().iter().collect(),
        };
        for script in steps.iter().filter_map(|step| step["run"].as_str()) {
            // A value that the runner inserts into a script may contain anything.
            assert!(!script.contains("${{"), "{file}: {script}");
        }
    }
    for (action, pins) in &pins {
        assert_eq!(pins.len(), 1, "{action} is pinned to {pins:?}");
    }
}

#[test]
fn versions_targets_and_the_toolchain_agree() {
    let version = setting("version");
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    let changelog = read("CHANGELOG.md");
    let released = changelog.contains(&format!("\n## {version}"));
    assert!(
        released || changelog.contains("\n## Unreleased"),
        "CHANGELOG.md has no section"
    );

    // The installer offers what the workflow builds.
    let workflow: Value = serde_yaml::from_str(&read(".github/workflows/release.yml")).unwrap();
    let matrix = workflow["jobs"]["build"]["strategy"]["matrix"]["include"]
        .as_array()
        .unwrap();
    let built: BTreeSet<_> = matrix
        .iter()
        .map(|one| one["target"].as_str().unwrap().to_owned())
        .collect();
    let installer = read("scripts/install.sh");
    let offered = installer
        .lines()
        .filter_map(|line| line.split_once(") target=")?.1.strip_suffix(" ;;"));
    let mut offered: BTreeSet<_> = offered.map(str::to_owned).collect();
    let for_windows = read("scripts/install.ps1");
    let for_windows = for_windows
        .lines()
        .find_map(|line| line.strip_prefix("$target = '"))
        .unwrap();
    offered.insert(for_windows.trim_end_matches('\'').to_owned());
    assert_eq!(offered, built);
    for target in &built {
        assert!(
            read("deny.toml").contains(&format!("\"{target}\"")),
            "deny.toml leaves out {target}"
        );
    }
    for part in [
        "{ repo }/releases/download/v{ version }/alertctl-{ target }.tar.gz",
        "alertctl-{ target }/{ bin }{ binary-ext }",
    ] {
        assert!(
            read("Cargo.toml").contains(part),
            "cargo binstall finds no {part}"
        );
    }

    let toolchain = read("rust-toolchain.toml");
    let channel = toolchain
        .split("channel = \"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let number = |text: &str| -> Vec<u32> { text.split('.').map(|part| part.parse().unwrap()).collect() };
    assert!(
        number(channel) >= number(&setting("rust-version")),
        "{channel} is older than rust-version"
    );
    assert!(read("examples/ci/Dockerfile").contains(&format!("FROM rust:{channel}-")));
}

/// A directory with a release of a fake alertctl for this system.
fn release(directory: &Path) -> String {
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let name = format!("alertctl-{target}");
    fs::create_dir(directory.join(&name)).unwrap();
    fs::write(
        directory.join(&name).join("alertctl"),
        "#!/bin/sh\necho alertctl 9.9.9\n",
    )
    .unwrap();
    let archive = format!("{name}.tar.gz");
    sh(
        directory,
        &format!(
            "chmod 755 {name}/alertctl && tar -czf {archive} {name} && sha256sum {archive} > SHA256SUMS"
        ),
    );
    archive
}

fn sh(directory: &Path, script: &str) -> String {
    let output = Command::new("sh")
        .args(["-ec", script])
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn install(from: &Path, to: &Path, more: &[&str]) -> Output {
    Command::new("sh")
        .arg(Path::new(ROOT).join("scripts/install.sh"))
        .arg("--to")
        .arg(to)
        .args(more)
        .env("ALERTCTL_DOWNLOADS", format!("file://{}", from.display()))
        .env("HOME", to)
        .output()
        .unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn the_installer_installs_what_its_checksum_names_and_nothing_else() {
    let from = TempDir::new().unwrap();
    let to = TempDir::new().unwrap();
    let archive = release(from.path());
    let bin = to.path().join("bin");
    // Twice: the second time alertctl is already installed.
    for _ in 0..2 {
        let ran = install(from.path(), &bin, &[]);
        assert!(ran.status.success(), "{ran:?}");
        assert!(
            String::from_utf8_lossy(&ran.stdout).contains("installed alertctl 9.9.9 to"),
            "{ran:?}"
        );
    }
    assert_eq!(fs::read_dir(&bin).unwrap().count(), 1);

    fs::remove_dir_all(&bin).unwrap();
    let refused = |text: &str, more: &[&str]| {
        let ran = install(from.path(), &bin, more);
        assert_eq!(ran.status.code(), Some(1), "{ran:?}");
        assert!(String::from_utf8_lossy(&ran.stderr).contains(text), "{ran:?}");
        assert!(!bin.exists(), "something was installed");
    };
    refused("unknown option `--form`", &["--form"]);
    let sums = fs::read_to_string(from.path().join("SHA256SUMS")).unwrap();
    fs::write(
        from.path().join("SHA256SUMS"),
        sums.replace(&archive, "another.tar.gz"),
    )
    .unwrap();
    refused("SHA256SUMS does not name", &[]);
    fs::write(from.path().join("SHA256SUMS"), &sums).unwrap();
    let mut bytes = fs::read(from.path().join(&archive)).unwrap();
    bytes.push(0);
    fs::write(from.path().join(&archive), bytes).unwrap();
    refused("nothing was installed", &[]);
    fs::remove_file(from.path().join(&archive)).unwrap();
    refused("cannot be downloaded", &[]);
}

/// Runs `scripts/release.sh` on a copy of the files that it reads, each modified by `change`.
fn release_of(tag: &str, repository: &str, change: impl Fn(&str, String) -> String) -> Output {
    let copy = TempDir::new().unwrap();
    fs::create_dir(copy.path().join("scripts")).unwrap();
    for name in ["scripts/release.sh", "Cargo.toml", "CHANGELOG.md"] {
        fs::write(copy.path().join(name), change(name, read(name))).unwrap();
    }
    let script = copy.path().join("scripts/release.sh");
    Command::new("sh")
        .arg(script)
        .args([tag, repository])
        .output()
        .unwrap()
}

#[test]
fn only_what_is_complete_is_released() {
    let (version, contact) = (setting("version"), setting("security-contact"));
    let address = setting("repository");
    let ready = |name: &str, text: String| match name {
        "Cargo.toml" => text
            .replace(&contact, "security@example.com")
            .replace(&address, "https://github.com/us/alertctl"),
        "CHANGELOG.md" => {
            let released = format!(
                "## Unreleased\n\n## {version} (1 January 2030)\n\n- One.\n- Two.\n\n## 0.0.1\n\n- Older.\n"
            );
            format!("# Changelog\n\n{released}")
        }
        _ => text,
    };
    let tag = format!("v{version}");
    let good = release_of(&tag, "us/alertctl", ready);
    assert!(good.status.success(), "{good:?}");
    assert_eq!(String::from_utf8(good.stdout).unwrap().trim(), "- One.\n- Two.");

    let refused = |ran: Output, why: &str| {
        assert_eq!(ran.status.code(), Some(1), "{ran:?}");
        assert!(String::from_utf8_lossy(&ran.stderr).contains(why), "{ran:?}");
    };
    refused(release_of("v99.0.0", "us/alertctl", ready), "the tag is v99.0.0");
    refused(
        release_of(&tag, "them/alertctl", ready),
        "and this is https://github.com/them/alertctl",
    );
    let unwritten = |name: &str, text: String| match name {
        "CHANGELOG.md" => "# Changelog\n\n## Unreleased\n\n- Three.\n".to_owned(),
        _ => ready(name, text),
    };
    refused(
        release_of(&tag, "us/alertctl", unwritten),
        "CHANGELOG.md has no section",
    );
    let no_contact = |name: &str, text: String| {
        ready(name, text).replace("security@example.com", "security@nobody.invalid")
    };
    refused(
        release_of(&tag, "us/alertctl", no_contact),
        "security-contact in Cargo.toml is not set",
    );
}

#[test]
fn the_image_holds_the_binary_and_certificates_and_runs_as_nobody() {
    let recipe = read("Containerfile");
    for part in [
        "\nFROM scratch\n",
        "/etc/ssl/certs/ca-certificates.crt",
        "\nUSER 65532:65532\n",
    ] {
        assert!(recipe.contains(part), "{part}");
    }
    assert!(
        !recipe.contains(":latest") && !recipe.contains("\nRUN "),
        "{recipe}"
    );
}
