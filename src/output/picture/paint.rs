//! The colours of a picture. It has its own background, so it works on light and dark pages.

/// Fill and line of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    pub fill: &'static str,
    pub line: &'static str,
}

const fn paint(fill: &'static str, line: &'static str) -> Paint {
    Paint { fill, line }
}

/// Line colours of strands; they can be distinguished with the common kinds of colour blindness.
const STRANDS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#5b4fb3"];
/// Colour of an arrow without a strand.
pub const PLAIN: &str = "#8a94a6";

/// The colours of a kind: a part of a stack, or a resource, which is coloured by its service.
pub fn of(sort: &str) -> Paint {
    let service = sort.split(['-', '@', ' ']).next().unwrap_or(sort);
    match service {
        "alarm" | "alarms" | "composite" | "cloudwatch" | "monitoring" => paint("#fdecef", "#c8405f"),
        "rule" | "rules" | "bus" | "eventbridge" => paint("#fdf0f8", "#b83280"),
        "trail" | "cloudtrail" | "log" | "logs" => paint("#eef6e6", "#5a8a1f"),
        "endpoint" | "apigatewayv2" => paint("#f3effc", "#7048c0"),
        "relay" | "ingest" | "guard" | "lambda" => paint("#fff3e3", "#cf7a10"),
        "topic" | "sns" | "buffer" | "sqs" => paint("#fdeff0", "#b0414a"),
        "iam" | "kms" => paint("#fdeeee", "#a83232"),
        "s3" | "dynamodb" => paint("#ebf6ee", "#2e8b57"),
        _ => paint("#f1f4f8", "#5c6b80"),
    }
}

/// The colour of a strand.
pub fn strand(strand: Option<usize>) -> &'static str {
    strand.map_or(PLAIN, |strand| STRANDS[strand % STRANDS.len()])
}
