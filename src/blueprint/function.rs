//! A Lambda function with everything it needs: role, log group, dead-letter queue, retry settings.

use std::collections::BTreeMap;

use super::incidents::{may_update, variable};
use super::queues::Queue;
use super::roles::Role;
use super::{Build, code};
use crate::aws::Text;
use crate::aws::policy::{Policy, Statement};
use crate::resource::iam::role_policy::IamRolePolicy;
use crate::resource::kms::key::KmsKey;
use crate::resource::lambda::event_invoke_config::LambdaEventInvokeConfig;
use crate::resource::lambda::function::{EnvValue, LambdaFunction};
use crate::resource::logs::log_group::LogGroup;
use crate::resource::sqs::queue::SqsQueue;
use crate::resource::{NodeId, Ref};

/// Dead letters are kept as long as SQS allows: 14 days.
pub(super) const DEAD_LETTER_SECONDS: i32 = 1_209_600;

/// The purpose of a function, and its permissions.
pub(super) struct Duty<'a> {
    /// The key of its resources in the graph.
    pub key: String,
    pub name: String,
    pub description: String,
    pub memory_mb: i32,
    /// Seconds.
    pub timeout: i32,
    pub environment: BTreeMap<String, EnvValue>,
    /// The key that its addresses are encrypted with, if it has any.
    pub kms_key: Option<&'a Ref<KmsKey>>,
    /// The name of its inline policy.
    pub policy_name: &'static str,
    /// Its permissions besides writing its own logs and sending to its dead-letter queue, if it has one.
    pub may: Vec<Statement>,
    /// Nodes whose generated ARNs are part of those statements.
    pub policy_after: Vec<NodeId>,
    /// Statements for others that send to its dead-letter queue. `None` if it has no such queue, since everybody waits for its
    /// answer, and tries again.
    pub dead_letter_senders: Option<Vec<Statement>>,
    /// The channels and topics that it notifies.
    pub to: Vec<String>,
    /// Queues that it puts messages into.
    pub queues: Vec<Queue>,
    /// True if the function also drains those queues.
    pub works_off: bool,
    pub reserved_concurrency: Option<i32>,
}

/// A function, with what its triggers need.
pub(super) struct Function {
    pub function: Ref<LambdaFunction>,
    /// What must exist before an event may reach the function.
    pub after: Vec<NodeId>,
    /// The dead-letter queue, if it has one.
    pub dead_letters: Option<Ref<SqsQueue>>,
}

impl Build<'_> {
    /// Adds the function of `duty` and everything it needs.
    pub(super) fn function(&mut self, duty: Duty<'_>) -> Function {
        let (key, name) = (&duty.key, &duty.name);
        let (settings, names) = (&self.stack.relay, self.names);
        let log_group = self.graph.add(
            key,
            LogGroup {
                name: names.log_group_of(name),
                retention_days: settings.log_retention_days,
                tags: self.tags::<LogGroup>(key),
            },
        );
        let dead_letters = duty
            .dead_letter_senders
            .map(|senders| self.dead_letters(key, names.dead_letters_of(name), senders, Vec::new()));
        let mut works_off = Vec::new();
        let drained = duty.queues.iter().filter(|_| duty.works_off);
        for (queue, dead_letters) in drained.filter_map(|queue| Some((queue, dead_letters.as_ref()?))) {
            works_off.push((queue, self.queue(queue, dead_letters, duty.timeout)));
        }
        let role = self.role(
            key,
            Role {
                name: names.role_of(name),
                description: duty.description.clone(),
                trust: trust(),
                region: None,
            },
        );
        let incidents = self.incidents_of(&duty.to).cloned();
        let may_update = incidents.as_ref().map(may_update);
        let may_park = dead_letters
            .iter()
            .map(|queue| Statement::allow("ParkWhatFailed", &["sqs:SendMessage"]).on(queue.arn()));
        let may = duty.may.into_iter().chain(may_update).chain([Statement::allow(
            "WriteOwnLogs",
            &["logs:CreateLogStream", "logs:PutLogEvents"],
        )
        .on(Text::arn(
            "logs",
            format!("log-group:{}:*", names.log_group_of(name)),
        ))]);
        let role_policy = self.graph.add_after(
            key,
            IamRolePolicy {
                role: role.clone(),
                name: duty.policy_name.to_owned(),
                policy: Policy::of(may.chain(may_park)),
            },
            duty.policy_after,
        );
        let mut after: Vec<_> = duty.queues.iter().map(Queue::node).collect();
        if !after.is_empty() {
            after.push(role_policy.id().clone());
        }
        after.extend(incidents.iter().map(|table| table.id().clone()));
        let mut environment = duty.environment;
        environment.extend(incidents.iter().flat_map(variable));
        let function = self.graph.add_after(
            key,
            LambdaFunction {
                name: name.clone(),
                description: duty.description,
                role,
                memory_mb: duty.memory_mb,
                timeout_seconds: duty.timeout,
                code: self.code.get_or_init(|| code(self.stack)).clone(),
                kms_key: duty.kms_key.cloned(),
                encrypted_for: names.function(),
                environment,
                log_group,
                reserved_concurrency: duty.reserved_concurrency,
                tags: self.tags::<LambdaFunction>(key),
            },
            after,
        );
        if let Some(dead_letters) = &dead_letters {
            self.graph.add_after(
                key,
                LambdaEventInvokeConfig {
                    function: function.clone(),
                    maximum_retry_attempts: settings.maximum_retry_attempts,
                    maximum_event_age_seconds: settings.maximum_event_age_seconds,
                    on_failure_arn: dead_letters.arn(),
                },
                [role_policy.id().clone(), dead_letters.id().clone()],
            );
        }
        self.watched.functions.push((duty.key.clone(), duty.name.clone()));
        let function = Function {
            function,
            after: vec![role_policy.id().clone()],
            dead_letters,
        };
        for (queue, node) in works_off {
            self.work_off(queue, node, &function.function, &function.after);
        }
        function
    }

    /// Adds a dead-letter queue; `senders` say who may send to it. If it is in another region, `after` contains
    /// the role that marks that region.
    pub(super) fn dead_letters(
        &mut self,
        key: &str,
        name: String,
        senders: Vec<Statement>,
        after: Vec<NodeId>,
    ) -> Ref<SqsQueue> {
        if !key.contains('@') {
            self.watched.queues.push((key.to_owned(), name.clone()));
        }
        self.graph.add_after(
            key,
            SqsQueue {
                name,
                retention_seconds: DEAD_LETTER_SECONDS,
                policy: (!senders.is_empty()).then(|| Policy::of(senders)),
                redelivery: None,
                tags: self.tags::<SqsQueue>(key),
            },
            after,
        )
    }

    /// Allows decryption of the addresses, which are encrypted for the relay's name.
    pub(super) fn may_decrypt(&self, key: &Ref<KmsKey>) -> Statement {
        Statement::allow("DecryptOwnWebhooks", &["kms:Decrypt"])
            .on(key.arn())
            .when(
                "StringEquals",
                "kms:EncryptionContext:LambdaFunctionName",
                self.names.function(),
            )
    }
}

/// Only Lambda may assume the role, and only on behalf of this account.
fn trust() -> Statement {
    Statement::allow("Lambda", &["sts:AssumeRole"])
        .service("lambda.amazonaws.com")
        .when("StringEquals", "aws:SourceAccount", Text::account())
}
