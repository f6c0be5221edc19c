use aws_sdk_iam::operation::get_role::{GetRoleError, GetRoleOutput};
use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types::Role;
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;

use super::*;
use crate::aws::{Connection, connect::Clients};

fn aws(arn: &'static str, put: impl FnOnce(&mut Clients)) -> Aws {
    let who = mock!(aws_sdk_sts::Client::get_caller_identity).then_output(move || {
        GetCallerIdentityOutput::builder()
            .arn(arn)
            .account("111122223333")
            .build()
    });
    let connection = Connection::mocked(|clients| {
        clients.sts = mock_client!(aws_sdk_sts, RuleMode::MatchAny, &[who]);
        put(clients);
    });
    Aws::new(connection, "mission")
}

#[tokio::test]
async fn a_session_is_asked_for_as_its_role_whose_path_only_iam_knows() {
    const WHOLE: &str = "arn:aws:iam::111122223333:role/ci/deployer";
    let session = "arn:aws:sts::111122223333:assumed-role/deployer/run-7";
    let role = || {
        let role = Role::builder()
            .role_name("deployer")
            .path("/ci/")
            .role_id("AROA1");
        role.arn(WHOLE)
            .create_date(DateTime::from_secs(0))
            .build()
            .unwrap()
    };
    let known = mock!(aws_sdk_iam::Client::get_role)
        .then_output(move || GetRoleOutput::builder().role(role()).build());
    let knowing = aws(session, |clients| {
        clients.iam = mock_client!(aws_sdk_iam, RuleMode::MatchAny, &[known]);
    });
    assert_eq!(
        caller(&knowing).await.unwrap(),
        Caller::Identity(WHOLE.to_owned())
    );

    let denied = mock!(aws_sdk_iam::Client::get_role)
        .then_error(|| GetRoleError::generic(ErrorMetadata::builder().code("AccessDenied").build()));
    let guessing = aws(session, |clients| {
        clients.iam = mock_client!(aws_sdk_iam, RuleMode::MatchAny, &[denied]);
    });
    let short = "arn:aws:iam::111122223333:role/deployer".to_owned();
    assert_eq!(caller(&guessing).await.unwrap(), Caller::Identity(short));
}

#[tokio::test]
async fn users_root_and_those_whom_iam_does_not_know() {
    let user = "arn:aws:iam::111122223333:user/people/ann";
    assert_eq!(
        caller(&aws(user, |_| {})).await.unwrap(),
        Caller::Identity(user.to_owned())
    );
    assert_eq!(
        caller(&aws("arn:aws:iam::111122223333:root", |_| {}))
            .await
            .unwrap(),
        Caller::Root
    );
    let federated = aws("arn:aws:sts::111122223333:federated-user/bob", |_| {});
    assert!(
        caller(&federated)
            .await
            .unwrap_err()
            .message
            .contains("neither a user nor a role")
    );
}
