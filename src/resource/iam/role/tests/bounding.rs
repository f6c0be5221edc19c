use aws_sdk_iam::operation::delete_role_permissions_boundary::DeleteRolePermissionsBoundaryOutput;
use aws_sdk_iam::operation::put_role_permissions_boundary::PutRolePermissionsBoundaryOutput;
use aws_sdk_iam::types::AttachedPermissionsBoundary;

use super::*;

const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/team-boundary";

fn bounded() -> IamRole {
    let mut role = desired();
    role.permissions_boundary = Some(Text::with_account("arn:aws:iam::{account}:policy/team-boundary"));
    role.tags.insert(BOUNDARY_TAG.to_owned(), "stack-file".to_owned());
    role
}

/// The role as IAM returns it, with this boundary.
fn with_boundary(live: &Live, arn: &str) -> Role {
    let mut role = role(live, PATH);
    role.permissions_boundary = Some(
        AttachedPermissionsBoundary::builder()
            .permissions_boundary_arn(arn)
            .build(),
    );
    role
}

#[tokio::test]
async fn a_role_is_made_with_its_boundary() {
    let made = with_boundary(&live(), BOUNDARY);
    let create = mock!(Client::create_role)
        .match_requests(|ask| ask.permissions_boundary() == Some(BOUNDARY))
        .then_output(move || CreateRoleOutput::builder().role(made.clone()).build());
    let aws = iam(RuleMode::Sequential, &[create]);
    let now = bounded().create(&cx(&aws).await).await.unwrap();
    assert!(changes(&now, &bounded()).is_empty());
}

#[tokio::test]
async fn a_boundary_that_is_no_policy_says_which_setting_to_correct() {
    let text =
        "Scope ARN: arn:aws:iam::123456789012:policy/team-boundary does not exist or is not attachable.";
    let create = mock!(Client::create_role).then_http_response(move || refusal("NoSuchEntity", text));
    let aws = iam(RuleMode::MatchAny, &[create]);
    let fault = bounded().create(&cx(&aws).await).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("`role_permissions_boundary:`"));
}

#[tokio::test]
async fn one_that_the_file_names_is_put_and_one_that_left_it_is_removed_before_its_tag() {
    let put = mock!(Client::put_role_permissions_boundary)
        .match_requests(|ask| ask.permissions_boundary() == Some(BOUNDARY))
        .then_output(|| PutRolePermissionsBoundaryOutput::builder().build());
    let tag = mock!(Client::tag_role).then_output(|| TagRoleOutput::builder().build());
    let aws = iam(RuleMode::Sequential, &[tag, put]);
    let change = changes(&live(), &bounded());
    assert!(change.touch("permissions_boundary") && !change.replace());
    let now = bounded().update(live(), &change, &cx(&aws).await).await.unwrap();
    assert!(changes(&now, &bounded()).is_empty());

    let delete = mock!(Client::delete_role_permissions_boundary)
        .then_output(|| DeleteRolePermissionsBoundaryOutput::builder().build());
    let untag = mock!(Client::untag_role)
        .match_requests(|ask| ask.tag_keys() == [BOUNDARY_TAG])
        .then_output(|| UntagRoleOutput::builder().build());
    let aws = iam(RuleMode::Sequential, &[delete, untag]);
    let change = changes(&now, &desired());
    let now = desired().update(now, &change, &cx(&aws).await).await;
    assert_eq!(now.unwrap(), live());
}

/// Organizations set boundaries on every role that is created.
#[tokio::test]
async fn one_that_somebody_else_set_is_left_alone_until_the_file_names_one() {
    let aws = iam(RuleMode::MatchAny, &[]);
    let theirs = with_boundary(&live(), "arn:aws:iam::123456789012:policy/theirs");
    let live = Live::of(&aws, &theirs).await.unwrap();
    assert!(changes(&live, &desired()).is_empty());
    assert!(changes(&live, &bounded()).touch("permissions_boundary"));
    let ours = Live {
        tags: bounded().tags,
        ..live
    };
    let read = Live::of(&aws, &with_boundary(&ours, BOUNDARY)).await.unwrap();
    assert!(changes(&read, &bounded()).is_empty());
    assert!(changes(&read, &desired()).touch("permissions_boundary"));
}
