//! Thresholds that a metric never passes, or always has.

use super::{Defect, Sort};
use crate::resource::cloudwatch::alarm::{AlarmMetric, Condition};
use crate::resource::inventory::{Alarm, Watches};

/// Metrics that are shares: 0 to 100. Others of the name go beyond: those of services of ECS are shares of what was reserved.
const SHARES: [(&str, &str); 21] = [
    ("AWS/AmazonMQ", "CpuUtilization"),
    ("AWS/DAX", "CPUUtilization"),
    ("AWS/DocDB", "CPUUtilization"),
    ("AWS/EBS", "BurstBalance"),
    ("AWS/EC2", "CPUUtilization"),
    ("AWS/EC2", "EBSByteBalance%"),
    ("AWS/EC2", "EBSIOBalance%"),
    ("AWS/EFS", "PercentIOLimit"),
    ("AWS/ES", "CPUUtilization"),
    ("AWS/ES", "JVMMemoryPressure"),
    ("AWS/ElastiCache", "CPUUtilization"),
    ("AWS/ElastiCache", "EngineCPUUtilization"),
    ("AWS/Neptune", "CPUUtilization"),
    ("AWS/RDS", "BurstBalance"),
    ("AWS/RDS", "CPUUtilization"),
    ("AWS/RDS", "EBSByteBalance%"),
    ("AWS/RDS", "EBSIOBalance%"),
    ("AWS/Redshift", "CPUUtilization"),
    ("AWS/Redshift", "PercentageDiskSpaceUsed"),
    ("CWAgent", "disk_used_percent"),
    ("CWAgent", "mem_used_percent"),
];
/// Metrics that are 0 or 1.
const SWITCHES: [(&str, &str); 8] = [
    ("AWS/EC2", "StatusCheckFailed"),
    ("AWS/EC2", "StatusCheckFailed_AttachedEBS"),
    ("AWS/EC2", "StatusCheckFailed_Instance"),
    ("AWS/EC2", "StatusCheckFailed_System"),
    ("AWS/ES", "ClusterIndexWritesBlocked"),
    ("AWS/ES", "ClusterStatus.red"),
    ("AWS/ES", "ClusterStatus.yellow"),
    ("AWS/Route53", "HealthCheckStatus"),
];

/// What the values of a metric lie between, by how they are made one.
fn most(alarm: &Alarm) -> Option<(f64, &Condition)> {
    let Watches::Metric(on) = &alarm.watches else {
        return None;
    };
    let AlarmMetric::Single {
        namespace,
        metric_name,
        statistic,
        extended_statistic,
        unit,
        ..
    } = &on.metric
    else {
        return None;
    };
    let name = (namespace.as_str(), metric_name.as_str());
    // A sum of shares is no share.
    let is_level = match (statistic.as_deref(), extended_statistic.as_deref()) {
        (Some("Average" | "Minimum" | "Maximum"), _) => true,
        (None, Some(text)) => text.starts_with('p') || text.starts_with("tm"),
        _ => false,
    };
    let most = if SHARES.contains(&name) && unit.as_deref().is_none_or(|unit| unit == "Percent") {
        100.0
    } else if SWITCHES.contains(&name) {
        1.0
    } else {
        return None;
    };
    Some((most, on.condition.as_ref()?)).filter(|_| is_level)
}

pub(super) fn of(alarm: &Alarm) -> Option<Defect> {
    let (most, condition) = most(alarm)?;
    let threshold = condition.threshold?;
    let (never, always) = match condition.comparison_operator.as_str() {
        "GreaterThanThreshold" => (threshold >= most, threshold < 0.0),
        "GreaterThanOrEqualToThreshold" => (threshold > most, threshold <= 0.0),
        "LessThanThreshold" => (threshold <= 0.0, threshold > most),
        "LessThanOrEqualToThreshold" => (threshold < 0.0, threshold >= most),
        _ => return None,
    };
    let fact = match (never, always) {
        (true, _) => "it never goes off",
        (_, true) => "it is in ALARM whatever happens",
        _ => return None,
    };
    Some(Defect::of(
        (Sort::OutOfReach, "alarm"),
        &alarm.name,
        format!("{fact}: the metric is between 0 and {most}, the threshold {threshold}"),
        "correct the threshold in the file after the import",
    ))
}
