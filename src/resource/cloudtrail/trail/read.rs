//! Reads trails: one call for the settings of all trails in the region, one for their tags, and two for each trail's
//! status and selectors.

use alertctl_relay::ArnParts;
use aws_sdk_cloudtrail::operation::create_trail::CreateTrailOutput;
use aws_sdk_cloudtrail::operation::update_trail::UpdateTrailOutput;
use aws_sdk_cloudtrail::types as sdk;

use super::selectors::Sdk;
use super::{Aws, CloudtrailTrail, Fault, Fields, Live, Result, Scope, Tags, Text};
use crate::aws::cloudtrail;
use crate::aws::fault::found;
use crate::aws::tags::is_of_hub;
use crate::resource::health;

/// The settings of a trail that are read with one call and written with one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resource) struct Trail {
    pub name: String,
    pub arn: String,
    pub home_region: String,
    pub bucket: String,
    prefix: Option<String>,
    multi_region: bool,
    include_global_service_events: bool,
    organization: bool,
    log_file_validation: bool,
    kms_key: Option<String>,
    log_group: Option<String>,
    log_role: Option<String>,
}

impl Trail {
    /// The fields that UpdateTrail changes.
    pub const FIELDS: &[&str] = &[
        "bucket",
        "prefix",
        "multi_region",
        "include_global_service_events",
        "organization",
        "log_file_validation",
        "kms_key",
        "log_group",
        "log_role",
    ];

    pub fn fields(&self) -> Fields {
        let Self {
            name,
            arn: _,
            home_region: _,
            bucket,
            prefix,
            multi_region,
            include_global_service_events,
            organization,
            log_file_validation,
            kms_key,
            log_group,
            log_role,
        } = self;
        Fields::default()
            .set("name", name.as_str())
            .set("bucket", bucket.as_str())
            .set_some("prefix", prefix.as_deref())
            .set("multi_region", *multi_region)
            .set("include_global_service_events", *include_global_service_events)
            .set_some("organization", organization.then_some(true))
            .set("log_file_validation", *log_file_validation)
            .set_some("kms_key", kms_key.as_deref())
            .set_some("log_group", log_group.as_deref())
            .set_some("log_role", log_role.as_deref())
    }
}

/// CloudTrail returns trails as three types with the same members.
macro_rules! trail {
    ($answer:expr, $region:expr) => {{
        let answer = $answer;
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let arn = answer.trail_arn().unwrap_or_default();
        Trail {
            name: text(answer.name()).unwrap_or_default(),
            arn: arn.to_owned(),
            home_region: text($region)
                .or_else(|| arn.split(':').nth(3).map(str::to_owned))
                .unwrap_or_default(),
            bucket: text(answer.s3_bucket_name()).unwrap_or_default(),
            prefix: text(answer.s3_key_prefix()),
            multi_region: answer.is_multi_region_trail().unwrap_or(false),
            include_global_service_events: answer.include_global_service_events().unwrap_or(false),
            organization: answer.is_organization_trail().unwrap_or(false),
            log_file_validation: answer.log_file_validation_enabled().unwrap_or(false),
            kms_key: text(answer.kms_key_id()),
            log_group: text(answer.cloud_watch_logs_log_group_arn())
                .map(|arn| arn.strip_suffix(":*").unwrap_or(&arn).to_owned()),
            log_role: text(answer.cloud_watch_logs_role_arn()),
        }
    }};
}

impl From<&sdk::Trail> for Trail {
    fn from(trail: &sdk::Trail) -> Self {
        trail!(trail, trail.home_region())
    }
}

impl From<&CreateTrailOutput> for Trail {
    fn from(answer: &CreateTrailOutput) -> Self {
        trail!(answer, None)
    }
}

impl From<&UpdateTrailOutput> for Trail {
    fn from(answer: &UpdateTrailOutput) -> Self {
        trail!(answer, None)
    }
}

/// Tags, status and selectors of `trails`, whose home region this must be. All are read concurrently.
pub(super) async fn details(aws: &Aws, trails: Vec<Trail>) -> Result<Vec<Live>> {
    let arns: Vec<_> = trails.iter().map(|trail| trail.arn.clone()).collect();
    let more = async |arn: &String| futures::try_join!(status(aws, arn), selectors(aws, arn));
    let both = futures::try_join!(
        cloudtrail::tags(aws, arns.clone()),
        futures::future::try_join_all(arns.iter().map(more))
    );
    let (tagged, more) = both.map_err(|fault| match fault.is(&["CloudTrailARNInvalidException"]) {
        true => fault.hint(
            "a trail of the organization may be read only by its management account and delegated administrators of CloudTrail: let \
             the management account register this one with `aws cloudtrail register-organization-delegated-admin --member-account-id \
             ACCOUNT`, or delete the trail there",
        ),
        false => fault,
    })?;
    let live = |(trail, (status, selectors)): (Trail, (Option<Status>, Option<Sdk>))| {
        let tags = tagged.iter().find(|tagged| tagged.arn == trail.arn);
        let status = status?;
        Some(Live {
            tags: tags.map(|tagged| tagged.tags.clone()).unwrap_or_default(),
            trail,
            selectors: selectors?.shown(),
            logging: status.logging,
            delivery_error: status.delivery_error,
            last_delivery: status.last_delivery,
        })
    };
    // A trail that was deleted meanwhile is left out.
    Ok(trails.into_iter().zip(more).filter_map(live).collect())
}

