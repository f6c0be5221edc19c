//! Where the secrets of channels come from.

use schemars::JsonSchema;
use serde::Deserialize;

use super::form::one_of;

/// Where a channel's address comes from; the address itself is never in the file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "SecretFields")]
pub enum SecretSource {
    /// What `alertctl encrypt-hook` makes.
    Encrypted {
        /// KMS ciphertext in base64.
        ciphertext: String,
        /// Name of the relay that it was made for, which is its encryption context. Files of earlier versions do not say.
        made_for: Option<String>,
    },
    /// Name of the environment variable that holds it while `apply` runs.
    Env(String),
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "`{ encrypted: … }` or `{ env: NAME }`")]
#[schemars(extend("oneOf" = one_of(["encrypted", "env"])))]
#[schemars(extend("dependencies" = { "for": ["encrypted"] }))]
struct SecretFields {
    /// KMS ciphertext in base64, written here by `alertctl encrypt-hook --write`.
    encrypted: Option<String>,
    /// The relay that `encrypted` is for: no other relay can decrypt it. Written here by `alertctl
    /// encrypt-hook --write`.
    #[serde(rename = "for")]
    made_for: Option<String>,
    /// Name of the environment variable that holds it while `apply` runs.
    env: Option<String>,
}

impl TryFrom<SecretFields> for SecretSource {
    type Error = &'static str;

    fn try_from(fields: SecretFields) -> Result<Self, Self::Error> {
        match (fields.encrypted, fields.env) {
            (Some(ciphertext), None) => Ok(Self::Encrypted {
                ciphertext,
                made_for: fields.made_for,
            }),
            (None, Some(_)) if fields.made_for.is_some() => {
                Err("`for` belongs to `encrypted`, and has no meaning with `env`\nremove `for`")
            }
            (None, Some(name)) => Ok(Self::Env(name)),
            (None, None) => Err(
                "an address needs `encrypted` or `env`\nrun `alertctl encrypt-hook` and paste what it prints",
            ),
            (Some(_), Some(_)) => Err("an address has either `encrypted` or `env`\nremove one of them"),
        }
    }
}
