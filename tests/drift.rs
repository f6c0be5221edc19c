//! Everything that can be changed by hand in the account: shown by plan under its own name, put right by apply.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "support/account.rs"]
mod account;
mod support;

use std::collections::BTreeSet;

use account::{ACCOUNT, clients, key_of, told, unchanged};
use alertctl::aws::connect::Clients;
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, MetricDataQuery, StandardUnit, Statistic};
use aws_sdk_lambda::operation::put_function_event_invoke_config::builders::PutFunctionEventInvokeConfigFluentBuilder;
use aws_sdk_lambda::types::{
    Architecture, DestinationConfig, Environment, LoggingConfig, OnFailure, OnSuccess, Runtime,
};
use aws_sdk_sqs::types::QueueAttributeName as QueueAttribute;
use aws_smithy_types::Blob;
use futures::future::LocalBoxFuture;
use support::{NO_WEBHOOK, World};

const REGION: &str = "eu-west-1";
const FUNCTION: &str = "drift-relay";
const ROLE: &str = "drift-relay-role";
const ALIAS: &str = "alias/drift-key";
const LOG_GROUP: &str = "/aws/lambda/drift-relay";
const TOPIC: &str = "arn:aws:sns:eu-west-1:000000000000:drift-alerts";
const PLAIN_TOPIC: &str = "arn:aws:sns:eu-west-1:000000000000:drift-plain";
const ELSEWHERE: &str = "arn:aws:sqs:eu-west-1:000000000000:elsewhere";

const STACK: &str = r##"
stack: drift
region: eu-west-1
tags: { team: platform }
key: { description: The key, deletion_window_days: 7 }
channels:
  project: { label: "#project", webhook: { env: SLACK_WEBHOOK_URL } }
topics:
  alerts:
    display_name: Alerts
    encrypted: true
    to: [project]
    subscriptions:
      - { sqs: "arn:aws:sqs:eu-west-1:000000000000:elsewhere", filter: { severity: [high] }, raw: true }
  plain: {}
alarms:
  cpu:
    description: Busy
    metric: AWS/EC2 CPUUtilization
    dimensions: { InstanceId: i-0123456789abcdef0 }
    statistic: Average
    unit: Percent
    period: 60
    threshold: ">= 50"
    evaluation_periods: 3
    datapoints_to_alarm: 2
    treat_missing_data: breaching
    to: [alerts]
    ok: [alerts]
    insufficient_data: [plain]
  slow:
    metric: AWS/Lambda Duration
    statistic: p99
    period: 60
    threshold: "> 1000"
    evaluate_low_sample_count_percentile: ignore
    to: [alerts]
  rate:
    metrics:
      - { id: errors, metric: AWS/Lambda Errors, statistic: Sum, period: 60 }
      - { id: calls, metric: AWS/Lambda Invocations, statistic: Sum, period: 60 }
      - { id: rate, expression: errors / calls, label: Rate, return_data: true }
    threshold: "> 0.1"
    to: [alerts]
  band:
    metrics:
      - { id: cpu, metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, return_data: true }
      - { id: band, expression: "ANOMALY_DETECTION_BAND(cpu, 2)", return_data: true }
    threshold: outside band
    to: [alerts]
relay: { memory: 128, timeout: 30, log_retention_days: 30, reserved_concurrency: 5 }
"##;

/// What somebody does by hand, and the plan that follows: `action kind/key: fields`, fields of updates only.
struct Case {
    what: &'static str,
    plan: &'static [&'static str],
    act: for<'a> fn(&'a Clients) -> LocalBoxFuture<'a, ()>,
}

macro_rules! case {
    ($what:literal, [$($plan:literal),*], |$aws:ident| $body:expr) => {
        Case { what: $what, plan: &[$($plan),*], act: |$aws| Box::pin(async move { let _ = $body; }) }
    };
}

