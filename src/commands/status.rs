//! `alertctl status`.

use std::process::ExitCode;

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
            blueprint::graph(&loaded.stack, &webhooks)
        }
        None => Graph::default(),
    };
    let plan = look(&access.aws, &graph, &Adopt { nodes: Vec::new() }).await?;
    app.out.result(|| plan.status_text(), || plan.status_json());
    Ok(ExitCode::SUCCESS)
}
