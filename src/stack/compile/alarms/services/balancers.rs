//! Load balancers and NAT gateways.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html>
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html>
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html>

use super::Dimension::{self, Given, IfGiven};
use super::{Row, Service, Watched, metric, query};
use crate::stack::model::AlarmPreset;
use crate::stack::model::Comparison::{Above, AtLeast, Below};
use crate::stack::model::TreatMissingData::{Missing, NotBreaching};

const BALANCER: &[Dimension] = &[Given("LoadBalancer")];
const TARGETS: &[Dimension] = &[Given("LoadBalancer"), Given("TargetGroup")];
const BALANCER_OR_TARGETS: &[Dimension] = &[Given("LoadBalancer"), IfGiven("TargetGroup")];
const GATEWAY: &[Dimension] = &[Given("NatGatewayId")];

pub const ALB: Service = Service {
    preset: AlarmPreset::Alb,
    required: &["LoadBalancer"],
    optional: &["TargetGroup"],
    region: None,
    rows: ALB_ROWS,
};

const ALB_ROWS: &[Row] = &[
    Row {
        name: "elb-5xx",
        is_extra: false,
        description: "The load balancer itself has answered with over ten errors a minute: check the health of the targets, and whether it is 502, 503 or 504.",
        watched: metric("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "Sum"),
        dimensions: BALANCER,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 3,
        threshold: Some((Above, 10.0)),
        missing: NotBreaching,
    },
    Row {
        name: "target-5xx-rate",
        is_extra: false,
        description: "More than 5 % of the requests fail in the application: check its log and its last deployment.",
        watched: Watched::Math {
            expression: "errors / requests * 100",
            namespace: "AWS/ApplicationELB",
            queries: &[
                query("errors", "HTTPCode_Target_5XX_Count", "Sum"),
                query("requests", "RequestCount", "Sum"),
            ],
        },
        dimensions: BALANCER_OR_TARGETS,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 3,
        threshold: Some((Above, 5.0)),
        missing: NotBreaching,
    },
    Row {
        name: "unhealthy-targets",
        is_extra: false,
        description: "At least one target has failed its health checks for ten minutes: the target group says why.",
        watched: metric("AWS/ApplicationELB", "UnHealthyHostCount", "Maximum"),
        dimensions: TARGETS,
        period: 60,
        evaluation_periods: 10,
        datapoints_to_alarm: 10,
        threshold: Some((AtLeast, 1.0)),
        missing: NotBreaching,
    },
    Row {
        name: "no-healthy-targets",
        is_extra: false,
        description: "No target is healthy, so nobody answers requests: check the reasons in the target group and the last deployment.",
        watched: metric("AWS/ApplicationELB", "HealthyHostCount", "Maximum"),
        dimensions: TARGETS,
        period: 60,
        evaluation_periods: 2,
        datapoints_to_alarm: 2,
        threshold: Some((Below, 1.0)),
        missing: Missing,
    },
    Row {
        name: "latency",
        is_extra: false,
        description: "One request in ten takes longer than 2.5 seconds: look for a dependency that has become slow.",
        watched: metric("AWS/ApplicationELB", "TargetResponseTime", "p90"),
        dimensions: BALANCER_OR_TARGETS,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((Above, 2.5)),
        missing: NotBreaching,
    },
    Row {
        name: "rejected-connections",
        is_extra: false,
        description: "The load balancer was full and turned clients away: check whether this is a surge or an attack.",
        watched: metric("AWS/ApplicationELB", "RejectedConnectionCount", "Sum"),
        dimensions: BALANCER,
        period: 60,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: Some((Above, 0.0)),
        missing: NotBreaching,
    },
    Row {
        name: "target-connection-errors",
        is_extra: true,
        description: "For five minutes the load balancer has failed to connect to targets: check security groups, ports and how busy the targets are.",
        watched: metric("AWS/ApplicationELB", "TargetConnectionErrorCount", "Sum"),
        dimensions: BALANCER_OR_TARGETS,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((Above, 0.0)),
        missing: NotBreaching,
    },
];

pub const NLB: Service = Service {
    preset: AlarmPreset::Nlb,
    required: &["LoadBalancer"],
    optional: &["TargetGroup"],
    region: None,
    rows: NLB_ROWS,
};

const NLB_ROWS: &[Row] = &[
    Row {
        name: "unhealthy-targets",
        is_extra: false,
        description: "At least one target has failed its health checks for ten minutes, in every zone: the target group says why.",
        watched: metric("AWS/NetworkELB", "UnHealthyHostCount", "Minimum"),
        dimensions: TARGETS,
        period: 60,
        evaluation_periods: 10,
        datapoints_to_alarm: 10,
        threshold: Some((AtLeast, 1.0)),
        missing: NotBreaching,
    },
    Row {
        name: "no-healthy-targets",
        is_extra: false,
        description: "No target is healthy, so nobody takes connections: check the targets and the port of their health check.",
        watched: metric("AWS/NetworkELB", "HealthyHostCount", "Maximum"),
        dimensions: TARGETS,
        period: 60,
        evaluation_periods: 2,
        datapoints_to_alarm: 2,
        threshold: Some((Below, 1.0)),
        missing: Missing,
    },
    Row {
        name: "port-allocation-errors",
        is_extra: false,
        description: "No source port was free for a target, so new connections fail: add targets, or preserve the clients' addresses.",
        watched: metric("AWS/NetworkELB", "PortAllocationErrorCount", "Sum"),
        dimensions: BALANCER,
        period: 60,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: Some((Above, 0.0)),
        missing: NotBreaching,
    },
    Row {
        name: "rejected-flows",
        is_extra: false,
        description: "The load balancer has refused connections: check the traffic, and AWS Health.",
        watched: metric("AWS/NetworkELB", "RejectedFlowCount", "Sum"),
        dimensions: BALANCER,
        period: 60,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: Some((Above, 0.0)),
        missing: NotBreaching,
    },
    Row {
        name: "fail-open-flows",
        is_extra: false,
        description: "For five minutes connections have gone to unhealthy targets, because too few are healthy: repair the targets.",
        watched: metric("AWS/NetworkELB", "UnhealthyRoutingFlowCount", "Sum"),
        dimensions: BALANCER,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((Above, 0.0)),
        missing: NotBreaching,
    },
    Row {
        name: "target-tls-errors",
        is_extra: true,
        description: "For five minutes TLS handshakes with targets have failed: check their certificates and TLS versions.",
        watched: metric("AWS/NetworkELB", "TargetTLSNegotiationErrorCount", "Sum"),
        dimensions: BALANCER,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((Above, 0.0)),
        missing: NotBreaching,
    },
];

pub const NAT: Service = Service {
    preset: AlarmPreset::Nat,
    required: &["NatGatewayId"],
    optional: &[],
    region: None,
    rows: NAT_ROWS,
};

const NAT_ROWS: &[Row] = &[
    Row {
        name: "port-allocation-errors",
        is_extra: false,
        description: "For 15 minutes no port has been free for some destination, so connections fail: find it in the flow logs, then use an endpoint or add addresses.",
        watched: metric("AWS/NATGateway", "ErrorPortAllocation", "Sum"),
        dimensions: GATEWAY,
        period: 60,
        evaluation_periods: 15,
        datapoints_to_alarm: 15,
        threshold: Some((Above, 0.0)),
        missing: NotBreaching,
    },
    Row {
        name: "packet-drop-rate",
        is_extra: false,
        description: "For five minutes the gateway has lost over 0.01 % of its packets: check AWS Health, and whether the traffic is close to the gateway's limits.",
        watched: Watched::Math {
            expression: "drops / (outgoing + incoming) * 100",
            namespace: "AWS/NATGateway",
            queries: &[
                query("drops", "PacketsDropCount", "Sum"),
                query("outgoing", "PacketsInFromSource", "Sum"),
                query("incoming", "PacketsInFromDestination", "Sum"),
            ],
        },
        dimensions: GATEWAY,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((Above, 0.01)),
        missing: NotBreaching,
    },
];
