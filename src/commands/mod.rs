//! One file per command: load, call, print.

use std::cell::Cell;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::json;
use stop::stop_signal;
use tokio::sync::{OnceCell, watch};

use crate::aws::connect::Target;
use crate::aws::{Aws, Connection};
use crate::cli::{Cli, Command, Format, Global, PARALLELISM, StackOrName};
use crate::engine::execute::{Event, Report, execute};
use crate::engine::graph::Graph;
use crate::engine::observe;
use crate::engine::plan::Plan;
use crate::local::{self, Session};
use crate::output::{self, Failure, Out, Progress, talk};
use crate::stack::{Ciphertexts, Loaded, Region, Stack};

mod absorb;
mod addresses;
mod again;
mod apply;
mod arrivals;
mod backtest;
pub mod completions;
mod coverage;
mod decryption;
mod destroy;
mod discover;
mod encrypt_hook;
mod endpoints;
mod event;
mod events;
mod expand;
mod export;
mod export_spoke;
mod files;
mod graph;
mod home;
mod import;
mod init;
mod input;
mod language;
mod list;
mod local_mode;
mod logs;
mod man;
mod metrics;
mod mutes;
mod plan;
mod planned;
mod policy;
mod preflight;
mod protection;
mod rate_limit;
mod redrive;
mod refusals;
mod render;
mod saved;
mod schema;
mod show;
mod stand_ins;
mod status;
mod stop;
mod test;
mod token;
mod validate;
mod verify;
mod version;
mod wait;

/// Runs the command and returns its exit code.
pub async fn run(cli: Cli) -> ExitCode {
    let app = App {
        out: Out {
            format: cli.global.output,
        },
        global: cli.global,
    };
    let result = match cli.command {
        Command::Validate(args) => validate::run(&app, &args),
        Command::Plan(args) => plan::run(&app, &args).await,
        Command::Apply(args) => apply::run(&app, &args).await,
        Command::Destroy(args) => destroy::run(&app, &args).await,
        Command::Status(args) => status::run(&app, &args).await,
        Command::List(_) => list::run(&app).await,
        Command::Import(args) => import::run(&app, &args).await,
        Command::Verify(args) => verify::run(&app, &args).await,
        Command::EncryptHook(args) => encrypt_hook::run(&app, &args).await,
        Command::Token(_) => token::run(&app),
        Command::Show(args) => show::run(&app, &args).await,
        Command::Render(args) => render::run(&app, &args).await,
        Command::Events(args) => events::run(&app, &args),
        Command::Test(args) => test::run(&app, &args).await,
        Command::Logs(args) => logs::run(&app, &args).await,
        Command::Redrive(args) => redrive::run(&app, &args).await,
        Command::Mute(args) => mutes::mute(&app, &args).await,
        Command::Mutes(args) => mutes::run(&app, &args).await,
        Command::Unmute(args) => mutes::unmute(&app, &args).await,
        Command::Policy(args) => policy::run(&app, &args).await,
        Command::Init(args) => init::run(&app, &args),
        Command::Graph(args) => graph::run(&app, &args),
        Command::Expand(args) => expand::run(&app, &args).await,
        Command::Export(args) => export::run(&app, &args.command).await,
        Command::Schema(_) => schema::run(&app),
        Command::Completions(args) => completions::run(&app, &args),
        Command::Man(args) => man::run(&app, &args),
        Command::Version(_) => version::run(&app),
        Command::Local(args) => local_mode::run(&app, args.command).await,
    };
    result.unwrap_or_else(|failure| ExitCode::from(failure.report(app.out)))
}

/// Shows the requested help, or the error in the command line.
pub fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let _ = error.print();
        // Exit code 2 is taken: it means that a plan has changes.
        return ExitCode::FAILURE;
    }
    let out = Out { format: Format::Text };
    match out.result(|| error.render().ansi().to_string(), || json!(null)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(unwritten) => ExitCode::from(Failure::from(unwritten).report(out)),
    }
}

type Outcome = Result<ExitCode, Failure>;

/// What every command needs.
struct App {
    out: Out,
    global: Global,
}

