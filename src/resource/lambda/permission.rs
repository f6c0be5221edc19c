//! One statement of a function's resource policy: it lets a service invoke the function for one source.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::aws::concurrently;
use crate::aws::fault::{found, gone};
use crate::aws::secret::fingerprint;
use crate::aws::wait;
use crate::resource::access::{Access, FUNCTION};
use crate::resource::lambda::function::{self, LambdaFunction};
use crate::resource::{
    About, Aws, Changes, Context, Fields, Handling, Known, NodeId, Observed, Output, Presence, Ref, Resource,
    Result, Text, Wanted,
};

mod template;

/// The desired permission for `lambda:InvokeFunction`, for sources in this account.
///
/// Only the source's ARN may name the account. If the statement also has a condition on `AWS:SourceAccount`,
/// EventBridge cannot invoke the function, and reports this to nobody
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html>, "The rule matched, but the
/// function was not invoked"). AWS asks for that condition only for sources whose ARNs contain no account, such as
/// buckets.
#[derive(Debug, Clone)]
pub struct LambdaPermission {
    pub function: Ref<LambdaFunction>,
    /// Starts with [`PREFIX`]. alertctl manages statements with this prefix and leaves all others alone.
    pub statement_id: String,
    /// A service, such as `sns.amazonaws.com`.
    pub principal: &'static str,
    /// Without it, any account could make the service invoke the function.
    pub source_arn: Text,
}

/// The prefix of the ids of our statements.
pub const PREFIX: &str = "alertctl-";

/// A permission as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    function_name: String,
    statement_id: String,
    principal: String,
    action: String,
    /// By condition key, in lower case.
    conditions: BTreeMap<String, String>,
}

const ACTION: &str = "lambda:InvokeFunction";
/// Lambda's error code for a policy that has no room for another statement.
const FULL: &str = "PolicyLengthExceededException";
const SOURCE_ARN: &str = "aws:sourcearn";
const SOURCE_ACCOUNT: &str = "aws:sourceaccount";

impl Resource for LambdaPermission {
    const KIND: &'static str = "lambda-permission";
    const HANDLING: Handling = Handling {
        // Sources that are still subscribed or targeted would be refused, and their messages lost. The function need
        // not wait for this deletion, because its policy is deleted with it.
        deleted_after: &["sns-subscription", "eventbridge-targets"],
        // A stand-in statement left by an interrupted run is deleted only once the real one exists.
        deleted_after_changes_of: &["lambda-permission"],
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(&["lambda:GetPolicy"], &[FUNCTION]),
        Access::write(&["lambda:AddPermission"], &[FUNCTION]),
        Access::change(&["lambda:RemovePermission"], &[FUNCTION]),
        Access::delete(&["lambda:RemovePermission"], &[FUNCTION]),
    ];
    type Live = Live;

    fn parent(&self) -> Option<NodeId> {
        Some(self.function.id().clone())
    }

    fn name(&self) -> String {
        named(self.function.name(), &self.statement_id)
    }

