//! What a stack would have told, as text, JSON and Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use alertctl_relay::length;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::markdown::{code, prose};
use super::style;
use super::width::{columns, wrapped};
use crate::operate::backtest::{Cost, Firings, NIGHT, Past, Share, Story};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Longest line of remarks, in columns.
const COLUMNS: usize = 100;
/// Most names of alarms before a remark about them.
const NAMED: usize = 3;
/// Bytes that the list may have in a comment.
const LIST: usize = 12_000;

impl Cost {
    /// `backtest: 4 calls for 6 metrics, at most 0.01 USD; …`.
    pub fn text(&self) -> String {
        let Self {
            calls,
            metrics,
            dollars,
            pages,
            seconds,
        } = *self;
        let mut parts = Vec::new();
        if calls > 0 {
            // Cents, rounded up: nobody minds the fractions, and 0.00 would be wrong.
            let dollars = (dollars * 100.0).ceil() / 100.0;
            let (calls, metrics) = (count(calls, "call"), count(metrics, "metric"));
            parts.push(format!(
                "{calls} of GetMetricData for {metrics}, at most {dollars:.2} USD"
            ));
        }
        if pages > 0 {
            let pages = count(pages, "page");
            parts.push(format!(
                "up to {pages} of CloudTrail's event history, at most {seconds} s (`--backtest-limit`)"
            ));
        }
        match parts.is_empty() {
            true => "backtest: there is nothing to read".to_owned(),
            false => format!("backtest: {}", parts.join("; ")),
        }
    }
}

impl Past {
    /// A line for each alarm and rule, then the messages of each receiver, then what is not quite as AWS does it.
    pub fn text(&self) -> String {
        let (bold, dim) = (style::BOLD, style::DIM);
        let mut text = format!("{bold}backtest{bold:#}: {}\n\n", self.title());
        let all = || self.alarms.iter().chain(&self.rules);
        let width = all().map(|story| columns(&story.id)).max().unwrap_or_default();
        for story in all() {
            let pad = " ".repeat(width.saturating_sub(columns(&story.id)));
            let _ = writeln!(text, "  {}{pad}  {}", story.id, self.told(story));
        }
        if all().next().is_none() {
            text.push_str("  the stack has neither alarms nor rules\n");
        }
        if let Some(shares) = self.shares_text() {
            let _ = write!(
                text,
                "\n{}",
                wrapped(&shares, "  ", Some(COLUMNS)).replace('\u{a0}', " ")
            );
            text.push('\n');
        }
        let remarks = self.remarks();
        if !remarks.is_empty() {
            text.push('\n');
        }
        for remark in remarks {
            let remark = wrapped(&remark, "    ", Some(COLUMNS));
            let _ = writeln!(text, "  {dim}*{dim:#} {}", remark.trim_start());
        }
        text.trim_end().to_owned()
    }

    /// The same for a comment on a pull request.
    pub fn markdown(&self) -> String {
        let mut text = format!("\n**Backtest**: {}\n\n", prose(&self.title()));
        let all: Vec<_> = self.alarms.iter().chain(&self.rules).collect();
        let begin = text.len();
        for (index, story) in all.iter().enumerate() {
            if text.len() - begin > LIST {
                let _ = writeln!(text, "- … {} more", all.len() - index);
                break;
            }
            let _ = writeln!(text, "- {}: {}", code(&story.id), prose(&self.told(story)));
        }
        if let Some(shares) = self.shares_text() {
            let _ = writeln!(text, "\n{}", prose(&shares));
        }
        for remark in self.remarks() {
            let _ = writeln!(text, "\n_{}_", prose(&remark));
        }
        text
    }

    /// The same for programs, as `docs/plan.schema.json` describes it.
    pub fn json(&self) -> Value {
        json!({
            "from": instant(self.from), "until": instant(self.until), "time_zone": self.zone.iana_name().unwrap_or("UTC"),
            "alarms": self.alarms.iter().map(document).collect::<Vec<_>>(),
            "rules": self.rules.iter().map(document).collect::<Vec<_>>(),
            "receivers": self.receivers.iter().map(|(receiver, share)| {
                (receiver.clone(), json!({ "told": share.told, "weekly": share.weekly }))
            }).collect::<serde_json::Map<_, _>>(),
        })
    }

    fn title(&self) -> String {
        let (evening, morning) = NIGHT;
        format!(
            "what the stack would have told in {}, {} to {} {}; night is {evening}:00 to {morning}:00",
            span(self.until - self.from),
            local(self.from, &self.zone),
            local(self.until, &self.zone),
            self.zone.iana_name().unwrap_or("UTC"),
        )
    }

    fn told(&self, story: &Story) -> String {
        let within = match story.since > self.from {
            true => format!("in the last {}", span(self.until - story.since)),
            false => format!("in {}", span(self.until - self.from)),
        };
        let nothing = match story.no_data {
            true => format!("no data {within}: check metric and dimensions"),
            false => String::new(),
        };
        let Some(firings) = &story.firings else {
            return format!("unknown: {}", story.why.as_deref().unwrap_or("it was not read"));
        };
        let short = story.since > self.from && !story.no_data;
        let fired = match (firings.fired, story.no_data) {
            (0, true) => return nothing,
            (0, false) if short => return format!("never {within}"),
            (0, false) => return "never".to_owned(),
            _ => self.fired(story, firings),
        };
        let mut parts = vec![fired];
        parts.extend(short.then(|| format!("known only {within}")));
        parts.extend((!nothing.is_empty()).then_some(nothing));
        parts.join("; ")
    }

