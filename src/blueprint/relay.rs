//! The relay function with all it needs: role, log group, dead-letter queue, retry settings.

use std::collections::BTreeMap;

use alertctl_relay::{CHANNELS, ChannelKey, LOCALE, ROUTES, TIMEZONE, webhook_variable};
use serde_json::json;

use super::{Build, Webhook, Webhooks};
use crate::aws::Text;
use crate::aws::policy::{Policy, Statement};
use crate::relay_zip;
use crate::resource::iam_role::IamRole;
use crate::resource::iam_role_policy::IamRolePolicy;
use crate::resource::kms_key::KmsKey;
use crate::resource::lambda_event_invoke_config::LambdaEventInvokeConfig;
use crate::resource::lambda_function::{Code, EnvValue, LambdaFunction};
use crate::resource::log_group::LogGroup;
use crate::resource::sqs_queue::SqsQueue;
use crate::resource::{NodeId, Ref};
use crate::stack::Locale;

/// The key of the relay's resources in the graph.
const RELAY: &str = "relay";

/// Dead letters are kept as long as SQS allows: 14 days.
const DEAD_LETTER_SECONDS: i32 = 1_209_600;

/// The relay, as topics need it.
pub(super) struct Relay {
    pub function: Ref<LambdaFunction>,
    /// What must exist before a message may reach the function.
    pub gates: Vec<NodeId>,
    /// The queue that also takes what SNS cannot hand to the function.
    pub dead_letters: Ref<SqsQueue>,
}

impl Build<'_> {
    /// The relay, when something in the stack goes to a channel.
    pub(super) fn relay(&mut self, key: &Ref<KmsKey>, webhooks: &Webhooks) -> Option<Relay> {
        let relayed: Vec<_> = self
            .stack
            .topics
            .iter()
            .filter(|(_, topic)| !topic.to.is_empty())
            .collect();
        if relayed.is_empty() {
            return None;
        }
        let (settings, names) = (&self.stack.relay, self.names);
        let log_group = self.graph.add(
            RELAY,
            LogGroup {
                name: names.log_group(),
                retention_days: settings.log_retention_days,
                tags: self.tags::<LogGroup>(RELAY),
            },
        );
        let dead_letters = self.graph.add(
            RELAY,
            SqsQueue {
                name: names.dead_letters(),
                retention_seconds: DEAD_LETTER_SECONDS,
                policy: Some(queue_policy(
                    names.dead_letters_arn(),
                    relayed.iter().map(|(key, _)| names.topic_arn(key)),
                )),
                tags: self.tags::<SqsQueue>(RELAY),
            },
        );
        let role = self.graph.add(
            RELAY,
            IamRole {
                name: names.role(),
                path: names.role_path(),
                description: format!("Relay of the alertctl stack {}", self.stack.stack),
                trust: trust(),
                tags: self.tags::<IamRole>(RELAY),
            },
        );
        let role_policy = self.graph.add(
            RELAY,
            IamRolePolicy {
                role: role.clone(),
                role_name: names.role(),
                name: RELAY.to_owned(),
                policy: self.relay_policy(key),
                needs: vec![key.id().clone()],
            },
        );
        let function = self.graph.add(
            RELAY,
            LambdaFunction {
                name: names.function(),
                description: format!("alertctl stack {}: brings alerts to Slack", self.stack.stack),
                role,
                role_arn: names.role_arn(),
                memory_mb: settings.memory,
                timeout_seconds: settings.timeout,
                code: Code {
                    zip: relay_zip::ZIP,
                    sha256: relay_zip::SHA256,
                },
                kms_key: key.clone(),
                environment: self.environment(webhooks),
                log_group,
                log_group_name: names.log_group(),
                reserved_concurrency: settings.reserved_concurrency,
                tags: self.tags::<LambdaFunction>(RELAY),
            },
        );
        self.graph.add(
            RELAY,
            LambdaEventInvokeConfig {
                function: function.clone(),
                function_name: names.function(),
                maximum_retry_attempts: settings.maximum_retry_attempts,
                maximum_event_age_seconds: settings.maximum_event_age_seconds,
                on_failure_arn: names.dead_letters_arn(),
                gates: vec![role_policy.id().clone(), dead_letters.id().clone()],
            },
        );
        Some(Relay {
            function,
            gates: vec![role_policy.id().clone()],
            dead_letters,
        })
    }

    /// Where the relay finds its channels, and what goes to which.
    fn environment(&self, webhooks: &Webhooks) -> BTreeMap<String, EnvValue> {
        let Self { stack, names, .. } = self;
        let routes: BTreeMap<_, _> = stack
            .topics
            .iter()
            .filter(|(_, topic)| !topic.to.is_empty())
            .map(|(key, topic)| (names.topic(key, topic), &topic.to))
            .collect();
        let label = |key: &String| {
            stack.channels[key]
                .label
                .clone()
                .unwrap_or_else(|| format!("#{key}"))
        };
        let channels: BTreeMap<_, _> = stack.channels.keys().map(|key| (key, label(key))).collect();
        let locale = match stack.locale {
            Locale::En => "en",
            Locale::Ko => "ko",
        };
        let mut environment: BTreeMap<_, _> = [
            (LOCALE, locale.to_owned()),
            (TIMEZONE, stack.timezone.clone()),
            (CHANNELS, json!(channels).to_string()),
            (ROUTES, json!(routes).to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), EnvValue::Plain(value)))
        .into();
        for (channel, webhook) in webhooks {
            let value = match webhook {
                Webhook::Ciphertext(text) => EnvValue::Plain(text.clone()),
                Webhook::Clear(secret) => EnvValue::Secret(secret.clone()),
                Webhook::NotAtHand => EnvValue::NotAtHand,
            };
            environment.insert(webhook_variable(&ChannelKey(channel.clone())), value);
        }
        environment
    }

    /// Exactly what the relay does: write its own logs, decrypt its own webhooks, park what failed.
    fn relay_policy(&self, key: &Ref<KmsKey>) -> Policy {
        let names = self.names;
        Policy::of([
            Statement::allow("WriteOwnLogs", &["logs:CreateLogStream", "logs:PutLogEvents"])
                .on(Text::arn("logs", format!("log-group:{}:*", names.log_group()))),
            Statement::allow("DecryptOwnWebhooks", &["kms:Decrypt"])
                .on(key.arn())
                .when(
                    "StringEquals",
                    "kms:EncryptionContext:LambdaFunctionName",
                    names.function(),
                ),
            Statement::allow("ParkWhatFailed", &["sqs:SendMessage"]).on(names.dead_letters_arn()),
        ])
    }
}

/// Only Lambda, and only on behalf of this account.
fn trust() -> Policy {
    Policy::of([Statement::allow("Lambda", &["sts:AssumeRole"])
        .service("lambda.amazonaws.com")
        .when("StringEquals", "aws:SourceAccount", Text::account())])
}

/// SNS may park what it could not hand over; Lambda parks by the function's own role.
fn queue_policy(queue: Text, topics: impl Iterator<Item = Text>) -> Policy {
    let park = Statement::allow("TopicsMayPark", &["sqs:SendMessage"])
        .service("sns.amazonaws.com")
        .on(queue);
    Policy::of([topics.fold(park, |park, topic| park.when("ArnEquals", "aws:SourceArn", topic))])
}
