//! `alertctl test`.

use std::collections::BTreeMap;
use std::env;
use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::time::{Instant, sleep};

use super::planned::look;
use super::rate_limit::{AT_ONCE, RateLimit};
use super::{App, Outcome, addresses, endpoints, stop_signal};
use crate::aws::Aws;
use crate::blueprint::{self, Names, Running};
use crate::cli::{Adopt, TestArgs};
use crate::operate::dead_letters;
use crate::operate::logs::{Line, Said, Tail};
use crate::operate::probe::{self, Path, Probe, Sender, Sent, State, Trial};
use crate::output::{Failure, Samples, Verdicts};
use crate::stack::{Stack, nearest};

/// Exit code: nothing failed, but some path could not be tried.
const SOME_SKIPPED: u8 = 3;
/// Up to this number of messages is sent without a prompt.
const UNASKED: usize = 10;
/// The region of a stack that sets none, when its paths are only listed.
const SOMEWHERE: &str = "us-east-1";
/// Pause between two reads of the logs.
const PAUSE: Duration = Duration::from_secs(1);
/// Clock difference in milliseconds: a log line may seem older than its sample by this much.
const SKEW: i64 = 60_000;
/// Number of hexadecimal digits that all marks of a run share, and number of those that identify a path.
const MARK: (usize, usize) = (5, 3);

pub async fn run(app: &App, args: &TestArgs) -> Outcome {
    let loaded = app.load(&args.file.path).await?;
    let stack = &loaded.stack;
    if args.list {
        let region = app.global.region.as_deref().or(stack.region.as_deref());
        let trials = trials(stack, region.unwrap_or(SOMEWHERE), args)?;
        let samples = Samples::of(&trials);
        app.out.result(|| samples.text(), || samples.json())?;
        return Ok(ExitCode::SUCCESS);
    }
    let access = app.access(&stack.stack, stack.region.as_deref()).await?;
    let trials = trials(stack, access.region(), args)?;
    let addresses = addresses::resolve(app, stack, &access, addresses::Missing::LeaveOut).await?;
    let graph = blueprint::graph(stack, access.home(stack).await?, &addresses);
    let plan = look(&access.aws, &graph, &Adopt::default()).await?;
    let running = Running::of(stack, access.home(stack).await?);
    if access.local.is_some() {
        let apply = app.again(["apply".to_owned(), args.file.path.display().to_string()]);
        addresses::refuse_armed(&access.aws, &running.functions, &apply).await?;
    }
    let samples = Samples::of(&trials);
    app.out.say(&samples.summary());
    if samples.messages() > UNASKED && !args.yes {
        let question = format!("Send {} messages?", samples.messages());
        if !app.out.confirm(&question, "--yes, or --list to look only,")? {
            return Err(Failure::Declined("nothing was sent"));
        }
    }
    warn_of_composites(app, stack, &trials);
    let scope = access.aws.scope().await?;
    let trail = stack
        .trail
        .as_ref()
        .map(|trail| Names::of(stack).trail_arn(trail));
    let existing = endpoints::of(stack, &access.aws, &plan.known).into_iter();
    let sender = Sender {
        aws: &access.aws,
        scope,
        stack,
        functions: &running.functions,
        endpoints: existing.map(|one| (one.key, (one.method, one.url))).collect(),
        trail: trail.and_then(|arn| arn.fill_computed(scope).ok()),
        token: &token,
    };
    // The five digits that all marks of this run share.
    let run = format!("t-{:01$x}", fastrand::u32(..1 << (4 * MARK.0)), MARK.0);
    let start = Timestamp::now();
    let mut tail = Tail::new(running.logs(stack), start.as_millisecond() - SKEW);
    let mut test = Test {
        app,
        sender,
        probes: Vec::with_capacity(trials.len()),
        errors: BTreeMap::new(),
    };
    let went = tokio::select! {
        went = test.go(trials, &run, args.timeout, &mut tail, start) => went,
        () = stop_signal() => Err(Failure::Interrupted),
    };
    test.restore_alarms(|_| true).await;
    let found = match went {
        Ok(()) => tokio::select! {
            found = test.found(&access.aws, &running) => Some(found),
            () = stop_signal() => None,
        },
        Err(Failure::Interrupted) => None,
        Err(failure) => return Err(failure),
    };
    let interrupted = found.is_none();
    let found = found.unwrap_or_default();
    let verdicts = Verdicts::of(&test.probes, |probe| {
        found.get(&probe.mark).cloned().or_else(|| test.suspect())
    });
    let printed = app.out.result(|| verdicts.text(), || verdicts.json(&run));
    app.out.say(&verdicts.summary());
    if interrupted {
        return Err(Failure::Interrupted);
    }
    if verdicts.any(State::Stopped) {
        let file = args.file.path.display().to_string();
        let (logs, list) = (
            app.again(["logs".to_owned(), file.clone()]),
            app.again(["redrive".to_owned(), file, "--list".to_owned()]),
        );
        app.out.say(&format!(
            "`{logs}` shows what the functions did, `{list}` what is parked"
        ));
        return Err(Failure::Reported);
    }
    printed?;
    Ok(match verdicts.any(State::Skipped) {
        true => ExitCode::from(SOME_SKIPPED),
        false => ExitCode::SUCCESS,
    })
}

