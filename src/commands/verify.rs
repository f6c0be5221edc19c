//! `alertctl verify`.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::planned::look;
use super::{App, Outcome, addresses};
use crate::blueprint;
use crate::cli::{Adopt, VerifyArgs};
use crate::engine::plan::Plan;
use crate::output::{self, Failure, line};
use crate::resource::lambda::function::{Code, CodeVerdict, LambdaFunction, Live, SettingsVerdict, Verified};
use crate::resource::{NodeId, Resource as _};

/// Indentation below a function's name.
const INDENT: &str = "           ";

/// A function of the stack, and the result for it; `None` if the function does not exist or is not the stack's.
struct Row<'a> {
    id: &'a NodeId,
    name: String,
    found: Option<Verified>,
}

pub async fn run(app: &App, args: &VerifyArgs) -> Outcome {
    let loaded = app.load(&args.file.path).await?;
    let stack = &loaded.stack;
    let access = app.access(&stack.stack, stack.region.as_deref()).await?;
    let addresses = addresses::resolve(app, stack, &access, addresses::Missing::LeaveOut).await?;
    let graph = blueprint::graph(stack, access.home(stack).await?, &addresses);
    let plan = look(&access.aws, &graph, &Adopt::default()).await?;
    app.warn_of(&plan);
    let functions = graph.nodes().iter().filter_map(|node| {
        let function = node.resource.as_any().downcast_ref::<LambdaFunction>()?;
        Some((&node.id, function))
    });
    let rows: Vec<_> = functions
        .clone()
        .map(|(id, function)| Row {
            id,
            name: function.name(),
            found: live(&plan, id).map(|live| function.verify(live)),
        })
        .collect();
    let ships = functions.map(|(_, function)| &function.code).next();
    let verified = rows.iter().all(Row::ok);
    app.out.result(
        || text(&plan, ships, &rows),
        || {
            json!({
                "version": 1,
                "stack": plan.stack,
                "account": plan.scope.account,
                "region": plan.scope.region,
                "verified": verified,
                "relay": ships.map(|code| &*code.relay),
                "functions": rows.iter().map(Row::json).collect::<Vec<_>>(),
            })
        },
    )?;
    if verified {
        return Ok(ExitCode::SUCCESS);
    }
    let apply = app.again(["apply".to_owned(), loaded.source.name().to_owned()]);
    app.out.say(&format!(
        "help: `{apply}` uploads what this alertctl ships; review its plan first"
    ));
    Err(Failure::Reported)
}

/// The observed function `id` of the stack.
fn live<'a>(plan: &'a Plan, id: &NodeId) -> Option<&'a Live> {
    let step = plan.steps.iter().find(|step| step.id == *id)?;
    step.live.as_ref()?.downcast_ref()
}

impl Row<'_> {
    fn ok(&self) -> bool {
        self.found.as_ref().is_some_and(Verified::ok)
    }

    fn json(&self) -> Value {
        let mut row =
            json!({ "id": self.id, "name": self.name, "ok": self.ok(), "exists": self.found.is_some() });
        if let (Some(row), Ok(Value::Object(found))) =
            (row.as_object_mut(), serde_json::to_value(&self.found))
        {
            row.extend(found);
        }
        row
    }
}

fn text(plan: &Plan, ships: Option<&Code>, rows: &[Row<'_>]) -> String {
    let place = &plan.scope;
    let mut lines = vec![format!(
        "stack {} in account {}, {}",
        plan.stack, place.account, place.region
    )];
    match ships {
        Some(code) => lines.push(format!("this alertctl ships relay {}\n", code.relay)),
        None => lines.push("the stack has no function".to_owned()),
    }
    for row in rows {
        let state = if row.ok() { "ok" } else { "differs" };
        let what = row
            .found
            .as_ref()
            .map_or("the stack's function does not exist".to_owned(), code);
        lines.push(format!(
            "{}  {}  {}  {what}",
            output::state(state),
            row.id,
            row.name
        ));
        let Some(found) = &row.found else { continue };
        if found.settings == SettingsVerdict::Other {
            lines.push(format!(
                "{INDENT}settings: not those of the stack file; `alertctl plan` shows them"
            ));
        }
        for change in found.differs.iter() {
            let side = |side: &Option<_>| side.as_ref().map_or_else(|| "(none)".to_owned(), line);
            lines.push(format!(
                "{INDENT}{}: {} → {}",
                change.field,
                side(&change.from),
                side(&change.to)
            ));
        }
        lines.extend(found.failure.iter().map(|why| format!("{INDENT}{why}")));
        let (digest, when) = (&found.code_sha256, &found.last_modified);
        lines.push(format!("{INDENT}CodeSha256 {digest}, last modified {when}"));
    }
    lines.join("\n")
}

/// The text about a function's code.
fn code(found: &Verified) -> String {
    let relay = found
        .relay
        .as_ref()
        .map_or_else(String::new, |relay| format!(": relay {relay}"));
    match found.code {
        CodeVerdict::EqualBytes => "runs exactly this package".to_owned(),
        CodeVerdict::SameRelay if found.settings == SettingsVerdict::Other => {
            "runs the same relay".to_owned()
        }
        CodeVerdict::SameRelay => "runs the same relay from another build".to_owned(),
        CodeVerdict::Older => format!("runs an older relay{relay}"),
        CodeVerdict::Newer => format!("runs a newer relay{relay}"),
        CodeVerdict::OtherSources => format!("runs this version from other sources{relay}"),
        CodeVerdict::ChangedByHand => "was changed by somebody else after alertctl uploaded it".to_owned(),
        CodeVerdict::Unknown => "runs code of unknown origin".to_owned(),
    }
}
