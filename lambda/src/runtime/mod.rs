//! The network code around the library: Lambda, AWS and the services of channels.

mod account_names;
mod actions;
mod answer;
mod api;
mod aws;
mod caller;
mod chart;
mod defect;
mod deliver;
mod destinations;
mod dispatcher;
mod dns;
mod failure;
mod find_names;
mod guard;
mod heartbeat;
mod http;
mod in_order;
mod incidents;
mod ingest;
mod kms;
mod lateness;
mod living;
mod log;
mod log_lines;
mod mute_rule;
mod notify;
mod pauses;
mod post;
mod press;
mod publish;
mod queue;
mod queued;
mod refusal;
mod reminders;
mod seen;
mod services;
mod silence;
mod time;

pub use api::Error;

use crate::contract::{Kind, SETTINGS_FILE};
use crate::{Duty, Settings, SettingsError, json};
use actions::Actions;
use api::{Context, RuntimeApi};
use aws::Aws;
use destinations::Destinations;
use failure::Failure;
use guard::Guard;
use http::Http;
use ingest::Ingest;
use notify::Notify;
use serde_json::Value;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::{env, fs, io};

/// Environment variable, set by Lambda: the directory with the contents of the zip.
const TASK_ROOT: &str = "LAMBDA_TASK_ROOT";

/// Environment variable, set by Lambda.
const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";

/// The `User-Agent` of requests to AWS and to Lambda's Runtime API.
const OWN_NAME: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// Returns the value of an environment variable.
type Variables = fn(&str) -> Option<String>;

/// Serves invocations until Lambda ends the process.
///
/// Before the first invocation it reads only the environment and its settings, because Lambda bills the start
/// and a person waits for the message; TLS is set up on first use. A setting that cannot be read fails every
/// invocation, so that the alert is kept in the dead-letter queue together with the reason.
///
/// # Errors
/// The Runtime API cannot be reached.
pub fn run() -> Result<(), Error> {
    defect::hush();
    // Lambda sends one invocation at a time, so a single thread is enough and uses the least memory.
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let variable: Variables = |name| env::var(name).ok();
    let duty = Duty::read(variable);
    let worker = match &duty {
        Ok(duty) => Worker::new(*duty, variable),
        Err(error) => Err(Failure::Settings(error.to_string())),
    };
    let address = variable(api::ADDRESS);
    let address = address.ok_or_else(|| format!("{} is not set: only Lambda starts this", api::ADDRESS))?;
    executor.block_on(async {
        let mut lambda = RuntimeApi::new(address);
        loop {
            let (context, event) = lambda.next().await?;
            let result = match (&worker, json::parse_bytes(&event)) {
                (Ok(worker), Ok(event)) => worker.handle(event, &context).await,
                (Ok(_), Err(error)) => Err(Failure::unreadable(&error)),
                (Err(failure), _) => Err(failure.clone()),
            };
            if let Err(failure) = &result {
                // Lambda does not write the error of a failed invocation to the function's log.
                let duty = *duty.as_ref().unwrap_or(&Duty::Notify);
                let reason = failure.to_string();
                log::write(
                    Kind::Failed,
                    duty,
                    &context.request_id,
                    failure.outcome(),
                    Some(&reason),
                );
            }
            lambda.end(&context, result).await?;
        }
    })
}

/// The duty of this process.
enum Worker {
    Notify(Notify),
    Ingest(Ingest),
    Actions(Actions),
    Guard(Guard),
}

/// The settings in the zip, beside the executable. Without the file the defaults apply, because a message in
/// the wrong language is better than none.
fn settings(variable: Variables) -> Result<Settings, SettingsError> {
    let directory = variable(TASK_ROOT).unwrap_or_else(|| "/var/task".to_owned());
    match fs::read_to_string(Path::new(&directory).join(SETTINGS_FILE)) {
        Ok(text) => Settings::parse(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Settings::default()),
        Err(error) => Err(SettingsError::File(error.to_string())),
    }
}

impl Worker {
    fn new(duty: Duty, variable: Variables) -> Result<Self, Failure> {
        let worker = match duty {
            Duty::Notify => Notify::from_environment(variable).map(Self::Notify),
            Duty::Ingest => Ingest::from_environment(variable).map(Self::Ingest),
            Duty::Actions => Actions::from_environment(variable).map(Self::Actions),
            Duty::Guard => Guard::from_environment(variable).map(Self::Guard),
        };
        worker.map_err(|error: SettingsError| Failure::Settings(error.to_string()))
    }

    async fn handle(&self, payload: Value, context: &Context) -> Result<Value, Failure> {
        match self {
            Self::Notify(notify) => notify.handle(payload, context).await,
            Self::Ingest(ingest) => ingest.handle(payload, context).await,
            Self::Actions(actions) => Ok(actions.handle(&payload, context).await),
            Self::Guard(guard) => guard.handle(payload, context).await,
        }
    }
}

/// The connections to AWS and to services, set up on first use: setting up TLS is the slowest part of the start.
struct Network(LazyLock<Connected, Box<dyn FnOnce() -> Connected + Send>>);

struct Connected {
    destinations: Destinations,
    aws: Aws,
}

impl Network {
    fn new(variable: Variables, settings: &Arc<Settings>) -> Self {
        let settings = Arc::clone(settings);
        Self(LazyLock::new(Box::new(move || {
            let http = Http::new();
            let aws = Aws::new(http.clone(), variable);
            Connected {
                destinations: Destinations::new(aws.clone(), http, settings, variable),
                aws,
            }
        })))
    }

    fn destinations(&self) -> &Destinations {
        &self.0.destinations
    }

    fn aws(&self) -> &Aws {
        &self.0.aws
    }
}
