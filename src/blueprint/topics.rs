//! SNS topics and their subscriptions.

use std::collections::{BTreeMap, BTreeSet};

use alertctl_relay::ArnParts;

use super::Build;
use super::elsewhere::{region_of, topics_notified};
use super::function::Function;
use super::heartbeat::topics_with_heartbeat;
use super::mail::{self, is_by_relay, mails};
use crate::aws::Text;
use crate::aws::policy::{Policy, Statement};
use crate::aws::secret::fingerprint;
use crate::resource::Ref;
use crate::resource::kms::key::KmsKey;
use crate::resource::lambda::permission::LambdaPermission;
use crate::resource::precondition::{self, Named, Precondition};
use crate::resource::sns::subscription::{SnsSubscription, SubscribedTopic};
use crate::resource::sns::topic::SnsTopic;
use crate::stack::{Endpoint, FilterScope, Subscription, Topic, is_arn};

/// Up to this number, a topic's policy names each alarm; above it, the policy allows all alarms of the account.
/// A policy is limited to 30 KB.
const NAMED_ALARMS: usize = 50;

/// The names of alarms as patterns of a policy: `*` alone if there are more than `most`.
pub(super) fn alarm_patterns(names: Vec<String>, most: usize) -> Vec<String> {
    match names.len() > most {
        true => vec!["*".to_owned()],
        false => names.iter().map(|name| pattern(name)).collect(),
    }
}

/// A name as a pattern of a policy: `*` stands for characters with a meaning of their own there, and for those that IAM refuses.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
fn pattern(name: &str) -> String {
    let plain = |c: char| (c.is_ascii_graphic() || c == ' ') && !"*?$\\\"".contains(c);
    name.chars().map(|c| if plain(c) { c } else { '*' }).collect()
}

