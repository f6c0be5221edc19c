use super::*;
use crate::aws::Text;
use crate::resource::tests::gateway::{FUNCTION, Gateway, api, integration, our_api, outputs};
use crate::resource::tests::script::{changes, names, node, ours, step};
use crate::resource::{Fault, Presence};

const INVOKED: &str = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/\
                       arn:aws:lambda:eu-west-1:123456789012:function:relay/invocations";
const OLD: &str = "arn:aws:lambda:eu-west-1:123456789012:function:old";
const CREATED: &str = "create-integration a1 AWS_PROXY \
                       arn:aws:lambda:eu-west-1:123456789012:function:relay POST 2.0 29000";
const UPDATED: &str = "update-integration a1 i1 \
                       arn:aws:lambda:eu-west-1:123456789012:function:relay POST 2.0 29000";
const CONFLICT: &str = "ConflictException";

fn desired() -> ApigatewayIntegration {
    ApigatewayIntegration {
        api: Ref::named(node("apigatewayv2-api", "in"), "mission-api"),
        function: Ref::named(node("lambda-function", "relay"), "relay")
            .with_arn(Text::arn("lambda", "function:relay")),
        timeout_ms: 29_000,
    }
}

async fn observe(gateway: &Gateway) -> Observed<Live> {
    let (id, desired) = (node("apigatewayv2-integration", "in"), desired());
    let wanted = [Wanted {
        id: &id,
        desired: &desired,
    }];
    ApigatewayIntegration::observe(&gateway.aws(), &wanted)
        .await
        .unwrap()
}

fn holding(integrations: &[Integration]) -> Gateway {
    Gateway::holding(|held| {
        held.apis.push(our_api("a1"));
        let all = integrations.iter().map(|one| ("a1".to_owned(), one.clone()));
        held.integrations.extend(all);
    })
}

async fn live() -> Live {
    let seen = observe(&holding(&[integration("i1", FUNCTION)])).await;
    ours(&seen.wanted[0]).clone()
}

