//! `alertctl status`.

use std::process::ExitCode;

use serde_json::json;

use super::endpoints::{self, Endpoint};
use super::plan::look;
use super::{App, Outcome, webhooks};
use crate::blueprint;
use crate::cli::{Adopt, StatusArgs};
use crate::graph::Graph;

pub async fn run(app: &App, args: &StatusArgs) -> Outcome {
    let (access, loaded) = app.access_by_name(&args.which).await?;
    let graph = match &loaded {
        Some(loaded) => {
            let missing = webhooks::Missing::LeaveOut;
            let webhooks = webhooks::resolve(app, &loaded.stack, &access, missing).await?;
            blueprint::graph(&loaded.stack, access.region(), &webhooks)
        }
        None => Graph::default(),
    };
    let plan = look(&access.aws, &graph, &Adopt { nodes: Vec::new() }).await?;
    app.warn_of(&plan);
    let endpoints = match &loaded {
        Some(loaded) => endpoints::of(&loaded.stack, &access.aws, &plan.known),
        None => Vec::new(),
    };
    let text = || {
        let told = endpoints.iter().map(Endpoint::text);
        [plan.status_text().trim_end().to_owned()]
            .into_iter()
            .chain(told)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let document = || {
        let mut document = plan.status_json();
        document["endpoints"] = json!(endpoints);
        document
    };
    app.out.result(text, document);
    Ok(ExitCode::SUCCESS)
}
