//! Makes what the CLI embeds: the relay's package, the list of the sample events, and what `alertctl version` prints.
//!
//! A nested build compiles the relay for Lambda, unless `ALERTCTL_RELAY_ZIP` names a package of the same sources that
//! was built elsewhere. `ALERTCTL_RELAY_PROFILE` sets the profile of the relay. By default it follows the profile of
//! the CLI.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use relay_package::{Identity, Profile, Result, build, check, pack};

/// The relay's sample events. Users get them too.
const SAMPLES: &str = "lambda/fixtures";

/// Path of a package that was built elsewhere.
const ZIP: &str = "ALERTCTL_RELAY_ZIP";
/// Profile of the nested build: `relay` or `relay-dev`.
const PROFILE: &str = "ALERTCTL_RELAY_PROFILE";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot build what alertctl embeds: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    for path in [
        "build.rs",
        "Cargo.toml",
        "Cargo.lock",
        "lambda/Cargo.toml",
        "lambda/src",
        SAMPLES,
    ] {
        println!("cargo:rerun-if-changed={path}");
    }
    println!("cargo:rerun-if-env-changed={ZIP}");
    println!("cargo:rerun-if-env-changed={PROFILE}");
    let workspace = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    let is_release = variable("PROFILE")? == "release";
    fs::write(out.join("samples.rs"), samples(&workspace.join(SAMPLES))?)?;

    let identity = Identity::of(&workspace)?;
    println!("cargo:rustc-env=ALERTCTL_RELAY_VERSION={}", identity.version);
    println!("cargo:rustc-env=ALERTCTL_RELAY_SHA256={}", identity.sha256);
    let zip = match given(ZIP) {
        Some(file) => taken(&workspace.join(file), &identity)?,
        None => {
            let profile = match given(PROFILE) {
                Some(name) => Profile::named(&name).map_err(|error| format!("{PROFILE}: {error}"))?,
                None if is_release => Profile::Relay,
                None => Profile::RelayDev,
            };
            let bootstrap = build(&workspace, &target_directory(&out)?, profile)?;
            pack(&fs::read(bootstrap)?, &identity, profile)?
        }
    };
    fs::write(out.join("relay.zip"), &zip)?;

    println!("cargo:rustc-env=ALERTCTL_TARGET={}", variable("TARGET")?);
    // A debug build is made from the files between two commits. If it named a commit, each commit would rebuild it.
    if let Some(commit) = is_release.then(|| commit(&workspace)).flatten() {
        println!("cargo:rustc-env=ALERTCTL_COMMIT={commit}");
    }
    Ok(())
}

/// Reads the package in `file` after checking that it was built from the sources of the relay `identity`.
fn taken(file: &Path, identity: &Identity) -> Result<Vec<u8>> {
    println!("cargo:rerun-if-changed={}", file.display());
    let name = file.display();
    let zip =
        fs::read(file).map_err(|error| format!("{ZIP} names `{name}`, which cannot be read: {error}"))?;
    check(&zip, identity).map_err(|error| format!("{ZIP} names `{name}`, which {error}"))?;
    Ok(zip)
}

/// The directory's files as a Rust list of names and texts, sorted by name.
fn samples(directory: &Path) -> Result<String> {
    let files = fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
    let mut files = files.collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort_by(|one, other| one.file_stem().cmp(&other.file_stem()));
    let entry = |file: &PathBuf| {
        format!(
            "({:?}, include_str!({file:?})),\n",
            file.file_stem().unwrap_or_default()
        )
    };
    Ok(format!("&[\n{}]\n", files.iter().map(entry).collect::<String>()))
}

/// One target directory for all commands: debug, clippy and test builds of the CLI embed the same relay.
///
/// `OUT_DIR` is `<target>[/<triple>]/<profile>/build/<package>/out`.
fn target_directory(out: &Path) -> Result<PathBuf> {
    let mut target = out
        .ancestors()
        .nth(4)
        .ok_or("OUT_DIR is not inside a target directory")?;
    if target.ends_with(variable("TARGET")?) {
        target = target.parent().unwrap_or(target);
    }
    Ok(target.join("relay"))
}

/// The checked-out commit of `workspace`. `None` if `workspace` is an extracted archive of the sources, even one
/// inside another project's checkout.
fn commit(workspace: &Path) -> Option<String> {
    let git = |arguments: &[&str]| -> Option<String> {
        let output = Command::new("git")
            .arg("-C")
            .arg(workspace)
            .args(arguments)
            .output()
            .ok()?;
        let text = output
            .status
            .success()
            .then(|| String::from_utf8(output.stdout).ok())??;
        Some(text.trim().to_owned())
    };
    // `--show-cdup` prints nothing only at the top of a checkout.
    if !git(&["rev-parse", "--show-cdup"])?.is_empty() {
        return None;
    }
    // Git writes to this file at each commit and checkout.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    println!("cargo:rerun-if-changed={log}");
    git(&["rev-parse", "HEAD"])
}

/// The value of an optional variable. An empty value counts as unset.
fn given(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn variable(name: &str) -> Result<String> {
    env::var(name).map_err(|_| format!("cargo did not set {name}").into())
}
