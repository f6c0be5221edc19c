//! Spot instances, fleets, Auto Scaling's hooks and refreshes, and what belongs to instances.

use super::layout::{LAYOUT, Layout, RESOURCE, When, at, encoded, page};
use super::{Fact, News, Page, Report, Thing, Tone, Turn, facts};
use crate::contract::Severity;
use crate::event::text;
use serde_json::Value;

/// EC2 guide and Auto Scaling guide, chapters on EventBridge; ECS guide, "Container instance state change events".
pub(super) const LAYOUTS: &[Layout] = &[
    refresh("EC2 Auto Scaling Instance Refresh Started", Turn::Running),
    refresh("EC2 Auto Scaling Instance Refresh Succeeded", Turn::Succeeded),
    refresh("EC2 Auto Scaling Instance Refresh Failed", Turn::Failed),
    refresh("EC2 Auto Scaling Instance Refresh Cancelled", Turn::Cancelled),
    refresh(
        "EC2 Auto Scaling Instance Refresh Checkpoint Reached",
        Turn::Paused,
    ),
    refresh(
        "EC2 Auto Scaling Instance Refresh Rollback Started",
        Turn::RollingBack,
    ),
    refresh(
        "EC2 Auto Scaling Instance Refresh Rollback Succeeded",
        Turn::RolledBack,
    ),
    refresh(
        "EC2 Auto Scaling Instance Refresh Rollback Failed",
        Turn::NotRolledBack,
    ),
    Layout {
        source: "aws.ec2",
        kind: "EC2 AMI State Change",
        thing: Thing::Image,
        name: &["ImageId"],
        turn: When::State(&["State"]),
        reason: &["ErrorMessage"],
        page: |detail| {
            page(
                "ec2/home",
                format!("ImageDetails:imageId={}", encoded(detail, "ImageId")?),
            )
        },
        ..LAYOUT
    },
    Layout {
        source: "aws.ec2",
        kind: "EC2 Spot Instance Request Fulfillment",
        thing: Thing::SpotRequest,
        name: &["spot-instance-request-id"],
        turn: When::Always(Turn::Succeeded),
        facts: &[(Fact::Instance, "instance-id")],
        page: |detail| instance(&at(detail, "instance-id")?),
        ..LAYOUT
    },
    fleet("EC2 Fleet State Change", "aws.ec2fleet"),
    part("EC2 Fleet Instance Change", "aws.ec2fleet", Thing::Instance),
    part(
        "EC2 Fleet Spot Instance Request Change",
        "aws.ec2fleet",
        Thing::SpotRequest,
    ),
    fleet("EC2 Spot Fleet State Change", "aws.ec2spotfleet"),
    part(
        "EC2 Spot Fleet Instance Change",
        "aws.ec2spotfleet",
        Thing::Instance,
    ),
    part(
        "EC2 Spot Fleet Spot Instance Request Change",
        "aws.ec2spotfleet",
        Thing::SpotRequest,
    ),
    trouble("EC2 Fleet Error", "aws.ec2fleet", Turn::Failed),
    trouble("EC2 Spot Fleet Error", "aws.ec2spotfleet", Turn::Failed),
    trouble("EC2 Fleet Information", "aws.ec2fleet", Turn::NeedsLook),
    trouble("EC2 Spot Fleet Information", "aws.ec2spotfleet", Turn::NeedsLook),
    Layout {
        source: "aws.dlm",
        kind: "DLM Policy State Change",
        thing: Thing::LifecyclePolicy,
        name: &["policy_id"],
        turn: When::State(&["state"]),
        reason: &["cause"],
        page: |_| page("ec2/home", "Lifecycle:".to_owned()),
        ..LAYOUT
    },
    Layout {
        source: "aws.ecs",
        kind: "ECS Container Instance State Change",
        thing: Thing::ContainerInstance,
        name: &["ec2InstanceId", "containerInstanceArn"],
        turn: When::Read(
            |detail| {
                // The agent's connection is lost for a moment at every update.
                let connected = detail.get("agentConnected").and_then(Value::as_bool);
                match at(detail, "status")?.as_str() {
                    "ACTIVE" if connected == Some(false) => Some(Turn::Unavailable),
                    "ACTIVE" => Some(Turn::Available),
                    "INACTIVE" => Some(Turn::Terminated),
                    _ => None,
                }
            },
            &["status"],
        ),
        facts: &[(Fact::Cluster, "clusterArn")],
        ..LAYOUT
    },
];

const fn refresh(kind: &'static str, turn: Turn) -> Layout {
    Layout {
        source: "aws.autoscaling",
        kind,
        thing: Thing::InstanceRefresh,
        name: &["AutoScalingGroupName"],
        turn: When::Always(turn),
        facts: &[
            (Fact::Run, "InstanceRefreshId"),
            (Fact::Threshold, "CheckpointPercentage"),
        ],
        page: |detail| {
            let name = encoded(detail, "AutoScalingGroupName")?;
            page(
                "ec2/home",
                format!("AutoScalingGroupDetails:id={name};view=instanceRefresh"),
            )
        },
        ..LAYOUT
    }
}

