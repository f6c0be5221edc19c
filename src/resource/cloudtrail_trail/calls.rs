//! The calls that change a trail, and what their refusals mean.

use super::read::Trail;
use super::selectors::Sdk;
use super::{Aws, CloudtrailTrail, Cx, Fault, Live, PASSING, Result, Tags, in_aws_words, tags};
use crate::aws::wait;

/// What CreateTrail and UpdateTrail both take, filled in.
struct Settings {
    bucket: String,
    prefix: Option<String>,
    kms_key: Option<String>,
    log_group: Option<String>,
    log_role: Option<String>,
}

impl Settings {
    fn of(desired: &CloudtrailTrail, cx: &Cx<'_>) -> Result<Self> {
        let kms_key = desired.kms_key.as_ref().map(|key| cx.text(&key.arn()));
        let logs = desired.logs.as_ref();
        // CloudTrail wants the ARN that stands for the group and its streams.
        let log_group = logs.map(|logs| cx.text(&logs.log_group_arn).map(|arn| format!("{arn}:*")));
        let log_role = logs.map(|logs| cx.text(&logs.role_arn));
        Ok(Self {
            bucket: cx.text(&desired.bucket_name)?,
            prefix: desired.prefix.clone().filter(|prefix| !prefix.is_empty()),
            kms_key: kms_key.transpose()?,
            log_group: log_group.transpose()?,
            log_role: log_role.transpose()?,
        })
    }
}

pub(super) async fn create(desired: &CloudtrailTrail, cx: &Cx<'_>) -> Result<Trail> {
    let settings = Settings::of(desired, cx)?;
    let answer = wait::retry(PASSING, passing, async || {
        let send = cx
            .aws
            .connection
            .clients
            .cloudtrail
            .create_trail()
            .name(&desired.name)
            .s3_bucket_name(&settings.bucket)
            .set_s3_key_prefix(settings.prefix.clone())
            .is_multi_region_trail(desired.multi_region)
            .include_global_service_events(true)
            .enable_log_file_validation(desired.log_file_validation)
            .set_kms_key_id(settings.kms_key.clone())
            .set_cloud_watch_logs_log_group_arn(settings.log_group.clone())
            .set_cloud_watch_logs_role_arn(settings.log_role.clone())
            .set_tags_list(Some(in_aws_words(&desired.tags)))
            .send();
        cx.aws.call("cloudtrail:CreateTrail", send).await
    });
    answer.await.map(|answer| Trail::from(&answer)).map_err(hinted)
}

pub(super) async fn update(desired: &CloudtrailTrail, arn: &str, cx: &Cx<'_>) -> Result<Trail> {
    let settings = Settings::of(desired, cx)?;
    // What is left out stays as it is; an empty text removes it.
    let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
    let answer = wait::retry(PASSING, passing, async || {
        let send = cx
            .aws
            .connection
            .clients
            .cloudtrail
            .update_trail()
            .name(arn)
            .s3_bucket_name(&settings.bucket)
            .s3_key_prefix(or_none(&settings.prefix))
            .is_multi_region_trail(desired.multi_region)
            .include_global_service_events(true)
            .enable_log_file_validation(desired.log_file_validation)
            .kms_key_id(or_none(&settings.kms_key))
            .cloud_watch_logs_log_group_arn(or_none(&settings.log_group))
            .cloud_watch_logs_role_arn(or_none(&settings.log_role))
            .send();
        cx.aws.call("cloudtrail:UpdateTrail", send).await
    });
    answer.await.map(|answer| Trail::from(&answer)).map_err(hinted)
}

pub(super) async fn put_selectors(desired: &CloudtrailTrail, arn: &str, cx: &Cx<'_>) -> Result<()> {
    let put = cx
        .aws
        .connection
        .clients
        .cloudtrail
        .put_event_selectors()
        .trail_name(arn);
    let put = match desired.selectors.in_aws_words()? {
        Sdk::Basic(selectors) => put.set_event_selectors(Some(selectors)),
        Sdk::Advanced(selectors) => put.set_advanced_event_selectors(Some(selectors)),
    };
    wait::retry(PASSING, passing, async || {
        cx.aws
            .call("cloudtrail:PutEventSelectors", put.clone().send())
            .await
            .map(drop)
    })
    .await
    .map_err(|fault| match fault.is(&["InvalidEventSelectorsException"]) {
        true => fault.hint("correct the trail's `selectors:`, `events:` or `exclude:` in the stack file"),
        false => fault,
    })
}

pub(super) async fn put_tags(aws: &Aws, live: &Live, wanted: &Tags) -> Result<()> {
    let cloudtrail = &aws.connection.clients.cloudtrail;
    let arn = &live.trail.arn;
    let (put, remove) = tags::patch(&live.tags, wanted);
    if !put.is_empty() {
        let add = cloudtrail.add_tags().resource_id(arn);
        let send = add.set_tags_list(Some(in_aws_words(&put))).send();
        aws.call("cloudtrail:AddTags", send).await?;
    }
    if !remove.is_empty() {
        let gone = live.tags.iter().filter(|(key, _)| remove.contains(key));
        let gone: Tags = gone.map(|(key, value)| (key.clone(), value.clone())).collect();
        let send = cloudtrail.remove_tags().resource_id(arn);
        let send = send.set_tags_list(Some(in_aws_words(&gone))).send();
        aws.call("cloudtrail:RemoveTags", send).await?;
    }
    Ok(())
}

/// Refusals of what was made a moment ago.
fn passing(fault: &Fault) -> bool {
    fault.is(&[
        "InsufficientS3BucketPolicyException",
        "InsufficientEncryptionPolicyException",
        "KmsKeyNotFoundException",
        "ConflictException",
    ]) || LOGS.iter().any(|code| fault.says(code, "access denied"))
}

const LOGS: [&str; 2] = [
    "InvalidCloudWatchLogsLogGroupArnException",
    "InvalidCloudWatchLogsRoleArnException",
];

fn hinted(fault: Fault) -> Fault {
    match fault.code.as_str() {
        "MaximumNumberOfTrailsExceededException" => fault.hint(
            "a region has at most five trails, those of other regions that log here included: use one of \
             them with `trail: { existing: NAME }`",
        ),
        "S3BucketDoesNotExistException" => {
            fault.hint("correct the trail's `bucket:` in the stack file, or let alertctl make one")
        }
        "InvalidHomeRegionException" => {
            fault.hint("the trail is at home in another region: set the stack's `region:` to that one")
        }
        _ => fault,
    }
}
