//! Log events of log alarms: CloudWatch Logs is asked for what the run of the query found that made the alarm go off.
//!
//! They stand in the message, so they are asked for before it is sent; an alert waits for them only a moment. Whatever goes wrong, the
//! message comes without them and says why, and so does the log.

use super::aws::{Aws, AwsError, Call, Service};
use super::dispatcher::Dispatcher;
use super::log;
use super::time::Budget;
use crate::event::{Alarm, AlarmPlace, Content, LogLines, NoLines};
use crate::item::Item;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout_at;

/// How long an alert waits for its log events.
const WAIT: Duration = Duration::from_millis(1_500);
/// Time that the alert itself needs; with less time left, nothing is asked.
const NEEDED: Duration = Duration::from_millis(3_000);
/// Most alarms of an invocation that are asked for: CloudWatch Logs answers ten questions a second.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>
const ALARMS: usize = 5;
/// Of how many log events those of one contributor are taken: the query found them for all.
const OF_ALL: u32 = 100;

impl Dispatcher {
    /// Adds the log events of the alarms whose messages show some.
    pub async fn find_lines<'a>(
        &self,
        items: impl Iterator<Item = &'a mut Item>,
        account: Option<&str>,
        budget: Budget,
    ) {
        let wanted = items.filter(|item| item.muted.is_none()).filter_map(|item| {
            let place = item.notice.alarm_place();
            let Content::Alarm(alarm) = &mut item.notice.content else {
                return None;
            };
            let lines = self.settings.alarms.get(&alarm.name)?.lines;
            (lines > 0 && alarm.has_lines()).then_some((alarm, place, lines))
        });
        let wanted: Vec<_> = wanted.collect();
        if wanted.is_empty() {
            return;
        }
        // The first call of a process makes the client, which takes nothing from the time to wait.
        let aws = self.network.aws();
        let deadline = budget.before_delivery(WAIT, NEEDED);
        let asked = wanted
            .into_iter()
            .enumerate()
            .map(async |(index, (alarm, place, lines))| {
                let found = match index < ALARMS {
                    true => timeout_at(deadline, lines_of(aws, alarm, place.as_ref(), account, lines)).await,
                    false => Ok(LogLines::None(NoLines::Late)),
                };
                let found = found.unwrap_or(LogLines::None(NoLines::Late));
                if let LogLines::None(reason) = &found {
                    log::unlined(&self.settings.stack, &alarm.name, reason);
                }
                alarm.lines = Some(found);
            });
        join_all(asked).await;
    }
}

async fn lines_of(
    aws: &Aws,
    alarm: &Alarm,
    place: Option<&AlarmPlace>,
    account: Option<&str>,
    lines: u32,
) -> LogLines {
    // The results of another account are not here.
    let Some(place) = place.filter(|place| place.is_in(account)) else {
        return LogLines::None(NoLines::Elsewhere);
    };
    let Some(run) = &alarm.run else {
        return LogLines::None(NoLines::NoRun);
    };
    let most = match alarm.contributor.is_empty() {
        true => lines,
        false => OF_ALL.max(lines),
    };
    let question = json!({ "queryId": run, "maxItems": most });
    let call = Call::json(Service::LOGS, "GetQueryResults", &question).attempts(1);
    match aws.call(&place.region, &call).await {
        Ok(answer) => {
            let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
            alarm.found(&answer, usize::try_from(lines).unwrap_or_default())
        }
        Err(AwsError::Refused { code, .. }) => LogLines::None(NoLines::Refused(code)),
        Err(AwsError::Unreachable(_)) => LogLines::None(NoLines::Unreachable),
    }
}
