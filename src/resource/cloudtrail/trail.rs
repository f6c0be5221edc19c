//! A CloudTrail trail that logs. Without a trail, EventBridge receives no events "via CloudTrail".

use alertctl_relay::console_page;
use aws_sdk_cloudtrail::types::Tag;
use serde_json::Value;
use std::rc::Rc;

use crate::aws::cloudtrail;
use crate::aws::fault::gone;
use crate::resource::access::{ANY, Access, OWN_ROLES};
use crate::resource::kms::key::KmsKey;
use crate::resource::{
    About, Aws, Changes, Context, Fault, Fields, Handling, Health, Known, NodeId, Observed, Output, Presence,
    Ref, Resource, Result, Tags, Text, Verdict, Wanted, converge, tags,
};

mod calls;
mod read;
mod selectors;
mod template;

use read::{Trail, details, foreign, home_region};
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
    /// Whether it logs every account of the organization, which only the management account's trail can.
    pub organization: bool,
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
const TRAIL: &str = "arn:{partition}:cloudtrail:{region}:{account}:trail/{prefix}";

impl Resource for CloudtrailTrail {
    const KIND: &'static str = "cloudtrail-trail";
    const HANDLING: Handling = Handling {
        // The guard would start the trail again.
        deleted_after: &["eventbridge-targets", "eventbridge-rule"],
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(&["cloudtrail:DescribeTrails"], ANY).because("CloudTrail lists trails as a whole"),
        Access::read(
            &[
                "cloudtrail:GetEventSelectors",
                "cloudtrail:GetTrail",
                "cloudtrail:GetTrailStatus",
                "cloudtrail:ListTags",
            ],
            &[TRAIL],
        ),
        Access::write(
            &[
                "cloudtrail:AddTags",
                "cloudtrail:CreateTrail",
                "cloudtrail:PutEventSelectors",
                "cloudtrail:StartLogging",
            ],
            &[TRAIL],
        ),
        Access::change(&["cloudtrail:RemoveTags", "cloudtrail:UpdateTrail"], &[TRAIL]),
        Access::write(&["iam:PassRole"], &[OWN_ROLES])
            .when(&[("StringEquals", "iam:PassedToService", "cloudtrail.amazonaws.com")])
            .by(&["cloudtrail:CreateTrail", "cloudtrail:UpdateTrail"]),
        Access::write(OF_ORGANIZATION, ANY)
            .because("they are about the organization as a whole")
            .by(&["cloudtrail:CreateTrail", "cloudtrail:UpdateTrail"]),
        Access::delete(&["cloudtrail:DeleteTrail"], &[TRAIL]),
    ];
    type Live = Live;

    fn refs(&self) -> Vec<NodeId> {
        self.kms_key.iter().map(|key| key.id().clone()).collect()
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn uses(&self, access: &Access) -> bool {
        match access.actions {
            ["iam:PassRole"] => self.logs.is_some(),
            OF_ORGANIZATION => self.organization,
            _ => true,
        }
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let names: Vec<_> = wanted.iter().map(|wanted| wanted.desired.name.as_str()).collect();
        let trails = async {
            // A stack without a trail needs no permission to look for one.
            let left = async || {
                Ok(aws
                    .tagged()
                    .await?
                    .iter()
                    .any(|one| one.service() == "cloudtrail"))
            };
            match !names.is_empty() || left().await? {
                true => cloudtrail::trails(aws).await,
                false => Ok(Rc::default()),
            }
        };
        let (trails, tagged) = futures::try_join!(trails, aws.tagged())?;
        let is_tagged = |trail: &Trail| tagged.iter().any(|tagged| tagged.arn == trail.arn);
        let mut here = Vec::new();
        let scope = aws.scope().await?;
        let (others, own): (Vec<_>, Vec<_>) = trails
            .iter()
            .map(Trail::from)
            .partition(|trail| cloudtrail::foreign(scope, &trail.arn).is_some());
        let taken = |trail: &&Trail| {
            names.contains(&trail.name.as_str()) && !own.iter().any(|own| own.name == trail.name)
        };
        if let Some(trail) = others.iter().find(taken) {
            return Err(foreign(trail));
        }
        for trail in own {
            let wanted = names.contains(&trail.name.as_str());
            if wanted && trail.home_region != aws.connection.region {
                return Err(home_region(aws, &trail));
            }
            if trail.home_region == aws.connection.region && (wanted || is_tagged(&trail)) {
                here.push(trail);
            }
        }
        let mut here = details(aws, here).await?;
        let mut observed = Observed {
            wanted: Vec::new(),
            orphans: Vec::new(),
        };
        for name in names {
            let at = here.iter().position(|live| live.trail.name == name);
            observed.wanted.push(at.map_or(Presence::Absent, |at| {
                let live = here.swap_remove(at);
                Presence::of(aws.owns(&live.tags), live)
            }));
        }
        let left = here.into_iter().filter(|live| aws.owns(&live.tags));
        let orphan = |live: Live| (tags::node(Self::KIND, &live.tags, &live.trail.name), live);
        observed.orphans.extend(left.map(orphan));
        Ok(observed)
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            name,
            bucket_name,
            prefix,
            multi_region,
            organization,
            log_file_validation,
            kms_key,
            logs,
            selectors,
            tags,
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
            .tags(tags)
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
                match read::read(cx.aws, &self.name).await? {
                    Some(live) if cx.aws.owns(&live.tags) => live,
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
                    tags: read::tags_of_new(cx.aws, &trail.arn, &self.tags).await?,
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
        calls::put_tags(cx.aws, &live, &self.tags).await?;
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
            tags: self.tags.clone(),
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

fn to_sdk(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.iter().flat_map(tag).collect()
}

#[cfg(test)]
mod tests;
