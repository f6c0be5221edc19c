//! `alertctl export spoke`.

use std::fs;
use std::process::ExitCode;

use serde_json::json;

use super::{App, Outcome, files};
use crate::blueprint::{Names, spoke};
use crate::cli::{ExportSpokeArgs, SpokeFormat};
use crate::operate::export::{SpokeFile, Spokes};
use crate::output::Failure;
use crate::partition::Partition;
use crate::stack::Ciphertexts;

/// Writes the spokes of the stack's organization for another pipeline.
pub async fn run(app: &App, args: &ExportSpokeArgs) -> Outcome {
    let loaded = app.load_for(&args.file.path, Ciphertexts::Unused).await?;
    let stack = &loaded.stack;
    let Some(organization) = &stack.organization else {
        return Err(Failure::new(
            format!(
                "the stack `{}` names no organization, so that it has no spokes",
                stack.stack
            ),
            "add `organization:` to the stack file",
        ));
    };
    let home = app.written_region(stack)?;
    app.refuse_mistyped(home)?;
    let account = args.hub_account.as_deref().unwrap_or_default();
    let partition = Partition::of_region(home).id;
    let bus = Names::of(stack).members_bus();
    let template = spoke::template(stack, organization, home);
    let spokes = Spokes {
        stack: &stack.stack,
        template: &template,
        description: spoke::description(stack),
        parameters: vec![
            (spoke::HUB_ACCOUNT.to_owned(), account.to_owned()),
            (
                spoke::HUB_BUS.to_owned(),
                format!("arn:{partition}:events:{home}:{account}:event-bus/{bus}"),
            ),
        ],
        regions: stack.regions_of_members(organization, home),
        except: organization
            .except
            .iter()
            .cloned()
            .chain(args.hub_account.clone())
            .collect(),
    };
    let written = match args.format {
        SpokeFormat::Cloudformation => vec![spokes.cloudformation()],
        SpokeFormat::Terraform => vec![spokes.terraform()],
        SpokeFormat::Lza => spokes.lza(),
        SpokeFormat::Cfct => spokes.cfct(home),
    };
    if organization.deploy {
        app.out.warn(
            "`alertctl apply` deploys spokes, too, and each event would arrive twice: write `deploy: false` in `organization`",
        );
    }
    if let Some(directory) = &args.write {
        for file in &written {
            let path = directory.join(&file.path);
            let made = path.parent().map_or(Ok(()), fs::create_dir_all);
            made.and_then(|()| files::replace(&path, &file.text))
                .map_err(|error| {
                    Failure::new(
                        format!("cannot write `{}`: {error}", path.display()),
                        "choose another directory with --write",
                    )
                })?;
            app.out.say(&format!("wrote `{}`", path.display()));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let text = || {
        written
            .iter()
            .map(|file| file.text.trim_end())
            .collect::<Vec<_>>()
            .join("\n")
    };
    let listed = |file: &SpokeFile| json!({ "path": file.path, "text": file.text });
    let document = || {
        json!({
            "version": 1,
            "files": written.iter().map(listed).collect::<Vec<_>>(),
            "template": spokes.document(),
        })
    };
    app.out.result(text, document)?;
    Ok(ExitCode::SUCCESS)
}
