use std::io::{Cursor, Write as _};

use zip::write::{SimpleFileOptions, ZipWriter};

use super::super::Package;
use super::*;

fn relay(version: &str, sources: &str) -> Relay {
    Relay {
        version: version.to_owned(),
        sha256: sources.repeat(32),
    }
}

fn code(sources: &str, settings: &str, bytes: &str) -> Code {
    let sha256 = bytes.to_owned();
    Code::new(relay("0.2.0", sources), Settings::of(settings), || Package {
        head: b"",
        tail: vec![],
        sha256,
    })
}

const SETTINGS: &str = r##"{"locale":"en","channels":{"project":{"label":"#project"}}}"##;

/// The fields that differ between the wanted and the deployed code.
fn differing(deployed: &Deployed, wanted: &Code) -> Vec<String> {
    let live = deployed.fields(Fields::default());
    let changes = wanted.fields(Fields::default()).difference(&live, &[]);
    changes.iter().map(|change| change.field.clone()).collect()
}

#[test]
fn another_build_of_the_same_relay_is_the_same() {
    let (theirs, ours) = (code("ab", SETTINGS, "b25l"), code("ab", SETTINGS, "dHdv"));
    let deployed = Deployed::new("b25l".into(), Some(Mark::of(&theirs)), Some(&ours));
    assert_eq!(differing(&deployed, &ours), [""; 0]);
    let other = code("cd", SETTINGS, "dHdv");
    let deployed = Deployed::new("b25l".into(), Some(Mark::of(&theirs)), Some(&other));
    assert_eq!(differing(&deployed, &other), ["relay"]);
}

#[test]
fn code_that_somebody_else_uploaded_is_found_and_a_tag_that_is_missing_is_written() {
    let wanted = code("ab", SETTINGS, "b25l");
    let mark = Mark::of(&wanted);
    let origin = |bytes: &str, mark: Option<&Mark>| {
        let deployed = Deployed::new(bytes.to_owned(), mark.cloned(), Some(&wanted));
        let known = matches!(deployed.origin, Origin::Relay(_));
        assert_eq!(
            differing(&deployed, &wanted),
            [vec!["relay"], vec![]][usize::from(known)]
        );
        deployed.origin
    };
    let relay = (*wanted.relay).clone();
    assert_eq!(origin("b25l", Some(&mark)), Origin::Relay(relay.clone()));
    assert_eq!(origin("aGFuZA==", Some(&mark)), Origin::ByHand(relay.clone()));
    assert_eq!(origin("aGFuZA==", None), Origin::Unknown);
    // The run was killed between the upload and the tag.
    assert_eq!(origin("b25l", None), Origin::Unmarked(relay.clone()));
    let before = Mark {
        code_sha256: "b2xk".into(),
        ..mark
    };
    assert_eq!(origin("b25l", Some(&before)), Origin::Unmarked(relay));
}

#[test]
fn settings_are_told_by_name_where_the_package_can_be_read() {
    let before = code("ab", &SETTINGS.replace("\"en\"", "\"ko\""), "b2xk");
    let wanted = code("ab", SETTINGS, "b25l");
    let mut deployed = Deployed::new("b2xk".into(), Some(Mark::of(&before)), Some(&wanted));
    assert!(deployed.has_other_settings(&wanted));
    assert_eq!(differing(&deployed, &wanted), ["settings"]);

    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, text) in [
        ("bootstrap", "PK\x03\x04 settings.json"),
        ("settings.json", &SETTINGS.replace("\"en\"", "\"ko\"")),
    ] {
        zip.start_file(name, stored).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    let zip = zip.finish().unwrap().into_inner();
    // Settings from another package, or from a truncated one, are not used.
    let other = String::from_utf8_lossy(&zip)
        .replace("\"ko\"", "\"fr\"")
        .into_bytes();
    for wrong in [&b""[..], &zip[..zip.len() / 2], &other, b"PK\x03\x04"] {
        deployed.read_settings(wrong);
        assert_eq!(differing(&deployed, &wanted), ["settings"]);
    }
    deployed.read_settings(&zip[1..]);
    assert_eq!(differing(&deployed, &wanted), ["settings", "settings.locale"]);
}

#[test]
fn a_tag_holds_all_of_it_within_what_aws_takes() {
    let mark = Mark {
        relay: relay("10.20.30-rc.1", "ab"),
        settings: "cd".repeat(32),
        code_sha256: "4".repeat(44),
    };
    let text = mark.to_string();
    assert!(text.len() <= 256, "{}", text.len());
    let allowed = |c: char| c.is_ascii_alphanumeric() || " _.:/=+-@".contains(c);
    assert!(text.chars().all(allowed), "{text}");
    assert_eq!(Mark::parse(&text), Some(mark));
    for other in ["", "0.1.0", &format!("{text} more")] {
        assert_eq!(Mark::parse(other), None, "{other}");
    }
}
