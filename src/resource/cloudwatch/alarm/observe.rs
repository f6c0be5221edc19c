//! How alarms are read, of all sorts at once: they share one namespace of names.

use std::collections::BTreeMap;

use super::common::{BATCH, Live, types};
use super::{CloudwatchAlarm, metrics};
use crate::aws::fault::found;
use crate::aws::tags::NODE_TAG;
use crate::aws::{concurrently, concurrently_found, discovery};
use crate::resource::cloudwatch::log_alarm::read::read as read_log_alarm;
use crate::resource::{Aws, Known, Observed, Presence, Resource, Result, Tags, Wanted, tags};

/// Reads the wanted alarms of one kind, even if an alarm of another sort has the name, and the stack's other alarms
/// of the kind.
///
/// The tagging index lags behind, and still has the tags of an alarm that was deleted and then re-created by somebody
/// else. So the index is trusted only if it leads to no change. An alarm that would be changed or deleted is asked
/// for its tags directly.
pub(in crate::resource) async fn observe<R: Resource<Live = Live>>(
    aws: &Aws,
    wanted: &[Wanted<'_, R>],
) -> Result<Observed<Live>> {
    let names: Vec<_> = wanted.iter().map(|wanted| wanted.desired.name()).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let described = describe(aws, &names);
    let (named, tagged, scope) = futures::try_join!(described, aws.tagged(), aws.scope())?;
    let listed: BTreeMap<_, _> = tagged
        .iter()
        .filter(|tagged| tagged.service() == "cloudwatch")
        .filter_map(|tagged| Some((tagged.resource().strip_prefix("alarm:")?, &tagged.tags)))
        .collect();
    let known = Known {
        scope: scope.clone(),
        outputs: BTreeMap::new(),
    };
    let desired: BTreeMap<_, _> = names.iter().copied().zip(wanted).collect();
    let named = concurrently_found(named, async |live: Live| {
        let tags = listed.get(live.name.as_str()).map(|tags| (*tags).clone());
        let indexed = tags.map(|tags| Live { tags, ..live.clone() });
        let as_wanted = |indexed: &Live| {
            let wanted = desired.get(indexed.name.as_str())?.desired.fields(&known);
            Some(
                wanted
                    .difference(&R::live_fields(indexed), R::IMMUTABLE)
                    .is_empty(),
            )
        };
        match indexed.filter(|indexed| as_wanted(indexed) == Some(true)) {
            Some(indexed) => Ok(Some(indexed)),
            None => with_tags(aws, live).await,
        }
    });
    let left: Vec<_> = listed
        .iter()
        .filter(|(name, tags)| !names.contains(name) && is_of::<R>(tags))
        .map(|(name, _)| *name)
        .collect();
    let left = async { concurrently_found(describe(aws, &left).await?, |live| with_tags(aws, live)).await };
    let (named, left): (Vec<Live>, Vec<Live>) = futures::try_join!(named, left)?;
    let named: BTreeMap<_, _> = named.iter().map(|live| (live.name.as_str(), live)).collect();
    let present = |name: &&str| match named.get(*name) {
        Some(live) => Presence::of(aws.owns(&live.tags), (*live).clone()),
        None => Presence::Absent,
    };
    let ours = |live: &Live| aws.owns(&live.tags);
    let left = left.into_iter().filter(ours);
    Ok(Observed {
        wanted: names.iter().map(present).collect(),
        orphans: left
            .map(|live| (tags::node(R::KIND, &live.tags, &live.name), live))
            .collect(),
    })
}

/// Whether an alarm belongs to the kind, according to its node tag. Without this tag it counts as a metric alarm.
fn is_of<R: Resource>(tags: &Tags) -> bool {
    let node = tags.get(NODE_TAG).and_then(|node| node.split_once('/'));
    node.map_or(CloudwatchAlarm::KIND, |(kind, _)| kind) == R::KIND
}

/// Describes the alarms with these names, of all sorts. The answer does not contain their tags.
async fn describe(aws: &Aws, names: &[&str]) -> Result<Vec<Live>> {
    let described: Vec<Vec<Live>> = concurrently(names.chunks(BATCH), async |names| {
        let request = aws
            .connection
            .clients
            .cloudwatch
            .describe_alarms()
            .set_alarm_names(Some(names.iter().map(|name| (*name).to_owned()).collect()))
            .set_alarm_types(Some(types(aws)))
            .max_records(BATCH as i32);
        let answer = aws
            .call("cloudwatch:DescribeAlarms", || request.clone().send())
            .await?;
        let metric = answer.metric_alarms().iter().map(metrics::read);
        let composite = answer.composite_alarms().iter().map(metrics::read_composite);
        let logs = answer.log_alarms().iter().map(read_log_alarm);
        Ok(metric.chain(composite).chain(logs).collect())
    })
    .await?;
    Ok(described.into_iter().flatten().collect())
}

/// The alarm with its current tags. `None` if it was deleted meanwhile.
async fn with_tags(aws: &Aws, live: Live) -> Result<Option<Live>> {
    let tags = found(discovery::alarm_tags(aws, &live.arn).await)?;
    Ok(tags.map(|tags| Live {
        tags: (*tags).clone(),
        ..live
    }))
}
