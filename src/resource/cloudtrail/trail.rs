//! A CloudTrail trail that logs. Without a trail, EventBridge receives no events "via CloudTrail".

use alertctl_relay::console_page;
use aws_sdk_cloudtrail::types::Tag;
use serde_json::Value;

use crate::aws::Scope;
use crate::aws::fault::gone;
use crate::aws::tags::{HUB_ACCOUNT_TAG, HUB_TAG, STACK_TAG};
use crate::resource::access::{ANY, Access, OWN_ROLES};
use crate::resource::kms::key::KmsKey;
use crate::resource::{
    About, Aws, Changes, Context, Fault, Fields, Handling, Health, Known, NodeId, Observed, Output, Presence,
    Ref, Resource, Result, Tags, Text, Verdict, Wanted, converge, tags,
};

mod calls;
mod observe;
mod read;
mod selectors;
mod template;

use read::Trail;
pub(in crate::resource) use read::{logs_writes, status};
pub use selectors::Selectors;

/// The desired trail. Logging is part of the desired state.
#[derive(Debug, Clone)]
pub struct CloudtrailTrail {
    pub name: String,
    pub bucket_name: Text,
    /// The prefix of the log files in the bucket.
    pub prefix: Option<String>,
    /// Whether it logs all regions, not only its own.
    pub multi_region: bool,
    /// Whether it logs every account of the organization, which only a trail of the management account can do.
    pub organization: bool,
    /// The account that owns the trail, if a delegated administrator makes it: the management account.
    pub owner: Option<String>,
    /// Whether digest files are written, which show if somebody changed a log file.
    pub log_file_validation: bool,
    /// Encrypts the log files. `None` leaves encryption to the bucket.
    pub kms_key: Option<Ref<KmsKey>>,
    /// A log group that also gets all events.
    pub logs: Option<TrailLogs>,
    pub selectors: Selectors,
    pub tags: Tags,
}

/// The log group and the role with which a trail writes to CloudWatch Logs.
#[derive(Debug, Clone)]
pub struct TrailLogs {
    /// Without `:*` at its end.
    pub log_group_arn: Text,
    /// The role that CloudTrail assumes to write there.
    pub role_arn: Text,
}

/// A trail as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    trail: Trail,
    /// In the form that is compared. `None` for AWS's default.
    selectors: Option<Value>,
    logging: bool,
    /// Why the last log file could not be delivered.
    delivery_error: Option<String>,
    /// When the last log file was delivered. `None` if none was delivered yet.
    last_delivery: Option<String>,
    tags: Tags,
}

/// What CloudTrail does with the caller's permissions for a trail of an organization.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-an-organizational-trail-prepare.html>
const OF_ORGANIZATION: &[&str] = &[
    "iam:CreateServiceLinkedRole",
    "iam:GetRole",
    "organizations:DescribeOrganization",
    "organizations:ListAWSServiceAccessForOrganization",
    "organizations:ListAccounts",
];
const TRAIL: &[&str] = &["arn:{partition}:cloudtrail:{region}:{account}:trail/{prefix}"];
/// The trail of a delegated administrator is in the management account, whose id is then in its ARN.
const OF_OWNER: &[&str] = &["arn:{partition}:cloudtrail:{region}:*:trail/{prefix}"];
const READS: &[&str] = &[
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrail",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:ListTags",
];
const WRITES: &[&str] = &[
    "cloudtrail:AddTags",
    "cloudtrail:CreateTrail",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:StartLogging",
];
const CHANGES: &[&str] = &["cloudtrail:RemoveTags", "cloudtrail:UpdateTrail"];
const DELETES: &[&str] = &["cloudtrail:DeleteTrail"];

impl Resource for CloudtrailTrail {
    const KIND: &'static str = "cloudtrail-trail";
    const HANDLING: Handling = Handling {
        // The guard would start the trail again.
        deleted_after: &["eventbridge-targets", "eventbridge-rule"],
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(&["cloudtrail:DescribeTrails"], ANY).because("CloudTrail lists trails as a whole"),
        Access::read(READS, TRAIL),
        Access::read(READS, OF_OWNER),
        Access::write(WRITES, TRAIL),
        Access::write(WRITES, OF_OWNER),
        Access::change(CHANGES, TRAIL),
        Access::change(CHANGES, OF_OWNER),
        Access::write(&["iam:PassRole"], &[OWN_ROLES])
            .when(&[("StringEquals", "iam:PassedToService", "cloudtrail.amazonaws.com")])
            .by(&["cloudtrail:CreateTrail", "cloudtrail:UpdateTrail"]),
        Access::write(OF_ORGANIZATION, ANY)
            .because("they are about the organization as a whole")
            .by(&["cloudtrail:CreateTrail", "cloudtrail:UpdateTrail"]),
        Access::delete(DELETES, TRAIL),
        Access::delete(DELETES, OF_OWNER),
    ];
    type Live = Live;

