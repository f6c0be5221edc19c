use std::time::Duration;

use super::*;
use crate::resource::tests::gateway::{Gateway, api, api_node, our_api, outputs, route};
use crate::resource::tests::script::{changes, known, names, node, ours, owned, step, tagged};

const ARN: &str = "arn:aws:apigateway:eu-west-1::/apis/a1";
const CREATED: &str = "create-api mission-api HTTP Alerts 2 tags";
const CONFLICT: &str = "ConflictException";
const CONCURRENT: &str =
    "Unable to complete operation due to concurrent modification. Please try again later.";

fn desired() -> ApigatewayApi {
    ApigatewayApi {
        name: "mission-api".into(),
        description: "Alerts".into(),
        tags: owned(&api_node()),
    }
}

async fn observe(gateway: &Gateway) -> Observed<Live> {
    let (id, desired) = (api_node(), desired());
    let wanted = [Wanted {
        id: &id,
        desired: &desired,
    }];
    ApigatewayApi::observe(&gateway.aws(), &wanted).await.unwrap()
}

fn holding(apis: &[Api]) -> Gateway {
    Gateway::holding(|held| held.apis.extend(apis.iter().cloned()))
}

async fn live() -> Live {
    ours(&observe(&holding(&[our_api("a1")])).await.wanted[0]).clone()
}

fn orphans(seen: &Observed<Live>) -> Vec<(String, &str)> {
    seen.orphans
        .iter()
        .map(|(id, live)| (id.to_string(), live.id.as_str()))
        .collect()
}

/// An API with another name and without tags: an account always has some of these.
fn other(id: &str) -> Api {
    let mut other = api(id, 1, Tags::new());
    other.name = Some("other".into());
    other
}

#[tokio::test(start_paused = true)]
async fn it_is_found_by_its_tags_on_any_page_whatever_it_is_called() {
    let mut ours_renamed = our_api("a1");
    ours_renamed.name = Some("before".into());
    let gateway = holding(&[other("a0"), api("a2", 1, Tags::new()), ours_renamed]);
    let seen = observe(&gateway).await;
    assert_eq!(gateway.script.log(), ["apis", "apis 1", "apis 2"]);
    let live = ours(&seen.wanted[0]);
    assert_eq!((live.id.as_str(), live.arn.as_str()), ("a1", ARN));
    assert_eq!(names(&changes(&desired(), live, &known(&[]))), ["name"]);
    assert!(seen.orphans.is_empty());
    assert_eq!(ApigatewayApi::output(live).id, "a1");
}

