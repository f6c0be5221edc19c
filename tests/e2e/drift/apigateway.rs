//! The HTTP API with its integration, route and stage.

use alertctl::aws::connect::Clients;
use aws_sdk_apigatewayv2::operation::update_stage::builders::UpdateStageFluentBuilder;
use aws_sdk_apigatewayv2::types::{AccessLogSettings, AuthorizationType, ProtocolType, RouteSettings};

use super::{Case, ELSEWHERE, REGION};

pub const CASES: &[Case] = &[
    case!(
        "API described otherwise",
        ["update apigatewayv2-api/hook: description"],
        |aws| {
            let send = aws.apigateway.update_api().api_id(api(aws).await);
            send.description("x").send().await.unwrap()
        }
    ),
    case!("API renamed", ["update apigatewayv2-api/hook: name"], |aws| {
        let send = aws.apigateway.update_api().api_id(api(aws).await);
        send.name("x").send().await.unwrap()
    }),
    case!("API closed", ["update apigatewayv2-api/hook: endpoint"], |aws| {
        let send = aws.apigateway.update_api().api_id(api(aws).await);
        send.disable_execute_api_endpoint(true).send().await.unwrap()
    }),
    case!(
        "API's tag changed",
        ["update apigatewayv2-api/hook: tags.team"],
        |aws| {
            let send = aws.apigateway.tag_resource().resource_arn(api_arn(aws).await);
            send.tags("team", "x").send().await.unwrap()
        }
    ),
    case!(
        "API's tag removed",
        ["update apigatewayv2-api/hook: tags.team"],
        |aws| { untag(aws, "team").await }
    ),
    // It is found by its name then.
    case!(
        "API's node tag removed",
        ["update apigatewayv2-api/hook: tags.alertctl:node"],
        |aws| { untag(aws, "alertctl:node").await }
    ),
    case!(
        "another function behind the integration",
        ["update apigatewayv2-integration/hook: target"],
        |aws| {
            let other = format!("arn:aws:lambda:{REGION}:000000000000:function:other");
            let (api, id) = integration(aws).await;
            let send = aws.apigateway.update_integration().api_id(api).integration_id(id);
            send.integration_uri(other).send().await.unwrap()
        }
    ),
    case!(
        "another timeout",
        ["update apigatewayv2-integration/hook: timeout_ms"],
        |aws| {
            let (api, id) = integration(aws).await;
            let send = aws.apigateway.update_integration().api_id(api).integration_id(id);
            send.timeout_in_millis(50).send().await.unwrap()
        }
    ),
    case!(
        "another payload format",
        ["update apigatewayv2-integration/hook: payload_format_version"],
        |aws| {
            let (api, id) = integration(aws).await;
            let send = aws.apigateway.update_integration().api_id(api).integration_id(id);
            send.payload_format_version("1.0").send().await.unwrap()
        }
    ),
    case!(
        "integration and route deleted",
        [
            "create apigatewayv2-integration/hook",
            "create apigatewayv2-route/hook"
        ],
        |aws| {
            delete_route(aws).await;
            let (api, id) = integration(aws).await;
            let send = aws.apigateway.delete_integration().api_id(api).integration_id(id);
            send.send().await.unwrap()
        }
    ),
    case!("route deleted", ["create apigatewayv2-route/hook"], |aws| {
        delete_route(aws).await
    }),
    case!(
        "another path",
        [
            "create apigatewayv2-route/hook",
            "delete apigatewayv2-route/ID/ID"
        ],
        |aws| {
            let (api, id) = route(aws).await;
            let send = aws.apigateway.update_route().api_id(api).route_id(id);
            send.route_key("POST /other").send().await.unwrap()
        }
    ),
    case!(
        "route signed by IAM",
        ["update apigatewayv2-route/hook: authorization"],
        |aws| {
            let (api, id) = route(aws).await;
            let send = aws.apigateway.update_route().api_id(api).route_id(id);
            send.authorization_type(AuthorizationType::AwsIam)
                .send()
                .await
                .unwrap()
        }
    ),
    case!("a second route", ["delete apigatewayv2-route/ID/ID"], |aws| {
        let (api, id) = integration(aws).await;
        let send = aws.apigateway.create_route().api_id(api).route_key("GET /other");
        send.target(format!("integrations/{id}")).send().await.unwrap()
    }),
    case!(
        "another rate",
        ["update apigatewayv2-stage/hook: rate_limit"],
        |aws| {
            let settings = RouteSettings::builder().throttling_rate_limit(1.0);
            set_limits(aws, settings.throttling_burst_limit(20)).await
        }
    ),
    case!(
        "another burst",
        ["update apigatewayv2-stage/hook: burst_limit"],
        |aws| {
            let settings = RouteSettings::builder().throttling_rate_limit(10.0);
            set_limits(aws, settings.throttling_burst_limit(1)).await
        }
    ),
    case!(
        "detailed metrics",
        ["update apigatewayv2-stage/hook: detailed_metrics"],
        |aws| {
            let settings = RouteSettings::builder().throttling_rate_limit(10.0);
            let settings = settings.throttling_burst_limit(20);
            set_limits(aws, settings.detailed_metrics_enabled(true)).await
        }
    ),
    case!(
        "limits of one route",
        ["update apigatewayv2-stage/hook: route_settings.POST /hook"],
        |aws| {
            let settings = RouteSettings::builder().throttling_rate_limit(1.0).build();
            let send = stage(aws).await.route_settings("POST /hook", settings);
            send.send().await.unwrap()
        }
    ),
    case!(
        "no deployment by itself",
        ["update apigatewayv2-stage/hook: auto_deploy"],
        |aws| { stage(aws).await.auto_deploy(false).send().await.unwrap() }
    ),
    case!(
        "access log elsewhere",
        ["update apigatewayv2-stage/hook: access_log.destination"],
        |aws| { set_access_log(aws, ELSEWHERE, None).await }
    ),
    case!(
        "access log with other words",
        ["update apigatewayv2-stage/hook: access_log.format"],
        |aws| { set_access_log(aws, "", Some("$context.requestId")).await }
    ),
    // The local AWS takes DeleteAccessLogSettings for DeleteStage.
    case!(
        "access log switched off",
        ["update apigatewayv2-stage/hook: access_log.destination, access_log.format"],
        |aws| {
            let none = AccessLogSettings::builder().build();
            let send = stage(aws).await.access_log_settings(none);
            send.send().await.unwrap()
        }
    ),
    case!(
        "stage's tag changed",
        ["update apigatewayv2-stage/hook: tags.team"],
        |aws| {
            let arn = format!("{}/stages/$default", api_arn(aws).await);
            let send = aws.apigateway.tag_resource().resource_arn(arn);
            send.tags("team", "x").send().await.unwrap()
        }
    ),
    case!("stage deleted", ["create apigatewayv2-stage/hook"], |aws| {
        let send = aws.apigateway.delete_stage().api_id(api(aws).await);
        send.stage_name("$default").send().await.unwrap()
    }),
    // What lives in it goes with it, and another one has another URL: the function's permission names its id.
    case!(
        "API deleted",
        [
            "create apigatewayv2-api/hook",
            "create apigatewayv2-integration/hook",
            "create apigatewayv2-route/hook",
            "create apigatewayv2-stage/hook",
            "update lambda-permission/endpoint.hook: source_arn"
        ],
        |aws| {
            let send = aws.apigateway.delete_api().api_id(api(aws).await);
            send.send().await.unwrap()
        }
    ),
    case!(
        "a second API for the same endpoint",
        ["delete apigatewayv2-api/ID"],
        |aws| {
            // Made by a call whose answer was lost: the one with routes stays.
            let tags = aws.apigateway.get_tags().resource_arn(api_arn(aws).await);
            let tags = tags.send().await.unwrap().tags;
            let send = aws.apigateway.create_api().name("drift-hook").set_tags(tags);
            send.protocol_type(ProtocolType::Http).send().await.unwrap()
        }
    ),
];

