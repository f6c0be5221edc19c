//! Lambda's retries, and where it sends what failed or succeeded.

use alertctl::aws::connect::Clients;
use aws_sdk_lambda::operation::put_function_event_invoke_config::builders::PutFunctionEventInvokeConfigFluentBuilder;
use aws_sdk_lambda::types::{DestinationConfig, OnFailure, OnSuccess};

use super::super::{Case, ELSEWHERE};
use super::FUNCTION;

pub const CASES: &[Case] = &[
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
];

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
