//! An HTTP API of API Gateway: a URL to which external systems post their alerts.
//!
//! Its name is not unique, and CreateApi has no idempotency token: a repeated call creates a second API. The API is
//! found by its tags in the list of all APIs. After a call with a lost answer, this list is read again.

use std::rc::Rc;

use alertctl_relay::{console_page, encode_fragment};
use aws_sdk_apigatewayv2::types::{Api, ProtocolType};

use crate::aws::Scope;
use crate::aws::call::pages;
use crate::aws::concurrently_found;
use crate::aws::fault::{found, gone};
use crate::aws::tags::{NODE_TAG, STACK_TAG};
use crate::resource::access::{Access, BECOMES_OURS, OURS};
use crate::resource::{
    About, Aws, Changes, Context, Fault, Fields, Handling, Known, NodeId, Observed, Output, Presence,
    Resource, Result, Tags, Wanted, converge, tags,
};

pub(super) mod calls;
pub(super) mod children;
mod template;

use calls::change;

/// The desired API.
#[derive(Debug, Clone)]
pub struct ApigatewayApi {
    pub name: String,
    pub description: String,
    pub tags: Tags,
}

/// An API as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) name: String,
    description: String,
    /// `HTTP` or `WEBSOCKET`.
    protocol: String,
    /// Whether it answers at its own URL, `https://<id>.execute-api.<region>.amazonaws.com`.
    endpoint: bool,
    /// In seconds since 1970.
    created: i64,
    tags: Tags,
    /// Whether it has routes. Read only if two APIs claim the same node.
    routed: bool,
}

const PROTOCOL: ProtocolType = ProtocolType::Http;

const APIS: &str = "arn:{partition}:apigateway:{region}::/apis";
const ONE_API: &str = "arn:{partition}:apigateway:{region}::/apis/*";
const TAGS: &str = "arn:{partition}:apigateway:{region}::/tags/*";

impl Resource for ApigatewayApi {
    const KIND: &'static str = "apigatewayv2-api";
    const IMMUTABLE: &'static [&'static str] = &["protocol"];
    const HANDLING: Handling = Handling {
        // They are deleted with the API, and their own deletions would conflict with its deletion.
        deleted_after: &[
            "apigatewayv2-route",
            "apigatewayv2-integration",
            "apigatewayv2-stage",
        ],
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        // Every stack lists the APIs, even one that has none: a denial would be in CloudTrail with every plan, and
        // count as an unauthorized call.
        Access::read(&["apigateway:GET"], &[APIS])
            .by(&["apigateway:GetApis"])
            .always(),
        Access::read(&["apigateway:GET"], &[ONE_API]).by(&["apigateway:GetRoutes"]),
        Access::write(&["apigateway:POST"], &[APIS])
            .when(&[BECOMES_OURS])
            .by(&["apigateway:CreateApi"]),
        Access::write(&["apigateway:POST"], &[TAGS])
            .by(&["apigateway:CreateApi", "apigateway:TagResource"])
            .because("the ARN in it is not known before the API exists"),
        Access::change(&["apigateway:DELETE"], &[TAGS])
            .by(&["apigateway:UntagResource"])
            .because("the ARN in it is not known before the API exists"),
        Access::change(&["apigateway:PATCH"], &[ONE_API])
            .when(&[OURS])
            .by(&["apigateway:UpdateApi"]),
        Access::delete(&["apigateway:DELETE"], &[ONE_API])
            .when(&[OURS])
            .by(&["apigateway:DeleteApi"]),
    ];
    type Live = Live;

    fn name(&self) -> String {
        self.name.clone()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let apis = listed(aws, !wanted.is_empty()).await?;
        let named: Vec<_> = wanted.iter().map(|w| (w.id, w.desired.name.as_str())).collect();
        let present = resolve(aws, &apis, &named);
        let used: Vec<_> = present.iter().filter_map(of).map(|live| &live.id).collect();
        let mut orphans: Vec<(NodeId, Live)> = Vec::new();
        for live in apis.iter().filter(|live| live.is_owned(aws)) {
            if used.contains(&&live.id) {
                continue;
            }
            // A second API for the same node, created by a call whose answer was lost.
            let mut id = tags::node(Self::KIND, &live.tags, &live.name);
            if wanted.iter().any(|w| *w.id == id) || orphans.iter().any(|(other, _)| *other == id) {
                id.key.clone_from(&live.id);
            }
            orphans.push((id, live.clone()));
        }
        Ok(Observed {
            wanted: present.into_iter().map(cloned).collect(),
            orphans,
        })
    }

    fn fields(&self, _known: &Known) -> Fields {
        let Self {
            name,
            description,
            tags,
        } = self;
        Fields::default()
            .set("name", name.as_str())
            .set("protocol", PROTOCOL.as_str())
            .set("description", description.as_str())
            .set("endpoint", true)
            .tags(tags)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            id: _,
            arn: _,
            name,
            description,
            protocol,
            endpoint,
            created: _,
            tags,
            routed: _,
        } = live;
        Fields::default()
            .set("name", name.as_str())
            .set("protocol", protocol.as_str())
            .set("description", description.as_str())
            .set("endpoint", *endpoint)
            .live_tags(tags)
    }

    fn live_name(live: &Live) -> String {
        live.name.clone()
    }

    fn output(live: &Live) -> Output {
        Output {
            arn: live.arn.clone(),
            id: live.id.clone(),
        }
    }

    fn console_page(_name: &str, output: &Output, region: &str) -> Option<String> {
        let page = console_page(region, "apigateway/main/api-detail", "")?;
        Some(format!("{page}&api={}", encode_fragment(&output.id)))
    }

    fn about(_live: &Live) -> About {
        About {
            data_loss: Some("its URL is lost for good: a new API gets a different one".to_owned()),
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let find = async || {
            let apis = list(cx.aws).await?;
            Ok(best(apis.iter().filter(|live| live.is_like(&self.tags))).cloned())
        };
        let live = calls::create(async || self.create_api(cx.aws).await, find).await?;
        converge(self, live, cx).await
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        // Ownership first: if a later call fails, the next run finishes the rest.
        calls::retag(cx.aws, &live.id, &live.arn, &live.tags, &self.tags).await?;
        if changes.touch_any(&["name", "description", "endpoint"]) {
            let gateway = &cx.aws.connection.clients.apigateway;
            change(cx.aws, &live.id, async || {
                let request = gateway
                    .update_api()
                    .api_id(&live.id)
                    .name(&self.name)
                    .description(&self.description)
                    .disable_execute_api_endpoint(false);
                cx.aws
                    .call("apigateway:UpdateApi", || request.clone().send())
                    .await
                    .map(drop)
            })
            .await?;
        }
        Ok(Live {
            name: self.name.clone(),
            description: self.description.clone(),
            endpoint: true,
            tags: self.tags.clone(),
            ..live
        })
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let gateway = &cx.aws.connection.clients.apigateway;
        change(cx.aws, &live.id, async || {
            let request = gateway.delete_api().api_id(&live.id);
            gone(
                cx.aws
                    .call("apigateway:DeleteApi", || request.clone().send())
                    .await,
            )
        })
        .await
    }
}