#[tokio::test(start_paused = true)]
async fn of_two_for_one_node_the_one_in_use_stays_and_the_other_is_an_orphan() {
    let twins = [our_api("a1"), our_api("a2")];
    for used in ["a1", "a2"] {
        let gateway = Gateway::holding(|held| {
            held.apis.extend(twins.clone());
            held.routes.push((used.into(), route("r1", "POST /elastalert")));
        });
        let seen = observe(&gateway).await;
        assert_eq!(ours(&seen.wanted[0]).id, used);
        let extra = if used == "a1" { "a2" } else { "a1" };
        assert_eq!(orphans(&seen), [(format!("apigatewayv2-api/{extra}"), extra)]);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_left_the_stack_file_is_an_orphan_and_one_under_another_key_is_not() {
    let gateway = holding(&[our_api("a1")]);
    let seen = ApigatewayApi::observe(&gateway.aws(), &[]).await.unwrap();
    assert_eq!(orphans(&seen), [("apigatewayv2-api/in".to_owned(), "a1")]);

    let gateway = holding(&[api("a1", 1, owned(&node("apigatewayv2-api", "before")))]);
    let seen = observe(&gateway).await;
    let live = ours(&seen.wanted[0]);
    assert_eq!(
        names(&changes(&desired(), live, &known(&[]))),
        ["tags.alertctl:node"]
    );
    assert!(seen.orphans.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_namesake_stops_the_run_only_when_nobody_owns_it_and_it_is_alone() {
    let bare = |id: &str| api(id, 1, Tags::new());
    let seen = observe(&holding(&[other("a0"), bare("a1")])).await;
    assert!(matches!(&seen.wanted[0], Presence::Foreign(live) if live.id == "a1"));
    assert!(seen.orphans.is_empty());

    let theirs = tags::owned("another", &api_node(), &Tags::new());
    let mut websocket = bare("a3");
    websocket.protocol_type = Some(ProtocolType::Websocket);
    for apis in [
        vec![bare("a1"), bare("a2")],
        vec![api("a1", 1, theirs)],
        vec![websocket],
        vec![],
    ] {
        let seen = observe(&holding(&apis)).await;
        assert_eq!(seen.wanted, [Presence::Absent], "{apis:?}");
        assert!(seen.orphans.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_without_an_api_needs_no_permission_to_list_them() {
    let denied = || {
        let gateway = Gateway::default();
        gateway.script.refuse("apis", 1, "AccessDeniedException", "no");
        gateway
    };
    let seen = ApigatewayApi::observe(&denied().aws(), &[]).await.unwrap();
    assert!(seen.orphans.is_empty());
    let left = vec![tagged(ARN, owned(&api_node()))];
    let fault = ApigatewayApi::observe(&denied().aws_with(left), &[]).await;
    assert!(fault.unwrap_err().is(&["AccessDeniedException"]));
    let (id, desired) = (api_node(), desired());
    let wanted = [Wanted {
        id: &id,
        desired: &desired,
    }];
    assert!(ApigatewayApi::observe(&denied().aws(), &wanted).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_list_is_asked_for_once() {
    let gateway = holding(&[our_api("a1")]);
    let aws = gateway.aws();
    let (id, desired) = (api_node(), desired());
    let wanted = [Wanted {
        id: &id,
        desired: &desired,
    }];
    ApigatewayApi::observe(&aws, &wanted).await.unwrap();
    ApigatewayApi::observe(&aws, &[]).await.unwrap();
    assert_eq!(gateway.script.count("apis"), 1);
}

#[tokio::test(start_paused = true)]
async fn one_call_makes_it_with_its_tags() {
    let gateway = Gateway::default();
    let aws = gateway.aws();
    let live = desired().create(&step(&aws, known(&[]))).await.unwrap();
    assert_eq!(gateway.script.log(), [CREATED]);
    assert!(changes(&desired(), &live, &known(&[])).is_empty());
    assert_eq!(live.arn, ARN);
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_answer_made_is_found_and_nothing_is_sent_twice() {
    let mut made = our_api("a7");
    made.description = Some("before".into());
    let gateway = holding(&[made]);
    gateway.script.refuse("create-api", 1, "RequestTimeout", "lost");
    let aws = gateway.aws();
    let live = desired().create(&step(&aws, known(&[]))).await.unwrap();
    assert_eq!(live.id, "a7");
    assert_eq!(
        gateway.script.log(),
        [CREATED, "apis", "update-api a7 mission-api Alerts disabled=false"]
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_answer_did_not_make_is_tried_again_three_times_in_all() {
    let gateway = Gateway::default();
    gateway.script.refuse("create-api", 1, "RequestTimeout", "lost");
    let aws = gateway.aws();
    desired().create(&step(&aws, known(&[]))).await.unwrap();
    assert_eq!(gateway.script.count("create-api"), 2);
    assert_eq!(gateway.script.count("apis"), 6);

    let gateway = Gateway::default();
    gateway.script.refuse("create-api", 9, "RequestTimeout", "lost");
    let aws = gateway.aws();
    let fault = desired().create(&step(&aws, known(&[]))).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("created without a response"));
    assert_eq!(gateway.script.count("create-api"), 3);
}

#[tokio::test(start_paused = true)]
async fn throttling_and_changes_under_way_elsewhere_pass() {
    let gateway = Gateway::default();
    gateway
        .script
        .refuse("create-api", 3, "TooManyRequestsException", "Rate exceeded")
        .refuse("update-api", 2, CONFLICT, CONCURRENT);
    let aws = gateway.aws();
    let cx = step(&aws, known(&[]));
    let live = desired().create(&cx).await.unwrap();
    assert_eq!(gateway.script.count("create-api"), 4);
    let renamed = ApigatewayApi {
        name: "new".into(),
        ..desired()
    };
    let differ = changes(&renamed, &live, &known(&[]));
    let live = renamed.update(live, &differ, &cx).await.unwrap();
    assert_eq!(gateway.script.count("update-api"), 3);
    assert!(changes(&renamed, &live, &known(&[])).is_empty());
}

#[tokio::test(start_paused = true)]
async fn taking_one_over_tags_it_first() {
    let gateway = holding(&[api("a1", 1, Tags::new())]);
    let seen = observe(&gateway).await;
    let Presence::Foreign(mut live) = seen.wanted[0].clone() else {
        panic!("{seen:?}")
    };
    live.endpoint = false;
    let differ = changes(&desired(), &live, &known(&[]));
    assert_eq!(
        names(&differ),
        ["endpoint", "tags.alertctl:node", "tags.alertctl:stack"]
    );
    let aws = gateway.aws();
    let live = desired()
        .update(live, &differ, &step(&aws, known(&[])))
        .await
        .unwrap();
    assert_eq!(
        gateway.script.log()[1..],
        [
            format!("tag {ARN} alertctl:node alertctl:stack"),
            "update-api a1 mission-api Alerts disabled=false".to_owned(),
        ]
    );
    assert!(changes(&desired(), &live, &known(&[])).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_left_the_file_is_all_that_is_changed() {
    let mut tagged = live().await;
    tagged.tags = tags::owned("mission", &api_node(), &[("team".into(), "a".into())].into());
    let gateway = Gateway::default();
    let aws = gateway.aws();
    let differ = changes(&desired(), &tagged, &known(&[]));
    desired()
        .update(tagged, &differ, &step(&aws, known(&[])))
        .await
        .unwrap();
    assert_eq!(gateway.script.log(), [format!("untag {ARN} alertctl:tags team")]);
}

/// `tests/e2e/drift/apigateway.rs` has the other fields.
#[tokio::test(start_paused = true)]
async fn another_protocol_needs_another_api() {
    let edited = async |edit: fn(&mut Live)| {
        let mut live = live().await;
        edit(&mut live);
        changes(&desired(), &live, &known(&[]))
    };
    assert!(edited(|_| ()).await.is_empty());
    let protocol = edited(|live| live.protocol = "WEBSOCKET".into()).await;
    assert_eq!(names(&protocol), ["protocol"]);
    assert!(protocol.replace());
}

#[tokio::test(start_paused = true)]
async fn changes_of_one_api_wait_for_each_other() {
    let gateway = Gateway::default();
    let aws = gateway.aws();
    let cx = step(&aws, outputs());
    let turn = aws.exclusive("apigateway/a1").await;
    let delete = ApigatewayApi::delete(live().await, &cx);
    assert!(
        tokio::time::timeout(Duration::from_secs(5), delete)
            .await
            .is_err()
    );
    drop(turn);
    assert_eq!(gateway.script.log(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn delete_succeeds_when_it_is_gone() {
    let gateway = Gateway::default();
    gateway.script.refuse(
        "delete-api",
        1,
        "NotFoundException",
        "Invalid API identifier specified",
    );
    let aws = gateway.aws();
    ApigatewayApi::delete(live().await, &step(&aws, known(&[])))
        .await
        .unwrap();
    assert_eq!(gateway.script.log(), ["delete-api a1"]);
}
