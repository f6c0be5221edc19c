//! Secrets in what a request carried: taken out before anything else sees them.
//!
//! CloudTrail removes what the service marks as sensitive; what it does not know of (environment of a
//! task definition, headers of a target, a webhook in a tag) arrives in the clear. A value is masked
//! for the name it goes by, or for its own shape. Ids and ARNs of secrets stay: they are no secrets.

use serde_json::{Map, Value};

/// Stands where a secret was.
pub(crate) const MASK: &str = "••••";

/// Parts of names that go with secrets, in lower case without separators.
const SECRET_NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "credential",
    "privatekey",
    "apikey",
    "accesskey",
    "signingkey",
    "authorization",
    "webhook",
    "connectionstring",
    "userdata",
    "signature",
];
/// Ends of names that say something about a secret and do not hold it.
const HARMLESS_ENDS: &[&str] = &[
    "id", "ids", "arn", "arns", "name", "type", "status", "age", "length",
];
/// How pairs of a name and a value are written in requests.
const PAIRS: &[(&str, &str)] = &[
    ("name", "value"),
    ("key", "value"),
    ("parametername", "parametervalue"),
    ("parameterkey", "parametervalue"),
    ("headername", "headervalue"),
];
/// What secrets of well-known issuers begin with.
const PREFIXES: &[&str] = &[
    "xoxa-",
    "xoxb-",
    "xoxe-",
    "xoxe.",
    "xoxp-",
    "xoxr-",
    "xoxs-",
    "xapp-",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "sk-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "AIza",
    "npm_",
    "pypi-",
    "dckr_pat_",
    "hvs.",
    "SG.",
    "eyJ",
];
/// Addresses that are secrets in themselves.
const SECRET_ADDRESSES: &[&str] = &[
    "hooks.slack.com/",
    "hooks.slack-gov.com/",
    "webhook.office.com/",
    "discord.com/api/webhooks/",
    "discordapp.com/api/webhooks/",
    "chat.googleapis.com/",
    "api.telegram.org/bot",
];
/// Shortest text after a prefix that is a secret and not a word.
const MIN_SECRET: usize = 16;

/// The same JSON without secrets. Text that is JSON itself, such as a policy, becomes part of it.
pub(crate) fn value(value: &Value) -> Value {
    match value {
        Value::String(string) => match nested(string) {
            Some(inner) => self::value(&inner),
            None => Value::String(text(string)),
        },
        Value::Array(values) => list(values),
        Value::Object(map) => Value::Object(object(map)),
        other => other.clone(),
    }
}

/// The same text without secrets.
pub(crate) fn text(text: &str) -> String {
    if text.contains("-----BEGIN") && text.contains("PRIVATE KEY") {
        return MASK.to_owned();
    }
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    let mut expects_secret = false;
    while let Some(c) = rest.chars().next() {
        let end = rest
            .find(is_separator)
            .unwrap_or(rest.len())
            .max(if is_separator(c) { c.len_utf8() } else { 0 });
        let (word, others) = rest.split_at(end);
        rest = others;
        if is_separator(c) {
            masked.push_str(word);
            continue;
        }
        masked.push_str(&if expects_secret {
            MASK.to_owned()
        } else {
            mask_word(word)
        });
        // `Authorization: Bearer …`, `--password …`
        let bare = word.trim_end_matches(':');
        expects_secret = ["bearer", "basic"].contains(&bare.to_ascii_lowercase().as_str())
            || ((bare.len() < word.len() || bare.starts_with("--"))
                && !bare.contains("//")
                && is_secret_name(bare));
    }
    masked
}

fn object(map: &Map<String, Value>) -> Map<String, Value> {
    let paired = |value_key: &str| {
        let value_key = normalised(value_key);
        PAIRS
            .iter()
            .filter(|(_, value)| *value == value_key)
            .any(|(name, _)| {
                map.iter().any(|(key, value)| {
                    normalised(key) == *name && value.as_str().is_some_and(is_secret_name)
                })
            })
    };
    map.iter()
        .map(|(key, inner)| {
            let secret = is_secret_name(key) || paired(key);
            (key.clone(), if secret { hide(inner) } else { value(inner) })
        })
        .collect()
}

