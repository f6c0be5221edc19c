//! Jobs and data: Glue, Step Functions, Batch, EMR, SageMaker, Redshift Data, Synthetics.

use super::layout::{LAYOUT, Layout, When, at, encoded, page};
use super::{Fact, News, Page, Report, Thing, Turn, facts};
use crate::event::{gist, judge, link, text};
use serde_json::Value;

/// Each service's guide, chapter "EventBridge events" or "Monitoring with EventBridge".
pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        source: "aws.glue",
        kind: "Glue Job State Change",
        thing: Thing::GlueJob,
        name: &["jobName"],
        reason: &["message"],
        facts: &[(Fact::Run, "jobRunId")],
        page: glue_job,
        ..LAYOUT
    },
    Layout {
        source: "aws.glue",
        kind: "Glue Job Run Status",
        thing: Thing::GlueJob,
        name: &["jobName"],
        turn: When::Read(glue_run, &["state"]),
        facts: &[(Fact::Run, "jobRunId")],
        page: glue_job,
        ..LAYOUT
    },
    Layout {
        source: "aws.glue",
        kind: "Glue Crawler State Change",
        thing: Thing::Crawler,
        name: &["crawlerName"],
        reason: &["errorMessage", "warningMessage"],
        page: |detail| {
            let name = encoded(detail, "crawlerName")?;
            page("glue/home", format!("/v2/data-catalog/crawlers/view/{name}"))
        },
        ..LAYOUT
    },
    Layout {
        source: "aws.glue",
        kind: "Glue Data Catalog Database State Change",
        thing: Thing::GlueDatabase,
        name: &["databaseName"],
        turn: When::Read(|_| Some(Turn::Updated), &["typeOfChange"]),
        facts: &[
            (Fact::Action, "typeOfChange"),
            (Fact::Resource, "changedTables.0"),
        ],
        ..LAYOUT
    },
    Layout {
        source: "aws.glue",
        kind: "Glue Data Catalog Table State Change",
        thing: Thing::GlueTable,
        name: &["tableName"],
        of: Some((Thing::GlueDatabase, "databaseName")),
        turn: When::Read(|_| Some(Turn::Updated), &["typeOfChange"]),
        facts: &[(Fact::Action, "typeOfChange")],
        ..LAYOUT
    },
    Layout {
        source: "aws.states",
        kind: "Step Functions Execution Status Change",
        thing: Thing::Execution,
        name: &["name"],
        of: Some((Thing::StateMachine, "stateMachineArn")),
        reason: &["cause", "error"],
        facts: &[(Fact::Status, "error")],
        page: |detail| {
            let arn = encoded(detail, "executionArn")?;
            page("states/home", format!("/v2/executions/details/{arn}"))
        },
        ..LAYOUT
    },
    Layout {
        source: "aws.batch",
        kind: "Batch Job State Change",
        thing: Thing::BatchJob,
        name: &["jobName"],
        reason: &["statusReason", "container.reason"],
        facts: &[(Fact::Queue, "jobQueue"), (Fact::Status, "container.exitCode")],
        page: |detail| page("batch/home", format!("jobs/detail/{}", encoded(detail, "jobId")?)),
        ..LAYOUT
    },
    Layout {
        source: "aws.emr",
        kind: "EMR Cluster State Change",
        thing: Thing::EmrCluster,
        name: &["name", "clusterId"],
        turn: When::Read(emr, &["state"]),
        reason: &["message"],
        page: cluster,
        ..LAYOUT
    },
    Layout {
        source: "aws.emr",
        kind: "EMR Step Status Change",
        thing: Thing::EmrStep,
        name: &["name", "stepId"],
        reason: &["message"],
        facts: &[(Fact::Cluster, "clusterId")],
        page: cluster,
        ..LAYOUT
    },
    Layout {
        source: "aws.emr",
        kind: "EMR Instance Group State Change",
        thing: Thing::EmrGroup,
        name: &["instanceGroupId"],
        reason: &["message"],
        facts: &[(Fact::Cluster, "clusterId")],
        page: cluster,
        ..LAYOUT
    },
    sagemaker(
        "SageMaker Training Job State Change",
        Thing::TrainingJob,
        &["TrainingJobName"],
        &["TrainingJobStatus"],
    ),
    sagemaker(
        "SageMaker HyperParameter Tuning Job State Change",
        Thing::TuningJob,
        &["HyperParameterTuningJobName"],
        &["HyperParameterTuningJobStatus"],
    ),
    sagemaker(
        "SageMaker Transform Job State Change",
        Thing::TransformJob,
        &["TransformJobName"],
        &["TransformJobStatus"],
    ),
    sagemaker(
        "SageMaker Processing Job State Change",
        Thing::ProcessingJob,
        &["ProcessingJobName"],
        &["ProcessingJobStatus"],
    ),
    sagemaker(
        "SageMaker Ground Truth Labeling Job State Change",
        Thing::LabelingJob,
        &[],
        &["LabelingJobStatus"],
    ),
    sagemaker(
        "SageMaker Endpoint State Change",
        Thing::Endpoint,
        &["EndpointName"],
        &["EndpointStatus"],
    ),
    sagemaker(
        "SageMaker Model Package State Change",
        Thing::ModelPackage,
        &["ModelPackageGroupName", "ModelPackageName"],
        &["ModelPackageStatus"],
    ),
    sagemaker(
        "SageMaker Model Building Pipeline Execution Status Change",
        Thing::ModelPipeline,
        &["pipelineArn"],
        &["currentPipelineExecutionStatus"],
    ),
    Layout {
        of: Some((Thing::ModelPipeline, "pipelineArn")),
        ..sagemaker(
            "SageMaker Model Building Pipeline Execution Step Status Change",
            Thing::ModelPipelineStep,
            &["stepName"],
            &["currentStepStatus"],
        )
    },
    Layout {
        source: "aws.redshift-data",
        kind: "Redshift Data Statement Status Change",
        thing: Thing::Statement,
        name: &["statementName", "statementId"],
        turn: When::State(&["state"]),
        reason: &["error"],
        facts: &[(Fact::Cluster, "clusterId")],
        ..LAYOUT
    },
    canary("Synthetics Canary TestRun Failure", When::Always(Turn::Failed)),
    canary(
        "Synthetics Canary TestRun Successful",
        When::Always(Turn::Succeeded),
    ),
    canary("Synthetics Canary Status Change", When::State(&["current-state"])),
];

