//! `alertctl init`.

mod channel;
mod wizard;

use std::io;
use std::path::Path;
use std::process::ExitCode;

use alertctl_relay::destination::Form;
use channel::Channel;
use serde_json::{Value, json};
use wizard::Answers;

use super::{App, Outcome, files, schema};
use crate::cli::InitArgs;
use crate::output::{Failure, Unwritten};
use crate::stack::{BUNDLED, Stack, nearest, parse};

/// How to continue without a terminal.
const FLAG: &str = "--service SERVICE, or --from NAME (`alertctl init --list` shows the names),";

pub fn run(app: &App, args: &InitArgs) -> Outcome {
    if args.list {
        list(app)?;
        return Ok(ExitCode::SUCCESS);
    }
    let path = &args.path;
    if path.exists() && !args.force {
        // Reported before any question is asked.
        return Err(exists(path));
    }
    let text = match (&args.from, Channel::asked(args)?) {
        // The file's comments contain its original name.
        (Some(name), _) => ready(name)?.replace(&format!("stacks/{name}.yaml"), &path.display().to_string()),
        (None, Some(channel)) => Answers::usual(app, path, channel)?.text(schema::FILE),
        (None, None) => wizard::ask(app, path)?.text(schema::FILE),
    };
    let name = path.display().to_string();
    let stack = parse(&name, &text)
        .map_err(crate::stack::LoadError::Problems)?
        .stack;
    write(path, &text, args.force).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => refused(path, &error),
    })?;
    let schema = path.with_file_name(schema::FILE);
    match write(&schema, &schema::text(), args.force) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(refused(&schema, &error)),
        _ => {}
    }
    let next = next(app, &stack, path);
    let addresses = addresses(&stack);
    app.out.result(
        || format!("wrote {name}, and {} for editors", schema.display()),
        || json!({ "version": 1, "stack": stack.stack, "file": name, "schema": schema.display().to_string(), "next": next,
            "addresses": addresses.iter().map(AddressOf::json).collect::<Vec<_>>() }),
    )?;
    app.out.say(&format!(
        "\nput your own names and resources into {name}, then:\n  {}",
        next.join("\n  ")
    ));
    if !addresses.is_empty() {
        let lines: String = addresses.iter().map(AddressOf::text).collect();
        app.out.say(&format!("\nwhat `encrypt-hook` asks for:{lines}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn list(app: &App) -> Result<(), Unwritten> {
    let width = BUNDLED.iter().map(|one| one.name.len()).max().unwrap_or_default();
    let line = |one: &crate::stack::Bundled| format!("{:width$}  {}", one.name, one.summary());
    let entry = |one: &crate::stack::Bundled| json!({ "name": one.name, "summary": one.summary() });
    app.out.result(
        || BUNDLED.iter().map(line).collect::<Vec<_>>().join("\n"),
        || json!({ "version": 1, "stacks": BUNDLED.iter().map(entry).collect::<Vec<_>>() }),
    )
}

/// The ready-made stack file with this name.
fn ready(name: &str) -> Result<String, Failure> {
    let names = || BUNDLED.iter().map(|one| one.name);
    match BUNDLED.iter().find(|one| one.name == name) {
        Some(one) => Ok(one.with_schema_at(schema::FILE)),
        None => {
            let meant = nearest(name, names()).map(|near| format!("did you mean `{near}`? "));
            let all = names().collect::<Vec<_>>().join(", ");
            Err(Failure::new(
                format!("there is no ready-made stack file `{name}`"),
                format!("{}available: {all}", meant.unwrap_or_default()),
            ))
        }
    }
}

/// The next commands: first on this machine, then on AWS.
fn next(app: &App, stack: &Stack, path: &Path) -> Vec<String> {
    let path = path.display().to_string();
    let on_this_machine = super::App {
        out: app.out,
        global: crate::cli::Global {
            local: true,
            ..app.global.clone()
        },
    };
    let local = on_this_machine.again(["apply".to_owned(), path.clone()]);
    let validate = app.again(["validate".to_owned(), path.clone()]);
    let mut next = vec![validate, local];
    for channel in stack.channels.keys() {
        let mut words = vec!["encrypt-hook".to_owned(), path.clone()];
        if stack.channels.len() > 1 {
            words.extend(["--channel".to_owned(), channel.clone()]);
        }
        words.push("--write".to_owned());
        next.push(app.again(words));
    }
    next.push(app.again(["plan".to_owned(), path]));
    next
}

/// A channel, and the form of its address.
struct AddressOf<'a> {
    channel: &'a str,
    form: &'static Form,
}

fn addresses(stack: &Stack) -> Vec<AddressOf<'_>> {
    let mut addresses = Vec::new();
    for (channel, settings) in &stack.channels {
        let form = settings.channel_type.form();
        addresses.push(AddressOf { channel, form });
    }
    addresses
}

impl AddressOf<'_> {
    fn text(&self) -> String {
        let Self { channel, form } = self;
        format!(
            "\n  for channel `{channel}` the {}, from {}",
            form.what(),
            form.page
        )
    }

    fn json(&self) -> Value {
        let Self { channel, form } = self;
        json!({ "channel": channel, "service": form.service, "what": form.what(), "page": form.page })
    }
}

/// Creates a file; overwrites an existing one only if requested.
fn write(path: &Path, text: &str, over: bool) -> io::Result<()> {
    match over {
        true => files::replace(path, text),
        false => files::create(path, text),
    }
}

fn exists(path: &Path) -> Failure {
    Failure::new(
        format!("`{}` already exists, so nothing was written", path.display()),
        "choose another file, or add --force to overwrite it",
    )
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        format!("cannot write `{}`: {error}", path.display()),
        "choose a file in an existing directory that you can write to",
    )
}
