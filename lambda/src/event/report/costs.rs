//! AWS Budgets and Cost Anomaly Detection.

use super::{Fact, News, Page, Report, Tone, facts, last_name, moment};
use crate::contract::Severity;
use crate::event::{list, text};
use serde_json::Value;

/// Reads an EventBridge event about a cost anomaly.
/// <https://docs.aws.amazon.com/cost-management/latest/userguide/cad-eventbridge.html>
pub(super) fn anomaly_event(detail_type: &str, _: &Value, detail: &Value) -> Option<Report> {
    (detail_type == "Anomaly Detected")
        .then(|| anomaly(detail))
        .flatten()
}

/// Reads an anomaly. Events and SNS messages have the same format except for one name: `dimensionValue`,
/// `dimensionalValue`.
pub(super) fn anomaly(detail: &Value) -> Option<Report> {
    let impact = detail.get("impact")?;
    let dollars = |key: &str| impact.get(key).and_then(Value::as_f64).map(dollars);
    let percent = impact.get("totalImpactPercentage").and_then(Value::as_f64);
    let id = text(detail, "anomalyId")?;
    let causes: Vec<_> = list(detail, "rootCauses").iter().filter_map(cause).collect();
    // `dimensionalValue` is "ServiceName" in AWS's own example, so the root causes take precedence over it.
    let subject = text(detail, "dimensionValue")
        .or_else(|| text(list(detail, "rootCauses").first()?, "service"))
        .or_else(|| text(detail, "dimensionalValue"));
    Some(Report {
        news: News::CostAnomaly {
            impact: dollars("totalImpact")?,
            percent: percent.map(|percent| format!("{percent:+.0}%")),
        },
        subject: subject.unwrap_or_else(|| "AWS".to_owned()),
        tone: Tone::Bad(Severity::Warning),
        summary: None,
        facts: facts([
            (Fact::Expected, dollars("totalExpectedSpend")),
            (Fact::Spent, dollars("totalActualSpend")),
            (Fact::Excess, dollars("totalImpact")),
            (
                Fact::Causes,
                Some(causes.join("\n")).filter(|lines| !lines.is_empty()),
            ),
            (Fact::Monitor, text(detail, "monitorName")),
        ]),
        moments: facts([
            (Fact::FirstSeen, moment(detail, "anomalyStartDate")),
            (Fact::LastSeen, moment(detail, "anomalyEndDate")),
        ]),
        page: last_name(detail, "monitorArn").map(|monitor| Page::CostAnomaly { monitor, id }),
        details: None,
    })
}

/// `Amazon EC2 · ap-northeast-2 · BoxUsage:c7i.8xlarge · production ($601.00)`
fn cause(cause: &Value) -> Option<String> {
    let account = ["linkedAccountName", "linkedAccount"]
        .iter()
        .find_map(|key| text(cause, key));
    let parts = ["service", "region", "usageType"].map(|key| text(cause, key));
    let parts: Vec<_> = parts.into_iter().chain([account]).flatten().collect();
    let share = cause.get("impact").and_then(|impact| impact.get("contribution"));
    let share = share.and_then(Value::as_f64).map(dollars);
    let share = share.map(|share| format!(" ({share})")).unwrap_or_default();
    (!parts.is_empty()).then(|| format!("{}{share}", parts.join(" · ")))
}

