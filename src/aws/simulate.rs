//! Asks IAM what an identity may do, without doing it.

use std::collections::BTreeSet;

use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, EvaluationResult, PolicyEvaluationDecisionType};
use futures::{StreamExt, TryStreamExt, stream};

use super::call::{Aws, pages};
use super::fault::{Fault, Result};

/// One question (one call): actions on resources, in one context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// An action and the ARN of its resource, or `*`.
    pub pairs: BTreeSet<(&'static str, String)>,
    /// AWS requires these actions but does not list them. If IAM does not know them, they are ignored.
    pub unlisted: bool,
    /// Condition keys with the values that a request would have.
    pub context: Vec<(&'static str, String)>,
}

/// The identity whose permissions are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The account's root user, whom no policy of the account restricts.
    Root,
    /// The ARN of a user or role.
    Identity(String),
}

/// Questions in flight at the same time. IAM allows few of them.
const SIDE_BY_SIDE: usize = 4;
/// Results on one page, the maximum that IAM allows:
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>.
pub const PAGE: usize = 1_000;

/// Condition keys with boolean values. All others have string values.
const BOOLEAN: [&str; 1] = ["kms:ReEncryptOnSameKey"];

/// The caller, as IAM knows it. For the session of a role, this is the role.
///
/// # Errors
/// For a session of an identity that IAM does not know, such as a federated user.
pub async fn caller(aws: &Aws) -> Result<Caller> {
    let arn = aws.caller().await?;
    let (place, resource) = arn.rsplit_once(':').unwrap_or_default();
    match resource.split('/').collect::<Vec<_>>().as_slice() {
        ["root"] => Ok(Caller::Root),
        ["user", ..] => Ok(Caller::Identity(arn.to_owned())),
        ["assumed-role", role, ..] => {
            let request = aws.connection.clients.iam.get_role().role_name(*role);
            let whole = match aws.call("iam:GetRole", || request.clone().send()).await {
                // The session's ARN does not contain the role's path. Most roles have none.
                Err(fault) if fault.denied() => None,
                result => result?.role.map(|role| role.arn),
            };
            let short = || format!("{}:role/{role}", place.replacen(":sts:", ":iam:", 1));
            Ok(Caller::Identity(whole.unwrap_or_else(short)))
        }
        _ => {
            let text = format!("`{arn}` is neither a user nor a role");
            Err(Fault::new("iam:SimulatePrincipalPolicy", "NoPrincipal", text)
                .hint("run the same command as a user, or with an assumed role"))
        }
    }
}

/// The pairs of action and resource that the identity may not use.
///
/// IAM evaluates the policies of the identity and its permissions boundary. Denials by the organization's service
/// control policies are ignored: for a long time their conditions were not evaluated, and IAM does not say which of
/// their keys were missing. A denial is also ignored if it may depend on values beyond the context, such as the
/// source address or a second factor. IAM lists such keys as `MissingContextValues`, whichever statement they are in,
/// and a real request may well have them
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html>). The keys in `conditions` are
/// different: a request has them exactly if its case lists them.
///
/// # Errors
/// If AWS does not answer, or does not let this caller ask.
pub async fn refused(
    aws: &Aws,
    identity: &str,
    cases: &[Case],
    conditions: &BTreeSet<&str>,
) -> Result<BTreeSet<(String, String)>> {
    let Some((first, others)) = cases.split_first() else {
        return Ok(BTreeSet::new());
    };
    // A caller who may not ask is refused only once, because somebody may be monitoring denials.
    let mut refused: BTreeSet<_> = ask(aws, identity, first, conditions).await?.into_iter().collect();
    let others: Vec<Vec<_>> = stream::iter(others)
        .map(|case| ask(aws, identity, case, conditions))
        .buffered(SIDE_BY_SIDE)
        .try_collect()
        .await?;
    refused.extend(others.into_iter().flatten());
    Ok(refused)
}

async fn ask(
    aws: &Aws,
    identity: &str,
    case: &Case,
    conditions: &BTreeSet<&str>,
) -> Result<Vec<(String, String)>> {
    let context = case.context.iter().map(|(key, value)| {
        ContextEntry::builder()
            .context_key_name(*key)
            .context_key_type(match BOOLEAN.contains(key) {
                true => ContextKeyTypeEnum::Boolean,
                false => ContextKeyTypeEnum::String,
            })
            .context_key_values(value)
            .build()
    });
    // IAM evaluates every action on every resource. This answers more than was asked, but takes only one call.
    let actions: BTreeSet<_> = case
        .pairs
        .iter()
        .map(|(action, _)| (*action).to_owned())
        .collect();
    let resources: BTreeSet<_> = case.pairs.iter().map(|(_, resource)| resource.clone()).collect();
    let request = aws.connection.clients.iam.simulate_principal_policy();
    let request = request
        .policy_source_arn(identity)
        .set_action_names(Some(actions.into_iter().collect()))
        .set_resource_arns(Some(resources.into_iter().collect()))
        .set_context_entries(Some(context.collect()))
        .max_items(i32::try_from(PAGE).unwrap_or(i32::MAX));
    let results = pages(async |marker| {
        let request = request.clone().set_marker(marker);
        let page = aws
            .call("iam:SimulatePrincipalPolicy", || request.clone().send())
            .await?;
        Ok((page.evaluation_results.unwrap_or_default(), page.marker))
    });
    let results = match results.await {
        Err(fault) if case.unlisted && fault.is(&["InvalidInput", "InvalidInputException"]) => Ok(Vec::new()),
        results => results,
    };
    let results = results.map_err(|fault| match fault.denied() {
        true => Fault { hint: None, ..fault }.hint(
            "this identity may not call `iam:SimulatePrincipalPolicy` on itself: compare its policies with \
             `alertctl policy --deployer` by hand",
        ),
        false => fault,
    })?;
    let answered = |key: &String| conditions.iter().any(|one| one.eq_ignore_ascii_case(key));
    let by_organization = |result: &EvaluationResult| {
        let detail = result.organizations_decision_detail();
        detail.is_some_and(|detail| !detail.allowed_by_organizations())
    };
    let mut refused = Vec::new();
    for result in results.iter().filter(|result| !by_organization(result)) {
        let mut record = |decision: &PolicyEvaluationDecisionType, missing: &[String], resource: &str| {
            let pair =
                |(action, on): &&(&str, String)| *action == result.eval_action_name() && on == resource;
            let asked = case.pairs.iter().find(pair);
            if *decision != PolicyEvaluationDecisionType::Allowed && missing.iter().all(answered) {
                refused.extend(asked.map(|(action, on)| ((*action).to_owned(), on.clone())));
            }
        };
        let each = result.resource_specific_results();
        if each.is_empty() {
            let resource = result.eval_resource_name().unwrap_or("*");
            record(result.eval_decision(), result.missing_context_values(), resource);
        }
        for one in each {
            record(
                one.eval_resource_decision(),
                one.missing_context_values(),
                one.eval_resource_name(),
            );
        }
    }
    Ok(refused)
}

#[cfg(test)]
mod tests;