/// The current state of the trail of this name. By its name, only the caller's own account is searched: that of another owner is
/// named by its ARN.
pub(super) async fn read(aws: &Aws, wanted: &CloudtrailTrail) -> Result<Option<Live>> {
    let get = aws.connection.clients.cloudtrail.get_trail();
    let scope = aws.scope().await?;
    let owner = wanted.owner_beside(scope);
    let arn = Text::arn("cloudtrail", format!("trail/{}", wanted.name)).of_account(owner);
    let arn = owner.and_then(|_| arn.fill_computed(scope).ok());
    let request = get.name(arn.unwrap_or_else(|| wanted.name.clone()));
    let answer = found(aws.call("cloudtrail:GetTrail", || request.clone().send()).await)?;
    let trail = answer.as_ref().and_then(|answer| answer.trail()).map(Trail::from);
    match trail {
        Some(trail) if cloudtrail::foreign(scope, &trail.arn).is_some_and(|theirs| Some(theirs) != owner) => {
            Err(foreign(&trail, wanted))
        }
        Some(trail) if trail.home_region != aws.connection.region => Err(home_region(aws, &trail)),
        Some(trail) => Ok(details(aws, vec![trail]).await?.pop()),
        None => Ok(None),
    }
}

/// The tags of a trail that was just created. If the trail is not visible everywhere yet, the tags that were `sent`.
pub(super) async fn tags_of_new(aws: &Aws, arn: &str, sent: &Tags) -> Result<Tags> {
    match found(cloudtrail::tags(aws, vec![arn.to_owned()]).await) {
        Ok(tagged) => Ok(tagged
            .and_then(|mut tagged| tagged.pop())
            .map_or_else(|| sent.clone(), |tagged| tagged.tags)),
        Err(fault) if fault.is(&["CloudTrailARNInvalidException"]) => Ok(sent.clone()),
        Err(fault) => Err(fault),
    }
}

/// Whether a trail is logging, and whether it delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resource) struct Status {
    pub logging: bool,
    pub delivery_error: Option<String>,
    pub last_delivery: Option<String>,
}

/// The status of the trail with this ARN, whatever its home region. `None` if there is none.
pub(in crate::resource) async fn status(aws: &Aws, arn: &str) -> Result<Option<Status>> {
    let get = aws.connection.clients.cloudtrail.get_trail_status();
    let answer = found(
        aws.call("cloudtrail:GetTrailStatus", || get.clone().name(arn).send())
            .await,
    )?;
    Ok(answer.map(|answer| {
        let last_delivery = answer.latest_delivery_time().and_then(health::moment);
        let error = answer
            .latest_delivery_error
            .or(answer.latest_cloud_watch_logs_delivery_error);
        Status {
            logging: answer.is_logging.unwrap_or(false),
            delivery_error: error.filter(|error| !error.is_empty()),
            last_delivery,
        }
    }))
}

/// True if the trail with this ARN logs management events that change something: EventBridge gets these.
pub(in crate::resource) async fn logs_writes(aws: &Aws, arn: &str) -> Result<bool> {
    let selectors = selectors(aws, arn).await?;
    Ok(selectors.is_some_and(|selectors| selectors.log_writes()))
}

async fn selectors(aws: &Aws, arn: &str) -> Result<Option<Sdk>> {
    let get = aws.connection.clients.cloudtrail.get_event_selectors();
    let request = get.trail_name(arn);
    let answer = found(
        aws.call("cloudtrail:GetEventSelectors", || request.clone().send())
            .await,
    )?;
    Ok(answer.map(Sdk::read))
}

/// The error for a trail with another home region: a trail can be changed only there.
pub(super) fn home_region(aws: &Aws, trail: &Trail) -> Fault {
    let (name, home, here) = (&trail.name, &trail.home_region, &aws.connection.region);
    let text = format!("the trail `{name}` is at home in {home}; it cannot be changed from {here}");
    Fault::new("cloudtrail:DescribeTrails", "InvalidHomeRegionException", text).hint(format!(
        "choose another name for the trail, set the stack's `region:` to {home}, or use the trail as it is: \
         `trail: {{ existing: {} }}`",
        trail.arn
    ))
}

/// Whether the trail is this stack's, and not one of a stack with the same name in another account.
pub(super) fn is_ours(aws: &Aws, here: &Scope, live: &Live) -> bool {
    match cloudtrail::foreign(here, &live.trail.arn) {
        None => aws.owns(&live.tags),
        Some(_) => is_of_hub(&live.tags, &aws.stack, &here.account),
    }
}

/// The error if a trail of this account has the name that the organization's is to have.
pub(super) fn lone(trail: &Trail) -> Fault {
    let name = &trail.name;
    if trail.organization {
        let text = format!("the trail `{name}` belongs to this account, which is the management account");
        return Fault::new("cloudtrail:DescribeTrails", "TrailAlreadyExistsException", text)
            .hint("remove `management_account` from `organization`");
    }
    let text = format!(
        "the trail `{name}` logs this account alone, and only the management account could make it log the organization"
    );
    Fault::new("cloudtrail:DescribeTrails", "TrailAlreadyExistsException", text)
        .hint("choose another `name:` for the trail; the old one is deleted if it is the stack's")
}

/// The error if a trail of another account has the wanted name. This account may neither read nor change it, unless it is a
/// delegated administrator.
pub(super) fn foreign(trail: &Trail, wanted: &CloudtrailTrail) -> Fault {
    let (name, arn) = (&trail.name, &trail.arn);
    let text = format!("the trail `{name}` belongs to another account: `{arn}`");
    let mine = match wanted.organization && trail.organization {
        true => format!(
            "if the stack made it as a delegated administrator, write `management_account: \"{}\"` in `organization`; otherwise ",
            ArnParts::of(arn).account
        ),
        false => String::new(),
    };
    Fault::new("cloudtrail:DescribeTrails", "TrailAlreadyExistsException", text).hint(format!(
        "{mine}choose another name for the trail, or use that one as it is: `trail: {{ existing: {arn} }}`"
    ))
}
