//! Alarms of every type.

use std::rc::Rc;

use aws_sdk_cloudwatch::types::{AlarmType, CompositeAlarm, LogAlarm, MetricAlarm, StateValue};

use super::Selection;
use crate::aws::call::pages;
use crate::aws::{Aws, Known, concurrently_found};
use crate::partition::has_log_alarms;
use crate::resource::any::AnyLive;
use crate::resource::cloudwatch::alarm::metrics::{read, read_composite};
use crate::resource::cloudwatch::alarm::{
    AlarmMetric, CloudwatchAlarm, Condition, Options, Watched, reported, watched_by,
};
use crate::resource::cloudwatch::composite_alarm::{CloudwatchCompositeAlarm, Suppressor};
use crate::resource::cloudwatch::log_alarm::{self, CloudwatchLogAlarm, LogQuery};
use crate::resource::{Resource as _, Result, Tags};

/// The number of alarms on a page.
const PAGE: i32 = 100;
const NO_DATA: &str = "INSUFFICIENT_DATA";

/// An alarm.
#[derive(Debug, Clone)]
pub struct Alarm {
    pub name: String,
    pub arn: String,
    pub description: Option<String>,
    pub actions_enabled: bool,
    pub actions: Actions,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    pub watches: Watches,
    /// It is in INSUFFICIENT_DATA, and CloudWatch has no data of its metric of the past two weeks.
    pub has_no_data: bool,
    /// `None` if they could not be read.
    pub tags: Option<Tags>,
    /// The kind that a stack has it as.
    pub kind: &'static str,
    /// The alarm as its kind reads it.
    pub live: AnyLive,
}

/// The ARNs of what an alarm does, by state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actions {
    pub alarm: Vec<String>,
    pub ok: Vec<String>,
    pub insufficient_data: Vec<String>,
}

impl Actions {
    /// All of them, whatever the state.
    pub fn all(&self) -> impl Iterator<Item = &String> {
        let Self {
            alarm,
            ok,
            insufficient_data,
        } = self;
        alarm.iter().chain(ok).chain(insufficient_data)
    }
}

/// What an alarm watches.
#[derive(Debug, Clone)]
pub enum Watches {
    Metric(Box<OnMetric>),
    /// Other alarms.
    Alarms {
        rule: String,
        suppressor: Option<Suppressor>,
    },
    /// The results of a query of logs.
    Logs(Box<OnLogs>),
    /// Something that this alertctl does not know.
    Unknown,
}

/// What an alarm on a metric says of it.
#[derive(Debug, Clone)]
pub struct OnMetric {
    pub metric: AlarmMetric,
    /// `None` for a PromQL query, which contains its own condition.
    pub condition: Option<Condition>,
    pub options: Options,
}

/// What an alarm on logs says of its query.
#[derive(Debug, Clone)]
pub struct OnLogs {
    pub query: LogQuery,
    pub condition: log_alarm::Condition,
    /// How many log events it adds to its mails.
    pub lines: i32,
    pub options: Options,
}

/// The selected alarms on metrics and on other alarms, in the order of their names.
pub(super) async fn all(aws: &Aws, selection: &Selection) -> Result<Vec<Alarm>> {
    let describe = aws.connection.clients.cloudwatch.describe_alarms();
    let describe = describe
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm)
        .set_alarm_name_prefix(selection.prefix.clone())
        .max_records(PAGE);
    let alarms = pages(async |token| {
        let request = describe.clone().set_next_token(token);
        let page = aws
            .call("cloudwatch:DescribeAlarms", || request.clone().send())
            .await?;
        let metric = page.metric_alarms().iter().map(Alarm::of_metric);
        let composite = page.composite_alarms().iter().map(Alarm::of_alarms);
        Ok((metric.chain(composite).collect(), page.next_token))
    });
    let mut alarms = alarms.await?;
    alarms.retain(|alarm| selection.names(&alarm.name));
    alarms.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(alarms)
}

/// The selected alarms on logs. They are asked for apart, because not every region has them.
pub(super) async fn on_logs(aws: &Aws, selection: &Selection) -> Result<Vec<Alarm>> {
    if !has_log_alarms(&aws.connection.region) {
        return Ok(Vec::new());
    }
    let describe = aws.connection.clients.cloudwatch.describe_alarms();
    let describe = describe
        .alarm_types(AlarmType::LogAlarm)
        .set_alarm_name_prefix(selection.prefix.clone())
        .max_records(PAGE);
    let alarms = pages(async |token| {
        let request = describe.clone().set_next_token(token);
        let page = aws
            .call("cloudwatch:DescribeAlarms", || request.clone().send())
            .await?;
        let alarms = page.log_alarms().iter().map(Alarm::of_logs);
        Ok((alarms.collect(), page.next_token))
    });
    match alarms.await {
        // A partition that has no alarms on logs does not know this type.
        Err(fault)
            if fault.is(&[
                "ValidationError",
                "InvalidParameterValue",
                "InvalidParameterCombination",
            ]) =>
        {
            Ok(Vec::new())
        }
        answer => answer,
    }
}

