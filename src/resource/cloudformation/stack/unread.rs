//! Several stacks that could not be read, as one error.

use crate::aws::concurrently;
use crate::aws::fault::REFUSED;
use crate::resource::{Fault, Result};

/// Reads all `items`, whichever of them fail: whoever has to mend roles in many accounts learns of all of them at once.
///
/// # Errors
/// The fault of the one that failed, or one that names all of them.
pub async fn all<I, T>(
    items: impl IntoIterator<Item = I>,
    read: impl AsyncFn(I) -> Result<T>,
) -> Result<Vec<T>> {
    let read = &read;
    let read: Vec<Result<T>> = concurrently(items, |item| async move { Ok(read(item).await) }).await?;
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for one in read {
        match one {
            Ok(one) => found.push(one),
            Err(fault) => faults.push(fault),
        }
    }
    match faults.len() {
        0 => Ok(found),
        1 => Err(faults.remove(0)),
        _ => Err(together(&faults)),
    }
}

/// The most refusals in one error.
const NAMED: usize = 30;

fn together(faults: &[Fault]) -> Fault {
    let mut helps: Vec<String> = Vec::new();
    for fault in faults.iter().take(NAMED) {
        let help = fault.help();
        if !helps.contains(&help) {
            helps.push(help);
        }
    }
    let lines = faults.iter().take(NAMED).map(|fault| format!("\n    {fault}"));
    let more = match faults.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("\n    and {more} more"),
    };
    let text = format!(
        "{} stacks in other accounts could not be read:{}{more}",
        faults.len(),
        lines.collect::<String>()
    );
    Fault::new(faults[0].action, REFUSED, text).hint(helps.join("\n    "))
}
