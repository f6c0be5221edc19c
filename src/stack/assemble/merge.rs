//! Lays one tree over another: mappings are merged key by key, all else is replaced.

use crate::stack::file::tree::{Entry, Kind, Node};

/// Lays `upper` over `lower`: what both say, `upper` decides.
pub fn lay_over(lower: &mut Node, upper: Node) {
    // A section whose last line somebody commented out deletes nothing.
    if matches!(lower.kind, Kind::Map(_)) && upper.is_nothing() {
        return;
    }
    let is_one = is_one(lower) && is_one(&upper);
    let Node { span, kind } = upper;
    match (&mut lower.kind, kind) {
        (Kind::Map(below), Kind::Map(above)) if !is_one => {
            for entry in above {
                match below.iter_mut().find(|known| known.key == entry.key) {
                    Some(known) => {
                        // Problems with a value are shown where it was decided.
                        if !is_map(&known.value) || !is_map(&entry.value) {
                            known.key_span = entry.key_span;
                        }
                        lay_over(&mut known.value, entry.value);
                    }
                    None => below.push(entry),
                }
            }
        }
        (_, kind) => *lower = Node { span, kind },
    }
}

/// Adds to `entries` what `more` says and they do not; mappings that both have are merged.
pub fn fill(entries: &mut Vec<Entry>, more: &[Entry]) {
    for entry in more {
        match entries.iter_mut().find(|own| own.key == entry.key) {
            None => entries.push(entry.clone()),
            Some(own) => {
                let is_one = is_one(&own.value) && is_one(&entry.value);
                if let (Kind::Map(own), Kind::Map(more), false) =
                    (&mut own.value.kind, &entry.value.kind, is_one)
                {
                    fill(own, more);
                }
            }
        }
    }
}

fn is_map(node: &Node) -> bool {
    matches!(node.kind, Kind::Map(_))
}

/// Whether a mapping is one value: an address, whose parts mean nothing alone.
fn is_one(node: &Node) -> bool {
    node.entry("env").is_some() || node.entry("encrypted").is_some()
}