    fn fired(&self, story: &Story, firings: &Firings) -> String {
        let Firings {
            fired,
            told,
            at_night,
            longest,
            last,
            lasts,
        } = *firings;
        let mut parts = vec![match story.id.starts_with("rule/") {
            true => format!("{} would have matched", count(fired, "event")),
            false => format!("would have fired {}", count(fired, "time")),
        }];
        if told < fired {
            parts.push(match told {
                0 => "all of it silenced".to_owned(),
                _ => format!("{} of them silenced", fired - told),
            });
        }
        if at_night > 0 {
            parts.push(format!("{at_night} at night"));
        }
        parts.push(match story.to.as_slice() {
            [] => "telling nobody".to_owned(),
            to if to.iter().all(|one| one.starts_with('#')) => format!("in {}", to.join(", ")),
            to => format!("to {}", to.join(", ")),
        });
        let mut text = parts.join(", ");
        if let Some(longest) = longest {
            let _ = write!(text, "; longest {}", length(longest));
        }
        match (lasts, last) {
            (true, Some(last)) => {
                let _ = write!(text, "; in ALARM since {}", local(last, &self.zone));
            }
            (false, Some(last)) => {
                let _ = write!(text, "; last {}", local(last, &self.zone));
            }
            (_, None) => {}
        }
        text
    }

    /// Messages by receiver, most first: a week, or in all if that is less than a week.
    fn shares_text(&self) -> Option<String> {
        let is_long = self.until - self.from >= 7 * DAY;
        let mut shares: Vec<_> = self
            .receivers
            .iter()
            .filter(|(_, share)| share.told > 0)
            .collect();
        shares.sort_by(|(_, one), (_, other)| other.weekly.total_cmp(&one.weekly));
        let number = |share: &Share| match is_long {
            true => rate(share.weekly),
            false => share.told.to_string(),
        };
        // A number stays on the line of its receiver.
        let each = shares
            .iter()
            .map(|(receiver, share)| format!("{receiver}\u{a0}{}", number(share)));
        let each: Vec<_> = each.collect();
        let unit = if is_long { "messages a week" } else { "messages" };
        (!each.is_empty()).then(|| format!("{unit}: {}", each.join(", ")))
    }

    /// Each remark once, with the alarms and rules that it is about.
    fn remarks(&self) -> Vec<String> {
        let mut about: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for story in self.alarms.iter().chain(&self.rules) {
            for remark in &story.remarks {
                about.entry(remark).or_default().push(&story.id);
            }
        }
        let one = |(remark, ids): (&str, Vec<&str>)| {
            let named = ids.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
            match ids.len().saturating_sub(NAMED) {
                0 => format!("{named}: {remark}"),
                more => format!("{named} and {more} more: {remark}"),
            }
        };
        about.into_iter().map(one).collect()
    }
}

fn document(story: &Story) -> Value {
    let Story {
        id,
        to,
        since,
        firings,
        why,
        no_data,
        remarks,
    } = story;
    let mut document = json!({
        "id": id, "to": to, "since": instant(*since), "no_data": no_data, "remarks": remarks,
    });
    let Some(firings) = firings else {
        document["unknown"] = json!(why.as_deref().unwrap_or("it was not read"));
        return document;
    };
    let Firings {
        fired,
        told,
        at_night,
        longest,
        last,
        lasts,
    } = firings;
    document["fired"] = json!(fired);
    document["told"] = json!(told);
    document["at_night"] = json!(at_night);
    document["lasts"] = json!(lasts);
    if let Some(longest) = longest {
        document["longest_seconds"] = json!(longest);
    }
    if let Some(last) = last {
        document["last"] = json!(instant(*last));
    }
    document
}

fn instant(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

fn local(seconds: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_second(seconds).unwrap_or_default();
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        many => format!("{many} {what}s"),
    }
}

/// A rate with as many digits as say something.
fn rate(number: f64) -> String {
    match number {
        many if many >= 9.95 => format!("{many:.0}"),
        some if some >= 0.05 => format!("{some:.1}"),
        _ => "less than 0.1".to_owned(),
    }
}

/// A time that is looked at: `30 days`, `12 hours`.
fn span(seconds: i64) -> String {
    let whole = |unit: i64, name: &str| {
        let number = usize::try_from(seconds / unit).unwrap_or_default();
        (number > 0 && seconds % unit == 0).then(|| count(number, name))
    };
    let exact = whole(DAY, "day").or_else(|| whole(HOUR, "hour"));
    let rounded = || {
        let (unit, name) = match seconds {
            long if long >= 2 * DAY => (DAY, "day"),
            middle if middle >= 2 * HOUR => (HOUR, "hour"),
            _ => (MINUTE, "minute"),
        };
        count(
            usize::try_from((seconds + unit / 2) / unit).unwrap_or_default(),
            name,
        )
    };
    exact.unwrap_or_else(rounded)
}

#[cfg(test)]
mod tests;
