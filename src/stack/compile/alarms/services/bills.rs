//! The bill.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html>
//! <https://repost.aws/knowledge-center/cloudwatch-estimatedcharges-alarm>

use super::Dimension::{self, IfGiven, OrElse};
use super::{Row, Service, Watched, metric, query};
use crate::stack::model::AlarmPreset;
use crate::stack::model::TreatMissingData::Missing;

const BILL: &[Dimension] = &[
    OrElse("Currency", "USD"),
    IfGiven("LinkedAccount"),
    IfGiven("ServiceName"),
];

pub const BILLING: Service = Service {
    preset: AlarmPreset::Billing,
    required: &[],
    optional: &["Currency", "LinkedAccount", "ServiceName"],
    region: Some("us-east-1"),
    rows: BILLING_ROWS,
};

const BILLING_ROWS: &[Row] = &[
    Row {
        name: "charges",
        is_extra: false,
        description: "This month's bill has passed the amount: see Cost Explorer by service and day.",
        watched: metric("AWS/Billing", "EstimatedCharges", "Maximum"),
        dimensions: BILL,
        period: 21600,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: None,
        missing: Missing,
    },
    Row {
        name: "daily-charges",
        is_extra: true,
        description: "One day has cost at least the amount: see that day in Cost Explorer.",
        watched: Watched::Math {
            expression: "IF(RATE(total) > 0, RATE(total) * 86400, 0)",
            namespace: "AWS/Billing",
            queries: &[query("total", "EstimatedCharges", "Maximum")],
        },
        dimensions: BILL,
        period: 86400,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: None,
        missing: Missing,
    },
];
