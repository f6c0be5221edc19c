//! Finds what a stack owns by its tag.
//!
//! The Resource Groups Tagging API answers for every kind in one paged call, whose size depends on the stack alone,
//! not on what else is in the account. It lags behind changes by seconds, so the names in the stack file are always
//! read directly too. It does not know IAM roles (they are listed by path). An emulated AWS may know only some kinds:
//! then the list is completed service by service.

use std::collections::BTreeMap;
use std::rc::Rc;

use aws_sdk_cloudwatch::types::AlarmType;
use aws_sdk_resourcegroupstagging::operation::get_resources::builders::GetResourcesFluentBuilder;
use futures::FutureExt;

use super::call::{Aws, pages};
use super::cloudtrail;
use super::concurrently::concurrently_found;
use super::fault::Result;
use super::tags::{STACK_TAG, Tagged, Tags};

impl Aws {
    /// True if `tags` say that a resource is this stack's.
    pub fn owns(&self, tags: &Tags) -> bool {
        tags.get(STACK_TAG) == Some(&self.stack)
    }

    /// Everything that carries this stack's ownership tag, listed once.
    pub async fn tagged(&self) -> Result<&[Tagged]> {
        // Boxed, because every kind's observation holds this future, and the compiler limits how deeply futures may
        // nest.
        let list = || list(self).boxed_local();
        let listed = self.tagged.get_or_init(list).await;
        // The error is about all kinds, whichever kind gets it first.
        let listed = listed.as_ref().map(Vec::as_slice);
        listed.map_err(|fault| fault.clone().of(String::new))
    }

    /// The ARNs that the tagging index now lists for this stack's tag. Not cached.
    pub async fn indexed(&self) -> Result<Vec<String>> {
        let tagged = by_tag(self).await?;
        Ok(tagged.into_iter().map(|tagged| tagged.arn).collect())
    }

    /// The names of the resources of `service` with this stack's tag, taken from their ARNs: what follows `prefix`.
    pub async fn tagged_names(&self, service: &str, prefix: &str) -> Result<Vec<&str>> {
        let tagged = self.tagged().await?.iter();
        let tagged = tagged.filter(|tagged| tagged.service() == service);
        Ok(tagged
            .filter_map(|tagged| tagged.resource().strip_prefix(prefix))
            .collect())
    }
}

async fn list(aws: &Aws) -> Result<Vec<Tagged>> {
    let (mut tagged, logs, alarms, trails, mappings) = futures::try_join!(
        by_tag(aws),
        log_groups(aws),
        alarms(aws),
        trails(aws),
        mappings(aws)
    )?;
    for one in logs.into_iter().chain(alarms).chain(trails).chain(mappings) {
        if !tagged.iter().any(|known| known.arn == one.arn) {
            tagged.push(one);
        }
    }
    Ok(tagged)
}

async fn by_tag(aws: &Aws) -> Result<Vec<Tagged>> {
    use aws_sdk_resourcegroupstagging::types::TagFilter;
    let filter = TagFilter::builder().key(STACK_TAG).values(&aws.stack).build();
    let request = aws.connection.clients.tagging.get_resources();
    indexed(aws, request.tag_filters(filter)).await
}

/// The resources of this type that have each of these tags, with one of its values if there are any.
pub async fn of_type(
    aws: &Aws,
    resource_type: &str,
    tags: &BTreeMap<String, Vec<String>>,
) -> Result<Vec<Tagged>> {
    use aws_sdk_resourcegroupstagging::types::TagFilter;
    let filters = tags.iter().map(|(key, values)| {
        let values = (!values.is_empty()).then(|| values.clone());
        TagFilter::builder().key(key).set_values(values).build()
    });
    let request = aws.connection.clients.tagging.get_resources();
    let request = request.resource_type_filters(resource_type);
    let filters: Vec<_> = filters.collect();
    indexed(
        aws,
        request.set_tag_filters((!filters.is_empty()).then_some(filters)),
    )
    .await
}

/// Everything that the tagging index returns for `request`.
pub async fn indexed(aws: &Aws, request: GetResourcesFluentBuilder) -> Result<Vec<Tagged>> {
    let request = request.resources_per_page(100);
    let mappings = pages(async |token| {
        let request = request.clone().set_pagination_token(token);
        let page = aws.call("tag:GetResources", || request.clone().send()).await?;
        let mappings = page.resource_tag_mapping_list.unwrap_or_default();
        Ok((mappings, page.pagination_token))
    });
    let tagged = mappings.await?.into_iter().map(|mapping| Tagged {
        arn: mapping.resource_arn.unwrap_or_default(),
        tags: mapping
            .tags
            .into_iter()
            .flatten()
            .map(|tag| (tag.key, tag.value))
            .collect(),
    });
    Ok(tagged.collect())
}