impl ApigatewayApi {
    /// Sends CreateApi. Sends it again only if API Gateway says that it did not process it.
    async fn create_api(&self, aws: &Aws) -> Result<Live> {
        let gateway = &aws.connection.clients.apigateway;
        let description = Some(&self.description).filter(|text| !text.is_empty());
        let request = gateway
            .create_api()
            .name(&self.name)
            .protocol_type(PROTOCOL)
            .set_description(description.cloned())
            .disable_execute_api_endpoint(false)
            .set_tags(Some(tags::hashed(&self.tags)));
        let answer = aws
            .call("apigateway:CreateApi", || request.clone().send())
            .await?;
        let api = Api::builder()
            .set_api_id(answer.api_id)
            .set_name(answer.name)
            .set_description(answer.description)
            .set_protocol_type(answer.protocol_type)
            .set_disable_execute_api_endpoint(answer.disable_execute_api_endpoint)
            .set_created_date(answer.created_date)
            .build();
        let live = Live::of(&api, self.tags.clone(), aws.scope().await?);
        live.ok_or_else(|| Fault::new("apigateway:CreateApi", "NoApi", "the response names no API"))
    }
}

impl Live {
    fn of(api: &Api, tags: Tags, scope: &Scope) -> Option<Self> {
        let id = api.api_id()?.to_owned();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Some(Self {
            arn: arn(scope, &id),
            id,
            name: text(api.name()),
            description: text(api.description()),
            protocol: text(api.protocol_type().map(ProtocolType::as_str)),
            endpoint: !api.disable_execute_api_endpoint().unwrap_or(false),
            created: api.created_date().map_or(0, |date| date.secs()),
            tags,
            routed: false,
        })
    }

    fn is_owned(&self, aws: &Aws) -> bool {
        aws.owns(&self.tags)
    }

    fn is_node(&self, id: &NodeId) -> bool {
        self.tags.get(NODE_TAG) == Some(&id.to_string())
    }

    /// Whether an API with these tags was created for the same node of the same stack.
    fn is_like(&self, tags: &Tags) -> bool {
        [STACK_TAG, NODE_TAG]
            .iter()
            .all(|key| tags.contains_key(*key) && self.tags.get(*key) == tags.get(*key))
    }
}

