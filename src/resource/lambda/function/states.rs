//! Reads a function, and waits until Lambda has finished processing it.

use aws_sdk_lambda::types::{EnvironmentError, FunctionConfiguration, LastUpdateStatus, State};

use std::cmp::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::strtime;
use tokio::time::Instant;

use super::deployed::{Mark, Origin, RELAY_TAG};
use super::{Deployed, LambdaFunction, Live, READY, ROLE_ID_TAG, environment};
use crate::aws::fault::found;
use crate::aws::tags::STACK_TAG;
use crate::aws::{Aws, wait};
use crate::resource::{Fault, Health, Result, Tags, Verdict};

/// The settings are found in this many bytes at the end of a package. This is enough for hundreds of channels.
const SETTINGS_WITHIN: usize = 256 * 1024;

/// The names of the stack's functions, found by tag.
pub(in crate::resource) async fn listed(aws: &Aws) -> Result<Vec<&str>> {
    let mut names = aws.tagged_names("lambda", "function:").await?;
    names.retain(|name| !name.contains(':'));
    Ok(names)
}

/// Reads a function with its code's digest, tags and concurrency in one call.
pub(super) async fn read(aws: &Aws, name: &str, wanted: Option<&LambdaFunction>) -> Result<Option<Live>> {
    let lambda = &aws.connection.clients.lambda;
    let request = lambda.get_function().function_name(name);
    let Some(answer) = found(aws.call("lambda:GetFunction", || request.clone().send()).await)? else {
        return Ok(None);
    };
    if let Some(error) = answer.tags_error() {
        // Without its tags, our own function would look like somebody else's.
        let fault = Fault::new("lambda:ListTags", error.error_code(), error.message());
        return Err(fault.hint("the identity that runs alertctl needs `lambda:ListTags` on its functions"));
    }
    let mut tags: Tags = answer.tags().cloned().unwrap_or_default().into_iter().collect();
    let ours = aws.owns(&tags);
    let role_id = tags.remove(ROLE_ID_TAG);
    let mark = tags.remove(RELAY_TAG).and_then(|mark| Mark::parse(&mark));
    let Some(function) = answer.configuration() else {
        return Ok(None);
    };
    let environment = function.environment();
    if let Some(error) = environment.and_then(|environment| environment.error())
        && ours
        && wanted.is_some()
    {
        readable(name, error)?;
    }
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let code = wanted.map(|wanted| &wanted.code);
    let mut deployed = Deployed::new(text(function.code_sha256()), mark, code);
    if code.is_some_and(|code| deployed.has_other_settings(code))
        && let Some(url) = answer.code().and_then(|code| code.location())
        && let Some(package) = aws.connection.end_of(url, SETTINGS_WITHIN).await
    {
        deployed.read_settings(&package);
    }
    let wanted = wanted.map(|wanted| &wanted.environment);
    let variables = environment.and_then(|environment| environment.variables());
    let environment = variables.map(|variables| environment::read(variables, wanted));
    let concurrency = answer.concurrency();
    let log_group = function.logging_config().and_then(|logging| logging.log_group());
    Ok(Some(Live {
        name: name.to_owned(),
        arn: text(function.function_arn()),
        description: text(function.description()),
        role: text(function.role()),
        memory_mb: function.memory_size(),
        timeout_seconds: function.timeout(),
        code: deployed,
        architecture: text(function.architectures().first().map(|one| one.as_str())),
        runtime: text(function.runtime().map(|runtime| runtime.as_str())),
        handler: text(function.handler()),
        kms_key: function
            .kms_key_arn()
            .filter(|arn| !arn.is_empty())
            .map(str::to_owned),
        environment: environment.unwrap_or_default(),
        log_group: log_group.map_or_else(|| format!("/aws/lambda/{name}"), str::to_owned),
        layers: function.layers().iter().map(|layer| text(layer.arn())).collect(),
        last_modified: text(function.last_modified()),
        reserved_concurrency: concurrency.and_then(|one| one.reserved_concurrent_executions()),
        role_id,
        tags,
        busy: busy(function.state(), function.last_update_status()),
        broken: broken(function),
        stale: stale(function),
    }))
}

/// Lambda answers without the environment if it cannot decrypt it. If the key is disabled or pending deletion, this
/// plan may repair it, so only a denial is an error.
fn readable(name: &str, error: &EnvironmentError) -> Result<()> {
    let (code, text) = (
        error.error_code().unwrap_or_default(),
        error.message().unwrap_or_default(),
    );
    if !code.contains("AccessDenied") && !text.contains("AccessDenied") {
        return Ok(());
    }
    let text = format!("the environment of function `{name}` cannot be read: {text}");
    let fault = Fault::new("lambda:GetFunction", code, text);
    Err(fault.hint(
        "the identity that runs alertctl needs `kms:Decrypt` on the key of the function's environment; if \
         that key is gone for good, delete the function and run the same command again",
    ))
}

fn busy(state: Option<&State>, update: Option<&LastUpdateStatus>) -> bool {
    match state {
        Some(State::Pending | State::Deactivating | State::Deleting) => true,
        // It stays failed, whatever the status of the update.
        Some(State::Failed) => false,
        _ => update == Some(&LastUpdateStatus::InProgress),
    }
}