impl Alarm {
    pub(super) fn of_metric(alarm: &MetricAlarm) -> Self {
        let watches = AlarmMetric::read(alarm).map(|metric| {
            Watches::Metric(Box::new(OnMetric {
                metric,
                condition: Condition::read(alarm),
                options: Options::read(alarm.warm_up_configuration(), alarm.action_configuration()),
            }))
        });
        Self {
            name: alarm.alarm_name().unwrap_or_default().to_owned(),
            arn: alarm.alarm_arn().unwrap_or_default().to_owned(),
            description: written(alarm.alarm_description()),
            actions_enabled: alarm.actions_enabled().unwrap_or(true),
            actions: Actions {
                alarm: alarm.alarm_actions().to_vec(),
                ok: alarm.ok_actions().to_vec(),
                insufficient_data: alarm.insufficient_data_actions().to_vec(),
            },
            state: state(alarm.state_value()),
            watches: watches.unwrap_or(Watches::Unknown),
            has_no_data: false,
            tags: None,
            kind: CloudwatchAlarm::KIND,
            live: Rc::new(read(alarm)),
        }
    }

    pub(super) fn of_alarms(alarm: &CompositeAlarm) -> Self {
        let suppressor = written(alarm.actions_suppressor()).map(|name| Suppressor {
            alarm: name,
            wait_seconds: alarm.actions_suppressor_wait_period().unwrap_or_default(),
            extension_seconds: alarm.actions_suppressor_extension_period().unwrap_or_default(),
        });
        Self {
            name: alarm.alarm_name().unwrap_or_default().to_owned(),
            arn: alarm.alarm_arn().unwrap_or_default().to_owned(),
            description: written(alarm.alarm_description()),
            actions_enabled: alarm.actions_enabled().unwrap_or(true),
            actions: Actions {
                alarm: alarm.alarm_actions().to_vec(),
                ok: alarm.ok_actions().to_vec(),
                insufficient_data: alarm.insufficient_data_actions().to_vec(),
            },
            state: state(alarm.state_value()),
            watches: Watches::Alarms {
                rule: alarm.alarm_rule().unwrap_or_default().to_owned(),
                suppressor,
            },
            has_no_data: false,
            tags: None,
            kind: CloudwatchCompositeAlarm::KIND,
            live: Rc::new(read_composite(alarm)),
        }
    }

    pub(super) fn of_logs(alarm: &LogAlarm) -> Self {
        Self {
            name: alarm.alarm_name().unwrap_or_default().to_owned(),
            arn: alarm.alarm_arn().unwrap_or_default().to_owned(),
            description: written(alarm.alarm_description()),
            actions_enabled: alarm.actions_enabled().unwrap_or(true),
            actions: Actions {
                alarm: alarm.alarm_actions().to_vec(),
                ok: alarm.ok_actions().to_vec(),
                insufficient_data: alarm.insufficient_data_actions().to_vec(),
            },
            state: state(alarm.state_value()),
            watches: Watches::Logs(Box::new(OnLogs {
                query: LogQuery::read(alarm),
                condition: log_alarm::Condition::read(alarm),
                lines: alarm.action_log_line_count().unwrap_or_default(),
                options: Options::read(alarm.warm_up_configuration(), alarm.action_configuration()),
            })),
            has_no_data: false,
            tags: None,
            kind: CloudwatchLogAlarm::KIND,
            live: Rc::new(log_alarm::read::read(alarm)),
        }
    }

    /// The metrics of this account that it watches.
    pub fn watched(&self, known: &Known) -> Vec<Watched> {
        match &self.watches {
            Watches::Metric(on) => watched_by(&on.metric, known),
            Watches::Alarms { .. } | Watches::Logs(_) | Watches::Unknown => Vec::new(),
        }
    }
}

fn written(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn state(state: Option<&StateValue>) -> String {
    state.map_or(NO_DATA, StateValue::as_str).to_owned()
}

/// Adds the indices of the alarms that wait for data of metrics that have none.
pub(super) async fn silent(aws: &Aws, alarms: &[Alarm], silent: &mut Vec<usize>) -> Result<()> {
    let known = Known {
        scope: aws.scope().await?.clone(),
        outputs: Default::default(),
    };
    let waiting = alarms
        .iter()
        .enumerate()
        .filter(|(_, alarm)| alarm.state == NO_DATA);
    let found: Vec<usize> = concurrently_found(waiting, |(index, alarm)| {
        let watched = alarm.watched(&known);
        async move {
            for metric in &watched {
                let listed = reported(aws, &metric.namespace, Some(&metric.name), &metric.dimensions).await?;
                if !listed.whole || listed.metrics.contains(metric) {
                    return Ok(None);
                }
            }
            Ok((!watched.is_empty()).then_some(index))
        }
    })
    .await?;
    silent.extend(found);
    Ok(())
}
