//! Asks IAM what an identity may do, without doing it.

use std::collections::BTreeSet;

use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, EvaluationResult, PolicyEvaluationDecisionType};
use futures::{StreamExt, TryStreamExt, stream};

use super::call::{Aws, pages};
use super::fault::{Fault, Result};

/// What is asked with one call: actions on resources, in one context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// An action and the ARN of what it is done to, or `*`.
    pub pairs: BTreeSet<(&'static str, String)>,
    /// AWS asks for these actions and does not list them: where IAM does not know them, nothing is said of them.
    pub unlisted: bool,
    /// Keys of conditions and the values that a request would have.
    pub context: Vec<(&'static str, String)>,
}

/// Whose permissions to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The account's root user, whom no policy of its account bounds.
    Root,
    /// The ARN of a user or role.
    Identity(String),
}

/// Questions under way at once: IAM takes few of them.
const SIDE_BY_SIDE: usize = 4;
/// Results on one page, the most that IAM gives:
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>.
pub const PAGE: usize = 1_000;

/// Keys whose values are true or false; those of the others are texts.
const BOOLEAN: [&str; 1] = ["kms:ReEncryptOnSameKey"];

/// Who runs this, as IAM knows them: of a role's session the role.
///
/// # Errors
/// For the session of somebody whom IAM does not know, such as a federated user.
pub async fn caller(aws: &Aws) -> Result<Caller> {
    let arn = aws.caller().await?;
    let (place, resource) = arn.rsplit_once(':').unwrap_or_default();
    match resource.split('/').collect::<Vec<_>>().as_slice() {
        ["root"] => Ok(Caller::Root),
        ["user", ..] => Ok(Caller::Identity(arn.to_owned())),
        ["assumed-role", role, ..] => {
            let request = aws.connection.clients.iam.get_role().role_name(*role);
            let whole = match aws.call("iam:GetRole", || request.clone().send()).await {
                // The session's ARN does not say the role's path: most have none.
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

/// Which of these the identity may not do: action and resource.
///
/// IAM judges by the policies of the identity and its permissions boundary. What the organization's service control
/// policies refuse is left out: their conditions were long not evaluated, and of their keys IAM does not tell which it
/// missed. Neither counts a refusal that may hang on what a request would say beyond the context, such as its source
/// address or a second factor: IAM lists such keys as `MissingContextValues`, whichever statement they stand in, and
/// who makes the request may well have them
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html>). Those in `conditions` a request
/// has just where its case says so.
///
/// # Errors
/// When AWS does not answer, or not this caller.
pub async fn refused(
    aws: &Aws,
    identity: &str,
    cases: &[Case],
    conditions: &BTreeSet<&str>,
) -> Result<BTreeSet<(String, String)>> {
    let Some((first, others)) = cases.split_first() else {
        return Ok(BTreeSet::new());
    };
    // Who may not ask is refused once: somebody may be watching for refusals.
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
    // Every action is judged on every resource: more than is asked for, with one call.
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
        let mut told = |decision: &PolicyEvaluationDecisionType, missing: &[String], resource: &str| {
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
            told(result.eval_decision(), result.missing_context_values(), resource);
        }
        for one in each {
            told(
                one.eval_resource_decision(),
                one.missing_context_values(),
                one.eval_resource_name(),
            );
        }
    }
    Ok(refused)
}

#[cfg(test)]
#[path = "tests/simulate.rs"]
mod tests;