fn orphans(seen: &Observed<Live>) -> Vec<String> {
    seen.orphans.iter().map(|(id, _)| id.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn it_is_the_one_that_invokes_the_function_in_either_form_of_its_uri() {
    for uri in [FUNCTION, INVOKED] {
        let gateway = holding(&[integration("i0", OLD), integration("i1", uri)]);
        let seen = observe(&gateway).await;
        assert_eq!(gateway.script.log(), ["apis", "integrations a1"]);
        let live = ours(&seen.wanted[0]);
        assert!(changes(&desired(), live, &outputs()).is_empty());
        assert_eq!(ApigatewayIntegration::output(live).id, "i1");
        assert_eq!(orphans(&seen), ["apigatewayv2-integration/a1/i0"]);
    }
    assert_eq!(desired().name(), "mission-api → relay");
    assert_eq!(ApigatewayIntegration::live_name(&live().await), desired().name());
}

#[tokio::test(start_paused = true)]
async fn the_only_one_is_turned_to_the_function_unless_it_is_of_another_type() {
    let seen = observe(&holding(&[integration("i1", OLD)])).await;
    assert_eq!(
        names(&changes(&desired(), ours(&seen.wanted[0]), &outputs())),
        ["target"]
    );
    assert!(seen.orphans.is_empty());

    let seen = observe(&holding(&[integration("i1", OLD), integration("i2", OLD)])).await;
    assert_eq!(seen.wanted, [Presence::Absent]);
    assert_eq!(seen.orphans.len(), 2);

    let mut http = integration("i1", "https://example.com");
    http.integration_type = Some(IntegrationType::HttpProxy);
    let seen = observe(&holding(&[http])).await;
    assert_eq!(seen.wanted, [Presence::Absent]);
    assert_eq!(orphans(&seen), ["apigatewayv2-integration/a1/i1"]);
}

#[tokio::test(start_paused = true)]
async fn what_api_gateway_made_itself_is_nobodys_orphan() {
    let mut managed = integration("i0", OLD);
    managed.api_gateway_managed = Some(true);
    let seen = observe(&holding(&[managed, integration("i1", FUNCTION)])).await;
    assert!(seen.orphans.is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_apis_of_the_stack_have_orphans_and_a_namesake_is_read_for_its_adoption() {
    let gateway = Gateway::holding(|held| {
        held.apis.push(api("a5", 1, Default::default()));
        held.integrations.extend([
            ("a5".into(), integration("i1", OLD)),
            ("a5".into(), integration("i2", FUNCTION)),
        ]);
    });
    let seen = observe(&gateway).await;
    assert_eq!(ours(&seen.wanted[0]).id, "i2");
    assert!(seen.orphans.is_empty());
    // An API that is already gone, and an integration whose stack file is gone.
    let gateway = holding(&[integration("i1", FUNCTION)]);
    let seen = ApigatewayIntegration::observe(&gateway.aws(), &[]).await.unwrap();
    assert_eq!(orphans(&seen), ["apigatewayv2-integration/a1/i1"]);
    let gateway = holding(&[]);
    gateway
        .script
        .refuse("integrations", 1, "NotFoundException", "Invalid API identifier");
    assert_eq!(observe(&gateway).await.wanted, [Presence::Absent]);
}

#[tokio::test(start_paused = true)]
async fn one_call_makes_it_once_its_new_api_is_known() {
    let gateway = Gateway::default();
    gateway.script.refuse(
        "create-integration",
        2,
        "NotFoundException",
        "Invalid API identifier specified",
    );
    let aws = gateway.aws();
    let live = desired().create(&step(&aws, outputs())).await.unwrap();
    assert_eq!(gateway.script.log(), [CREATED; 3]);
    assert!(changes(&desired(), &live, &outputs()).is_empty());
    assert_eq!((live.api_id.as_str(), live.id.as_str()), ("a1", "i1"));
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_answer_made_is_found_through_its_api() {
    let mut made = integration("i1", FUNCTION);
    made.timeout_in_millis = Some(100);
    let gateway = holding(&[integration("i0", OLD), made]);
    gateway
        .script
        .refuse("create-integration", 1, "RequestTimeout", "lost");
    let aws = gateway.aws();
    desired().create(&step(&aws, outputs())).await.unwrap();
    assert_eq!(gateway.script.log(), [CREATED, "integrations a1", UPDATED]);
}

/// `tests/e2e/drift/apigateway.rs` has the other fields.
#[tokio::test(start_paused = true)]
async fn what_differs_is_set_again() {
    let mut live = live().await;
    live.method = "GET".into();
    assert_eq!(names(&changes(&desired(), &live, &outputs())), ["method"]);
    live.target = OLD.into();
    let gateway = Gateway::default();
    let aws = gateway.aws();
    let differ = changes(&desired(), &live, &outputs());
    let live = desired()
        .update(live, &differ, &step(&aws, outputs()))
        .await
        .unwrap();
    assert_eq!(gateway.script.log(), [UPDATED]);
    assert!(changes(&desired(), &live, &outputs()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn delete_waits_for_a_route_on_its_way_out_and_succeeds_when_all_is_gone() {
    let gateway = Gateway::default();
    gateway
        .script
        .refuse(
            "delete-integration",
            2,
            CONFLICT,
            "Cannot delete Integration because it is referenced by the following Routes with Ids: [r1]",
        )
        .refuse(
            "delete-integration",
            1,
            "NotFoundException",
            "Invalid API identifier",
        );
    let aws = gateway.aws();
    ApigatewayIntegration::delete(live().await, &step(&aws, outputs()))
        .await
        .unwrap();
    assert_eq!(gateway.script.log(), ["delete-integration a1 i1"; 3]);
}

#[tokio::test(start_paused = true)]
async fn other_conflicts_are_told_at_once() {
    let gateway = Gateway::default();
    gateway.script.refuse("delete-integration", 1, CONFLICT, "no");
    let aws = gateway.aws();
    let fault: Fault = ApigatewayIntegration::delete(live().await, &step(&aws, outputs()))
        .await
        .unwrap_err();
    assert_eq!((fault.message.as_str(), gateway.script.log().len()), ("no", 1));
}

#[test]
fn it_waits_for_its_api_and_function_and_dies_with_the_api() {
    let refs: Vec<_> = desired().refs().iter().map(ToString::to_string).collect();
    assert_eq!(refs, ["apigatewayv2-api/in", "lambda-function/relay"]);
    assert_eq!(desired().parent(), Some(node("apigatewayv2-api", "in")));
}
