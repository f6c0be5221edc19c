//! The log group.

use super::{Case, REGION};
use crate::support::account::ACCOUNT;

const LOG_GROUP: &str = "/aws/lambda/drift-relay";

pub const CASES: &[Case] = &[
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
];

fn log_group() -> String {
    format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{LOG_GROUP}")
}
