//! `alertctl mutes`: what is muted, by the stack file and by hand; and what `mute` and `unmute` share.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use alertctl_relay::Announcement;
use alertctl_relay::mute::{self, Schedule};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::{Access, App, Outcome, addresses};
use crate::aws::{Aws, notify};
use crate::blueprint::{self, Names, Running, region_of};
use crate::cli::MutesArgs;
use crate::duration;
use crate::output::{Failure, MuteRow};
use crate::resource::cloudwatch::alarm_mute_rule::{self, Live};
use crate::stack::Stack;

mod mute_command;
mod unmute;

pub use mute_command::run as mute;
pub use unmute::run as unmute;

pub async fn run(app: &App, args: &MutesArgs) -> Outcome {
    let loaded = app.load(&args.file.path).await?;
    let stack = &loaded.stack;
    let access = app.access_at_home(&stack.stack, stack.region.as_deref()).await?;
    let rules = found(&access.aws, stack).await?;
    let rows = rows(stack, &rules, Timestamp::now());
    let settings = blueprint::settings(stack);
    let text = || match rows.is_empty() {
        true => "nothing is muted, and nothing will be".to_owned(),
        false => rows
            .iter()
            .map(|row| row.text(&settings))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    app.out.result(
        text,
        || json!({ "version": 1, "stack": stack.stack, "mutes": listed(&rows) }),
    )?;
    Ok(ExitCode::SUCCESS)
}

/// The mutes whose window is open, for `status`. That the rules cannot be read is a warning.
pub(super) async fn active(app: &App, aws: &Aws, stack: &Stack) -> Result<Vec<MuteRow>, Failure> {
    let rules = match stack.alarms.is_empty() {
        true => Vec::new(),
        false => found(aws, stack).await.unwrap_or_else(|failure| {
            let why = match &failure {
                Failure::Problems(problems) => problems.first().map(|problem| problem.message.as_str()),
                _ => None,
            };
            app.out.warn(&format!(
                "what is muted could not be read: {}",
                why.unwrap_or_default()
            ));
            Vec::new()
        }),
    };
    let mut rows = rows(stack, &rules, Timestamp::now());
    rows.retain(MuteRow::is_active);
    Ok(rows)
}

fn listed(rows: &[MuteRow]) -> Vec<serde_json::Value> {
    rows.iter().map(MuteRow::json).collect()
}

/// A mute rule in the account, and its region if that is not the stack's own.
pub(super) struct Found {
    pub region: Option<String>,
    pub rule: Live,
}

impl Found {
    /// Deletes the rule.
    async fn delete_from(&self, aws: &Aws) -> Result<(), Failure> {
        let there = self.region.as_deref().map(|region| aws.at(region));
        let aws = there.as_deref().unwrap_or(aws);
        Ok(alarm_mute_rule::delete(aws, &self.rule.name).await?)
    }
}

/// The mute rules of the stack, in all regions where it has alarms.
pub(super) async fn found(aws: &Aws, stack: &Stack) -> Result<Vec<Found>, Failure> {
    let home = aws.connection.region.as_str();
    let alarms = stack.alarms_expanded();
    let regions = alarms
        .values()
        .map(|alarm| region_of(alarm, home).map(str::to_owned));
    let regions: BTreeSet<_> = regions.chain([None]).collect();
    let mut found = Vec::new();
    for region in regions {
        let there = region.as_deref().map(|region| aws.at(region));
        let mut rules = alarm_mute_rule::of_stack(there.as_deref().unwrap_or(aws)).await?;
        rules.sort_by(|one, other| one.name.cmp(&other.name));
        let region = &region;
        found.extend(rules.into_iter().map(|rule| Found {
            region: region.clone(),
            rule,
        }));
    }
    Ok(found)
}

/// What is muted: the alarm mute rules of the account, and the mutes of the stack file that have no such rule.
pub(super) fn rows(stack: &Stack, rules: &[Found], now: Timestamp) -> Vec<MuteRow> {
    let mut rows: Vec<_> = rules.iter().map(|found| row(stack, found, now)).collect();
    let windows = blueprint::settings(stack).mutes;
    for (key, mute) in &stack.mute {
        let name = stack.default_name(key);
        if rules
            .iter()
            .any(|found| found.rule.name == name && !found.rule.is_ad_hoc())
        {
            continue;
        }
        let window = windows.get(key);
        let state = match window {
            _ if !mute.alarms.is_empty() => "missing",
            Some(window) => state_of(window, now),
            None => "scheduled",
        };
        rows.push(MuteRow {
            name: key.clone(),
            region: None,
            ad_hoc: false,
            state: state.to_owned(),
            until: window.and_then(|window| window.open_until(now)),
            schedule: blueprint::window(stack, mute).schedule.to_string(),
            duration: duration::minutes_text(mute.duration.minutes()),
            timezone: mute.timezone.clone().unwrap_or_else(|| stack.timezone.clone()),
            alarms: mute.alarms.clone(),
            rules: mute.rules.clone(),
            why: mute.why.clone(),
        });
    }
    rows
}

fn row(stack: &Stack, Found { region, rule }: &Found, now: Timestamp) -> MuteRow {
    let names = Names::of(stack);
    let alarms = stack.alarms_expanded();
    let keys: BTreeMap<_, _> = alarms
        .iter()
        .map(|(key, alarm)| (names.alarm(key, alarm), key))
        .collect();
    let key = |name: &String| keys.get(name).map_or(name, |key| *key).clone();
    let of_file = stack
        .mute
        .iter()
        .find(|(key, _)| stack.default_name(key) == rule.name);
    let of_file = of_file.filter(|_| !rule.is_ad_hoc());
    let window = window(rule);
    let state = match (&rule.status, &window) {
        (_, Some(window)) if window.is_over(now) => "expired".to_owned(),
        (Some(status), _) => status.to_lowercase(),
        (None, Some(window)) => state_of(window, now).to_owned(),
        (None, None) => "scheduled".to_owned(),
    };
    MuteRow {
        name: rule.name.clone(),
        region: region.clone(),
        ad_hoc: rule.is_ad_hoc(),
        until: window
            .and_then(|window| window.open_until(now))
            .filter(|_| state == "active"),
        state,
        schedule: rule.expression.clone(),
        duration: rule.duration.clone(),
        timezone: rule.timezone.clone(),
        alarms: rule.alarms.iter().map(key).collect(),
        rules: of_file.map(|(_, mute)| mute.rules.clone()).unwrap_or_default(),
        why: rule.description.clone(),
    }
}

/// The windows of a rule, if alertctl understands its schedule.
fn window(rule: &Live) -> Option<mute::Mute> {
    Some(mute::Mute {
        schedule: Schedule::parse(&rule.expression)?,
        seconds: duration::parse(&rule.duration).ok()?.as_secs(),
        timezone: TimeZone::get(&rule.timezone).ok()?,
        from: rule.start,
        until: rule.expire,
        rules: Vec::new(),
        topics: Vec::new(),
    })
}

fn state_of(window: &mute::Mute, now: Timestamp) -> &'static str {
    match (window.is_open(now), window.is_over(now)) {
        (true, _) => "active",
        (false, true) => "expired",
        (false, false) => "scheduled",
    }
}

