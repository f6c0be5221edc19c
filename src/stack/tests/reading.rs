//! The reader of the stack file against `serde_yaml`, an independent one: both read the same.

use serde::Deserialize as _;
use serde_yaml::Value;

use super::super::schema::EXAMPLES;
use super::*;
use crate::stack::file::parse;
use crate::stack::file::scalar::Scalar;

/// What `serde_yaml` reads from a plain scalar.
fn other(text: &str) -> Option<Value> {
    serde_yaml::from_str(text).ok()
}

/// Asserts that both give a plain scalar the same meaning.
fn same_scalar(text: &str) {
    let meaning = Scalar::of_plain(text);
    let same = match (other(text), meaning) {
        (Some(Value::Null), Scalar::Null) => true,
        (Some(Value::Bool(one)), Scalar::Bool(two)) => one == two,
        (Some(Value::Number(one)), Scalar::Unsigned(two)) => one.as_u64() == Some(two),
        (Some(Value::Number(one)), Scalar::Signed(two)) => one.as_i64() == Some(two),
        (Some(Value::Number(one)), Scalar::Float(two)) => one
            .as_f64()
            .is_some_and(|one| one.total_cmp(&two).is_eq() || one.is_nan() && two.is_nan()),
        (Some(Value::String(one)), Scalar::Text(two)) => one == two,
        // It refuses an integer beyond 64 bits.
        (None, Scalar::Float(_)) => text.len() > 19,
        _ => false,
    };
    assert!(same, "{text:?}: {:?}, not {meaning:?}", other(text));
}

/// Plain scalars, with `|` between them.
const PLAIN: &str = "~|null|Null|NULL|nULL|true|True|TRUE|yes|on|false|0|-0|+0|00|007|-007|012345678901|0x1F|0x|0X1F|\
                     -0x1f|+0x1f|0x-1|0xg|0o17|0o18|-0o7|0b101|0b2|1|+1|-1|+-1|--1|1_000|1.0|1.|.5|-.5|+.5|.|+|1e3|\
                     1E3|1e|e3|1e999|-1e999|.inf|-.inf|+.inf|.Inf|inf|infinity|nan|.nan|.NaN|-.nan|NaN|1.5.2|\
                     18446744073709551615|-9223372036854775808|9223372036854775808|18446744073709551616|\
                     -9223372036854775809|1970-01-01|12:30:45|AWS/EC2|é|0.1|00.1|0e0|1 2|٣|0x٣|1e+3|1e-3|-1.5e-3|0b|\
                     0o|+0b1|-0b1|+.nan";

#[test]
fn plain_scalars_mean_what_they_mean_elsewhere() {
    for text in PLAIN.split('|') {
        same_scalar(text);
    }
}

/// Texts from the characters of numbers, so that most are nearly one.
#[test]
fn so_do_generated_ones() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..200_000 {
        let length = random.usize(1..6);
        let text: String = (0..length)
            .filter_map(|_| {
                random
                    .choice(*b"0123456789+-.eExXobnafiINFlLtruTU~_")
                    .map(char::from)
            })
            .collect();
        // Alone on a line these begin a list, or a document.
        if !text.starts_with("---") && text != "..." && text != "-" {
            same_scalar(&text);
        }
    }
}

/// The stack by each of the two; `None` where it does not match the model.
fn both(text: &str) -> (Option<Stack>, Option<Stack>) {
    let other = serde_yaml::from_str::<Value>(text).and_then(serde_yaml::from_value);
    let own = parse::parse(text)
        .ok()
        .filter(|(_, problems)| problems.is_empty());
    let own = own.and_then(|(tree, _)| Stack::deserialize(&tree).ok());
    (own, other.ok())
}

/// Every stack file of the project, and each with one line left out, indented, or with another value.
#[test]
fn whole_files_are_read_as_elsewhere() {
    let bundled = crate::stack::BUNDLED.iter().map(|bundled| bundled.text);
    let mut random = fastrand::Rng::with_seed(11);
    let values = [
        "",
        "~",
        "5",
        "-1.5",
        "true",
        "text",
        "'5'",
        "[]",
        "{}",
        "[a, b]",
        "{ a: b }",
        "\"x\\ny\"",
        "|\n  x",
    ];
    let (mut read, mut refused) = (0, 0);
    for text in bundled.chain(EXAMPLES) {
        let (own, other) = both(text);
        assert!(own.is_some() && own == other, "{text}");
        let lines: Vec<_> = text.lines().collect();
        for at in 0..lines.len() {
            let line = lines[at];
            let key = line.split_once(": ").map_or(line, |(key, _)| key);
            let value = random.choice(values).unwrap_or_default();
            let changes = [String::new(), format!("  {line}"), format!("{key}: {value}")];
            let changed = random.choice(changes).unwrap_or_default();
            let file = [&lines[..at], &[changed.as_str()], &lines[at + 1..]].concat();
            let file = file.join("\n");
            let (own, other) = both(&file);
            match &own {
                Some(_) => read += 1,
                None => refused += 1,
            }
            assert_eq!(own, other, "line {}: {changed}\n{file}", at + 1);
        }
    }
    assert!(read > 100 && refused > 100, "{read} read, {refused} refused");
}
