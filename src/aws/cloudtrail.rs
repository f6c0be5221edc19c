//! The trails of a region. The trail kind, the expectations and the discovery all read them.

use std::rc::Rc;

use alertctl_relay::ArnParts;
pub use aws_sdk_cloudtrail::types::Trail;

use super::call::{Aws, pages};
use super::fault::Result;
use super::tags::Tagged;
use super::text::Scope;

/// Every trail that can log events in this region, looked up once: the region's own trails (at most five), and the
/// shadow trails of other regions or of the organization's management account.
pub async fn trails(aws: &Aws) -> Result<Rc<Vec<Trail>>> {
    aws.once("cloudtrail:DescribeTrails", async || {
        let describe = aws.connection.clients.cloudtrail.describe_trails();
        let request = describe.include_shadow_trails(true);
        let answer = aws
            .call("cloudtrail:DescribeTrails", || request.clone().send())
            .await?;
        Ok(answer.trail_list.unwrap_or_default())
    })
    .await
}

/// The account in a trail's ARN, if it is not the account of `here`. Every member account of an organization sees the
/// organization's trail, which belongs to the management account. Source:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-trail-organization.html>.
pub fn foreign<'a>(here: &Scope, arn: &'a str) -> Option<&'a str> {
    let account = ArnParts::of(arn).account;
    (!["", here.account.as_str()].contains(&account)).then_some(account)
}

/// The number of trails whose tags one call lists.
const BATCH: usize = 20;

/// The tags of the trails with these ARNs. This region must be their home region. AWS refuses a call about trails of several
/// accounts as a whole if one of them may not be read, so the trails of each account are asked for in a call of their own.
pub async fn tags(aws: &Aws, mut arns: Vec<String>) -> Result<Vec<Tagged>> {
    let by_account = |one: &String, next: &String| ArnParts::of(one).account.cmp(ArnParts::of(next).account);
    arns.sort_by(by_account);
    let mut tagged = Vec::new();
    let of_one = arns.chunk_by(|one, next| by_account(one, next).is_eq());
    for batch in of_one.flat_map(|arns| arns.chunks(BATCH)) {
        let list = aws.connection.clients.cloudtrail.list_tags();
        let list = list.set_resource_id_list(Some(batch.to_vec()));
        let listed = pages(async |token| {
            let request = list.clone().set_next_token(token);
            let page = aws.call("cloudtrail:ListTags", || request.clone().send()).await?;
            Ok((page.resource_tag_list.unwrap_or_default(), page.next_token))
        });
        for trail in listed.await? {
            let tags = trail.tags_list().iter();
            let pair = |tag: &aws_sdk_cloudtrail::types::Tag| {
                (tag.key().to_owned(), tag.value().unwrap_or_default().to_owned())
            };
            tagged.push(Tagged {
                arn: trail.resource_id().unwrap_or_default().to_owned(),
                tags: tags.map(pair).collect(),
            });
        }
    }
    Ok(tagged)
}
