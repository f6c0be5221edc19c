//! `alertctl import`.

use std::process::ExitCode;

use serde_json::json;

use super::{App, Outcome};
use crate::cli::{Format, ImportArgs};
use crate::operate::import::{Imported, Request, import};
use crate::output::{Failure, defects};
use crate::resource::inventory::{Inventory, Selection};

/// Writes a stack file of what alerts in the account already.
pub async fn run(app: &App, args: &ImportArgs) -> Outcome {
    let access = app.access("", None).await?;
    let selection = Selection {
        prefix: args.prefix.clone().filter(|prefix| !prefix.is_empty()),
        tags: args.tags.clone(),
    };
    let inventory = Inventory::read(&access.aws, &selection).await?;
    let scope = access.aws.scope().await?;
    let request = Request {
        stack: &args.stack,
        scope,
        selection: &selection,
    };
    let imported = import(&inventory, &request).map_err(|reason| {
        Failure::new(
            format!("the stack file would not be valid: {reason}"),
            "choose another name with `--stack`, or import less at once with `--prefix` or `--tag`",
        )
    })?;
    for unread in &inventory.unread {
        app.out
            .warn(&format!("{} could not be read: {}", unread.what, unread.fault));
    }
    let Imported {
        text,
        alarms,
        rules,
        topics,
        left_out,
        defects: found,
    } = &imported;
    app.out.result(
        || text.trim_end().to_owned(),
        || {
            let left_out = left_out
                .iter()
                .map(|one| json!({ "what": one.what, "name": one.name, "reason": one.reason }));
            let unread = inventory.unread.iter().map(
                |one| json!({ "what": one.what, "action": one.fault.action, "error": one.fault.bare() }),
            );
            json!({
                "version": 1,
                "account": scope.account,
                "region": scope.region,
                "stack_file": text,
                "alarms": alarms,
                "rules": rules,
                "topics": topics,
                "left_out": left_out.collect::<Vec<_>>(),
                "unread": unread.collect::<Vec<_>>(),
                "defects": found,
            })
        },
    )?;
    if app.out.format != Format::Json {
        if !found.is_empty() {
            app.out.say(&defects::text(found));
        }
        app.out.say(&defects::summary(&imported));
    }
    Ok(ExitCode::SUCCESS)
}
