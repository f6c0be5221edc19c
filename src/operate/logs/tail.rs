//! The logs of several functions merged into one, without duplicates.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::future::try_join_all;
use jiff::Timestamp;

use super::Said;
use crate::aws::Aws;
use crate::aws::fault::Result;
use crate::aws::logs::{LogEvent, read};

/// Milliseconds by which two queries overlap. CloudWatch Logs shows a line some seconds after it was written,
/// and may show later lines of other streams before it.
const OVERLAP: i64 = 120_000;

/// A line, and the function that wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub time: Timestamp,
    pub function: String,
    pub stream: String,
    /// The unparsed text.
    pub message: String,
    pub said: Said,
}

/// The logs of some functions from a point in time on.
#[derive(Debug)]
pub struct Tail {
    functions: BTreeMap<String, Log>,
}

/// The state of one function's log.
#[derive(Debug)]
struct Log {
    group: String,
    /// Start of the next query.
    since: i64,
    /// Lines that were already returned, with their time, so that no line is returned twice.
    seen: HashMap<Key, i64>,
    missing: bool,
}

/// Identifies a line. If the service gives no id, the number counts equal lines.
type Key = (String, String, i64, usize);

impl Tail {
    /// `functions` are names with their log groups; `since` is in milliseconds since 1970.
    pub fn new(functions: impl IntoIterator<Item = (String, String)>, since: i64) -> Self {
        let log = |group| Log {
            group,
            since,
            seen: HashMap::new(),
            missing: false,
        };
        Self {
            functions: functions
                .into_iter()
                .map(|(function, group)| (function, log(group)))
                .collect(),
        }
    }

    /// The lines written since the last call, in chronological order.
    pub async fn poll(&mut self, aws: &Aws) -> Result<Vec<Line>> {
        let asked = self
            .functions
            .values()
            .map(|log| read(aws, &log.group, log.since));
        let answers = try_join_all(asked).await?;
        let mut lines = Vec::new();
        for ((function, log), events) in self.functions.iter_mut().zip(answers) {
            log.missing = events.is_none();
            let new = log.new_of(events.unwrap_or_default());
            lines.extend(new.into_iter().map(|event| Line::of(function, event)));
        }
        lines.sort_by_key(|line| line.time);
        Ok(lines)
    }

    /// The log groups that did not exist at the last query: Lambda has not created them, because nobody has
    /// invoked the function.
    pub fn missing(&self) -> BTreeSet<&str> {
        let missing = self.functions.values().filter(|log| log.missing);
        missing.map(|log| log.group.as_str()).collect()
    }
}

impl Log {
    fn new_of(&mut self, events: Vec<LogEvent>) -> Vec<LogEvent> {
        let mut alike: HashMap<(String, String, i64), usize> = HashMap::new();
        let mut new = Vec::new();
        for event in events {
            let key = match event.id.is_empty() {
                false => (event.id.clone(), String::new(), 0, 0),
                true => {
                    let like = (event.stream.clone(), event.message.clone(), event.timestamp);
                    let count = alike.entry(like.clone()).or_default();
                    *count += 1;
                    (like.0, like.1, like.2, *count)
                }
            };
            if self.seen.insert(key, event.timestamp).is_none() {
                new.push(event);
            }
        }
        if let Some(newest) = self.seen.values().max() {
            self.since = self.since.max(newest - OVERLAP);
            let since = self.since;
            self.seen.retain(|_, time| *time >= since);
        }
        new
    }
}

impl Line {
    fn of(function: &str, event: LogEvent) -> Self {
        Self {
            time: Timestamp::from_millisecond(event.timestamp).unwrap_or(Timestamp::UNIX_EPOCH),
            function: function.to_owned(),
            stream: event.stream,
            said: Said::read(&event.message),
            message: event.message.trim_end().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> Log {
        Log {
            group: "g".into(),
            since: 0,
            seen: HashMap::new(),
            missing: false,
        }
    }

    fn event(id: &str, timestamp: i64, message: &str) -> LogEvent {
        LogEvent {
            id: id.into(),
            timestamp,
            stream: "s".into(),
            message: message.into(),
        }
    }

    #[test]
    fn no_line_comes_twice_and_no_late_one_is_lost() {
        let mut log = log();
        assert_eq!(log.new_of(vec![event("1", 1_000_000, "a")]).len(), 1);
        assert_eq!(log.since, 1_000_000 - OVERLAP);
        let late = event("0", 999_000, "late");
        let again = vec![
            late.clone(),
            event("1", 1_000_000, "a"),
            event("2", 1_000_000, "a"),
        ];
        let new = log.new_of(again);
        assert_eq!(new, [late, event("2", 1_000_000, "a")]);
        // A line outside of the window is no longer queried, so it is forgotten.
        log.new_of(vec![event("3", 1_000_000 + OVERLAP + 1, "b")]);
        assert_eq!((log.since, log.seen.len()), (1_000_001, 1));
    }

    #[test]
    fn without_ids_lines_are_told_apart_by_how_many_there_are() {
        let mut log = log();
        let (a, b) = (event("", 5, "a"), event("", 5, "b"));
        assert_eq!(log.new_of(vec![a.clone(), a.clone(), b.clone()]).len(), 3);
        assert_eq!(log.new_of(vec![a.clone(), a.clone(), b.clone(), a.clone()]), [a]);
    }
}
