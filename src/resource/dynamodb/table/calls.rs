//! The changes of a table, each a call of its own: DynamoDB refuses the next one until the last is done, and
//! [`crate::aws`] waits for that.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableFluentBuilder;
use aws_sdk_dynamodb::types::{BillingMode, SseSpecification, TimeToLiveSpecification};

use super::{ACTIVE, Context, Live, Result, read};
use crate::aws::wait;
use crate::resource::tags;

/// How long a table may take to become active, which is mostly a few seconds.
const CREATING: Duration = Duration::from_secs(5 * 60);

/// How long DynamoDB may take to show tags.
const TAGGING: Duration = Duration::from_secs(60);

/// Waits until the table takes items. A table is not known everywhere at once.
pub(super) async fn until_active(name: &str, cx: &Context<'_>) -> Result<()> {
    let what = format!("table `{name}` to become active");
    wait::until(CREATING, "dynamodb:DescribeTable", &what, async || {
        let table = read::describe(cx.aws, name).await?;
        let status = table.and_then(|table| table.table_status);
        Ok(status.filter(|status| status.as_str() == ACTIVE).map(drop))
    })
    .await
}

/// Waits until the table's tags show, which may take a while: to a plan before that, the table is somebody else's.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TagResource.html>
pub(super) async fn until_tagged(live: &Live, cx: &Context<'_>) -> Result<()> {
    let what = format!("the tags of table `{}`", live.name);
    wait::until(TAGGING, "dynamodb:ListTagsOfResource", &what, async || {
        let now = read::tags_of(cx.aws, &live.arn).await?;
        Ok(tags::are(&now, &live.tags).then_some(()))
    })
    .await
}

/// Makes the table on demand.
pub(super) async fn on_demand(name: &str, cx: &Context<'_>) -> Result<()> {
    let changed = update(name, cx, |table| table.billing_mode(BillingMode::PayPerRequest));
    changed.await.map_err(|fault| {
        // <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html>
        match fault.says("LimitExceededException", "PayPerRequest") {
            true => fault.hint(
                "AWS makes a table on demand only a few times a day: run the same command again after the time that it \
                 names; until then the table works as it is",
            ),
            false => fault,
        }
    })
}

/// Encrypts the table with DynamoDB's own key: the roles of the functions may use no other.
pub(super) async fn own_key(name: &str, cx: &Context<'_>) -> Result<()> {
    let encryption = SseSpecification::builder().enabled(false).build();
    update(name, cx, |table| table.sse_specification(encryption)).await
}

/// Turns off deletion protection.
pub(super) async fn unprotect(name: &str, cx: &Context<'_>) -> Result<()> {
    update(name, cx, |table| table.deletion_protection_enabled(false)).await
}

async fn update(
    name: &str,
    cx: &Context<'_>,
    change: impl FnOnce(UpdateTableFluentBuilder) -> UpdateTableFluentBuilder,
) -> Result<()> {
    let request = change(cx.aws.connection.clients.dynamodb.update_table().table_name(name));
    cx.aws
        .call("dynamodb:UpdateTable", || request.clone().send())
        .await
        .map(drop)
}

/// Makes items end at the time in the attribute `wanted`. A table has one such attribute, so another one, `now`, comes
/// first to its end.
pub(super) async fn end_by(name: &str, now: Option<&str>, wanted: &str, cx: &Context<'_>) -> Result<()> {
    if let Some(other) = now
        && !put_ttl(name, other, false, cx).await?
    {
        return Ok(());
    }
    put_ttl(name, wanted, true, cx).await.map(drop)
}

/// Switches the time to live on or off. False, and a note for the user, if DynamoDB refuses to change it again so
/// soon.
async fn put_ttl(name: &str, attribute: &str, enabled: bool, cx: &Context<'_>) -> Result<bool> {
    let wanted = TimeToLiveSpecification::builder()
        .attribute_name(attribute)
        .enabled(enabled);
    let update = cx.aws.connection.clients.dynamodb.update_time_to_live();
    let request = update
        .table_name(name)
        .set_time_to_live_specification(wanted.build().ok());
    let put = cx
        .aws
        .call("dynamodb:UpdateTimeToLive", || request.clone().send())
        .await;
    let already = if enabled {
        "already enabled"
    } else {
        "already disabled"
    };
    match put {
        // The answer of an earlier attempt was lost.
        Err(fault) if fault.says("ValidationException", already) => Ok(true),
        // <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html>: once an hour.
        Err(fault) if fault.says("ValidationException", "multiple times within a fixed interval") => {
            cx.note(format!(
                "DynamoDB changes the time to live of `{name}` only once an hour: run `alertctl apply` again in an hour. \
                 Until then the table works, and old items stay in it"
            ));
            Ok(false)
        }
        result => result.map(|_| true),
    }
}
