//! `alertctl redrive`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use alertctl_relay::Settings;

use super::{Access, App, Outcome, addresses};
use crate::blueprint::{self, Running};
use crate::cli::{Format, RedriveArgs};
use crate::operate::dead_letters::{self, DeadLetter, MOST};
use crate::output::{DeadLetterList, Failure, Fate};

pub async fn run(app: &App, args: &RedriveArgs) -> Outcome {
    let loaded = app.load(&args.file.path).await?;
    let stack = &loaded.stack;
    let access = app.access_at_home(&stack.stack, stack.region.as_deref()).await?;
    let running = Running::of(stack, access.home(stack).await?);
    let settings = blueprint::settings(stack);
    let looked = dead_letters::look(&access.aws, &running, &settings).await?;
    let letters = DeadLetterList::new(&looked, &settings.timezone);
    if looked.is_empty() || args.list {
        app.out.result(|| letters.text(), || letters.json())?;
        return Ok(ExitCode::SUCCESS);
    }
    if access.local.is_some() {
        let apply = app.again(["apply".to_owned(), args.file.path.display().to_string()]);
        addresses::refuse_armed(&access.aws, &running.functions, &apply).await?;
    }
    // JSON output is a single document, which comes at the end.
    let text = letters.text();
    match app.out.format {
        Format::Text | Format::Markdown => app.out.result(|| text, || letters.json())?,
        Format::Json if args.yes => {}
        Format::Json => app.out.say(&text),
    }
    let question = format!("Send {} again?", letters.counted());
    if !args.yes && !app.out.confirm(&question, "--yes, or --list to look only,")? {
        app.out.say("nothing was sent: all messages stay where they are");
        return Ok(ExitCode::SUCCESS);
    }
    // Messages stay visible to others during the prompt. Messages that arrived meanwhile were not approved and
    // are given back.
    let shown: BTreeSet<_> = looked.iter().map(|letter| letter.id().to_owned()).collect();
    let taken = dead_letters::take(&access.aws, &running, &settings).await?;
    let (taken, new): (Vec<_>, Vec<_>) = taken.into_iter().partition(|letter| shown.contains(letter.id()));
    give_back(app, &new).await;
    let (fates, interrupted) = send(app, &access, &running, &settings, &taken).await;
    let letters = DeadLetterList::new(&taken, &settings.timezone).after(&fates);
    let printed = match app.out.format {
        Format::Json => app.out.result(String::new, || letters.json()),
        Format::Text | Format::Markdown => Ok(()),
    };
    app.out.say(&letters.summary());
    if !new.is_empty() {
        app.out.say(&format!(
            "{} arrived in the meantime: run it again for these",
            new.len()
        ));
    }
    if looked.len() >= MOST {
        app.out.say(&format!(
            "one run handles {MOST} of a queue: run it again for the rest"
        ));
    }
    match (interrupted, letters.all_sent()) {
        (true, _) => Err(Failure::Interrupted),
        (_, false) => Err(Failure::Reported),
        _ => Ok(printed.map(|()| ExitCode::SUCCESS)?),
    }
}

/// Delivers each message and removes it from its queue; gives back the others.
async fn send(
    app: &App,
    access: &Access,
    running: &Running,
    settings: &Settings,
    letters: &[DeadLetter],
) -> (Vec<Fate>, bool) {
    let interrupt = app.interrupt();
    let mut fates = Vec::with_capacity(letters.len());
    for (index, letter) in letters.iter().enumerate() {
        if *interrupt.borrow() {
            let rest = &letters[index..];
            give_back(app, rest).await;
            fates.resize(letters.len(), Fate::Stayed("you stopped it".to_owned()));
            return (fates, true);
        }
        let fate = send_one(access, running, letter).await;
        if let Fate::Stayed(_) = fate {
            give_back(app, std::slice::from_ref(letter)).await;
        }
        if app.out.format == Format::Text {
            let letters = DeadLetterList::new(std::slice::from_ref(letter), &settings.timezone);
            app.out
                .say(&letters.after(std::slice::from_ref(&fate)).progress(index + 1));
        }
        fates.push(fate);
    }
    (fates, false)
}

async fn send_one(access: &Access, running: &Running, letter: &DeadLetter) -> Fate {
    let again = &letter.undelivered.again;
    let deliveries = match dead_letters::deliveries(&access.aws, again, &running.functions).await {
        Ok(Ok(deliveries)) => deliveries,
        Ok(Err(why)) => return Fate::Stayed(why),
        Err(fault) => return Fate::Stayed(fault.to_string()),
    };
    for delivery in deliveries {
        if let Err(fault) = letter.undelivered.marked(delivery).hand_over(&access.aws).await {
            return Fate::Stayed(fault.to_string());
        }
    }
    match letter.delete().await {
        Ok(()) => Fate::Sent,
        Err(fault) => Fate::Stayed(format!(
            "it was sent, but could not be removed from its queue, and would be sent twice: {fault}"
        )),
    }
}

/// Gives messages back. If that fails, a message becomes visible again by itself after 15 minutes.
async fn give_back(app: &App, letters: &[DeadLetter]) {
    for letter in letters {
        if let Err(fault) = letter.give_back().await {
            app.out.warn(&format!(
                "a message of `{}` becomes visible again only in 15 minutes: {fault}",
                letter.queue()
            ));
        }
    }
}
