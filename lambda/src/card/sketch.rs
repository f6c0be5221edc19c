//! What a chart in the thread of an alarm's message needs, where the stack wants one.

use crate::event::{AlarmPlace, Content, Graph, Notice, State};
use crate::settings::Settings;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A chart that is to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Sketch {
    pub alarm: AlarmPlace,
    pub graph: Graph,
    /// When it went off.
    pub at: Timestamp,
    /// The values that tell the one time series that went off from others of the alarm.
    pub contributor: Vec<String>,
    /// Of the stack.
    pub zone: TimeZone,
}

impl Sketch {
    /// `None` unless the notice is of an alarm of the stack that went off, that watches metrics, and that has `chart: true`.
    pub(super) fn of(notice: &Notice, settings: &Settings) -> Option<Self> {
        let Content::Alarm(alarm) = &notice.content else {
            return None;
        };
        let is_wanted = settings.alarms.get(&alarm.name)?.chart;
        if !is_wanted || alarm.new != State::Alarm {
            return None;
        }
        Some(Self {
            alarm: notice.alarm_place()?,
            graph: alarm.graph.clone()?,
            at: alarm.changed?,
            contributor: alarm.contributor.iter().map(|(_, value)| value.clone()).collect(),
            zone: settings.timezone.clone(),
        })
    }
}
