//! Tags: from the index, which answers for all at once, and from each alarm that is not in it.

use std::collections::BTreeMap;

use super::{Alarm, Rule, Selection, Topic};
use crate::aws::discovery::{self, Tags, indexed};
use crate::aws::fault::found;
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
    let mut asked = Vec::new();
    for alarm in alarms.iter_mut() {
        alarm.tags = index.get(&alarm.arn).cloned();
        asked.extend(alarm.tags.is_none().then(|| alarm.arn.clone()));
    }
    let ask = async |arn: String| {
        let tags = found(discovery::alarm_tags(aws, &arn).await)?;
        Ok((arn, tags.map(|tags| (*tags).clone())))
    };
    let mut answers: BTreeMap<String, Option<Tags>> = concurrently(asked, ask).await?;
    for alarm in alarms.iter_mut().filter(|alarm| alarm.tags.is_none()) {
        alarm.tags = answers.remove(&alarm.arn).flatten();
    }
    Ok(())
}

pub(super) async fn of_rules(aws: &Aws, index: &Index, rules: &mut [Rule]) -> Result<()> {
    let mut asked = Vec::new();
    for rule in rules.iter_mut() {
        rule.tags = index.get(&rule.arn).cloned();
        asked.extend(rule.tags.is_none().then(|| rule.arn.clone()));
    }
    let ask = async |arn: String| {
        let tags = eventbridge::read_tags(aws, &arn).await?;
        Ok((arn, tags))
    };
    let mut answers: BTreeMap<String, Option<Tags>> = concurrently(asked, ask).await?;
    for rule in rules.iter_mut().filter(|rule| rule.tags.is_none()) {
        rule.tags = answers.remove(&rule.arn).flatten();
    }
    Ok(())
}

/// Topics are never the imported stack's, so their own tags only matter to who selects by them.
pub(super) async fn of_topics(
    aws: &Aws,
    index: &Index,
    selection: &Selection,
    topics: &mut [Topic],
) -> Result<()> {
    let mut asked = Vec::new();
    for topic in topics.iter_mut() {
        topic.tags = index.get(&topic.arn).cloned();
        let is_asked = topic.tags.is_none() && !selection.tags.is_empty() && selection.names(&topic.name);
        asked.extend(is_asked.then(|| topic.arn.clone()));
    }
    let ask = async |arn: String| {
        let tags = sns::topic::read_tags(aws, &arn).await?;
        Ok((arn, tags))
    };
    let mut answers: BTreeMap<String, Option<Tags>> = concurrently(asked, ask).await?;
    for topic in topics.iter_mut().filter(|topic| topic.tags.is_none()) {
        topic.tags = answers.remove(&topic.arn).flatten();
    }
    Ok(())
}
