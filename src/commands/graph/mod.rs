//! `alertctl graph`.

mod flow;
mod resources;
mod words;

use std::process::ExitCode;

use serde_json::json;

use super::{App, Outcome};
use crate::cli::{GraphArgs, PictureFormat};
use crate::output::picture::{self, Picture};

pub fn run(app: &App, args: &GraphArgs) -> Outcome {
    let loaded = app.load_offline(&args.file.path, false)?;
    let stack = &loaded.stack;
    let picture = match args.resources {
        true => resources::picture(stack, app.global.region.as_deref()),
        false => flow::picture(&loaded),
    };
    app.out.result(
        || drawn(&picture, args.format),
        || json!({ "version": 1, "stack": stack.stack, "boxes": picture.boxes, "arrows": picture.arrows }),
    )?;
    Ok(ExitCode::SUCCESS)
}

fn drawn(picture: &Picture, format: PictureFormat) -> String {
    match format {
        PictureFormat::Svg => picture::svg(picture),
        PictureFormat::Mermaid => picture::mermaid(picture),
        PictureFormat::Dot => picture::dot(picture),
    }
}
