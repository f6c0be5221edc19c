//! `alertctl mute`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use alertctl_relay::mute::Schedule;
use alertctl_relay::{Announcement, ad_hoc_mute};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Found, announce, caller, delete_expired, found, listed, row};
use crate::blueprint::{self, alarms_by_region};
use crate::cli::MuteArgs;
use crate::commands::{App, Outcome};
use crate::output::Failure;
use crate::resource::cloudwatch::alarm_mute_rule::CloudwatchAlarmMuteRule;
use crate::resource::{NodeId, Resource as _, tags};
use crate::stack::{Length, Stack, nearest};

/// The most alarms of one rule.
const MOST: usize = 100;
/// Longest reason in characters: CloudWatch takes a description of 1,024, which also says who.
const MAX_WHY: usize = 800;

pub async fn run(app: &App, args: &MuteArgs) -> Outcome {
    let words = args.words();
    let loaded = app.load(&words.path).await?;
    let stack = &loaded.stack;
    let keys = chosen(stack, &words.names, args.all)?;
    let length = Length::try_from(args.length).map_err(|error| {
        Failure::new(
            error,
            "pass `--for` with whole minutes, hours or days, from 1m to 15d",
        )
    })?;
    let why = args.why.trim();
    if why.is_empty() || why.chars().count() > MAX_WHY || why.chars().any(char::is_control) {
        return Err(Failure::new(
            format!("the reason is not one line of 1 to {MAX_WHY} characters"),
            "pass `--why` with a few words for those who wonder why nothing comes",
        ));
    }
    let access = app.access_at_home(&stack.stack, stack.region.as_deref()).await?;
    let aws = &access.aws;
    delete_expired(aws, &mut found(aws, stack).await?).await?;

    let who = caller(aws).await?;
    let now = Timestamp::now();
    let begin = Timestamp::from_second(now.as_second().div_euclid(60) * 60).unwrap_or(now);
    let seconds = i64::try_from(length.seconds()).unwrap_or_default();
    let until = begin
        .checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(begin);
    let mark = format!("{}-{:04x}", begin.strftime("%Y%m%dt%H%M"), fastrand::u16(..));
    let mut made: Vec<Found> = Vec::new();
    let mut muted = Vec::new();
    for (region, alarms) in alarms_by_region(stack, &keys, &aws.connection.region) {
        let there = region.as_deref().map(|region| aws.at(region));
        for (part, alarms) in alarms.chunks(MOST).enumerate() {
            let key = match part {
                0 => mark.clone(),
                part => format!("{mark}-{}", part + 1),
            };
            let (name, key) = ad_hoc_mute(&stack.stack, &key, region.as_deref());
            let id = NodeId {
                kind: CloudwatchAlarmMuteRule::KIND,
                key,
            };
            let rule = CloudwatchAlarmMuteRule {
                name,
                description: Some(format!("{why} ({who})")),
                expression: Schedule::At(TimeZone::UTC.to_datetime(begin)).to_string(),
                minutes: length.minutes(),
                timezone: "UTC".to_owned(),
                alarms: alarms.to_vec(),
                // CloudWatch takes neither with `at(…)`, whose window ends by itself.
                start: None,
                expire: None,
                tags: tags::owned(&stack.stack, &id, &stack.tags),
            };
            if let Err(fault) = rule.put(there.as_deref().unwrap_or(aws)).await {
                if !made.is_empty() {
                    let made: Vec<_> = made.iter().map(|found| found.rule.name.as_str()).collect();
                    app.out.warn(&format!(
                        "some alarms are muted already: `alertctl unmute {}` ends that",
                        made.join(" ")
                    ));
                }
                return Err(fault.into());
            }
            muted.extend(alarms.iter().cloned());
            made.push(Found {
                region: region.clone(),
                rule: rule.expected(String::new()),
            });
        }
    }
    let rows: Vec<_> = made.iter().map(|found| row(stack, found, now)).collect();
    let settings = blueprint::settings(stack);
    let text = || {
        rows.iter()
            .map(|row| row.text(&settings))
            .collect::<Vec<_>>()
            .join("\n")
    };
    app.out.result(
        text,
        || json!({ "version": 1, "stack": stack.stack, "mutes": listed(&rows) }),
    )?;
    if !args.quiet {
        let announcement = Announcement {
            alarms: &muted,
            why,
            who: &who,
            until: Some(until),
        };
        let file = words.path.display().to_string();
        announce(&announcement, app, &access, stack, &file).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The keys of the alarms to mute.
fn chosen(stack: &Stack, names: &[String], all: bool) -> Result<BTreeSet<String>, Failure> {
    let known = stack.alarms_expanded();
    if known.is_empty() {
        return Err(Failure::new(
            "the stack file has no alarms",
            "`alertctl mute` mutes alarms; rules and topics are muted by `mute:` in the stack file",
        ));
    }
    if all != names.is_empty() {
        let what = match all {
            true => "`--all` mutes all alarms, so no alarm is named",
            false => "no alarm is named",
        };
        let keys = known.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(Failure::new(
            what,
            format!("name alarms or pass `--all`; the stack file has: {keys}"),
        ));
    }
    if all {
        return Ok(known.into_keys().collect());
    }
    for name in names {
        if !known.contains_key(name) && !stack.alarms.contains_key(name) {
            let keys = || known.keys().chain(stack.alarms.keys()).map(String::as_str);
            let meant = nearest(name, keys()).map(|near| format!("did you mean `{near}`? "));
            let all = known.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(Failure::new(
                format!("the stack file has no alarm `{name}`"),
                format!("{}it has: {all}", meant.unwrap_or_default()),
            ));
        }
    }
    Ok(stack.alarms_muted(names))
}
