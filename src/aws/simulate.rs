//! Asks IAM what an identity may do, without doing it.

use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, PolicyEvaluationDecisionType};
use futures::{StreamExt, TryStreamExt, stream};

use super::call::Aws;
use super::fault::{Fault, Result};

/// Actions, each on each of the resources, in one context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub actions: Vec<&'static str>,
    pub resources: Vec<String>,
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
            let send = aws.connection.clients.iam.get_role().role_name(*role).send();
            let whole = match aws.call("iam:GetRole", send).await {
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
                .hint("run the same command as a user, or in the session of a role"))
        }
    }
}

/// Which of these the identity may not do: action and resource.
pub async fn refused(aws: &Aws, identity: &str, cases: &[Case]) -> Result<Vec<(String, String)>> {
    let refused: Vec<Vec<_>> = stream::iter(cases)
        .map(|case| ask(aws, identity, case))
        .buffered(SIDE_BY_SIDE)
        .try_collect()
        .await?;
    Ok(refused.into_iter().flatten().collect())
}

async fn ask(aws: &Aws, identity: &str, case: &Case) -> Result<Vec<(String, String)>> {
    let context = case.context.iter().map(|(key, value)| {
        ContextEntry::builder()
            .context_key_name(*key)
            .context_key_type(ContextKeyTypeEnum::String)
            .context_key_values(value)
            .build()
    });
    let pages = aws.connection.clients.iam.simulate_principal_policy();
    let pages = pages
        .policy_source_arn(identity)
        .set_action_names(Some(
            case.actions.iter().map(|action| (*action).to_owned()).collect(),
        ))
        .set_resource_arns(Some(case.resources.clone()))
        .set_context_entries(Some(context.collect()))
        .into_paginator();
    let results = pages.items().send().collect::<Result<Vec<_>, _>>();
    let results = aws.call("iam:SimulatePrincipalPolicy", results).await;
    let results = results.map_err(|fault| match fault.denied() {
        true => Fault { hint: None, ..fault }.hint(
            "only who has `iam:SimulatePrincipalPolicy` on itself may ask: compare `alertctl policy --deployer` \
             with its policies by eye",
        ),
        false => fault,
    })?;
    let allowed =
        |decision: &PolicyEvaluationDecisionType| *decision == PolicyEvaluationDecisionType::Allowed;
    let mut refused = Vec::new();
    for result in results {
        let action = result.eval_action_name();
        let each = result.resource_specific_results();
        if each.is_empty() && !allowed(result.eval_decision()) {
            let resource = result.eval_resource_name().unwrap_or("*");
            refused.push((action.to_owned(), resource.to_owned()));
        }
        let each = each.iter().filter(|one| !allowed(one.eval_resource_decision()));
        refused.extend(each.map(|one| (action.to_owned(), one.eval_resource_name().to_owned())));
    }
    Ok(refused)
}

#[cfg(test)]
#[path = "tests/simulate.rs"]
mod tests;
