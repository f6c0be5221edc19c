//! Third-party Python programs, installed once for all tests of a machine.

#![allow(dead_code, reason = "each test file uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs `tests/python/<script>` with the packages in `tests/python/<requirements>`. Returns its standard output.
pub fn python(requirements: &str, script: &str, args: &[&str], env: &[(&str, &str)], input: &str) -> String {
    let scripts = Path::new("tests/python");
    let python = installed(&scripts.join(requirements)).join("bin/python");
    let mut child = Command::new(python)
        .arg(scripts.join(script))
        .args(args)
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// A virtual environment with the packages in this file. It is named after the file.
pub fn installed(requirements: &Path) -> PathBuf {
    let wanted = std::fs::read_to_string(requirements).unwrap();
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(requirements.file_stem().unwrap());
    std::fs::create_dir_all(&dir).unwrap();
    let lock = std::fs::File::create(dir.join("lock")).unwrap();
    lock.lock().unwrap();
    let (mark, venv) = (dir.join("installed"), dir.join("venv"));
    if std::fs::read_to_string(&mark).is_ok_and(|text| text == wanted) {
        return venv;
    }
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {said}");
    };
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv));
    // All needed packages are listed. ElastAlert2 asks for more, and for a newer Python than it uses here.
    run(Command::new(venv.join("bin/pip"))
        .args([
            "install",
            "--quiet",
            "--no-deps",
            "--ignore-requires-python",
            "--requirement",
        ])
        .arg(requirements));
    std::fs::write(mark, wanted).unwrap();
    venv
}
