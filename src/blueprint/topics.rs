//! SNS topics and who is subscribed to them.

use super::Build;
use super::relay::Relay;
use crate::aws::Text;
use crate::aws::policy::{Policy, Statement};
use crate::aws::secret::fingerprint;
use crate::resource::Ref;
use crate::resource::kms_key::KmsKey;
use crate::resource::lambda_permission::LambdaPermission;
use crate::resource::sns_subscription::SnsSubscription;
use crate::resource::sns_topic::SnsTopic;
use crate::stack::{Endpoint, FilterScope, Subscription, Topic};

/// Alarms that a topic's policy names one by one; beyond that, all of the account's. A policy holds 30 KB.
const NAMED_ALARMS: usize = 50;

impl Build<'_> {
    /// Every topic, its subscriptions, and the relay's permission to be invoked by it.
    pub(super) fn topics(&mut self, key: Option<&Ref<KmsKey>>, relay: Option<&Relay>) {
        for (name, topic) in &self.stack.topics {
            let relay = relay.filter(|_| !topic.to.is_empty());
            let made = self.topic(name, topic, key, relay.is_some());
            for subscription in &topic.subscriptions {
                self.subscription(name, &made, subscription);
            }
            if let Some(relay) = relay {
                self.relay_subscription(name, &made, relay);
            }
        }
    }

    fn topic(&mut self, key: &str, topic: &Topic, kms: Option<&Ref<KmsKey>>, relayed: bool) -> Ref<SnsTopic> {
        let mut subscriptions: Vec<_> = topic
            .subscriptions
            .iter()
            .map(|one| (one.endpoint.protocol(), Text::from(one.endpoint.address())))
            .collect();
        subscriptions.extend(relayed.then(|| ("lambda", self.names.function_arn())));
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

    fn subscription(&mut self, topic: &str, made: &Ref<SnsTopic>, subscription: &Subscription) {
        let Subscription {
            endpoint,
            filter,
            filter_scope,
            raw,
        } = subscription;
        // An https endpoint may carry a token in its path, and an ARN is long: both go by a digest.
        let who = match endpoint {
            Endpoint::Email(address) => address.clone(),
            other => fingerprint(other.address())[..8].to_owned(),
        };
        let scope = match filter_scope {
            FilterScope::Attributes => "MessageAttributes",
            FilterScope::Body => "MessageBody",
        };
        self.graph.add(
            format!("{topic}-{}-{who}", endpoint.protocol()),
            SnsSubscription {
                topic: made.clone(),
                topic_name: self.names.topic(topic, &self.stack.topics[topic]),
                protocol: endpoint.protocol(),
                endpoint: Text::from(endpoint.address()),
                filter_policy: filter.clone().map(Into::into),
                filter_policy_scope: filter.is_some().then_some(scope),
                raw_message_delivery: *raw,
                dead_letter_queue: None,
                gates: Vec::new(),
            },
        );
    }

    fn relay_subscription(&mut self, topic: &str, made: &Ref<SnsTopic>, relay: &Relay) {
        let permission = self.graph.add(
            topic,
            LambdaPermission {
                function: relay.function.clone(),
                function_name: self.names.function(),
                statement_id: self.names.topic_statement(topic, &self.stack.topics[topic]),
                principal: "sns.amazonaws.com",
                source_arn: self.names.topic_arn(topic),
                gates: relay.gates.clone(),
            },
        );
        self.graph.add(
            format!("{topic}-relay"),
            SnsSubscription {
                topic: made.clone(),
                topic_name: self.names.topic(topic, &self.stack.topics[topic]),
                protocol: "lambda",
                endpoint: self.names.function_arn(),
                filter_policy: None,
                filter_policy_scope: None,
                raw_message_delivery: false,
                dead_letter_queue: Some(self.names.dead_letters_arn()),
                // SNS drops what it may not deliver at once: no message before the permission.
                gates: vec![permission.id().clone(), relay.dead_letters.id().clone()],
            },
        );
    }

    /// The alarms of this stack may publish, and nothing else from outside the account's own IAM policies.
    fn topic_policy(&self, topic: &str) -> Policy {
        let arn = self.names.topic_arn(topic);
        let alarms = self.stack.alarms.iter().filter(|(_, alarm)| {
            let told = [&alarm.to, &alarm.ok, &alarm.insufficient_data];
            told.into_iter().flatten().any(|key| key == topic)
        });
        let mut alarms: Vec<_> = alarms
            .map(|(key, alarm)| format!("alarm:{}", self.names.alarm(key, alarm)))
            .collect();
        if alarms.is_empty() {
            // SNS takes no empty policy: this one repeats what the account may do anyway.
            return Policy::of([Statement::allow("OwnAccount", &["sns:Publish"])
                .account_root()
                .on(arn)]);
        }
        if alarms.len() > NAMED_ALARMS {
            alarms = vec!["alarm:*".to_owned()];
        }
        let publish = Statement::allow("AlarmsMayPublish", &["sns:Publish"])
            .service("cloudwatch.amazonaws.com")
            .on(arn)
            .when("StringEquals", "aws:SourceAccount", Text::account());
        let named = |publish: Statement, alarm| {
            publish.when("ArnLike", "aws:SourceArn", Text::arn("cloudwatch", alarm))
        };
        Policy::of([alarms.into_iter().fold(publish, named)])
    }
}
