//! The function, who may call it, and its retries.

use alertctl::aws::connect::Clients;
use aws_sdk_lambda::operation::put_function_event_invoke_config::builders::PutFunctionEventInvokeConfigFluentBuilder;
use aws_sdk_lambda::operation::update_event_source_mapping::builders::UpdateEventSourceMappingFluentBuilder;
use aws_sdk_lambda::types::{
    Architecture, DestinationConfig, Environment, EventSourceMappingConfiguration, Filter, FilterCriteria,
    LoggingConfig, OnFailure, OnSuccess, Runtime, ScalingConfig,
};
use aws_smithy_types::Blob;

use super::sns::{PLAIN_TOPIC, TOPIC};
use super::{Case, ELSEWHERE, REGION};
use crate::support::account::{ACCOUNT, new_key};

pub const FUNCTION: &str = "drift-relay";

pub const CASES: &[Case] = &[
    case!(
        "batches made smaller",
        ["update lambda-event-source-mapping/buffer.project: batch_size, batching_window_seconds"],
        |aws| {
            let send = change_mapping(aws).await.batch_size(10);
            send.maximum_batching_window_in_seconds(0).send().await.unwrap()
        }
    ),
    case!(
        "mapping switched off",
        ["update lambda-event-source-mapping/buffer.project: enabled"],
        |aws| { change_mapping(aws).await.enabled(false).send().await.unwrap() }
    ),
    case!(
        "messages filtered away",
        ["update lambda-event-source-mapping/buffer.project: filters"],
        |aws| {
            let filter = Filter::builder().pattern(r#"{"body":{"a":["b"]}}"#).build();
            let criteria = FilterCriteria::builder().filters(filter).build();
            let send = change_mapping(aws).await.filter_criteria(criteria);
            send.send().await.unwrap()
        }
    ),
    case!(
        "more side by side",
        ["update lambda-event-source-mapping/buffer.project: maximum_concurrency"],
        |aws| {
            let scaling = ScalingConfig::builder().maximum_concurrency(50).build();
            let send = change_mapping(aws).await.scaling_config(scaling);
            send.send().await.unwrap()
        }
    ),
    case!(
        "failures of a batch not told one by one",
        ["update lambda-event-source-mapping/buffer.project: response_types"],
        |aws| {
            let send = change_mapping(aws)
                .await
                .set_function_response_types(Some(Vec::new()));
            send.send().await.unwrap()
        }
    ),
    case!(
        "mapping's tag changed",
        ["update lambda-event-source-mapping/buffer.project: tags.team"],
        |aws| {
            let arn = mapping(aws).await.event_source_mapping_arn.unwrap();
            let send = aws.lambda.tag_resource().resource(arn).tags("team", "x");
            send.send().await.unwrap()
        }
    ),
    case!(
        "mapping deleted",
        ["create lambda-event-source-mapping/buffer.project"],
        |aws| {
            let uuid = mapping(aws).await.uuid.unwrap();
            aws.lambda
                .delete_event_source_mapping()
                .uuid(uuid)
                .send()
                .await
                .unwrap()
        }
    ),
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
        "variable added",
        ["update lambda-function/relay: environment.EXTRA"],
        |aws| { set_variable(aws, "EXTRA", Some("x")).await }
    ),
    case!(
        "variable removed",
        ["update lambda-function/relay: environment.WEBHOOK_project, environment.WEBHOOK_project_DIGEST"],
        |aws| { set_variable(aws, "WEBHOOK_project", None).await }
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
            let arn = new_key(aws).await.arn.unwrap();
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
    case!("code replaced", ["update lambda-function/relay: relay"], |aws| {
        let send = aws.lambda.update_function_code().function_name(FUNCTION);
        send.zip_file(Blob::new(other_code())).send().await.unwrap()
    }),
    case!(
        "architecture changed",
        ["update lambda-function/relay: architecture, relay"],
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
        "what was uploaded is forgotten",
        ["update lambda-function/relay: relay"],
        |aws| {
            aws.lambda
                .untag_resource()
                .resource(function())
                .tag_keys("alertctl:relay")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "said to be another relay",
        ["update lambda-function/relay: relay"],
        |aws| {
            let found = aws.lambda.get_function().function_name(FUNCTION).send();
            let mark = found.await.unwrap().tags.unwrap()["alertctl:relay"].clone();
            let (_, rest) = mark.split_once(' ').unwrap();
            aws.lambda
                .tag_resource()
                .resource(function())
                .tags("alertctl:relay", format!("0.0.1 {rest}"))
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
                None,
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
        "permission as earlier versions made it",
        ["update lambda-permission/alerts: source_account"],
        |aws| {
            remove_permission(aws).await;
            add_permission(
                aws,
                "sns.amazonaws.com",
                TOPIC,
                Some(ACCOUNT),
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
                None,
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

pub fn function() -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION}")
}

pub async fn set_variable(aws: &Clients, name: &str, value: Option<&str>) {
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
pub fn other_code() -> Vec<u8> {
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

pub async fn remove_permission(aws: &Clients) {
    let send = aws
        .lambda
        .remove_permission()
        .function_name(FUNCTION)
        .statement_id("alertctl-topic-drift-alerts");
    send.send().await.unwrap();
}

pub async fn add_permission(aws: &Clients, service: &str, source: &str, account: Option<&str>, id: &str) {
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
pub async fn retry_settings(aws: &Clients) -> PutFunctionEventInvokeConfigFluentBuilder {
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

/// The one mapping there is.
async fn mapping(aws: &Clients) -> EventSourceMappingConfiguration {
    let send = aws.lambda.list_event_source_mappings().function_name(FUNCTION);
    send.send()
        .await
        .unwrap()
        .event_source_mappings
        .unwrap()
        .remove(0)
}

async fn change_mapping(aws: &Clients) -> UpdateEventSourceMappingFluentBuilder {
    let uuid = mapping(aws).await.uuid.unwrap();
    aws.lambda.update_event_source_mapping().uuid(uuid)
}