/// Who makes the calls: the user, or the session of a role.
async fn caller(aws: &Aws) -> Result<String, Failure> {
    let arn = aws.caller().await?;
    let name = arn.rsplit(['/', ':']).next().unwrap_or(arn);
    Ok(name.to_owned())
}

/// Deletes the rules of `alertctl mute` that never mute again.
async fn delete_expired(aws: &Aws, rules: &mut Vec<Found>) -> Result<(), Failure> {
    let now = Timestamp::now();
    // CloudWatch documents `EXPIRED` for rules with an end, and not for a single window that is over.
    let is_over = |rule: &Live| rule.is_expired() || window(rule).is_some_and(|window| window.is_over(now));
    let is_past = |found: &Found| found.rule.is_ad_hoc() && is_over(&found.rule);
    for found in rules.iter().filter(|found| is_past(found)) {
        found.delete_from(aws).await?;
    }
    rules.retain(|found| !is_past(found));
    Ok(())
}

/// Publishes it to every topic that one of the alarms notifies. What cannot be told is a warning: the rest is done.
async fn announce(
    announcement: &Announcement<'_>,
    app: &App,
    access: &Access,
    stack: &Stack,
    file: &str,
) -> Result<(), Failure> {
    let names = Names::of(stack);
    let muted = stack.alarms_expanded().into_iter();
    let muted = muted.filter(|(key, alarm)| announcement.alarms.contains(&names.alarm(key, alarm)));
    let topics: BTreeSet<_> = muted
        .flat_map(|(_, alarm)| alarm.actions().map(|(_, names)| names).concat())
        .filter(|name| stack.topics.contains_key(name))
        .collect();
    if topics.is_empty() {
        return Ok(());
    }
    if access.local.is_some() {
        let running = Running::of(stack, access.home(stack).await?);
        let apply = app.again(["apply".to_owned(), file.to_owned()]);
        addresses::refuse_armed(&access.aws, &running.functions, &apply).await?;
    }
    let sns_text = announcement.sns_text(&blueprint::settings(stack));
    let scope = access.aws.scope().await?;
    for key in topics {
        let arn = names.topic_arn(&key).fill_computed(scope).unwrap_or_default();
        let told = notify::publish(&access.aws, &arn, Some(&sns_text.subject), &sns_text.text, &[]);
        if let Err(fault) = told.await {
            app.out.warn(&format!("topic `{key}` is not told of it: {fault}"));
        }
    }
    Ok(())
}
