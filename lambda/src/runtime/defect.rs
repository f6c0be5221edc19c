//! Keeps a panic about one alert from harming others. An alert at which reading or composing panics becomes a dead letter.
//! Otherwise the panic would end the process, and the batch would come back with the same alert in it.

use super::log;
use super::refusal::Refusal;
use crate::Duty;
use crate::contract::Kind;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

thread_local! {
    /// Where the last panic was.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Logs where a panic was, and nothing else of it: what it says may quote the alert.
pub(super) fn hush() {
    set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        log::write(Kind::Failed, Duty::default(), "", "defect", Some(&place));
        PLACE.with_borrow_mut(|kept| *kept = place);
    }));
}

/// The result of `work`, which computes something about one alert; a refusal for good if it panics.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Refusal> {
    // What the work may leave half done is its own.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        let place = PLACE.with_borrow(Clone::clone);
        Refusal::lasting(format!(
            "the relay cannot show it: a defect at {place}; please report it"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_refusal_that_names_its_place_only() {
        hush();
        assert_eq!(caught(|| 1), Ok(1));
        let refusal = caught(|| -> u8 { panic!("of the alert's text") }).expect_err("a refusal");
        assert!(
            !refusal.transient && refusal.reason.contains("defect.rs:"),
            "{refusal}"
        );
        assert!(!refusal.reason.contains("text"), "{refusal}");
        let _ = std::panic::take_hook();
    }
}
