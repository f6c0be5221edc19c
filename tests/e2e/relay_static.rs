//! The embedded relay runs wherever Lambda unpacks it: it needs no library, file or path of the machine that
//! built it.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use alertctl::relay_zip::{SOURCES_SHA256, VERSION, ZIP};
use std::fs;
use std::io::{BufRead, BufReader, Cursor, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
const PT_DYNAMIC: u64 = 2;
const PT_INTERP: u64 = 3;
const DT_NEEDED: u64 = 1;

/// The executable in the zip, with its mode.
fn bootstrap() -> (Vec<u8>, u32) {
    let mut archive = zip::ZipArchive::new(Cursor::new(ZIP)).expect("a zip");
    assert_eq!(archive.len(), 2);
    let mut entry = archive.by_name("bootstrap").expect("its entry");
    let mode = entry.unix_mode().expect("a mode");
    let mut executable = Vec::new();
    entry.read_to_end(&mut executable).expect("a sound entry");
    (executable, mode)
}

fn number(bytes: &[u8], at: u64, width: usize) -> u64 {
    let at = usize::try_from(at).expect("inside the file");
    bytes[at..at + width]
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[test]
fn the_zip_is_what_lambda_takes() {
    assert_eq!(bootstrap().1 & 0o7777, 0o755);
    let is_small = !cfg!(debug_assertions) || option_env!("ALERTCTL_RELAY_PROFILE") == Some("relay");
    let limit = if is_small { 3 } else { 8 };
    assert!(
        ZIP.len() < limit * 1024 * 1024,
        "{} bytes delay every deployment and cold start",
        ZIP.len()
    );
}

#[test]
fn the_zip_says_what_it_was_built_from() {
    let mut archive = zip::ZipArchive::new(Cursor::new(ZIP)).expect("a zip");
    let about = archive.by_name("relay.json").expect("its entry");
    let about: serde_json::Value = serde_json::from_reader(about).expect("JSON");
    assert_eq!(
        about,
        serde_json::json!({ "version": VERSION, "sha256": SOURCES_SHA256 })
    );
}

/// No interpreter and no shared library. A static position-independent executable still has a dynamic section,
/// for its own relocations.
#[test]
fn the_executable_is_static() {
    let (elf, _) = bootstrap();
    assert_eq!(&elf[..5], b"\x7fELF\x02", "a 64-bit ELF file");
    assert_eq!(number(&elf, 18, 2), 62, "for x86-64");
    let (table, size, count) = (number(&elf, 32, 8), number(&elf, 54, 2), number(&elf, 56, 2));
    for header in (0..count).map(|index| table + index * size) {
        let kind = number(&elf, header, 4);
        assert_ne!(kind, PT_INTERP, "it wants a loader");
        if kind == PT_DYNAMIC {
            let (start, length) = (number(&elf, header + 8, 8), number(&elf, header + 32, 8));
            let tags = (start..start + length)
                .step_by(16)
                .map(|entry| number(&elf, entry, 8));
            assert_eq!(
                tags.filter(|tag| *tag == DT_NEEDED).count(),
                0,
                "it wants a library"
            );
        }
    }
}

#[test]
fn the_executable_names_no_path_of_this_machine() {
    let (elf, _) = bootstrap();
    let home = std::env::var("HOME").unwrap_or_default();
    let cargo = std::env::var("CARGO_HOME").unwrap_or_else(|_| format!("{home}/.cargo"));
    let rustup = std::env::var("RUSTUP_HOME").unwrap_or_else(|_| format!("{home}/.rustup"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .expect("a parent")
        .display()
        .to_string();
    for path in [env!("CARGO_MANIFEST_DIR"), &cargo, &rustup, &target] {
        let found = elf
            .windows(path.len())
            .position(|window| window == path.as_bytes());
        let context = found.map(|at| String::from_utf8_lossy(&elf[at..elf.len().min(at + 120)]).into_owned());
        assert_eq!(context, None, "{path}");
    }
}

/// Runs in a directory with only the executable: no libc, no time zones, no certificates, no name service.
#[test]
fn the_executable_runs_on_nothing_else() {
    let root = tempfile::tempdir().expect("a directory");
    let path = root.path().join("bootstrap");
    fs::write(&path, bootstrap().0).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");

    for wrapper in [&["chroot"][..], &["unshare", "-r", "chroot"]] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket option");
        let mut child = start(wrapper, root.path(), &listener);
        match accept(&listener, &mut child) {
            Some(stream) => {
                let report = serve(stream);
                child.kill().expect("it runs");
                child.wait().expect("it ends");
                // This message comes after the settings, so the time zone was found and the event was read.
                assert!(
                    report.contains("no channel is routed to topic `somewhere`"),
                    "{report}"
                );
                return;
            }
            None => {
                let mut said = String::new();
                child
                    .stderr
                    .take()
                    .expect("a pipe")
                    .read_to_string(&mut said)
                    .expect("UTF-8");
                assert!(
                    said.contains("not permitted") || said.contains("denied"),
                    "{wrapper:?}: {said}"
                );
            }
        }
    }
    eprintln!("\n!!! NOT TESTED: neither chroot nor unshare is permitted here !!!\n");
}

fn start(wrapper: &[&str], root: &Path, listener: &TcpListener) -> Child {
    Command::new(wrapper[0])
        .args(&wrapper[1..])
        .arg(root)
        .arg("/bootstrap")
        .env(
            "AWS_LAMBDA_RUNTIME_API",
            listener.local_addr().expect("an address").to_string(),
        )
        .env("AWS_LAMBDA_FUNCTION_NAME", "f")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_REGION", "us-east-1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("coreutils and util-linux are installed")
}

/// The relay's connection, or `None` if the relay ended without one.
fn accept(listener: &TcpListener, child: &mut Child) -> Option<TcpStream> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(false).expect("a socket option");
            stream.set_read_timeout(Some(PATIENCE)).expect("a socket option");
            return Some(stream);
        }
        if child.try_wait().expect("its state").is_some() {
            return None;
        }
        assert!(
            Instant::now() < deadline,
            "the relay neither asks for work nor ends"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A Runtime API for one invocation on one connection; returns the report of its outcome.
fn serve(stream: TcpStream) -> String {
    let mut writer = stream.try_clone().expect("a second handle");
    let mut reader = BufReader::new(stream);
    assert!(
        request(&mut reader)
            .0
            .starts_with("GET /2018-06-01/runtime/invocation/next ")
    );
    let event =
        r#"{"Records":[{"Sns":{"TopicArn":"arn:aws:sns:us-east-1:111122223333:somewhere","Message":"x"}}]}"#;
    write!(
        writer,
        "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: 1\r\nlambda-runtime-deadline-ms: 4102444800000\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:111122223333:function:f\r\n\
         content-length: {}\r\n\r\n{event}",
        event.len()
    )
    .expect("sent");
    let (line, report) = request(&mut reader);
    assert!(
        line.starts_with("POST /2018-06-01/runtime/invocation/1/error "),
        "{line}: {report}"
    );
    report
}

/// The first line and the body of an HTTP request.
fn request(reader: &mut impl BufRead) -> (String, String) {
    let mut head = Vec::new();
    while head.last().is_none_or(|line: &String| !line.is_empty()) {
        let mut line = String::new();
        assert_ne!(
            reader.read_line(&mut line).expect("a line"),
            0,
            "the relay hung up after {head:?}"
        );
        head.push(line.trim_end().to_ascii_lowercase());
    }
    let length = head.iter().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a number"))];
    reader.read_exact(&mut body).expect("a body");
    let line = head[0].replacen("get", "GET", 1).replacen("post", "POST", 1);
    (line, String::from_utf8(body).expect("UTF-8"))
}
