//! Alarms on other alarms.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_yaml::Mapping;

use super::fields::Fields;
use crate::resource::cloudwatch::composite_alarm::Suppressor;
use crate::stack::with_keys;

/// A rule with the keys of the alarms that are in the file. `None` if it cannot be read.
pub(super) fn rule(rule: &str, keys: &BTreeMap<&str, &str>) -> Option<String> {
    with_keys(rule, &|name| keys.get(name).map(|key| (*key).to_owned()))
}

/// The names in a rule.
pub(super) fn watched(rule: &str) -> Vec<String> {
    let names = RefCell::new(Vec::new());
    with_keys(rule, &|name| {
        names.borrow_mut().push(name.to_owned());
        None
    });
    names.into_inner()
}

/// Adds the fields of an alarm on other alarms.
pub(super) fn entry(
    fields: &mut Fields,
    condition: &str,
    suppressor: Option<&Suppressor>,
    keys: &BTreeMap<&str, &str>,
) {
    fields.some("rule", rule(condition, keys));
    if let Some(suppressor) = suppressor {
        let name = suppressor.alarm.as_str();
        let bare = name.split_once(":alarm:").map_or(name, |(_, name)| name);
        let alarm = keys.get(bare).copied().unwrap_or(name);
        let suppressor = Mapping::from_iter([
            ("alarm".into(), alarm.into()),
            ("wait".into(), suppressor.wait_seconds.into()),
            ("extension".into(), suppressor.extension_seconds.into()),
        ]);
        fields.set("suppressor", suppressor);
    }
}
