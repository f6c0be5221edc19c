//! What alerts in one region, whoever made it: read once, for `alertctl import`, and never changed.

use super::{Aws, Fault, Result, Tags};
use crate::aws::fault::{NO_ANSWER, NOT_SENT};

mod alarms;
mod rules;
#[cfg(test)]
pub(crate) mod samples;
mod tags;
mod topics;
mod trails;

pub use alarms::{Actions, Alarm, OnLogs, OnMetric, Watches};
pub use rules::{ApiDestination, Rule};
pub use topics::{Subscription, Topic};
pub use trails::{Filter, Trail};

/// The actions that reading needs. Nearly all of them list something as a whole, so AWS knows no narrower resource than `*`; the
/// others read what was found.
pub const ACTIONS: [&str; 17] = [
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrailStatus",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:ListMetrics",
    "cloudwatch:ListTagsForResource",
    "events:ListApiDestinations",
    "events:ListEventBuses",
    "events:ListRules",
    "events:ListTagsForResource",
    "events:ListTargetsByRule",
    "logs:DescribeMetricFilters",
    "sns:ListSubscriptions",
    "sns:ListSubscriptionsByTopic",
    "sns:ListTagsForResource",
    "sns:ListTopics",
    "tag:GetResources",
];

/// Which of it is asked for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// How names begin.
    pub prefix: Option<String>,
    /// Tags that a resource has, all of them.
    pub tags: Vec<(String, String)>,
}

impl Selection {
    /// Whether a name begins as asked for.
    pub fn names(&self, name: &str) -> bool {
        self.prefix
            .as_deref()
            .is_none_or(|prefix| name.starts_with(prefix))
    }

    /// Whether a resource has the tags that are asked for. What has no tags, or whose tags could not be read, has none of them.
    pub fn has(&self, tags: Option<&Tags>) -> bool {
        let mut asked = self.tags.iter();
        asked.all(|(key, value)| tags.and_then(|tags| tags.get(key)) == Some(value))
    }
}

/// Something that could not be read.
#[derive(Debug, Clone)]
pub struct Unread {
    /// Such as `the alarms`.
    pub what: &'static str,
    pub fault: Fault,
}

/// What alerts in a region.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Those that are selected.
    pub alarms: Vec<Alarm>,
    /// All that the account has there. The subscriptions are those of topics that are selected or told of something.
    pub topics: Vec<Topic>,
    /// Those that are selected, without those that AWS's services made for themselves.
    pub rules: Vec<Rule>,
    /// All.
    pub filters: Vec<Filter>,
    /// Those that may log here.
    pub trails: Vec<Trail>,
    /// Those whose name is selected.
    pub destinations: Vec<ApiDestination>,
    /// How many rules AWS's services made for themselves.
    pub managed_rules: usize,
    /// Whether any rule hears of the changes of alarms: then an alarm without actions tells somebody all the same.
    pub rules_hear_alarms: bool,
    pub unread: Vec<Unread>,
}

impl Inventory {
    /// Reads what is selected. What may not be read is left out, and in `unread`.
    ///
    /// # Errors
    /// AWS does not answer, or says nothing of alarms, topics and rules alike.
    pub async fn read(aws: &Aws, selection: &Selection) -> Result<Self> {
        aws.scope().await?;
        let mut read = Self::default();
        let (index, alarms, topics, rules, filters, trails, destinations) = futures::join!(
            tags::index(aws),
            alarms::all(aws, selection),
            topics::all(aws),
            rules::all(aws, selection),
            trails::filters(aws),
            trails::trails(aws),
            rules::destinations(aws, selection),
        );
        if let (Err(fault), Err(_), Err(_)) = (&alarms, &topics, &rules) {
            return Err(fault.clone());
        }
        let index = read.take("the index of tags", index)?;
        read.alarms = read.take("the alarms", alarms)?;
        let log_alarms = alarms::on_logs(aws, selection).await;
        let log_alarms = read.take("the alarms on logs", log_alarms)?;
        read.alarms.extend(log_alarms);
        read.topics = read.take("the topics", topics)?;
        let listed = read.take("the rules", rules)?;
        (read.managed_rules, read.rules_hear_alarms) = (listed.managed, listed.hear_alarms);
        read.filters = read.take("the metric filters", filters)?;
        read.trails = read.take("the trails", trails)?;
        read.destinations = read.take("the API destinations", destinations)?;
        let denied = read.trails.iter().find_map(|trail| trail.logs.clone().err());
        // Some trails of other regions tell it only there.
        if let Some(fault) = denied.filter(Fault::denied) {
            read.take::<()>("whether the trails log", Err(fault))?;
        }

        let mut rules = listed.selected;
        let tagged = tags::of_rules(aws, &index, &mut rules).await;
        read.take("the tags of the rules, which say who owns them", tagged)?;
        let mut alarms = std::mem::take(&mut read.alarms);
        let tagged = tags::of_alarms(aws, &index, &mut alarms).await;
        read.take("the tags of the alarms, which say who owns them", tagged)?;
        let mut topics = std::mem::take(&mut read.topics);
        let tagged = tags::of_topics(aws, &index, selection, &mut topics).await;
        read.take("the tags of the topics", tagged)?;
        rules.retain(|rule| selection.has(rule.tags.as_ref()));
        alarms.retain(|alarm| selection.has(alarm.tags.as_ref()));

        let mut silent = Vec::new();
        let (targets, silence) = futures::join!(
            rules::targets(aws, &mut rules),
            alarms::silent(aws, &alarms, &mut silent)
        );
        read.take("the targets of the rules", targets)?;
        read.take("which metrics have data", silence)?;
        for index in silent {
            if let Some(alarm) = alarms.get_mut(index) {
                alarm.has_no_data = true;
            }
        }
        let told = alarms.iter().flat_map(|alarm| alarm.actions.all());
        let told = told.chain(
            rules
                .iter()
                .flat_map(|rule| &rule.targets)
                .map(|target| &target.arn),
        );
        let told: std::collections::BTreeSet<String> = told.cloned().collect();
        let heard = topics::subscriptions(aws, &mut topics, |topic| {
            told.contains(&topic.arn) || selection.names(&topic.name) && selection.has(topic.tags.as_ref())
        });
        read.take("the subscriptions", heard.await)?;
        (read.alarms, read.rules, read.topics) = (alarms, rules, topics);
        Ok(read)
    }

    /// Keeps a refusal, and goes on without what was refused.
    fn take<T: Default>(&mut self, what: &'static str, answer: Result<T>) -> Result<T> {
        match answer {
            Err(fault) if fault.is(&[NO_ANSWER, NOT_SENT]) => Err(fault),
            Err(fault) => {
                self.unread.push(Unread { what, fault });
                Ok(T::default())
            }
            answer => answer,
        }
    }
}
