//! How often something happens.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::duration;

/// An interval, written `30m`, `1h` or `1d`: 5 minutes to a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = r"^\d+[mhd]$"))]
pub struct Interval {
    minutes: i32,
}

impl Interval {
    /// 5 to 1,440.
    pub fn minutes(self) -> i32 {
        self.minutes
    }
}

impl TryFrom<String> for Interval {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let read = duration::parse(&text).ok().map(|read| read.as_secs());
        let minutes = read
            .filter(|seconds| seconds.is_multiple_of(60))
            .map(|seconds| seconds / 60);
        match minutes.and_then(|minutes| i32::try_from(minutes).ok()) {
            Some(minutes @ 5..=1_440) => Ok(Self { minutes }),
            _ => Err(format!(
                "`{}` is not an interval\nwrite one from `5m` to `1d`, such as `30m` or `1h`",
                text.escape_debug()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_a_unit_and_two_ends() {
        let minutes = |text: &str| Interval::try_from(text.to_owned()).ok().map(Interval::minutes);
        assert_eq!(
            ["5m", "90m", "1h", "1d"].map(minutes),
            [Some(5), Some(90), Some(60), Some(1_440)]
        );
        for wrong in [
            "",
            "1",
            "h",
            "4m",
            "2d",
            "-5m",
            "1.5h",
            "5M",
            "99999999999h",
            "2147483647h",
        ] {
            assert_eq!(minutes(wrong), None, "{wrong}");
        }
    }
}
