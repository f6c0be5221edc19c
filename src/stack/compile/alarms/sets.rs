//! Sets of alarms: which alarms a preset has, which of them a stack file wants, and what it changes in them.

use std::collections::BTreeMap;

use super::cis::{self, Control};
use super::services::{Row, service};
use crate::stack::model::{Alarm, AlarmPreset, LogFilter, Override};

/// The names of alarms in a set: those that it has anyway, and those that it has on request.
pub struct Names {
    pub default: Vec<&'static str>,
    pub extra: Vec<&'static str>,
}

/// All alarms of a preset.
pub fn names(preset: AlarmPreset) -> Names {
    let Some(service) = service(preset) else {
        return Names {
            default: cis::CONTROLS.iter().map(|control| control.name).collect(),
            extra: vec![],
        };
    };
    let named = |is_extra: bool| {
        let rows = service.rows.iter().filter(|row| row.is_extra == is_extra);
        rows.map(|row| row.name).collect()
    };
    Names {
        default: named(false),
        extra: named(true),
    }
}

/// Whether the set `alarm` has an alarm of this name: it is asked for, and its dimensions are there.
pub fn is_member(alarm: &Alarm, preset: AlarmPreset, name: &str) -> bool {
    match service(preset) {
        Some(service) => service.row(name).is_some_and(|row| is_wanted(alarm, row)),
        None => cis::CONTROLS
            .iter()
            .any(|control| control.name == name && !is_left_out(alarm, name)),
    }
}

/// The alarms of the set `alarm`, by their names in it.
pub fn alarms(alarm: &Alarm, preset: AlarmPreset) -> Vec<(&'static str, Alarm)> {
    let Some(service) = service(preset) else {
        let controls = cis::CONTROLS.iter();
        let wanted = controls.filter(|control| !is_left_out(alarm, control.name));
        let of_control = |control: &Control| {
            let own = on_trail(alarm, control);
            (
                control.name,
                member(alarm, control.name, control.description, own),
            )
        };
        return wanted.map(of_control).collect();
    };
    let wanted = service.rows.iter().filter(|row| is_wanted(alarm, row));
    let of_row = |row: &Row| {
        let own = row.alarm(alarm, service);
        (row.name, member(alarm, row.name, row.description, own))
    };
    wanted.map(of_row).collect()
}

/// One alarm of a set, with its name and description, and with what the file says of it.
fn member(set: &Alarm, name: &str, description: &str, own: Alarm) -> Alarm {
    let other = set.overrides.get(name);
    let description = other
        .and_then(|other| other.description.as_deref())
        .unwrap_or(description);
    Alarm {
        name: set.name.as_ref().map(|whole| format!("{whole}-{name}")),
        description: Some(match &set.description {
            Some(whole) => format!("{whole} ({description})"),
            None => description.to_owned(),
        }),
        preset: None,
        except: vec![],
        extra: vec![],
        overrides: BTreeMap::new(),
        ..overridden(own, other)
    }
}

fn is_wanted(alarm: &Alarm, row: &Row) -> bool {
    let is_asked_for = !row.is_extra || alarm.extra.iter().any(|name| name == row.name);
    is_asked_for
        && !is_left_out(alarm, row.name)
        && row
            .needs()
            .all(|dimension| alarm.dimensions.contains_key(dimension))
}

fn is_left_out(alarm: &Alarm, name: &str) -> bool {
    alarm.except.iter().any(|except| except == name)
}

fn on_trail(set: &Alarm, control: &Control) -> Alarm {
    Alarm {
        filter: Some(LogFilter {
            pattern: control.pattern.to_owned(),
            log_group: None,
            value: "1".to_owned(),
            metric: None,
        }),
        ..set.clone()
    }
}

fn overridden(mut alarm: Alarm, other: Option<&Override>) -> Alarm {
    let Some(other) = other else { return alarm };
    if let Some(period) = other.period {
        if alarm.metrics.is_empty() {
            alarm.period = Some(period);
        }
        let queries = alarm.metrics.iter_mut().filter_map(|query| query.period.as_mut());
        queries.for_each(|own| *own = period);
    }
    // Metric math has a statistic for each metric.
    if alarm.metrics.is_empty() {
        alarm.statistic = other.statistic.clone().or(alarm.statistic);
    }
    Alarm {
        threshold: other.threshold.clone().or(alarm.threshold),
        evaluation_periods: other.evaluation_periods.unwrap_or(alarm.evaluation_periods),
        datapoints_to_alarm: other.datapoints_to_alarm.or(alarm.datapoints_to_alarm),
        treat_missing_data: other.treat_missing_data.or(alarm.treat_missing_data),
        severity: other.severity.or(alarm.severity),
        actions_enabled: other.actions_enabled.unwrap_or(alarm.actions_enabled),
        to: other.to.clone().unwrap_or(alarm.to),
        ok: other.ok.clone().or(alarm.ok),
        insufficient_data: other.insufficient_data.clone().unwrap_or(alarm.insufficient_data),
        ..alarm
    }
}
