//! `alertctl validate`.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::{App, Outcome};
use crate::cli::{Format, ValidateArgs};
use crate::output::{Failure, warnings_of_file};
use crate::stack::Loaded;

pub fn run(app: &App, args: &ValidateArgs) -> Outcome {
    match args.paths.as_slice() {
        [path] => {
            let loaded = checked(app, path)?;
            app.out.result(|| valid(path), || document(path, &loaded))?;
        }
        paths => all(app, paths.iter().map(AsRef::as_ref))?,
    }
    app.out.refuse_warnings(args.strict, true)?;
    Ok(ExitCode::SUCCESS)
}

/// Checks all files, even if earlier ones have errors.
fn all<'a>(app: &App, paths: impl Iterator<Item = &'a Path>) -> Result<(), Failure> {
    let (mut documents, mut failed) = (Vec::new(), false);
    for path in paths {
        let document = match (checked(app, path), app.out.format) {
            (Ok(loaded), Format::Json) => document(path, &loaded),
            (Ok(_), _) => {
                app.out.result(|| valid(path), || Value::Null)?;
                continue;
            }
            (Err(failure), Format::Json) => {
                failure.annotate(app.out);
                failed = true;
                json!({ "file": path.display().to_string(), "errors": failure.errors(), "warnings": [] })
            }
            (Err(failure), _) => {
                failure.report(app.out);
                failed = true;
                continue;
            }
        };
        documents.push(document);
    }
    if app.out.format == Format::Json {
        app.out
            .result(String::new, || json!({ "version": 1, "files": documents }))?;
    }
    match failed {
        true => Err(Failure::Reported),
        false => Ok(()),
    }
}

fn checked(app: &App, path: &Path) -> Result<Loaded, Failure> {
    let loaded = app.load_offline(path, !app.global.local)?;
    // Only this command annotates: a pipeline that also plans and applies would show every warning again.
    app.out.annotate(&loaded.source.reports(&loaded.warnings));
    Ok(loaded)
}

fn valid(path: &Path) -> String {
    format!("{}: valid", path.display())
}

fn document(path: &Path, loaded: &Loaded) -> Value {
    json!({
        "version": 1,
        "stack": loaded.stack.stack,
        "file": path.display().to_string(),
        "errors": [],
        "warnings": warnings_of_file(loaded),
    })
}
