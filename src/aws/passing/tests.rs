//! Refusals as AWS gave them to others. Each goes through the real client of its protocol, and the test checks how it
//! is read.
//!
//! `refusals.tsv` has these columns: what the refusal means, IAM action, HTTP status, code, AWS's message (ids as
//! `x`). The refusals were recorded on AWS by the public tests of LocalStack, Cloud Custodian and moto.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;

use super::*;
use crate::aws::fault::Fault;
use crate::aws::{Aws, Clients, Connection};

/// Created by an earlier call: the kinds check who owns it.
const THERE: &[&str] = &[
    "ResourceAlreadyExistsException",
    "BucketAlreadyOwnedByYou",
    "ResourceConflictException",
    "InvalidParameter",
];

/// The answer in the format of the service's protocol.
fn answer(service: &str, status: u16, code: &str, message: &str) -> axum::http::Response<SdkBody> {
    let message = message.replace('&', "&amp;").replace('<', "&lt;");
    let xml = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let json = |key: &str| serde_json::json!({ "__type": code, key: message }).to_string();
    let body = match service {
        "s3" => xml,
        "iam" | "sns" => format!("<ErrorResponse>{xml}<RequestId>r</RequestId></ErrorResponse>"),
        "lambda" => json("Message"),
        _ => json("message"),
    };
    let response = axum::http::Response::builder().status(status);
    let response = match service {
        "lambda" => response.header("x-amzn-errortype", code),
        _ => response,
    };
    response.body(SdkBody::from(body)).unwrap()
}

/// The refusal of `action` as our calls read it.
async fn read(action: &'static str, status: u16, code: &'static str, message: &'static str) -> Fault {
    let (service, _) = action.split_once(':').unwrap();
    let client = infallible_client_fn(move |_| answer(service, status, code, message));
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(aws_sdk_sts::config::SharedCredentialsProvider::new(
            aws_sdk_sts::config::Credentials::for_tests(),
        ))
        .http_client(client)
        .build();
    let clients = Clients::new(&config);
    let aws = Aws::new(Connection::mocked(|all| *all = clients.clone()), "mission");
    let refused = match service {
        "iam" => aws
            .attempt(action, clients.iam.get_role().role_name("r").send())
            .await
            .err(),
        "sns" => {
            let request = clients.sns.get_topic_attributes().topic_arn("t");
            aws.attempt(action, request.send()).await.err()
        }
        "kms" => aws
            .attempt(action, clients.kms.describe_key().key_id("k").send())
            .await
            .err(),
        "logs" => aws
            .attempt(action, clients.logs.describe_log_groups().send())
            .await
            .err(),
        "lambda" => {
            let request = clients.lambda.get_function().function_name("f");
            aws.attempt(action, request.send()).await.err()
        }
        "s3" => {
            let request = clients.s3.get_bucket_policy().bucket("b");
            aws.attempt(action, request.send()).await.err()
        }
        other => panic!("no client for {other}"),
    };
    refused.unwrap()
}

