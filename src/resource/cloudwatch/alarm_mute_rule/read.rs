//! Reads alarm mute rules. A list contains only their ARNs.

use aws_sdk_cloudwatch::operation::get_alarm_mute_rule::GetAlarmMuteRuleOutput;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::AlarmMuteRuleStatus;
use jiff::{Span, SpanRelativeTo, Timestamp, Unit};

use super::{Live, arn, in_order};
use crate::aws::call::pages;
use crate::aws::discovery;
use crate::aws::fault::found;
use crate::resource::{Aws, Fault, Result, Tags};

/// All mute rules with the stack's tag in the region of `aws`, from the stack file and ad hoc.
pub async fn of_stack(aws: &Aws) -> Result<Vec<Live>> {
    let names = list(aws).await?;
    let read = async |name: String| {
        let live = read(aws, &name).await?;
        Ok(live.filter(|live| aws.owns(&live.tags)))
    };
    crate::aws::concurrently_found(names, read).await
}

/// The name of a rule, of the stack or not, whose open window mutes this alarm. `None` as well if that cannot be asked.
pub async fn muting(aws: &Aws, alarm: &str) -> Result<Option<String>> {
    let list = aws.connection.clients.cloudwatch.list_alarm_mute_rules();
    let request = list.alarm_name(alarm).statuses(AlarmMuteRuleStatus::Active);
    let page = match aws
        .call("cloudwatch:ListAlarmMuteRules", || request.clone().send())
        .await
    {
        Err(fault) if fault.denied() || aws.connection.emulated => return Ok(None),
        result => result?,
    };
    let mut rules = page
        .alarm_mute_rule_summaries()
        .iter()
        .filter_map(|rule| rule.alarm_mute_rule_arn());
    Ok(rules.next().map(|arn| name_in(arn).unwrap_or(arn).to_owned()))
}

/// The name in the ARN of a rule.
fn name_in(arn: &str) -> Option<&str> {
    arn.split_once(":alarm-mute-rule:").map(|(_, name)| name)
}

/// The names to look at. Mute rules are about alarms, so a stack without alarms has none, unless `destroy` was stopped after
/// the alarms.
pub(super) async fn names(aws: &Aws, none_wanted: bool) -> Result<Vec<String>> {
    let has_alarms = async || -> Result<bool> {
        let tagged = aws.tagged().await?;
        Ok(tagged.iter().any(|tagged| tagged.service() == "cloudwatch"))
    };
    if none_wanted && !aws.takes_ad_hoc && !has_alarms().await? {
        return Ok(Vec::new());
    }
    match list(aws).await {
        // A region, or an emulated AWS, may not know the call.
        Err(fault) if none_wanted && is_unknown(&fault, aws.connection.emulated) => Ok(Vec::new()),
        result => result,
    }
}

fn is_unknown(fault: &Fault, emulated: bool) -> bool {
    const UNKNOWN: [&str; 3] = ["UnknownOperationException", "UnknownOperation", "InvalidAction"];
    UNKNOWN.contains(&fault.code.as_str()) || emulated && !fault.denied()
}

/// The names of the region's rules that begin as the stack's do. AWS's index of tags is not known to have mute rules.
async fn list(aws: &Aws) -> Result<Vec<String>> {
    let list = aws
        .connection
        .clients
        .cloudwatch
        .list_alarm_mute_rules()
        .max_records(100);
    let rules = pages(async |token| {
        let request = list.clone().set_next_token(token);
        let page = aws
            .call("cloudwatch:ListAlarmMuteRules", || request.clone().send())
            .await?;
        Ok((
            page.alarm_mute_rule_summaries.unwrap_or_default(),
            page.next_token,
        ))
    });
    let prefix = format!("{}-", aws.stack);
    let named = |arn: &str| {
        let name = name_in(arn)?;
        name.starts_with(&prefix).then(|| name.to_owned())
    };
    let rules = rules.await?;
    Ok(rules
        .iter()
        .filter_map(|rule| named(rule.alarm_mute_rule_arn()?))
        .collect())
}

pub(super) async fn read(aws: &Aws, name: &str) -> Result<Option<Live>> {
    let request = aws.connection.clients.cloudwatch.get_alarm_mute_rule();
    let request = request.alarm_mute_rule_name(name);
    let arn = arn(name, aws).await?;
    let rule = async {
        found(
            aws.call("cloudwatch:GetAlarmMuteRule", || request.clone().send())
                .await,
        )
    };
    let tags = async {
        let request = aws
            .connection
            .clients
            .cloudwatch
            .list_tags_for_resource()
            .resource_arn(&arn);
        let answer = aws
            .call("cloudwatch:ListTagsForResource", || request.clone().send())
            .await;
        found(answer.map(|answer| discovery::cloudwatch_tags(answer.tags())))
    };
    let (rule, tags) = futures::try_join!(rule, tags)?;
    Ok(rule.map(|rule| live(name, arn.clone(), &rule, tags.unwrap_or_default())))
}

fn live(name: &str, arn: String, rule: &GetAlarmMuteRuleOutput, tags: Tags) -> Live {
    let schedule = rule.rule().and_then(|rule| rule.schedule());
    let time = |time: Option<&DateTime>| Timestamp::from_second(time?.secs()).ok();
    let duration = schedule
        .and_then(|schedule| schedule.duration())
        .unwrap_or_default();
    let timezone = schedule.and_then(|schedule| schedule.timezone());
    let targets = rule.mute_targets().map(|targets| targets.alarm_names().to_vec());
    Live {
        name: name.to_owned(),
        arn,
        description: rule.description().map(str::to_owned),
        expression: schedule
            .and_then(|schedule| schedule.expression())
            .unwrap_or_default()
            .to_owned(),
        duration: minutes(duration).map_or_else(|| duration.to_owned(), crate::duration::minutes_text),
        timezone: timezone.unwrap_or("UTC").to_owned(),
        alarms: in_order(targets.unwrap_or_default()),
        start: time(rule.start_date()),
        expire: time(rule.expire_date()),
        status: rule.status().map(|status| status.as_str().to_owned()),
        tags,
    }
}

/// The minutes of a length in ISO 8601, with days of 24 hours.
pub(super) fn minutes(iso: &str) -> Option<u64> {
    let span: Span = iso.starts_with('P').then(|| iso.parse().ok())??;
    let minutes = span
        .total((Unit::Minute, SpanRelativeTo::days_are_24_hours()))
        .ok()?;
    // At most 15 days, so the cast is exact.
    (minutes >= 0.0 && minutes.fract() == 0.0 && minutes < 1e9).then_some(minutes as u64)
}
