//! Deployed functions: their names, and the addresses that they hold.

use std::collections::{BTreeMap, HashMap};

use alertctl_relay::{ChannelKey, ENCRYPTED_FOR, webhook_variable};
use aws_sdk_lambda::types::Environment;

use super::call::{Aws, pages};
use super::fault::{Result, found};

/// The names of all functions of the account in the region of `aws`.
pub async fn names(aws: &Aws) -> Result<Vec<String>> {
    pages(async |marker| {
        let request = aws.connection.clients.lambda.list_functions().set_marker(marker);
        let page = aws
            .call("lambda:ListFunctions", || request.clone().send())
            .await?;
        let functions = page.functions().iter();
        let names = functions.filter_map(|one| one.function_name().map(str::to_owned));
        Ok((names.collect(), page.next_marker))
    })
    .await
}

/// The addresses that a function holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The encryption context with which the function decrypts them.
    pub encrypted_for: String,
    /// The ciphertexts, by their variables.
    pub ciphertexts: BTreeMap<String, String>,
    /// ARN of the key of its environment, which is that of the addresses, too.
    pub key: Option<String>,
}

/// The addresses that the function `name` holds. `None` if there is no such function, or if Lambda does not return its
/// environment.
pub async fn addresses(aws: &Aws, name: &str) -> Result<Option<Held>> {
    let Some((mut variables, key)) = variables(aws, name).await? else {
        return Ok(None);
    };
    let encrypted_for = variables.remove(ENCRYPTED_FOR).unwrap_or_else(|| name.to_owned());
    let ciphertexts = variables.into_iter().filter(|(name, _)| is_address(name));
    Ok(Some(Held {
        encrypted_for,
        ciphertexts: ciphertexts.collect(),
        key,
    }))
}

/// Removes these variables from the environment of the function `name`.
pub async fn forget(aws: &Aws, name: &str, forgotten: &[String]) -> Result<()> {
    let Some((mut kept, _)) = variables(aws, name).await? else {
        return Ok(());
    };
    kept.retain(|name, _| !forgotten.contains(name));
    let environment = Environment::builder().set_variables(Some(kept)).build();
    let request = aws
        .connection
        .clients
        .lambda
        .update_function_configuration()
        .function_name(name)
        .environment(environment);
    aws.call("lambda:UpdateFunctionConfiguration", || request.clone().send())
        .await
        .map(drop)
}

/// The environment of a function, and the ARN of its key.
async fn variables(aws: &Aws, name: &str) -> Result<Option<(HashMap<String, String>, Option<String>)>> {
    let lambda = &aws.connection.clients.lambda;
    let request = lambda.get_function().function_name(name);
    let answer = found(aws.call("lambda:GetFunction", || request.clone().send()).await)?;
    let configuration = answer.and_then(|answer| answer.configuration);
    let read = configuration.and_then(|function| Some((function.environment?, function.kms_key_arn)));
    let readable = read.filter(|(environment, _)| environment.error.is_none());
    Ok(readable.map(|(environment, key)| (environment.variables.unwrap_or_default(), key)))
}

/// True for a variable that holds an address. The variable with its digest does not count.
fn is_address(variable: &str) -> bool {
    variable.starts_with(&webhook_variable(&ChannelKey(String::new()))) && !variable.ends_with("_DIGEST")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_known_by_their_variables() {
        for (variable, is) in [
            ("WEBHOOK_project", true),
            ("WEBHOOK_on_call", true),
            ("WEBHOOK_project_DIGEST", false),
            ("DEAD_LETTER_QUEUE", false),
        ] {
            assert_eq!(is_address(variable), is, "{variable}");
        }
    }
}
