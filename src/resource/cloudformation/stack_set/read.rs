//! Reads stack sets.

use aws_sdk_cloudformation::types::{ManagedExecution, StackSet, StackSetStatus};
use serde_json::Value;

use super::calls::{CallAs, Set};
use super::{CloudformationStackSet, Live, SUFFIX, instances, missing, sorted};
use crate::aws::concurrently;
use crate::aws::fault::found;
use crate::aws::tags::{HUB_ACCOUNT_TAG, HUB_TAG};
use crate::resource::{Aws, Observed, Presence, Resource, Result, Tags, Wanted, tags};

/// Reads the wanted sets. Another set of the stack exists only where its bus does, so that a stack without an organization
/// makes no call.
pub(super) async fn observe(
    aws: &Aws,
    wanted: &[Wanted<'_, CloudformationStackSet>],
) -> Result<Observed<Live>> {
    let named = concurrently(wanted, |wanted| async move {
        let read = async {
            match read(&wanted.desired.set(aws)).await? {
                Some(mut live) if is_ours(aws, &live).await? => {
                    if live.is_service_managed() {
                        live.missing = missing::read(wanted.desired, aws, &live).await?;
                    }
                    Ok(Presence::Ours(live))
                }
                Some(live) => Ok(Presence::Foreign(live)),
                None => Ok(Presence::Absent),
            }
        };
        let name = wanted.desired.name.as_str();
        { read.await }.map_err(|fault: crate::resource::Fault| fault.of(|| format!("{} ({name})", wanted.id)))
    });
    let wanted_names = futures::try_join!(named, left(aws, wanted))?;
    let (wanted, orphan) = wanted_names;
    let node = |live: Live| {
        (
            tags::node(CloudformationStackSet::KIND, &live.tags, &live.name),
            live,
        )
    };
    Ok(Observed {
        wanted,
        orphans: orphan.into_iter().map(node).collect(),
    })
}

/// The stack's set that the stack file no longer has. Who made it, and so how it is asked for, is not known.
async fn left(aws: &Aws, wanted: &[Wanted<'_, CloudformationStackSet>]) -> Result<Option<Live>> {
    let name = format!("{}{SUFFIX}", aws.stack);
    let buses = aws.tagged_names("events", "event-bus/").await?;
    if !buses.contains(&name.as_str()) || wanted.iter().any(|wanted| wanted.desired.name == name) {
        return Ok(None);
    }
    for call_as in [CallAs::Own, CallAs::DelegatedAdmin] {
        let set = Set {
            aws,
            name: &name,
            call_as,
        };
        let live = match read(&set).await {
            // This account cannot have made a set in that role.
            Err(fault) if call_as == CallAs::DelegatedAdmin && is_no_administrator(&fault) => None,
            result => {
                result.map_err(|fault| fault.of(|| format!("{} ({name})", CloudformationStackSet::KIND)))?
            }
        };
        if let Some(live) = live
            && is_ours(aws, &live).await?
        {
            return Ok(Some(live));
        }
    }
    Ok(None)
}

/// "Account used is not a delegated administrator", or an organization that is not there.
pub(crate) fn is_no_administrator(fault: &crate::resource::Fault) -> bool {
    fault.says("ValidationError", "delegated administrator") || fault.says("ValidationError", "organization")
}

/// Whether the set is this stack's, and not that of a stack of the same name in another account.
pub(super) async fn is_ours(aws: &Aws, live: &Live) -> Result<bool> {
    let here = &aws.scope().await?.account;
    let same_account = live
        .tags
        .get(HUB_ACCOUNT_TAG)
        .is_none_or(|account| account == here);
    Ok(same_account && live.tags.get(HUB_TAG) == Some(&aws.stack))
}

/// The set with its instances. `None` if there is none.
pub(super) async fn read(set: &Set<'_>) -> Result<Option<Live>> {
    let request = set
        .client()
        .describe_stack_set()
        .stack_set_name(set.name)
        .call_as(set.call_as.to_sdk());
    let described = set
        .aws
        .call("cloudformation:DescribeStackSet", || request.clone().send());
    let Some(found) = found(described.await)?.and_then(|answer| answer.stack_set) else {
        return Ok(None);
    };
    if found.status == Some(StackSetStatus::Deleted) {
        return Ok(None);
    }
    let mut live = live(set, found);
    live.instances = instances::read(set, &live.regions).await?;
    if live.is_service_managed() {
        instances::mark_left(set, &mut live.instances).await?;
    }
    Ok(Some(live))
}

fn live(set: &Set<'_>, found: StackSet) -> Live {
    let body = found.template_body.unwrap_or_default();
    let parameters = found.parameters.unwrap_or_default().into_iter();
    let tags = found.tags.unwrap_or_default().into_iter();
    Live {
        name: found.stack_set_name.unwrap_or_else(|| set.name.to_owned()),
        arn: found.stack_set_arn.unwrap_or_default(),
        id: found.stack_set_id.unwrap_or_default(),
        description: found.description.unwrap_or_default(),
        template: serde_json::from_str(&body).unwrap_or(Value::String(body)),
        parameters: parameters
            .filter_map(|one| Some((one.parameter_key?, one.parameter_value.unwrap_or_default())))
            .collect(),
        permission_model: found
            .permission_model
            .map_or("SELF_MANAGED".to_owned(), |model| model.as_str().to_owned()),
        auto_deployment: found.auto_deployment.map(|auto| auto.enabled.unwrap_or_default()),
        managed_execution: is_active(found.managed_execution.as_ref()),
        units: sorted(&found.organizational_unit_ids.unwrap_or_default()),
        regions: sorted(&found.regions.unwrap_or_default()),
        tags: tags
            .filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
            .collect::<Tags>(),
        call_as: set.call_as,
        instances: instances::Instances::default(),
        missing: None,
        started: Vec::new(),
    }
}

fn is_active(execution: Option<&ManagedExecution>) -> bool {
    execution
        .and_then(|execution| execution.active)
        .unwrap_or_default()
}
