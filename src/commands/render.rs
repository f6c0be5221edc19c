//! `alertctl render`.

use std::process::ExitCode;

use alertctl_relay::Severity;
use alertctl_relay::{Card, ChannelKey, ChannelType, Filtered, Rendered, Settings, parse_lenient, slack};
use serde_json::{Map, Value, json};

use super::events::{self, Given, addressed};
use super::{App, Outcome};
use crate::blueprint;
use crate::cli::RenderArgs;
use crate::local;
use crate::output::Failure;
use crate::stack::{Stack, channel_title, nearest};

/// Channel of a message without a stack.
const PREVIEW: &str = "preview";

/// A card and its channels.
struct Shown {
    channels: Vec<ChannelKey>,
    severity: Severity,
    card: Card,
}

pub async fn run(app: &App, args: &RenderArgs) -> Outcome {
    let event = event(args)?;
    let stack = match &args.stack {
        Some(path) => Some(app.load_offline(path, false)?.stack),
        None => None,
    };
    let mut settings = stack.as_ref().map(blueprint::settings).unwrap_or_default();
    settings.locale = args.locale.unwrap_or(settings.locale);
    settings.timezone = args.timezone.clone().unwrap_or(settings.timezone);

    let rendered = match destinations(args, stack.as_ref())? {
        Some(channels) => {
            alertctl_relay::render(&addressed(&event, args.rule.as_deref(), &channels), &settings)
        }
        None => alertctl_relay::render(&event, &settings),
    };
    for topic in &rendered.unrouted {
        app.out.warn(&format!(
            "it comes through topic `{topic}`, which sends to no channel of the stack; `--channel KEY` shows \
             it as that channel would receive it"
        ));
    }
    let shown = match rendered.deliveries.is_empty() {
        // Shown anyway, although no channel gets it.
        true => grouped(alertctl_relay::render(
            &addressed(&event, None, &[PREVIEW]),
            &settings,
        ))
        .into_iter()
        .map(|one| Shown {
            channels: Vec::new(),
            ..one
        })
        .collect(),
        false => grouped(rendered.clone()),
    };
    let inbox = match args.inbox {
        true => Some(put_into_inbox(&shown, &settings, args.service.as_ref()).await?),
        false => None,
    };
    let in_stack = stack.is_some() || args.channel.is_some();
    app.out.result(
        || {
            text(
                &shown,
                &rendered.filtered,
                &settings,
                in_stack,
                args.service.as_ref(),
            )
        },
        || {
            let one = |shown: &Shown| {
                let channels: Vec<_> = shown.channels.iter().map(|key| &key.0).collect();
                let mut message = json!({
                    "channels": channels,
                    "severity": shown.severity,
                    "message": slack::message(&shown.card),
                    "workflow": slack::flat(&shown.card),
                });
                let services = services(shown, &settings, args.service.as_ref());
                if !services.is_empty() {
                    message["services"] = services.into();
                }
                message
            };
            let filtered = rendered.filtered.iter();
            let filtered = filtered.map(|one| json!({ "channel": one.channel, "severity": one.severity }));
            let messages: Vec<_> = shown.iter().map(one).collect();
            json!({
                "version": 1,
                "messages": messages,
                "filtered": filtered.collect::<Vec<_>>(),
                "unrouted": rendered.unrouted,
                "inbox": inbox,
            })
        },
    )?;
    if let Some(inbox) = &inbox {
        app.out.say(&format!("\nsee it as its service shows it: {inbox}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The event for the relay.
fn event(args: &RenderArgs) -> Result<Value, Failure> {
    let Some(what) = args.event.as_deref() else {
        return Err(Failure::new(
            "no event was given",
            "`alertctl render NAME` takes one of the samples that `alertctl events` lists, a JSON file, or `-` for \
             standard input",
        ));
    };
    let content = match events::find(what)? {
        Given::Sample(sample) => sample.text.as_bytes().to_vec(),
        Given::Content(content) => content,
    };
    let text = String::from_utf8(content).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::new(
            format!("event `{what}` is not valid UTF-8 at byte {at}"),
            "an event is JSON in UTF-8, as AWS sends it",
        )
    })?;
    if args.text {
        let record = json!({ "EventSource": "aws:sns", "Sns": { "Type": "Notification", "Message": text } });
        return Ok(json!({ "Records": [record] }));
    }
    parse_lenient(&text).map_err(|error| {
        Failure::new(
            format!("event `{what}` is not JSON: {error}"),
            "`--text` shows it as an SNS message with this text; `alertctl events alarm-ok` prints an event",
        )
    })
}

/// The channels that the arguments select; `None` if the event and the stack decide.
fn destinations<'a>(args: &'a RenderArgs, stack: Option<&'a Stack>) -> Result<Option<Vec<&'a str>>, Failure> {
    let Some(stack) = stack else {
        return Ok(Some(vec![args.channel.as_deref().unwrap_or(PREVIEW)]));
    };
    let channels = || stack.channels.keys().map(String::as_str);
    if let Some(wanted) = &args.channel {
        return match channels().find(|key| key == wanted) {
            Some(key) => Ok(Some(vec![key])),
            None => Err(unknown("channel", wanted, channels())),
        };
    }
    let Some(wanted) = &args.rule else {
        return Ok(None);
    };
    let rules = stack.rules.keys().map(String::as_str);
    let rule = stack
        .rules
        .get(wanted)
        .ok_or_else(|| unknown("rule", wanted, rules))?;
    let chosen: Vec<_> = channels()
        .filter(|key| rule.to.iter().any(|to| to == key))
        .collect();
    match chosen.is_empty() {
        true => Err(Failure::new(
            format!(
                "rule `{wanted}` sends to no channel, only to {}",
                rule.to.join(", ")
            ),
            "`--channel KEY` shows the message as that channel would receive it",
        )),
        false => Ok(Some(chosen)),
    }
}

fn unknown<'a>(what: &str, wanted: &str, known: impl Iterator<Item = &'a str> + Clone) -> Failure {
    let all: Vec<_> = known.clone().collect();
    let listed = match all.is_empty() {
        true => format!("the stack file has no {what}"),
        false => format!("the stack file has: {}", all.join(", ")),
    };
    let meant = nearest(wanted, known).map(|near| format!("did you mean `{near}`? "));
    Failure::new(
        format!("there is no {what} `{wanted}`"),
        meant.unwrap_or_default() + &listed,
    )
}

/// The messages in their order; equal messages are merged, with all their channels.
fn grouped(rendered: Rendered) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    for delivery in rendered.deliveries {
        match all.last_mut() {
            Some(last) if last.card == delivery.card && !last.channels.contains(&delivery.channel) => {
                last.channels.push(delivery.channel);
            }
            _ => all.push(Shown {
                channels: vec![delivery.channel],
                severity: delivery.severity,
                card: delivery.card,
            }),
        }
    }
    all
}

