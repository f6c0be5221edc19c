//! The function itself; what belongs to it has files of its own.

use alertctl::aws::connect::Clients;
use aws_sdk_lambda::types::{Architecture, Environment, LoggingConfig, Runtime};
use aws_smithy_types::Blob;

use super::{Case, REGION};
use crate::support::account::{ACCOUNT, new_key};

pub mod mapping;
pub mod permission;
pub mod retries;

pub const FUNCTION: &str = "drift-relay";

pub const CASES: &[Case] = &[
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