#[tokio::test]
async fn recorded_refusals_are_read_as_what_they_are() {
    let memory = Memory::default();
    let mut wrong = Vec::new();
    let rows = include_str!("refusals.tsv").lines();
    for row in rows.clone() {
        let columns: Vec<&'static str> = row.split('\t').collect();
        let [meaning, action, status, code, message] = columns[..] else {
            panic!("{row}");
        };
        let fault = read(action, status.parse().unwrap(), code, message).await;
        assert_eq!((fault.code.as_str(), fault.action), (code, action));
        let is = if limit(&fault, &memory).is_some() {
            "again"
        } else if fault.not_found() {
            "gone"
        } else if fault.is(THERE) && fault.message.contains("already") {
            "there"
        } else {
            "person"
        };
        let shown = fault.to_string();
        if is != meaning || !shown.contains(action) || !shown.contains(code) || fault.help().is_empty() {
            wrong.push(format!("{meaning}, but read as {is}: {shown}"));
        }
    }
    assert!(rows.count() > 100);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Refusals that nobody recorded. They come from the services' API references and the texts that Terraform waits for.
#[test]
fn refusals_that_pass_are_known_by_service_code_and_words() {
    let fault = |action, code, message: &str| Fault::new(action, code, message);
    let memory = Memory::default();
    let passes = |fault: &Fault| limit(fault, &memory).is_some();
    for (action, code, message) in [
        ("sns:TagResource", "StaleTag", ""),
        ("sns:UntagResource", "ConcurrentAccess", ""),
        ("sns:DeleteTopic", "ConcurrentAccessException", ""),
        ("iam:CreateRole", "ConcurrentModification", ""),
        ("iam:TagRole", "ConcurrentModificationException", ""),
        (
            "iam:DeleteRole",
            "DeleteConflict",
            "must detach all policies first",
        ),
        ("logs:CreateLogGroup", "OperationAbortedException", ""),
        ("s3:DeleteBucketPolicy", "OperationAborted", ""),
        ("s3:ListBucket", "Http408", ""),
        (
            "lambda:TagResource",
            "ResourceConflictException",
            "An update is in progress",
        ),
        (
            "lambda:PutFunctionEventInvokeConfig",
            "ResourceNotFoundException",
            "no function",
        ),
        ("cloudtrail:StartLogging", "ConflictException", "not ready"),
        ("cloudtrail:AddTags", "ConflictException", "not ready"),
        (
            "apigateway:CreateStage",
            "ConflictException",
            "Please try again later.",
        ),
        ("events:PutRule", "ConcurrentModificationException", ""),
        (
            "sqs:CreateQueue",
            "AWS.SimpleQueueService.QueueDeletedRecently",
            "",
        ),
        ("cloudwatch:PutMetricAlarm", "Throttling", "Rate exceeded"),
        ("tag:GetResources", "ThrottledException", ""),
        ("kms:Encrypt", "KMSInternalException", ""),
        (
            "dynamodb:UpdateTimeToLive",
            "ResourceInUseException",
            "Table t is being created",
        ),
        (
            "dynamodb:TagResource",
            "LimitExceededException",
            "Table tags are being updated",
        ),
        ("lambda:GetFunction", "ServiceException", ""),
    ] {
        assert!(passes(&fault(action, code, message)), "{action} {code}");
    }
    for (action, code, message) in [
        (
            "kms:CreateKey",
            "KMSInternalException",
            "a second key would be made",
        ),
        ("apigateway:CreateApi", "Http500", "a second API would be made"),
        (
            "lambda:CreateFunction",
            "ResourceConflictException",
            "Function already exist: f",
        ),
        (
            "lambda:GetFunction",
            "ResourceNotFoundException",
            "that is an answer",
        ),
        (
            "lambda:DeleteFunction",
            "ResourceNotFoundException",
            "that is an answer",
        ),
        (
            "dynamodb:CreateTable",
            "ResourceInUseException",
            "Table already exists: t",
        ),
        (
            "dynamodb:UpdateTimeToLive",
            "ValidationException",
            "Time to live has been modified multiple times within a fixed interval",
        ),
        ("kms:Decrypt", "NotFoundException", "that is an answer"),
        (
            "logs:PutMetricFilter",
            "ResourceNotFoundException",
            "nobody made it",
        ),
        ("kms:Encrypt", "DisabledException", "somebody disabled it"),
        ("kms:EnableKeyRotation", "AccessDeniedException", "not permitted"),
    ] {
        assert!(!passes(&fault(action, code, message)), "{action} {code}");
    }
    // A key that this run created, tagged or restored takes effect everywhere within five minutes.
    memory.changed("kms");
    assert!(passes(&fault(
        "kms:Encrypt",
        "DisabledException",
        "k is disabled."
    )));
    let denied = fault(
        "kms:EnableKeyRotation",
        "AccessDeniedException",
        "no identity-based policy allows",
    );
    assert!(!passes(&denied));
    // Only if IAM allows it by the tags that the key has now.
    memory.permitted();
    assert!(passes(&denied));
}
