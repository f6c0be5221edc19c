//! What an organization costs as it grows: calls and memory of `apply`, `plan` and `status --org`.
//!
//! The local AWS makes every spoke, which takes it some 30 ms, so only small organizations are tried by default.
//! `SCALE=10x4,100x4,1000x4 cargo test … organization::scale -- --nocapture` prints the figures of larger ones.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Members, new_account};
use crate::support::measure::Sample;
use crate::support::proxy::Proxy;

const REGIONS: [&str; 4] = ["eu-central-1", "us-east-1", "us-east-2", "eu-north-1"];
/// The most memory that an organization may take beyond that of a small one, in KiB.
const MORE: u64 = 20 * 1024;

/// The samples of `apply`, `plan` and `status --org` in an organization with so many members.
async fn samples(accounts: usize, regions: usize) -> [Sample; 3] {
    let members = Members::new().await;
    members.trust().await;
    for number in 3..accounts {
        let name = format!("member-{number}");
        new_account(&members.management, &name, &members.root, &members.root).await;
    }
    members.world.edit(|stack| {
        let of_two = "regions: [eu-central-1, us-east-1]";
        assert!(stack.contains(of_two), "{stack}");
        stack
            .replace(of_two, &format!("regions: [{}]", REGIONS[..regions].join(", ")))
            .replace(&members.unit, &members.root)
    });
    // The proxy has a runtime of its own.
    tokio::task::block_in_place(|| {
        let proxy = Proxy::start(&members.endpoint, Duration::ZERO);
        members.world.reach_at(&proxy.url);
        [
            &["apply", "--local", "--yes"][..],
            &["plan", "--local", "--detailed-exitcode"],
            &["status", "--org", "--local"],
        ]
        .map(|args| {
            let sample = Sample::of(&proxy, members.world.command(args));
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for call in &sample.calls {
                *counts.entry(&call.action).or_default() += 1;
            }
            let of_members = |action: &&str| {
                let services = [
                    "organizations:",
                    "cloudformation:",
                    "sts:Assume",
                    "sqs:",
                    "cloudtrail:",
                ];
                services.iter().any(|service| action.starts_with(service))
            };
            counts.retain(|action, _| of_members(action));
            println!(
                "{accounts} x {regions}: {}: {} KiB, {} calls, {:?}, of members {counts:?}",
                args[0],
                sample.peak_kb,
                sample.calls.len(),
                sample.wall
            );
            sample
        })
    })
}

fn count(sample: &Sample, start: &str) -> usize {
    let calls = sample.calls.iter();
    calls.filter(|call| call.action.starts_with(start)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_memory_grow_little_with_the_organization() {
    let sizes = std::env::var("SCALE").unwrap_or_else(|_| "3x2,60x2".to_owned());
    let sizes = sizes.split(',').map(|size| {
        let (accounts, regions) = size.split_once('x').unwrap();
        (accounts.parse().unwrap(), regions.parse().unwrap())
    });
    let mut smallest: Option<[u64; 3]> = None;
    for (accounts, regions) in sizes {
        let samples = samples(accounts, regions).await;
        let [_, plan, status] = &samples;
        // With the management account.
        let pages = (accounts + 1).div_ceil(20);
        let of_set = match accounts * regions {
            ..=100 => 1,
            _ => 1 + regions * accounts.div_ceil(100),
        };
        for sample in [plan, status] {
            assert_eq!(count(sample, "organizations:ListAccounts"), pages);
            assert_eq!(count(sample, "cloudformation:DescribeStackSet"), 1);
            assert_eq!(count(sample, "cloudformation:ListStackInstances"), of_set);
        }
        let peaks = samples.each_ref().map(|sample| sample.peak_kb);
        let before = *smallest.get_or_insert(peaks);
        for (peak, before) in peaks.into_iter().zip(before) {
            assert!(
                peak < before + MORE,
                "{accounts} x {regions}: {peak} KiB, {before} before"
            );
        }
    }
}