/// A running test.
struct Test<'a> {
    app: &'a App,
    sender: Sender<'a>,
    probes: Vec<Probe>,
    /// The last failure that each function logged.
    errors: BTreeMap<String, String>,
}

impl Test<'_> {
    /// Sends a sample through each path, then waits until all have arrived or the time is over.
    async fn go(
        &mut self,
        trials: Vec<Trial>,
        run: &str,
        timeout: Duration,
        tail: &mut Tail,
        start: Timestamp,
    ) -> Result<(), Failure> {
        let mut rate_limit = RateLimit::default();
        if trials.len() > AT_ONCE {
            let text = format!(
                "sending {} samples, one a second to stay within the services' rate limits",
                trials.len()
            );
            self.app.out.say(&text);
        }
        for (number, trial) in trials.into_iter().enumerate() {
            rate_limit.turn().await;
            let mark = format!("{run}{number:0width$x}", width = MARK.1);
            let mut others = trial.others.into_iter();
            let mut path = trial.path;
            let mut sent = self.sender.send(&path, &mark).await;
            // If a path cannot be tried now, try an equal one.
            while let Sent::Skipped(_) = sent
                && let Some(other) = others.next()
            {
                sent = self.sender.send(&other, &mark).await;
                path = other;
            }
            self.probes.push(Probe::new(path, mark, sent));
        }
        let deadline = Instant::now() + timeout;
        loop {
            for line in tail.poll(self.sender.aws).await? {
                self.probes.iter_mut().for_each(|probe| probe.hear(&line));
                if line.time >= start {
                    self.suspects(&line);
                }
            }
            self.restore_alarms(Probe::is_over).await;
            if self.probes.iter().all(Probe::is_over) || Instant::now() >= deadline {
                return Ok(());
            }
            sleep(PAUSE).await;
        }
    }

    /// Restores the alarms that this run set off.
    async fn restore_alarms(&mut self, which: impl Fn(&Probe) -> bool) {
        for probe in &mut self.probes {
            let Sent::Alarm { name, region, before } = probe.sent.clone() else {
                continue;
            };
            if !which(probe) {
                continue;
            }
            let restored = self
                .sender
                .restore(&name, region.as_deref(), &before, &probe.mark);
            if let Err(fault) = restored.await {
                self.app.out.warn(&format!(
                    "alarm `{name}` stays in ALARM until CloudWatch evaluates it again: {fault}"
                ));
            }
            probe.sent = Sent::To("CloudWatch");
        }
    }

    /// Remembers a line in which a function logs a failure.
    fn suspects(&mut self, line: &Line) {
        let failure = match &line.said {
            Said::Outcome(entry) if entry.is_failure() => entry.reason.as_deref().map(str::to_owned),
            Said::Other(text) if text.contains("Task timed out") || text.contains("panicked") => {
                Some(text.clone())
            }
            _ => None,
        };
        self.errors
            .extend(failure.map(|failure| (line.function.clone(), failure)));
    }

    /// A possible reason for a sample that no function logged.
    fn suspect(&self) -> Option<String> {
        let (function, failure) = self.errors.iter().next()?;
        Some(format!("`{function}` says: {failure}"))
    }

    /// The dead-letter queues with samples that no function logged, by mark.
    async fn found(&self, aws: &Aws, running: &Running) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        if !self.probes.iter().any(Probe::is_lost) {
            return found;
        }
        let letters = match dead_letters::look(aws, running, &Default::default()).await {
            Ok(letters) => letters,
            Err(fault) => {
                self.app
                    .out
                    .warn(&format!("the dead-letter queues cannot be read: {fault}"));
                return found;
            }
        };
        for probe in &self.probes {
            if let Some(letter) = letters.iter().find(|letter| letter.is_of_test(&probe.mark)) {
                let reason = letter
                    .undelivered
                    .reason
                    .as_deref()
                    .unwrap_or("for no known reason");
                found.insert(
                    probe.mark.clone(),
                    format!("it is in the queue `{}`: {reason}", letter.queue()),
                );
            }
        }
        found
    }
}

