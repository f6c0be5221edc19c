//! Checks message templates: text with `{fields}`.

use super::Checker;
use crate::stack::file::problem::Problem;

/// Every brace must belong to a field with a name, or be doubled.
pub(super) fn check(checker: &mut Checker<'_>, path: &[&str], text: &str) {
    let mut at = 0;
    while let Some(found) = text[at..].find(['{', '}']) {
        let start = at + found;
        let rest = &text[start..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            at = start + 2;
            continue;
        }
        let end = rest[1..].find(['{', '}', '\n']).map(|end| start + 1 + end);
        let (length, message, help) = match end {
            _ if rest.starts_with('}') => (1, "this `}` closes nothing", "write `}}` for a brace"),
            Some(end) if text[end..].starts_with('}') => {
                at = end + 1;
                if !text[start + 1..end].trim().is_empty() {
                    continue;
                }
                let help = "write a field of the alert, such as `{result}`, or `{{}}` for two braces";
                (at - start, "no field is named here", help)
            }
            _ => (
                1,
                "no `}` closes this brace",
                "write `{{` for a brace, `{field}` for a field",
            ),
        };
        let place = checker.within(path, text, &(start..start + length));
        checker.report(Problem::error(place, message).help(help));
        at = at.max(start + length);
    }
}
