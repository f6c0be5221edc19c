//! What a log alarm makes of the results of its query.
//!
//! `function(field) [by field, …] [| sort asc|desc]`:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-log.html>

use std::ops::Range;

const FUNCTIONS: [&str; 5] = ["count", "avg", "sum", "min", "max"];
/// Most fields after `by`.
const MAX_FIELDS: usize = 5;
const FORM: &str = "write `count(*)`, or `avg`, `sum`, `min` or `max` of a field; then, if you like, `by` and up to 5 fields, \
                    and `| sort desc` or `| sort asc`";

/// What is wrong with a part of it.
#[derive(Debug)]
pub struct Fault {
    pub part: Range<usize>,
    pub fact: String,
    pub help: String,
}

/// The first thing that CloudWatch would refuse.
pub fn fault(text: &str) -> Option<Fault> {
    read(text).err()
}

fn refused(part: Range<usize>, fact: impl Into<String>) -> Fault {
    Fault {
        part,
        fact: fact.into(),
        help: FORM.to_owned(),
    }
}

fn read(text: &str) -> Result<(), Fault> {
    let whole = 0..text.len();
    let (name, inside) = text
        .split_once('(')
        .ok_or_else(|| refused(whole.clone(), "this makes no number of the results"))?;
    let function = name.trim().to_ascii_lowercase();
    if !FUNCTIONS.contains(&function.as_str()) {
        let shown = name.trim().escape_debug();
        return Err(refused(
            0..name.len(),
            format!("`{shown}` is not a function of a log alarm"),
        ));
    }
    let from = name.len() + 1;
    let end = closing(inside).ok_or_else(|| refused(name.len()..from, "this `(` is never closed"))?;
    let field = inside.get(..end).unwrap_or_default().trim();
    if field.is_empty() || (field == "*" && function != "count") {
        return Err(refused(
            from..from + end.max(1),
            format!("`{function}` needs a field"),
        ));
    }
    let from = from + end + 1;
    let rest = text.get(from..).unwrap_or_default();
    let (by, sort) = match outside(rest, '|') {
        Some(at) => (rest.get(..at).unwrap_or_default(), rest.get(at + 1..)),
        None => (rest, None),
    };
    fields(by, from)?;
    let from = from + by.len() + 1;
    let words: Vec<_> = sort
        .unwrap_or("sort asc")
        .split_whitespace()
        .map(str::to_ascii_lowercase)
        .collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["sort", "asc" | "desc"] => Ok(()),
        _ => Err(refused(
            from..text.len(),
            "only `sort asc` or `sort desc` may follow",
        )),
    }
}

/// The fields that tell results apart: nothing, or `by` and their names. `from` is where `text` begins.
fn fields(text: &str, from: usize) -> Result<(), Fault> {
    let trimmed = text.trim_start();
    let start = from + text.len() - trimmed.len();
    let part = start..start + trimmed.trim_end().len();
    if trimmed.is_empty() {
        return Ok(());
    }
    let names = trimmed
        .get(..2)
        .filter(|word| word.eq_ignore_ascii_case("by"))
        .and_then(|_| trimmed.get(2..))
        .filter(|names| names.starts_with(|c: char| c.is_whitespace() || c == '`'));
    let Some(names) = names else {
        let fact = match trimmed.starts_with(',') {
            true => "a log alarm compares one number only",
            false => "nothing but `by` may follow the function",
        };
        return Err(refused(part, fact));
    };
    let mut rest = names;
    let mut count = 0;
    loop {
        let end = outside(rest, ',').unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default().trim();
        count += 1;
        if name.is_empty() {
            return Err(refused(part, "a field is missing after `by`"));
        }
        if name.to_ascii_lowercase().starts_with("bin(") {
            let mut fault = refused(part, "a log alarm cannot tell results apart by `bin`");
            fault.help = "remove it: `every` and `window` say what time a run looks at".to_owned();
            return Err(fault);
        }
        match rest.get(end + 1..) {
            Some(others) => rest = others,
            None => break,
        }
    }
    match count > MAX_FIELDS {
        true => Err(refused(
            part,
            format!("{count} fields tell results apart, of at most {MAX_FIELDS}"),
        )),
        false => Ok(()),
    }
}

/// Where the parenthesis that is open before `text` is closed.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quoted) = (1, false);
    for (at, c) in text.char_indices() {
        match c {
            '`' => quoted = !quoted,
            _ if quoted => {}
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Where `wanted` is first, outside of quoted names and parentheses.
fn outside(text: &str, wanted: char) -> Option<usize> {
    let (mut depth, mut quoted) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            '`' => quoted = !quoted,
            _ if quoted => {}
            _ if c == wanted && depth == 0 => return Some(at),
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cloudwatch_takes_is_no_fault() {
        for sound in [
            "count(*)",
            " COUNT( * ) ",
            "count(@message)",
            "avg(latency) by host | sort desc",
            "max(`a (b`) by `x, y`, z|sort asc",
            "sum(bytes) by a, b, c, d, e",
            "min(abs(latency)) BY host",
        ] {
            assert!(fault(sound).is_none(), "{sound}: {:?}", fault(sound));
        }
    }

    #[test]
    fn what_it_refuses_is_told_with_its_place() {
        for (wrong, part, fact) in [
            ("", "", "makes no number"),
            ("errors", "errors", "makes no number"),
            ("pct(latency, 99)", "pct", "`pct` is not a function"),
            ("count(*", "(", "never closed"),
            ("avg(*)", "*", "`avg` needs a field"),
            ("sum( )", " ", "`sum` needs a field"),
            ("count(*), avg(x)", ", avg(x)", "one number only"),
            ("count(*) as errors", "as errors", "nothing but `by`"),
            ("count(*) by ", "by", "a field is missing"),
            ("count(*) by a,", "by a,", "a field is missing"),
            ("count(*) by bin(5m)", "by bin(5m)", "by `bin`"),
            ("count(*) by a,b,c,d,e,f", "by a,b,c,d,e,f", "6 fields"),
            ("count(*) | limit 5", " limit 5", "only `sort"),
            ("count(*) by a | sort", " sort", "only `sort"),
            ("프(", "프", "not a function"),
            ("count(프", "(", "never closed"),
            ("count(*) 프프", "프프", "nothing but `by`"),
        ] {
            let found = fault(wrong).unwrap_or_else(|| panic!("{wrong}"));
            assert!(found.fact.contains(fact), "{wrong}: {}", found.fact);
            assert_eq!(wrong.get(found.part.clone()), Some(part), "{wrong}");
        }
    }
}