async fn api(aws: &Clients) -> String {
    let apis = aws.apigateway.get_apis().send().await.unwrap();
    let first = apis
        .items()
        .iter()
        .min_by_key(|api| api.created_date().unwrap().secs());
    first.unwrap().api_id().unwrap().to_owned()
}

async fn api_arn(aws: &Clients) -> String {
    format!("arn:aws:apigateway:{REGION}::/apis/{}", api(aws).await)
}

async fn untag(aws: &Clients, name: &str) {
    let send = aws.apigateway.untag_resource().resource_arn(api_arn(aws).await);
    send.tag_keys(name).send().await.unwrap();
}

async fn integration(aws: &Clients) -> (String, String) {
    let api = api(aws).await;
    let all = aws
        .apigateway
        .get_integrations()
        .api_id(&api)
        .send()
        .await
        .unwrap();
    (api, all.items()[0].integration_id().unwrap().to_owned())
}

async fn route(aws: &Clients) -> (String, String) {
    let api = api(aws).await;
    let all = aws.apigateway.get_routes().api_id(&api).send().await.unwrap();
    (api, all.items()[0].route_id().unwrap().to_owned())
}

async fn delete_route(aws: &Clients) {
    let (api, id) = route(aws).await;
    let send = aws.apigateway.delete_route().api_id(api).route_id(id);
    send.send().await.unwrap();
}

async fn stage(aws: &Clients) -> UpdateStageFluentBuilder {
    let send = aws.apigateway.update_stage().api_id(api(aws).await);
    send.stage_name("$default")
}

async fn set_limits(aws: &Clients, settings: aws_sdk_apigatewayv2::types::builders::RouteSettingsBuilder) {
    let send = stage(aws).await.default_route_settings(settings.build());
    send.send().await.unwrap();
}

/// Another destination or format; what is empty stays.
async fn set_access_log(aws: &Clients, destination: &str, format: Option<&str>) {
    let now = aws.apigateway.get_stage().api_id(api(aws).await);
    let now = now
        .stage_name("$default")
        .send()
        .await
        .unwrap()
        .access_log_settings
        .unwrap();
    let destination = Some(destination.to_owned()).filter(|arn| !arn.is_empty());
    let settings = AccessLogSettings::builder()
        .set_destination_arn(destination.or(now.destination_arn))
        .set_format(format.map(str::to_owned).or(now.format));
    let send = stage(aws).await.access_log_settings(settings.build());
    send.send().await.unwrap();
}
