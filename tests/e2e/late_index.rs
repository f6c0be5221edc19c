//! AWS's tag index may be minutes behind (eventual consistency), so destroy does not rely on it alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::inventory::inventory;
use crate::support::proxy::{Fate, Proxy};
use crate::support::{Ran, World};

const REGION: &str = "ap-northeast-2";
const ACCOUNT: &str = "000000000008";
const APPLY: &[&str] = &["apply", "--yes"];

/// The local AWS with a stack, behind a tag index whose first `times` responses are empty.
struct Behind {
    world: World,
    endpoint: String,
    proxy: Proxy,
    asked: Arc<AtomicUsize>,
}

impl Behind {
    fn new(times: usize) -> Self {
        let world = World::new();
        let (endpoint, _) = world.up();
        world.bundled("cloudwatch-slack");
        let asked = Arc::new(AtomicUsize::new(0));
        let judge = {
            let asked = asked.clone();
            move |_, action: &str| {
                let is = action == "tag:GetResources";
                match is && asked.fetch_add(1, Ordering::SeqCst) < times {
                    true => Fate::Answer(r#"{"ResourceTagMappingList":[],"PaginationToken":""}"#),
                    false => Fate::Pass,
                }
            }
        };
        let proxy = Proxy::judging(&endpoint, Duration::ZERO, judge);
        let ran = world.run_at(&endpoint, ACCOUNT, APPLY);
        assert_eq!(ran.code, 0, "{}", ran.all());
        Self {
            world,
            endpoint,
            proxy,
            asked,
        }
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.world.run_with_aws(&self.proxy.url, ACCOUNT, args)
    }

    fn left(&self) -> Vec<&'static str> {
        let left = inventory(&self.endpoint, ACCOUNT, &[REGION]);
        left.into_keys().filter(|kind| *kind != "pending key").collect()
    }
}

#[test]
fn what_the_stack_file_names_is_destroyed_though_the_index_knows_nothing_of_it() {
    let behind = Behind::new(usize::MAX);
    let ran = behind.run(&["destroy", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(behind.left(), Vec::<&str>::new(), "{}", ran.all());
    assert!(behind.asked.load(Ordering::SeqCst) > 0);
    let again = behind.run(&["destroy", "--yes"]);
    assert!(again.stderr.contains("nothing to destroy"), "{}", again.all());
}

#[test]
fn what_the_index_learns_of_while_a_destroy_runs_goes_too() {
    let behind = Behind::new(1);
    // The resource was created moments ago, from a file that no longer exists.
    behind
        .world
        .edit(|text| text.replace("name: mission-sns", "name: mission-other"));
    let ran = behind.run(&["destroy", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stderr.contains("found in the meantime"), "{}", ran.all());
    assert_eq!(behind.left(), Vec::<&str>::new(), "{}", ran.all());
}

#[test]
fn without_a_stack_file_it_says_what_may_be_missed() {
    let behind = Behind::new(usize::MAX);
    let ran = behind.run(&["destroy", "--stack", "mission", "--region", REGION]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    let said = "only the roles of this stack were found: resources created within the last few minutes";
    assert!(ran.stderr.contains(said), "{}", ran.all());
}