/// Access to a stack's resources.
struct Access {
    aws: Aws,
    /// The local mode's session, if the resources are there.
    local: Option<Session>,
    /// Whether the user was told which addresses the local inbox replaces; once per command is enough.
    inbox_announced: Cell<bool>,
    /// ARN of the existing key that the stack uses, once it was looked up.
    key: OnceCell<Option<String>>,
    /// The same of an earlier version of the stack.
    former_key: OnceCell<Option<String>>,
}

impl Access {
    /// The stack's own region.
    fn region(&self) -> &str {
        &self.aws.connection.region
    }
}

impl App {
    /// Warns about preconditions of the stack that are not met, and about those that could not be checked.
    fn warn_of(&self, plan: &Plan) {
        plan.warnings.iter().for_each(|warning| self.out.warn(warning));
    }

    /// Connects for the stack called `name`; `region` is the region in its file.
    async fn access(&self, name: &str, region: Option<&str>) -> Result<Access, Failure> {
        let local = match self.global.local {
            true => Some(self.local_up().await?),
            false => None,
        };
        let region = self.global.region.as_deref().or(region);
        let aws = match &local {
            // A region is required; in the local AWS any region is fine.
            Some(session) => self
                .local_aws(session, region.unwrap_or("us-east-1"))
                .await?
                .of_stack(name),
            None => {
                let target = Target {
                    region: region.map(str::to_owned),
                    region_from: self.region_from(),
                    endpoint_url: self.global.endpoint_url.clone(),
                    profile: self.global.profile.clone(),
                    local: false,
                    announce: Some(talk),
                };
                let aws = self.aws(&target, name).await?;
                self.refuse_mistyped(&aws.connection.region)?;
                aws
            }
        };
        Ok(Access {
            aws,
            local,
            inbox_announced: Cell::default(),
            key: OnceCell::new(),
            former_key: OnceCell::new(),
        })
    }

