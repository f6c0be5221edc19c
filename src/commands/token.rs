//! `alertctl token`.

use std::process::ExitCode;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use secrecy::zeroize::Zeroizing;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{App, Outcome};
use crate::cli::Format;
use crate::output::Failure;

/// Number of random bytes, enough that nobody can guess them.
const BYTES: usize = 32;

pub fn run(app: &App) -> Outcome {
    let token = fresh()?;
    let digest = hex::encode(Sha256::digest(token.as_bytes()));
    // Standard output contains only the token, so that `$(alertctl token)` works.
    let printed = app.out.result_once(
        || token.to_string(),
        || json!({ "version": 1, "token": *token, "sha256": digest }),
    );
    // The token was not delivered, so its digest for the stack file is not shown either.
    printed.map_err(|unwritten| {
        Failure::new(
            format!("no token was created: {unwritten}"),
            "send its output to a terminal, or to wherever the token is kept, and run the command again",
        )
    })?;
    if app.out.format == Format::Text {
        app.out.say(&format!(
            "\nThis token is shown only once. Callers send it as `Authorization: Bearer …`; the stack file \
             holds its digest:\n\n    token: {{ sha256: {digest} }}"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// 256 random bits in letters, digits, `-` and `_`.
fn fresh() -> Result<Zeroizing<String>, Failure> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    getrandom::fill(&mut *bytes).map_err(|error| {
        Failure::new(
            format!("the operating system provided no random bytes: {error}"),
            "run the command again",
        )
    })?;
    Ok(Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_new_and_fit_a_header() {
        let (one, other) = (fresh().unwrap(), fresh().unwrap());
        assert_ne!(*one, *other);
        assert_eq!(one.len(), 43);
        assert!(one.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
    }
}
