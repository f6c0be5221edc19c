//! One evaluation of an alarm: from the values that CloudWatch looks at to a state.
//!
//! AWS describes it in "Evaluating an alarm" and "Configuring how CloudWatch alarms treat missing data". The rules below
//! give the state of every cell of the tables there.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html>
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html>

/// The state of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Ok,
    Alarm,
    InsufficientData,
}

impl State {
    /// As the rules of composite alarms write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// What a period without data means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    Missing,
    Ignore,
    Breaching,
    NotBreaching,
}

impl Treatment {
    /// The setting of CloudWatch with this name; `missing` is the default.
    pub fn of(name: Option<&str>) -> Self {
        match name {
            Some("ignore") => Self::Ignore,
            Some("breaching") => Self::Breaching,
            Some("notBreaching") => Self::NotBreaching,
            _ => Self::Missing,
        }
    }
}

/// How values are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counting {
    /// N: how many values decide.
    pub periods: usize,
    /// M: how many of these must breach.
    pub to_alarm: usize,
    pub missing: Treatment,
}

impl Counting {
    /// How many periods a sliding window looks at: more than N, so that late or missing values do not change the state at
    /// once. AWS gives 5 for N = 3 and no formula; this one is `LocalStack`'s.
    pub fn range(&self) -> usize {
        self.periods.saturating_add((self.periods / 3).max(2))
    }
}

/// The state after one evaluation of `range`: for each period, oldest first, whether its value breaches, `None` without a
/// value. `None` if the alarm keeps its state.
pub fn evaluate(counting: Counting, range: &[Option<bool>]) -> Option<State> {
    let Counting {
        periods,
        to_alarm,
        missing,
    } = counting;
    let alarm_if = |alarm: bool| Some(if alarm { State::Alarm } else { State::Ok });
    let real = range.iter().flatten().count();
    let breaching = range.iter().flatten().filter(|breaches| **breaches).count();
    if real >= periods {
        let newest = range.iter().rev().flatten().take(periods);
        return alarm_if(newest.filter(|breaches| **breaches).count() >= to_alarm);
    }
    match missing {
        Treatment::Breaching => alarm_if(breaching + (periods - real) >= to_alarm),
        Treatment::NotBreaching => alarm_if(breaching >= to_alarm),
        Treatment::Missing if real == 0 => Some(State::InsufficientData),
        Treatment::Ignore if real == 0 => None,
        Treatment::Missing | Treatment::Ignore if breaching >= to_alarm => Some(State::Alarm),
        Treatment::Missing | Treatment::Ignore if real > breaching => Some(State::Ok),
        Treatment::Ignore => None,
        Treatment::Missing => {
            // A premature alarm: what breaches is about to leave the range, and nothing came after it.
            let oldest = range.iter().position(|value| *value == Some(true));
            let from_newest = oldest.map(|index| range.len() - index);
            from_newest
                .is_some_and(|place| place >= to_alarm)
                .then_some(State::Alarm)
        }
    }
}

#[cfg(test)]
mod tests;
