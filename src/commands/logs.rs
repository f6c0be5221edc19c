//! `alertctl logs`.

use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;

use super::{App, Outcome, stop_signal};
use crate::aws::Aws;
use crate::blueprint::{self, Running};
use crate::cli::{Format, LogsArgs};
use crate::operate::logs::{Line, Said, Tail};
use crate::output::Failure;
use crate::stack::{Stack, nearest};

/// Pause between two queries for new lines. CloudWatch Logs allows five queries per second and region.
const PAUSE: Duration = Duration::from_secs(2);

pub async fn run(app: &App, args: &LogsArgs) -> Outcome {
    let loaded = app.load(&args.file.path).await?;
    let stack = &loaded.stack;
    known(stack, args.channel.as_deref())?;
    let access = app.access_at_home(&stack.stack, stack.region.as_deref()).await?;
    let running = Running::of(stack, access.home(stack).await?);
    if running.functions.is_empty() {
        return Err(Failure::new(
            "the stack has no function, so it has no log",
            "functions are created for channels that receive alerts, for endpoints, and for the guard of a \
             trail",
        ));
    }
    // Signals are caught from here on, even during a query: once a process has waited for a signal, that signal
    // no longer ends it by default.
    tokio::select! {
        ended = print(app, args, stack, &running, &access.aws) => ended,
        () = stop_signal() => Err(Failure::Interrupted),
    }
}

async fn print(app: &App, args: &LogsArgs, stack: &Stack, running: &Running, aws: &Aws) -> Outcome {
    let channel = args.channel.as_deref();
    let settings = blueprint::settings(stack);
    let since = Timestamp::now().as_millisecond() - i64::try_from(args.since.as_millis()).unwrap_or(i64::MAX);
    let mut tail = Tail::new(running.logs(stack), since);
    let mut printed = false;
    loop {
        for line in tail.poll(aws).await? {
            if channel.is_some_and(|channel| !line.is_for(channel)) || (!args.all && line.is_frame()) {
                continue;
            }
            printed = true;
            if !app.out.line(|| line.text(&settings.timezone), || line.json())? {
                return Ok(ExitCode::SUCCESS);
            }
        }
        if !args.follow {
            break;
        }
        sleep(PAUSE).await;
    }
    for group in tail.missing() {
        let apply = app.again(["apply".to_owned(), args.file.path.display().to_string()]);
        app.out.warn(&format!(
            "log group `{group}` does not exist: `{apply}` creates it"
        ));
    }
    if !printed && app.out.format == Format::Text {
        app.out.say("nothing was logged in that period");
    }
    Ok(ExitCode::SUCCESS)
}

fn known(stack: &Stack, channel: Option<&str>) -> Result<(), Failure> {
    let Some(channel) = channel.filter(|channel| !stack.channels.contains_key(*channel)) else {
        return Ok(());
    };
    let keys = stack.channels.keys().map(String::as_str);
    let listed = keys.clone().collect::<Vec<_>>().join(", ");
    let meant = nearest(channel, keys).map(|near| format!("did you mean `{near}`? "));
    Err(Failure::new(
        format!("there is no channel `{channel}`"),
        meant.unwrap_or_default() + "the stack file has: " + &listed,
    ))
}

impl Line {
    fn is_for(&self, channel: &str) -> bool {
        matches!(&self.said, Said::Outcome(outcome) if outcome.channel.as_deref() == Some(channel))
    }

    fn is_frame(&self) -> bool {
        matches!(self.said, Said::Frame | Said::Report { .. })
    }
}
