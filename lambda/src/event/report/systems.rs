//! Systems Manager.

use super::layout::{LAYOUT, Layout, When, at, encoded, page};
use super::{Fact, Page, Thing, Turn};
use serde_json::Value;

/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-eventbridge-events.html>
pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        kind: "EC2 Command Status-change Notification",
        thing: Thing::Command,
        name: &["document-name"],
        facts: &[(Fact::Run, "command-id")],
        page: |detail| command(detail, None),
        ..SSM
    },
    Layout {
        kind: "EC2 Command Invocation Status-change Notification",
        thing: Thing::Command,
        name: &["document-name"],
        of: Some((Thing::Instance, "instance-id")),
        facts: &[(Fact::Run, "command-id")],
        page: |detail| command(detail, at(detail, "instance-id")),
        ..SSM
    },
    Layout {
        kind: "EC2 Automation Execution Status-change Notification",
        thing: Thing::Automation,
        name: &["Definition"],
        turn: When::State(&["Status"]),
        reason: &["FailureMessage"],
        facts: &[(Fact::Author, "ExecutedBy"), (Fact::Run, "ExecutionId")],
        page: automation,
        ..SSM
    },
    Layout {
        kind: "EC2 Automation Step Status-change Notification",
        thing: Thing::AutomationStep,
        name: &["StepName"],
        of: Some((Thing::Automation, "Definition")),
        turn: When::State(&["Status"]),
        reason: &["FailureMessage"],
        facts: &[(Fact::Action, "Action"), (Fact::Run, "ExecutionId")],
        page: automation,
        ..SSM
    },
    Layout {
        kind: "Maintenance Window State-change Notification",
        thing: Thing::Window,
        ..WINDOW
    },
    Layout {
        kind: "Maintenance Window Execution State-change Notification",
        thing: Thing::Window,
        ..WINDOW
    },
    Layout {
        kind: "Maintenance Window Task Execution State-change Notification",
        thing: Thing::WindowTask,
        ..WINDOW
    },
    Layout {
        kind: "Maintenance Window Task Target Invocation State-change Notification",
        thing: Thing::WindowTask,
        ..WINDOW
    },
    Layout {
        kind: "Maintenance Window Target Registration Notification",
        thing: Thing::WindowTarget,
        ..WINDOW
    },
    Layout {
        kind: "Maintenance Window Task Registration Notification",
        thing: Thing::WindowTask,
        ..WINDOW
    },
    Layout {
        kind: "EC2 State Manager Association State Change",
        thing: Thing::Association,
        name: &["document-name"],
        facts: &[(Fact::Target, "targets"), (Fact::Run, "association-id")],
        page: association,
        ..SSM
    },
    Layout {
        kind: "EC2 State Manager Instance Association State Change",
        thing: Thing::Association,
        name: &["document-name"],
        of: Some((Thing::Instance, "instance-id")),
        reason: &["execution-summary", "error-code"],
        facts: &[(Fact::State, "detailed-status"), (Fact::Run, "association-id")],
        page: association,
        ..SSM
    },
    Layout {
        kind: "Configuration Compliance State Change",
        thing: Thing::Compliance,
        name: &["resource-id"],
        turn: When::State(&["compliance-status"]),
        reason: &["compliance-type"],
        facts: &[
            (Fact::Kind, "compliance-type"),
            (Fact::Severity, "severity"),
            (Fact::Rule, "patch-baseline-id"),
        ],
        page: |_| page("systems-manager/compliance", String::new()),
        ..SSM
    },
    Layout {
        kind: "Parameter Store Change",
        thing: Thing::Parameter,
        name: &["name"],
        turn: When::Read(
            |detail| match at(detail, "operation")?.as_str() {
                "Create" => Some(Turn::Created),
                "Delete" => Some(Turn::Deleted),
                _ => Some(Turn::Updated),
            },
            &["operation"],
        ),
        facts: &[(Fact::Kind, "type"), (Fact::Description, "description")],
        page: parameter,
        ..SSM
    },
    Layout {
        kind: "Parameter Store Policy Action",
        thing: Thing::Parameter,
        name: &["parameter-name"],
        turn: When::Read(
            |detail| match at(detail, "policy-type")?.as_str() {
                "Expiration" => Some(Turn::Expired),
                "ExpirationNotification" => Some(Turn::Expiring(None)),
                _ => Some(Turn::NeedsLook),
            },
            &["policy-type"],
        ),
        reason: &["action-reason"],
        facts: &[(Fact::Kind, "policy-type")],
        ..SSM
    },
    Layout {
        kind: "Calendar State Change",
        thing: Thing::Calendar,
        turn: When::State(&["state"]),
        moments: &[(Fact::Starts, "atTime"), (Fact::Ends, "nextTransitionTime")],
        ..SSM
    },
    Layout {
        kind: "Inventory Resource State Change",
        thing: Thing::Inventory,
        name: &["resource-id", "type-name"],
        turn: When::State(&["action-status"]),
        reason: &["action-reason"],
        facts: &[(Fact::Action, "action"), (Fact::Kind, "type-name")],
        ..SSM
    },
];

const SSM: Layout = Layout {
    source: "aws.ssm",
    turn: When::State(&["status"]),
    ..LAYOUT
};
const WINDOW: Layout = Layout {
    name: &["window-id"],
    reason: &["status-reason"],
    facts: &[
        (Fact::Run, "window-execution-id"),
        (Fact::Task, "task-execution-id"),
        (Fact::Target, "window-target-id"),
    ],
    page: |detail| {
        let id = encoded(detail, "window-id")?;
        page(
            &format!("systems-manager/maintenance-windows/{id}/history"),
            String::new(),
        )
    },
    ..SSM
};

fn command(detail: &Value, instance: Option<String>) -> Option<Page> {
    let id = encoded(detail, "command-id")?;
    let path = match instance {
        Some(instance) => format!(
            "systems-manager/run-command/{id}/{}",
            crate::contract::encode(&instance)
        ),
        None => format!("systems-manager/run-command/{id}"),
    };
    page(&path, String::new())
}

fn automation(detail: &Value) -> Option<Page> {
    let id = encoded(detail, "ExecutionId")?;
    page(
        &format!("systems-manager/automation/execution/{id}"),
        String::new(),
    )
}

fn association(detail: &Value) -> Option<Page> {
    let id = encoded(detail, "association-id")?;
    page(
        &format!("systems-manager/state-manager/{id}/description"),
        String::new(),
    )
}

/// The console's path has the name's slashes as they are, each part encoded.
fn parameter(detail: &Value) -> Option<Page> {
    let name = at(detail, "name")?;
    let parts: Vec<_> = name
        .trim_start_matches('/')
        .split('/')
        .map(crate::contract::encode)
        .collect();
    page(
        &format!("systems-manager/parameters/{}/description", parts.join("/")),
        String::new(),
    )
}
