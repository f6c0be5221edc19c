//! Tags: from the index, which answers for all at once, and from each alarm that is not in it.

use std::collections::BTreeMap;

use super::{Alarm, Rule, Selection, Topic};
use crate::aws::discovery::{self, indexed};
use crate::aws::fault::found;
use crate::aws::tags::Tags;
use crate::aws::{Aws, concurrently};
use crate::resource::{Result, eventbridge, sns};

/// What the index knows, by ARN. A resource that never had a tag is not in it.
pub(super) type Index = BTreeMap<String, Tags>;

pub(super) async fn index(aws: &Aws) -> Result<Index> {
    let request = aws.connection.clients.tagging.get_resources();
    let types = ["cloudwatch:alarm", "events:rule", "sns"];
    let request = request.set_resource_type_filters(Some(types.map(str::to_owned).to_vec()));
    let tagged = indexed(aws, request).await?;
    Ok(tagged.into_iter().map(|one| (one.arn, one.tags)).collect())
}

/// The index does not say whether an alarm has no tags or whether it lags behind, so the others are asked.
pub(super) async fn of_alarms(aws: &Aws, index: &Index, alarms: &mut [Alarm]) -> Result<()> {
    let place: Place<Alarm> = |alarm| (&alarm.arn, &mut alarm.tags);
    let ask = async |arn: &str| {
        let tags = found(discovery::alarm_tags(aws, arn).await)?;
        Ok(tags.map(|tags| (*tags).clone()))
    };
    fill(index, alarms, place, |_| true, ask).await
}

pub(super) async fn of_rules(aws: &Aws, index: &Index, rules: &mut [Rule]) -> Result<()> {
    let place: Place<Rule> = |rule| (&rule.arn, &mut rule.tags);
    let ask = async |arn: &str| eventbridge::read_tags(aws, arn).await;
    fill(index, rules, place, |_| true, ask).await
}

/// Topics are never the imported stack's, so their own tags only matter to who selects by them.
pub(super) async fn of_topics(
    aws: &Aws,
    index: &Index,
    selection: &Selection,
    topics: &mut [Topic],
) -> Result<()> {
    let place: Place<Topic> = |topic| (&topic.arn, &mut topic.tags);
    let matters = |topic: &Topic| !selection.tags.is_empty() && selection.names(&topic.name);
    let ask = async |arn: &str| sns::topic::read_tags(aws, arn).await;
    fill(index, topics, place, matters, ask).await
}

/// Where something has its ARN and its tags.
type Place<T> = for<'a> fn(&'a mut T) -> (&'a str, &'a mut Option<Tags>);

/// Fills in the tags from the index, and asks for those that are not in it and matter.
async fn fill<T>(
    index: &Index,
    all: &mut [T],
    place: Place<T>,
    matters: impl Fn(&T) -> bool,
    ask: impl AsyncFn(&str) -> Result<Option<Tags>>,
) -> Result<()> {
    let mut asked = Vec::new();
    for one in all.iter_mut() {
        let matters = matters(one);
        let (arn, tags) = place(one);
        *tags = index.get(arn).cloned();
        asked.extend((tags.is_none() && matters).then(|| arn.to_owned()));
    }
    let ask = async |arn: String| {
        let tags = ask(&arn).await?;
        Ok((arn, tags))
    };
    let mut answers: BTreeMap<String, Option<Tags>> = concurrently(asked, ask).await?;
    for one in all {
        let (arn, tags) = place(one);
        if tags.is_none() {
            *tags = answers.remove(arn).flatten();
        }
    }
    Ok(())
}