// What the local AWS cannot show, left to the tests of the kinds: a role's path and a function's package type
// (AWS cannot change them either), a function that failed to be made or updated, a subscription that waits
// for confirmation.
const KEY: &[Case] = &[
    case!(
        "key described otherwise",
        ["update kms-key/main: description"],
        |aws| {
            aws.kms
                .update_key_description()
                .key_id(key(aws).await)
                .description("x")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "rotation switched off",
        ["update kms-key/main: rotation"],
        |aws| {
            aws.kms
                .disable_key_rotation()
                .key_id(key(aws).await)
                .send()
                .await
                .unwrap()
        }
    ),
    case!("key policy changed", ["update kms-key/main: policy"], |aws| {
        let policy = open_policy("kms:*", "*");
        aws.kms
            .put_key_policy()
            .key_id(key(aws).await)
            .policy(policy)
            .send()
            .await
            .unwrap()
    }),
    case!("key disabled", ["update kms-key/main: state"], |aws| {
        aws.kms.disable_key().key_id(key(aws).await).send().await.unwrap()
    }),
    case!(
        "key scheduled for deletion",
        ["update kms-key/main: state"],
        |aws| {
            let send = aws.kms.schedule_key_deletion().key_id(key(aws).await);
            send.pending_window_in_days(7).send().await.unwrap()
        }
    ),
    case!("key's tag changed", ["update kms-key/main: tags.team"], |aws| {
        tag_key(aws, "team", "x").await
    }),
    case!("key's tag removed", ["update kms-key/main: tags.team"], |aws| {
        untag_key(aws, "team").await
    }),
    case!(
        "key's node tag removed",
        ["update kms-key/main: tags.alertctl:node"],
        |aws| { untag_key(aws, "alertctl:node").await }
    ),
    case!(
        "key's node tag changed",
        ["update kms-key/main: tags.alertctl:node"],
        |aws| { tag_key(aws, "alertctl:node", "kms-key/other").await }
    ),
    case!("key's alias forgotten", ["update kms-key/main: alias"], |aws| {
        untag_key(aws, "alertctl:alias").await
    }),
    case!(
        "deletion window changed",
        ["update kms-key/main: deletion_window_days"],
        |aws| { tag_key(aws, "alertctl:deletion-window", "30").await }
    ),
    case!(
        "deletion window forgotten",
        ["update kms-key/main: deletion_window_days"],
        |aws| { untag_key(aws, "alertctl:deletion-window").await }
    ),
    case!(
        "alias moved to another key",
        ["update kms-alias/main: target"],
        |aws| {
            let other = aws
                .kms
                .create_key()
                .send()
                .await
                .unwrap()
                .key_metadata
                .unwrap()
                .key_id;
            aws.kms
                .update_alias()
                .alias_name(ALIAS)
                .target_key_id(other)
                .send()
                .await
                .unwrap()
        }
    ),
    case!("alias deleted", ["create kms-alias/main"], |aws| {
        aws.kms.delete_alias().alias_name(ALIAS).send().await.unwrap()
    }),
];

const ROLES: &[Case] = &[
    case!("role's trust changed", ["update iam-role/relay: trust"], |aws| {
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
            "Principal":{"Service":"ec2.amazonaws.com"}}]}"#;
        aws.iam
            .update_assume_role_policy()
            .role_name(ROLE)
            .policy_document(trust)
            .send()
            .await
            .unwrap()
    }),
    case!(
        "role described otherwise",
        ["update iam-role/relay: description"],
        |aws| {
            aws.iam
                .update_role_description()
                .role_name(ROLE)
                .description("x")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "role's tag changed",
        ["update iam-role/relay: tags.team"],
        |aws| tag_role(aws, "team", "x").await
    ),
    case!(
        "role's tag removed",
        ["update iam-role/relay: tags.team"],
        |aws| untag_role(aws, "team").await
    ),
    case!(
        "role's node tag removed",
        ["update iam-role/relay: tags.alertctl:node"],
        |aws| { untag_role(aws, "alertctl:node").await }
    ),
    case!(
        "role's stack tag removed",
        ["update iam-role/relay: tags.alertctl:stack"],
        |aws| { untag_role(aws, "alertctl:stack").await }
    ),
    case!(
        "managed policy attached",
        ["update iam-role/relay: attached_policies"],
        |aws| {
            let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
            aws.iam
                .attach_role_policy()
                .role_name(ROLE)
                .policy_arn(arn)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "inline policy changed",
        ["update iam-role-policy/relay: policy"],
        |aws| { put_role_policy(aws, "relay").await }
    ),
    case!("inline policy deleted", ["create iam-role-policy/relay"], |aws| {
        aws.iam
            .delete_role_policy()
            .role_name(ROLE)
            .policy_name("relay")
            .send()
            .await
            .unwrap()
    }),
    case!(
        "inline policy added",
        ["delete iam-role-policy/drift-relay-role/extra"],
        |aws| { put_role_policy(aws, "extra").await }
    ),
    // The function's grant on the key names the unique id of a role.
    case!(
        "role deleted",
        [
            "create iam-role/relay",
            "create iam-role-policy/relay",
            "update lambda-function/relay: role_id"
        ],
        |aws| {
            aws.iam
                .delete_role_policy()
                .role_name(ROLE)
                .policy_name("relay")
                .send()
                .await
                .unwrap();
            aws.iam.delete_role().role_name(ROLE).send().await.unwrap()
        }
    ),
];

const LOGS_AND_QUEUE: &[Case] = &[
    case!(
        "retention changed",
        ["update log-group/relay: retention_days"],
        |aws| {
            let send = aws.logs.put_retention_policy().log_group_name(LOG_GROUP);
            send.retention_in_days(7).send().await.unwrap()
        }
    ),
    case!(
        "retention removed",
        ["update log-group/relay: retention_days"],
        |aws| {
            aws.logs
                .delete_retention_policy()
                .log_group_name(LOG_GROUP)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "log group's tag changed",
        ["update log-group/relay: tags.team"],
        |aws| {
            let send = aws.logs.tag_resource().resource_arn(log_group());
            send.tags("team", "x").send().await.unwrap()
        }
    ),
    case!(
        "log group's tag removed",
        ["update log-group/relay: tags.team"],
        |aws| {
            aws.logs
                .untag_resource()
                .resource_arn(log_group())
                .tag_keys("team")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "log group's node tag removed",
        ["update log-group/relay: tags.alertctl:node"],
        |aws| {
            aws.logs
                .untag_resource()
                .resource_arn(log_group())
                .tag_keys("alertctl:node")
                .send()
                .await
                .unwrap()
        }
    ),
    case!("log group deleted", ["create log-group/relay"], |aws| {
        aws.logs
            .delete_log_group()
            .log_group_name(LOG_GROUP)
            .send()
            .await
            .unwrap()
    }),
    case!(
        "queue's retention changed",
        ["update sqs-queue/relay: retention_seconds"],
        |aws| { set_queue(aws, QueueAttribute::MessageRetentionPeriod, "60").await }
    ),
    case!(
        "queue policy changed",
        ["update sqs-queue/relay: policy"],
        |aws| { set_queue(aws, QueueAttribute::Policy, &open_policy("sqs:*", "*")).await }
    ),
    case!(
        "queue policy removed",
        ["update sqs-queue/relay: policy"],
        |aws| { set_queue(aws, QueueAttribute::Policy, "").await }
    ),
    case!(
        "queue's encryption switched off",
        ["update sqs-queue/relay: sqs_managed_sse"],
        |aws| { set_queue(aws, QueueAttribute::SqsManagedSseEnabled, "false").await }
    ),
    case!(
        "queue encrypted with a key",
        ["update sqs-queue/relay: kms_key, sqs_managed_sse"],
        |aws| {
            set_queue(aws, QueueAttribute::SqsManagedSseEnabled, "false").await;
            set_queue(aws, QueueAttribute::KmsMasterKeyId, "alias/aws/sqs").await
        }
    ),
    case!(
        "queue's tag changed",
        ["update sqs-queue/relay: tags.team"],
        |aws| {
            aws.sqs
                .tag_queue()
                .queue_url(queue(aws).await)
                .tags("team", "x")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "queue's tag removed",
        ["update sqs-queue/relay: tags.team"],
        |aws| {
            aws.sqs
                .untag_queue()
                .queue_url(queue(aws).await)
                .tag_keys("team")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "queue's node tag removed",
        ["update sqs-queue/relay: tags.alertctl:node"],
        |aws| {
            aws.sqs
                .untag_queue()
                .queue_url(queue(aws).await)
                .tag_keys("alertctl:node")
                .send()
                .await
                .unwrap()
        }
    ),
    case!("queue deleted", ["create sqs-queue/relay"], |aws| {
        aws.sqs
            .delete_queue()
            .queue_url(queue(aws).await)
            .send()
            .await
            .unwrap()
    }),
];

const LAMBDA: &[Case] = &[
    case!(
        "memory changed",
        ["update lambda-function/relay: memory_mb"],
        |aws| {
            aws.lambda
                .update_function_configuration()
                .function_name(FUNCTION)
                .memory_size(256)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "timeout changed",
        ["update lambda-function/relay: timeout_seconds"],
        |aws| {
            aws.lambda
                .update_function_configuration()
                .function_name(FUNCTION)
                .timeout(3)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "function described otherwise",
        ["update lambda-function/relay: description"],
        |aws| {
            aws.lambda
                .update_function_configuration()
                .function_name(FUNCTION)
                .description("x")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "handler changed",
        ["update lambda-function/relay: handler"],
        |aws| {
            aws.lambda
                .update_function_configuration()
                .function_name(FUNCTION)
                .handler("x")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "runtime changed",
        ["update lambda-function/relay: runtime"],
        |aws| {
            let send = aws.lambda.update_function_configuration().function_name(FUNCTION);
            send.runtime(Runtime::Providedal2).send().await.unwrap()
        }
    ),
    case!("another role", ["update lambda-function/relay: role"], |aws| {
        let send = aws.lambda.update_function_configuration().function_name(FUNCTION);
        send.role("arn:aws:iam::000000000000:role/other")
            .send()
            .await
            .unwrap()
    }),
    case!(
        "variable changed",
        ["update lambda-function/relay: environment.ALERTCTL_LOCALE"],
        |aws| { set_variable(aws, "ALERTCTL_LOCALE", Some("ko")).await }
    ),
    case!(
        "variable added",
        ["update lambda-function/relay: environment.EXTRA"],
        |aws| { set_variable(aws, "EXTRA", Some("x")).await }
    ),
    case!(
        "variable removed",
        ["update lambda-function/relay: environment.ROUTES"],
        |aws| { set_variable(aws, "ROUTES", None).await }
    ),
    case!(
        "webhook replaced",
        ["update lambda-function/relay: environment.WEBHOOK_project"],
        |aws| { set_variable(aws, "WEBHOOK_project", Some("AQICAHhx")).await }
    ),
    // Its digest stands alone then, a variable that nobody asked for.
    case!(
        "webhook removed",
        ["update lambda-function/relay: environment.WEBHOOK_project, environment.WEBHOOK_project_DIGEST"],
        |aws| { set_variable(aws, "WEBHOOK_project", None).await }
    ),
    case!(
        "webhook's digest replaced",
        ["update lambda-function/relay: environment.WEBHOOK_project"],
        |aws| { set_variable(aws, "WEBHOOK_project_DIGEST", Some("00.00")).await }
    ),
    case!(
        "webhook's digest removed",
        ["update lambda-function/relay: environment.WEBHOOK_project"],
        |aws| { set_variable(aws, "WEBHOOK_project_DIGEST", None).await }
    ),
    case!(
        "environment's key removed",
        ["update lambda-function/relay: kms_key"],
        |aws| {
            aws.lambda
                .update_function_configuration()
                .function_name(FUNCTION)
                .kms_key_arn("")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "environment's key changed",
        ["update lambda-function/relay: kms_key"],
        |aws| {
            let arn = aws
                .kms
                .create_key()
                .send()
                .await
                .unwrap()
                .key_metadata
                .unwrap()
                .arn
                .unwrap();
            aws.lambda
                .update_function_configuration()
                .function_name(FUNCTION)
                .kms_key_arn(arn)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "log group changed",
        ["update lambda-function/relay: log_group"],
        |aws| {
            let logging = LoggingConfig::builder().log_group("/other").build();
            let send = aws.lambda.update_function_configuration().function_name(FUNCTION);
            send.logging_config(logging).send().await.unwrap()
        }
    ),
    case!(
        "code replaced",
        ["update lambda-function/relay: code_sha256"],
        |aws| {
            let send = aws.lambda.update_function_code().function_name(FUNCTION);
            send.zip_file(Blob::new(other_code())).send().await.unwrap()
        }
    ),
    case!(
        "architecture changed",
        ["update lambda-function/relay: architecture"],
        |aws| {
            let send = aws
                .lambda
                .update_function_code()
                .function_name(FUNCTION)
                .architectures(Architecture::Arm64);
            send.zip_file(Blob::new(alertctl::relay_zip::ZIP))
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "function's tag changed",
        ["update lambda-function/relay: tags.team"],
        |aws| {
            aws.lambda
                .tag_resource()
                .resource(function())
                .tags("team", "x")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "function's tag removed",
        ["update lambda-function/relay: tags.team"],
        |aws| {
            aws.lambda
                .untag_resource()
                .resource(function())
                .tag_keys("team")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "function's node tag removed",
        ["update lambda-function/relay: tags.alertctl:node"],
        |aws| {
            aws.lambda
                .untag_resource()
                .resource(function())
                .tag_keys("alertctl:node")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "grant made for another role",
        ["update lambda-function/relay: role_id"],
        |aws| {
            aws.lambda
                .tag_resource()
                .resource(function())
                .tags("alertctl:role-id", "AROAOTHER")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "concurrency changed",
        ["update lambda-function/relay: reserved_concurrency"],
        |aws| {
            let send = aws.lambda.put_function_concurrency().function_name(FUNCTION);
            send.reserved_concurrent_executions(0).send().await.unwrap()
        }
    ),
    case!(
        "concurrency removed",
        ["update lambda-function/relay: reserved_concurrency"],
        |aws| {
            aws.lambda
                .delete_function_concurrency()
                .function_name(FUNCTION)
                .send()
                .await
                .unwrap()
        }
    ),
    case!("permission removed", ["create lambda-permission/alerts"], |aws| {
        remove_permission(aws).await
    }),
    case!(
        "permission for another source",
        ["update lambda-permission/alerts: source_arn"],
        |aws| {
            remove_permission(aws).await;
            add_permission(
                aws,
                "sns.amazonaws.com",
                PLAIN_TOPIC,
                Some(ACCOUNT),
                "alertctl-topic-drift-alerts",
            )
            .await
        }
    ),
    case!(
        "permission for another account",
        ["update lambda-permission/alerts: source_account"],
        |aws| {
            remove_permission(aws).await;
            add_permission(
                aws,
                "sns.amazonaws.com",
                TOPIC,
                Some("111122223333"),
                "alertctl-topic-drift-alerts",
            )
            .await
        }
    ),
    case!(
        "permission for any account",
        ["update lambda-permission/alerts: source_account"],
        |aws| {
            remove_permission(aws).await;
            add_permission(
                aws,
                "sns.amazonaws.com",
                TOPIC,
                None,
                "alertctl-topic-drift-alerts",
            )
            .await
        }
    ),
    case!(
        "permission for another service",
        ["update lambda-permission/alerts: principal"],
        |aws| {
            remove_permission(aws).await;
            add_permission(
                aws,
                "events.amazonaws.com",
                TOPIC,
                Some(ACCOUNT),
                "alertctl-topic-drift-alerts",
            )
            .await
        }
    ),
    case!(
        "permission too many",
        ["delete lambda-permission/drift-relay/alertctl-topic-old"],
        |aws| {
            add_permission(
                aws,
                "sns.amazonaws.com",
                TOPIC,
                Some(ACCOUNT),
                "alertctl-topic-old",
            )
            .await
        }
    ),
    case!(
        "retries changed",
        ["update lambda-event-invoke-config/relay: maximum_retry_attempts"],
        |aws| {
            retry_settings(aws)
                .await
                .maximum_retry_attempts(0)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "age changed",
        ["update lambda-event-invoke-config/relay: maximum_event_age_seconds"],
        |aws| {
            retry_settings(aws)
                .await
                .maximum_event_age_in_seconds(60)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "dead letters elsewhere",
        ["update lambda-event-invoke-config/relay: on_failure"],
        |aws| {
            let on_failure = OnFailure::builder().destination(ELSEWHERE).build();
            let all = DestinationConfig::builder().on_failure(on_failure).build();
            retry_settings(aws)
                .await
                .destination_config(all)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "destination of successes",
        ["update lambda-event-invoke-config/relay: on_success"],
        |aws| {
            let send = retry_settings(aws).await;
            let on_success = OnSuccess::builder().destination(ELSEWHERE).build();
            let on_failure = send.get_destination_config().clone().unwrap().on_failure;
            let all = DestinationConfig::builder()
                .on_success(on_success)
                .set_on_failure(on_failure)
                .build();
            send.destination_config(all).send().await.unwrap()
        }
    ),
    case!(
        "retry settings deleted",
        ["create lambda-event-invoke-config/relay"],
        |aws| {
            aws.lambda
                .delete_function_event_invoke_config()
                .function_name(FUNCTION)
                .send()
                .await
                .unwrap()
        }
    ),
    // What lives in a function goes with it.
    case!(
        "function deleted",
        [
            "create lambda-function/relay",
            "create lambda-event-invoke-config/relay",
            "create lambda-permission/alerts"
        ],
        |aws| aws
            .lambda
            .delete_function()
            .function_name(FUNCTION)
            .send()
            .await
            .unwrap()
    ),
];

const TOPICS: &[Case] = &[
    case!(
        "topic policy changed",
        ["update sns-topic/alerts: policy"],
        |aws| { set_topic(aws, "Policy", &open_policy("sns:Publish", TOPIC)).await }
    ),
    case!(
        "display name changed",
        ["update sns-topic/alerts: display_name"],
        |aws| { set_topic(aws, "DisplayName", "x").await }
    ),
    case!(
        "display name removed",
        ["update sns-topic/alerts: display_name"],
        |aws| { set_topic(aws, "DisplayName", "").await }
    ),
    case!(
        "display name given",
        ["update sns-topic/plain: display_name"],
        |aws| {
            let send = aws
                .sns
                .set_topic_attributes()
                .topic_arn(PLAIN_TOPIC)
                .attribute_name("DisplayName");
            send.attribute_value("x").send().await.unwrap()
        }
    ),
    case!(
        "topic no longer encrypted",
        ["update sns-topic/alerts: kms_key"],
        |aws| { set_topic(aws, "KmsMasterKeyId", "").await }
    ),
    case!(
        "topic encrypted with another key",
        ["update sns-topic/alerts: kms_key"],
        |aws| { set_topic(aws, "KmsMasterKeyId", "alias/aws/sns").await }
    ),
    case!(
        "topic's tag changed",
        ["update sns-topic/alerts: tags.team"],
        |aws| tag_topic(aws, "team", "x").await
    ),
    case!(
        "topic's tag removed",
        ["update sns-topic/alerts: tags.team"],
        |aws| {
            aws.sns
                .untag_resource()
                .resource_arn(TOPIC)
                .tag_keys("team")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "topic's node tag removed",
        ["update sns-topic/alerts: tags.alertctl:node"],
        |aws| {
            aws.sns
                .untag_resource()
                .resource_arn(TOPIC)
                .tag_keys("alertctl:node")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "marks forgotten",
        ["update sns-topic/alerts: marked_subscriptions"],
        |aws| {
            aws.sns
                .untag_resource()
                .resource_arn(TOPIC)
                .tag_keys("alertctl:subscriptions")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "filter changed",
        ["update sns-subscription/alerts-sqs-9092be04: filter_policy"],
        |aws| { set_subscription(aws, "sqs", "FilterPolicy", r#"{"severity":["low"]}"#).await }
    ),
    case!(
        "filter removed",
        ["update sns-subscription/alerts-sqs-9092be04: filter_policy, filter_policy_scope"],
        |aws| set_subscription(aws, "sqs", "FilterPolicy", "{}").await
    ),
    case!(
        "filter's scope changed",
        ["update sns-subscription/alerts-sqs-9092be04: filter_policy_scope"],
        |aws| { set_subscription(aws, "sqs", "FilterPolicyScope", "MessageBody").await }
    ),
    case!(
        "raw delivery switched off",
        ["update sns-subscription/alerts-sqs-9092be04: raw_message_delivery"],
        |aws| { set_subscription(aws, "sqs", "RawMessageDelivery", "false").await }
    ),
    case!(
        "filter on the relay",
        ["update sns-subscription/alerts-relay: filter_policy, filter_policy_scope"],
        |aws| set_subscription(aws, "lambda", "FilterPolicy", r#"{"severity":["low"]}"#).await
    ),
    case!(
        "redrive changed",
        ["update sns-subscription/alerts-relay: dead_letter_queue"],
        |aws| {
            let redrive = format!(r#"{{"deadLetterTargetArn":"{ELSEWHERE}"}}"#);
            set_subscription(aws, "lambda", "RedrivePolicy", &redrive).await
        }
    ),
    case!(
        "redrive removed",
        ["update sns-subscription/alerts-relay: dead_letter_queue"],
        |aws| {
            let arn = subscription(aws, "lambda").await;
            let send = aws
                .sns
                .set_subscription_attributes()
                .subscription_arn(arn)
                .attribute_name("RedrivePolicy");
            send.send().await.unwrap()
        }
    ),
    case!(
        "redrive added",
        ["update sns-subscription/alerts-sqs-9092be04: dead_letter_queue"],
        |aws| {
            let redrive = format!(r#"{{"deadLetterTargetArn":"{ELSEWHERE}"}}"#);
            set_subscription(aws, "sqs", "RedrivePolicy", &redrive).await
        }
    ),
    case!(
        "relay unsubscribed",
        ["create sns-subscription/alerts-relay"],
        |aws| {
            aws.sns
                .unsubscribe()
                .subscription_arn(subscription(aws, "lambda").await)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "queue unsubscribed",
        ["create sns-subscription/alerts-sqs-9092be04"],
        |aws| {
            aws.sns
                .unsubscribe()
                .subscription_arn(subscription(aws, "sqs").await)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "topic without subscribers deleted",
        ["create sns-topic/plain"],
        |aws| {
            aws.sns
                .delete_topic()
                .topic_arn(PLAIN_TOPIC)
                .send()
                .await
                .unwrap()
        }
    ),
    // Subscriptions go with their topic.
    case!(
        "topic deleted",
        [
            "create sns-topic/alerts",
            "create sns-subscription/alerts-relay",
            "create sns-subscription/alerts-sqs-9092be04"
        ],
        |aws| aws.sns.delete_topic().topic_arn(TOPIC).send().await.unwrap()
    ),
];

const ALARMS: &[Case] = &[
    case!(
        "alarm described otherwise",
        ["update cloudwatch-alarm/cpu: description"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .alarm_description("x")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "alarm's description removed",
        ["update cloudwatch-alarm/cpu: description"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .set_alarm_description(None)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "actions disabled",
        ["update cloudwatch-alarm/cpu: actions_enabled"],
        |aws| {
            aws.cloudwatch
                .disable_alarm_actions()
                .alarm_names("drift-cpu")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "action on ALARM added",
        ["update cloudwatch-alarm/cpu: alarm_actions"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .alarm_actions(PLAIN_TOPIC)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "action on OK removed",
        ["update cloudwatch-alarm/cpu: ok_actions"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .set_ok_actions(None)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "action without data changed",
        ["update cloudwatch-alarm/cpu: insufficient_data_actions"],
        |aws| {
            let actions = Some(vec![TOPIC.to_owned()]);
            alarm(aws, "drift-cpu")
                .await
                .set_insufficient_data_actions(actions)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "another namespace",
        ["update cloudwatch-alarm/cpu: namespace"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .namespace("AWS/RDS")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "another metric",
        ["update cloudwatch-alarm/cpu: metric_name"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .metric_name("NetworkIn")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "dimension changed",
        ["update cloudwatch-alarm/cpu: dimensions.InstanceId"],
        |aws| {
            let other = Dimension::builder().name("InstanceId").value("i-1").build();
            alarm(aws, "drift-cpu")
                .await
                .set_dimensions(Some(vec![other]))
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "dimension removed",
        ["update cloudwatch-alarm/cpu: dimensions.InstanceId"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .set_dimensions(None)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "dimension added",
        ["update cloudwatch-alarm/cpu: dimensions.ImageId"],
        |aws| {
            let more = Dimension::builder().name("ImageId").value("ami-1").build();
            alarm(aws, "drift-cpu")
                .await
                .dimensions(more)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "statistic changed",
        ["update cloudwatch-alarm/cpu: statistic"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .statistic(Statistic::Maximum)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "statistic made a percentile",
        ["update cloudwatch-alarm/cpu: extended_statistic, statistic"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .set_statistic(None)
                .extended_statistic("p90")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "percentile changed",
        ["update cloudwatch-alarm/slow: extended_statistic"],
        |aws| {
            alarm(aws, "drift-slow")
                .await
                .extended_statistic("p50")
                .send()
                .await
                .unwrap()
        }
    ),
    case!("period changed", ["update cloudwatch-alarm/cpu: period"], |aws| {
        alarm(aws, "drift-cpu").await.period(300).send().await.unwrap()
    }),
    case!("unit changed", ["update cloudwatch-alarm/cpu: unit"], |aws| {
        alarm(aws, "drift-cpu")
            .await
            .unit(StandardUnit::Count)
            .send()
            .await
            .unwrap()
    }),
    case!("unit removed", ["update cloudwatch-alarm/cpu: unit"], |aws| {
        alarm(aws, "drift-cpu").await.set_unit(None).send().await.unwrap()
    }),
    case!(
        "comparison changed",
        ["update cloudwatch-alarm/cpu: comparison_operator"],
        |aws| {
            let less = ComparisonOperator::LessThanThreshold;
            alarm(aws, "drift-cpu")
                .await
                .comparison_operator(less)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "threshold changed",
        ["update cloudwatch-alarm/cpu: threshold"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .threshold(99.5)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "periods changed",
        ["update cloudwatch-alarm/cpu: evaluation_periods"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .evaluation_periods(5)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "datapoints changed",
        ["update cloudwatch-alarm/cpu: datapoints_to_alarm"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .datapoints_to_alarm(1)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "datapoints removed",
        ["update cloudwatch-alarm/cpu: datapoints_to_alarm"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .set_datapoints_to_alarm(None)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "missing data treated otherwise",
        ["update cloudwatch-alarm/cpu: treat_missing_data"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .treat_missing_data("ignore")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "few samples treated otherwise",
        ["update cloudwatch-alarm/slow: evaluate_low_sample_count_percentile"],
        |aws| {
            let send = alarm(aws, "drift-slow")
                .await
                .evaluate_low_sample_count_percentile("evaluate");
            send.send().await.unwrap()
        }
    ),
    case!(
        "expression changed",
        ["update cloudwatch-alarm/rate: metrics.rate"],
        |aws| {
            change_query(aws, "drift-rate", "rate", |query| {
                query.expression = Some("errors".into())
            })
            .await
        }
    ),
    case!(
        "label changed",
        ["update cloudwatch-alarm/rate: metrics.rate"],
        |aws| { change_query(aws, "drift-rate", "rate", |query| query.label = Some("x".into())).await }
    ),
    case!(
        "query's period changed",
        ["update cloudwatch-alarm/rate: metrics.calls"],
        |aws| {
            change_query(aws, "drift-rate", "calls", |query| {
                query.metric_stat.as_mut().unwrap().period = Some(300);
            })
            .await
        }
    ),
    case!(
        "query's metric changed",
        ["update cloudwatch-alarm/rate: metrics.errors"],
        |aws| {
            change_query(aws, "drift-rate", "errors", |query| {
                query
                    .metric_stat
                    .as_mut()
                    .unwrap()
                    .metric
                    .as_mut()
                    .unwrap()
                    .metric_name = Some("Throttles".into());
            })
            .await
        }
    ),
    case!(
        "another band",
        ["update cloudwatch-alarm/band: threshold_metric_id"],
        |aws| {
            alarm(aws, "drift-band")
                .await
                .threshold_metric_id("cpu")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "alarm's tag changed",
        ["update cloudwatch-alarm/cpu: tags.team"],
        |aws| {
            let tag = aws_sdk_cloudwatch::types::Tag::builder()
                .key("team")
                .value("x")
                .build();
            aws.cloudwatch
                .tag_resource()
                .resource_arn(alarm_arn("drift-cpu"))
                .tags(tag)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "alarm's tag removed",
        ["update cloudwatch-alarm/cpu: tags.team"],
        |aws| { untag_alarm(aws, "team").await }
    ),
    case!(
        "alarm's node tag removed",
        ["update cloudwatch-alarm/cpu: tags.alertctl:node"],
        |aws| { untag_alarm(aws, "alertctl:node").await }
    ),
    case!("alarm deleted", ["create cloudwatch-alarm/cpu"], |aws| {
        aws.cloudwatch
            .delete_alarms()
            .alarm_names("drift-cpu")
            .send()
            .await
            .unwrap()
    }),
];

/// What others may add to what the stack owns without alertctl minding.
const LEFT_ALONE: &[Case] = &[
    case!("second alias", [], |aws| {
        aws.kms
            .create_alias()
            .alias_name("alias/second")
            .target_key_id(key(aws).await)
            .send()
            .await
            .unwrap()
    }),
    case!("a stranger's tag on the topic", [], |aws| tag_topic(
        aws, "auto", "tagger"
    )
    .await),
    case!("a stranger's tag on the key", [], |aws| tag_key(
        aws, "auto", "tagger"
    )
    .await),
    case!("a stranger's tag on the role", [], |aws| tag_role(
        aws, "auto", "tagger"
    )
    .await),
    case!("a stranger's tag on the function", [], |aws| {
        aws.lambda
            .tag_resource()
            .resource(function())
            .tags("auto", "tagger")
            .send()
            .await
            .unwrap()
    }),
    case!("a stranger's subscription", [], |aws| {
        let send = aws.sns.subscribe().topic_arn(TOPIC).protocol("email");
        send.endpoint("stranger@example.com").send().await.unwrap()
    }),
    case!("a stranger's permission", [], |aws| {
        add_permission(aws, "sns.amazonaws.com", PLAIN_TOPIC, Some(ACCOUNT), "stranger").await
    }),
    case!("a longer session", [], |aws| {
        aws.iam
            .update_role()
            .role_name(ROLE)
            .max_session_duration(7200)
            .send()
            .await
            .unwrap()
    }),
    case!("another visibility timeout", [], |aws| {
        set_queue(aws, QueueAttribute::VisibilityTimeout, "120").await
    }),
];

#[tokio::test]
async fn key_role_logs_and_queue() {
    each(&[KEY, ROLES, LOGS_AND_QUEUE]).await;
}

#[tokio::test]
async fn relay() {
    each(&[LAMBDA]).await;
}

#[tokio::test]
async fn topics_and_alarms() {
    each(&[TOPICS, ALARMS]).await;
}

/// Changes one thing after the other in one account: plan shows it and nothing else, apply puts it right.
async fn each(tables: &[&[Case]]) {
    let (world, aws) = applied().await;
    unchanged(&world, "a fresh stack");
    let mut wrong = Vec::new();
    for case in tables.iter().copied().flatten() {
        (case.act)(&aws).await;
        let plan = world.run(&["plan", "--local", "--detailed-exitcode", "--output", "json"]);
        let told = told(&plan.stdout);
        let expected: BTreeSet<_> = case.plan.iter().map(|line| (*line).to_owned()).collect();
        if plan.code != 2 || told != expected {
            wrong.push(format!(
                "{}: exit {}, {told:?}\n{}",
                case.what, plan.code, plan.stderr
            ));
        }
        let apply = world.run(&["apply", "--local", "--yes"]);
        let after = world.run(&["plan", "--local", "--detailed-exitcode"]);
        if (apply.code, after.code) != (0, 0) {
            let (apply, after) = (apply.all(), after.all());
            wrong.push(format!("{}: not put right\n{apply}\n{after}", case.what));
            break;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A world in which the stack is as its file says.
async fn applied() -> (World, Clients) {
    let mut world = World::new();
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    world.write("stack.yaml", STACK);
    let (endpoint, _) = world.up();
    world.ok(&["apply", "--local", "--yes"]);
    let aws = clients(&endpoint, REGION).await;
    (world, aws)
}

#[tokio::test]
async fn what_others_add_is_left_alone() {
    let (world, aws) = applied().await;
    for case in LEFT_ALONE {
        (case.act)(&aws).await;
        unchanged(&world, case.what);
    }
    // Nor is it swept away by changes to the same resources.
    tag_topic(&aws, "team", "x").await;
    tag_key(&aws, "team", "x").await;
    tag_role(&aws, "team", "x").await;
    set_variable(&aws, "EXTRA", Some("x")).await;
    world.ok(&["apply", "--local", "--yes"]);
    let tags = aws
        .sns
        .list_tags_for_resource()
        .resource_arn(TOPIC)
        .send()
        .await
        .unwrap();
    assert!(tags.tags().iter().any(|tag| tag.key() == "auto"), "{tags:?}");
    let tags = aws
        .kms
        .list_resource_tags()
        .key_id(key(&aws).await)
        .send()
        .await
        .unwrap();
    assert!(tags.tags().iter().any(|tag| tag.tag_key() == "auto"), "{tags:?}");
    let role = aws
        .iam
        .get_role()
        .role_name(ROLE)
        .send()
        .await
        .unwrap()
        .role
        .unwrap();
    assert!(role.tags().iter().any(|tag| tag.key() == "auto"), "{role:?}");
    let subscriptions = aws
        .sns
        .list_subscriptions_by_topic()
        .topic_arn(TOPIC)
        .send()
        .await
        .unwrap();
    assert!(
        subscriptions
            .subscriptions()
            .iter()
            .any(|one| one.protocol() == Some("email"))
    );
    let policy = aws
        .lambda
        .get_policy()
        .function_name(FUNCTION)
        .send()
        .await
        .unwrap();
    assert!(policy.policy().unwrap().contains("stranger"));
}

async fn key(aws: &Clients) -> String {
    key_of(aws, ALIAS).await
}

fn open_policy(action: &str, resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:root"}},
        "Action":"{action}","Resource":"{resource}"}},{{"Effect":"Allow","Principal":"*","Action":"{action}",
        "Resource":"{resource}"}}]}}"#
    )
}

async fn tag_key(aws: &Clients, name: &str, value: &str) {
    let tag = aws_sdk_kms::types::Tag::builder()
        .tag_key(name)
        .tag_value(value)
        .build()
        .unwrap();
    aws.kms
        .tag_resource()
        .key_id(key(aws).await)
        .tags(tag)
        .send()
        .await
        .unwrap();
}

async fn untag_key(aws: &Clients, name: &str) {
    aws.kms
        .untag_resource()
        .key_id(key(aws).await)
        .tag_keys(name)
        .send()
        .await
        .unwrap();
}

async fn tag_role(aws: &Clients, name: &str, value: &str) {
    let tag = aws_sdk_iam::types::Tag::builder()
        .key(name)
        .value(value)
        .build()
        .unwrap();
    aws.iam.tag_role().role_name(ROLE).tags(tag).send().await.unwrap();
}

async fn untag_role(aws: &Clients, name: &str) {
    aws.iam
        .untag_role()
        .role_name(ROLE)
        .tag_keys(name)
        .send()
        .await
        .unwrap();
}

async fn put_role_policy(aws: &Clients, name: &str) {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let send = aws
        .iam
        .put_role_policy()
        .role_name(ROLE)
        .policy_name(name)
        .policy_document(policy);
    send.send().await.unwrap();
}

fn log_group() -> String {
    format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{LOG_GROUP}")
}

async fn queue(aws: &Clients) -> String {
    let send = aws.sqs.get_queue_url().queue_name("drift-relay-dead-letters");
    send.send().await.unwrap().queue_url.unwrap()
}

async fn set_queue(aws: &Clients, name: QueueAttribute, value: &str) {
    let send = aws
        .sqs
        .set_queue_attributes()
        .queue_url(queue(aws).await)
        .attributes(name, value);
    send.send().await.unwrap();
}

fn function() -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION}")
}

async fn set_variable(aws: &Clients, name: &str, value: Option<&str>) {
    let function = aws
        .lambda
        .get_function_configuration()
        .function_name(FUNCTION)
        .send()
        .await
        .unwrap();
    let mut variables = function.environment.unwrap().variables.unwrap();
    match value {
        Some(value) => variables.insert(name.to_owned(), value.to_owned()),
        None => variables.remove(name),
    };
    let environment = Environment::builder().set_variables(Some(variables)).build();
    let send = aws.lambda.update_function_configuration().function_name(FUNCTION);
    send.environment(environment).send().await.unwrap();
}

/// A package with other code.
fn other_code() -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(
        "bootstrap",
        zip::write::SimpleFileOptions::default().unix_permissions(0o755),
    )
    .unwrap();
    zip.write_all(b"#!/bin/sh\nexit 1\n").unwrap();
    zip.finish().unwrap().into_inner()
}

async fn remove_permission(aws: &Clients) {
    let send = aws
        .lambda
        .remove_permission()
        .function_name(FUNCTION)
        .statement_id("alertctl-topic-drift-alerts");
    send.send().await.unwrap();
}

async fn add_permission(aws: &Clients, service: &str, source: &str, account: Option<&str>, id: &str) {
    let send = aws
        .lambda
        .add_permission()
        .function_name(FUNCTION)
        .statement_id(id);
    let send = send
        .action("lambda:InvokeFunction")
        .principal(service)
        .source_arn(source);
    send.set_source_account(account.map(str::to_owned))
        .send()
        .await
        .unwrap();
}

/// The call that puts the retry settings as they are.
async fn retry_settings(aws: &Clients) -> PutFunctionEventInvokeConfigFluentBuilder {
    let now = aws
        .lambda
        .get_function_event_invoke_config()
        .function_name(FUNCTION)
        .send()
        .await
        .unwrap();
    aws.lambda
        .put_function_event_invoke_config()
        .function_name(FUNCTION)
        .set_maximum_retry_attempts(now.maximum_retry_attempts)
        .set_maximum_event_age_in_seconds(now.maximum_event_age_in_seconds)
        .set_destination_config(now.destination_config)
}

async fn set_topic(aws: &Clients, name: &str, value: &str) {
    let send = aws
        .sns
        .set_topic_attributes()
        .topic_arn(TOPIC)
        .attribute_name(name)
        .attribute_value(value);
    send.send().await.unwrap();
}

async fn tag_topic(aws: &Clients, name: &str, value: &str) {
    let tag = aws_sdk_sns::types::Tag::builder()
        .key(name)
        .value(value)
        .build()
        .unwrap();
    aws.sns
        .tag_resource()
        .resource_arn(TOPIC)
        .tags(tag)
        .send()
        .await
        .unwrap();
}

async fn subscription(aws: &Clients, protocol: &str) -> String {
    let all = aws
        .sns
        .list_subscriptions_by_topic()
        .topic_arn(TOPIC)
        .send()
        .await
        .unwrap();
    let one = all
        .subscriptions()
        .iter()
        .find(|one| one.protocol() == Some(protocol))
        .unwrap();
    one.subscription_arn().unwrap().to_owned()
}

async fn set_subscription(aws: &Clients, protocol: &str, name: &str, value: &str) {
    let arn = subscription(aws, protocol).await;
    let send = aws.sns.set_subscription_attributes().subscription_arn(arn);
    send.attribute_name(name)
        .attribute_value(value)
        .send()
        .await
        .unwrap();
}

fn alarm_arn(name: &str) -> String {
    format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}")
}

async fn untag_alarm(aws: &Clients, tag: &str) {
    aws.cloudwatch
        .untag_resource()
        .resource_arn(alarm_arn("drift-cpu"))
        .tag_keys(tag)
        .send()
        .await
        .unwrap();
}

/// The call that puts an alarm as it is.
async fn alarm(aws: &Clients, name: &str) -> PutMetricAlarmFluentBuilder {
    let answer = aws
        .cloudwatch
        .describe_alarms()
        .alarm_names(name)
        .send()
        .await
        .unwrap();
    let now = answer.metric_alarms.unwrap().remove(0);
    let some = |list: Option<Vec<_>>| list.filter(|list| !list.is_empty());
    aws.cloudwatch
        .put_metric_alarm()
        .set_alarm_name(now.alarm_name)
        .set_alarm_description(now.alarm_description)
        .set_actions_enabled(now.actions_enabled)
        .set_alarm_actions(now.alarm_actions)
        .set_ok_actions(now.ok_actions)
        .set_insufficient_data_actions(now.insufficient_data_actions)
        .set_namespace(now.namespace)
        .set_metric_name(now.metric_name)
        .set_dimensions(now.dimensions)
        .set_statistic(now.statistic)
        .set_extended_statistic(now.extended_statistic)
        .set_period(now.period)
        .set_unit(now.unit)
        .set_metrics(some(now.metrics))
        .set_comparison_operator(now.comparison_operator)
        .set_threshold(now.threshold)
        .set_threshold_metric_id(now.threshold_metric_id)
        .set_evaluation_periods(now.evaluation_periods)
        .set_datapoints_to_alarm(now.datapoints_to_alarm)
        .set_treat_missing_data(now.treat_missing_data)
        .set_evaluate_low_sample_count_percentile(now.evaluate_low_sample_count_percentile)
}

async fn change_query(aws: &Clients, name: &str, id: &str, change: impl FnOnce(&mut MetricDataQuery)) {
    let send = alarm(aws, name).await;
    let mut queries = send.get_metrics().clone().unwrap();
    change(queries.iter_mut().find(|query| query.id() == Some(id)).unwrap());
    send.set_metrics(Some(queries)).send().await.unwrap();
}