/// Reads what AWS Budgets publishes to a topic: prose that contains lines such as `Budgeted Amount: $100.00`.
/// <https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html>
pub(super) fn budget(message: &str) -> Option<Report> {
    let line = |label: &str| {
        let mut lines = message.lines().map(str::trim);
        let value = lines.find_map(|line| line.strip_prefix(label)?.strip_prefix(':'))?;
        Some(value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    let name = line("Budget Name")?;
    let budgeted = line("Budgeted Amount")?;
    let forecast = line("Alert Type").is_some_and(|kind| kind.eq_ignore_ascii_case("forecasted"));
    let spent = line("ACTUAL Amount");
    let forecasted = line("FORECASTED Amount");
    let amount = if forecast { &forecasted } else { &spent };
    let amount = amount
        .clone()
        .or_else(|| spent.clone().or_else(|| forecasted.clone()))?;
    let threshold = line("Alert Threshold");
    // A budget for the utilization of a reservation alerts when the value falls below its threshold.
    let rising = !threshold.as_deref().is_some_and(|sign| sign.starts_with('<'));
    let passed = number(&amount)
        .zip(number(&budgeted))
        .map(|(amount, of)| amount >= of);
    Some(Report {
        tone: if rising && !forecast && passed == Some(true) {
            Tone::Bad(Severity::Error)
        } else {
            Tone::Bad(Severity::Warning)
        },
        summary: None,
        facts: facts([
            (Fact::Budgeted, Some(budgeted.clone())),
            (Fact::Spent, spent.map(|amount| share(amount, &budgeted))),
            (Fact::Forecast, forecasted.map(|amount| share(amount, &budgeted))),
            (Fact::Threshold, threshold),
            (Fact::Kind, line("Budget Type")),
        ]),
        moments: Vec::new(),
        page: Some(Page::Budget(name.clone())),
        details: None,
        subject: name,
        news: News::Budget {
            forecast,
            amount,
            budgeted,
        },
    })
}

/// `$83.12 (83%)`
fn share(amount: String, budgeted: &str) -> String {
    match number(&amount).zip(number(budgeted)) {
        Some((part, whole)) if whole > 0.0 && unit(&amount) == unit(budgeted) => {
            format!("{amount} ({:.0}%)", part / whole * 100.0)
        }
        _ => amount,
    }
}

/// The number in `$1,234.50` or `12 GB`.
fn number(amount: &str) -> Option<f64> {
    let digits: String = amount
        .chars()
        .filter(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    digits.parse().ok()
}

fn unit(amount: &str) -> String {
    let is_unit = |c: &char| !c.is_ascii_digit() && !".,- ".contains(*c);
    amount.chars().filter(is_unit).collect()
}

/// `$1,301.00`
fn dollars(amount: f64) -> String {
    let text = format!("{:.2}", amount.abs());
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if amount < 0.0 { "-" } else { "" };
    format!("{sign}${grouped}.{cents}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: &str, threshold: &str, amounts: &str) -> String {
        format!(
            "Dear AWS Customer,\r\n\r\nBudget Name: all: of it\r\nBudget Type: Cost\r\nBudgeted Amount: $1,000.00\r\n\
             Alert Type: {kind}\r\nAlert Threshold: {threshold}\r\n{amounts}\r\n\r\n[1] https://console.aws.amazon.com/"
        )
    }

    #[test]
    fn a_budget_is_read_out_of_its_prose() {
        let report = budget(&text("ACTUAL", "> $800.00", "ACTUAL Amount: $831.20")).expect("a budget");
        assert_eq!(
            (report.subject.as_str(), report.tone),
            ("all: of it", Tone::Bad(Severity::Warning))
        );
        assert!(
            report.facts.contains(&(Fact::Spent, "$831.20 (83%)".into())),
            "{report:?}"
        );
        let over = budget(&text("ACTUAL", "> $800.00", "ACTUAL Amount: $1,000.01"));
        assert_eq!(over.map(|report| report.tone), Some(Tone::Bad(Severity::Error)));
        let unused = budget(&text("ACTUAL", "< 80.00%", "ACTUAL Amount: $1,000.01"));
        assert_eq!(
            unused.map(|report| report.tone),
            Some(Tone::Bad(Severity::Warning))
        );
        let forecast = budget(&text("FORECASTED", "> $1,000.00", "FORECASTED Amount: $1,200.00"));
        let news = forecast.map(|report| (report.news, report.tone));
        let expected = News::Budget {
            forecast: true,
            amount: "$1,200.00".into(),
            budgeted: "$1,000.00".into(),
        };
        assert_eq!(news, Some((expected, Tone::Bad(Severity::Warning))));
        assert_eq!(budget("Budget Name: x"), None);
    }

    #[test]
    fn amounts_are_written_as_people_write_them() {
        assert_eq!(dollars(1_234_567.891), "$1,234,567.89");
        assert_eq!(dollars(0.0), "$0.00");
        assert_eq!(dollars(-12.5), "-$12.50");
        assert_eq!(share("12 GB".into(), "10 GB"), "12 GB (120%)");
        assert_eq!(share("12 GB".into(), "10 USD"), "12 GB");
        assert_eq!(share("soon".into(), "$0"), "soon");
    }
}
