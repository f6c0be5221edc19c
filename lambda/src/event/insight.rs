//! A CloudTrail Insights event: calls of one kind, or their errors, became unusually frequent, or are as usual again.
//!
//! Source: CloudTrail user guide, "CloudTrail record contents for Insights events".

use super::{list, text};
use serde_json::Value;

/// Most doers that are named.
const MAX_DOERS: usize = 10;

/// How often a call is made, and how often it usually is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insight {
    /// Whether it is as usual again.
    pub over: bool,
    /// Whether it is about errors of the call.
    pub of_errors: bool,
    /// The error, if it is about one.
    pub error: Option<String>,
    /// Calls a minute, unusual and usual.
    pub rates: Option<(String, String)>,
    /// ARNs of those who made most of the calls.
    pub doers: Vec<String>,
}

impl Insight {
    /// Reads `insightDetails`; `None` if it has another form.
    pub(super) fn read(details: &Value) -> Option<Self> {
        let kind = text(details, "insightType")?;
        let rate = |part: &str| {
            let average = details.pointer(&format!("/insightContext/statistics/{part}/average"))?;
            Some(rate(average.as_f64()?))
        };
        let context = details.get("insightContext").unwrap_or(&Value::Null);
        let doers = list(context, "attributions")
            .iter()
            .filter(|one| text(one, "attribute").as_deref() == Some("userIdentityArn"))
            .flat_map(|one| list(one, "insight"))
            .filter_map(|one| text(one, "value"));
        Some(Self {
            over: text(details, "state").as_deref() == Some("End"),
            of_errors: kind == "ApiErrorRateInsight",
            error: text(details, "errorCode"),
            rates: rate("insight").zip(rate("baseline")),
            doers: doers.take(MAX_DOERS).collect(),
        })
    }
}

/// A number with two significant digits: `12`, `0.6`, `0.00009`.
fn rate(number: f64) -> String {
    let decimals = [10.0, 1.0, 0.1, 0.01, 0.001];
    let decimals = decimals.iter().take_while(|limit| number.abs() < **limit).count();
    let text = format!("{number:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rates_are_short() {
        let texts = [1234.56, 12.3, 2.0, 0.6, 0.044, 8.82e-5, 0.0].map(rate);
        assert_eq!(texts, ["1235", "12", "2", "0.6", "0.044", "0.00009", "0"]);
    }

    #[test]
    fn of_anything_else_there_is_none() {
        for odd in [json!(null), json!({ "insightType": 7 }), json!([])] {
            assert_eq!(Insight::read(&odd), None);
        }
        let bare = Insight::read(&json!({ "insightType": "ApiErrorRateInsight", "insightContext": "x" }));
        assert!(bare.is_some_and(|insight| insight.of_errors && insight.rates.is_none() && !insight.over));
    }
}
