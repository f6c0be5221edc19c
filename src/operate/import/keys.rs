//! Keys of the stack file, made of physical names.

use std::collections::BTreeMap;

use super::Request;
use crate::aws::secret::fingerprint;

/// Longest key in characters.
const MAX: usize = 40;
/// Characters of the digest at the end of a key that would be another one's, too, or too long.
const DIGEST: usize = 6;

/// A key for each name, in the same order: lower case, without what they all begin with. Otherwise, a key depends on the others
/// only where two names make the same one.
pub(super) fn of(names: &[&str], request: &Request<'_>, instead: &str) -> Vec<String> {
    let common = common(names, request);
    let short: Vec<String> = names
        .iter()
        .map(|name| short(name.get(common..).unwrap_or(name), instead))
        .collect();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for key in &short {
        *count.entry(key).or_default() += 1;
    }
    let key = |(name, key): (&&str, &String)| {
        let is_alone = count.get(key.as_str()) == Some(&1);
        match is_alone && key.len() <= MAX && key != instead {
            true => key.clone(),
            false => with_digest(key, name),
        }
    };
    names.iter().zip(&short).map(key).collect()
}

/// How many bytes all names begin with in common, to the end of a word. Something of each name remains.
fn common(names: &[&str], request: &Request<'_>) -> usize {
    let is_end = |c: char| !c.is_alphanumeric();
    // What was asked for by name does not depend on what else there is.
    let stack = format!("{}-", request.stack);
    let asked = request
        .selection
        .prefix
        .as_deref()
        .into_iter()
        .chain([stack.as_str()]);
    for prefix in asked.filter(|prefix| prefix.ends_with(is_end)) {
        let fits =
            |name: &&str| name.starts_with(prefix) && name[prefix.len()..].contains(char::is_alphanumeric);
        if !names.is_empty() && names.iter().all(fits) {
            return prefix.len();
        }
    }
    let [first, others @ ..] = names else {
        return 0;
    };
    if others.is_empty() {
        return 0;
    }
    let mut length = 0;
    for (at, c) in first.char_indices().filter(|(_, c)| is_end(*c)) {
        let end = at + c.len_utf8();
        let remains = |name: &&str| {
            let rest = name.strip_prefix(&first[..end]);
            rest.is_some_and(|rest| rest.contains(char::is_alphanumeric))
        };
        if !names.iter().all(remains) {
            break;
        }
        length = end;
    }
    length
}

/// A name in the letters of a key.
fn short(name: &str, instead: &str) -> String {
    let mut key = String::new();
    for c in name.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' => key.push(c),
            _ if key.ends_with('-') || key.is_empty() => {}
            _ => key.push('-'),
        }
    }
    let key = key.trim_matches(['-', '_']);
    match key.chars().next() {
        Some(first) if first.is_ascii_lowercase() => key.to_owned(),
        Some(_) => format!("{instead}-{key}"),
        None => instead.to_owned(),
    }
}

fn with_digest(key: &str, name: &str) -> String {
    let room = MAX - DIGEST - 1;
    let key: String = key.chars().take(room).collect();
    let digest: String = fingerprint(name).chars().take(DIGEST).collect();
    format!("{}-{digest}", key.trim_end_matches(['-', '_']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Scope;
    use crate::resource::inventory::Selection;

    fn keys(names: &[&str], prefix: Option<&str>) -> Vec<String> {
        let scope = Scope::of("111122223333", "eu-west-1");
        let selection = Selection {
            prefix: prefix.map(str::to_owned),
            ..Selection::default()
        };
        let request = Request {
            stack: "shop",
            scope: &scope,
            selection: &selection,
        };
        of(names, &request, "alarm")
    }

    #[test]
    fn what_all_begin_with_is_cut() {
        assert_eq!(
            keys(&["prod/web CPU", "prod/web 5xx"], None),
            ["cpu", "alarm-5xx"]
        );
        assert_eq!(keys(&["web-cpu", "web-cpu-high"], None), ["cpu", "cpu-high"]);
        assert_eq!(keys(&["webcpu", "webdisk"], None), ["webcpu", "webdisk"]);
        assert_eq!(keys(&["shop-cpu"], None), ["cpu"]);
        assert_eq!(keys(&["web-cpu"], Some("web-")), ["cpu"]);
        assert_eq!(keys(&["web-cpu"], None), ["web-cpu"]);
        assert_eq!(keys(&[], None), [""; 0]);
    }

    #[test]
    fn any_name_makes_a_key_of_its_own() {
        let long = "x".repeat(255);
        let names = [
            "서버",
            "서버 오류",
            "A b",
            "a-b",
            "a_b",
            "7",
            "::",
            &long,
            "${x}",
            "é",
            "a\u{300}",
        ];
        let made = keys(&names, None);
        let different: std::collections::BTreeSet<_> = made.iter().collect();
        assert_eq!(different.len(), names.len(), "{made:?}");
        for key in &made {
            assert!(key.len() <= MAX, "{key}");
            assert!(key.starts_with(|first: char| first.is_ascii_lowercase()), "{key}");
            let is_of_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
            assert!(key.chars().all(is_of_key), "{key}");
        }
        // The same names make the same keys in any order.
        let mut turned = names;
        turned.reverse();
        let mut again = keys(&turned, None);
        again.reverse();
        assert_eq!(again, made);
    }
}
