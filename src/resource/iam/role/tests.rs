use aws_sdk_iam::Client;
use aws_sdk_iam::operation::create_role::CreateRoleOutput;
use aws_sdk_iam::operation::delete_role::DeleteRoleOutput;
use aws_sdk_iam::operation::delete_role_policy::DeleteRolePolicyOutput;
use aws_sdk_iam::operation::detach_role_policy::DetachRolePolicyOutput;
use aws_sdk_iam::operation::get_role::GetRoleOutput;
use aws_sdk_iam::operation::list_attached_role_policies::ListAttachedRolePoliciesOutput;
use aws_sdk_iam::operation::list_instance_profiles_for_role::ListInstanceProfilesForRoleOutput;
use aws_sdk_iam::operation::list_role_policies::ListRolePoliciesOutput;
use aws_sdk_iam::operation::list_roles::ListRolesOutput;
use aws_sdk_iam::operation::remove_role_from_instance_profile::RemoveRoleFromInstanceProfileOutput;
use aws_sdk_iam::operation::tag_role::TagRoleOutput;
use aws_sdk_iam::operation::untag_role::UntagRoleOutput;
use aws_sdk_iam::operation::update_assume_role_policy::UpdateAssumeRolePolicyOutput;
use aws_sdk_iam::operation::update_role_description::UpdateRoleDescriptionOutput;
use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types::{AttachedPolicy, InstanceProfile, Role};
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use tokio::time::Instant;

use super::*;
use crate::aws::Text;
use crate::aws::policy::Statement;
use crate::aws::tags::{STACK_TAG, Tagged};
use crate::resource::NodeId;

mod bounding;
mod creating;
mod deleting;
mod observing;
mod updating;

const NAME: &str = "mission-lambda";
const PATH: &str = "/alertctl/mission/";
const ARN: &str = "arn:aws:iam::123456789012:role/alertctl/mission/mission-lambda";

