//! The thresholds of alarms.

use std::borrow::Cow;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// When an alarm goes off, written `">= 50"` or, for anomaly detection, `"outside <band id>"`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Threshold {
    /// How the metric is compared.
    pub comparison: Comparison,
    /// With what.
    pub bound: Bound,
}

/// What a metric is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// A fixed number.
    Value(f64),
    /// Id of the query that computes an `ANOMALY_DETECTION_BAND`.
    Band(String),
}

/// CloudWatch's comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `outside` a band
    OutsideBand,
    /// `above` a band
    AboveBand,
    /// `below` a band
    BelowBand,
}

impl Comparison {
    /// The operator's name in the CloudWatch API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtLeast => "GreaterThanOrEqualToThreshold",
            Self::Above => "GreaterThanThreshold",
            Self::AtMost => "LessThanOrEqualToThreshold",
            Self::Below => "LessThanThreshold",
            Self::OutsideBand => "LessThanLowerOrGreaterThanUpperThreshold",
            Self::AboveBand => "GreaterThanUpperThreshold",
            Self::BelowBand => "LessThanLowerThreshold",
        }
    }
}

impl Comparison {
    /// The operator with this name in the CloudWatch API.
    pub fn named(name: &str) -> Option<Self> {
        let all = [
            Self::AtLeast,
            Self::Above,
            Self::AtMost,
            Self::Below,
            Self::OutsideBand,
            Self::AboveBand,
            Self::BelowBand,
        ];
        all.into_iter().find(|one| one.as_str() == name)
    }

    /// The operator as it is written in the file.
    pub fn sign(self) -> &'static str {
        match self {
            Self::AtLeast => ">=",
            Self::Above => ">",
            Self::AtMost => "<=",
            Self::Below => "<",
            Self::OutsideBand => "outside",
            Self::AboveBand => "above",
            Self::BelowBand => "below",
        }
    }
}

impl JsonSchema for Threshold {
    fn schema_name() -> Cow<'static, str> {
        "Threshold".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^\s*([<>]=?\s*[-+.\d]|(outside|above|below)\s)" })
    }
}

impl TryFrom<String> for Threshold {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // `>=` must come before its prefix `>`.
        const OPERATORS: [(&str, Comparison); 7] = [
            (">=", Comparison::AtLeast),
            (">", Comparison::Above),
            ("<=", Comparison::AtMost),
            ("<", Comparison::Below),
            ("outside ", Comparison::OutsideBand),
            ("above ", Comparison::AboveBand),
            ("below ", Comparison::BelowBand),
        ];
        let refused = || {
            let text = text.escape_debug();
            format!(
                "`{text}` is not a threshold\nwrite an operator (>=, >, <=, <) and a number, such as \">= 50\""
            )
        };
        let text = text.trim();
        let (comparison, rest) = OPERATORS
            .iter()
            .find_map(|(sign, comparison)| Some((*comparison, text.strip_prefix(sign)?.trim())))
            .ok_or_else(refused)?;
        let bound = match comparison {
            Comparison::OutsideBand | Comparison::AboveBand | Comparison::BelowBand => {
                Bound::Band(rest.to_owned())
            }
            _ => match rest.parse::<f64>() {
                Ok(number) if number.is_finite() => Bound::Value(number),
                _ => return Err(refused()),
            },
        };
        Ok(Self { comparison, bound })
    }
}
