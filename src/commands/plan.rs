//! `alertctl plan`.

use std::process::ExitCode;

use serde_json::json;

use super::addresses::Missing;
use super::backtest::look_back;
use super::planned::{Planned, json};
use super::refusals::refuse_conflicts;
use super::{App, Outcome, absorb, saved};
use crate::cli::{Format, PlanArgs};
use crate::operate::backtest::Past;
use crate::output::Failure;

/// `plan --detailed-exitcode`: there are changes.
const CHANGES: u8 = 2;

pub async fn run(app: &App, args: &PlanArgs) -> Outcome {
    if let Some(path) = &args.save {
        saved::refuse_other_file(path)?;
        let further = app.global.stack.files.iter();
        further
            .chain([&args.file.path])
            .try_for_each(|file| saved::refuse_pipe(file))?;
    }
    let file = args.file.path.display().to_string();
    let made = async {
        let make = async || Planned::make(app, &args.file.path, &args.adopt, Missing::LeaveOut).await;
        let mut planned = make().await?;
        let before = match &args.base {
            // As it is: what lies over it now may not have been there. It may be a pipe, which can be read once.
            Some(base) => Some(app.with_files(vec![]).load(base).await?),
            None => None,
        };
        if let Some(before) = &before {
            planned.hold_against(app, before).await?;
        }
        let mut absorbed = None;
        if args.absorb {
            absorbed = Some(absorb::absorb(app, &args.file.path, &planned)?);
            planned = make().await?;
            if let Some(before) = &before {
                planned.hold_against(app, before).await?;
            }
        }
        let verdict = match args.preflight {
            true => planned.preflight(app).await,
            false => None,
        };
        Ok::<_, Failure>((planned, verdict, absorbed))
    };
    let (planned, verdict, absorbed) = match made.await {
        Ok(made) => made,
        Err(failure) => {
            if let Err(unwritten) = app.out.comment(|| failure.markdown(&file)) {
                app.out.warn(&unwritten.to_string());
            }
            return Err(failure);
        }
    };
    let plan = &planned.plan;
    let past = look_back(app, &planned, args.backtest).await;
    let further = past.as_ref().map(Past::markdown).unwrap_or_default();
    app.out
        .comment(|| plan.markdown(&file, &planned.cautions, &further))?;
    let text = || match &past {
        Some(past) => format!("{}\n\n{}", plan.text(args.detail), past.text()),
        None => plan.text(args.detail),
    };
    if app.out.format == Format::Markdown {
        // Standard output is the text of a comment, so the plan is also shown in the pipeline's log.
        app.out.fold("plan", &plan.title(), &text());
    } else {
        let document = || {
            let mut document = json(plan);
            if let Some(verdict) = &verdict {
                document["lacking"] = verdict.json();
            }
            if let Some(absorbed) = &absorbed {
                document["absorbed"] = absorbed.json();
            }
            if !planned.without_addresses.is_empty() {
                document["without_webhooks"] = json!(planned.without_addresses);
            }
            if let Some(past) = &past {
                document["backtest"] = past.json();
            }
            document
        };
        app.out.result(text, document)?;
    }
    app.warn_of(plan);
    if app.out.format == Format::Json && !plan.conflicts.is_empty() {
        // The document contains the error; a second document would make the output invalid.
        return Err(Failure::Reported);
    }
    refuse_conflicts(plan)?;
    app.out.refuse_warnings(args.strict, true)?;
    if let Some(path) = &args.save {
        saved::save(app, path, &args.file.path, &args.adopt, &planned)?;
    }
    let changes = args.detailed_exitcode && plan.has_changes();
    Ok(if changes {
        ExitCode::from(CHANGES)
    } else {
        ExitCode::SUCCESS
    })
}
