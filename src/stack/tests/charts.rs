//! Charts of alarms: where there is something to draw, and somebody to see it.

use super::*;

const STACK: &str = "
stack: a
region: eu-west-1
channels:
  app: { slack: { bot: { env: TOKEN }, channel: C0456DEFG } }
  hook: { webhook: { env: URL } }
topics: { t: { to: [app] }, other: { to: [hook] } }
alarms:
  cpu: { metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50', to: [t], chart: true }
";

fn said(text: &str) -> String {
    let loaded = good(text);
    loaded.source.render(&loaded.warnings, false)
}

#[test]
fn an_alarm_has_no_chart_unless_it_says_so() {
    assert!(good(STACK).stack.alarms["cpu"].chart);
    assert!(!good(&STACK.replace(", chart: true", "")).stack.alarms["cpu"].chart);
    assert_eq!(said(STACK), "");
}

#[test]
fn each_alarm_of_a_preset_has_one() {
    let preset = format!(
        "{STACK}  cis: {{ preset: cis-aws-foundations, to: [t], chart: true }}\ntrail: {{ logs: true }}\n"
    );
    let expanded = good(&preset).stack.alarms_expanded();
    assert!(expanded.len() > 10 && expanded.values().all(|alarm| alarm.chart));
}

#[test]
fn what_nobody_would_see_is_said() {
    let unheard = STACK.replace("to: [t], chart", "to: [other], chart");
    let warning = said(&unheard);
    assert!(
        warning.contains("no Slack app hears of this alarm, so nobody sees its chart"),
        "{warning}"
    );
    // It may be told of by a rule.
    let rule = format!("{unheard}rules: {{ r: {{ pattern: {{ source: [aws.cloudwatch] }}, to: [app] }} }}\n");
    assert!(!said(&rule).contains("chart"), "{}", said(&rule));
}

#[test]
fn what_can_never_work_is_refused() {
    let app = "{ slack: { bot: { env: TOKEN }, channel: C0456DEFG } }";
    let metric = "metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50'";
    for (from, to, message) in [
        (
            app,
            "{ webhook: { env: URL2 } }",
            "only a Slack app shows charts, and the stack has none",
        ),
        (
            metric,
            "rule: ALARM(\"x\")",
            "a composite alarm has no metric that could be drawn",
        ),
        (
            metric,
            "promql: { query: up == 0, interval: 60 }",
            "a PromQL query cannot be drawn",
        ),
        (
            metric,
            "logs: { groups: [g], query: fields @message, every: 5m }, threshold: '> 5'",
            "a log alarm has no metric that could be drawn",
        ),
    ] {
        let refused = bad(&STACK.replace(from, to));
        assert!(
            refused.contains(message) && refused.contains("remove `chart`"),
            "{refused}"
        );
        assert!(refused.contains("stack.yaml:9"), "{refused}");
    }
    // A channel that cannot be read says so itself.
    let broken = bad(&STACK.replace("C0456DEFG }", "C0456DEFG, x: 1 }"));
    assert!(!broken.contains("chart"), "{broken}");
}
