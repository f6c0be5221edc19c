//! A saved plan: created by `plan --save`, reviewed by a person, and executed by `apply` either unchanged or
//! not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use alertctl_relay::{ChannelKey, webhook_variable};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::addresses::Missing;
use super::planned::{Planned, json};
use super::{App, Outcome, files};
use crate::aws::Scope;
use crate::cli::{Adopt, ApplyArgs, Detail};
use crate::engine::plan::{Action, Plan};
use crate::output::{Failure, with_warnings};

/// The version of the file's format.
const VERSION: u32 = 1;

/// The marker is within this many bytes.
const HEAD: u64 = 4096;

/// Largest file, in bytes, that is accepted as a plan.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Most differences that are listed.
const LISTED_AT_MOST: usize = 10;

/// The content of the file: what the plan was made from, and the document of `plan --output json`, which
/// contains no secrets.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// [`VERSION`]; the name of this field distinguishes a saved plan from a stack file.
    alertctl_plan: u32,
    /// The version of the tool: another version may do different things for the same plan.
    alertctl: String,
    /// The stack file's path as the user gave it.
    file: PathBuf,
    /// The files that are laid over it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    further: Vec<PathBuf>,
    /// SHA-256 of the files' bytes, and of the variables in them, in hex.
    sha256: String,
    account: String,
    region: String,
    /// The nodes of `--adopt`.
    adopt: Vec<String>,
    /// Channels whose address was not available: `apply` reads it, and changes that result from it alone count
    /// as approved.
    #[serde(rename = "without_webhooks", default, skip_serializing_if = "Vec::is_empty")]
    without_addresses: Vec<String>,
    plan: Value,
}

/// Refuses to overwrite a file that is not a saved plan, such as a stack file given by mistake.
pub fn refuse_other_file(path: &Path) -> Result<(), Failure> {
    match fs::metadata(path) {
        Ok(file) if !(file.is_file() && file.len() == 0 || is_saved(path)) => Err(Failure::new(
            format!(
                "`{}` exists and is not a saved plan, so it was not overwritten",
                path.display()
            ),
            "choose another file for `--save`",
        )),
        _ => Ok(()),
    }
}

/// Refuses to save a plan of a stack file that can only be read once, because `apply` reads it again.
pub fn refuse_pipe(file: &Path) -> Result<(), Failure> {
    let is_pipe = fs::metadata(file).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir());
    if !is_pipe && file != Path::new("-") {
        return Ok(());
    }
    Err(Failure::new(
        format!(
            "a plan made from `{}` could not be applied: `apply` reads the stack file again, and by then the \
             pipe is empty",
            file.display()
        ),
        "write the stack file to disk first, and pass its path",
    ))
}

/// Refuses a saved plan where a stack file is expected.
pub fn refuse_as_stack(path: &Path) -> Result<(), Failure> {
    if !is_saved(path) {
        return Ok(());
    }
    let name = path.display();
    Err(Failure::new(
        format!("`{name}` is a saved plan, not a stack file"),
        format!("`alertctl apply {name}` runs it; other commands take the stack file that it was made from"),
    ))
}

/// Writes `planned` to `path`.
pub fn save(app: &App, path: &Path, file: &Path, adopt: &Adopt, planned: &Planned) -> Result<(), Failure> {
    let scope = &planned.plan.scope;
    let saved = Saved {
        alertctl_plan: VERSION,
        alertctl: env!("CARGO_PKG_VERSION").to_owned(),
        file: file.to_owned(),
        further: app.global.stack.files.clone(),
        sha256: planned.loaded.sha256.clone(),
        account: scope.account.clone(),
        region: scope.region.clone(),
        // Listed one by one: a resource that is found later under a name of the stack was not reviewed.
        adopt: named(adopt, &planned.plan),
        without_addresses: planned.without_addresses.clone(),
        plan: with_warnings(json(&planned.plan)),
    };
    let text = serde_json::to_string_pretty(&saved).map_err(|error| error.to_string());
    let written =
        text.and_then(|text| files::replace(path, &(text + "\n")).map_err(|error| error.to_string()));
    written.map_err(|error| {
        Failure::new(
            format!("the plan cannot be saved to `{}`: {error}", path.display()),
            "choose a file in a directory that you can write to",
        )
    })?;
    let apply = app.again(["apply".to_owned(), path.display().to_string()]);
    app.out
        .say(&format!("saved to `{}`; run it with `{apply}`", path.display()));
    Ok(())
}

