//! `alertctl export`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use super::{App, Outcome, files};
use crate::blueprint::{self, Address, Addresses, Home};
use crate::cli::{ExportCommand, ExportFormat, ExportStackArgs};
use crate::operate::export::{self, Exported, MOST_BYTES, MOST_RESOURCES, Source};
use crate::output::Failure;
use crate::stack::{Ciphertexts, SecretSource, Stack, is_arn};

pub async fn run(app: &App, command: &ExportCommand) -> Outcome {
    match command {
        ExportCommand::Spoke(args) => super::export_spoke::run(app, args).await,
        ExportCommand::Stack(args) => match args.format {
            ExportFormat::Cloudformation => cloudformation(app, args).await,
        },
    }
}

async fn cloudformation(app: &App, args: &ExportStackArgs) -> Outcome {
    let loaded = app.load_for(&args.file.path, Ciphertexts::Unused).await?;
    let stack = &loaded.stack;
    let home = app.written_region(stack)?;
    app.refuse_mistyped(home)?;
    let key = stack.key.existing.as_deref();
    let at = Home {
        region: home,
        account: None,
        key: key.filter(|key| is_arn(key)),
    };
    let graph = blueprint::graph(stack, at, &addresses(stack));
    let source = Source {
        stack: &stack.stack,
        home,
    };
    let mut lost = export::lost(&graph, source);
    lost.extend(of_stack(stack));
    let templates = export::exported(&graph, source, &lost);
    deployable(&templates)?;
    let files = files(args, &templates)?;
    for (file, template) in files.iter().zip(&templates) {
        files::replace(file, &template.text).map_err(|error| refused(file, &error))?;
        app.out.say(&format!("wrote `{}`", file.display()));
    }
    if let Some(file) = &args.write_code {
        let code = export::code(&graph).ok_or_else(|| {
            Failure::new(
                "the stack has no function, so there is no code to write",
                "leave out --write-code",
            )
        })?;
        fs::write(file, code.concat()).map_err(|error| refused(file, &error))?;
        app.out.say(&format!("wrote `{}`", file.display()));
    }
    for what in &lost {
        app.out.say(&format!("note: {what}"));
    }
    let written = templates.iter().enumerate().map(|(at, template)| {
        json!({
            "region": template.region.as_deref().unwrap_or(home),
            "file": files.get(at),
            "resources": template.resources,
            "template": template.document,
        })
    });
    let document = json!({
        "version": 1,
        "stack": stack.stack,
        "region": home,
        "templates": written.collect::<Vec<_>>(),
        "not_exported": lost,
    });
    let text = match args.write {
        Some(_) => String::new(),
        None => templates
            .first()
            .map_or_else(String::new, |template| template.text.trim_end().to_owned()),
    };
    match (app.out.format, text.is_empty()) {
        (crate::cli::Format::Text | crate::cli::Format::Markdown, true) => {}
        _ => app.out.result(|| text, || document)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A ciphertext is good for the key that made it, and a key of the template does not exist yet. Those in the settings are in
/// the package of the code.
fn addresses(stack: &Stack) -> Addresses {
    let at_hand = stack.key.existing.is_some() || blueprint::in_settings(stack);
    let address = |source: &SecretSource| match source {
        SecretSource::Encrypted { ciphertext, .. } if at_hand => Address::Ciphertext(ciphertext.clone()),
        SecretSource::Encrypted { .. } | SecretSource::Env(_) => Address::NotAtHand,
    };
    let channels = stack.channels.iter();
    channels
        .map(|(key, channel)| (key.clone(), address(&channel.address)))
        .collect()
}

/// What alertctl does for every stack, and CloudFormation does not.
fn of_stack(stack: &Stack) -> Vec<String> {
    let mut lost = Vec::new();
    if !stack.channels.is_empty() {
        lost.push(match stack.key.existing {
            Some(_) => "an address that the stack file takes from the environment is a parameter: its ciphertext is \
                        made with the stack's key before the template is deployed"
                .to_owned(),
            None => "the addresses of channels are parameters: they are encrypted with a key that the template makes, \
                     so the template is deployed without them first, and again with their ciphertexts"
                .to_owned(),
        });
    }
    if blueprint::in_settings(stack) {
        lost.push(
            "the ciphertexts of the channels' addresses are in the package of the code, and must be for the key of \
             the template: export the package again once they are in the stack file"
                .to_owned(),
        );
    }
    lost.push(
        "CloudFormation keeps whatever is protected here when it leaves the template, and deletes everything else \
         without asking"
            .to_owned(),
    );
    lost.push(
        "nobody checks before a deployment what `alertctl plan` checks: quotas, permissions, metrics that do not \
         exist, and what the stack relies on without owning it"
            .to_owned(),
    );
    lost.push(
        "alertctl does not take the resources for its own: `alertctl apply` of the same stack in the same account and \
         region is refused, since the names are taken, and `status`, `list` and `destroy` do not see it"
            .to_owned(),
    );
    lost
}

/// # Errors
/// CloudFormation would not take a template.
fn deployable(templates: &[Exported]) -> Result<(), Failure> {
    let large = templates
        .iter()
        .find(|template| template.resources > MOST_RESOURCES || template.text.len() > MOST_BYTES);
    large.map_or(Ok(()), |template| {
        Err(Failure::new(
            format!(
                "the template has {} resources and {} bytes, and CloudFormation takes at most {MOST_RESOURCES} \
                 resources and {MOST_BYTES} bytes in one",
                template.resources,
                template.text.len()
            ),
            "split the stack file into several stacks, or deploy it with `alertctl apply`",
        ))
    })
}

/// The file of each template, if they are written to files.
///
/// # Errors
/// There are several, and they are to be printed.
fn files(args: &ExportStackArgs, templates: &[Exported]) -> Result<Vec<PathBuf>, Failure> {
    let Some(first) = &args.write else {
        let others: Vec<_> = templates.iter().filter_map(|one| one.region.as_deref()).collect();
        return match others.is_empty() {
            true => Ok(Vec::new()),
            false => Err(Failure::new(
                format!(
                    "the stack also has resources in {}, and a template is for one region",
                    others.join(", ")
                ),
                "pass --write FILE, which writes one file for each region, or --output json",
            )),
        };
    };
    let named = |template: &Exported| match &template.region {
        None => first.clone(),
        Some(region) => {
            let extension = first.extension().map(|one| one.to_string_lossy().into_owned());
            first.with_extension(match extension {
                Some(extension) => format!("{region}.{extension}"),
                None => region.clone(),
            })
        }
    };
    Ok(templates.iter().map(named).collect())
}

fn refused(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        format!("cannot write `{}`: {error}", path.display()),
        "choose a file in an existing directory that you can write to",
    )
}
