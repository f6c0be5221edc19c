//! Builds the relay's package for machines that cannot build it: `cargo run --package relay-package -- relay.zip`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use relay_package::{Identity, Profile, Result, build, check, pack};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot build the relay's package: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let (Some(file), None) = (arguments.next(), arguments.next()) else {
        return Err("name one file to write, such as relay.zip".into());
    };
    let own = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("run it with `cargo run`")?);
    let workspace = own.parent().unwrap_or(Path::new("."));
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    let identity = Identity::of(workspace)?;
    let bootstrap = build(workspace, &target.join("relay"), Profile::Relay)?;
    let zip = pack(&fs::read(bootstrap)?, &identity, Profile::Relay)?;
    check(&zip, &identity)?;
    fs::write(&file, zip).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("{}: {identity}", file.display());
    Ok(())
}