/// The saved plan in `path`; `None` if the file is something else, such as a stack file.
///
/// # Errors
/// The saved plan cannot be read, or has another format version.
pub fn read(path: &Path) -> Result<Option<Saved>, Failure> {
    if !is_saved(path) {
        return Ok(None);
    }
    let name = path.display();
    let make = "create it again with `alertctl plan --save`";
    let text = head(path, MAX_BYTES)
        .map_err(|error| Failure::new(format!("cannot read `{name}`: {error}"), "check its permissions"))?;
    // Checked first, because another version has other fields.
    let version = serde_json::from_slice::<Value>(&text)
        .map(|document| document["alertctl_plan"].as_u64())
        .unwrap_or(Some(VERSION.into()));
    if version != Some(VERSION.into()) {
        let text = format!("the saved plan `{name}` was made by another version of alertctl");
        return Err(Failure::new(text, make));
    }
    let saved = serde_json::from_slice(&text);
    saved
        .map(Some)
        .map_err(|error| Failure::new(format!("the saved plan `{name}` is damaged: {error}"), make))
}

/// Prints the saved plan in `path` as `alertctl plan` printed it.
pub fn show(app: &App, path: &Path, detail: Detail) -> Outcome {
    let name = path.display();
    let Some(saved) = read(path)? else {
        return Err(Failure::new(
            format!("`{name}` is not a saved plan"),
            "pass a file that `alertctl plan --save` wrote",
        ));
    };
    let plan = Plan::of_document(&saved.plan).map_err(|error| {
        Failure::new(
            format!("the saved plan `{name}` is damaged: {error}"),
            "create it again with `alertctl plan --save`",
        )
    })?;
    app.out.result(|| plan.text(detail), || saved.plan.clone())?;
    Ok(ExitCode::SUCCESS)
}

/// Observes and plans again for `saved`, which was read from `args.path`.
///
/// # Errors
/// Something that the plan was made from has changed; in that case nothing is executed.
pub async fn made_again(app: &App, args: &ApplyArgs, saved: &Saved) -> Result<(Planned, String), Failure> {
    let name = args.path.display();
    let further = app.global.stack.files.first().map(|_| "-f".to_owned());
    if let Some(flag) = args.adopt.words().next().or(further) {
        return Err(Failure::new(
            format!("`{flag}` cannot be added to the saved plan `{name}`"),
            format!("pass it when you create the plan: `alertctl plan {flag} … --save …`"),
        ));
    }
    if !saved.file.exists() {
        return Err(Failure::new(
            format!(
                "the saved plan `{name}` was made from `{}`, which does not exist here",
                saved.file.display()
            ),
            "run it in the directory where `alertctl plan` ran, with the same stack file",
        ));
    }
    let app = &app.with_files(saved.further.clone());
    let loaded = app.load_to_deploy(&saved.file).await?;
    let anew = saved.again(app, &args.path, loaded.stack.region.as_deref());
    let refused = |what: String| {
        let help = format!("nothing was changed; to create and review a new plan, run `{anew}`");
        Err(Failure::new(
            format!("the saved plan `{name}` is out of date: {what}"),
            help,
        ))
    };
    let tool = env!("CARGO_PKG_VERSION");
    if saved.alertctl != tool {
        return refused(format!(
            "it was made by alertctl {}, this is {tool}",
            saved.alertctl
        ));
    }
    if saved.sha256 != loaded.sha256 {
        let more = match loaded.is_plain {
            true => "",
            false => ", or a file or variable that belongs to it,",
        };
        return refused(format!("`{}`{more} has changed since", saved.file.display()));
    }
    let access = app.access(&loaded.stack.stack, Some(&saved.region)).await?;
    if let Some(elsewhere) = saved.elsewhere(access.aws.scope().await?) {
        return refused(elsewhere);
    }
    let adopt = Adopt {
        nodes: saved.adopt.clone(),
        all: false,
    };
    let planned = Planned::of(app, loaded, access, &adopt, Missing::Refuse).await?;
    let mut now = json(&planned.plan);
    leave_out_addresses(&mut now, &saved.without_addresses);
    let differences = differences(&saved.plan, &now);
    if !differences.is_empty() {
        let more = differences.len().saturating_sub(LISTED_AT_MOST);
        let mut lines = differences.into_iter().take(LISTED_AT_MOST).collect::<Vec<_>>();
        lines.extend((more > 0).then(|| format!("… {more} more")));
        let place = &saved.account;
        return refused(format!(
            "account {place} has changed since\n    {}",
            lines.join("\n    ")
        ));
    }
    Ok((planned, anew))
}

/// The ids of all nodes that `adopt` adopts.
fn named(adopt: &Adopt, plan: &Plan) -> Vec<String> {
    let taken = plan
        .steps
        .iter()
        .filter(|step| adopt.all && step.action == Action::Adopt);
    let mut nodes = adopt.nodes.clone();
    nodes.extend(
        taken
            .map(|step| step.id.to_string())
            .filter(|id| !adopt.nodes.contains(id)),
    );
    nodes
}

impl Saved {
    fn elsewhere(&self, scope: &Scope) -> Option<String> {
        let Scope { account, region, .. } = scope;
        let here = [
            ("account", &self.account, account),
            ("region", &self.region, region),
        ];
        let other = here.into_iter().find(|(_, then, now)| then != now);
        other.map(|(what, then, now)| format!("it is for {what} {then}, and this is {now}"))
    }

