//! Builds the relay for Lambda and packs it into the zip that the CLI uploads; lists the sample events.
//!
//! The same source gives the same bytes, from any directory and under any cargo command: the nested
//! build gets a bare environment, paths are replaced, and the zip carries no times of its own. So its
//! digest tells whether a deployed function is up to date.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use zip::write::{SimpleFileOptions, ZipWriter};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The relay's sample events, which users get too.
const SAMPLES: &str = "lambda/fixtures";

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// What the nested build may see of the environment. Cargo's settings for the outer build, the flags of
/// clippy or a coverage tool and the like stay outside.
const KEPT: &[&str] = &[
    "PATH",
    "HOME",
    "USERPROFILE",
    "SYSTEMROOT",
    "TMPDIR",
    "TEMP",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "CARGO_NET_OFFLINE",
    "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
    "CC_x86_64_unknown_linux_gnu",
    "AR_x86_64_unknown_linux_gnu",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

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
    let workspace = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    fs::write(out.join("samples.rs"), samples(&workspace.join(SAMPLES))?)?;
    let bootstrap = build(&workspace, &target_directory(&out)?)?;
    let zip = pack(&bootstrap)?;
    fs::write(out.join("relay.zip"), &zip)?;
    Ok(())
}

/// The directory's files as a Rust list of names and texts, by name.
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

/// One directory for all profiles: debug, release and clippy builds of the CLI embed the same relay.
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

fn build(workspace: &Path, target: &Path) -> Result<PathBuf> {
    let rustc = Rustc::read()?;
    if !rustc.has_target() {
        return Err(
            format!("the Rust target {TARGET} is not installed; run `rustup target add {TARGET}`").into(),
        );
    }
    let mut cargo = Command::new(variable("CARGO")?);
    cargo
        .env_clear()
        .envs(KEPT.iter().filter_map(|name| Some((*name, env::var_os(name)?))))
        .env("RUSTC", &rustc.path)
        .env("CARGO_ENCODED_RUSTFLAGS", rustc.flags(workspace, target)?)
        // Debug information is stripped anyway; without it ring's assembly names no path at all.
        .env("CFLAGS", "-g0")
        .env("CARGO_INCREMENTAL", "0")
        .current_dir(workspace)
        .args([
            "build",
            "--quiet",
            "--package",
            "alertctl-relay",
            "--bin",
            "bootstrap",
        ])
        .args(["--profile", "relay", "--target", TARGET, "--target-dir"])
        .arg(target);
    if workspace.join("Cargo.lock").exists() {
        cargo.arg("--locked");
    }
    let output = cargo.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let hint = if said.contains("linker") && !said.contains("error[E") {
            format!(
                "\nA linker for {TARGET} with static glibc is needed; name it in \
                 CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER if it is not the default one."
            )
        } else {
            String::new()
        };
        return Err(format!("`cargo build` failed\n{said}{hint}").into());
    }
    Ok(target.join(TARGET).join("relay/bootstrap"))
}

struct Rustc {
    path: OsString,
    sysroot: String,
    commit: String,
}

impl Rustc {
    fn read() -> Result<Self> {
        let path = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let ask = |arguments: &[&str]| -> Result<String> {
            let output = Command::new(&path).args(arguments).output()?;
            Ok(String::from_utf8(output.stdout)?.trim().to_owned())
        };
        let sysroot = ask(&["--print", "sysroot"])?;
        let version = ask(&["-vV"])?;
        let commit = version
            .lines()
            .find_map(|line| line.strip_prefix("commit-hash: "));
        Ok(Self {
            sysroot,
            commit: commit.unwrap_or("unknown").to_owned(),
            path,
        })
    }

    fn has_target(&self) -> bool {
        Path::new(&self.sysroot)
            .join("lib/rustlib")
            .join(TARGET)
            .join("lib")
            .is_dir()
    }

    /// Static, and without a path of this machine. Where several prefixes match, rustc takes the last.
    fn flags(&self, workspace: &Path, target: &Path) -> Result<OsString> {
        let home = env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(env::home_dir()?.join(".cargo")));
        let mut flags = OsString::from("-Ctarget-feature=+crt-static");
        let mut remap = |from: &Path, to: &str| {
            flags.push("\x1f--remap-path-prefix=");
            flags.push(from);
            flags.push("=");
            flags.push(to);
        };
        remap(workspace, "/alertctl");
        remap(target, "/target");
        remap(&home.ok_or("the home directory of cargo is unknown")?, "/cargo");
        // The standard library calls itself so, too, except where its source is installed.
        let library = Path::new(&self.sysroot).join("lib/rustlib/src/rust");
        remap(Path::new(&self.sysroot), "/sysroot");
        remap(&library, &format!("/rustc/{}", self.commit));
        Ok(flags)
    }
}

/// A zip with the executable as its one entry, readable for Lambda, without times of its own.
fn pack(bootstrap: &Path) -> Result<Vec<u8>> {
    let executable = fs::read(bootstrap)?;
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o755);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("bootstrap", options)?;
    writer.write_all(&executable)?;
    Ok(writer.finish()?.into_inner())
}

fn variable(name: &str) -> Result<String> {
    env::var(name).map_err(|_| format!("cargo did not set {name}").into())
}
