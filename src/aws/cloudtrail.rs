//! The trails of a region: read by the kind of that name, by what a stack relies on, and by discovery.

use std::rc::Rc;

pub use aws_sdk_cloudtrail::types::Trail;

use super::call::{Aws, pages};
use super::discovery::Tagged;
use super::fault::Result;
use super::text::Scope;

/// Every trail that can log what happens in this region, asked for once: those of the region itself (at most
/// five), and the shadows of trails at home in other regions or in the organisation's management account.
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

/// The account in a trail's ARN, where that is not the account of `here`: an organization's trail is shown to every
/// member, and is the management account's.
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-trail-organization.html>.
pub fn foreign<'a>(here: &Scope, arn: &'a str) -> Option<&'a str> {
    arn.split(':').nth(4).filter(|account| *account != here.account)
}

/// How many trails one call lists the tags of.
const BATCH: usize = 20;

/// The tags of the trails with these ARNs, which are at home in this region.
pub async fn tags(aws: &Aws, arns: Vec<String>) -> Result<Vec<Tagged>> {
    let mut tagged = Vec::new();
    for batch in arns.chunks(BATCH) {
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
