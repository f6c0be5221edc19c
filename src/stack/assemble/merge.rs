//! Lays one tree over another: mappings are merged key by key, all else is replaced.

use crate::stack::file::tree::{Entry, Kind, Node};

/// Lays `upper` over `lower`: what both say, `upper` decides.
pub fn lay_over(lower: &mut Node, upper: Node) {
    let Node { span, kind } = upper;
    match (&mut lower.kind, kind) {
        (Kind::Map(below), Kind::Map(above)) => {
            for entry in above {
                match below.iter_mut().find(|known| known.key == entry.key) {
                    Some(known) => {
                        // Problems with a value are shown where it was decided.
                        if !matches!(
                            (&known.value.kind, &entry.value.kind),
                            (Kind::Map(_), Kind::Map(_))
                        ) {
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
                if let (Kind::Map(own), Kind::Map(more)) = (&mut own.value.kind, &entry.value.kind) {
                    fill(own, more);
                }
            }
        }
    }
}
