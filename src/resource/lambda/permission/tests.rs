use std::sync::{Arc, Mutex};

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::add_permission::AddPermissionOutput;
use aws_sdk_lambda::operation::get_policy::GetPolicyOutput;
use aws_sdk_lambda::operation::remove_permission::RemovePermissionOutput;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use serde_json::json;

use super::*;
use crate::resource::tests::script::{Script, changes, known, names, node, ours, owned, step, tagged};

mod fake;

use fake::Fake;

const CONFLICT: &str = "ResourceConflictException";
const MISSING: &str = "ResourceNotFoundException";
const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:mission-sns";

fn desired() -> LambdaPermission {
    LambdaPermission {
        function: Ref::named(node("lambda-function", "notify"), "relay"),
        statement_id: "alertctl-sns-alerts".into(),
        principal: "sns.amazonaws.com",
        source_arn: Text::arn("sns", "mission-sns"),
    }
}

/// A statement as Lambda returns it.
fn statement(sid: &str) -> Value {
    json!({
        "Sid": sid, "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "lambda:InvokeFunction", "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:relay",
        "Condition": { "ArnLike": { "AWS:SourceArn": TOPIC } },
    })
}

/// The same statement as earlier versions created it.
fn with_account(sid: &str) -> Value {
    let mut statement = statement(sid);
    statement["Condition"]["StringEquals"] = json!({ "AWS:SourceAccount": "123456789012" });
    statement
}

async fn observe(aws: &Aws, wanted: &[LambdaPermission]) -> Observed<Live> {
    let id = node("lambda-permission", "notify/alerts");
    let wanted: Vec<_> = wanted.iter().map(|desired| Wanted { id: &id, desired }).collect();
    LambdaPermission::observe(aws, &wanted).await.unwrap()
}

async fn live_of(statement: Value) -> Live {
    let aws = Fake::of(&[statement]).aws();
    ours(&observe(&aws, &[desired()]).await.wanted[0]).clone()
}

const ADDED: &str = "add relay alertctl-sns-alerts lambda:InvokeFunction sns.amazonaws.com \
                     arn:aws:sns:eu-west-1:123456789012:mission-sns any account";

#[tokio::test(start_paused = true)]
async fn one_call_adds_the_statement_and_settle_looks_for_it() {
    let fake = Fake::default();
    let live = fake.create().await.unwrap();
    assert_eq!(fake.script.log(), [ADDED]);
    assert!(changes(&desired(), &live, &known(&[])).is_empty());
    fake.settle(&live).await.unwrap();
    assert_eq!(fake.script.log(), [ADDED, "policy relay"]);
}

