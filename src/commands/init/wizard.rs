//! The questions of `alertctl init`, and the stack file that follows from the answers.

mod file;

use std::path::Path;

use super::channel::{self, Channel};
use super::{App, FLAG};
use crate::commands::language;
use crate::output::Failure;
use crate::stack::parse;
use alertctl_relay::{ChannelType, Locale, ServiceRegion};

/// What can be watched, in the words of the question.
const WATCHED: [&str; 5] = [
    "an alarm on a metric",
    "sign-ins to the console",
    "API calls",
    "alerts by HTTP, such as ElastAlert2's",
    "a trail that stays on",
];

/// What somebody wants alerts about, and where to send them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    pub stack: String,
    pub region: String,
    pub channel: Option<Channel>,
    /// The chosen entries of [`WATCHED`].
    pub watched: [bool; 5],
    pub email: Option<String>,
    pub locale: Locale,
}

impl Answers {
    /// An alarm, to this channel; the rest as the questions propose it.
    pub fn usual(app: &App, path: &Path, channel: Channel) -> Result<Self, Failure> {
        let wrong = |problem: String| {
            Failure::new(
                problem,
                "correct it; `alertctl init --help` explains every option",
            )
        };
        checked(channel.clone()).map_err(wrong)?;
        let region = usual_region(app);
        Ok(Self {
            stack: usual_name(path),
            region: valid(&format!("stack: a\nregion: {region:?}"), &region).map_err(wrong)?,
            channel: Some(channel),
            watched: [true, false, false, false, false],
            email: None,
            locale: language::of_environment(),
        })
    }
}

/// A stack name from the directory's.
fn usual_name(path: &Path) -> String {
    let folder = std::path::absolute(path).ok();
    let folder = folder.as_deref().and_then(Path::parent).and_then(Path::file_name);
    let name = folder.map(|name| key(&name.to_string_lossy()));
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "alerts".to_owned())
}

/// The region of the command line or the environment.
fn usual_region(app: &App) -> String {
    let variables = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    let of_environment = || variables.iter().find_map(|name| std::env::var(name).ok());
    let region = app.global.region.clone().or_else(of_environment);
    region.unwrap_or_else(|| "us-east-1".to_owned())
}

/// Asks the questions on the terminal.
pub fn ask(app: &App, path: &Path) -> Result<Answers, Failure> {
    let out = app.out;
    let stack = out.answer("Name of the stack?", &usual_name(path), FLAG, |answer| {
        valid(&format!("stack: {answer:?}"), answer)
    })?;
    let region = out.answer("AWS region?", &usual_region(app), FLAG, |answer| {
        valid(&format!("stack: a\nregion: {answer:?}"), answer)
    })?;
    let watching = numbered("What to watch? Numbers, such as 1,2", WATCHED.map(str::to_owned));
    let watched = out.answer(&watching, "1", FLAG, watched)?;
    let channel = ask_channel(app)?;
    let email = out.answer("E-mail address? `-` for none", "-", FLAG, |answer| match answer {
        "-" if channel.is_none() => Err("alerts need a recipient, and there is no channel either".to_owned()),
        "-" => Ok(None),
        address => valid(
            &format!("stack: a\ntopics: {{ t: {{ subscriptions: [{{ email: {address:?} }}] }} }}"),
            address,
        )
        .map(Some),
    })?;
    Ok(Answers {
        stack,
        region,
        channel,
        watched,
        email,
        locale: language::of_environment(),
    })
}