const fn sagemaker(
    kind: &'static str,
    thing: Thing,
    name: &'static [&'static str],
    state: &'static [&'static str],
) -> Layout {
    Layout {
        source: "aws.sagemaker",
        kind,
        thing,
        name,
        turn: When::State(state),
        reason: &["FailureReason", "failureReason"],
        ..LAYOUT
    }
}

const fn canary(kind: &'static str, turn: When) -> Layout {
    Layout {
        source: "aws.synthetics",
        kind,
        thing: Thing::Canary,
        name: &["canary-name"],
        turn,
        reason: &["state-reason", "message"],
        page: |detail| {
            let name = encoded(detail, "canary-name")?;
            page("cloudwatch/home", format!("synthetics:canary/detail/{name}"))
        },
        ..LAYOUT
    }
}

fn glue_job(detail: &Value) -> Option<Page> {
    let job = encoded(detail, "jobName")?;
    let fragment = match encoded(detail, "jobRunId") {
        Some(run) => format!("/job/{job}/run/{run}"),
        None => format!("/editor/job/{job}/runs"),
    };
    page("gluestudio/home", fragment)
}

/// AWS sends this kind only for a run that takes longer than its `NotifyDelayAfter`.
fn glue_run(detail: &Value) -> Option<Turn> {
    let state = Turn::read(&at(detail, "state")?);
    Some(match state {
        Turn::Running | Turn::Waiting => Turn::Delayed,
        other => other,
    })
}

/// A cluster that ran to its end is terminated, one that failed too, with a code that says why.
fn emr(detail: &Value) -> Option<Turn> {
    let state = Turn::read(&at(detail, "state")?);
    let severe =
        at(detail, "severity").is_some_and(|severity| matches!(severity.as_str(), "ERROR" | "CRITICAL"));
    Some(if state == Turn::Terminated && severe {
        Turn::Failed
    } else {
        state
    })
}

fn cluster(detail: &Value) -> Option<Page> {
    page(
        "emr/home",
        format!("/clusterDetails/{}", encoded(detail, "clusterId")?),
    )
}

/// <https://docs.aws.amazon.com/dms/latest/userguide/CHAP_EventBridge.html>
pub(super) fn dms(detail_type: &str, event: &Value, detail: &Value) -> Option<Report> {
    if !detail_type.starts_with("DMS ") {
        return None;
    }
    let said = text(detail, "detailMessage")?;
    let happened = text(detail, "eventType").unwrap_or_default();
    let address = text(detail, "resourceLink").and_then(|link| link::in_text(&link));
    // The ARN ends in an id that says nothing; the address of the page ends in the name.
    let named = address
        .as_deref()
        .and_then(|link| Some(link.split_once('#')?.1.rsplit('/').next()?.to_owned()));
    let resource = || gist::last(event.get("resources")?.get(0)?.as_str()?);
    Some(Report {
        tone: judge::state(&happened).max(judge::kind(&said)),
        summary: Some(said),
        facts: facts([
            (
                Fact::Status,
                Some(happened).filter(|happened| !happened.is_empty()),
            ),
            (Fact::Kind, text(detail, "type")),
        ]),
        page: address.map(Page::Address),
        ..Report::new(
            News::Told {
                thing: Thing::ReplicationTask,
            },
            named.filter(|name| !name.is_empty()).or_else(resource)?,
        )
    })
}
