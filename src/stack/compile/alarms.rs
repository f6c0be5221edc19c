//! Expands alarms to CloudWatch's form: presets are replaced by their alarms, filters by their metrics.

mod cis;
pub mod services;
pub mod sets;

use std::collections::{BTreeMap, BTreeSet};

use crate::stack::model::{
    Alarm, AlarmPreset, Bound, Comparison, Metric, Stack, Statistic, Threshold, TrailLogs, TreatMissingData,
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
                Some(preset) => {
                    for (name, alarm) in sets::alarms(alarm, preset) {
                        let key = format!("{key}-{name}");
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
            let name = key.strip_prefix(preset.as_str())?.strip_prefix('-')?;
            sets::is_member(alarm, alarm.preset?, name).then(|| preset.clone())
        };
        let presets = self.alarms.iter().filter_map(of_preset);
        [key.to_owned()].into_iter().chain(presets).collect()
    }

    /// The keys of the alarms that a mute is about; the key of a preset stands for each of its alarms.
    pub fn alarms_muted(&self, keys: &[String]) -> BTreeSet<String> {
        let each = |key: &String| match self.alarms.get(key) {
            Some(alarm) if alarm.preset.is_some() => members(key, alarm),
            _ => vec![key.clone()],
        };
        keys.iter().flat_map(each).collect()
    }

    /// The trail's log group: configured, or needed by an alarm's `filter`.
    pub fn trail_logs(&self) -> Option<TrailLogs> {
        let trail = self.trail.as_ref()?;
        let needed = || {
            let filters = self.alarms.values().filter_map(|alarm| alarm.filter.as_ref());
            let mut presets = self.alarms.values().filter_map(|alarm| alarm.preset);
            presets.any(AlarmPreset::is_on_trail)
                || filters.into_iter().any(|filter| filter.log_group.is_none())
        };
        trail.logs.clone().or_else(|| needed().then(TrailLogs::default))
    }

    fn with_metric(&self, key: &str, mut alarm: Alarm) -> Alarm {
        if alarm.logs.is_some() {
            // Without log events there is nothing to count, which is not breaching.
            alarm
                .treat_missing_data
                .get_or_insert(TreatMissingData::NotBreaching);
        }
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

/// The keys of the alarms of the set `alarm` with this key; none if it is not a set.
pub fn members(key: &str, alarm: &Alarm) -> Vec<String> {
    let Some(preset) = alarm.preset else {
        return vec![];
    };
    let sets::Names { default, extra } = sets::names(preset);
    let names = default.into_iter().chain(extra);
    let wanted = names.filter(|name| sets::is_member(alarm, preset, name));
    wanted.map(|name| format!("{key}-{name}")).collect()
}