const fn fleet(kind: &'static str, source: &'static str) -> Layout {
    Layout {
        source,
        kind,
        thing: Thing::Fleet,
        turn: When::State(&["sub-type"]),
        ..LAYOUT
    }
}

/// An instance of a fleet, or a request of one.
const fn part(kind: &'static str, source: &'static str, thing: Thing) -> Layout {
    Layout {
        source,
        kind,
        thing,
        name: match thing {
            Thing::Instance => &["instance-id"],
            _ => &["spot-instance-request-id"],
        },
        of: Some((Thing::Fleet, RESOURCE)),
        turn: When::State(&["sub-type"]),
        facts: &[(Fact::Description, "description")],
        ..LAYOUT
    }
}

const fn trouble(kind: &'static str, source: &'static str, turn: Turn) -> Layout {
    Layout {
        source,
        kind,
        thing: Thing::Fleet,
        turn: When::Always(turn),
        reason: &["description"],
        facts: &[(Fact::Status, "sub-type"), (Fact::Instance, "instance-id")],
        ..LAYOUT
    }
}

fn instance(id: &str) -> Option<Page> {
    Some(Page::Instance(id.trim().to_owned()))
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html>
pub(super) fn spot(detail_type: &str, _: &Value, detail: &Value) -> Option<Report> {
    let turn = match detail_type {
        "EC2 Spot Instance Interruption Warning" => match text(detail, "instance-action").as_deref() {
            Some("stop") => Turn::SpotStop,
            Some("hibernate") => Turn::SpotHibernate,
            _ => Turn::SpotTerminate,
        },
        "EC2 Instance Rebalance Recommendation" => Turn::AtRisk,
        _ => return None,
    };
    let id = text(detail, "instance-id")?.trim().to_owned();
    Some(Report {
        tone: turn.tone(),
        page: instance(&id),
        ..Report::new(
            News::Changed {
                thing: Thing::SpotInstance,
                turn,
                raw: String::new(),
                of: None,
            },
            id,
        )
    })
}

/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html>
pub(super) fn scaling(detail_type: &str, _: &Value, detail: &Value) -> Option<Report> {
    let turn = match detail_type {
        "EC2 Instance-launch Lifecycle Action" => Turn::HeldLaunch,
        "EC2 Instance-terminate Lifecycle Action" => Turn::HeldTerminate,
        _ => return None,
    };
    let group = text(detail, "AutoScalingGroupName")?;
    Some(Report {
        tone: turn.tone(),
        facts: facts([
            (Fact::Hook, text(detail, "LifecycleHookName")),
            (Fact::Description, text(detail, "NotificationMetadata")),
            (Fact::Target, text(detail, "Destination")),
        ]),
        page: Some(Page::ScalingGroup(group.clone())),
        ..Report::new(
            News::Changed {
                thing: Thing::Instance,
                turn,
                raw: String::new(),
                of: Some((Thing::Group, group)),
            },
            text(detail, "EC2InstanceId")?,
        )
    })
}

/// A group's test of a topic, when its notifications are set up.
pub(super) fn test(message: &Value) -> Option<Report> {
    let group = text(message, "AutoScalingGroupName")?;
    let page = Some(Page::ScalingGroup(group.clone()));
    Some(Report {
        page,
        tone: Tone::Plain,
        ..Report::new(
            News::Changed {
                thing: Thing::Group,
                turn: Turn::Tested,
                raw: String::new(),
                of: None,
            },
            group,
        )
    })
}

/// A notification of Beanstalk: lines such as `Message: …`.
/// <https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/using-features.managing.sns.html>
pub(super) fn beanstalk(message: &str) -> Option<Report> {
    let line = |key: &str| {
        let value = message
            .lines()
            .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "))?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    };
    let (said, environment, application) = (line("Message")?, line("Environment")?, line("Application")?);
    let lower = said.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    // "Environment health has transitioned from Ok to Severe. …": what follows `to` counts.
    let health = lower.split_once(" to ").map_or("", |(_, rest)| rest);
    let turned = lower.contains("health has transitioned");
    let tone = if turned && health.starts_with("ok") {
        Tone::Good
    } else if turned && (health.starts_with("severe") || health.starts_with("degraded"))
        || has(&["fail", "error", "unsuccessful", "unable", "abort"])
    {
        Tone::Bad(Severity::Error)
    } else if turned && (health.starts_with("warning") || health.starts_with("no data"))
        || has(&["warn", "terminat"])
    {
        Tone::Bad(Severity::Warning)
    } else if has(&["successfully", "completed"]) {
        Tone::Good
    } else {
        Tone::Plain
    };
    Some(Report {
        tone,
        summary: Some(said),
        facts: facts([(Fact::Group, Some(application))]),
        ..Report::new(
            News::Told {
                thing: Thing::Environment,
            },
            environment,
        )
    })
}