/// What each service gets, other than webhooks of Slack: the one that is asked for, and those of the channels.
fn services(shown: &Shown, settings: &Settings, asked: Option<&ChannelType>) -> Map<String, Value> {
    let of_channels = shown.channels.iter().filter_map(|key| settings.channels.get(key));
    let types = asked
        .into_iter()
        .chain(of_channels.map(|channel| &channel.channel_type));
    let others = types.filter(|one| **one != ChannelType::Slack);
    let named = others.map(|one| (one.key().to_owned(), one.preview(&shown.card)));
    named.collect()
}

fn text(
    all: &[Shown],
    filtered: &[Filtered],
    settings: &Settings,
    in_stack: bool,
    asked: Option<&ChannelType>,
) -> String {
    let one = |shown: &Shown| {
        let message = match asked {
            Some(service) => serde_json::to_string_pretty(&service.preview(&shown.card)).unwrap_or_default(),
            None => local::render_text(&json!(slack::message(&shown.card))),
        };
        let names: Vec<_> = shown.channels.iter().map(|key| name(key, settings)).collect();
        match (in_stack, names.is_empty()) {
            (false, _) => message,
            (true, true) => format!("── nobody ──\n{message}"),
            (true, false) => format!("── {} ──\n{message}", names.join(", ")),
        }
    };
    let kept_out = |one: &Filtered| {
        let (name, severity) = (name(&one.channel, settings), one.severity.name());
        format!("── {name}: its routes do not accept this message (severity {severity}) ──")
    };
    let shown = all.iter().map(one).chain(filtered.iter().map(kept_out));
    shown.collect::<Vec<_>>().join("\n\n")
}

/// A channel's name for people, with its key if that differs.
fn name(key: &ChannelKey, settings: &Settings) -> String {
    let channel = settings.channels.get(key);
    let channel_type = channel.map_or(&ChannelType::Slack, |channel| &channel.channel_type);
    let label = channel.and_then(|channel| channel.label.as_deref());
    let plain = channel_title(&key.0, None, channel_type);
    match label {
        Some(label) if label != plain => format!("{label} ({key})"),
        _ => plain,
    }
}

/// Puts the messages into the running inbox; returns its address.
async fn put_into_inbox(
    all: &[Shown],
    settings: &Settings,
    asked: Option<&ChannelType>,
) -> Result<String, Failure> {
    let Some(session) = local::current().await? else {
        return Err(Failure::new(
            "the local inbox is not running",
            "`alertctl local up` starts it, then run this again",
        ));
    };
    for shown in all {
        let nobody = ChannelKey(PREVIEW.to_owned());
        let nobody = shown.channels.is_empty().then_some(&nobody);
        for channel in shown.channels.iter().chain(nobody) {
            let own = settings
                .channels
                .get(channel)
                .map(|channel| &channel.channel_type);
            let service = match asked.or(own).unwrap_or(&ChannelType::Slack) {
                // `--as slack` does not say in which channel of Slack.
                ChannelType::SlackBot { channel: id } if id.is_empty() => &ChannelType::SlackBot {
                    channel: channel.0.clone(),
                },
                service => service,
            };
            session.post(&channel.0, service, &shown.card).await?;
        }
    }
    Ok(session.inbox)
}
