//! A function's environment variables: plain ones, and secrets that are stored as ciphertext with a digest.

use std::collections::{BTreeMap, HashMap};

use futures::future::try_join_all;

use crate::aws::secret::{Secret, fingerprint};
use crate::resource::{Context, Fault, Fields, Known, Result, Text};

/// A variable's desired value.
#[derive(Debug, Clone)]
pub enum EnvValue {
    Plain(Text),
    /// Encrypted with the function's key before it is sent.
    Secret(Secret),
    /// The value is not available, so the variable keeps its value and is neither compared nor written.
    NotAtHand,
}

/// A variable as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LiveValue {
    Plain(String),
    Secret {
        ciphertext: String,
        digest: String,
    },
    /// Not written by alertctl, or not readable. It is never shown, and differs from everything.
    Unknown,
}

pub(super) type Wanted = BTreeMap<String, EnvValue>;
pub(super) type Live = BTreeMap<String, LiveValue>;

/// `NAME_DIGEST` contains `<digest of the secret>.<fingerprint of the ciphertext in NAME>`: a ciphertext that was
/// changed by hand does not match, so it is replaced.
const DIGEST: &str = "_DIGEST";

/// The variables in AWS's answer. Only values that `wanted` has in plain text are kept, because a variable that
/// somebody else set may be a secret.
pub(super) fn read(variables: &HashMap<String, String>, wanted: Option<&Wanted>) -> Live {
    let asked = |name: &str| wanted.and_then(|wanted| wanted.get(name));
    let digest_of = |name: &str| variables.get(&format!("{name}{DIGEST}"))?.split_once('.');
    let is_digest = |name: &str| {
        let of = name.strip_suffix(DIGEST);
        of.is_some_and(|of| variables.contains_key(of) && digest_of(of).is_some()) && asked(name).is_none()
    };
    let value = |name: &str, text: &String| match (digest_of(name), asked(name)) {
        (Some((digest, print)), _) if print == fingerprint(text) => LiveValue::Secret {
            ciphertext: text.clone(),
            digest: digest.to_owned(),
        },
        (None, Some(EnvValue::Plain(_))) => LiveValue::Plain(text.clone()),
        _ => LiveValue::Unknown,
    };
    variables
        .iter()
        .filter(|(name, _)| !is_digest(name) && !matches!(asked(name), Some(EnvValue::NotAtHand)))
        .map(|(name, text)| (name.clone(), value(name, text)))
        .collect()
}

/// Adds the desired variables as fields `environment.<name>`. Secrets are encrypted with `key` for `context`.
pub(super) fn fields(fields: Fields, wanted: &Wanted, key: &Text, context: &str, known: &Known) -> Fields {
    wanted.iter().fold(fields, |fields, (name, value)| {
        let field = format!("environment.{name}");
        match value {
            EnvValue::NotAtHand => fields,
            EnvValue::Plain(text) => fields.text(field, text, known),
            EnvValue::Secret(secret) => match key.fill(known) {
                Ok(key) => fields.secret(field, secret.digest(&key, context)),
                Err(node) => fields.when_known(field, Err::<String, _>(node)),
            },
        }
    })
}

/// Adds the live variables as fields `environment.<name>`.
pub(super) fn live_fields(fields: Fields, live: &Live) -> Fields {
    live.iter().fold(fields, |fields, (name, value)| {
        let field = format!("environment.{name}");
        match value {
            LiveValue::Plain(text) => fields.set(field, text.as_str()),
            LiveValue::Secret { digest, .. } => fields.secret(field, digest.as_str()),
            LiveValue::Unknown => fields.secret(field, ""),
        }
    })
}

/// Encrypts the secrets concurrently. A secret that is unchanged in `live` keeps its ciphertext.
pub(super) async fn seal(
    cx: &Context<'_>,
    wanted: &Wanted,
    live: &Live,
    key_arn: &str,
    context: &str,
) -> Result<Live> {
    let sealed = wanted.iter().map(async |(name, value)| {
        let value = match value {
            EnvValue::NotAtHand => {
                let text = format!("the value of {name} is not at hand");
                return Err(Fault::new(
                    "lambda:UpdateFunctionConfiguration",
                    "NotAtHand",
                    text,
                ));
            }
            EnvValue::Plain(text) => LiveValue::Plain(cx.text(text)?),
            EnvValue::Secret(secret) => {
                let digest = secret.digest(key_arn, context);
                let ciphertext = match live.get(name) {
                    Some(LiveValue::Secret {
                        ciphertext,
                        digest: now,
                    }) if *now == digest => ciphertext.clone(),
                    _ => secret.encrypt(cx.aws, key_arn, context).await?,
                };
                LiveValue::Secret { ciphertext, digest }
            }
        };
        Ok((name.clone(), value))
    });
    Ok(try_join_all(sealed).await?.into_iter().collect())
}

/// The variables in the form that Lambda accepts.
pub(super) fn variables(live: &Live) -> HashMap<String, String> {
    let pairs = live.iter().flat_map(|(name, value)| match value {
        LiveValue::Plain(text) => vec![(name.clone(), text.clone())],
        LiveValue::Secret { ciphertext, digest } => vec![
            (name.clone(), ciphertext.clone()),
            (
                format!("{name}{DIGEST}"),
                format!("{digest}.{}", fingerprint(ciphertext)),
            ),
        ],
        LiveValue::Unknown => Vec::new(),
    });
    pairs.collect()
}
