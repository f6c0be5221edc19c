//! Heartbeats and reminders: what the file has to have for them.

use super::*;

const STACK: &str = "
stack: a
region: eu-west-1
channels: { app: { slack: { bot: { env: TOKEN }, channel: C0456DEFG, remind: 30m } } }
topics: { t: { to: [app], subscriptions: [{ email: oncall@example.org }] } }
alarms:
  cpu: { metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50', to: [t], ok: [t] }
monitoring: { to: [t], heartbeat: 1h }
";

fn warnings(text: &str) -> Vec<String> {
    let loaded = good(text);
    loaded
        .warnings
        .iter()
        .map(|problem| problem.message.clone())
        .collect()
}

#[test]
fn who_reminds_of_an_alarm_has_to_hear_of_its_end() {
    assert_eq!(warnings(STACK), [""; 0]);
    assert_eq!(
        warnings(&STACK.replace(", ok: [t]", ", ok: false")),
        ["channel `app` reminds people of this alarm, and does not hear of its end"]
    );
    assert_eq!(
        warnings(
            &STACK
                .replace(", ok: [t]", ", ok: false")
                .replace(", remind: 30m", "")
        ),
        [""; 0]
    );
    assert_eq!(
        warnings(
            &STACK
                .replace(", ok: [t]", ", ok: false")
                .replace("remind: 30m", "actions: true")
        ),
        ["channel `app` has buttons to snooze this alarm until it is resolved, and does not hear of its end"]
    );
}

#[test]
fn buttons_that_nobody_may_press_are_refused() {
    let refused = bad(&STACK.replace("remind: 30m", "actions: { who: [] }"));
    assert!(
        refused.contains("`who` names nobody, so nobody could press a button"),
        "{refused}"
    );
    for right in ["actions: {}", "actions: false", "actions: { who: [U0123ABCD] }"] {
        good(&STACK.replace("remind: 30m", right));
    }
}

#[test]
fn the_rules_of_both_have_their_names() {
    for rule in ["heartbeat", "heartbeat-t", "reminders"] {
        let rules = format!("{STACK}rules: {{ {rule}: {{ preset: ec2-life-cycle, to: [t] }} }}\n");
        let refused = bad(&rules);
        assert!(
            refused.contains(&format!("two rules are named `a-{rule}`")),
            "{rule}: {refused}"
        );
    }
    let without = STACK.replace(", heartbeat: 1h", "").replace(", remind: 30m", "");
    for rule in ["heartbeat", "heartbeat-t", "reminders"] {
        good(&format!(
            "{without}rules: {{ {rule}: {{ preset: ec2-life-cycle, to: [t] }} }}\n"
        ));
    }
}

#[test]
fn intervals_and_channels_are_checked() {
    for wrong in ["4m", "2d", "1", "often"] {
        let refused = bad(&STACK.replace("heartbeat: 1h", &format!("heartbeat: {wrong}")));
        assert!(
            refused.contains("interval") || refused.contains("expected"),
            "{refused}"
        );
    }
    let refused = bad("
stack: a
region: eu-west-1
topics: { t: { subscriptions: [{ email: oncall@example.org }] } }
monitoring: { to: [t], heartbeat: 1h }
");
    assert!(
        refused.contains("a heartbeat asks channels, and the stack has none"),
        "{refused}"
    );
}

#[test]
fn a_heartbeat_service_gets_heartbeats_and_nothing_else() {
    let with = |more: &str| {
        let watchdog =
            format!("channels: {{ watchdog: {{ heartbeat: {{ ping: {{ env: PING }} }}{more} }}, app:");
        STACK.replace("channels: { app:", &watchdog)
    };
    assert_eq!(warnings(&with("")), [""; 0]);
    let refused = bad(&with("").replace("to: [app]", "to: [app, watchdog]"));
    assert!(
        refused.contains("`watchdog` gets no alerts: heartbeats call it when all is well"),
        "{refused}"
    );
    let refused = bad(&with("").replace(", heartbeat: 1h", ""));
    assert!(
        refused.contains("nothing calls `watchdog`: there are no heartbeats"),
        "{refused}"
    );
    for field in [
        "routes: [{ severity: error }]",
        "buffer: true",
        "except: [{ regions: [us-*] }]",
    ] {
        let refused = bad(&with(&format!(", {field}")));
        let name = field.split(':').next().unwrap();
        assert!(
            refused.contains(&format!("gets no messages, so `{name}` has no meaning")),
            "{refused}"
        );
    }
    let refused = bad(&with(", mention: ['@here']"));
    assert!(refused.contains("mentions nobody by `@here`"), "{refused}");
    let refused = bad("
stack: a
region: eu-west-1
channels: { watchdog: { heartbeat: { ping: { env: PING } } } }
topics: { t: { subscriptions: [{ email: oncall@example.org }] } }
monitoring: { to: [t], heartbeat: 1h }
");
    assert!(
        refused.contains("nothing calls `watchdog`: no alert goes to a channel"),
        "{refused}"
    );
}
