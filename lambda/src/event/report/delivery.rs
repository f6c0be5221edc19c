//! CodeCommit, and what CloudFormation, CodePipeline and CodeDeploy publish to topics.

use super::developer::{deployment, pipeline};
use super::layout::{page, tone};
use super::{Fact, News, Page, Report, Thing, Tone, Turn, facts, moment};
use crate::contract::{Severity, encode};
use crate::event::{gist, link, text};
use crate::json;
use serde_json::Value;
use std::borrow::Cow;

/// A sentence in `notificationBody` says who did what; its end is an advertisement for the console.
/// <https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html>
pub(super) fn codecommit(detail_type: &str, event: &Value, detail: &Value) -> Option<Report> {
    let happened = text(detail, "event")?;
    if !detail_type.starts_with("CodeCommit ") {
        return None;
    }
    let repository = text(detail, "repositoryName")
        .or_else(|| detail.get("repositoryNames")?.get(0)?.as_str().map(str::to_owned))
        .or_else(|| gist::last(event.get("resources")?.get(0)?.as_str()?));
    let pull = text(detail, "pullRequestId");
    let reference = text(detail, "referenceName");
    let template = text(detail, "approvalRuleTemplateName");
    let of = |name: Option<String>| name.map(|name| (Thing::Repository, name));
    let (thing, subject, of) = match (pull, reference, template) {
        (Some(pull), _, _) => (Thing::PullRequest, pull, of(repository)),
        (_, Some(reference), _) => (Thing::Reference, reference, of(repository)),
        (_, _, Some(template)) => (Thing::ApprovalRule, template, of(repository)),
        _ => (Thing::Repository, repository?, None),
    };
    let closed = || text(detail, "pullRequestStatus").as_deref() == Some("Closed");
    let merged = || {
        detail
            .get("isMerged")
            .is_some_and(|merged| merged == "True" || merged == &Value::Bool(true))
    };
    let turn = match happened.as_str() {
        "pullRequestMergeStatusUpdated" if merged() => Turn::Merged,
        "pullRequestStatusChanged" if closed() => Turn::Closed,
        "pullRequestApprovalStateChanged" => Turn::Approved,
        name if name.starts_with("comment") => Turn::Commented,
        name if name.ends_with("Created") => Turn::Created,
        name if name.ends_with("Deleted") => Turn::Deleted,
        _ => Turn::Updated,
    };
    let said = text(detail, "notificationBody");
    let linked = said.as_deref().and_then(link::in_text).map(Page::Address);
    let author = text(detail, "callerUserArn").and_then(|arn| gist::last(&arn));
    Some(Report {
        tone: match (turn, thing) {
            (Turn::Deleted, Thing::Repository | Thing::Reference) => Tone::Bad(Severity::Warning),
            (turn, _) => tone(turn, None),
        },
        summary: text(detail, "title"),
        facts: facts([
            (Fact::Author, author),
            (
                Fact::Branch,
                text(detail, "destinationReference").or_else(|| text(detail, "referenceFullName")),
            ),
            (
                Fact::Commit,
                text(detail, "commitId").or_else(|| text(detail, "sourceCommit")),
            ),
            (Fact::Action, Some(happened.clone())),
        ]),
        page: linked.or_else(|| {
            let repository = match (&of, thing) {
                (Some((_, name)), _) => name,
                (None, Thing::Repository) => &subject,
                _ => return None,
            };
            let path = format!("codesuite/codecommit/repositories/{}/browse", encode(repository));
            page(&path, String::new())
        }),
        ..Report::new(
            News::Changed {
                thing,
                turn,
                raw: happened,
                of,
            },
            subject,
        )
    })
}

