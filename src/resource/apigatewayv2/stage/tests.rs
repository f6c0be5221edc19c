use aws_sdk_apigatewayv2::types::Stage;

use super::*;
use crate::aws::Text;
use crate::resource::tests::gateway::{Gateway, our_api, outputs};
use crate::resource::tests::script::{changes, node, ours, owned, step};

const ARN: &str = "arn:aws:apigateway:eu-west-1::/apis/a1/stages/$default";
const GROUP: &str = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vendedlogs/in";
const FORMAT: &str = r#"{"id":"$context.requestId"}"#;
const UPDATED: &str = r#"update-stage a1 $default true 10/20 {"id":"$context.requestId"}"#;
const BAD: &str = "BadRequestException";

fn id() -> NodeId {
    node("apigatewayv2-stage", "in")
}

fn desired() -> ApigatewayStage {
    ApigatewayStage {
        api: Ref::named(node("apigatewayv2-api", "in"), "mission-api"),
        rate_limit: 10.0,
        burst_limit: 20,
        access_log: Some(AccessLog {
            log_group: Ref::named(node("log-group", "in"), "/aws/vendedlogs/in")
                .with_arn(Text::arn("logs", "log-group:/aws/vendedlogs/in")),
            format: FORMAT.into(),
        }),
        tags: owned(&id()),
    }
}

fn without_log() -> ApigatewayStage {
    ApigatewayStage {
        access_log: None,
        ..desired()
    }
}

fn stage(name: &str) -> Stage {
    let settings = AccessLogSettings::builder().destination_arn(GROUP).format(FORMAT);
    Stage::builder()
        .stage_name(name)
        .auto_deploy(true)
        .default_route_settings(desired().settings())
        .access_log_settings(settings.build())
        .set_tags(Some(owned(&id()).into_iter().collect()))
        .build()
}

async fn observe(gateway: &Gateway) -> Observed<Live> {
    let (id, desired) = (id(), desired());
    let wanted = [Wanted {
        id: &id,
        desired: &desired,
    }];
    ApigatewayStage::observe(&gateway.aws(), &wanted).await.unwrap()
}

fn holding(stages: &[Stage]) -> Gateway {
    Gateway::holding(|held| {
        held.apis.push(our_api("a1"));
        held.stages
            .extend(stages.iter().map(|one| ("a1".to_owned(), one.clone())));
    })
}

async fn live_of(stage: Stage) -> Live {
    ours(&observe(&holding(&[stage])).await.wanted[0]).clone()
}

async fn live() -> Live {
    live_of(stage(NAME)).await
}

/// The calls that turn `live` into `desired`. Asserts that no difference is left.
async fn calls_for(desired: &ApigatewayStage, live: Live) -> Vec<String> {
    let gateway = Gateway::default();
    let aws = gateway.aws();
    let differ = changes(desired, &live, &outputs());
    let live = desired
        .update(live, &differ, &step(&aws, outputs()))
        .await
        .unwrap();
    assert!(changes(desired, &live, &outputs()).is_empty());
    gateway.script.log()
}

#[tokio::test(start_paused = true)]
async fn it_is_found_by_its_name_and_other_stages_are_orphans() {
    let gateway = holding(&[stage("test"), stage(NAME)]);
    let seen = observe(&gateway).await;
    assert_eq!(gateway.script.log(), ["apis", "stages a1"]);
    let live = ours(&seen.wanted[0]);
    assert!(changes(&desired(), live, &outputs()).is_empty());
    assert_eq!(ApigatewayStage::output(live).arn, ARN);
    let orphans: Vec<_> = seen.orphans.iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(orphans, ["apigatewayv2-stage/a1/test"]);
}

#[tokio::test(start_paused = true)]
async fn one_made_by_hand_is_taken_over() {
    let by_hand = Stage::builder().stage_name(NAME).auto_deploy(false).build();
    let live = live_of(by_hand).await;
    let log = calls_for(&desired(), live).await;
    let tagged = format!("tag {ARN} alertctl:node alertctl:stack");
    assert_eq!(log, [tagged, UPDATED.to_owned()]);
}

#[tokio::test(start_paused = true)]
async fn one_call_makes_it() {
    let gateway = Gateway::default();
    let aws = gateway.aws();
    let live = desired().create(&step(&aws, outputs())).await.unwrap();
    let created = format!("create-stage a1 $default true 10/20 {GROUP} 2 tags");
    assert_eq!(gateway.script.log(), [created]);
    assert!(changes(&desired(), &live, &outputs()).is_empty());

    let gateway = Gateway::default();
    let aws = gateway.aws();
    without_log().create(&step(&aws, outputs())).await.unwrap();
    assert_eq!(
        gateway.script.log(),
        ["create-stage a1 $default true 10/20 - 2 tags"]
    );
}

