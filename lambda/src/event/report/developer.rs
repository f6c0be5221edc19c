//! CloudFormation, CodePipeline, CodeBuild and CodeDeploy, as their events have it.

use super::layout::{LAYOUT, Layout, When, at, encoded, page};
use super::{Fact, Page, Thing, Turn};
use crate::contract::encode;
use crate::event::gist;
use serde_json::Value;

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/eventbridge-events.html>,
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html>,
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html>,
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-cloudwatch-events.html>
pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        kind: "CloudFormation Stack Status Change",
        thing: Thing::Stack,
        name: &["stack-id"],
        facts: &[(Fact::State, "status-details.status")],
        page: stack,
        ..CLOUDFORMATION
    },
    Layout {
        kind: "CloudFormation Resource Status Change",
        thing: Thing::StackResource,
        name: &["logical-resource-id"],
        of: Some((Thing::Stack, "stack-id")),
        facts: &[
            (Fact::Kind, "resource-type"),
            (Fact::Resource, "physical-resource-id"),
        ],
        page: stack,
        ..CLOUDFORMATION
    },
    Layout {
        kind: "CloudFormation Drift Detection Status Change",
        thing: Thing::Stack,
        name: &["stack-id"],
        turn: When::Read(
            drift,
            &[
                "status-details.stack-drift-status",
                "status-details.detection-status",
            ],
        ),
        facts: &[(
            Fact::Count,
            "drift-detection-details.drifted-stack-resource-count",
        )],
        page: |detail| {
            let arn = encoded(detail, "stack-id")?;
            page("cloudformation/home", format!("/stacks/drifts?stackId={arn}"))
        },
        ..CLOUDFORMATION
    },
    Layout {
        kind: "CloudFormation StackSet Status Change",
        thing: Thing::StackSet,
        name: &["stack-set-arn"],
        page: stack_set,
        ..CLOUDFORMATION
    },
    Layout {
        kind: "CloudFormation StackSet Operation Status Change",
        thing: Thing::StackSetOperation,
        name: &["stack-set-arn"],
        page: stack_set,
        ..CLOUDFORMATION
    },
    Layout {
        kind: "CloudFormation StackSet StackInstance Status Change",
        thing: Thing::StackInstance,
        name: &["stack-set-arn"],
        facts: &[
            (Fact::State, "status-details.detailed-status"),
            (Fact::Stack, "stack-id"),
        ],
        page: stack_set,
        ..CLOUDFORMATION
    },
    Layout {
        kind: "CodePipeline Pipeline Execution State Change",
        thing: Thing::Pipeline,
        name: &["pipeline"],
        note: &["stop-execution-comments"],
        ..CODEPIPELINE
    },
    Layout {
        kind: "CodePipeline Stage Execution State Change",
        thing: Thing::Stage,
        name: &["stage"],
        of: Some((Thing::Pipeline, "pipeline")),
        ..CODEPIPELINE
    },
    Layout {
        kind: "CodePipeline Action Execution State Change",
        thing: Thing::Action,
        name: &["action"],
        of: Some((Thing::Pipeline, "pipeline")),
        turn: When::Read(action, &["state"]),
        note: &["execution-result.external-execution-summary"],
        facts: &[
            (Fact::Stage, "stage"),
            (Fact::Kind, "type.provider"),
            (Fact::Status, "execution-result.error-code"),
            (Fact::Execution, "execution-id"),
        ],
        ..CODEPIPELINE
    },
    Layout {
        kind: "CodeBuild Build State Change",
        source: "aws.codebuild",
        thing: Thing::Build,
        name: &["project-name"],
        turn: When::State(&["build-status"]),
        why: failed_phase,
        facts: &[
            (Fact::Author, "additional-information.initiator"),
            (Fact::Commit, "additional-information.source-version"),
        ],
        page: build,
        ..LAYOUT
    },
    Layout {
        kind: "CodeBuild Build Phase Change",
        source: "aws.codebuild",
        thing: Thing::BuildPhase,
        name: &["completed-phase"],
        of: Some((Thing::Project, "project-name")),
        turn: When::Read(phase, &["completed-phase-status"]),
        reason: &["completed-phase-context"],
        page: build,
        ..LAYOUT
    },
    Layout {
        kind: "CodeDeploy Deployment State-change Notification",
        thing: Thing::Deployment,
        name: &["deploymentGroup", "application"],
        facts: &[(Fact::Group, "application"), (Fact::Run, "deploymentId")],
        ..CODEDEPLOY
    },
    Layout {
        kind: "CodeDeploy Instance State-change Notification",
        thing: Thing::DeploymentInstance,
        name: &["instanceId"],
        of: Some((Thing::Deployment, "deploymentGroup")),
        facts: &[(Fact::Group, "application"), (Fact::Run, "deploymentId")],
        ..CODEDEPLOY
    },
];