impl Build<'_> {
    /// Adds every topic of the stack's own, every topic's subscriptions, and its permission to invoke the relay. Returns
    /// the stack's own topics by key.
    pub(super) fn topics(
        &mut self,
        key: Option<&Ref<KmsKey>>,
        relay: Option<&Function>,
    ) -> BTreeMap<String, Ref<SnsTopic>> {
        let mut topics = BTreeMap::new();
        for (name, topic) in &self.stack.topics {
            let relay = relay.filter(|_| !topic.to.is_empty());
            if topic.existing.is_some() {
                self.existing_topic(name);
                let made = SubscribedTopic::Existing(self.names.topic_arn(name));
                relay.map(|relay| self.relay_subscription(name, made, relay));
                continue;
            }
            let made = self.topic(name, topic, key, relay.is_some());
            let subscribed = || SubscribedTopic::Own(made.clone());
            let relay = relay.map(|relay| self.relay_subscription(name, subscribed(), relay));
            let mails = relay.filter(|_| mails(self.stack, name));
            for subscription in &topic.subscriptions {
                let relay = mails.clone().filter(|_| is_by_relay(subscription));
                self.subscription(name, &made, subscription, relay);
            }
            topics.insert(name.clone(), made);
        }
        topics
    }

    /// What the stack relies on in a topic that it does not own.
    fn existing_topic(&mut self, key: &str) {
        self.graph.require(Precondition::Topic(precondition::Topic {
            arn: self.names.topic_arn(key),
            region: None,
            named: Named::Key {
                key: key.to_owned(),
                by_alarms: !self.alarms_notifying(key).is_empty(),
                by_rules: self.rules_publish(key),
            },
        }));
    }

    /// What the stack relies on in the topics that alarms and rules name by their ARNs.
    pub(super) fn topics_by_arn(&mut self) {
        let mut named = BTreeMap::<_, [BTreeSet<String>; 2]>::new();
        for (key, alarm) in self.alarms.iter() {
            let region = region_of(alarm, self.home);
            for arn in alarm.actions().into_iter().flat_map(|(_, names)| names) {
                let [alarms, _] = named.entry((region.map(str::to_owned), arn)).or_default();
                alarms.insert(key.clone());
            }
        }
        for rule in self.rules.iter() {
            for arn in &rule.rule.to {
                let [_, rules] = named.entry((None, arn.clone())).or_default();
                rules.insert(rule.origin.clone());
            }
        }
        named.retain(|(_, arn), _| is_arn(arn) && ArnParts::of(arn).service == "sns");
        for ((region, arn), [alarms, rules]) in named {
            let name = ArnParts::of(&arn).resource;
            let mut own = self
                .stack
                .topics
                .iter()
                .filter(|(_, topic)| topic.existing.is_none());
            let own = own.find(|(key, topic)| region.is_none() && self.names.topic(key, topic) == name);
            let own = own.map(|(key, _)| key.clone());
            self.graph.require(Precondition::Topic(precondition::Topic {
                arn: arn.as_str().into(),
                region,
                named: Named::Arn { alarms, rules, own },
            }));
        }
    }

    fn topic(&mut self, key: &str, topic: &Topic, kms: Option<&Ref<KmsKey>>, relayed: bool) -> Ref<SnsTopic> {
        let mut subscriptions: Vec<_> = topic
            .subscriptions
            .iter()
            .map(|one| (one.endpoint.protocol(), Text::from(one.endpoint.address())))
            .collect();
        let relay = || ("lambda", self.names.function_arn_of(&self.names.function()));
        subscriptions.extend(relayed.then(relay));
        self.graph.add(
            key,
            SnsTopic {
                name: self.names.topic(key, topic),
                display_name: topic.display_name.clone(),
                kms_key: kms.filter(|_| topic.encrypted).cloned(),
                policy: self.topic_policy(key),
                subscriptions,
                tags: self.tags::<SnsTopic>(key),
            },
        )
    }

    /// Adds a subscription of the stack file. `relay` is that of the relay, if the relay writes what this one gets.
    fn subscription(
        &mut self,
        topic: &str,
        made: &Ref<SnsTopic>,
        subscription: &Subscription,
        relay: Option<Ref<SnsSubscription>>,
    ) {
        let Subscription {
            endpoint,
            filter,
            filter_scope,
            raw,
        } = subscription;
        // An https endpoint may have a token in its path, and an ARN is long, so the key uses a digest of
        // either.
        let who = match endpoint {
            Endpoint::Email(address) => address.clone(),
            other => fingerprint(other.address())[..8].to_owned(),
        };
        let scope = match filter_scope {
            FilterScope::Attributes => "MessageAttributes",
            FilterScope::Body => "MessageBody",
        };
        let filter = match &relay {
            Some(_) => Some(mail::filter()),
            None => filter.clone(),
        };
        let is_mailed = relay.is_some();
        let subscribed = self.graph.add_after(
            format!("{topic}-{}-{who}", endpoint.protocol()),
            SnsSubscription {
                topic: SubscribedTopic::Own(made.clone()),
                protocol: endpoint.protocol(),
                endpoint: Text::from(endpoint.address()),
                filter_policy_scope: filter.is_some().then_some(scope),
                filter_policy: filter.map(Into::into),
                raw_message_delivery: *raw,
                dead_letter_queue: None,
            },
            // Before the relay writes mails, the subscribers must get SNS's own: two are better than none.
            relay.map(|relay| relay.id().clone()),
        );
        if is_mailed {
            let mailed = self.mailed.entry(topic.to_owned()).or_default();
            mailed.push(subscribed.id().clone());
        }
    }

    fn relay_subscription(
        &mut self,
        topic: &str,
        made: SubscribedTopic,
        relay: &Function,
    ) -> Ref<SnsSubscription> {
        let name = self.names.topic(topic, &self.stack.topics[topic]);
        self.watched.topics.push((topic.to_owned(), name));
        let permission = self.graph.add_after(
            topic,
            LambdaPermission {
                function: relay.function.clone(),
                statement_id: self.names.topic_statement(topic, &self.stack.topics[topic]),
                principal: "sns.amazonaws.com",
                source_arn: self.names.topic_arn(topic),
            },
            relay.after.clone(),
        );
        self.graph.add_after(
            format!("{topic}-relay"),
            SnsSubscription {
                topic: made,
                protocol: "lambda",
                endpoint: relay.function.arn(),
                filter_policy: None,
                filter_policy_scope: None,
                raw_message_delivery: false,
                dead_letter_queue: relay.dead_letters.as_ref().map(Ref::arn),
            },
            // SNS drops a message that it may not deliver, so the subscription must come after the permission.
            [permission.id()]
                .into_iter()
                .chain(relay.dead_letters.as_ref().map(Ref::id))
                .cloned(),
        )
    }

    /// The alarms and rules of this stack may publish. Apart from them, only the account's own IAM policies
    /// grant access.
    fn topic_policy(&self, topic: &str) -> Policy {
        let arn = self.names.topic_arn(topic);
        let statements: Vec<_> = self
            .alarms_may_publish(topic)
            .into_iter()
            .chain(self.rules_may_publish(topic))
            .collect();
        if statements.is_empty() {
            // SNS does not accept an empty policy. This one only repeats what the account may do anyway.
            return Policy::of([Statement::allow("OwnAccount", &["sns:Publish"])
                .account_root()
                .on(arn)]);
        }
        Policy::of(statements)
    }

    fn alarms_may_publish(&self, topic: &str) -> Option<Statement> {
        let alarms = alarm_patterns(self.alarms_notifying(topic), NAMED_ALARMS);
        if alarms.is_empty() {
            return None;
        }
        let publish = Statement::allow("AlarmsMayPublish", &["sns:Publish"])
            .service("cloudwatch.amazonaws.com")
            .on(self.names.topic_arn(topic))
            .when("StringEquals", "aws:SourceAccount", Text::account());
        let named = |publish: Statement, alarm| {
            let arn = Text::arn("cloudwatch", format!("alarm:{alarm}"));
            publish.when("ArnLike", "aws:SourceArn", arn)
        };
        Some(alarms.into_iter().fold(publish, named))
    }

    /// Without a condition: SNS refuses EventBridge's messages if the statement has one. Source: Amazon
    /// EventBridge User Guide, "Using resource-based policies", Amazon SNS permissions.
    fn rules_may_publish(&self, topic: &str) -> Option<Statement> {
        self.rules_publish(topic).then(|| {
            Statement::allow("RulesMayPublish", &["sns:Publish"])
                .service("events.amazonaws.com")
                .on(self.names.topic_arn(topic))
        })
    }

    /// Whether a rule of the stack publishes to a topic.
    fn rules_publish(&self, topic: &str) -> bool {
        let by_rule = self
            .rules
            .iter()
            .any(|rule| self.topics_in(&rule.rule.to).any(|to| to == topic));
        let subscribed = is_subscribed(&self.stack.topics[topic]);
        let elsewhere = topics_notified(self.stack, Some(self.home));
        let beats = topics_with_heartbeat(self.stack).any(|key| key == topic);
        by_rule || beats || subscribed && elsewhere.contains(topic)
    }
}

/// Whether somebody besides the relay hears a topic, as far as the stack file knows: of an existing topic, its owner decides.
pub(super) fn is_subscribed(topic: &Topic) -> bool {
    topic.existing.is_some() || !topic.subscriptions.is_empty()
}
