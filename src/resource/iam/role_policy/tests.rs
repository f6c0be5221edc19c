use aws_sdk_iam::Client;
use aws_sdk_iam::operation::delete_role_policy::DeleteRolePolicyOutput;
use aws_sdk_iam::operation::get_role::GetRoleOutput;
use aws_sdk_iam::operation::get_role_policy::GetRolePolicyOutput;
use aws_sdk_iam::operation::list_role_policies::ListRolePoliciesOutput;
use aws_sdk_iam::operation::list_roles::ListRolesOutput;
use aws_sdk_iam::operation::put_role_policy::PutRolePolicyOutput;
use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types::{Role, Tag};
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use tokio::time::Instant;

use super::*;
use crate::aws::policy::Statement;
use crate::aws::tags::STACK_TAG;

const PATH: &str = "/alertctl/mission/";

/// An error response in IAM's format.
fn refusal(code: &str, message: &str) -> HttpResponse {
    let body = format!(
        "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    );
    HttpResponse::new(400.try_into().unwrap(), SdkBody::from(body))
}

fn missing<O, E>() -> MockResponse<O, E> {
    MockResponse::Http(refusal("NoSuchEntity", "cannot be found."))
}

fn key() -> NodeId {
    NodeId {
        kind: "kms-key",
        key: "main".into(),
    }
}

fn desired() -> IamRolePolicy {
    let decrypt = Statement::allow("Decrypt", &["kms:Decrypt"]).on(crate::aws::Text::arn_of(key()));
    IamRolePolicy {
        role: Ref::named(
            NodeId {
                kind: IamRole::KIND,
                key: "relay".into(),
            },
            "mission-lambda",
        ),
        name: "relay".into(),
        policy: Policy::of([decrypt]),
    }
}

/// The document as IAM returns it: URL-encoded.
const DOCUMENT: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Sid%22%3A%22Decrypt%22%2C\
                        %22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22kms%3ADecrypt%22%2C%22Resource%22%3A%22\
                        arn%3Ak%22%7D%5D%7D";

fn live(role: &str, name: &str) -> Live {
    Live {
        role_name: role.into(),
        name: name.into(),
        policy: policy::parse(DOCUMENT),
    }
}

/// One role in a mocked IAM.
#[derive(Clone)]
struct Holding {
    name: &'static str,
    path: &'static str,
    stack: Option<&'static str>,
    policies: Vec<&'static str>,
}

fn role(holding: &Holding, tagged: bool) -> Role {
    let tag = holding
        .stack
        .filter(|_| tagged)
        .map(|stack| Tag::builder().key(STACK_TAG).value(stack));
    let tags = tag.map(|tag| vec![tag.build().unwrap()]);
    Role::builder()
        .role_name(holding.name)
        .path(holding.path)
        .arn(format!(
            "arn:aws:iam::123456789012:role{}{}",
            holding.path, holding.name
        ))
        .role_id("AROA")
        .create_date(DateTime::from_secs(0))
        .set_tags(tags)
        .build()
        .unwrap()
}

/// GetRole, GetRolePolicy, ListRolePolicies and ListRoles over `roles`. With `listed`, the list contains the new
/// roles too.
fn holding(roles: &[Holding], listed: bool) -> Vec<Rule> {
    let roles = roles.to_vec();
    let find = {
        let roles = roles.clone();
        move |name: Option<&str>| roles.iter().find(|role| Some(role.name) == name).cloned()
    };
    let (of_policy, of_list) = (find.clone(), find.clone());
    vec![
        mock!(Client::get_role).then_compute_response(move |ask| match find(ask.role_name()) {
            Some(found) => MockResponse::Output(GetRoleOutput::builder().role(role(&found, true)).build()),
            None => missing(),
        }),
        mock!(Client::get_role_policy).then_compute_response(move |ask| {
            let name = ask.policy_name().unwrap_or_default();
            match of_policy(ask.role_name()).filter(|role| role.policies.contains(&name)) {
                Some(role) => {
                    let policy = GetRolePolicyOutput::builder()
                        .role_name(role.name)
                        .policy_name(name);
                    MockResponse::Output(policy.policy_document(DOCUMENT).build().unwrap())
                }
                None => missing(),
            }
        }),
        mock!(Client::list_role_policies).then_compute_response(move |ask| match of_list(ask.role_name()) {
            Some(role) => {
                let names = role.policies.iter().map(|&name| name.to_owned()).collect();
                let names = ListRolePoliciesOutput::builder().set_policy_names(Some(names));
                MockResponse::Output(names.build().unwrap())
            }
            None => missing(),
        }),
        mock!(Client::list_roles)
            .match_requests(|ask| ask.path_prefix() == Some(PATH))
            .then_output(move || {
                let under = roles.iter().filter(|role| role.path == PATH && listed);
                let under = under.map(|holding| role(holding, false)).collect();
                ListRolesOutput::builder().set_roles(Some(under)).build().unwrap()
            }),
    ]
}

fn iam(rules: &[Rule]) -> Aws {
    Aws::mocked(vec![], |clients| {
        clients.iam = mock_client!(aws_sdk_iam, RuleMode::MatchAny, rules)
    })
}

async fn observe(aws: &Aws) -> Observed<Live> {
    let id = NodeId {
        kind: IamRolePolicy::KIND,
        key: "relay".into(),
    };
    let desired = desired();
    IamRolePolicy::observe(
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
    let mut cx = Context::mocked(aws, aws.scope().await.unwrap().clone());
    let output = Output {
        arn: "arn:k".into(),
        id: "k".into(),
    };
    cx.known.outputs.insert(key().to_string(), output);
    cx
}

fn ours(path: &'static str, policies: &[&'static str]) -> Holding {
    Holding {
        name: "mission-lambda",
        path,
        stack: Some("mission"),
        policies: policies.to_vec(),
    }
}

#[tokio::test]
async fn it_belongs_to_whom_its_role_belongs_to() {
    let policy = || live("mission-lambda", "relay");
    let foreign = Holding {
        stack: None,
        ..ours("/", &["relay", "of-others"])
    };
    for (roles, expected) in [
        (vec![], Presence::Absent),
        (vec![ours(PATH, &[])], Presence::Absent),
        (vec![ours(PATH, &["relay"])], Presence::Ours(policy())),
        (vec![ours("/adopted/", &["relay"])], Presence::Ours(policy())),
        (vec![foreign], Presence::Foreign(policy())),
    ] {
        let seen = observe(&iam(&holding(&roles, true))).await;
        // Other policies of a role that the stack does not own: they are removed when the role is adopted, and not
        // before.
        let orphans: Vec<_> = seen.orphans.iter().map(|(_, live)| live.clone()).collect();
        match expected {
            Presence::Foreign(_) => assert_eq!(orphans, [live("mission-lambda", "of-others")]),
            _ => assert!(orphans.is_empty(), "{orphans:?}"),
        }
        assert_eq!(seen.wanted, [expected]);
    }
}

#[tokio::test]
async fn a_new_role_that_is_not_listed_yet_is_asked_for() {
    let rules = holding(&[ours(PATH, &["relay"])], false);
    let seen = observe(&iam(&rules)).await;
    assert_eq!(seen.wanted, [Presence::Ours(live("mission-lambda", "relay"))]);
}

#[tokio::test]
async fn a_listed_role_costs_no_call_of_its_own() {
    let rules = holding(&[ours(PATH, &["relay"])], true);
    observe(&iam(&rules)).await;
    let calls: Vec<_> = rules.iter().map(Rule::num_calls).collect();
    assert_eq!(calls, [0, 1, 1, 1]);
}

#[tokio::test]
async fn whatever_else_widens_a_role_of_the_stack_is_an_orphan() {
    let left = Holding {
        name: "mission-guard",
        path: PATH,
        stack: None,
        policies: vec!["guard"],
    };
    let strange = Holding {
        name: "strange",
        path: "/",
        stack: None,
        policies: vec!["theirs"],
    };
    for path in [PATH, "/adopted/"] {
        let roles = [ours(path, &["relay", "by-hand"]), left.clone(), strange.clone()];
        let seen = observe(&iam(&holding(&roles, true))).await;
        let mut orphans: Vec<_> = seen.orphans.iter().map(|(id, _)| id.to_string()).collect();
        orphans.sort();
        assert_eq!(
            orphans,
            [
                "iam-role-policy/mission-guard/guard",
                "iam-role-policy/mission-lambda/by-hand"
            ]
        );
    }
}

#[tokio::test]
async fn another_document_is_a_change_and_the_order_of_members_is_not() {
    let aws = iam(&[]);
    let known = cx(&aws).await.known;
    let from = IamRolePolicy::live_fields(&live("mission-lambda", "relay"));
    assert!(desired().fields(&known).difference(&from, &[]).is_empty());
    let to = IamRolePolicy {
        policy: Policy::of([]),
        ..desired()
    };
    assert!(to.fields(&known).difference(&from, &[]).touch("policy"));
    // The key is re-created: its ARN is known after apply.
    let known = Known {
        outputs: BTreeMap::new(),
        ..known
    };
    assert!(desired().fields(&known).difference(&from, &[]).touch("policy"));
}

#[test]
fn it_waits_for_its_role_and_dies_with_it() {
    assert_eq!(desired().refs(), [desired().role.id().clone()]);
    assert_eq!(desired().parent().unwrap().to_string(), "iam-role/relay");
    assert_eq!(desired().name(), "mission-lambda/relay");
    assert_eq!(
        IamRolePolicy::live_name(&live("mission-lambda", "relay")),
        "mission-lambda/relay"
    );
}

#[tokio::test(start_paused = true)]
async fn a_role_made_a_moment_ago_is_waited_for() {
    let put = mock!(Client::put_role_policy)
        .match_requests(|ask| {
            ask.policy_document()
                .is_some_and(|document| document.contains("arn:k"))
        })
        .sequence()
        .http_response(|| {
            refusal(
                "NoSuchEntity",
                "The role with name mission-lambda cannot be found.",
            )
        })
        .times(6)
        .output(|| PutRolePolicyOutput::builder().build())
        .build();
    let aws = iam(std::slice::from_ref(&put));
    let now = desired().create(&cx(&aws).await).await.unwrap();
    assert_eq!((now, put.num_calls()), (live("mission-lambda", "relay"), 7));

    let start = Instant::now();
    let never = mock!(Client::put_role_policy).then_http_response(|| refusal("NoSuchEntity", ""));
    let aws = iam(&[never]);
    let fault = desired().create(&cx(&aws).await).await.unwrap_err();
    assert!(fault.tried.is_some());
    assert!(start.elapsed() <= crate::aws::retry::LIMIT);
}

#[tokio::test]
async fn what_time_does_not_mend_is_refused_at_once() {
    for (code, hint) in [
        ("MalformedPolicyDocument", None),
        ("LimitExceeded", Some("10,240 characters")),
    ] {
        let put = mock!(Client::put_role_policy).then_http_response(move || refusal(code, ""));
        let aws = iam(std::slice::from_ref(&put));
        let fault = desired().create(&cx(&aws).await).await.unwrap_err();
        assert_eq!((fault.code.as_str(), put.num_calls()), (code, 1));
        assert_eq!(
            fault
                .hint
                .is_some_and(|text| text.contains(hint.unwrap_or_default())),
            hint.is_some()
        );
    }
}

#[tokio::test]
async fn update_puts_the_whole_document() {
    let put = mock!(Client::put_role_policy).then_output(|| PutRolePolicyOutput::builder().build());
    let aws = iam(std::slice::from_ref(&put));
    let from = Live {
        policy: Value::Null,
        ..live("mission-lambda", "relay")
    };
    let now = desired()
        .update(from, &Changes::default(), &cx(&aws).await)
        .await
        .unwrap();
    assert_eq!((now, put.num_calls()), (live("mission-lambda", "relay"), 1));
}

#[tokio::test]
async fn deleting_one_that_is_gone_is_done() {
    let deleted = mock!(Client::delete_role_policy)
        .match_requests(|ask| ask.role_name() == Some("mission-lambda") && ask.policy_name() == Some("relay"))
        .then_output(|| DeleteRolePolicyOutput::builder().build());
    let gone = mock!(Client::delete_role_policy).then_http_response(|| refusal("NoSuchEntity", ""));
    let refused = mock!(Client::delete_role_policy).then_http_response(|| refusal("AccessDenied", ""));
    for (rule, expected) in [(deleted, true), (gone, true), (refused, false)] {
        let aws = iam(&[rule]);
        let result = IamRolePolicy::delete(live("mission-lambda", "relay"), &cx(&aws).await).await;
        assert_eq!(result.is_ok(), expected);
    }
}