/// What a trigger of CodeDeploy publishes to a topic.
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-sns-event-notifications-json-format.html>
pub(super) fn deployed(message: &Value) -> Option<Report> {
    let (status, id) = (text(message, "status")?, text(message, "deploymentId")?);
    let instance = text(message, "instanceId").and_then(|id| gist::last(&id));
    let group = text(message, "deploymentGroupName").or_else(|| text(message, "applicationName"));
    let turn = Turn::read(&status);
    let nested = |key: &str| match message.get(key)? {
        Value::String(text) => json::parse(text).ok().map(Cow::Owned),
        other => Some(Cow::Borrowed(other)),
    };
    let error = nested("errorInformation")
        .and_then(|error| text(&error, "ErrorMessage").or_else(|| text(&error, "ErrorCode")));
    let (thing, subject, of) = match instance {
        Some(instance) => (
            Thing::DeploymentInstance,
            instance,
            group.map(|group| (Thing::Deployment, group)),
        ),
        None => (
            Thing::Deployment,
            group.clone().unwrap_or_else(|| id.clone()),
            None,
        ),
    };
    Some(Report {
        tone: tone(turn, Some(&status)),
        summary: error,
        facts: facts([
            (Fact::Group, text(message, "applicationName")),
            (Fact::Run, Some(id.clone())),
        ]),
        page: deployment(&id),
        ..Report::new(
            News::Changed {
                thing,
                turn,
                raw: status,
                of,
            },
            subject,
        )
    })
}

/// What a manual approval of CodePipeline publishes to a topic.
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals-json-format.html>
pub(super) fn approval(message: &Value) -> Option<Report> {
    let approval = message.get("approval")?;
    let name = text(approval, "pipelineName")?;
    let address = [(approval, "approvalReviewLink"), (message, "consoleLink")]
        .iter()
        .find_map(|(part, key)| link::in_text(&text(part, key)?));
    Some(Report {
        tone: Turn::Approval.tone(),
        summary: text(approval, "customData"),
        facts: facts([
            (Fact::Stage, text(approval, "stageName")),
            (Fact::Action, text(approval, "actionName")),
            (Fact::Place, text(approval, "externalEntityLink")),
        ]),
        moments: facts([(Fact::Ends, moment(approval, "expires"))]),
        page: address.map(Page::Address).or_else(|| pipeline(&name, None)),
        ..Report::new(
            News::Changed {
                thing: Thing::Pipeline,
                turn: Turn::Approval,
                raw: String::new(),
                of: None,
            },
            name,
        )
    })
}

/// What CloudFormation publishes to a stack's topic: lines such as `StackName='orders'`.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-add-tags.html>
pub(super) fn stack_notification(message: &str) -> Option<Report> {
    let line = |key: &str| {
        let value = message
            .lines()
            .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix("='"))?;
        let value = value.trim_end().trim_end_matches('\'').trim();
        (!value.is_empty()).then(|| value.to_owned())
    };
    let (id, status) = (line("StackId")?, line("ResourceStatus")?);
    let name = line("StackName").or_else(|| gist::last(&id))?;
    let kind = line("ResourceType");
    let resource =
        line("LogicalResourceId").filter(|_| kind.as_deref() != Some("AWS::CloudFormation::Stack"));
    let (thing, subject, of) = match resource {
        Some(resource) => (Thing::StackResource, resource, Some((Thing::Stack, name))),
        None => (Thing::Stack, name, None),
    };
    let turn = Turn::read(&status);
    Some(Report {
        tone: tone(turn, Some(&status)),
        summary: line("ResourceStatusReason"),
        facts: facts([
            (Fact::State, Some(status.clone())),
            (Fact::Kind, kind.filter(|_| of.is_some())),
            (
                Fact::Resource,
                line("PhysicalResourceId").filter(|physical| *physical != id),
            ),
        ]),
        page: page(
            "cloudformation/home",
            format!("/stacks/events?stackId={}", encode(&id)),
        ),
        ..Report::new(
            News::Changed {
                thing,
                turn,
                raw: status,
                of,
            },
            subject,
        )
    })
}