/// An error response in IAM's format.
fn refusal(code: &str, message: &str) -> HttpResponse {
    let body = format!(
        "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    );
    HttpResponse::new(400.try_into().unwrap(), SdkBody::from(body))
}

fn id() -> NodeId {
    NodeId {
        kind: IamRole::KIND,
        key: "relay".into(),
    }
}

fn desired() -> IamRole {
    IamRole {
        name: NAME.into(),
        path: PATH.into(),
        description: "relay".into(),
        trust: Policy::of([Statement::allow("Lambda", &["sts:AssumeRole"])
            .service("lambda.amazonaws.com")
            .when("StringEquals", "aws:SourceAccount", Text::account())]),
        permissions_boundary: None,
        tags: tags::owned("mission", &id(), &Tags::new()),
    }
}

fn known() -> Known {
    let scope = crate::aws::Scope {
        partition: "aws".into(),
        region: "eu-west-1".into(),
        account: "123456789012".into(),
    };
    Known {
        scope,
        outputs: Default::default(),
    }
}

/// The role exactly as [`desired`].
fn live() -> Live {
    let desired = desired();
    Live {
        name: NAME.into(),
        path: PATH.into(),
        arn: ARN.into(),
        id: "AROAEXAMPLE".into(),
        description: "relay".into(),
        trust: desired.trust.render(&known()).unwrap(),
        attached_policies: Vec::new(),
        permissions_boundary: None,
        tags: desired.tags,
        marks: Vec::new(),
    }
}

/// A role as IAM returns it, with the trust policy URL-encoded.
fn role(live: &Live, path: &str) -> Role {
    let trust = live.trust.to_string();
    let trust = percent_encoding::utf8_percent_encode(&trust, percent_encoding::NON_ALPHANUMERIC);
    Role::builder()
        .role_name(&live.name)
        .path(path)
        .arn(&live.arn)
        .role_id(&live.id)
        .description(&live.description)
        .assume_role_policy_document(trust.to_string())
        .create_date(DateTime::from_secs(0))
        .set_tags(Some(listed(&live.tags)))
        .build()
        .unwrap()
}

/// An IAM that contains `roles`, each at its path. Only those under the stack's path are listed.
fn holding(roles: &[(Live, &str)]) -> Vec<Rule> {
    let missing = || MockResponse::Http(refusal("NoSuchEntity", "The role cannot be found."));
    let all: Vec<_> = roles
        .iter()
        .map(|(live, path)| (role(live, path), live.clone()))
        .collect();
    let get = mock!(Client::get_role).then_compute_response({
        let all = all.clone();
        move |ask| match all
            .iter()
            .find(|(role, _)| Some(role.role_name()) == ask.role_name())
        {
            Some((role, _)) => MockResponse::Output(GetRoleOutput::builder().role(role.clone()).build()),
            None => missing(),
        }
    });
    let attached = mock!(Client::list_attached_role_policies).then_compute_response({
        let all = all.clone();
        move |ask| match all
            .iter()
            .find(|(role, _)| Some(role.role_name()) == ask.role_name())
        {
            Some((_, live)) => MockResponse::Output(attached(&live.attached_policies)),
            None => MockResponse::Http(refusal("NoSuchEntity", "The role cannot be found.")),
        }
    });
    let list = mock!(Client::list_roles)
        .match_requests(|ask| ask.path_prefix() == Some(PATH))
        .then_output(move || {
            let under = all
                .iter()
                .map(|(role, _)| role)
                .filter(|role| role.path() == PATH);
            // IAM leaves the tags out of this list.
            let bare = under.map(|role| {
                let mut bare = role.clone();
                bare.tags = None;
                bare
            });
            ListRolesOutput::builder()
                .set_roles(Some(bare.collect()))
                .build()
                .unwrap()
        });
    vec![get, attached, list]
}

fn attached(arns: &[String]) -> ListAttachedRolePoliciesOutput {
    let policies = arns
        .iter()
        .map(|arn| AttachedPolicy::builder().policy_arn(arn).build());
    ListAttachedRolePoliciesOutput::builder()
        .set_attached_policies(Some(policies.collect()))
        .build()
}

fn iam(mode: RuleMode, rules: &[Rule]) -> Aws {
    Aws::mocked(vec![], |clients| {
        clients.iam = mock_client!(aws_sdk_iam, mode, rules)
    })
}

async fn observe(aws: &Aws) -> Observed<Live> {
    let (id, desired) = (id(), desired());
    IamRole::observe(
        aws,
        &[Wanted {
            id: &id,
            desired: &desired,
        }],
    )
    .await
    .unwrap()
}

async fn cx(aws: &Aws) -> Context<'_> {
    Context::mocked(aws, aws.scope().await.unwrap().clone())
}

fn changes(from: &Live, to: &IamRole) -> Changes {
    to.fields(&known())
        .difference(&IamRole::live_fields(from), IamRole::IMMUTABLE)
}

#[test]
fn every_field_that_differs_is_a_change() {
    assert!(changes(&live(), &desired()).is_empty());
    let cases: [(&str, fn(&mut IamRole), bool); 4] = [
        ("path", |role| role.path = "/x/".into(), true),
        ("description", |role| role.description = "other".into(), false),
        ("trust", |role| role.trust = Policy::of([]), false),
        (
            "tags.team",
            |role| drop(role.tags.insert("team".into(), "x".into())),
            false,
        ),
    ];
    for (field, edit, replaces) in cases {
        let mut to = desired();
        edit(&mut to);
        let changes = changes(&live(), &to);
        let fields: Vec<_> = changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!((fields, changes.replace()), (vec![field], replaces));
    }
    let from = Live {
        attached_policies: vec!["arn:aws:iam::aws:policy/AdministratorAccess".into()],
        ..live()
    };
    assert!(changes(&from, &desired()).touch("attached_policies"));
}
