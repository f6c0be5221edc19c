//! The role and its policies.

use alertctl::aws::connect::Clients;

use super::Case;

pub const ROLE: &str = "drift-relay-role";

pub const CASES: &[Case] = &[
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

pub async fn tag_role(aws: &Clients, name: &str, value: &str) {
    let tag = aws_sdk_iam::types::Tag::builder()
        .key(name)
        .value(value)
        .build()
        .unwrap();
    aws.iam.tag_role().role_name(ROLE).tags(tag).send().await.unwrap();
}

pub async fn untag_role(aws: &Clients, name: &str) {
    aws.iam
        .untag_role()
        .role_name(ROLE)
        .tag_keys(name)
        .send()
        .await
        .unwrap();
}

pub async fn put_role_policy(aws: &Clients, name: &str) {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let send = aws
        .iam
        .put_role_policy()
        .role_name(ROLE)
        .policy_name(name)
        .policy_document(policy);
    send.send().await.unwrap();
}