/// A command line in pieces: what follows `--password` is one.
fn list(values: &[Value]) -> Value {
    let is_flag = |value: &Value| {
        let flag = value
            .as_str()
            .filter(|text| text.starts_with('-') && !text.contains('='));
        flag.is_some_and(is_secret_name)
    };
    let before = std::iter::once(&Value::Null).chain(values);
    let masked = values.iter().zip(before);
    masked
        .map(|(inner, before)| {
            if is_flag(before) {
                hide(inner)
            } else {
                value(inner)
            }
        })
        .collect()
}

/// Masks all text in a value but names and ARNs; numbers and flags say how long a password must be, not
/// what it is.
fn hide(value: &Value) -> Value {
    match value {
        Value::String(text) if text.is_empty() || text.starts_with("arn:") => value.clone(),
        Value::String(_) => Value::String(MASK.to_owned()),
        Value::Array(values) => values.iter().map(hide).collect(),
        Value::Object(map) => {
            let harmless = |key: &str| is_harmless(&normalised(key));
            map.iter()
                .map(|(key, inner)| {
                    (
                        key.clone(),
                        if harmless(key) {
                            self::value(inner)
                        } else {
                            hide(inner)
                        },
                    )
                })
                .collect()
        }
        other => other.clone(),
    }
}

fn nested(text: &str) -> Option<Value> {
    let begins = text.trim_start().starts_with(['{', '[']);
    begins.then(|| serde_json::from_str(text).ok()).flatten()
}

fn normalised(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_ascii_alphanumeric());
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

fn is_secret_name(name: &str) -> bool {
    let name = normalised(name);
    SECRET_NAMES.iter().any(|part| name.contains(part))
        && !HARMLESS_ENDS.iter().any(|end| name.ends_with(end))
}

fn is_harmless(normalised: &str) -> bool {
    HARMLESS_ENDS.iter().any(|end| normalised.ends_with(end))
}

fn is_bare_secret_name(name: &str) -> bool {
    SECRET_NAMES.contains(&normalised(name).as_str())
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '"' | '\'' | '`' | ',' | ';' | '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '&'
        )
}

/// Masks a word that is a secret, or the secret part of one: `name=secret`, `https://user:secret@host/`.
fn mask_word(word: &str) -> String {
    if SECRET_ADDRESSES.iter().any(|address| word.contains(address)) || looks_secret(word) {
        return MASK.to_owned();
    }
    if let Some((scheme, rest)) = word.split_once("://") {
        let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
        if let Some((user, host)) = authority.rsplit_once('@') {
            let user = user.split(':').next().unwrap_or_default();
            let tail = mask_word(&rest[authority.len()..]);
            return format!("{scheme}://{user}:{MASK}@{host}{tail}");
        }
    }
    // `secretsmanager:GetSecretValue` is an action, so before a colon only the bare name counts.
    let named: [(char, fn(&str) -> bool); 2] = [('=', is_secret_name), (':', is_bare_secret_name)];
    for (sign, is_secret_name) in named {
        if let Some((name, value)) = word.split_once(sign) {
            let bare = name.rsplit(['?', '/']).next().unwrap_or(name);
            if !value.is_empty() && (is_secret_name(bare) || looks_secret(value)) {
                return format!("{name}{sign}{MASK}");
            }
        }
    }
    word.to_owned()
}

fn looks_secret(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ':', '!', '?']);
    let issued = |prefix: &str| {
        word.strip_prefix(prefix)
            .is_some_and(|rest| rest.len() >= MIN_SECRET && rest.bytes().all(is_secret_byte))
    };
    PREFIXES.iter().any(|prefix| issued(prefix)) || is_aws_secret(word)
}