#[tokio::test(start_paused = true)]
async fn a_statement_that_lambda_lost_is_added_again() {
    let fake = Fake::of(&[statement("alertctl-sns-other")]);
    *fake.lost.lock().unwrap() = 2;
    let live = fake.create().await.unwrap();
    fake.settle(&live).await.unwrap();
    assert_eq!(fake.script.count("add"), 3);

    let fake = Fake::default();
    *fake.lost.lock().unwrap() = 10_000;
    let live = fake.create().await.unwrap();
    let start = Instant::now();
    let fault = fake.settle(&live).await.unwrap_err();
    assert!(
        fault.is(&["Timeout"]) && fault.message.contains("relay/alertctl-sns-alerts"),
        "{fault}"
    );
    assert!((290..=300).contains(&start.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn concurrent_changes_and_a_function_made_a_moment_ago_are_waited_for() {
    let concurrent = "The role policy could not be updated due to a concurrent update operation.";
    for (code, text) in [(CONFLICT, concurrent), (MISSING, "Function not found: arn")] {
        let fake = Fake::default();
        fake.script.refuse("add", 10, code, text);
        fake.create().await.unwrap();
        assert_eq!(fake.script.count("add"), 11);
        let fake = Fake::default();
        fake.script.refuse("add", 10_000, code, text);
        let start = Instant::now();
        fake.create().await.unwrap_err();
        assert!((100..=300).contains(&start.elapsed().as_secs()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_taken_by_the_same_statement_is_success_and_by_another_is_replaced() {
    let text =
        "The statement id (alertctl-sns-alerts) provided already exists. Please provide a new statement id";
    let fake = Fake::of(&[statement("alertctl-sns-alerts")]);
    fake.script.refuse("add", 1, CONFLICT, text);
    fake.create().await.unwrap();
    assert_eq!(fake.script.log(), [ADDED, "policy relay"]);

    let mut other = statement("alertctl-sns-alerts");
    other["Condition"]["ArnLike"]["AWS:SourceArn"] = "arn:other".into();
    let fake = Fake::of(&[other]);
    fake.script.refuse("add", 1, CONFLICT, text);
    fake.create().await.unwrap();
    assert_eq!(
        fake.script.log(),
        [ADDED, "policy relay", "remove alertctl-sns-alerts", ADDED]
    );
}

#[tokio::test(start_paused = true)]
async fn a_full_policy_is_a_fault_with_a_way_on() {
    let fake = Fake::default();
    fake.script.refuse(
        "add",
        1,
        "PolicyLengthExceededException",
        "The final policy size is bigger than the limit",
    );
    let fault = fake.create().await.unwrap_err();
    assert!(fault.hint.unwrap().contains("20 KB"));
    assert_eq!(fake.script.count("add"), 1);
}

/// EventBridge cannot invoke a function if the statement names the account in addition to the rule.
#[tokio::test(start_paused = true)]
async fn a_statement_that_names_the_account_is_made_anew_and_one_like_it_is_there_all_the_time() {
    let fake = Fake::of(&[with_account("alertctl-sns-alerts")]);
    let aws = fake.aws();
    let cx = step(&aws, known(&[]));
    let live = live_of(with_account("alertctl-sns-alerts")).await;
    let changes = changes(&desired(), &live, &known(&[]));
    assert_eq!(names(&changes), ["source_account"]);
    desired().update(live, &changes, &cx).await.unwrap();
    let log = fake.script.log();
    let calls: Vec<_> = log
        .iter()
        .map(|line| line.split(' ').take(3).collect::<Vec<_>>().join(" "))
        .collect();
    let stand_in = calls[0].strip_prefix("add relay ").unwrap();
    assert!(stand_in.starts_with("alertctl-stand-in-"), "{stand_in}");
    assert_eq!(
        calls,
        [
            calls[0].clone(),
            "remove alertctl-sns-alerts".to_owned(),
            "add relay alertctl-sns-alerts".to_owned(),
            format!("remove {stand_in}"),
        ]
    );
    // The stand-in has the same principal and source.
    assert_eq!(log[0].replace(stand_in, "alertctl-sns-alerts"), log[2]);
    assert_eq!(log[2], ADDED);
    // After an interrupted run, the next one finds the stand-in and deletes it last.
    let left = Fake::of(&[statement(stand_in)]);
    let seen = observe(&left.aws(), &[desired()]).await;
    assert_eq!((&seen.wanted[0], seen.orphans.len()), (&Presence::Absent, 1));
    assert!(
        LambdaPermission::HANDLING
            .deleted_after_changes_of
            .contains(&LambdaPermission::KIND)
    );
}

#[tokio::test(start_paused = true)]
async fn where_two_statements_have_no_room_the_one_is_removed_first() {
    let fake = Fake::of(&[with_account("alertctl-sns-alerts")]);
    let text = "The final policy size is bigger than the limit";
    fake.script
        .refuse("add", 1, "PolicyLengthExceededException", text);
    let aws = fake.aws();
    let live = live_of(with_account("alertctl-sns-alerts")).await;
    let cx = step(&aws, known(&[]));
    desired().update(live, &Changes::default(), &cx).await.unwrap();
    let log = fake.script.log();
    let words: Vec<_> = log.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(words, ["add", "remove", "add"]);
    assert_eq!(log[2], ADDED);
}

#[tokio::test(start_paused = true)]
async fn two_changes_at_once_go_one_after_the_other() {
    let fake = Fake::of(&[statement("alertctl-sns-alerts")]);
    let aws = fake.aws();
    let cx = step(&aws, known(&[]));
    let live = live_of(statement("alertctl-sns-alerts")).await;
    let mut second = desired();
    second.statement_id = "alertctl-sns-other".into();
    // The calls of the two changes are not interleaved.
    let (one, two) = (desired(), second);
    let none = Changes::default();
    let (first, second) = futures::join!(one.update(live.clone(), &none, &cx), two.update(live, &none, &cx));
    first.unwrap();
    second.unwrap();
    let log = fake.script.log();
    let words: Vec<_> = log.iter().map(|line| line.split(' ').next().unwrap()).collect();
    let each = ["add", "remove", "add", "remove"];
    assert_eq!(words, [each, each].concat());
    assert_eq!(log[2], ADDED);
}

#[tokio::test(start_paused = true)]
async fn no_change_comes_in_while_another_holds_the_functions_lock() {
    let fake = Fake::default();
    let aws = fake.aws();
    let cx = step(&aws, known(&[]));
    let turn = aws.exclusive("lambda/relay").await;
    let (desired, live) = (desired(), live_of(statement("alertctl-sns-alerts")).await);
    let blocked = async {
        let limit = Duration::from_secs(5);
        let create = desired.create(&cx);
        assert!(tokio::time::timeout(limit, create).await.is_err());
        let none = Changes::default();
        let update = desired.update(live.clone(), &none, &cx);
        assert!(tokio::time::timeout(limit, update).await.is_err());
        assert!(
            tokio::time::timeout(limit, LambdaPermission::delete(live, &cx))
                .await
                .is_err()
        );
    };
    blocked.await;
    drop(turn);
    assert_eq!(fake.script.log(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn delete_succeeds_when_statement_or_function_are_gone_and_outlasts_a_deletion() {
    let live = live_of(statement("alertctl-sns-alerts")).await;
    let fake = Fake::default();
    let text = "The operation cannot be performed at this time. The function is being deleted";
    fake.script
        .refuse("remove", 3, CONFLICT, text)
        .refuse("remove", 1, MISSING, "No policy is associated");
    let aws = fake.aws();
    LambdaPermission::delete(live, &step(&aws, known(&[])))
        .await
        .unwrap();
    assert_eq!(fake.script.count("remove"), 4);
}

#[tokio::test(start_paused = true)]
async fn statements_of_ours_that_nobody_wants_are_found_on_every_function_of_the_stack() {
    let there = ["alertctl-sns-alerts", "alertctl-sns-old", "by-hand"].map(statement);
    let fake = Fake::of(&there);
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:";
    let tags = owned(&node("lambda-function", "notify"));
    let listed = ["relay", "guard"].map(|name| tagged(&format!("{arn}{name}"), tags.clone()));
    let aws = fake.aws_with(listed.to_vec());
    let mut second = desired();
    second.statement_id = "alertctl-sns-new".into();
    let seen = observe(&aws, &[desired(), second]).await;
    // One call for each function, not for each statement.
    assert_eq!(fake.script.log(), ["policy relay", "policy guard"]);
    assert!(changes(&desired(), ours(&seen.wanted[0]), &known(&[])).is_empty());
    assert_eq!(seen.wanted[1], Presence::Absent);
    let mut orphans: Vec<_> = seen.orphans.iter().map(|(id, _)| id.to_string()).collect();
    orphans.sort();
    let found = [
        "guard/alertctl-sns-alerts",
        "guard/alertctl-sns-old",
        "relay/alertctl-sns-old",
    ];
    assert_eq!(orphans, found.map(|name| format!("lambda-permission/{name}")));
}

#[tokio::test(start_paused = true)]
async fn a_function_without_a_policy_has_no_statements() {
    let fake = Fake::default();
    fake.script
        .refuse("policy", 1, MISSING, "The resource you requested does not exist.");
    let seen = observe(&fake.aws(), &[desired()]).await;
    assert_eq!(seen.wanted, [Presence::Absent]);
}

#[tokio::test(start_paused = true)]
async fn each_field_that_differs_is_a_change() {
    let edited = async |edit: fn(&mut Value)| {
        let mut statement = statement("alertctl-sns-alerts");
        edit(&mut statement);
        names(&changes(&desired(), &live_of(statement).await, &known(&[])))
    };
    assert_eq!(
        edited(|s| s["Principal"]["Service"] = "events.amazonaws.com".into()).await,
        ["principal"]
    );
    assert_eq!(edited(|s| s["Principal"] = "*".into()).await, ["principal"]);
    assert_eq!(edited(|s| s["Action"] = "lambda:*".into()).await, ["action"]);
    assert_eq!(
        edited(|s| s["Condition"]["ArnLike"]["AWS:SourceArn"] = "arn:x".into()).await,
        ["source_arn"]
    );
    let account = edited(|s| s["Condition"]["StringEquals"] = json!({ "AWS:SourceAccount": "1" }));
    assert_eq!(account.await, ["source_account"]);
    assert_eq!(edited(|s| s["Condition"] = json!(null)).await, ["source_arn"]);
    let more = edited(|s| s["Condition"]["StringEquals"] = json!({ "aws:PrincipalOrgID": "o-1" }));
    assert_eq!(more.await, ["condition.aws:principalorgid"]);
    // The same statement in another notation.
    let listed = edited(|s| s["Condition"]["ArnLike"] = json!({ "aws:SourceArn": [TOPIC] }));
    assert_eq!(listed.await, Vec::<String>::new());
}

#[test]
fn it_waits_for_its_function_and_dies_with_it() {
    assert_eq!(desired().refs(), [node("lambda-function", "notify")]);
    assert_eq!(desired().parent(), Some(node("lambda-function", "notify")));
}
