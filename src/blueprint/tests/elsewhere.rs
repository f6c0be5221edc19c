//! Events and alarms of other regions.

use super::*;

/// If two rules of one region forwarded to the same bus, an event that both match would arrive twice, and each
/// rule there would report it twice.
#[test]
fn an_event_of_another_region_comes_to_each_rule_once() {
    for text in [
        include_str!("../../../stacks/full.yaml"),
        "stack: t\nregion: eu-west-1\ntopics:\n  a: { subscriptions: [{ email: a@example.com }] }\n\
         trail: { existing: 'arn:aws:cloudtrail:us-east-1:123456789012:trail/audit', keep_logging: true, to: [a] }\n\
         rules:\n  stop: { preset: cloudtrail-tampering, regions: [us-east-1], to: [a] }\n",
    ] {
        let written = written(text);
        let mut seen = std::collections::BTreeSet::new();
        let mut region = "";
        for line in written.lines() {
            if let Some(id) = line.strip_prefix("eventbridge-targets/") {
                region = id
                    .split(' ')
                    .next()
                    .and_then(|id| id.split_once('@'))
                    .map_or("", |(_, region)| region);
            } else if !line.starts_with(' ') {
                region = "";
            }
            if let Some(bus) = line.strip_prefix("  target.home.arn = ") {
                assert!(seen.insert((region, bus)), "{region} {bus}");
            }
        }
        assert!(seen.len() > 1, "{written}");
    }
}

#[test]
fn many_alarms_in_another_region_take_several_rules() {
    let alarm = |number: usize| {
        format!(
            "  a-rather-long-key-of-an-alarm-{number:03}: {{ metric: A b, region: us-east-1, statistic: Sum, period: 60, \
             threshold: '> 1', to: [t] }}\n"
        )
    };
    let alarms: String = (0..120).map(alarm).collect();
    let text = format!(
        "stack: t\nregion: eu-west-1\ntopics:\n  t: {{ subscriptions: [{{ email: a@example.com }}] }}\nalarms:\n{alarms}"
    );
    let written = written(&text);
    let patterns: Vec<_> = written
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pattern = "))
        .collect();
    assert!(patterns.len() > 4, "{patterns:?}");
    assert!(
        patterns.iter().all(|pattern| pattern.len() <= 2048),
        "{patterns:?}"
    );
    for number in 0..120 {
        let name = format!("\"t-a-rather-long-key-of-an-alarm-{number:03}\"");
        let naming = patterns.iter().filter(|pattern| pattern.contains(&name));
        // One rule in the other region, one in the stack's own.
        assert_eq!(naming.count(), 2, "{name}");
    }
}
