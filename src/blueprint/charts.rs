//! Charts of alarms in the threads of a Slack app's messages: the relay reads the metrics.

use crate::aws::policy::Statement;
use crate::stack::Stack;

/// Allows the relay to read metrics, if an alarm of the stack has a chart and somebody sees it. CloudWatch knows no smaller
/// permission: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html>
pub(super) fn may_read_metrics(stack: &Stack) -> Option<Statement> {
    let mut channels = stack.channels.values();
    let has_app = channels.any(|channel| channel.channel_type.is_slack_app());
    let has_chart = stack.alarms.values().any(|alarm| alarm.chart);
    (has_app && has_chart)
        .then(|| Statement::allow("ReadMetricsOfCharts", &["cloudwatch:GetMetricData"]).on("*"))
}