    fn subject(&self) -> String {
        self.function.name().to_owned()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let functions: BTreeSet<_> = wanted
            .iter()
            .map(|wanted| wanted.desired.function.name())
            .collect();
        let (policies, listed) =
            futures::try_join!(read_all(aws, functions.iter().copied()), function::listed(aws))?;
        let left = listed.into_iter().filter(|name| !functions.contains(name));
        let mut statements = read_all(aws, left).await?;
        statements.extend(policies);
        let presence = |wanted: &Wanted<'_, Self>| {
            let at = statements.iter().position(|live| wanted.desired.is(live));
            at.map_or(Presence::Absent, |at| Presence::Ours(statements[at].clone()))
        };
        let unwanted = |live: &&Live| {
            live.statement_id.starts_with(PREFIX) && !wanted.iter().any(|wanted| wanted.desired.is(live))
        };
        let orphan = |live: &Live| {
            let (kind, key) = (Self::KIND, Self::live_name(live));
            (NodeId { kind, key }, live.clone())
        };
        Ok(Observed {
            wanted: wanted.iter().map(presence).collect(),
            orphans: statements.iter().filter(unwanted).map(orphan).collect(),
        })
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            function,
            statement_id,
            principal,
            source_arn,
        } = self;
        Fields::default()
            .set("function", function.name())
            .set("statement_id", statement_id.as_str())
            .set("principal", *principal)
            .set("action", ACTION)
            .text("source_arn", source_arn, known)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            function_name,
            statement_id,
            principal,
            action,
            conditions,
        } = live;
        let fields = Fields::default()
            .set("function", function_name.as_str())
            .set("statement_id", statement_id.as_str())
            .set("principal", principal.as_str())
            .set("action", action.as_str());
        conditions
            .iter()
            .fold(fields, |fields, (key, value)| match key.as_str() {
                SOURCE_ARN => fields.set("source_arn", value.as_str()),
                SOURCE_ACCOUNT => fields.set("source_account", value.as_str()),
                other => fields.set(format!("condition.{other}"), value.as_str()),
            })
    }

    fn live_name(live: &Live) -> String {
        named(&live.function_name, &live.statement_id)
    }

    fn output(_live: &Live) -> Output {
        Output::default()
    }

    fn about(live: &Live) -> About {
        About {
            lives_in: Some((LambdaFunction::KIND, live.function_name.clone())),
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let live = self.expected(cx)?;
        let _turn = turn(cx.aws, &live).await;
        add(cx.aws, &live).await?;
        Ok(live)
    }

    async fn update(&self, _live: Live, _changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        let live = self.expected(cx)?;
        let _turn = turn(cx.aws, &live).await;
        // No call changes a statement, and while it is missing Lambda refuses invocations. So a statement with
        // another id stands in for it until it is re-created.
        let stand_in = live.stand_in();
        let stands_in = match add(cx.aws, &stand_in).await {
            // There is no room for both, so for a moment there is no statement.
            Err(fault) if fault.is(&[FULL]) => false,
            result => result.map(|()| true)?,
        };
        remove(cx.aws, &live).await?;
        add(cx.aws, &live).await?;
        if stands_in {
            remove(cx.aws, &stand_in).await?;
        }
        Ok(live)
    }

    /// If two changes of one policy run concurrently, Lambda reports success for both but keeps only one. Our own
    /// changes run one after the other, but another process may interfere. So this looks for the statement, and adds
    /// it again if it is lost.
    async fn settle(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        let added = Cell::new(Instant::now());
        let what = format!("permission `{}`", Self::live_name(live));
        wait::until(wait::LAMBDA, "lambda:GetPolicy", &what, async || {
            let statements = read(cx.aws, &live.function_name).await?;
            // Compares only the id, because AWS may return the statement in another form than it was sent.
            let there = |one: &Live| one.statement_id == live.statement_id;
            if statements.iter().any(there) {
                return Ok(Some(()));
            }
            if added.get().elapsed() > LOST {
                let _turn = turn(cx.aws, live).await;
                add(cx.aws, live).await?;
                added.set(Instant::now());
            }
            Ok(None)
        })
        .await
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let _turn = turn(cx.aws, &live).await;
        remove(cx.aws, &live).await
    }
}

/// How long a statement may take to become visible before it counts as lost.
const LOST: Duration = Duration::from_secs(15);

impl LambdaPermission {
    fn is(&self, live: &Live) -> bool {
        live.function_name == self.function.name() && live.statement_id == self.statement_id
    }

    fn expected(&self, cx: &Context<'_>) -> Result<Live> {
        let conditions = [(SOURCE_ARN.to_owned(), cx.text(&self.source_arn)?)];
        Ok(Live {
            function_name: self.function.name().to_owned(),
            statement_id: self.statement_id.clone(),
            principal: self.principal.to_owned(),
            action: ACTION.to_owned(),
            conditions: conditions.into(),
        })
    }
}

impl Live {
    /// The same statement under another id, which is used while the real one does not exist.
    fn stand_in(&self) -> Self {
        Self {
            statement_id: format!("{PREFIX}stand-in-{}", fingerprint(&self.statement_id)),
            ..self.clone()
        }
    }
}

fn named(function: &str, statement_id: &str) -> String {
    format!("{function}/{statement_id}")
}

/// Changes of one function's policy must run one after the other.
async fn turn(aws: &Aws, live: &Live) -> tokio::sync::OwnedMutexGuard<()> {
    aws.exclusive(&format!("lambda/{}", live.function_name)).await
}

