//! The nested build of the relay.
//!
//! The same source gives the same executable, from any directory and under any cargo command: the build runs in a
//! bare environment, and paths are remapped.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// The target that Lambda runs.
pub const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The environment variables that the nested build may see. Others are removed, such as cargo's settings for the
/// outer build and the flags of clippy or a coverage tool.
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

/// How the relay is compiled. The profile does not change what the relay does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Optimized for size and start time.
    Relay,
    /// Optimized for build time.
    RelayDev,
}

impl Profile {
    /// The profile with this name in `Cargo.toml`.
    ///
    /// # Errors
    /// If no profile has this name.
    pub fn named(name: &str) -> Result<Self> {
        match name {
            "relay" => Ok(Self::Relay),
            "relay-dev" => Ok(Self::RelayDev),
            _ => Err(format!("the relay's profiles are `relay` and `relay-dev`, not `{name}`").into()),
        }
    }

    /// Its name in `Cargo.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::RelayDev => "relay-dev",
        }
    }
}

/// Builds the relay of `workspace` in the directory `target`, and returns the path of the executable. Each profile
/// has its own directory there.
///
/// # Errors
/// If the target or a linker is not installed, or `cargo build` fails.
pub fn build(workspace: &Path, target: &Path, profile: Profile) -> Result<PathBuf> {
    let rustc = Rustc::read()?;
    if !rustc.has_target() {
        return Err(format!(
            "the Rust target {TARGET} is not installed; run `rustup target add {TARGET}`{ELSEWHERE}"
        )
        .into());
    }
    let mut cargo = cargo();
    cargo
        .env("CARGO_ENCODED_RUSTFLAGS", rustc.flags(workspace, target)?)
        // Debug information is stripped anyway. Without it, ring's assembly contains no path at all.
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
        .args(["--profile", profile.name(), "--target", TARGET, "--target-dir"])
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
                 CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER if it is not the default one{ELSEWHERE}"
            )
        } else {
            String::new()
        };
        return Err(format!("`cargo build` failed\n{said}{hint}").into());
    }
    Ok(target.join(TARGET).join(profile.name()).join("bootstrap"))
}

/// Advice for a machine that cannot build for Linux.
const ELSEWHERE: &str = ", or build the relay on Linux (`cargo run --package relay-package -- relay.zip`) and name \
                         that file in ALERTCTL_RELAY_ZIP";

/// The cargo and the rustc that run this build, in a bare environment.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .env_clear()
        .envs(KEPT.iter().filter_map(|name| Some((*name, env::var_os(name)?))))
        .env("RUSTC", rustc());
    command
}

fn rustc() -> OsString {
    env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

struct Rustc {
    sysroot: String,
    commit: String,
}

impl Rustc {
    fn read() -> Result<Self> {
        let ask = |arguments: &[&str]| -> Result<String> {
            let output = Command::new(rustc()).args(arguments).output()?;
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
        })
    }

    fn has_target(&self) -> bool {
        Path::new(&self.sysroot)
            .join("lib/rustlib")
            .join(TARGET)
            .join("lib")
            .is_dir()
    }

    /// Flags for a static executable without paths of this machine. If several prefixes match, rustc uses the last.
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
        // The standard library uses this name for its own paths too, unless its source is installed.
        let library = Path::new(&self.sysroot).join("lib/rustlib/src/rust");
        remap(Path::new(&self.sysroot), "/sysroot");
        remap(&library, &format!("/rustc/{}", self.commit));
        Ok(flags)
    }
}
