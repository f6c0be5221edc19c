//! The evaluation windows of alarms.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

/// Where periods begin and end, written `sliding`, `wall-clock` or `wall-clock <time zone>`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = r"^\s*(sliding|wall-clock(\s+\S+)?)\s*$"))]
pub enum EvaluationWindow {
    /// They move on with every evaluation.
    #[default]
    Sliding,
    /// At the full minute, hour, day or week; for periods of 60, 300, 3,600, 86,400 and 604,800 seconds.
    WallClock {
        /// IANA name, `+05:30` or `UTC+05:30`, 1–50 characters; without it, UTC.
        timezone: Option<String>,
    },
}

impl TryFrom<String> for EvaluationWindow {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for EvaluationWindow {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("sliding"), None, _) => Ok(Self::Sliding),
            (Some("wall-clock"), timezone, None) => Ok(Self::WallClock {
                timezone: timezone.map(str::to_owned),
            }),
            _ => Err(format!(
                "`{}` is not an evaluation window\nwrite `sliding`, `wall-clock`, or with a time zone \
                 `wall-clock Asia/Seoul`",
                text.escape_debug()
            )),
        }
    }
}
