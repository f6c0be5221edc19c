//! Checks the table in `docs/costs.md` against the resources of each bundled stack.

use std::collections::BTreeMap;

use alertctl::aws::{Known, Scope};
use alertctl::blueprint::{Address, graph};
use alertctl::resource::Shown;

/// Cents of USD a month; <https://aws.amazon.com/kms/pricing/>, <https://aws.amazon.com/cloudwatch/pricing/>.
const KEY: usize = 100;
const ALARM_METRIC: usize = 10;
const COMPOSITE: usize = 50;
const CUSTOM_METRIC: usize = 30;
/// Number of free alarm metrics, and of free custom metrics, per account.
const FREE: usize = 10;
/// The relay's own metrics per channel: `lambda/src/runtime/log.rs`.
const OF_CHANNEL: usize = 4;

/// The row of the bundled stack called `name`.
fn row(name: &str) -> String {
    let file = format!("stacks/{name}.yaml");
    let stack = alertctl::stack::load(file.as_ref()).unwrap().stack;
    let channels = stack.channels.keys();
    let webhooks = channels.map(|key| (key.clone(), Address::NotAtHand)).collect();
    let region = "us-east-1";
    let graph = graph(&stack, region, &webhooks);
    let known = Known {
        scope: Scope::of("111122223333", region),
        outputs: BTreeMap::new(),
    };
    let count = |kind: &str| graph.nodes().iter().filter(|node| node.id.kind == kind).count();
    let alarms = graph
        .nodes()
        .iter()
        .filter(|node| node.id.kind == "cloudwatch-alarm");
    let metrics = alarms.map(|alarm| {
        let fields = alarm.resource.fields(&known);
        // High-resolution alarms cost more; no bundled stack has one.
        assert!(!fields.iter().any(|(name, shown)| name == "period"
            && matches!(shown, Shown::Value(period) if period.as_u64() < Some(60))));
        let of_math = fields.iter().filter(|(name, shown)| {
            name.starts_with("metrics.")
                && matches!(shown, Shown::Value(query) if query.get("stat").is_some())
        });
        of_math.count().max(1)
    });
    let (keys, metrics, composites) = (
        count("kms-key"),
        metrics.sum::<usize>(),
        count("cloudwatch-composite-alarm"),
    );
    let custom = OF_CHANNEL * stack.channels.len() + count("logs-metric-filter");
    let fixed = KEY * keys + COMPOSITE * composites;
    let rest = fixed + ALARM_METRIC * metrics.saturating_sub(FREE);
    let most = rest + CUSTOM_METRIC * custom.saturating_sub(FREE);
    let bare = fixed + ALARM_METRIC * metrics + CUSTOM_METRIC * custom;
    let usd = |cents: usize| format!("{}.{:02}", cents / 100, cents % 100);
    format!(
        "| [`{name}`](../stacks/{name}.yaml) | {keys} | {metrics} + {composites} | {custom} | {} | {} | {} |",
        usd(rest),
        usd(most),
        usd(bare)
    )
}

#[test]
fn the_table_counts_what_each_bundled_stack_is_made_of() {
    let document = std::fs::read_to_string("docs/costs.md").unwrap();
    let rows: Vec<_> = document
        .lines()
        .filter(|line| line.contains("](../stacks/"))
        .collect();
    let mut names: Vec<_> = std::fs::read_dir("stacks")
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort_unstable();
    let mut wanted: Vec<_> = names.iter().map(|name| row(name)).collect();
    let mut found: Vec<_> = rows.iter().map(|row| (*row).to_owned()).collect();
    wanted.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, wanted, "{}", wanted.join("\n"));
}

/// A table costs nothing at rest if it is on demand and has no backups, which AWS makes only of one that asks for them.
#[test]
fn a_table_costs_only_what_is_used() {
    let stack = alertctl::stack::load("src/stack/fixtures/slack_app.yaml".as_ref()).unwrap();
    let graph = graph(&stack.stack, "us-east-1", &BTreeMap::new());
    let known = Known {
        scope: Scope::of("111122223333", "us-east-1"),
        outputs: BTreeMap::new(),
    };
    let mut tables = graph
        .nodes()
        .iter()
        .filter(|node| node.id.kind == "dynamodb-table");
    let fields = tables.next().unwrap().resource.fields(&known);
    let on_demand = Shown::Value("PAY_PER_REQUEST".into());
    assert!(
        fields
            .iter()
            .any(|(name, shown)| name == "billing_mode" && *shown == on_demand)
    );
    assert_eq!(tables.count(), 0);
}

/// The metrics in the relay's log.
#[test]
fn a_channel_has_four_metrics() {
    let log = std::fs::read_to_string("lambda/src/runtime/log.rs").unwrap();
    let named = ["Delivered", "Retried", "Parked", "Latency"];
    assert_eq!(named.len(), OF_CHANNEL);
    let defined = log
        .split_once("const DEFINITIONS")
        .unwrap()
        .1
        .split_once("];")
        .unwrap()
        .0;
    assert_eq!(
        defined.matches("name: ").count(),
        OF_CHANNEL,
        "docs/costs.md counts {OF_CHANNEL} metrics a channel"
    );
    for name in named {
        assert!(defined.contains(&format!("name: \"{name}\"")), "{name}");
    }
}