    /// The source of the region in [`Self::access`], if it is given.
    fn region_from(&self) -> &'static str {
        match self.global.region {
            Some(_) => "--region",
            None => "the stack file",
        }
    }

    /// The same for commands that use the stack without observing it; observing would refuse a wrong region.
    ///
    /// # Errors
    /// The stack's roles say that its own region is another one.
    async fn access_at_home(&self, name: &str, region: Option<&str>) -> Result<Access, Failure> {
        let access = self.access(name, region).await?;
        observe::home::refuse_elsewhere(&access.aws).await?;
        Ok(access)
    }

    /// The region of `stack` for commands that do not ask AWS: of the command line, otherwise of the stack file.
    fn written_region<'a>(&'a self, stack: &'a Stack) -> Result<&'a str, Failure> {
        let region = self.global.region.as_deref().or(stack.region.as_deref());
        region.ok_or_else(|| {
            Failure::new(
                "the stack file has no region",
                "pass --region, or add `region:` to the stack file",
            )
        })
    }

    /// Checks a region that does not come from the stack file; the file's region was checked with the file.
    fn refuse_mistyped(&self, region: &str) -> Result<(), Failure> {
        match Region::of(region) {
            Region::No(Some(near)) => Err(Failure::new(
                format!("`{region}` is not a region"),
                format!("did you mean `{near}`? correct --region, AWS_REGION or the profile"),
            )),
            Region::Unknown(Some(near)) => {
                self.out.warn(&format!(
                    "alertctl does not know the region `{region}`: did you mean `{near}`?"
                ));
                Ok(())
            }
            Region::Known | Region::Unknown(None) | Region::No(None) => Ok(()),
        }
    }

    /// A region of the local AWS.
    async fn local_aws(&self, session: &Session, region: &str) -> Result<Aws, Failure> {
        session.remember_region(region)?;
        let target = Target {
            region: Some(region.to_owned()),
            region_from: self.region_from(),
            endpoint_url: Some(session.endpoint.clone()),
            profile: None,
            local: true,
            announce: Some(talk),
        };
        self.aws(&target, "").await
    }

    /// Connects to the stack called `name` at `target`.
    async fn aws(&self, target: &Target, name: &str) -> Result<Aws, Failure> {
        let aws = Aws::new(Connection::open(target).await?, name);
        // The same variable as in AWS's SDKs and CLI.
        let attempts = std::env::var("AWS_MAX_ATTEMPTS").ok();
        if let Some(times) = attempts.and_then(|times| times.parse().ok()) {
            aws.memory.try_at_most(times);
        }
        Ok(aws)
    }

    async fn local_up(&self) -> Result<Session, Failure> {
        let arguments = ["local", "inbox-server"].map(Into::into);
        Ok(local::up(&arguments, |text| self.out.say(text)).await?)
    }

    /// Connects to the stack that the arguments name, without its graph: for commands that need no file.
    async fn access_by_name(
        &self,
        which: &StackOrName,
        ciphertexts: Ciphertexts,
    ) -> Result<(Access, Option<Loaded>), Failure> {
        if let Some(name) = &which.stack {
            return Ok((self.access(name, None).await?, None));
        }
        let path = which.path.as_deref().unwrap_or(Path::new("stack.yaml"));
        let loaded = self.load_for(path, ciphertexts).await?;
        let access = self
            .access(&loaded.stack.stack, loaded.stack.region.as_deref())
            .await?;
        Ok((access, Some(loaded)))
    }

    /// Runs a plan that was shown and approved, and reports the result. `again` is the command to continue
    /// with, `stack` the file whose endpoints are shown.
    async fn execute(
        &self,
        aws: &Aws,
        graph: &Graph,
        plan: &Plan,
        parallelism: usize,
        again: &str,
        stack: Option<&Stack>,
    ) -> Outcome {
        let (report, elapsed) = self.run_plan(aws, graph, plan, parallelism, again).await?;
        let endpoints = stack.map(|stack| endpoints::of(stack, aws, &report.known));
        if let Some(endpoints) = &endpoints {
            endpoints.iter().for_each(|one| self.out.say(&one.text()));
        }
        let printed = match self.out.format {
            Format::Json => {
                let mut document = report.json(plan, elapsed);
                document["endpoints"] = json!(endpoints.unwrap_or_default());
                self.out.result(String::new, || document)
            }
            Format::Text | Format::Markdown => Ok(()),
        };
        ended(&report)?;
        printed?;
        Ok(ExitCode::SUCCESS)
    }

    /// The same as a part of another command, which needs standard output for itself.
    async fn execute_quietly(
        &self,
        aws: &Aws,
        graph: &Graph,
        plan: &Plan,
        again: &str,
    ) -> Result<(), Failure> {
        ended(&self.run_plan(aws, graph, plan, PARALLELISM, again).await?.0)
    }

    async fn run_plan(
        &self,
        aws: &Aws,
        graph: &Graph,
        plan: &Plan,
        parallelism: usize,
        again: &str,
    ) -> Result<(Report, Duration), Failure> {
        let start = Instant::now();
        let group = self.out.group("run", &format!("stack {}, run", plan.stack));
        let progress = Progress::new(self.out, plan);
        let on_event = |event: Event<'_>| progress.show(event);
        let first = async {
            match aws.connection.local {
                true => addresses::disarm(aws, plan).await,
                false => Ok(()),
            }
        };
        let run = execute(aws, graph, plan, parallelism, self.interrupt(), first, &on_event);
        let report = progress.during(run).await?;
        drop(group);
        for note in progress.notes().iter().chain(&report.notes) {
            self.out.say(&format!("note: {note}"));
        }
        let elapsed = start.elapsed();
        self.out.say(&report.text(plan, elapsed, again));
        report.annotate(self.out, plan);
        self.out.summarize(|| report.markdown(plan, elapsed, again));
        Ok((report, elapsed))
    }

    /// Becomes true at the first Ctrl-C or SIGTERM; the second one ends the process at once.
    fn interrupt(&self) -> watch::Receiver<bool> {
        let (send, receive) = watch::channel(false);
        let (out, first) = (self.out, stop_signal());
        tokio::spawn(async move {
            first.await;
            out.warn("stopping after the calls in progress; interrupt again to stop at once");
            let _ = send.send(true);
            stop_signal().await;
            output::clear();
            std::process::exit(130);
        });
        receive
    }
}

fn ended(report: &Report) -> Result<(), Failure> {
    match (report.interrupted(), report.complete()) {
        (true, _) => Err(Failure::Interrupted),
        (_, false) => Err(Failure::Reported),
        _ => Ok(()),
    }
}
