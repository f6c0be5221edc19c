//! `alertctl local …`.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;

use super::arrivals::Arrivals;
use super::planned::look;
use super::refusals::refuse_conflicts;
use super::{App, Outcome, addresses, event, language};
use crate::aws::Aws;
use crate::blueprint;
use crate::cli::{Adopt, AlarmArgs, AlarmState, DemoArgs, Detail, LocalCommand};
use crate::local::{self, Session};
use crate::output::Failure;
use crate::resource::cloudwatch::alarm::{self, Now};
use crate::resource::eventbridge;
use crate::resource::eventbridge::DEFAULT_BUS;
use crate::stack::{self, Loaded};

/// How long the message of an alarm that leaves its state is waited for.
const LEAVES_WITHIN: Duration = Duration::from_secs(5);
/// The stack of `local demo`, unless another one is given.
const DEMO: &str = include_str!("../../stacks/cloudwatch-slack.yaml");

pub async fn run(app: &App, command: LocalCommand) -> Outcome {
    match command {
        LocalCommand::Up => up(app).await,
        LocalCommand::Down => down(app).await,
        LocalCommand::Status => status(app).await,
        LocalCommand::Alarm(args) => alarm(app, &args).await,
        LocalCommand::Event(args) => event::run(app, &args).await,
        LocalCommand::Demo(args) => demo(app, &args).await,
        LocalCommand::InboxServer(args) => {
            local::serve_inbox(&args.state_dir, args.port).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn up(app: &App) -> Outcome {
    let session = app.local_up().await?;
    app.out.result(
        || {
            format!(
                "local AWS     {}\ninbox         {}\n\nnext: `alertctl apply STACK --local`; `alertctl local \
                 down` stops it",
                session.endpoint, session.inbox
            )
        },
        || json!({ "version": 1, "running": true, "session": session }),
    )?;
    Ok(ExitCode::SUCCESS)
}

async fn down(app: &App) -> Outcome {
    let ended = local::down(|text| app.out.say(text)).await?;
    let text = if ended {
        "the local AWS and the inbox were stopped and their contents deleted"
    } else {
        "nothing was running"
    };
    app.out
        .result(|| text.to_owned(), || json!({ "version": 1, "running": false }))?;
    Ok(ExitCode::SUCCESS)
}

async fn status(app: &App) -> Outcome {
    let status = local::status().await?;
    let text = || match &status {
        None => "the local AWS is not running; `alertctl local up` starts it".to_owned(),
        Some(status) => {
            let part = |part: &local::Part| {
                let state = match (part.running, part.answers) {
                    (true, true) => "running",
                    (true, false) => "running, but not responding",
                    (false, _) => "stopped; `alertctl local up` restarts it with its previous contents",
                };
                format!(
                    "{}  {state} (process {}, log {})",
                    part.url,
                    part.pid,
                    part.log.display()
                )
            };
            let messages = status
                .messages
                .map_or_else(|| "-".to_owned(), |count| count.to_string());
            format!(
                "local AWS     {}\ninbox         {}\nmessages      {messages}\nMiniStack     {}",
                part(&status.emulator),
                part(&status.inbox),
                status.version
            )
        }
    };
    app.out.result(
        text,
        || json!({ "version": 1, "running": status.is_some(), "status": status }),
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Changes the state of an alarm in the local AWS and shows what arrives.
async fn alarm(app: &App, args: &AlarmArgs) -> Outcome {
    let Some(session) = local::current().await? else {
        return Err(Failure::new(
            "the local AWS is not running",
            "`alertctl local up`, then apply a stack with --local",
        ));
    };
    let regions = match &app.global.region {
        Some(region) => vec![region.clone()],
        None => session.regions()?,
    };
    for region in regions {
        let aws = app.local_aws(&session, &region).await?;
        if let Some(now) = alarm::now(&aws, &args.name).await? {
            addresses::refuse_all_armed(app, &session, &region).await?;
            return fire(app, &aws, &session, &args.name, &now, args.state).await;
        }
    }
    Err(Failure::new(
        format!("the local AWS has no alarm `{}`", args.name),
        "`alertctl status STACK --local` lists the alarms of a stack; add --region if it is elsewhere",
    ))
}

/// From nothing to a message on the screen.
async fn demo(app: &App, args: &DemoArgs) -> Outcome {
    let loaded = match &args.path {
        Some(path) => app.load(path).await?,
        None => of_the_demo()?,
    };
    let stack = &loaded.stack;
    // An alarm that reaches a channel, but not a composite alarm, whose state cannot be set.
    let alarms = stack.alarms_expanded();
    let region = app
        .global
        .region
        .as_deref()
        .or(stack.region.as_deref())
        .unwrap_or("us-east-1");
    let at_home = |alarm: &stack::Alarm| blueprint::region_of(alarm, region).is_none();
    let relayed = |alarm: &stack::Alarm| {
        let topics = alarm.to.iter().filter_map(|topic| stack.topics.get(topic));
        alarm.rule.is_none() && at_home(alarm) && topics.into_iter().any(|topic| !topic.to.is_empty())
    };
    let chosen = alarms.iter().find(|(_, alarm)| relayed(alarm));
    let any = || {
        alarms
            .iter()
            .find(|(_, alarm)| alarm.rule.is_none() && at_home(alarm))
    };
    let Some((key, first)) = chosen.or_else(any) else {
        return Err(Failure::new(
            "this stack has no alarm to fire",
            "`alertctl apply STACK --local` applies it anyway",
        ));
    };
    let session = app.local_up().await?;
    let aws = app.local_aws(&session, region).await?.of_stack(&stack.stack);
    // The environment may contain real addresses. A demo must never reach a real channel, so all go to the inbox.
    let graph = blueprint::graph(stack, region, &addresses::all_to_inbox(stack, &session));
    let plan = look(&aws, &graph, &Adopt::default()).await?;
    refuse_conflicts(&plan)?;
    app.out.say(&plan.text(Detail::default()));
    if plan.has_changes() {
        app.execute_quietly(&aws, &graph, &plan, "alertctl local demo")
            .await?;
    }

    let name = blueprint::Names::of(stack).alarm(key, first);
    let Some(now) = alarm::now(&aws, &name).await? else {
        return Err(Failure::new(
            format!("alarm `{name}` no longer exists"),
            "run `alertctl local demo` again",
        ));
    };
    fire(app, &aws, &session, &name, &now, AlarmState::Alarm).await?;
    app.out.say(&format!(
        "\nsee it as its service shows it: {}\nagain: `alertctl local alarm {name}`   end: `alertctl local down`",
        session.inbox
    ));
    Ok(ExitCode::SUCCESS)
}

/// The bundled stack, with messages in the language of the person at the terminal instead of Korean.
fn of_the_demo() -> Result<Loaded, Failure> {
    let demo = stack::parse("stacks/cloudwatch-slack.yaml", DEMO);
    let mut demo = demo.map_err(stack::LoadError::Problems)?;
    demo.stack.locale = language::of_environment();
    demo.stack.timezone = language::written(demo.stack.locale).1.to_owned();
    Ok(demo)
}

/// Changes an alarm's state and shows what arrives. An alarm notifies only when its state changes, so an alarm
/// that is already in this state leaves it first.
async fn fire(app: &App, aws: &Aws, session: &Session, name: &str, now: &Now, state: AlarmState) -> Outcome {
    let wanted = match state {
        AlarmState::Alarm => "ALARM",
        AlarmState::Ok => "OK",
        AlarmState::InsufficientData => "INSUFFICIENT_DATA",
    };
    let other = if wanted == "OK" { "INSUFFICIENT_DATA" } else { "OK" };
    let from = if now.state == wanted { other } else { &now.state };
    if now.state == wanted {
        let leaving = Arrivals::from_now_on(app, session).await?;
        alarm::set_state(aws, name, other, "Left, to be entered again.").await?;
        if now.notifies_on.contains(&other) {
            leaving.let_pass(LEAVES_WITHIN).await?;
        }
    }
    let arrivals = Arrivals::from_now_on(app, session).await?;
    app.out.say(&format!("alarm {name}: {from} → {wanted}"));
    let reason = "Set by `alertctl local`: nothing is really wrong.";
    alarm::set_state(aws, name, wanted, reason).await?;
    if now.notifies_on.contains(&wanted) || now.notifies_on.is_empty() && is_forwarded(aws, name).await? {
        arrivals.show(&json!({})).await?;
    } else {
        app.out.say(&format!(
            "it notifies nobody on {wanted}, only on {}",
            now.notifies_on.join(", ")
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a rule in the alarm's region forwards its changes of state: an alarm in another region than its
/// stack has no actions.
async fn is_forwarded(aws: &Aws, name: &str) -> Result<bool, Failure> {
    let rules = eventbridge::rule::now(aws, DEFAULT_BUS).await?;
    let names = |rule: &eventbridge::rule::Now| {
        let names = rule.pattern["detail"]["alarmName"].as_array();
        names.is_some_and(|names| names.iter().any(|one| one == name))
    };
    Ok(rules.iter().any(names))
}