fn is_secret_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~+/=".contains(&byte)
}

/// An AWS secret access key has 40 characters of base64. A SHA-1 digest has no capitals.
fn is_aws_secret(word: &str) -> bool {
    word.len() == 40
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
        && word.bytes().any(|byte| byte.is_ascii_uppercase())
        && word.bytes().any(|byte| byte.is_ascii_lowercase())
        && word.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_goes_by_the_name_of_a_secret_is_masked() {
        let request = json!({
            "masterUserPassword": "hunter2", "SecretString": "{\"a\":\"b\"}", "x-api-key": "k",
            "environment": [{ "name": "DB_PASSWORD", "value": "hunter2" }, { "name": "MODE", "value": "fast" }],
            "Tags": [{ "Key": "token", "Value": "hunter2" }],
            "authParameters": { "apiKeyAuthParameters": { "apiKeyName": "x", "apiKeyValue": "hunter2" } },
            "credentials": ["hunter2", { "anything": "hunter2" }],
            "command": ["serve", "--db-password", "hunter2", "--mode", "fast"],
            "policy": "{\"Version\":\"2012-10-17\",\"clientSecret\":\"hunter2\"}",
        });
        let masked = value(&request);
        assert!(!masked.to_string().contains("hunter2"), "{masked:#}");
        assert_eq!(masked["command"][4], "fast");
        assert_eq!(masked["environment"][1]["value"], "fast");
        assert_eq!(masked["policy"]["Version"], "2012-10-17");
    }

    #[test]
    fn what_only_speaks_of_a_secret_stays() {
        let request = json!({
            "secretId": "prod/db", "secrets": [{ "name": "TOKEN", "valueFrom": "arn:aws:ssm:r:a:parameter/t" }], "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "passwordResetRequired": true,
            "minimumPasswordLength": 14, "name": "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit",
            "digest": "da39a3ee5e6b4b0d3255bfef95601890afd80709", "time": "2026-11-20T05:03:27Z", "token": "",
            "image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/web:1.2.3", "url": "https://example.com/a?b=c",
        });
        assert_eq!(value(&request), request);
    }

    #[test]
    fn a_secret_is_known_by_its_shape() {
        let key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let slack = ["https://hooks.slack", "com/services/T0/B0/x"].join(".");
        let token = ["xoxb", "123456789012-abcdefghijkl"].join("-");
        let cases = [
            (format!("key {key}, ok"), format!("key {MASK}, ok")),
            (format!("see {slack} now"), format!("see {MASK} now")),
            (token, MASK.to_owned()),
            (
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_123".into(),
                MASK.into(),
            ),
            (
                "Authorization: Bearer abc".into(),
                format!("Authorization: {MASK} {MASK}"),
            ),
            (
                "mysql --password hunter2 -h db".into(),
                format!("mysql --password {MASK} -h db"),
            ),
            ("PASSWORD=hunter2 A=b".into(), format!("PASSWORD={MASK} A=b")),
            (
                "postgres://app:hunter2@db/x".into(),
                format!("postgres://app:{MASK}@db/x"),
            ),
            (
                "https://e.com/?token=hunter2&b=c".into(),
                format!("https://e.com/?token={MASK}&b=c"),
            ),
            ("-----BEGIN RSA PRIVATE KEY-----\nabc".into(), MASK.into()),
            (format!("the key {key}."), format!("the key {MASK}")),
            (
                "not authorized to perform: secretsmanager:GetSecretValue".into(),
                "not authorized to perform: secretsmanager:GetSecretValue".into(),
            ),
            ("password:hunter2".into(), format!("password:{MASK}")),
            (
                "웹 서버 <b>; sk-learn eyJ".into(),
                "웹 서버 <b>; sk-learn eyJ".into(),
            ),
        ];
        for (text, masked) in cases {
            assert_eq!(super::text(&text), masked);
        }
    }
}