fn broken(function: &FunctionConfiguration) -> Option<String> {
    let reason = function.state_reason().unwrap_or("no reason given");
    match function.state() {
        Some(State::Failed) => Some(format!("failed: {reason}")),
        // A run that was interrupted while waiting deleted it.
        Some(State::Deleting) => Some("being deleted".to_owned()),
        _ => None,
    }
}

fn stale(function: &FunctionConfiguration) -> Option<String> {
    let reason = function.last_update_status_reason().unwrap_or("no reason given");
    (function.last_update_status() == Some(&LastUpdateStatus::Failed)).then(|| format!("failed: {reason}"))
}

/// A remark about the code of a function that the stack owns.
pub(super) fn remark(live: &Live) -> Option<String> {
    let ours = live.tags.contains_key(STACK_TAG);
    (ours && live.code.origin == Origin::Unknown).then(|| {
        "an earlier version of alertctl created it without recording what it uploaded: `apply` uploads the \
         code again"
            .to_owned()
    })
}

/// Warns if an older alertctl would replace a newer relay.
pub(super) fn caution(wanted: &LambdaFunction, live: &Live) -> Option<String> {
    let (Origin::Relay(runs) | Origin::ByHand(runs)) = &live.code.origin else {
        return None;
    };
    let ships = &wanted.code.relay;
    let older = ships.compare(runs) == Ordering::Less;
    older.then(|| {
        format!(
            "the function `{}` runs relay {}, this alertctl ships {}: an older relay would replace a newer \
             one. Use the alertctl that the stack was applied with, or a newer one",
            live.name, runs.version, ships.version
        )
    })
}

pub(super) fn health(live: &Live) -> Health {
    let (verdict, state, text) = match (&live.broken, live.busy, &live.stale) {
        (Some(reason), _, _) => (Verdict::Failed, "failed", reason.clone()),
        (None, true, _) => (
            Verdict::Waiting,
            "changing",
            "being created or updated".to_owned(),
        ),
        (None, false, Some(reason)) => (Verdict::Failed, "active", format!("last update {reason}")),
        (None, false, None) => match months(&live.last_modified, Timestamp::now()) {
            Some(months) if months >= OLD => (Verdict::Attention, "active", old(months)),
            _ => (Verdict::Healthy, "active", "active".to_owned()),
        },
    };
    let update = match (live.busy, &live.stale) {
        (true, _) => "in_progress",
        (false, Some(_)) => "failed",
        (false, None) => "successful",
    };
    Health::new(verdict, text)
        .with("function_state", state)
        .with("relay", live.code.relay().map(ToString::to_string))
        .with("last_update", update)
}

/// Months after which the certificates that a relay trusts are old. They are part of it: authorities come and go, and at
/// some time a service's certificate is of one that an old relay does not know.
const OLD: i64 = 12;

fn old(months: i64) -> String {
    format!(
        "active; it trusts the certificate authorities of {months} months ago or more: `apply` with a newer alertctl"
    )
}

/// How many months ago a function was last changed. Its relay is at least that old.
fn months(last_modified: &str, now: Timestamp) -> Option<i64> {
    let changed = strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", last_modified).ok()?;
    let since = now.duration_since(changed.to_timestamp().ok()?);
    Some(since.as_hours() / 24 / 30)
}

/// How long a function that was just created may be unknown to some of Lambda's servers.
const UNSEEN: Duration = Duration::from_secs(60);

/// Waits until Lambda has finished processing the function, successfully or not.
///
/// Uses `GetFunction`, for which AWS allows 100 calls per second. `GetFunctionConfiguration` shares a limit of 15 per
/// second with all calls that make changes.
pub(super) async fn rest(aws: &Aws, name: &str) -> Result<FunctionConfiguration> {
    let lambda = &aws.connection.clients.lambda;
    let what = format!("function `{name}`");
    let start = Instant::now();
    wait::until(READY, "lambda:GetFunction", &what, async || {
        let request = lambda.get_function().function_name(name);
        let answer = match aws.call("lambda:GetFunction", || request.clone().send()).await {
            // It was just created and is not visible everywhere yet.
            Err(fault) if fault.not_found() && start.elapsed() < UNSEEN => return Ok(None),
            result => result?,
        };
        let function = answer
            .configuration
            .unwrap_or_else(|| FunctionConfiguration::builder().build());
        Ok((!busy(function.state(), function.last_update_status())).then_some(function))
    })
    .await
}

/// Waits until the function is created or changed and can be invoked.
pub(super) async fn ready(aws: &Aws, name: &str) -> Result<()> {
    let function = rest(aws, name).await?;
    let reason = if function.state() == Some(&State::Failed) {
        function.state_reason()
    } else if function.last_update_status() == Some(&LastUpdateStatus::Failed) {
        function.last_update_status_reason()
    } else {
        return Ok(());
    };
    let reason = reason.unwrap_or("AWS gives no reason");
    let text = format!("Lambda could not create or update function `{name}`: {reason}");
    Err(Fault::new("lambda:GetFunction", "Failed", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_at_least_as_old_as_the_last_change() {
        let now: Timestamp = "2027-11-30T00:00:00Z".parse().unwrap();
        assert_eq!(months("2026-11-29T16:55:13.000+0000", now), Some(12));
        assert_eq!(months("2027-11-29T16:55:13.000+0000", now), Some(0));
        assert_eq!(months("", now), None);
        assert!(old(14).contains("14 months"));
    }
}
