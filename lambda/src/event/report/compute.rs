//! EC2 instances, Auto Scaling groups, ECS tasks and services.

use super::{Fact, News, Page, Report, Tone, facts, last_name};
use crate::contract::Severity;
use crate::event::{list, text};
use serde_json::Value;

pub(super) fn instance(detail_type: &str, _: &Value, detail: &Value) -> Option<Report> {
    if detail_type != "EC2 Instance State-change Notification" {
        return None;
    }
    let id = text(detail, "instance-id")?.trim().to_owned();
    let state = text(detail, "state")?;
    Some(Report {
        tone: match state.as_str() {
            "running" => Tone::Good,
            "stopped" | "terminated" => Tone::Bad(Severity::Warning),
            _ => Tone::Idle,
        },
        summary: None,
        facts: Vec::new(),
        moments: Vec::new(),
        page: Some(Page::Instance(id.clone())),
        details: None,
        news: News::Instance { state },
        subject: id,
    })
}

pub(super) fn scaling(detail_type: &str, _: &Value, detail: &Value) -> Option<Report> {
    let (news, tone) = match detail_type {
        "EC2 Instance Launch Successful" => (News::Launched { done: true }, Tone::Plain),
        "EC2 Instance Launch Unsuccessful" => (News::Launched { done: false }, Tone::Bad(Severity::Error)),
        "EC2 Instance Terminate Successful" => (News::Terminated { done: true }, Tone::Plain),
        "EC2 Instance Terminate Unsuccessful" => {
            (News::Terminated { done: false }, Tone::Bad(Severity::Error))
        }
        _ => return None,
    };
    let group = text(detail, "AutoScalingGroupName")?;
    // The description repeats what the headline says, except for the reason of a failure.
    let why = text(detail, "Description")
        .and_then(|said| Some(said.split_once("Status Reason:")?.1.trim().to_owned()))
        .filter(|why| !why.is_empty());
    let why = text(detail, "StatusMessage").or(why);
    let prose = why.into_iter().chain(text(detail, "Cause"));
    Some(Report {
        news,
        tone,
        summary: Some(prose.collect::<Vec<_>>().join("\n")),
        facts: facts([
            (Fact::Instance, text(detail, "EC2InstanceId")),
            (
                Fact::Status,
                text(detail, "StatusCode")
                    .filter(|code| !matches!(code.as_str(), "InProgress" | "Successful")),
            ),
        ]),
        moments: Vec::new(),
        page: Some(Page::ScalingGroup(group.clone())),
        details: None,
        subject: group,
    })
}

pub(super) fn ecs(detail_type: &str, event: &Value, detail: &Value) -> Option<Report> {
    match detail_type {
        "ECS Task State Change" => task(detail),
        "ECS Service Action" | "ECS Deployment State Change" => service(event, detail),
        _ => None,
    }
}

