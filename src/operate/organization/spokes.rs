//! Asks spokes, through the role that each has for that, what they could not forward.

use std::collections::{BTreeMap, BTreeSet};

use super::coverage::{Instance, Spoke};
use crate::aws::queue::Queue;
use crate::aws::{Aws, Fault, concurrently};
use crate::resource::precondition;

/// What the spokes in these places say, each asked with the role that `reader` names for its region, in the order of account
/// and region. A spoke that does not answer costs no other its answer.
///
/// # Errors
/// None of its own: why a spoke was not read is in [`Spoke::unread`].
pub async fn read(
    aws: &Aws,
    instances: &[Instance],
    reader: &dyn Fn(&str) -> String,
    queue: &str,
    needs_trail: bool,
) -> Result<BTreeMap<(String, String), Spoke>, Fault> {
    concurrently(instances, async |instance: &Instance| {
        let place = (instance.account.clone(), instance.region.clone());
        let spoke = match one(aws, instance, reader, queue, needs_trail).await {
            Ok(spoke) => spoke,
            Err(fault) => Spoke {
                unread: Some(fault.code),
                ..Spoke::default()
            },
        };
        Ok((place, spoke))
    })
    .await
}

async fn one(
    aws: &Aws,
    instance: &Instance,
    reader: &dyn Fn(&str) -> String,
    queue: &str,
    needs_trail: bool,
) -> Result<Spoke, Fault> {
    let Instance { account, region, .. } = instance;
    let there = aws.visit(account, &reader(region), region).await?;
    let here = BTreeSet::from([region.clone()]);
    let waiting = async {
        let queue = Queue::find(&there, queue).await?;
        match queue {
            Some(queue) => queue.waiting(&there).await,
            None => Ok(0),
        }
    };
    let silent = async {
        match needs_trail {
            true => precondition::without_trail(&there, &here).await,
            false => Ok(Vec::new()),
        }
    };
    let (dead_letters, silent) = futures::try_join!(waiting, silent)?;
    Ok(Spoke {
        dead_letters,
        trail_logs: silent.is_empty(),
        unread: None,
    })
}
