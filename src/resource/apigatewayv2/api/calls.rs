//! How an API and its parts are changed: one change at a time, and nothing is created twice.

use std::collections::HashMap;

use crate::aws::fault::{Fault, Result, found};
use crate::aws::{Aws, wait};
use crate::resource::{Tags, tags};

/// How often a creating call is sent if its answers are lost.
const TRIES: u32 = 3;

/// Makes a change of the API `id` or of one of its parts. API Gateway refuses two concurrent changes.
pub async fn change<T>(aws: &Aws, id: &str, call: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
    let _turn = aws.exclusive(&format!("apigateway/{id}")).await;
    call().await
}

/// Sends `make` until its answer arrives, or until `find` finds what a call with a lost answer created. `find` also
/// finds a resource that existed before, in whatever state its creator left it.
pub async fn create<T>(
    make: impl AsyncFn() -> Result<T>,
    find: impl AsyncFn() -> Result<Option<T>>,
) -> Result<T> {
    let mut tries = 1;
    loop {
        match make().await {
            Err(fault) if fault.ambiguous() => {
                if let Some(live) = wait::for_unseen(&find).await? {
                    return Ok(live);
                }
                if tries == TRIES {
                    return Err(Fault { hint: None, ..fault }.hint(
                        "it may have been created without a response: run the same command again, which \
                         looks for it first",
                    ));
                }
                tries += 1;
            }
            Err(fault) if fault.says("ConflictException", "already exists") => {
                return wait::for_unseen(&find).await?.ok_or(fault);
            }
            result => return result,
        }
    }
}

/// The tags of an API or stage. The local AWS never updates the tags in its list after the creation.
pub async fn tags(aws: &Aws, arn: &str, listed: Option<&HashMap<String, String>>) -> Result<Tags> {
    if !aws.connection.emulated {
        return Ok(listed.cloned().unwrap_or_default().into_iter().collect());
    }
    let request = aws.connection.clients.apigateway.get_tags();
    let answer = aws.call("apigateway:GetTags", || request.clone().resource_arn(arn).send());
    let tags = found(answer.await)?.and_then(|answer| answer.tags);
    Ok(tags.unwrap_or_default().into_iter().collect())
}

/// Changes the tags of `arn` (the API `id` or a stage of it) from `live` to `wanted`.
pub async fn retag(aws: &Aws, id: &str, arn: &str, live: &Tags, wanted: &Tags) -> Result<()> {
    let gateway = &aws.connection.clients.apigateway;
    tags::sync(
        live,
        wanted,
        async |remove| {
            change(aws, id, async || {
                let request = gateway.untag_resource().resource_arn(arn);
                let request = request.set_tag_keys(Some(remove));
                aws.call("apigateway:UntagResource", || request.clone().send())
                    .await
            })
            .await
        },
        async |put| {
            change(aws, id, async || {
                let request = gateway.tag_resource().resource_arn(arn);
                let request = request.set_tags(Some(tags::hashed(&put)));
                aws.call("apigateway:TagResource", || request.clone().send())
                    .await
            })
            .await
        },
    )
    .await
}