async fn add(aws: &Aws, live: &Live) -> Result<()> {
    match send_add(aws, live).await {
        // The answer was lost, or a statement with this id was created meanwhile. Ids with our prefix are ours.
        Err(fault) if fault.says("ResourceConflictException", "already exists") => {
            if read(aws, &live.function_name).await?.contains(live) {
                return Ok(());
            }
            remove(aws, live).await?;
            send_add(aws, live).await
        }
        result => result,
    }
}

async fn send_add(aws: &Aws, live: &Live) -> Result<()> {
    let request = aws.connection.clients.lambda.add_permission();
    let request = request
        .function_name(&live.function_name)
        .statement_id(&live.statement_id)
        .action(&live.action)
        .principal(&live.principal)
        .set_source_arn(live.conditions.get(SOURCE_ARN).cloned());
    let added = aws.call("lambda:AddPermission", || request.clone().send());
    added.await.map(drop).map_err(|fault| match fault.is(&[FULL]) {
        true => fault.hint(
            "a function's policy holds 20 KB: fewer topics or rules for one function, or remove statements \
             that others added to it",
        ),
        false => fault,
    })
}

async fn remove(aws: &Aws, live: &Live) -> Result<()> {
    let request = aws.connection.clients.lambda.remove_permission();
    let request = request
        .function_name(&live.function_name)
        .statement_id(&live.statement_id);
    gone(
        aws.call("lambda:RemovePermission", || request.clone().send())
            .await,
    )
}

/// The ARNs of the topics that the stack's functions let invoke them.
pub(in crate::resource) async fn topics(aws: &Aws) -> Result<BTreeSet<String>> {
    let functions = function::listed(aws).await?.into_iter();
    let ours = |live: Live| {
        let arn = live.conditions.get(SOURCE_ARN).cloned();
        arn.filter(|_| live.statement_id.starts_with(PREFIX) && live.principal == TOPICS)
    };
    let statements = read_all(aws, functions).await?.into_iter();
    Ok(statements.filter_map(ours).collect())
}

/// SNS, as a principal.
const TOPICS: &str = "sns.amazonaws.com";

/// The statements of the policies of all these functions as they were at the begin of the run.
async fn read_all<'a>(aws: &Aws, functions: impl Iterator<Item = &'a str>) -> Result<Vec<Live>> {
    let read: Vec<Rc<Vec<Live>>> = concurrently(functions, |name| {
        aws.once(format!("lambda:GetPolicy {name}"), async || read(aws, name).await)
    })
    .await?;
    Ok(read.iter().flat_map(|live| live.iter().cloned()).collect())
}

/// The statements of a function's policy. Empty if there is no policy or no function.
async fn read(aws: &Aws, function: &str) -> Result<Vec<Live>> {
    let lambda = &aws.connection.clients.lambda;
    let request = lambda.get_policy().function_name(function);
    let answer = found(aws.call("lambda:GetPolicy", || request.clone().send()).await)?;
    let policy = answer.as_ref().and_then(|answer| answer.policy()).unwrap_or("{}");
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let statements = policy["Statement"].as_array().into_iter().flatten();
    Ok(statements.map(|statement| parse(function, statement)).collect())
}

fn parse(function: &str, statement: &Value) -> Live {
    let principal = &statement["Principal"];
    let blocks = statement["Condition"].as_object().into_iter().flatten();
    let conditions = blocks.filter_map(|(_, block)| block.as_object()).flatten();
    let principal = ["Service", "AWS", "Federated"]
        .iter()
        .find_map(|kind| principal.get(kind))
        .unwrap_or(principal);
    Live {
        function_name: function.to_owned(),
        statement_id: one(&statement["Sid"]),
        principal: one(principal),
        action: one(&statement["Action"]),
        conditions: conditions
            .map(|(key, value)| (key.to_lowercase(), one(value)))
            .collect(),
    }
}

/// The text of a string, or of a list with one string.
fn one(value: &Value) -> String {
    let only = value
        .as_array()
        .filter(|list| list.len() == 1)
        .map(|list| &list[0]);
    let value = only.unwrap_or(value);
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
