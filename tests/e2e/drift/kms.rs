//! The key and its alias.

use alertctl::aws::connect::Clients;

use super::{Case, open_policy};
use crate::support::account::{key_of, new_key};

const ALIAS: &str = "alias/drift-key";

pub const CASES: &[Case] = &[
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
            let other = new_key(aws).await.key_id;
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

pub async fn key(aws: &Clients) -> String {
    key_of(aws, ALIAS).await
}

pub async fn tag_key(aws: &Clients, name: &str, value: &str) {
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

pub async fn untag_key(aws: &Clients, name: &str) {
    aws.kms
        .untag_resource()
        .key_id(key(aws).await)
        .tag_keys(name)
        .send()
        .await
        .unwrap();
}
