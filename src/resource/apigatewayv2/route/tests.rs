use super::*;
use crate::resource::tests::gateway::{Gateway, our_api, outputs, route};
use crate::resource::tests::script::{changes, known, names, node, ours, step};
use crate::resource::{Presence, Shown};

const KEY: &str = "POST /elastalert";
const CREATED: &str = "create-route a1 POST /elastalert integrations/i1 NONE";
const UPDATED: &str = "update-route a1 r1 - integrations/i1 NONE";

fn desired() -> ApigatewayRoute {
    ApigatewayRoute {
        api: Ref::named(node("apigatewayv2-api", "in"), "mission-api"),
        route_key: KEY.into(),
        integration: Ref::named(node("apigatewayv2-integration", "in"), "mission-api/relay"),
    }
}

async fn observe(gateway: &Gateway) -> Observed<Live> {
    let (id, desired) = (node("apigatewayv2-route", "in"), desired());
    let wanted = [Wanted {
        id: &id,
        desired: &desired,
    }];
    ApigatewayRoute::observe(&gateway.aws(), &wanted).await.unwrap()
}

fn holding(routes: &[Route]) -> Gateway {
    Gateway::holding(|held| {
        held.apis.push(our_api("a1"));
        held.routes
            .extend(routes.iter().map(|one| ("a1".to_owned(), one.clone())));
    })
}

async fn live() -> Live {
    ours(&observe(&holding(&[route("r1", KEY)])).await.wanted[0]).clone()
}

#[tokio::test(start_paused = true)]
async fn it_is_found_by_its_key_and_what_nobody_wants_is_an_orphan() {
    let mut managed = route("r3", "$default");
    managed.api_gateway_managed = Some(true);
    let gateway = holding(&[route("r2", "GET /hand"), managed, route("r1", KEY)]);
    let seen = observe(&gateway).await;
    assert_eq!(gateway.script.log(), ["apis", "routes a1"]);
    assert!(changes(&desired(), ours(&seen.wanted[0]), &outputs()).is_empty());
    let orphans: Vec<_> = seen.orphans.iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(orphans, ["apigatewayv2-route/a1/r2"]);
    assert_eq!(
        ApigatewayRoute::live_name(&seen.orphans[0].1),
        "mission-api GET /hand"
    );
}

#[tokio::test(start_paused = true)]
async fn one_call_makes_it_open_to_all() {
    let gateway = Gateway::default();
    let aws = gateway.aws();
    let live = desired().create(&step(&aws, outputs())).await.unwrap();
    assert_eq!(gateway.script.log(), [CREATED]);
    assert!(changes(&desired(), &live, &outputs()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_that_is_there_already_is_taken() {
    let text = "Route with key POST /elastalert already exists for this API";
    for (code, text) in [("ConflictException", text), ("RequestTimeout", "lost")] {
        let mut there = route("r1", KEY);
        there.target = Some("integrations/other".into());
        let gateway = holding(&[there]);
        gateway.script.refuse("create-route", 1, code, text);
        let aws = gateway.aws();
        let live = desired().create(&step(&aws, outputs())).await.unwrap();
        assert_eq!(gateway.script.log(), [CREATED, "routes a1", UPDATED]);
        assert!(changes(&desired(), &live, &outputs()).is_empty());
    }
    // API Gateway says that the route exists, but it is never visible.
    let gateway = holding(&[]);
    gateway
        .script
        .refuse("create-route", 1, "ConflictException", text);
    let aws = gateway.aws();
    let fault = desired().create(&step(&aws, outputs())).await.unwrap_err();
    assert!(fault.is(&["ConflictException"]));
    assert_eq!(gateway.script.count("create-route"), 1);
}

/// `tests/e2e/drift/apigateway.rs` has the other fields.
#[tokio::test(start_paused = true)]
async fn what_differs_is_set_again() {
    let mut live = live().await;
    live.integration = None;
    assert_eq!(names(&changes(&desired(), &live, &outputs())), ["integration"]);
    live.authorization = "JWT".into();
    let gateway = Gateway::default();
    let aws = gateway.aws();
    let differ = changes(&desired(), &live, &outputs());
    desired()
        .update(live, &differ, &step(&aws, outputs()))
        .await
        .unwrap();
    assert_eq!(gateway.script.log(), [UPDATED]);
}

#[tokio::test(start_paused = true)]
async fn an_integration_still_to_be_made_is_known_after_apply() {
    let differ = changes(&desired(), &live().await, &known(&[]));
    assert_eq!(names(&differ), ["integration"]);
    let to = differ.iter().next().unwrap().to.clone();
    assert_eq!(to, Some(Shown::AfterApply("apigatewayv2-integration/in".into())));
}

#[tokio::test(start_paused = true)]
async fn delete_succeeds_when_it_went_with_its_api() {
    let gateway = Gateway::default();
    gateway
        .script
        .refuse("delete-route", 1, "NotFoundException", "Invalid API identifier");
    let aws = gateway.aws();
    ApigatewayRoute::delete(live().await, &step(&aws, outputs()))
        .await
        .unwrap();
    assert_eq!(gateway.script.log(), ["delete-route a1 r1"]);
}

#[tokio::test(start_paused = true)]
async fn without_its_api_it_is_absent() {
    assert_eq!(observe(&Gateway::default()).await.wanted, [Presence::Absent]);
    let refs: Vec<_> = desired().refs().iter().map(ToString::to_string).collect();
    assert_eq!(refs, ["apigatewayv2-api/in", "apigatewayv2-integration/in"]);
}