    /// The command that creates the plan again; `home` is the region in the stack file.
    fn again(&self, app: &App, path: &Path, home: Option<&str>) -> String {
        let words = ["plan".to_owned(), self.file.display().to_string()];
        let save = ["--save".to_owned(), path.display().to_string()];
        let adopt = self
            .adopt
            .iter()
            .flat_map(|node| ["--adopt".to_owned(), node.clone()]);
        let elsewhere = app.global.region.is_none() && home != Some(&self.region);
        let region = elsewhere.then(|| ["--region".to_owned(), self.region.clone()]);
        let words = words.into_iter().chain(save).chain(adopt);
        app.again(words.chain(region.into_iter().flatten()))
    }
}

/// Removes the addresses of `channels` from a plan's document, as if they were not available.
fn leave_out_addresses(plan: &mut Value, channels: &[String]) {
    let field = |channel: &String| format!("environment.{}", webhook_variable(&ChannelKey(channel.clone())));
    let fields: Vec<_> = channels.iter().map(field).collect();
    for step in plan["steps"].as_array_mut().into_iter().flatten() {
        let Some(changes) = step["changes"].as_array_mut() else {
            continue;
        };
        let before = changes.len();
        changes.retain(|change| !fields.iter().any(|field| change["field"] == **field));
        let nothing_left = changes.is_empty() && before > 0;
        if nothing_left && step["action"] == "update" {
            step["action"] = "keep".into();
        }
    }
}

/// The differences between two plans, one sentence each. Both are documents of `plan --output json`.
fn differences(then: &Value, now: &Value) -> Vec<String> {
    let (before, after) = (steps(then), steps(now));
    let mut lines = Vec::new();
    for key in before
        .keys()
        .chain(after.keys().filter(|key| !before.contains_key(*key)))
    {
        let (id, name) = key;
        let what = match (before.get(key), after.get(key)) {
            (Some(then), Some(now)) => difference(then, now),
            (Some(_), None) => Some("no longer exists".to_owned()),
            (None, _) => Some("was not there".to_owned()),
        };
        lines.extend(what.map(|what| format!("{id} ({name}): {what}")));
    }
    for conflict in now["conflicts"].as_array().into_iter().flatten() {
        let (id, name) = (text(conflict, "id"), text(conflict, "name"));
        lines.push(format!("{id} ({name}): exists now and is not part of this stack"));
    }
    if then["stack"] != now["stack"] {
        lines.push("the stack has another name".to_owned());
    }
    lines
}

/// The steps by id and name: a resource that moves has two steps with different names.
fn steps(plan: &Value) -> BTreeMap<(&str, &str), &Value> {
    let steps = plan["steps"].as_array().into_iter().flatten();
    steps
        .map(|step| ((text(step, "id"), text(step, "name")), step))
        .collect()
}

fn difference(then: &Value, now: &Value) -> Option<String> {
    let action = |step| match text(step, "action") {
        "keep" => "unchanged".to_owned(),
        other => format!("to {other}"),
    };
    if action(then) != action(now) {
        return Some(format!("was {}, is now {}", action(then), action(now)));
    }
    if then["arn"] != now["arn"] {
        return Some("is a different resource with that name".to_owned());
    }
    let fields = |step: &Value| -> BTreeMap<String, Value> {
        let changes = step["changes"].as_array().into_iter().flatten();
        changes
            .map(|change| (text(change, "field").to_owned(), change.clone()))
            .collect()
    };
    let (before, after) = (fields(then), fields(now));
    let differ = |field: &&String| before.get(*field) != after.get(*field);
    let added = after.keys().filter(|field| !before.contains_key(*field));
    let fields: Vec<_> = before.keys().chain(added).filter(differ).cloned().collect();
    if !fields.is_empty() {
        return Some(format!("differs in {}", fields.join(", ")));
    }
    // The amount of data that is lost may change, but that data is lost at all must have been shown.
    let loses = text(now, "action") == "delete" && then["remark"].is_null() && !now["remark"].is_null();
    loses.then(|| text(now, "remark").to_owned())
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// Recognizes a saved plan by its content, whatever its name.
fn is_saved(path: &Path) -> bool {
    // Reading from a pipe would consume its content.
    let is_file = fs::metadata(path).is_ok_and(|file| file.is_file());
    let Some(head) = is_file.then(|| head(path, HEAD).ok()).flatten() else {
        return false;
    };
    let head = String::from_utf8_lossy(&head);
    head.trim_start().starts_with('{') && head.contains("\"alertctl_plan\"")
}

fn head(path: &Path, bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    fs::File::open(path)?.take(bytes).read_to_end(&mut head)?;
    Ok(head)
}
