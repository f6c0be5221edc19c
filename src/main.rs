//! Parses, runs, and ends with the command's exit code.

use std::process::ExitCode;

use alertctl::cli::Cli;

fn main() -> ExitCode {
    alertctl::commands::completions::answer();
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            // 2 is taken: it says that a plan has changes.
            return ExitCode::from(u8::from(error.use_stderr()));
        }
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
