//! Targets as EventBridge's types, and answers that report success but list refused targets.

use aws_sdk_eventbridge::types as sdk;

use super::{Input, Live, RETRY_AGE_SECONDS, RETRY_ATTEMPTS, Target, unless};
use crate::aws::Aws;
use crate::aws::call::pages;
use crate::aws::fault::{Fault, Result, found, gone};
use crate::aws::retry;
use crate::resource::eventbridge::explained;

/// The number of targets that one call accepts.
const BATCH: usize = 10;

/// The targets of a rule. `None` if there are none, or no such rule.
pub(super) async fn read(aws: &Aws, bus: &str, rule: &str) -> Result<Option<Live>> {
    let targets = pages(async |token| {
        let request = aws.connection.clients.events.list_targets_by_rule();
        let request = request.rule(rule).event_bus_name(bus).set_next_token(token);
        let page = aws
            .call("events:ListTargetsByRule", || request.clone().send())
            .await?;
        Ok((page.targets.unwrap_or_default(), page.next_token))
    });
    let Some(targets) = found(targets.await)? else {
        return Ok(None);
    };
    let altered = targets.iter().filter(|target| is_altered(target));
    let live = Live {
        rule_name: rule.to_owned(),
        bus_name: bus.to_owned(),
        altered: altered.map(|target| target.id().to_owned()).collect(),
        targets: targets.iter().map(parse).collect(),
    };
    Ok((!live.targets.is_empty()).then_some(live))
}

/// Puts targets of `rule`. Each target is written as a whole.
pub(super) async fn put(aws: &Aws, rule: &Live, targets: &[Target<String>]) -> Result<()> {
    let targets = targets
        .iter()
        .map(to_sdk)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Fault::new("events:PutTargets", "InvalidTarget", error.to_string()))?;
    for batch in targets.chunks(BATCH) {
        let request = aws.connection.clients.events.put_targets();
        let request = request.rule(&rule.rule_name).event_bus_name(&rule.bus_name);
        let request = request.set_targets(Some(batch.to_vec()));
        let put = aws.patiently(async || {
            let answer = aws.attempt("events:PutTargets", request.clone().send()).await?;
            let refused = answer.failed_entries().iter().map(|entry| Refused {
                id: entry.target_id(),
                code: entry.error_code(),
                message: entry.error_message(),
            });
            all_taken("events:PutTargets", answer.failed_entry_count(), refused)
        });
        put.await.map_err(explained)?;
    }
    Ok(())
}

/// Removes the targets of `rule` with these ids. It is no failure if some are already gone.
pub(super) async fn remove(aws: &Aws, rule: &Live, ids: &[&str]) -> Result<()> {
    for batch in ids.chunks(BATCH) {
        let ids: Vec<_> = batch.iter().map(|id| (*id).to_owned()).collect();
        let request = aws.connection.clients.events.remove_targets();
        let request = request.rule(&rule.rule_name).event_bus_name(&rule.bus_name);
        let request = request.set_ids(Some(ids));
        let removed = aws.patiently(async || {
            let answer = aws
                .attempt("events:RemoveTargets", request.clone().send())
                .await?;
            let refused = answer.failed_entries().iter().map(|entry| Refused {
                id: entry.target_id(),
                code: entry.error_code(),
                message: entry.error_message(),
            });
            all_taken("events:RemoveTargets", answer.failed_entry_count(), refused)
        });
        gone(removed.await).map_err(explained)?;
    }
    Ok(())
}

/// A target that was refused, according to an answer.
pub(super) struct Refused<'a> {
    id: Option<&'a str>,
    code: Option<&'a str>,
    message: Option<&'a str>,
}

