//! `alertctl status`.

use std::process::ExitCode;

use serde_json::json;

use super::decryption::{self, Checked};
use super::endpoints::{self, Endpoint};
use super::planned::look;
use super::{App, Outcome, addresses, mutes};
use crate::blueprint;
use crate::cli::{Adopt, StatusArgs};
use crate::engine::graph::Graph;
use crate::output::{MuteRow, Row};
use crate::stack::Ciphertexts;

pub async fn run(app: &App, args: &StatusArgs) -> Outcome {
    if args.org {
        return super::coverage::run(app, args).await;
    }
    let (access, loaded) = app.access_by_name(&args.which, Ciphertexts::Used).await?;
    let graph = match &loaded {
        Some(loaded) => {
            let missing = addresses::Missing::LeaveOut;
            let addresses = addresses::resolve(app, &loaded.stack, &access, missing).await?;
            blueprint::graph(&loaded.stack, access.home(&loaded.stack).await?, &addresses)
        }
        None => Graph::default(),
    };
    let (aws, plan) = match args.wait.wait {
        true => app.until_ready(access.aws, &graph, &args.wait).await?,
        false => {
            let plan = look(&access.aws, &graph, &Adopt::default()).await?;
            (access.aws, plan)
        }
    };
    app.warn_of(&plan);
    let checked = decryption::check(&aws, &plan, loaded.as_ref().map(|loaded| &loaded.stack)).await?;
    let endpoints = match &loaded {
        Some(loaded) => endpoints::of(&loaded.stack, &aws, &plan.known),
        None => Vec::new(),
    };
    let muted = match &loaded {
        Some(loaded) => mutes::active(app, &aws, &loaded.stack).await?,
        None => Vec::new(),
    };
    // The AWS console does not show resources of an emulated AWS.
    let pages = !aws.connection.emulated;
    let text = || {
        let addresses = endpoints.iter().map(Endpoint::text);
        let settings = loaded.as_ref().map(|loaded| blueprint::settings(&loaded.stack));
        let settings = settings.unwrap_or_default();
        let muted = muted.iter().map(|row| row.text_as("muted", &settings));
        let of_channels = checked
            .iter()
            .map(|one| Row::new(one.state(), format!("address/{}", one.channel), one.text()));
        [plan
            .status_text(pages, of_channels.collect())
            .trim_end()
            .to_owned()]
        .into_iter()
        .chain(muted)
        .chain(addresses)
        .collect::<Vec<_>>()
        .join("\n")
    };
    let document = || {
        let mut document = plan.status_json(pages);
        document["endpoints"] = json!(endpoints);
        document["webhooks"] = json!(checked);
        document["mutes"] = json!(muted.iter().map(MuteRow::json).collect::<Vec<_>>());
        let undecrypted: Vec<_> = checked.iter().filter_map(Checked::not_ready).collect();
        if !undecrypted.is_empty() {
            document["ready"] = json!(false);
            if let Some(list) = document["not_ready"].as_array_mut() {
                list.extend(undecrypted.iter().map(|one| json!(one)));
            }
        }
        document
    };
    app.out.result(text, document)?;
    if args.wait.wait {
        let which = match (&loaded, &args.which.stack) {
            (Some(loaded), _) => vec![loaded.source.name().to_owned()],
            (None, stack) => ["--stack".to_owned()].into_iter().chain(stack.clone()).collect(),
        };
        let words = |command: &str| [command.to_owned()].into_iter().chain(which.clone());
        let wait = app.again(words("status").chain(["--wait".to_owned()]));
        let apply = loaded.as_ref().map(|_| app.again(words("apply")));
        let file = loaded.as_ref().map(|loaded| loaded.source.name());
        app.refuse_not_ready(&plan, app.undecrypted(&checked, file), &wait, apply.as_deref())?;
    }
    Ok(ExitCode::SUCCESS)
}
