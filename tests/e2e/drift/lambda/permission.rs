//! Who may call the function.

use alertctl::aws::connect::Clients;

use super::super::Case;
use super::super::sns::{PLAIN_TOPIC, TOPIC};
use super::FUNCTION;
use crate::support::account::ACCOUNT;

pub const CASES: &[Case] = &[
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
];

async fn remove_permission(aws: &Clients) {
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