/// Both calls report success even if they refused some or all targets.
pub(super) fn all_taken<'a>(
    action: &'static str,
    count: i32,
    refused: impl Iterator<Item = Refused<'a>>,
) -> Result<()> {
    let refused: Vec<_> = refused.collect();
    if count == 0 && refused.is_empty() {
        return Ok(());
    }
    // Permanent refusals are reported before temporary ones.
    let weight = |refused: &&Refused<'_>| retry::may_pass(&refused.fault(action));
    let code = refused.iter().min_by_key(weight).and_then(|worst| worst.code);
    let messages: Vec<_> = refused.iter().map(|one| one.fault(action).message).collect();
    let message = match messages.is_empty() {
        true => format!("{count} targets were refused without a reason"),
        false => messages.join("; "),
    };
    Err(Fault::new(action, code.unwrap_or("FailedEntry"), message))
}

impl Refused<'_> {
    fn fault(&self, action: &'static str) -> Fault {
        let (id, code) = (self.id.unwrap_or("?"), self.code.unwrap_or("FailedEntry"));
        let text = format!("target `{id}`: {}", self.message.unwrap_or(code));
        Fault::new(action, code, text)
    }
}

fn parse(target: &sdk::Target) -> Target<String> {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let transformer = |transformer: &sdk::InputTransformer| Input::Transformer {
        paths: transformer
            .input_paths_map()
            .into_iter()
            .flatten()
            .map(|(key, path)| (key.clone(), path.clone()))
            .collect(),
        template: transformer.input_template().to_owned(),
    };
    let retry = target.retry_policy();
    Target {
        id: target.id().to_owned(),
        arn: target.arn().to_owned(),
        role_arn: text(target.role_arn()),
        input: text(target.input())
            .map(Input::Constant)
            .or_else(|| text(target.input_path()).map(Input::Path))
            .or_else(|| target.input_transformer().map(transformer)),
        dead_letter_queue: text(target.dead_letter_config().and_then(|config| config.arn())),
        retry_attempts: unless(
            RETRY_ATTEMPTS,
            retry.and_then(|retry| retry.maximum_retry_attempts()),
        ),
        retry_age_seconds: unless(
            RETRY_AGE_SECONDS,
            retry.and_then(|retry| retry.maximum_event_age_in_seconds()),
        ),
    }
}

/// True if the target has settings other than those of [`Target`], such as a queue's message group.
fn is_altered(target: &sdk::Target) -> bool {
    let mut rest = target.clone();
    rest.role_arn = None;
    rest.input = None;
    rest.input_path = None;
    rest.input_transformer = None;
    rest.dead_letter_config = None;
    rest.retry_policy = None;
    let bare = sdk::Target::builder().id(target.id()).arn(target.arn()).build();
    bare.is_ok_and(|bare| bare != rest)
}

fn to_sdk(target: &Target<String>) -> Result<sdk::Target, impl std::error::Error + use<>> {
    let Target {
        id,
        arn,
        role_arn,
        input,
        dead_letter_queue,
        retry_attempts,
        retry_age_seconds,
    } = target;
    let retry = (retry_attempts.is_some() || retry_age_seconds.is_some()).then(|| {
        sdk::RetryPolicy::builder()
            .maximum_retry_attempts(retry_attempts.unwrap_or(RETRY_ATTEMPTS))
            .maximum_event_age_in_seconds(retry_age_seconds.unwrap_or(RETRY_AGE_SECONDS))
            .build()
    });
    let dead_letters = dead_letter_queue
        .as_ref()
        .map(|arn| sdk::DeadLetterConfig::builder().arn(arn).build());
    let built = sdk::Target::builder()
        .id(id)
        .arn(arn)
        .set_role_arn(role_arn.clone())
        .set_dead_letter_config(dead_letters)
        .set_retry_policy(retry);
    match input {
        None => built,
        Some(Input::Constant(json)) => built.input(json),
        Some(Input::Path(path)) => built.input_path(path),
        Some(Input::Transformer { paths, template }) => {
            // The paths are left out if the template uses only EventBridge's predefined variables.
            let paths = (!paths.is_empty()).then(|| paths.clone().into_iter().collect());
            let transformer = sdk::InputTransformer::builder()
                .set_input_paths_map(paths)
                .input_template(template)
                .build()?;
            built.input_transformer(transformer)
        }
    }
    .build()
}
