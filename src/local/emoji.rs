//! The emoji that alerts use, by Slack's names; shared by the page and the terminal.

use std::collections::HashMap;
use std::sync::LazyLock;

/// `{ "name": "emoji", … }`.
pub(super) const TABLE: &str = include_str!("emoji.json");

static BY_NAME: LazyLock<HashMap<&str, &str>> =
    LazyLock::new(|| serde_json::from_str(TABLE).unwrap_or_default());

/// The emoji with a name such as `rotating_light`.
pub(super) fn by_name(name: &str) -> Option<&'static str> {
    BY_NAME.get(name).copied()
}

#[cfg(test)]
mod tests {
    use super::by_name;

    #[test]
    fn names_are_found() {
        assert_eq!(by_name("rotating_light"), Some("🚨"));
        assert_eq!(by_name("nothing"), None);
    }
}