async fn log_groups(aws: &Aws) -> Result<Vec<Tagged>> {
    if !aws.connection.emulated {
        return Ok(Vec::new());
    }
    let logs = &aws.connection.clients.logs;
    let groups = pages(async |token| {
        let request = logs.describe_log_groups().set_next_token(token);
        let page = aws
            .call("logs:DescribeLogGroups", || request.clone().send())
            .await?;
        Ok((page.log_groups.unwrap_or_default(), page.next_token))
    });
    let groups = groups
        .await
        .map_err(|fault| fault.of(|| all(aws, "log groups")))?;
    let arns = groups.iter().filter_map(|group| group.arn());
    let arns = arns
        .map(|arn| arn.strip_suffix(":*").unwrap_or(arn).to_owned())
        .collect();
    tags_of(aws, arns, async |arn| {
        let request = logs.list_tags_for_resource().resource_arn(arn);
        let answer = aws
            .call("logs:ListTagsForResource", || request.clone().send())
            .await?;
        Ok(answer.tags().cloned().unwrap_or_default().into_iter().collect())
    })
    .await
}

async fn alarms(aws: &Aws) -> Result<Vec<Tagged>> {
    if !aws.connection.emulated {
        return Ok(Vec::new());
    }
    let cloudwatch = &aws.connection.clients.cloudwatch;
    let describe = cloudwatch
        .describe_alarms()
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm)
        .alarm_types(AlarmType::LogAlarm);
    let arns = pages(async |token| {
        let request = describe.clone().set_next_token(token);
        let page = aws
            .call("cloudwatch:DescribeAlarms", || request.clone().send())
            .await?;
        let metric = page.metric_alarms().iter().map(|alarm| alarm.alarm_arn());
        let composite = page.composite_alarms().iter().map(|alarm| alarm.alarm_arn());
        let logs = page.log_alarms().iter().map(|alarm| alarm.alarm_arn());
        let arns = metric.chain(composite).chain(logs);
        let arns = arns.flatten().map(str::to_owned).collect();
        Ok((arns, page.next_token))
    });
    let arns = arns.await.map_err(|fault| fault.of(|| all(aws, "alarms")))?;
    tags_of(aws, arns, async |arn| Ok((*alarm_tags(aws, arn).await?).clone())).await
}

/// The tags of an alarm, looked up once.
pub async fn alarm_tags(aws: &Aws, arn: &str) -> Result<Rc<Tags>> {
    aws.once(format!("cloudwatch:ListTagsForResource {arn}"), async || {
        let cloudwatch = &aws.connection.clients.cloudwatch;
        let request = cloudwatch.list_tags_for_resource().resource_arn(arn);
        let answer = aws
            .call("cloudwatch:ListTagsForResource", || request.clone().send())
            .await?;
        Ok(cloudwatch_tags(answer.tags()))
    })
    .await
}

/// Tags as CloudWatch returns them.
pub fn cloudwatch_tags(tags: &[aws_sdk_cloudwatch::types::Tag]) -> Tags {
    let pair = |tag: &aws_sdk_cloudwatch::types::Tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()));
    tags.iter().filter_map(pair).collect()
}

async fn trails(aws: &Aws) -> Result<Vec<Tagged>> {
    if !aws.connection.emulated {
        return Ok(Vec::new());
    }
    let trails = match cloudtrail::trails(aws).await {
        // A caller who may not list trails cannot have created any.
        Err(fault) if fault.denied() => return Ok(Vec::new()),
        result => result?,
    };
    let scope = aws.scope().await?;
    let at_home = trails
        .iter()
        .filter(|trail| trail.home_region() == Some(&aws.connection.region));
    let arns = at_home.filter_map(|trail| trail.trail_arn().map(str::to_owned));
    let arns = arns.filter(|arn| cloudtrail::foreign(scope, arn).is_none());
    let tagged = cloudtrail::tags(aws, arns.collect()).await;
    let mut tagged = tagged.map_err(|fault| fault.of(|| all(aws, "trails")))?;
    tagged.retain(|trail| aws.owns(&trail.tags));
    Ok(tagged)
}

async fn mappings(aws: &Aws) -> Result<Vec<Tagged>> {
    if !aws.connection.emulated {
        return Ok(Vec::new());
    }
    let lambda = &aws.connection.clients.lambda;
    let arns = pages(async |token| {
        let request = lambda.list_event_source_mappings().set_marker(token);
        let page = aws
            .call("lambda:ListEventSourceMappings", || request.clone().send())
            .await?;
        let mappings = page.event_source_mappings().iter();
        let arns = mappings.filter_map(|mapping| mapping.event_source_mapping_arn());
        Ok((arns.map(str::to_owned).collect(), page.next_marker))
    });
    tags_of(aws, arns.await?, async |arn| {
        let request = lambda.list_tags().resource(arn);
        let answer = aws.call("lambda:ListTags", || request.clone().send()).await?;
        Ok(answer.tags().cloned().unwrap_or_default().into_iter().collect())
    })
    .await
}

/// How a fault of a list of the whole account names what was read.
fn all(aws: &Aws, kind: &str) -> String {
    format!("{kind} of stack `{}`", aws.stack)
}

/// Reads the tags of each of `arns` concurrently, and keeps the resources with the stack's tag.
async fn tags_of(
    aws: &Aws,
    arns: Vec<String>,
    tags: impl AsyncFn(&str) -> Result<Tags>,
) -> Result<Vec<Tagged>> {
    concurrently_found(arns, async |arn| {
        let tags = tags(&arn).await.map_err(|fault| fault.of(|| arn.clone()))?;
        Ok(aws.owns(&tags).then_some(Tagged { arn, tags }))
    })
    .await
}
