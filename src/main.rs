//! Parses the command line, runs the command, and exits with its exit code.

use std::process::ExitCode;

use alertctl::cli::Cli;

fn main() -> ExitCode {
    alertctl::commands::completions::answer();
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => return alertctl::commands::usage(&error),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(alertctl::commands::run(cli)),
        Err(error) => {
            eprintln!("error: the system refuses an event loop: {error}");
            ExitCode::FAILURE
        }
    }
}