/// Asks for the channel: its service, its name, and what else the service needs.
fn ask_channel(app: &App) -> Result<Option<Channel>, Failure> {
    let services: Vec<_> = ChannelType::each()
        .into_iter()
        .filter(ChannelType::takes_alerts)
        .collect();
    let question = numbered(
        "Who shows the messages? A number; `-` for e-mail alone",
        services.iter().map(channel::name),
    );
    let service = app.out.answer(&question, "1", FLAG, |answer| match answer {
        "-" => Ok(None),
        number => {
            let number = number.parse::<usize>().ok();
            let at = number.and_then(|number| number.checked_sub(1));
            let service = at.and_then(|at| services.get(at).cloned());
            let wrong = || format!("`{answer}` is not a number from 1 to {}", services.len());
            service.map(Some).ok_or_else(wrong)
        }
    })?;
    let Some(mut channel) = service.map(Channel::of) else {
        return Ok(None);
    };
    let usual = channel.label.clone();
    channel.label = app
        .out
        .answer("What do people call the channel?", &usual, FLAG, |answer| {
            let labelled = Channel {
                label: answer.to_owned(),
                channel_type: ChannelType::Slack,
            };
            checked(labelled).map(|labelled| labelled.label)
        })?;
    let channel_type = match channel.channel_type.clone() {
        ChannelType::SlackBot { .. } => {
            let question =
                "Id of the channel, such as C0123ABCD? It is at the end of the channel's details in Slack";
            app.out.answer(question, "", FLAG, |answer| {
                let channel = answer.to_owned();
                let channel = Channel::of(ChannelType::SlackBot { channel });
                checked(channel).map(|channel| channel.channel_type)
            })?
        }
        ChannelType::Pagerduty { .. } => ChannelType::Pagerduty {
            region: ask_region(app, &channel)?,
        },
        ChannelType::Opsgenie { .. } => ChannelType::Opsgenie {
            region: ask_region(app, &channel)?,
        },
        other => other,
    };
    Ok(Some(Channel {
        channel_type,
        ..channel
    }))
}

fn ask_region(app: &App, channel: &Channel) -> Result<ServiceRegion, Failure> {
    let service = channel.channel_type.form().service;
    let question = format!("Where is the account's data in {service}? us or eu");
    app.out.answer(&question, "us", FLAG, |answer| match answer {
        "us" => Ok(ServiceRegion::Us),
        "eu" => Ok(ServiceRegion::Eu),
        other => Err(format!("`{other}` is neither us nor eu")),
    })
}

/// A question with numbered answers.
fn numbered(question: &str, answers: impl IntoIterator<Item = String>) -> String {
    let lines = answers.into_iter().enumerate();
    let lines = lines.map(|(at, what)| format!("\n  {}  {what}", at + 1));
    question.to_owned() + &lines.collect::<String>() + "\n"
}

/// The channel, if a stack file with it is valid; otherwise what is wrong with it.
fn checked(channel: Channel) -> Result<Channel, String> {
    valid(&format!("stack: a\nchannels:\n{}", channel.text()), "").map(|_| channel)
}

/// Turns a directory's name into a stack name.
fn key(name: &str) -> String {
    let kept: String = name
        .to_lowercase()
        .chars()
        .map(|one| if one.is_ascii_alphanumeric() { one } else { '-' })
        .collect();
    let begun = kept.trim_start_matches(|one: char| !one.is_ascii_lowercase());
    begun
        .chars()
        .take(40)
        .collect::<String>()
        .trim_end_matches('-')
        .to_owned()
}

/// The answer, if a stack file with it is valid; otherwise what is wrong with it.
fn valid(text: &str, answer: &str) -> Result<String, String> {
    match parse("answer", text) {
        Ok(_) => Ok(answer.to_owned()),
        Err(problems) => {
            let reports = problems.reports();
            // The help contains the rule that the answer violates.
            let first = reports.into_iter().next().map(|report| match report.help {
                Some(help) => format!("{}: {help}", report.message),
                None => report.message,
            });
            Err(first.unwrap_or_else(|| "this answer is not valid".to_owned()))
        }
    }
}

fn watched(answer: &str) -> Result<[bool; 5], String> {
    let mut watched = [false; 5];
    for word in answer.split([',', ' ']).filter(|word| !word.is_empty()) {
        let number = word
            .parse::<usize>()
            .ok()
            .and_then(|number| number.checked_sub(1));
        match number.and_then(|at| watched.get_mut(at)) {
            Some(one) => *one = true,
            None => return Err(format!("`{word}` is not a number from 1 to 5")),
        }
    }
    match watched.contains(&true) {
        true => Ok(watched),
        false => Err("choose at least one thing to watch".to_owned()),
    }
}

#[cfg(test)]
mod tests;
