//! The text of a stack file and of its problems: line ends, columns, colours, and anything at all.

use super::*;

#[test]
fn anchors_and_aliases_work() {
    let text = GOOD.replace("to: [alerts] }", "to: &t [alerts], ok: *t }");
    assert_eq!(good(&text).stack.alarms["cpu"].on_ok(), ["alerts"]);
}

#[test]
fn line_ends_and_byte_order_mark_change_nothing() {
    let crlf = GOOD.replace('\n', "\r\n");
    assert_eq!(good(&crlf).stack, good(GOOD).stack);
    assert_eq!(good(&format!("\u{feff}{crlf}")).stack, good(GOOD).stack);
    let wrong = crlf.replace("period: 60", "period: 61");
    let place = |text: &str| {
        let reports = parse("a", text).expect_err("an error").reports();
        (reports[0].line, reports[0].column)
    };
    assert_eq!(place(&wrong), place(&wrong.replace('\r', "")));
    assert_eq!(place(&wrong), place(&format!("\u{feff}{wrong}")));
    assert_eq!(place(&wrong), (9, 70));
}

#[test]
fn floods_are_bounded() {
    let keys: String = (0..300).map(|number| format!("key{number}: 1\n")).collect();
    let problems = parse("a", &format!("stack: a\n{keys}")).expect_err("an error");
    assert_eq!(problems.list().len(), 201);
    assert!(
        problems
            .list()
            .iter()
            .any(|problem| problem.message.contains("more than 200"))
    );
    let problems = parse("a", &format!("stack: {}", "x".repeat(100_000))).expect_err("an error");
    assert_eq!(problems.list()[0].message.chars().count(), 301);
}

#[test]
fn byte_order_mark_is_no_column() {
    let report = &parse("a", "\u{feff}stak: a").expect_err("an error").reports()[0];
    assert_eq!((report.line, report.column, report.end_column), (1, 1, 5));
}

#[test]
fn columns_count_characters() {
    let text = GOOD
        .replace("label: \"#project\"", "label: \"#프로젝트\"")
        .replace("SLACK_WEBHOOK_URL", "1A");
    let report = &parse("a", &text).expect_err("an error").reports()[0];
    assert_eq!((report.line, report.column, report.end_column), (5, 46, 48));
}

#[test]
fn coloured_and_plain_say_the_same() {
    let problems = parse("a", "stak: 1").expect_err("an error");
    assert!(problems.render(true).contains('\u{1b}'));
    assert!(!problems.render(false).contains('\u{1b}'));
}

#[test]
fn no_input_panics() {
    let mut random = fastrand::Rng::with_seed(7);
    let seeds = [
        GOOD,
        include_str!("../fixtures/everything.yaml"),
        include_str!("../fixtures/many_mistakes.yaml"),
        "a: &a [*a, {b: |\n c\n}]\n",
    ];
    let scraps: [&[u8]; 16] = [
        b"\t",
        b"\r",
        b"\0",
        b"\xff",
        b"\xed\x9f\xbf",
        b"\xf0\x9f\x9a\xa8",
        b"{",
        b"]",
        b"&a ",
        b"*a",
        b"!x ",
        b"|\n",
        b"\n---\n",
        b"? ",
        b"<<: ",
        b"\"",
    ];
    for _ in 0..3000 {
        let mut bytes = seeds[random.usize(..seeds.len())].as_bytes().to_vec();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(..=bytes.len());
            let until = (at + random.usize(..30)).min(bytes.len());
            match random.u8(..4) {
                0 => drop(bytes.drain(at..until)),
                1 => drop(bytes.splice(at..at, scraps[random.usize(..scraps.len())].iter().copied())),
                2 => bytes.truncate(at),
                _ => {
                    let piece = bytes[at..until].to_vec();
                    let to = random.usize(..=bytes.len());
                    drop(bytes.splice(to..to, piece));
                }
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Err(problems) = parse("stack.yaml", &text) {
            assert!(!problems.list().is_empty());
            assert!(
                problems
                    .list()
                    .iter()
                    .any(|problem| problem.severity == Level::Error)
            );
            drop((problems.render(true), problems.reports()));
        }
        if let Ok(edited) = set_address(&text, "project", &["webhook"], "AQICAHhleGFtcGxl", "a-relay") {
            assert!(set_address(&edited, "project", &["webhook"], "AQICAHhleGFtcGxl", "a-relay").is_ok());
        }
    }
}
