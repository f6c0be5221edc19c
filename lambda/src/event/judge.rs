//! How bad a word is that a service calls a state, for services that are not known here.

use super::tone::Tone;
use crate::contract::Severity;

/// Beginnings of words that tell of a failure.
const ERRORS: &[&str] = &[
    "FAIL",
    "ERROR",
    "FAULT",
    "TIMEOUT",
    "UNHEALTHY",
    "IMPAIR",
    "LOST",
    "REJECT",
    "INFECT",
    "THREAT",
    "MALWARE",
    "UNSUCCESS",
    "BREACH",
    "ABANDON",
    "CORRUPT",
    "CRASH",
    "EXPOSE",
    "COMPROMIS",
    "ROLLBACK",
    "BOUNCE",
    "COMPLAINT",
    "UNAVAILABLE",
    "UNREACHABLE",
    "INCOMPATIBLE",
    "INSUFFICIENT",
    "EXPIRED",
    "EXHAUST",
    "CRITICAL",
    "FATAL",
    "SEVERE",
    "EMERGENCY",
    "ALARM",
    "DENIED",
    "VIOLAT",
];
/// Beginnings of words that tell of something to look at.
const WARNINGS: &[&str] = &[
    "WARN",
    "CANCEL",
    "ABORT",
    "STOPPED",
    "EXPIR",
    "DEGRAD",
    "INTERRUPT",
    "SUSPEND",
    "DISABL",
    "NONCOMPLIAN",
    "DRIFT",
    "OVERDUE",
    "THROTTL",
    "DEPRECAT",
    "RETIR",
    "INCOMPLETE",
    "PARTIAL",
    "OUTDATED",
    "TERMINAT",
    "INACTIV",
    "SKIP",
    "ATTEMPT",
    "STOPLOGGING",
    "RESTRICT",
    "DELAY",
    "ALERT",
    "IMPORTANT",
    "REQUIRED",
    "DELETION",
    "UNLOCK",
    "REBALANCE",
];
const GOOD: &[&str] = &[
    "SUCCE",
    "COMPLET",
    "COMPLIAN",
    "HEALTHY",
    "AVAILABLE",
    "RESOLV",
    "ACTIVE",
    "READY",
    "FINISH",
    "CLEAN",
    "RECOVER",
    "ENABLED",
    "APPROVED",
    "FIXED",
    "RUNNING",
    "SERVICE",
];
/// The same, as whole words: `PASSWORD` and `OKTA` are no good news.
const GOOD_WORDS: &[&str] = &["OK", "PASS", "PASSED"];
/// These turn the next word around: `NON_COMPLIANT`, `NO_THREATS_FOUND`, `OUT_OF_SERVICE`.
const NOT: &[&str] = &["NO", "NON", "NOT", "WITHOUT", "OUT"];

/// What the word of a state says.
pub(super) fn state(state: &str) -> Tone {
    let words = words(state);
    let mut verdict: Option<Tone> = None;
    let mut turned = false;
    for (at, word) in words.iter().enumerate() {
        let begins = |list: &[&str]| list.iter().any(|start| word.starts_with(start));
        let timed_out = word == "OUT" && at > 0 && words.get(at - 1).is_some_and(|before| before == "TIMED");
        if NOT.contains(&word.as_str()) && !timed_out {
            turned = true;
            continue;
        }
        let found = if timed_out || begins(ERRORS) {
            Some(Tone::Bad(Severity::Error))
        } else if begins(WARNINGS) {
            Some(Tone::Bad(Severity::Warning))
        } else if begins(GOOD) || GOOD_WORDS.contains(&word.as_str()) {
            Some(Tone::Good)
        } else {
            None
        };
        let found = match (found, turned) {
            (Some(Tone::Good), true) => Some(Tone::Bad(Severity::Warning)),
            (Some(_), true) => Some(Tone::Good),
            (found, _) => found,
        };
        turned = turned && found.is_none();
        verdict = verdict.max(found);
    }
    verdict.unwrap_or_default()
}

/// What the kind of an event says: only bad news, for `Health Check Passed` says nothing of the thing's own state.
pub(super) fn kind(kind: &str) -> Tone {
    // Every event of an alarm service has `Alarm` in its kind.
    let verdict = state(&kind.replace("Alarm", "").replace("Error Report", ""));
    verdict.max(Tone::Plain)
}

/// What a level of severity says.
pub(super) fn severity(level: &str) -> Tone {
    match level.trim().to_ascii_uppercase().as_str() {
        "CRITICAL" | "FATAL" | "EMERGENCY" | "URGENT" => Tone::Bad(Severity::Critical),
        "HIGH" | "ERROR" | "SEVERE" | "MAJOR" => Tone::Bad(Severity::Error),
        "MEDIUM" | "WARN" | "WARNING" | "MODERATE" | "MINOR" => Tone::Bad(Severity::Warning),
        _ => Tone::Plain,
    }
}

/// The words of `TIMED_OUT`, `timed-out`, `TimedOut`, in capitals.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut lower = false;
    for c in text.chars().take(200) {
        let splits = !c.is_alphanumeric() || (lower && c.is_uppercase());
        if splits && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        lower = c.is_lowercase();
        if c.is_alphanumeric() {
            word.extend(c.to_uppercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_judged_in_every_spelling() {
        let cases = [
            (
                Tone::Bad(Severity::Error),
                "FAILED,failed,TIMED_OUT,TimedOut,timed out,ROLLBACK_COMPLETE,CREATE_FAILED,THREATS_FOUND,TerminatedWithErrors",
            ),
            (
                Tone::Bad(Severity::Warning),
                "NON_COMPLIANT,non_compliant,NonCompliant,NOT_AVAILABLE,OUT_OF_SERVICE,CANCELLED,Stopped,Aborted,Degraded",
            ),
            (
                Tone::Good,
                "SUCCEEDED,success,COMPLETE,compliant,NO_THREATS_FOUND,OK,IN_SERVICE,passed",
            ),
            (Tone::Plain, "PENDING,Executing,PUSH,created,PASSWORD_CHANGED,"),
        ];
        for (expected, states) in cases {
            for one in states.split(',') {
                assert_eq!(state(one), expected, "{one}");
            }
        }
        assert_eq!(kind("EC2 Fleet Error"), Tone::Bad(Severity::Error));
        assert_eq!(kind("Replication Succeeded"), Tone::Plain);
        assert_eq!(severity("High"), Tone::Bad(Severity::Error));
    }
}