fn task(detail: &Value) -> Option<Report> {
    let last = text(detail, "lastStatus")?;
    // A task that still runs but has to stop: a Spot interruption, or a deployment.
    let stops = last != "STOPPED" && text(detail, "desiredStatus").as_deref() == Some("STOPPED");
    let status = if stops { "STOPPING".to_owned() } else { last };
    let containers = list(detail, "containers");
    let exit_code = |container: &Value| container.get("exitCode").and_then(Value::as_i64);
    let failed = containers
        .iter()
        .any(|container| exit_code(container).is_some_and(|code| code != 0));
    let code = text(detail, "stopCode").unwrap_or_default();
    let lines: Vec<_> = containers
        .iter()
        .filter_map(|container| {
            let mut line = text(container, "name")?;
            if let Some(status) = text(container, "lastStatus") {
                line += &format!(": {status}");
            }
            if let Some(code) = exit_code(container) {
                line += &format!(" ({code})");
            }
            if let Some(reason) = text(container, "reason") {
                line += &format!(" {reason}");
            }
            Some(line)
        })
        .collect();
    // The container that failed says more than the task.
    let culprit = containers
        .iter()
        .position(|container| exit_code(container).is_some_and(|code| code != 0));
    let culprit = culprit
        .filter(|_| status == "STOPPED")
        .and_then(|at| lines.get(at));
    let stopped = match (text(detail, "stoppedReason"), culprit) {
        (Some(reason), Some(culprit)) => Some(format!("{reason} — {}", culprit.replacen(": STOPPED", "", 1))),
        (reason, culprit) => reason.or_else(|| culprit.cloned()),
    };
    let name = |key: &str| last_name(detail, key);
    let id = name("taskArn");
    let cluster = name("clusterArn");
    let definition = text(detail, "taskDefinitionArn");
    let definition = definition
        .as_deref()
        .and_then(|arn| arn.rsplit('/').next())
        .map(str::to_owned);
    // `service:web`, or `family:web` for a task that belongs to no service.
    let group = last_name(detail, "group").or_else(|| id.clone());
    Some(Report {
        tone: match (status.as_str(), code.as_str()) {
            // A task that was stopped by a person or a deployment did not fail, whatever its exit code.
            ("STOPPED", "UserInitiated" | "ServiceSchedulerInitiated") => Tone::Plain,
            ("STOPPING", "" | "UserInitiated" | "ServiceSchedulerInitiated") => Tone::Idle,
            ("STOPPING", _) => Tone::Bad(Severity::Warning),
            ("STOPPED", "TaskFailedToStart") => Tone::Bad(Severity::Error),
            ("STOPPED", _) if failed => Tone::Bad(Severity::Error),
            ("STOPPED", _) => Tone::Bad(Severity::Warning),
            ("RUNNING", _) => Tone::Good,
            _ => Tone::Idle,
        },
        summary: stopped.filter(|_| status.starts_with("STOP")),
        facts: facts([
            (Fact::Cluster, cluster.clone()),
            (Fact::Task, id.clone()),
            (Fact::Definition, definition),
            (Fact::Status, Some(code).filter(|code| !code.is_empty())),
            (
                Fact::Containers,
                Some(lines.join("\n")).filter(|lines| !lines.is_empty()),
            ),
        ]),
        moments: Vec::new(),
        page: cluster.zip(id).map(|(cluster, id)| Page::Task { cluster, id }),
        details: None,
        news: News::Task { status },
        subject: group.unwrap_or_else(|| "?".to_owned()),
    })
}

fn service(event: &Value, detail: &Value) -> Option<Report> {
    let name = text(detail, "eventName")?;
    // `arn:aws:ecs:…:service/prod/web`; old ARNs lack the cluster.
    let resource = list(event, "resources").first().and_then(Value::as_str);
    let mut parts = resource.into_iter().flat_map(|arn| arn.rsplit('/'));
    let subject = parts.next().filter(|name| !name.is_empty()).map(str::to_owned);
    let cluster = parts.next().filter(|part| !part.contains(':')).map(str::to_owned);
    let cluster = last_name(detail, "clusterArn").or(cluster);
    Some(Report {
        tone: match text(detail, "eventType").as_deref() {
            Some("ERROR") => Tone::Bad(Severity::Error),
            Some("WARN") => Tone::Bad(Severity::Warning),
            _ if name.ends_with("FAILED") || name.ends_with("FAILURE") => Tone::Bad(Severity::Error),
            _ if name.ends_with("IMPAIRED") || name.ends_with("INCONSISTENT") => Tone::Bad(Severity::Warning),
            _ if name.ends_with("COMPLETED") || name.ends_with("STEADY_STATE") => Tone::Good,
            _ => Tone::Plain,
        },
        summary: text(detail, "reason"),
        facts: facts([
            (Fact::Cluster, cluster.clone()),
            (Fact::Status, Some(name.clone())),
        ]),
        moments: Vec::new(),
        page: cluster
            .zip(subject.clone())
            .map(|(cluster, name)| Page::Service { cluster, name }),
        details: None,
        subject: subject.unwrap_or_else(|| "?".to_owned()),
        news: News::Service { event: name },
    })
}
