//! A CloudWatch Logs log group with its retention.
//!
//! The stack owns it instead of letting Lambda create it: otherwise a late flush of a deleted function would
//! re-create it without retention.

use crate::aws::fault::{found, gone};
use crate::resource::access::{ANY, Access};
use crate::resource::{
    Aws, Changes, ClaimOrder, Context, Fields, Handling, Known, Observed, Output, Resource, Result, Tags,
    Text, Wanted, named, tags,
};
use alertctl_relay::{console_page, encode_fragment};

mod template;

/// The desired log group.
#[derive(Debug, Clone)]
pub struct LogGroup {
    pub name: String,
    /// Days. Must be one of the values that CloudWatch Logs accepts.
    pub retention_days: i32,
    pub tags: Tags,
}

/// A log group as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    name: String,
    arn: String,
    /// `None`: events never expire.
    retention_days: Option<i32>,
    tags: Tags,
}

/// The ARN of a log group occurs in both forms.
pub(super) const GROUP: &[&str] = &[
    "arn:{partition}:logs:{region}:{account}:log-group:{prefix}",
    "arn:{partition}:logs:{region}:{account}:log-group:{prefix}:*",
];

impl Resource for LogGroup {
    const KIND: &'static str = "log-group";
    const HANDLING: Handling = Handling {
        // If the group were deleted first, the function's last flush or a stage's access log would create a new one.
        deleted_after: &[
            "lambda-function",
            "apigatewayv2-stage",
            "cloudtrail-trail",
            "logs-metric-filter",
        ],
        claim: ClaimOrder::Beside,
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(&["logs:DescribeLogGroups"], ANY).because("CloudWatch Logs lists groups as a whole"),
        Access::read(&["logs:ListTagsForResource"], GROUP),
        Access::write(
            &[
                "logs:CreateLogGroup",
                "logs:PutRetentionPolicy",
                "logs:TagResource",
            ],
            GROUP,
        ),
        Access::change(&["logs:UntagResource"], GROUP),
        Access::delete(&["logs:DeleteLogGroup"], GROUP),
    ];
    type Live = Live;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn arn(&self) -> Option<Text> {
        Some(Text::arn("logs", format!("log-group:{}", self.name)))
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        named::observe(
            aws,
            wanted,
            async || aws.tagged_names("logs", "log-group:").await,
            async |name, _| read(aws, name).await,
            |live| &live.tags,
        )
        .await
    }

    fn fields(&self, _known: &Known) -> Fields {
        let Self {
            name,
            retention_days,
            tags,
        } = self;
        Fields::default()
            .set("name", name.as_str())
            .set("retention_days", *retention_days)
            .tags(tags)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            name,
            arn: _,
            retention_days,
            tags,
        } = live;
        Fields::default()
            .set("name", name.as_str())
            .set_some("retention_days", *retention_days)
            .live_tags(tags)
    }

    fn live_name(live: &Live) -> String {
        live.name.clone()
    }

    fn output(live: &Live) -> Output {
        Output::of_arn(live.arn.clone())
    }

    fn console_page(name: &str, _output: &Output, region: &str) -> Option<String> {
        // The console decodes the name twice, and uses `$` instead of `%`.
        let name = encode_fragment(&encode_fragment(name)).replace('%', "$");
        console_page(
            region,
            "cloudwatch/home",
            &format!("logsV2:log-groups/log-group/{name}"),
        )
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let logs = &cx.aws.connection.clients.logs;
        let request = logs
            .create_log_group()
            .log_group_name(&self.name)
            .set_tags(Some(tags::hashed(&self.tags)));
        match cx
            .aws
            .call("logs:CreateLogGroup", || request.clone().send())
            .await
        {
            Err(fault) if fault.is(&["ResourceAlreadyExistsException"]) => {
                // After a lost answer or a retry, or if a function logged first, the group may already exist: it is
                // ours only if its tags say so.
                match read(cx.aws, &self.name).await? {
                    Some(live) if cx.aws.owns(&live.tags) => {}
                    _ => return Err(fault),
                }
            }
            result => drop(result?),
        }
        let arn = cx.text(&Text::arn("logs", format!("log-group:{}", self.name)))?;
        Ok(Live {
            name: self.name.clone(),
            arn,
            retention_days: None,
            tags: self.tags.clone(),
        })
    }

    /// A new group accepts events before its retention is set.
    async fn settle(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        match live.retention_days == Some(self.retention_days) {
            true => Ok(()),
            false => self.put_retention(cx).await,
        }
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        let logs = &cx.aws.connection.clients.logs;
        if changes.touch("retention_days") {
            self.put_retention(cx).await?;
        }
        tags::sync(
            &live.tags,
            &self.tags,
            async |remove| {
                let request = logs.untag_resource().resource_arn(&live.arn);
                let request = request.set_tag_keys(Some(remove));
                cx.aws.call("logs:UntagResource", || request.clone().send()).await
            },
            async |put| {
                let request = logs.tag_resource().resource_arn(&live.arn);
                let request = request.set_tags(Some(tags::hashed(&put)));
                cx.aws.call("logs:TagResource", || request.clone().send()).await
            },
        )
        .await?;
        Ok(Live {
            retention_days: Some(self.retention_days),
            tags: self.tags.clone(),
            ..live
        })
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let logs = &cx.aws.connection.clients.logs;
        let request = logs.delete_log_group().log_group_name(&live.name);
        let deleted = cx.aws.call("logs:DeleteLogGroup", || request.clone().send());
        gone(deleted.await).map_err(
            |fault| match fault.says("ValidationException", "deletion protection") {
                true => fault
                    .hint("turn off the log group's deletion protection, then run the same command again"),
                false => fault,
            },
        )
    }
}

impl LogGroup {
    async fn put_retention(&self, cx: &Context<'_>) -> Result<()> {
        let request = cx.aws.connection.clients.logs.put_retention_policy();
        let request = request
            .log_group_name(&self.name)
            .retention_in_days(self.retention_days);
        cx.aws
            .call("logs:PutRetentionPolicy", || request.clone().send())
            .await
            .map(drop)
    }
}

async fn read(aws: &Aws, name: &str) -> Result<Option<Live>> {
    let logs = &aws.connection.clients.logs;
    let describe = async {
        let request = logs.describe_log_groups().log_group_name_prefix(name);
        // Names are listed in order, so of all names with this prefix the exact name comes first.
        let page = aws
            .call("logs:DescribeLogGroups", || request.clone().send())
            .await?;
        let mut groups = page.log_groups.unwrap_or_default().into_iter();
        Ok(groups.find(|group| group.log_group_name() == Some(name)))
    };
    let tags = async {
        let arn = Text::arn("logs", format!("log-group:{name}"));
        let arn = arn.fill_computed(aws.scope().await?).unwrap_or_default();
        let request = logs.list_tags_for_resource().resource_arn(arn);
        found(
            aws.call("logs:ListTagsForResource", || request.clone().send())
                .await,
        )
    };
    let (group, tags) = futures::try_join!(describe, tags)?;
    let Some(group) = group else { return Ok(None) };
    let arn = group.arn().unwrap_or_default();
    Ok(Some(Live {
        name: name.to_owned(),
        arn: arn.strip_suffix(":*").unwrap_or(arn).to_owned(),
        retention_days: group.retention_in_days(),
        tags: tags
            .and_then(|answer| answer.tags().cloned())
            .unwrap_or_default()
            .into_iter()
            .collect(),
    }))
}

#[cfg(test)]
mod tests;
