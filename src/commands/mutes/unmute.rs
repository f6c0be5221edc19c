//! `alertctl unmute`.

use std::process::ExitCode;

use alertctl_relay::Announcement;
use serde_json::json;

use super::{Found, announce, caller, delete_expired, found};
use crate::cli::UnmuteArgs;
use crate::commands::{App, Outcome};
use crate::output::Failure;
use crate::stack::{Stack, nearest};

pub async fn run(app: &App, args: &UnmuteArgs) -> Outcome {
    let words = args.words();
    if args.all != words.names.is_empty() {
        let what = match args.all {
            true => "`--all` ends all mutes, so none is named",
            false => "no mute is named",
        };
        return Err(Failure::new(
            what,
            "`alertctl mutes` lists the names; `--all` ends all that `alertctl mute` began",
        ));
    }
    let loaded = app.load(&words.path).await?;
    let stack = &loaded.stack;
    let file = words.path.display().to_string();
    let access = app.access_at_home(&stack.stack, stack.region.as_deref()).await?;
    let mut rules = found(&access.aws, stack).await?;
    for name in &words.names {
        refuse_others(stack, &rules, name, &file)?;
    }
    delete_expired(&access.aws, &mut rules).await?;
    let wanted =
        |found: &&Found| found.rule.is_ad_hoc() && (args.all || words.names.contains(&found.rule.name));
    let ended: Vec<_> = rules.iter().filter(wanted).collect();
    for found in &ended {
        found.delete_from(&access.aws).await?;
    }
    let names = || ended.iter().map(|found| found.rule.name.as_str());
    let text = || match ended.is_empty() {
        true => "nothing is muted by hand".to_owned(),
        false => names()
            .map(|name| format!("unmuted  {name}"))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    let unmuted: Vec<_> = names().collect();
    app.out.result(
        text,
        || json!({ "version": 1, "stack": stack.stack, "unmuted": unmuted }),
    )?;
    if args.quiet {
        return Ok(ExitCode::SUCCESS);
    }
    let who = caller(&access.aws).await?;
    for found in &ended {
        let announcement = Announcement {
            alarms: &found.rule.alarms,
            why: found.rule.description.as_deref().unwrap_or_default(),
            who: &who,
            until: None,
        };
        announce(&announcement, app, &access, stack, &file).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Only what `alertctl mute` made is ended here.
fn refuse_others(stack: &Stack, rules: &[Found], name: &str, file: &str) -> Result<(), Failure> {
    let of_file = stack
        .mute
        .keys()
        .find(|key| *key == name || stack.default_name(key) == name);
    let found = rules.iter().find(|found| found.rule.name == name);
    match (of_file, found) {
        (_, Some(found)) if found.rule.is_ad_hoc() => Ok(()),
        (Some(key), _) => Err(Failure::new(
            format!("`{name}` is a mute of the stack file"),
            format!("change or remove `mute: {key}:` in {file}, then apply"),
        )),
        (None, Some(_)) => Err(Failure::new(
            format!("`{name}` was a mute of the stack file"),
            format!("`alertctl apply {file}` deletes it"),
        )),
        (None, None) => {
            let ad_hoc = || {
                rules
                    .iter()
                    .filter(|found| found.rule.is_ad_hoc())
                    .map(|found| found.rule.name.as_str())
            };
            let all = ad_hoc().collect::<Vec<_>>().join(", ");
            let advice = match (nearest(name, ad_hoc()), all.is_empty()) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, true) => "nothing is muted by hand".to_owned(),
                (None, false) => format!("there are: {all}"),
            };
            Err(Failure::new(format!("there is no mute `{name}`"), advice))
        }
    }
}
