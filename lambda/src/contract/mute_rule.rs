//! Alarm mute rules that the stack file knows nothing of: those of `alertctl mute` and of people who snooze an alarm.

/// The kind of alarm mute rules in the graph.
pub const MUTE_RULE: &str = "cloudwatch-alarm-mute-rule";
/// How the node keys of such rules begin. No key of a stack file has a dot.
pub const AD_HOC: &str = "adhoc.";

/// The physical name of such a rule, and its key in the graph. `own` is its own part of both, `region` its region if that is
/// not the stack's.
pub fn ad_hoc_mute(stack: &str, own: &str, region: Option<&str>) -> (String, String) {
    let region = region.map(|region| format!("@{region}")).unwrap_or_default();
    (format!("{stack}-adhoc-{own}"), format!("{AD_HOC}{own}{region}"))
}

/// How long a rule mutes at a time, as CloudWatch takes it, in ISO 8601 and the largest unit that fits: `PT90M`, `PT2H`,
/// `P15D`.
pub fn mute_duration(minutes: u64) -> String {
    match minutes {
        days if days > 0 && days.is_multiple_of(1440) => format!("P{}D", days / 1440),
        hours if hours > 0 && hours.is_multiple_of(60) => format!("PT{}H", hours / 60),
        minutes => format!("PT{minutes}M"),
    }
}