/// The paths to try: the requested ones, or one of each group of equal paths.
fn trials(stack: &Stack, home: &str, args: &TestArgs) -> Result<Vec<Trial>, Failure> {
    let paths = chosen(probe::paths(stack, home), &args.paths)?;
    Ok(match args.all || !args.paths.is_empty() {
        true => Trial::each(paths),
        false => Trial::distinct(paths),
    })
}

/// The paths that match a name, a kind, or a rule in the file that was compiled to several.
fn chosen(paths: Vec<Path>, wanted: &[String]) -> Result<Vec<Path>, Failure> {
    let fits = |path: &Path, wanted: &str| {
        path.name == wanted
            || path
                .name
                .strip_prefix(wanted)
                .is_some_and(|rest| rest.starts_with(['/', '-']))
    };
    let names: Vec<_> = paths.iter().map(|path| path.name.clone()).collect();
    for one in wanted {
        if !paths.iter().any(|path| fits(path, one)) {
            let near = nearest(one, names.iter().map(String::as_str));
            let meant = near.map(|near| format!("did you mean `{near}`? "));
            return Err(Failure::new(
                format!("the stack has no path `{one}`"),
                format!("{}it has: {}", meant.unwrap_or_default(), names.join(", ")),
            ));
        }
    }
    if names.is_empty() {
        return Err(Failure::new(
            "the stack has nothing to test",
            "paths come with alarms, rules, topics and endpoints",
        ));
    }
    let is_wanted = |path: &Path| wanted.is_empty() || wanted.iter().any(|one| fits(path, one));
    Ok(paths.into_iter().filter(is_wanted).collect())
}

/// CloudWatch's message about a composite alarm contains no mark, unless this run sets that alarm off itself,
/// before the others.
fn warn_of_composites(app: &App, stack: &Stack, trials: &[Trial]) {
    let tested = |key: &String| {
        let name = format!("alarm/{key}");
        trials.iter().any(|trial| trial.path.name == name)
    };
    for (key, alarm) in stack.alarms_expanded() {
        let rule = alarm.rule.as_deref();
        let watched = rule.map(|rule| stack.alarm_rule_keys(rule)).unwrap_or_default();
        if let Some(child) = watched.iter().find(|child| tested(child) && !tested(&key)) {
            app.out.warn(&format!(
                "alarm `{child}` may set off `{key}`, which watches it: that message is not marked as a test"
            ));
        }
    }
}

/// The token for an endpoint, and the variable that contains it or should contain it.
fn token(key: &str) -> (Option<SecretString>, String) {
    let own = format!("ALERTCTL_TOKEN_{}", key.to_uppercase().replace('-', "_"));
    let shared = "ALERTCTL_TOKEN";
    let read = |name: &str| env::var(name).ok().filter(|text| !text.is_empty());
    match (read(&own), read(shared)) {
        (Some(token), _) => (Some(token.into()), own),
        (None, Some(token)) => (Some(token.into()), shared.to_owned()),
        (None, None) => (None, format!("{shared} or {own}")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::operate::probe::Way;

    fn names(wanted: &[&str]) -> Result<Vec<String>, Failure> {
        let path = |name: &str| Path {
            name: name.to_owned(),
            way: Way::Topic {
                name: name.to_owned(),
            },
            channels: BTreeSet::new(),
            reach: Default::default(),
            alike: name.to_owned(),
        };
        let all = ["alarm/cpu", "rule/audit-acm", "rule/audit-ecs", "topic/alerts"].map(path);
        let wanted: Vec<_> = wanted.iter().map(|name| (*name).to_owned()).collect();
        let chosen = chosen(all.into(), &wanted)?;
        Ok(chosen.into_iter().map(|path| path.name).collect())
    }

    #[test]
    fn paths_are_chosen_by_name_kind_or_rule() {
        assert_eq!(names(&[]).unwrap().len(), 4);
        assert_eq!(names(&["alarm/cpu"]).unwrap(), ["alarm/cpu"]);
        assert_eq!(
            names(&["rule/audit"]).unwrap(),
            ["rule/audit-acm", "rule/audit-ecs"]
        );
        assert_eq!(names(&["topic", "alarm"]).unwrap(), ["alarm/cpu", "topic/alerts"]);
        for unknown in ["alarm/cp", "rul", ""] {
            assert!(names(&[unknown]).is_err(), "{unknown}");
        }
    }
}
