use aws_sdk_iam::operation::get_role::{GetRoleError, GetRoleOutput};
use aws_sdk_iam::operation::simulate_principal_policy::{
    SimulatePrincipalPolicyError, SimulatePrincipalPolicyOutput,
};
use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types::{OrganizationsDecisionDetail, ResourceSpecificResult, Role};
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

#[tokio::test]
async fn what_hangs_on_more_than_was_said_is_not_refused() {
    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";
    const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:mission";
    use PolicyEvaluationDecisionType::{Allowed, ExplicitDeny, ImplicitDeny};
    let on = |resource: &str, decision, missing: Option<&str>| {
        ResourceSpecificResult::builder()
            .eval_resource_name(resource)
            .eval_resource_decision(decision)
            .set_missing_context_values(missing.map(|key| vec![key.to_owned()]))
            .build()
            .unwrap()
    };
    let of = |action: &str, decision, missing: Option<&str>, each: Vec<ResourceSpecificResult>| {
        EvaluationResult::builder()
            .eval_action_name(action)
            .eval_resource_name("*")
            .eval_decision(decision)
            .set_missing_context_values(missing.map(|key| vec![key.to_owned()]))
            .set_resource_specific_results(Some(each))
            .build()
            .unwrap()
    };
    let by_organization = |mut result: EvaluationResult| {
        let detail = OrganizationsDecisionDetail::builder().allowed_by_organizations(false);
        result.organizations_decision_detail = Some(detail.build());
        result
    };
    let results = vec![
        of(
            "kms:CreateKey",
            ImplicitDeny,
            Some("aws:MultiFactorAuthPresent"),
            vec![],
        ),
        of("kms:ListKeys", ImplicitDeny, None, vec![]),
        of(
            "kms:EnableKey",
            ImplicitDeny,
            None,
            vec![
                on(KEY, ExplicitDeny, Some("aws:SourceIp")),
                on(TOPIC, ExplicitDeny, None),
            ],
        ),
        of(
            "sns:CreateTopic",
            ImplicitDeny,
            None,
            vec![on(KEY, ImplicitDeny, None), on(TOPIC, ExplicitDeny, None)],
        ),
        of("sns:TagResource", Allowed, None, vec![on(TOPIC, Allowed, None)]),
        // IAM names the keys of all statements. No statement about publishing has this key as a condition.
        of(
            "sns:Publish",
            ImplicitDeny,
            None,
            vec![on(TOPIC, ImplicitDeny, Some("AWS:requesttag/alertctl:stack"))],
        ),
        by_organization(of("sqs:CreateQueue", ExplicitDeny, None, vec![])),
    ];
    let answer = mock!(aws_sdk_iam::Client::simulate_principal_policy).then_output(move || {
        let output = SimulatePrincipalPolicyOutput::builder().set_evaluation_results(Some(results.clone()));
        output.build()
    });
    let aws = aws("arn:aws:iam::111122223333:user/ann", |clients| {
        clients.iam = mock_client!(aws_sdk_iam, RuleMode::MatchAny, &[answer]);
    });
    let pairs = [
        ("kms:CreateKey", "*"),
        ("kms:EnableKey", KEY),
        ("kms:ListKeys", "*"),
        ("sns:CreateTopic", TOPIC),
        ("sns:Publish", TOPIC),
        ("sns:TagResource", TOPIC),
        ("sqs:CreateQueue", "*"),
    ];
    let case = Case {
        pairs: pairs
            .map(|(action, resource)| (action, resource.to_owned()))
            .into(),
        unlisted: false,
        context: Vec::new(),
    };
    // The topic with `kms:EnableKey` is not reported either, since nobody asked about that pair.
    let conditions = BTreeSet::from(["aws:RequestTag/alertctl:stack"]);
    let shown = refused(&aws, "arn:aws:iam::111122223333:user/ann", &[case], &conditions)
        .await
        .unwrap();
    let expected = [
        ("kms:ListKeys", "*"),
        ("sns:CreateTopic", TOPIC),
        ("sns:Publish", TOPIC),
    ];
    assert_eq!(
        shown,
        expected
            .map(|(action, resource)| (action.to_owned(), resource.to_owned()))
            .into()
    );
}

/// AWS requires some actions that its reference does not list. If IAM refuses to evaluate them, they are not reported
/// as missing.
#[tokio::test]
async fn an_action_that_iam_does_not_know_is_lacked_by_nobody() {
    let ask = async |unlisted: bool| {
        let answer = mock!(aws_sdk_iam::Client::simulate_principal_policy).then_error(|| {
            let error = ErrorMetadata::builder()
                .code("InvalidInput")
                .message("no such action");
            SimulatePrincipalPolicyError::generic(error.build())
        });
        let user = "arn:aws:iam::111122223333:user/ann";
        let aws = aws(user, |clients| {
            clients.iam = mock_client!(aws_sdk_iam, RuleMode::MatchAny, &[answer]);
        });
        let stage = "arn:aws:apigateway:eu-west-1::/apis/a1/stages".to_owned();
        let case = Case {
            pairs: [("apigateway:TagResource", stage)].into(),
            unlisted,
            context: Vec::new(),
        };
        refused(&aws, user, &[case], &BTreeSet::new()).await
    };
    assert_eq!(ask(true).await, Ok(BTreeSet::new()));
    assert!(ask(false).await.unwrap_err().is(&["InvalidInput"]));
}