#[tokio::test(start_paused = true)]
async fn one_made_since_the_plan_is_brought_to_what_is_wanted() {
    let mut there = stage(NAME);
    there.auto_deploy = Some(false);
    let gateway = holding(&[there]);
    gateway
        .script
        .refuse("create-stage", 1, "ConflictException", "Stage already exists");
    let aws = gateway.aws();
    desired().create(&step(&aws, outputs())).await.unwrap();
    assert_eq!(gateway.script.log()[1..], ["stages a1", UPDATED]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_to_log_says_what_is_missing() {
    let gateway = Gateway::default();
    let text = "Insufficient permissions to enable logging";
    gateway
        .script
        .refuse("create-stage", 1, BAD, text)
        .refuse("update-stage", 1, BAD, text)
        .refuse("create-stage", 1, BAD, "no");
    let aws = gateway.aws();
    let cx = step(&aws, outputs());
    let mut live = live().await;
    live.access_log = None;
    let differ = changes(&desired(), &live, &outputs());
    for fault in [
        desired().create(&cx).await.unwrap_err(),
        desired().update(live, &differ, &cx).await.unwrap_err(),
    ] {
        let hint = fault.hint.unwrap();
        assert!(
            hint.contains("logs:CreateLogDelivery") && hint.contains("/aws/vendedlogs/"),
            "{hint}"
        );
    }
    assert_eq!(desired().create(&cx).await.unwrap_err().hint, None);
}

#[tokio::test(start_paused = true)]
async fn what_is_to_go_is_taken_away_by_calls_of_its_own() {
    assert_eq!(
        calls_for(&without_log(), live().await).await,
        ["delete-log a1 $default"]
    );
    let mut live = live().await;
    live.route_settings = ["GET /a", "POST /b"].map(|key| (key.into(), "x".into())).into();
    assert_eq!(
        calls_for(&desired(), live).await,
        [
            "delete-settings a1 $default GET /a",
            "delete-settings a1 $default POST /b"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_log_group_is_the_same_with_or_without_its_star() {
    let mut starred = stage(NAME);
    let settings = AccessLogSettings::builder()
        .destination_arn(format!("{GROUP}:*"))
        .format(FORMAT);
    starred.access_log_settings = Some(settings.build());
    assert!(changes(&desired(), &live_of(starred).await, &outputs()).is_empty());
    let mut other = desired();
    let log = other.access_log.as_mut().unwrap();
    log.log_group = log.log_group.clone().with_arn(log.log_group.arn().then(":*"));
    assert!(changes(&other, &live().await, &outputs()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_limit_leaves_the_log_alone() {
    let mut live = live().await;
    live.rate_limit = Some(1.0);
    assert_eq!(calls_for(&desired(), live).await, [UPDATED]);
    let mut live = live_of(stage(NAME)).await;
    live.access_log = None;
    live.burst_limit = None;
    assert_eq!(
        calls_for(&without_log(), live).await,
        ["update-stage a1 $default true 10/20 -"]
    );
}

#[tokio::test(start_paused = true)]
async fn one_of_quick_create_is_no_orphan_and_a_refusal_says_why() {
    let mut managed = stage(NAME);
    managed.api_gateway_managed = Some(true);
    let gateway = holding(&[managed.clone()]);
    let seen = ApigatewayStage::observe(&gateway.aws(), &[]).await.unwrap();
    assert!(seen.orphans.is_empty());
    let mut live = live_of(managed).await;
    live.rate_limit = None;
    gateway.script.refuse("update-stage", 1, BAD, "no");
    let aws = gateway.aws();
    let differ = changes(&desired(), &live, &outputs());
    let fault = desired().update(live, &differ, &step(&aws, outputs())).await;
    assert!(fault.unwrap_err().hint.unwrap().contains("quick create"));
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_failed_is_remarked_upon() {
    let written = async |text: &str| {
        let mut one = stage(NAME);
        one.last_deployment_status_message = Some(text.into());
        ApigatewayStage::about(&live_of(one).await).remark
    };
    assert_eq!(
        written("Successfully deployed stage with deployment ID 'd1'").await,
        None
    );
    let text = "Deployment attempt failed: Unable to deploy API because no routes exist in this API";
    assert_eq!(written(text).await, Some(format!("its last deployment: {text}")));
}

#[tokio::test(start_paused = true)]
async fn delete_succeeds_when_it_went_with_its_api() {
    let gateway = Gateway::default();
    let text = "Unable to complete operation due to concurrent modification. Please try again later.";
    gateway
        .script
        .refuse("delete-stage", 1, "ConflictException", text)
        .refuse("delete-stage", 1, "NotFoundException", "Invalid API identifier");
    let aws = gateway.aws();
    ApigatewayStage::delete(live().await, &step(&aws, outputs()))
        .await
        .unwrap();
    assert_eq!(gateway.script.log(), ["delete-stage a1 $default"; 2]);
}

#[test]
fn it_waits_for_its_api_and_its_log_group() {
    let refs: Vec<_> = desired().refs().iter().map(ToString::to_string).collect();
    assert_eq!(refs, ["apigatewayv2-api/in", "log-group/in"]);
    assert_eq!(desired().parent(), Some(node("apigatewayv2-api", "in")));
}