const CLOUDFORMATION: Layout = Layout {
    source: "aws.cloudformation",
    turn: When::State(&["status-details.status"]),
    reason: &["status-details.status-reason"],
    ..LAYOUT
};
const CODEPIPELINE: Layout = Layout {
    source: "aws.codepipeline",
    facts: &[(Fact::Execution, "execution-id")],
    page: |detail| pipeline(&at(detail, "pipeline")?, at(detail, "execution-id").as_deref()),
    ..LAYOUT
};
const CODEDEPLOY: Layout = Layout {
    source: "aws.codedeploy",
    page: |detail| deployment(&at(detail, "deploymentId")?),
    ..LAYOUT
};

fn stack(detail: &Value) -> Option<Page> {
    let arn = encoded(detail, "stack-id")?;
    page("cloudformation/home", format!("/stacks/events?stackId={arn}"))
}

fn stack_set(detail: &Value) -> Option<Page> {
    let name = gist::last(&at(detail, "stack-set-arn")?)?;
    page(
        "cloudformation/home",
        format!("/stacksets/{}/info", encode(&name)),
    )
}

pub(super) fn pipeline(name: &str, execution: Option<&str>) -> Option<Page> {
    let name = encode(name);
    let path = match execution {
        Some(execution) => format!(
            "codesuite/codepipeline/pipelines/{name}/executions/{}/timeline",
            encode(execution)
        ),
        None => format!("codesuite/codepipeline/pipelines/{name}/view"),
    };
    page(&path, String::new())
}

pub(super) fn deployment(id: &str) -> Option<Page> {
    page(
        &format!("codesuite/codedeploy/deployments/{}", encode(id)),
        String::new(),
    )
}

/// `arn:aws:codebuild:us-west-2:111122223333:build/web:8745a7a9-…`
fn build(detail: &Value) -> Option<Page> {
    let id = at(detail, "build-id")?;
    let id = encode(id.rsplit('/').next()?);
    let project = encoded(detail, "project-name")?;
    page(
        &format!("codesuite/codebuild/projects/{project}/build/{id}"),
        String::new(),
    )
}

/// `BUILD: COMMAND_EXECUTION_ERROR: Error while executing command: make test. …`
fn failed_phase(detail: &Value) -> Option<String> {
    let phases = detail.get("additional-information")?.get("phases")?.as_array()?;
    let failed = |phase: &&Value| {
        at(phase, "phase-status")
            .is_some_and(|status| matches!(status.as_str(), "FAILED" | "FAULT" | "TIMED_OUT"))
    };
    let phase = phases.iter().find(failed)?;
    let (name, why) = (at(phase, "phase-type")?, at(phase, "phase-context.0"));
    // An empty context is `: `.
    let why = why.filter(|why| why.chars().any(char::is_alphanumeric));
    Some(why.map_or_else(|| name.clone(), |why| format!("{name}: {why}")))
}

fn drift(detail: &Value) -> Option<Turn> {
    let drift = at(detail, "status-details.stack-drift-status");
    let drift = drift.as_deref().map_or(Turn::Other, Turn::read);
    let detection = || at(detail, "status-details.detection-status");
    match drift {
        Turn::Other if detection().is_some_and(|state| state.ends_with("FAILED")) => Some(Turn::Failed),
        other => Some(other),
    }
}

/// A manual approval that has begun waits for somebody.
fn action(detail: &Value) -> Option<Turn> {
    let turn = Turn::read(&at(detail, "state")?);
    let manual = at(detail, "type.category").as_deref() == Some("Approval");
    Some(if manual && turn == Turn::Running {
        Turn::Approval
    } else {
        turn
    })
}

/// The last phase, `COMPLETED`, has no status.
fn phase(detail: &Value) -> Option<Turn> {
    Some(at(detail, "completed-phase-status").map_or(Turn::Succeeded, |status| Turn::read(&status)))
}
