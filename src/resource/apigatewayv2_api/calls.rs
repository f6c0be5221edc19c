//! How an API and what lives in it are changed: one change after the other, and nothing made twice.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_apigatewayv2::config::Builder;
use aws_sdk_apigatewayv2::config::retry::RetryConfig;
use tokio::time::sleep;

use crate::aws::fault::{Fault, Result, found};
use crate::aws::{Aws, wait};
use crate::resource::{Tags, tags};

/// How long an API may stay locked by another change, and a new one unknown.
pub const PASSING: Duration = Duration::from_secs(60);
/// How often a creating call is sent when its answers are lost.
const TRIES: u32 = 3;
/// How often, and how far apart, its work is looked for after a lost answer.
const LOOKS: u32 = 6;
const PAUSE: Duration = Duration::from_secs(3);

/// Makes a change of the API `id` or of something in it; API Gateway refuses two at the same time.
pub async fn change<T>(aws: &Aws, id: &str, send: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let _turn = turn(aws, id).await;
    wait::retry(PASSING, passing, send).await
}

/// Adds something to the API `id`, which may have been made a moment ago and not be known everywhere yet.
pub async fn add<T>(aws: &Aws, id: &str, send: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let _turn = turn(aws, id).await;
    wait::retry(PASSING, |fault| passing(fault) || fault.not_found(), send).await
}

async fn turn(aws: &Aws, id: &str) -> tokio::sync::OwnedMutexGuard<()> {
    aws.exclusive(&format!("apigateway/{id}")).await
}

/// Changes under way elsewhere, in API Gateway's words; and a route deleted a moment ago that still counts.
fn passing(fault: &Fault) -> bool {
    let texts = [
        "concurrent modification",
        "try again later",
        "referenced by the following Routes",
    ];
    fault.throttled() || texts.iter().any(|text| fault.says("ConflictException", text))
}

/// For a call that makes something: the SDK's own retry after a lost answer would make a second one.
pub fn once() -> Builder {
    Builder::new().retry_config(RetryConfig::disabled())
}

/// Sends `make` until its answer arrives or `find` shows what it has made unseen; what is there already is
/// found, too, and is then as whoever made it left it.
pub async fn create<T>(
    make: impl AsyncFn() -> Result<T>,
    find: impl AsyncFn() -> Result<Option<T>>,
) -> Result<T> {
    let mut tries = 1;
    loop {
        match make().await {
            Err(fault) if fault.ambiguous() => {
                if let Some(live) = patiently(&find).await? {
                    return Ok(live);
                }
                if tries == TRIES {
                    return Err(Fault { hint: None, ..fault }.hint(
                        "it may have been made unseen: run the same command again, it looks for that first",
                    ));
                }
                tries += 1;
            }
            Err(fault) if fault.says("ConflictException", "already exists") => {
                return patiently(&find).await?.ok_or(fault);
            }
            result => return result,
        }
    }
}

/// Looks until it shows, or has had time to.
async fn patiently<T>(find: impl AsyncFn() -> Result<Option<T>>) -> Result<Option<T>> {
    for look in 1..=LOOKS {
        if let Some(live) = find().await? {
            return Ok(Some(live));
        }
        if look < LOOKS {
            sleep(PAUSE).await;
        }
    }
    Ok(None)
}

/// All pages of a list: `ask` takes the token of the page and gives its items and the next token.
pub async fn pages<T>(
    ask: impl AsyncFn(Option<String>) -> Result<(Vec<T>, Option<String>)>,
) -> Result<Vec<T>> {
    let (mut all, mut token) = ask(None).await?;
    while token.as_ref().is_some_and(|token| !token.is_empty()) {
        let (page, next) = ask(token).await?;
        all.extend(page);
        token = next;
    }
    Ok(all)
}

/// The tags of an API or stage. The local AWS lists it with the tags that it was made with, for ever.
pub async fn tags(aws: &Aws, arn: &str, listed: Option<&HashMap<String, String>>) -> Result<Tags> {
    if !aws.connection.emulated {
        return Ok(listed.cloned().unwrap_or_default().into_iter().collect());
    }
    let send = aws.connection.clients.apigateway.get_tags();
    let answer = aws.call("apigateway:GetTags", send.resource_arn(arn).send());
    let tags = found(answer.await)?.and_then(|answer| answer.tags);
    Ok(tags.unwrap_or_default().into_iter().collect())
}

/// Brings the tags of `arn`, the API `id` or a stage of it, from `live` to `wanted`.
pub async fn retag(aws: &Aws, id: &str, arn: &str, live: &Tags, wanted: &Tags) -> Result<()> {
    let gateway = &aws.connection.clients.apigateway;
    let (put, remove) = tags::patch(live, wanted);
    if !put.is_empty() {
        change(aws, id, async || {
            let send = gateway.tag_resource().resource_arn(arn);
            let send = send.set_tags(Some(hashed(&put))).send();
            aws.call("apigateway:TagResource", send).await.map(drop)
        })
        .await?;
    }
    if !remove.is_empty() {
        change(aws, id, async || {
            let send = gateway.untag_resource().resource_arn(arn);
            let send = send.set_tag_keys(Some(remove.clone())).send();
            aws.call("apigateway:UntagResource", send).await.map(drop)
        })
        .await?;
    }
    Ok(())
}

pub fn hashed(tags: &Tags) -> HashMap<String, String> {
    tags.clone().into_iter().collect()
}
