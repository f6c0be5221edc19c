//! Expands alarms to CloudWatch's form: presets are replaced by their alarms, filters by their metrics.

mod cis;

use std::collections::{BTreeMap, BTreeSet};

use crate::stack::model::{
    Alarm, AlarmPreset, Bound, Comparison, LogFilter, Metric, Stack, Statistic, Threshold, TrailLogs,
    TreatMissingData,
};

/// Seconds over which matches are summed.
const FILTER_PERIOD: i32 = 300;

impl Stack {
    /// The alarms by key. A preset is replaced by its alarms, with the keys `<key>-<name>`. An alarm with a
    /// `filter` watches the metric that the filter creates.
    pub fn alarms_expanded(&self) -> BTreeMap<String, Alarm> {
        let mut expanded = BTreeMap::new();
        for (key, alarm) in &self.alarms {
            match alarm.preset {
                Some(AlarmPreset::CisAwsFoundations) => {
                    for control in &cis::CONTROLS {
                        let alarm = of_control(alarm, control);
                        let key = format!("{key}-{}", control.name);
                        expanded.insert(key.clone(), self.with_metric(&key, alarm));
                    }
                }
                None => {
                    expanded.insert(key.clone(), self.with_metric(key, alarm.clone()));
                }
            }
        }
        expanded
    }

    /// The names of an alarm in routes: its key and, for an alarm of a preset, the preset's key.
    pub fn alarm_keys(&self, key: &str) -> Vec<String> {
        let of_preset = |(preset, alarm): (&String, &Alarm)| {
            let is_member = |set| members(preset, set).iter().any(|member| member == key);
            alarm.preset.is_some_and(is_member).then(|| preset.clone())
        };
        let presets = self.alarms.iter().filter_map(of_preset);
        [key.to_owned()].into_iter().chain(presets).collect()
    }

    /// The keys of the alarms that a mute is about; the key of a preset stands for each of its alarms.
    pub fn alarms_muted(&self, keys: &[String]) -> BTreeSet<String> {
        let each = |key: &String| match self.alarms.get(key).and_then(|alarm| alarm.preset) {
            Some(preset) => members(key, preset),
            None => vec![key.clone()],
        };
        keys.iter().flat_map(each).collect()
    }

    /// The trail's log group: configured, or needed by an alarm's `filter`.
    pub fn trail_logs(&self) -> Option<TrailLogs> {
        let trail = self.trail.as_ref()?;
        let needed = || {
            let filters = self.alarms.values().filter_map(|alarm| alarm.filter.as_ref());
            let presets = self.alarms.values().any(|alarm| alarm.preset.is_some());
            presets || filters.into_iter().any(|filter| filter.log_group.is_none())
        };
        trail.logs.clone().or_else(|| needed().then(TrailLogs::default))
    }

    fn with_metric(&self, key: &str, mut alarm: Alarm) -> Alarm {
        let Some(filter) = &mut alarm.filter else {
            return alarm;
        };
        let metric = filter.metric.get_or_insert_with(|| Metric {
            namespace: format!("alertctl/{}", self.stack),
            name: key.to_owned(),
        });
        alarm.metric = Some(metric.clone());
        alarm
            .statistic
            .get_or_insert_with(|| Statistic::from("Sum".to_owned()));
        alarm.period.get_or_insert(FILTER_PERIOD);
        alarm.threshold.get_or_insert(Threshold {
            comparison: Comparison::AtLeast,
            bound: Bound::Value(1.0),
        });
        // Without log events nothing matches, so missing data is not breaching.
        alarm
            .treat_missing_data
            .get_or_insert(TreatMissingData::NotBreaching);
        alarm
    }
}

/// The keys of the alarms of a preset with this key.
pub fn members(key: &str, preset: AlarmPreset) -> Vec<String> {
    match preset {
        AlarmPreset::CisAwsFoundations => {
            let names = cis::CONTROLS.iter().map(|control| control.name);
            names.map(|name| format!("{key}-{name}")).collect()
        }
    }
}

fn of_control(preset: &Alarm, control: &cis::Control) -> Alarm {
    Alarm {
        name: preset
            .name
            .as_ref()
            .map(|name| format!("{name}-{}", control.name)),
        description: Some(match &preset.description {
            Some(description) => format!("{description} ({})", control.description),
            None => control.description.to_owned(),
        }),
        filter: Some(LogFilter {
            pattern: control.pattern.to_owned(),
            log_group: None,
            value: "1".to_owned(),
            metric: None,
        }),
        preset: None,
        ..preset.clone()
    }
}
