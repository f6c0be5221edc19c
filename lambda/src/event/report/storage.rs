//! EBS volumes and snapshots, and objects in S3.

use super::layout::{at, page, tone};
use super::{Fact, News, Page, Report, Thing, Tone, Turn, facts, moment};
use crate::contract::{Severity, encode};
use crate::event::{gist, list, text};
use serde_json::Value;

/// <https://docs.aws.amazon.com/ebs/latest/userguide/ebs-cloud-watch-events.html>
pub(super) fn volumes(detail_type: &str, event: &Value, detail: &Value) -> Option<Report> {
    let resource = || gist::last(list(event, "resources").first()?.as_str()?);
    let (thing, subject) = match detail_type {
        "EBS Volume Notification" => (Thing::Volume, resource()?),
        "EBS Snapshot Notification" => {
            let id = text(detail, "snapshot_id").and_then(|arn| gist::last(&arn));
            (Thing::Snapshot, id.or_else(resource)?)
        }
        "EBS Multi-Volume Snapshots Completion Status" => (Thing::Snapshots, resource()?),
        "EBS Fast Snapshot Restore State-change Notification" => {
            let id = text(detail, "snapshot_id").and_then(|arn| gist::last(&arn));
            (Thing::FastRestore, id.or_else(resource)?)
        }
        _ => return None,
    };
    let result = text(detail, "result").or_else(|| text(detail, "state"))?;
    let happened = text(detail, "event").unwrap_or_default();
    let failed = judged_failed(&result);
    let turn = match (happened.as_str(), failed) {
        ("createVolume" | "createSnapshot" | "createSnapshots", true) => Turn::NotCreated,
        ("createVolume" | "createSnapshot" | "createSnapshots", false) => Turn::Created,
        ("deleteVolume", true) => Turn::NotDeleted,
        ("deleteVolume" | "deleteSnapshot", false) => Turn::Deleted,
        ("attachVolume" | "reattachVolume", true) => Turn::NotAttached,
        ("attachVolume" | "reattachVolume", false) => Turn::Attached,
        ("modifyVolume", true) => Turn::NotUpdated,
        ("modifyVolume", false) if matches!(result.as_str(), "optimizing" | "modifying") => Turn::Updating,
        ("modifyVolume", false) => Turn::Updated,
        ("copySnapshot", true) => Turn::NotCopied,
        ("archiveSnapshot", true) => Turn::NotArchived,
        ("temporaryRestoreSnapshot" | "permanentRestoreSnapshot", true) => Turn::NotRestored,
        ("copySnapshot", false) => Turn::Copied,
        ("shareSnapshot", false) => Turn::Shared,
        ("archiveSnapshot", false) => Turn::Archived,
        ("temporaryRestoreSnapshot" | "permanentRestoreSnapshot", false) => Turn::Restored,
        (_, true) => Turn::Failed,
        _ => Turn::read(&result),
    };
    let source = text(detail, "source")
        .or_else(|| text(detail, "source-volume"))
        .and_then(|arn| gist::last(&arn));
    Some(Report {
        tone: match turn {
            // Another account can read the data now.
            Turn::Shared => Tone::Bad(Severity::Warning),
            turn => tone(turn, Some(&result)),
        },
        summary: text(detail, "cause"),
        facts: facts([(Fact::Action, Some(happened)), (Fact::Resource, source)]),
        page: match thing {
            Thing::Volume => page("ec2/home", format!("VolumeDetails:volumeId={}", encode(&subject))),
            _ => page(
                "ec2/home",
                format!("SnapshotDetails:snapshotId={}", encode(&subject)),
            ),
        },
        ..Report::new(
            News::Changed {
                thing,
                turn,
                raw: result,
                of: None,
            },
            subject,
        )
    })
}

fn judged_failed(result: &str) -> bool {
    matches!(result, "failed" | "error" | "deleted-error")
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>
pub(super) fn object(detail_type: &str, _: &Value, detail: &Value) -> Option<Report> {
    let turn = match detail_type {
        "Object Created" => Turn::Created,
        "Object Deleted" => Turn::Deleted,
        "Object Restore Initiated" => Turn::Waiting,
        "Object Restore Completed" => Turn::Restored,
        "Object Restore Expired" => Turn::Archived,
        "Object Storage Class Changed"
        | "Object Access Tier Changed"
        | "Object ACL Updated"
        | "Object Tags Added"
        | "Object Tags Deleted" => Turn::Updated,
        _ => return None,
    };
    let bucket = text(detail.get("bucket")?, "name")?;
    let key = text(detail.get("object")?, "key")?;
    let mut report = stored(turn, bucket, &key, text(detail, "reason").unwrap_or_default());
    report.facts = facts([
        (
            Fact::Action,
            text(detail, "reason").or_else(|| text(detail, "deletion-type")),
        ),
        (
            Fact::Size,
            at(detail, "object.size").map(|size| format!("{size} B")),
        ),
        (Fact::Author, text(detail, "requester")),
        (Fact::Place, text(detail, "source-ip-address")),
    ]);
    report.moments = facts([(Fact::Ends, moment(detail, "restore-expiry-time"))]);
    Some(report)
}

/// A record that a bucket sends without EventBridge.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
pub(super) fn record(record: &Value) -> Option<Report> {
    let name = text(record, "eventName")?;
    let (family, action) = name.split_once(':').unwrap_or((&name, ""));
    let turn = match family.trim_start_matches("s3:") {
        "ObjectCreated" => Turn::Created,
        "ObjectRemoved" | "LifecycleExpiration" => Turn::Deleted,
        "ObjectRestore" if action == "Completed" => Turn::Restored,
        "ReducedRedundancyLostObject" | "Replication" => Turn::Failed,
        _ => Turn::Updated,
    };
    let s3 = record.get("s3")?;
    let bucket = text(s3.get("bucket")?, "name")?;
    let key = text(s3.get("object")?, "key")?;
    let mut report = stored(turn, bucket, &decoded(&key), name.clone());
    report.facts = facts([
        (Fact::Action, Some(name)),
        (Fact::Size, at(s3, "object.size").map(|size| format!("{size} B"))),
        (Fact::Author, at(record, "userIdentity.principalId")),
        (Fact::Place, at(record, "requestParameters.sourceIPAddress")),
    ]);
    Some(report.masked())
}

fn stored(turn: Turn, bucket: String, key: &str, raw: String) -> Report {
    Report {
        tone: match turn {
            Turn::Waiting => Tone::Idle,
            turn => tone(turn, None),
        },
        page: object_page(&bucket, key),
        ..Report::new(
            News::Changed {
                thing: Thing::Object,
                turn,
                raw,
                of: Some((Thing::Bucket, bucket)),
            },
            key.to_owned(),
        )
    }
}

pub(super) fn object_page(bucket: &str, key: &str) -> Option<Page> {
    Some(Page::Console {
        path: format!("s3/object/{}", encode(bucket)),
        fragment: format!("&prefix={}", encode(key)),
    })
}

/// A key as S3 writes it in its own notifications: like a form, `a+b%2Fc`.
fn decoded(key: &str) -> String {
    let key = key.replace('+', " ");
    percent_encoding::percent_decode_str(&key)
        .decode_utf8_lossy()
        .into_owned()
}
