//! What can be protected, and what nobody could delete anyway.

use super::*;

const STACK: &str = "
stack: a
region: eu-west-1
topics: { t: { subscriptions: [{ email: oncall@example.org }] } }
alarms:
  cpu: { metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50', to: [t] }
";

#[test]
fn somebody_elses_topic_or_trail_cannot_be_protected() {
    let topic = bad(&format!(
        "{}topics: {{ t: {{ existing: ops, protect: true }} }}\n",
        STACK.replace(
            "topics: { t: { subscriptions: [{ email: oncall@example.org }] } }\n",
            ""
        )
    ));
    assert!(
        topic.contains("a topic that exists has no `protect` here")
            && topic.contains("remove it: the stack never deletes it"),
        "{topic}"
    );
    let trail = bad(&format!("{STACK}trail: {{ existing: company, protect: true }}\n"));
    assert!(
        trail.contains("`protect` is a setting of a trail of the stack's own") && trail.contains("^^^^^^^"),
        "{trail}"
    );
}

#[test]
fn a_key_that_the_stack_does_not_make_cannot_be_protected() {
    let key = bad(&format!("{STACK}key: {{ protect: true }}\n"));
    assert!(
        key.contains("the stack makes no key, so there is none to protect") && key.contains("^^^^^^^"),
        "{key}"
    );
    for with_key in [
        "channels: { c: { webhook: { env: HOOK } } }",
        "trail: { encrypted: true }",
        "trail: {}\nchannels: { c: { webhook: { env: HOOK } } }",
    ] {
        good(&format!("{STACK}key: {{ protect: true }}\n{with_key}\n"));
    }
    good(&format!("{STACK}key: {{ protect: false }}\n"));
}

#[test]
fn channels_and_mutes_cannot_be_protected() {
    let text =
        format!("{STACK}mute: {{ n: {{ cron: 0 2 * * *, duration: 1h, alarms: [cpu], protect: true }} }}\n");
    assert!(bad(&text).contains("unknown key `protect`"));
    let text = format!("{STACK}channels: {{ c: {{ webhook: {{ env: HOOK }}, protect: true }} }}\n");
    assert!(bad(&text).contains("unknown key `protect`"));
}

#[test]
fn each_alarm_of_a_set_is_protected_with_it() {
    let set = format!(
        "{STACK}  cis: {{ preset: cis-aws-foundations, to: [t], protect: true }}\ntrail: {{ logs: true }}\n"
    );
    let expanded = good(&set).stack.alarms_expanded();
    let (of_set, others): (Vec<_>, Vec<_>) = expanded.iter().partition(|(key, _)| key.starts_with("cis-"));
    assert!(of_set.len() > 10 && of_set.iter().all(|(_, alarm)| alarm.protect));
    assert!(others.iter().all(|(_, alarm)| !alarm.protect));
}

/// An alarm may name its tags, also the one that protects it.
#[test]
fn a_protected_alarm_has_one_tag_more() {
    let tags = "to: [t], propagate_tags: { only: [alertctl:protect] }";
    let warned = |text: &str| {
        good(text)
            .warnings
            .iter()
            .any(|one| one.message.contains("has no tag"))
    };
    assert!(warned(&STACK.replace("to: [t]", tags)));
    assert!(!warned(
        &STACK.replace("to: [t]", &format!("{tags}, protect: true"))
    ));
}
