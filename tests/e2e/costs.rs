//! Checks the table in `docs/costs.md` against the resources of each bundled stack.

use std::collections::BTreeMap;

use alertctl::aws::{Known, Scope};
use alertctl::blueprint::{Address, graph};
use alertctl::engine::plan::cost::{ALARM, COMPOSITE_ALARM, CUSTOM_METRIC, KEY, PRICES, Price, price};
use alertctl::resource::Shown;

/// Number of free alarm metrics, and of free custom metrics, per account.
const FREE: i64 = 10;
/// The relay's own metrics per channel: `lambda/src/runtime/log.rs`.
const OF_CHANNEL: i64 = 4;

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
    let priced: Vec<_> = graph
        .nodes()
        .iter()
        .filter_map(|node| price(node.id.kind, &node.resource.fields(&known)))
        .collect();
    let count = |price: &Price| -> i64 {
        let units = priced.iter().filter(|(one, _)| *one == price);
        units.map(|(_, units)| units).sum()
    };
    let (keys, metrics, composites) = (count(&KEY), count(&ALARM), count(&COMPOSITE_ALARM));
    let custom = OF_CHANNEL * stack.channels.len() as i64 + count(&CUSTOM_METRIC);
    // Every bundled stack has standard resolution alone, so the table has no column for others.
    let others = PRICES
        .iter()
        .filter(|price| ![&KEY, &ALARM, &COMPOSITE_ALARM, &CUSTOM_METRIC].contains(price));
    assert_eq!(others.map(|price| count(price)).sum::<i64>(), 0);
    let beyond = |units: i64| i64::max(units - FREE, 0);
    let cents = |units: i64, price: &Price| units * i64::from(price.cents);
    let fixed = cents(keys, &KEY) + cents(composites, &COMPOSITE_ALARM);
    let rest = fixed + cents(beyond(metrics), &ALARM);
    let most = rest + cents(beyond(custom), &CUSTOM_METRIC);
    let bare = fixed + cents(metrics, &ALARM) + cents(custom, &CUSTOM_METRIC);
    let usd = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
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

/// The prices of a plan are those of the page, with the same source and date.
#[test]
fn the_page_has_the_prices_of_plans() {
    let document = std::fs::read_to_string("docs/costs.md").unwrap();
    let rows: Vec<_> = document
        .lines()
        .skip_while(|line| !line.starts_with("| fixed price |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let row = |price: &Price| {
        let Price {
            what: [one, _],
            cents,
            source,
            checked,
        } = price;
        format!(
            "| {one} | {}.{:02} | <{source}>, {checked} |",
            cents / 100,
            cents % 100
        )
    };
    let wanted: Vec<_> = PRICES.iter().map(|price| row(price)).collect();
    let found: Vec<_> = rows
        .iter()
        .map(|row| {
            let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
            format!("| {} | {} | {} |", cells[0], cells[1], cells[3])
        })
        .collect();
    assert_eq!(found, wanted);
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
    assert_eq!(named.len() as i64, OF_CHANNEL);
    let defined = log
        .split_once("const DEFINITIONS")
        .unwrap()
        .1
        .split_once("];")
        .unwrap()
        .0;
    assert_eq!(
        defined.matches("name: ").count() as i64,
        OF_CHANNEL,
        "docs/costs.md counts {OF_CHANNEL} metrics a channel"
    );
    for name in named {
        assert!(defined.contains(&format!("name: \"{name}\"")), "{name}");
    }
}