/// The account's APIs in this region, listed once for all kinds that live in APIs.
async fn listed(aws: &Aws, wanted: bool) -> Result<Rc<Vec<Live>>> {
    match aws.once("apigateway:GetApis", async || list(aws).await).await {
        // A stack without an API needs no permission to list APIs, unless one was left behind.
        Err(fault) if !wanted && fault.is(&["AccessDeniedException"]) => {
            let tagged = aws.tagged().await?;
            match tagged.iter().any(|tagged| tagged.service() == "apigateway") {
                true => Err(fault),
                false => Ok(Rc::default()),
            }
        }
        result => result,
    }
}

async fn list(aws: &Aws) -> Result<Vec<Live>> {
    let gateway = &aws.connection.clients.apigateway;
    let apis = pages(async |token| {
        let request = gateway.get_apis().set_next_token(token);
        let page = aws.call("apigateway:GetApis", || request.clone().send()).await?;
        Ok((page.items.unwrap_or_default(), page.next_token))
    });
    let (apis, scope) = futures::try_join!(apis, aws.scope())?;
    let mut apis: Vec<Live> = concurrently_found(apis, async |api| {
        let arn = arn(scope, api.api_id().unwrap_or_default());
        let tags = calls::tags(aws, &arn, api.tags()).await?;
        Ok(Live::of(&api, tags, scope))
    })
    .await?;
    for at in 0..apis.len() {
        let claims = apis.iter().filter(|live| live.is_like(&apis[at].tags));
        if apis[at].is_owned(aws) && claims.count() > 1 {
            apis[at].routed = is_routed(aws, &apis[at].id).await?;
        }
    }
    Ok(apis)
}

async fn is_routed(aws: &Aws, id: &str) -> Result<bool> {
    let request = aws.connection.clients.apigateway.get_routes().api_id(id);
    let routes = found(aws.call("apigateway:GetRoutes", || request.clone().send()).await)?;
    Ok(routes.is_some_and(|page| !page.items().is_empty()))
}

/// Finds for each wanted node, given with its name, which of `apis` it is.
fn resolve<'a>(aws: &Aws, apis: &'a [Live], wanted: &[(&NodeId, &str)]) -> Vec<Presence<&'a Live>> {
    let of_wanted = |live: &Live| wanted.iter().any(|(id, _)| live.is_node(id));
    let one = |(id, name): &(&NodeId, &str)| {
        let ours = || apis.iter().filter(|live| live.is_owned(aws));
        // It had another key in the stack file before. A new API would have another URL.
        let rekeyed = || best(ours().filter(|live| live.name == *name && !of_wanted(live)));
        if let Some(live) = best(ours().filter(|live| live.is_node(id))).or_else(rekeyed) {
            return Presence::Ours(live);
        }
        // Several APIs may have one name, so an API of another stack with this name does not matter. An API that no
        // stack owns was most likely created by hand, and this node is meant to be that API: if a second one were
        // created silently, senders would keep posting to the first. So it stops the run like any name that is taken,
        // until it is adopted or the node gets another name. If there are several, it is unclear which one is meant,
        // and they are left alone.
        let stranger = |live: &&Live| {
            live.name == *name && live.protocol == PROTOCOL.as_str() && !live.tags.contains_key(STACK_TAG)
        };
        let mut strangers = apis.iter().filter(stranger);
        match (strangers.next(), strangers.next()) {
            (Some(live), None) => Presence::Foreign(live),
            _ => Presence::Absent,
        }
    };
    wanted.iter().map(one).collect()
}

/// The best of several APIs for the same node, which were created by calls whose answers were lost: the one whose URL
/// is most likely in use.
fn best<'a>(apis: impl Iterator<Item = &'a Live>) -> Option<&'a Live> {
    apis.min_by_key(|live| (!live.routed, live.created, &live.id))
}

fn of<L: Copy>(presence: &Presence<L>) -> Option<L> {
    match presence {
        Presence::Absent => None,
        Presence::Ours(live) | Presence::Foreign(live) => Some(*live),
    }
}

fn cloned(presence: Presence<&Live>) -> Presence<Live> {
    match presence {
        Presence::Absent => Presence::Absent,
        Presence::Ours(live) => Presence::Ours(live.clone()),
        Presence::Foreign(live) => Presence::Foreign(live.clone()),
    }
}

pub(super) fn arn(scope: &Scope, id: &str) -> String {
    let Scope {
        partition, region, ..
    } = scope;
    format!("arn:{partition}:apigateway:{region}::/apis/{id}")
}

#[cfg(test)]
mod tests;
