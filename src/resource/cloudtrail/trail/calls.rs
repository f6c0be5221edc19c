//! The calls that change a trail, and hints for their errors.

use super::read::Trail;
use super::selectors::Sdk;
use super::{Aws, CloudtrailTrail, Context, Fault, Live, Result, Tags, tags, to_sdk};

/// The parameters that CreateTrail and UpdateTrail share, with all values filled in.
struct Settings {
    bucket: String,
    prefix: Option<String>,
    kms_key: Option<String>,
    log_group: Option<String>,
    log_role: Option<String>,
}

impl Settings {
    fn of(desired: &CloudtrailTrail, cx: &Context<'_>) -> Result<Self> {
        let kms_key = desired.kms_key.as_ref().map(|key| cx.text(&key.arn()));
        let logs = desired.logs.as_ref();
        // CloudTrail requires the ARN of the group with `:*`, which includes its streams.
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

pub(super) async fn create(desired: &CloudtrailTrail, cx: &Context<'_>) -> Result<Trail> {
    let settings = Settings::of(desired, cx)?;
    let request = cx.aws.connection.clients.cloudtrail.create_trail();
    let request = request
        .name(&desired.name)
        .s3_bucket_name(&settings.bucket)
        .set_s3_key_prefix(settings.prefix)
        .is_multi_region_trail(desired.multi_region)
        .include_global_service_events(true)
        .enable_log_file_validation(desired.log_file_validation)
        .set_is_organization_trail(desired.organization.then_some(true))
        .set_kms_key_id(settings.kms_key)
        .set_cloud_watch_logs_log_group_arn(settings.log_group)
        .set_cloud_watch_logs_role_arn(settings.log_role)
        .set_tags_list(Some(to_sdk(&desired.tags_in(&cx.known.scope))));
    let answer = cx.aws.call("cloudtrail:CreateTrail", || request.clone().send());
    answer.await.map(|answer| Trail::from(&answer)).map_err(hinted)
}

pub(super) async fn update(desired: &CloudtrailTrail, arn: &str, cx: &Context<'_>) -> Result<Trail> {
    let settings = Settings::of(desired, cx)?;
    // A parameter that is left out keeps its value. An empty text removes it.
    let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
    let request = cx.aws.connection.clients.cloudtrail.update_trail();
    let request = request
        .name(arn)
        .s3_bucket_name(&settings.bucket)
        .s3_key_prefix(or_none(&settings.prefix))
        .is_multi_region_trail(desired.multi_region)
        .include_global_service_events(true)
        .enable_log_file_validation(desired.log_file_validation)
        .is_organization_trail(desired.organization)
        .kms_key_id(or_none(&settings.kms_key))
        .cloud_watch_logs_log_group_arn(or_none(&settings.log_group))
        .cloud_watch_logs_role_arn(or_none(&settings.log_role));
    let answer = cx.aws.call("cloudtrail:UpdateTrail", || request.clone().send());
    answer.await.map(|answer| Trail::from(&answer)).map_err(hinted)
}

pub(super) async fn put_selectors(desired: &CloudtrailTrail, arn: &str, cx: &Context<'_>) -> Result<()> {
    let put = cx
        .aws
        .connection
        .clients
        .cloudtrail
        .put_event_selectors()
        .trail_name(arn);
    let put = match desired.selectors.to_sdk()? {
        Sdk::Basic(selectors) => put.set_event_selectors(Some(selectors)),
        Sdk::Advanced(selectors) => put.set_advanced_event_selectors(Some(selectors)),
    };
    let done = cx.aws.call("cloudtrail:PutEventSelectors", || put.clone().send());
    done.await
        .map(drop)
        .map_err(|fault| match fault.is(&["InvalidEventSelectorsException"]) {
            true => fault.hint("correct the trail's `selectors:`, `events:` or `exclude:` in the stack file"),
            false => fault,
        })
}

pub(super) async fn put_tags(aws: &Aws, live: &Live, wanted: &Tags) -> Result<()> {
    let cloudtrail = &aws.connection.clients.cloudtrail;
    let arn = &live.trail.arn;
    tags::sync(
        &live.tags,
        wanted,
        async |remove| {
            let gone = live.tags.iter().filter(|(key, _)| remove.contains(key));
            let gone: Tags = gone.map(|(key, value)| (key.clone(), value.clone())).collect();
            let request = cloudtrail.remove_tags().resource_id(arn);
            let request = request.set_tags_list(Some(to_sdk(&gone)));
            aws.call("cloudtrail:RemoveTags", || request.clone().send()).await
        },
        async |put| {
            let request = cloudtrail.add_tags().resource_id(arn);
            let request = request.set_tags_list(Some(to_sdk(&put)));
            aws.call("cloudtrail:AddTags", || request.clone().send()).await
        },
    )
    .await
}

fn hinted(fault: Fault) -> Fault {
    match fault.code.as_str() {
        "MaximumNumberOfTrailsExceededException" => fault.hint(
            "a region has at most five trails, including those of other regions that log here: use one of \
             them with `trail: { existing: NAME }`",
        ),
        "S3BucketDoesNotExistException" => {
            fault.hint("correct the trail's `bucket:` in the stack file, or let alertctl create one")
        }
        "InvalidHomeRegionException" => {
            fault.hint("the trail is at home in another region: set the stack's `region:` to that one")
        }
        "CloudTrailAccessNotEnabledException" => fault.hint(
            "let CloudTrail into the organization, from its management account: `aws organizations \
             enable-aws-service-access --service-principal cloudtrail.amazonaws.com`, then run the same command again",
        ),
        "NotOrganizationMasterAccountException" | "NotOrganizationManagementAccountException" => fault.hint(
            "only the management account and delegated administrators of CloudTrail make a trail for all accounts: let the management \
             account register this one with `aws cloudtrail register-organization-delegated-admin --member-account-id ACCOUNT`, and \
             name it as `organization.management_account`; or use its trail with `trail: { existing: ARN }`",
        ),
        "NoManagementAccountSLRExistsException" | "InsufficientDependencyServiceAccessPermissionException" => fault.hint(
            "CloudTrail's service-linked role is missing in the management account: register this account there with CloudTrail's own \
             command, `aws cloudtrail register-organization-delegated-admin`, which makes the role",
        ),
        "OrganizationNotInAllFeaturesModeException" => {
            fault.hint("turn on all features of the organization: `aws organizations enable-all-features`")
        }
        "OrganizationsNotInUseException" => {
            fault.hint("the account is in no organization: remove `organization: true` from the trail")
        }
        _ => fault,
    }
}