    fn refs(&self) -> Vec<NodeId> {
        self.kms_key.iter().map(|key| key.id().clone()).collect()
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn uses(&self, access: &Access) -> bool {
        match (access.actions, access.on) {
            (["iam:PassRole"], _) => self.logs.is_some(),
            (OF_ORGANIZATION, _) => self.organization,
            (_, TRAIL) => self.owner.is_none(),
            (_, OF_OWNER) => self.owner.is_some(),
            _ => true,
        }
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        observe::observe(aws, wanted).await
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            name,
            bucket_name,
            prefix,
            multi_region,
            organization,
            owner: _,
            log_file_validation,
            kms_key,
            logs,
            selectors,
            tags: _,
        } = self;
        Fields::default()
            .set("name", name.as_str())
            .text("bucket", bucket_name, known)
            .set_some("prefix", prefix.as_deref().filter(|prefix| !prefix.is_empty()))
            .set("multi_region", *multi_region)
            // A multi-region trail must include global service events. A single-region trail gets them only in
            // us-east-1.
            .set("include_global_service_events", true)
            .set_some("organization", organization.then_some(true))
            .set("log_file_validation", *log_file_validation)
            .text_some("kms_key", kms_key.as_ref().map(Ref::arn), known)
            .text_some("log_group", logs.as_ref().map(|logs| &logs.log_group_arn), known)
            .text_some("log_role", logs.as_ref().map(|logs| &logs.role_arn), known)
            .set_some("selectors", selectors.shown())
            .set("logging", true)
            .tags(&self.tags_in(&known.scope))
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            trail,
            selectors,
            logging,
            delivery_error: _,
            last_delivery: _,
            tags,
        } = live;
        trail
            .fields()
            .set_some("selectors", selectors.clone())
            .set("logging", *logging)
            .live_tags(tags)
    }

    fn live_name(live: &Live) -> String {
        live.trail.name.clone()
    }

    fn output(live: &Live) -> Output {
        Output::of_arn(live.trail.arn.clone())
    }

    fn console_page(_name: &str, output: &Output, region: &str) -> Option<String> {
        console_page(region, "cloudtrailv2/home", &format!("/trails/{}", output.arn))
    }

    fn about(live: &Live) -> About {
        let (verdict, text) = match (live.logging, &live.delivery_error, &live.last_delivery) {
            (false, _, _) => (Verdict::Waiting, "not logging".to_owned()),
            (true, Some(_), _) => (Verdict::Attention, "logging, not delivering".to_owned()),
            (true, None, Some(time)) => (Verdict::Healthy, format!("logging, last delivery {time}")),
            (true, None, None) => (Verdict::Healthy, "logging, nothing delivered yet".to_owned()),
        };
        let health = Health::new(verdict, text).with("logging", live.logging);
        let health = health.with("last_delivery", live.last_delivery.clone());
        let undelivered = |error: &String| {
            format!(
                "the last log file could not be delivered to `{}`: {error}",
                live.trail.bucket
            )
        };
        About {
            health: Some(health.with("delivery_error", live.delivery_error.clone())),
            remark: live.delivery_error.as_ref().map(undelivered),
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let live = match calls::create(self, cx).await {
            Err(fault) if fault.is(&["TrailAlreadyExistsException"]) => {
                // The answer of an earlier attempt was lost, or the trail with this name is somebody else's.
                match read::read(cx.aws, self).await? {
                    Some(live) if read::is_ours(cx.aws, &cx.known.scope, &live) => live,
                    _ => {
                        return Err(
                            fault.hint("choose another name for the trail, or adopt this one with --adopt")
                        );
                    }
                }
            }
            result => {
                let trail = result?;
                Live {
                    // The creating call sets the tags, but an emulated AWS may drop them.
                    tags: read::tags_of_new(cx.aws, &trail.arn, &self.tags_in(&cx.known.scope)).await?,
                    trail,
                    selectors: None,
                    logging: false,
                    delivery_error: None,
                    last_delivery: None,
                }
            }
        };
        converge(self, live, cx).await
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        // Ownership first: if a later call fails, the next run finishes the rest.
        let tags = self.tags_in(&cx.known.scope);
        calls::put_tags(cx.aws, &live, &tags).await?;
        let trail = match changes.touch_any(Trail::FIELDS) {
            true => calls::update(self, &live.trail.arn, cx).await?,
            false => live.trail,
        };
        if changes.touch("selectors") {
            calls::put_selectors(self, &trail.arn, cx).await?;
        }
        // Last, so that everything logged from now on follows the wanted settings.
        if changes.touch("logging") {
            let start = cx.aws.connection.clients.cloudtrail.start_logging();
            let request = start.name(&trail.arn);
            cx.aws
                .call("cloudtrail:StartLogging", || request.clone().send())
                .await?;
        }
        Ok(Live {
            trail,
            selectors: self.selectors.shown(),
            logging: true,
            delivery_error: None,
            last_delivery: None,
            tags,
        })
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let delete = cx.aws.connection.clients.cloudtrail.delete_trail();
        let request = delete.name(&live.trail.arn);
        gone(
            cx.aws
                .call("cloudtrail:DeleteTrail", || request.clone().send())
                .await,
        )
    }
}

impl CloudtrailTrail {
    /// The account that owns it, if that is not the stack's.
    fn owner_beside(&self, scope: &Scope) -> Option<&str> {
        self.owner.as_deref().filter(|owner| *owner != scope.account)
    }

    /// Its tags. In another account, those that mark what is of a stack there are left out.
    fn tags_in(&self, scope: &Scope) -> Tags {
        let mut tags = self.tags.clone();
        if self.owner_beside(scope).is_some()
            && let Some(stack) = tags.remove(STACK_TAG)
        {
            tags.insert(HUB_TAG.to_owned(), stack);
            tags.insert(HUB_ACCOUNT_TAG.to_owned(), scope.account.clone());
        }
        tags
    }
}

fn to_sdk(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.iter().flat_map(tag).collect()
}

#[cfg(test)]
mod tests;
