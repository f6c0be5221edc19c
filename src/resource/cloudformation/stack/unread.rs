//! Several stacks that could not be read, as one error.

use crate::aws::concurrently;
use crate::resource::{Fault, Result};

/// What could be read of each of `items`, whichever of them fail: whoever has to mend roles in many accounts learns of all of
/// them at once.
pub async fn each<I, T>(
    items: impl IntoIterator<Item = I>,
    read: impl AsyncFn(I) -> Result<T>,
) -> Result<Vec<Result<T>>> {
    let read = &read;
    concurrently(items, |item| async move { Ok(read(item).await) }).await
}

/// Both lists, if nothing in either of them failed.
///
/// # Errors
/// The fault of the one that failed, or one that names all of them.
pub fn both<A, B>(one: Vec<Result<A>>, other: Vec<Result<B>>) -> Result<(Vec<A>, Vec<B>)> {
    let mut faults = Vec::new();
    let both = (good(one, &mut faults), good(other, &mut faults));
    match faults.len() {
        0 => Ok(both),
        1 => Err(faults.remove(0)),
        _ => Err(together(&faults)),
    }
}

fn good<T>(all: Vec<Result<T>>, faults: &mut Vec<Fault>) -> Vec<T> {
    let mut good = Vec::with_capacity(all.len());
    for one in all {
        match one {
            Ok(one) => good.push(one),
            Err(fault) => faults.push(fault),
        }
    }
    good
}

/// The most refusals in one error.
const NAMED: usize = 30;

fn together(faults: &[Fault]) -> Fault {
    let named = &faults[..faults.len().min(NAMED)];
    let lines = named.iter().map(|fault| format!("\n    {fault}"));
    let more = match faults.len() - named.len() {
        0 => String::new(),
        more => format!("\n    and {more} more"),
    };
    let text = format!(
        "{} stacks in other accounts could not be read:{}{more}",
        faults.len(),
        lines.collect::<String>()
    );
    Fault::united(faults, text).hint(helps(named).join("\n    "))
}

/// Each advice once, with the stacks that it is for unless it is for all.
fn helps(faults: &[Fault]) -> Vec<String> {
    let mut helps: Vec<(String, Vec<&str>)> = Vec::new();
    for fault in faults {
        let (help, subject) = (fault.help(), fault.subject().unwrap_or(fault.action));
        match helps.iter_mut().find(|(known, _)| *known == help) {
            Some((_, subjects)) => subjects.push(subject),
            None => helps.push((help, vec![subject])),
        }
    }
    let is_shared = helps.len() == 1;
    let said = |(help, subjects): (String, Vec<&str>)| match is_shared {
        true => help,
        false => format!("{}: {help}", subjects.join(", ")),
    };
    helps.into_iter().map(said).collect()
}
