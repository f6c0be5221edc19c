//! The rule of a composite alarm in the form that is compared: CloudWatch keeps it as somebody wrote it, with or without quotes
//! around names, and with any white space.

const STATES: [&str; 3] = ["ALARM", "OK", "INSUFFICIENT_DATA"];

/// The rule with names in quotes and one blank where blanks may be. What is no rule comes back without its blanks only.
pub(in crate::resource) fn normal(rule: &str) -> String {
    let mut normal = String::new();
    let mut rest = rule.trim_start();
    while !rest.is_empty() {
        let end = match rest.chars().next() {
            Some('(' | ')') => 1,
            Some('"') => rest
                .get(1..)
                .and_then(|inside| inside.find('"'))
                .map_or(rest.len(), |at| at + 2),
            _ => rest
                .find(|c: char| c.is_whitespace() || "()\"".contains(c))
                .unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(end);
        if !normal.is_empty() && !normal.ends_with('(') && word != ")" {
            normal.push(' ');
        }
        normal.push_str(word);
        rest = after.trim_start();
        if STATES.contains(&word)
            && let Some((name, after)) = rest.strip_prefix('(').and_then(named)
        {
            normal.push_str(&format!("(\"{name}\")"));
            rest = after.trim_start();
        }
    }
    normal
}

/// The name before a `)`, with or without quotes, and what comes after.
fn named(inside: &str) -> Option<(&str, &str)> {
    let inside = inside.trim_start();
    let (name, after) = match inside.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => {
            let (name, after) = inside.split_at(inside.find([')', '(', '"'])?);
            (name.trim_end(), after)
        }
    };
    Some((name, after.trim_start().strip_prefix(')')?))
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn quotes_and_blanks_mean_nothing() {
        let usual = "ALARM(\"a b\") AND (OK(\"c\") OR NOT INSUFFICIENT_DATA(\"d\"))";
        for same in [
            usual,
            "ALARM(a b) AND (OK(c) OR NOT INSUFFICIENT_DATA(d))",
            "  ALARM( \"a b\" )\n AND(OK( c ) OR  NOT INSUFFICIENT_DATA (\"d\"))\t",
        ] {
            assert_eq!(normal(same), usual, "{same}");
        }
        for (rule, other) in [
            ("ALARM(\"a  b\")", "ALARM(\"a b\")"),
            ("ALARM(\" a\")", "ALARM(a)"),
            ("ALARM(a) OR OK(b)", "ALARM(a) AND OK(b)"),
            ("ALARM(a)", "NOT ALARM(a)"),
            ("ALARM(\"(a) AND\")", "ALARM(a) AND"),
        ] {
            assert_ne!(normal(rule), normal(other));
        }
    }

    #[test]
    fn anything_can_be_read() {
        for odd in [
            "",
            " ",
            "ALARM",
            "ALARM(",
            "ALARM(\"",
            "\"",
            "((",
            ")",
            "ALARM(a",
            "프(",
            "ALARM(\"프\")",
            "TRUE",
            "OK()",
        ] {
            assert_eq!(normal(&normal(odd)), normal(odd), "{odd}");
        }
        assert_eq!(normal("TRUE"), "TRUE");
    }
}
