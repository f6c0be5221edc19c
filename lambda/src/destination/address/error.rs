//! What is wrong with an address, in words that contain no part of it.

use std::fmt;

use super::{Form, MAX_LENGTH, Rule};

/// What is wrong with an address. Contains no part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// Nothing but white space.
    Empty,
    /// White space, control or non-ASCII characters inside.
    Characters,
    /// Longer than any address.
    TooLong,
    /// `http://` or another scheme.
    Scheme,
    /// Not one of the service's hosts.
    Host,
    /// User, port, query or fragment.
    Extras,
    /// Not one of the service's paths.
    Path,
    /// Without a part of its query.
    Query,
    /// Not a key of the service.
    Key,
    /// Only a secret, without the URL before it.
    NoUrl,
    /// Only a URL, without a secret after it.
    NoSecret,
    /// Something else after the key or the URL.
    Secret,
    /// More secrets than are used.
    Secrets,
    /// On this machine, outside of the local mode.
    Loopback,
}

/// What is wrong with an address of a service, and what to do. Contains no part of it.
#[derive(Debug, Clone, Copy)]
pub struct AddressError {
    pub(super) form: &'static Form,
    pub wrong: Wrong,
}

/// What is wrong with a host where any public one will do.
const NOT_PUBLIC: &str = "not public: it has to be a full name, or an address outside of private networks";

impl PartialEq for AddressError {
    fn eq(&self, other: &Self) -> bool {
        (self.form.service, self.wrong) == (other.form.service, other.wrong)
    }
}

impl Eq for AddressError {}

impl AddressError {
    /// Where people find what belongs there.
    pub fn page(&self) -> &'static str {
        self.form.page
    }
}

impl std::error::Error for AddressError {}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Form {
            service,
            name,
            example,
            rule,
            ..
        } = self.form;
        let (host_is, path_is, key_is, it) = match rule {
            Rule::Url(rule) => (rule.host_is, rule.path_is, "", "its URL"),
            Rule::Key { is, .. } => ("", "", *is, "it"),
            Rule::Signed { is, .. } => (NOT_PUBLIC, "", *is, "its URL and its signing secret"),
            Rule::Anywhere => (NOT_PUBLIC, "that of a check", "", "it"),
        };
        let parameters = match rule {
            Rule::Url(rule) => rule.parameters,
            Rule::Key { .. } | Rule::Signed { .. } | Rule::Anywhere => &[],
        };
        match self.wrong {
            Wrong::Empty => write!(f, "the {name} is empty; paste {it} from {service}, `{example}`"),
            Wrong::Characters => write!(
                f,
                "the {name} contains characters that no {name} has; copy it again from {service}, complete and by itself"
            ),
            Wrong::TooLong => write!(
                f,
                "the {name} is longer than {MAX_LENGTH} characters; copy only {it}"
            ),
            Wrong::Scheme => write!(
                f,
                "the {name} is not an https:// URL; copy it from {service}, `{example}`"
            ),
            Wrong::Host => write!(f, "the {name}'s host is {host_is}"),
            Wrong::Extras => match rule {
                Rule::Signed { .. } => write!(f, "the {name}'s URL has a user, a fragment or no real port"),
                Rule::Anywhere => write!(f, "the {name} has a user, a fragment or no real port"),
                _ => write!(
                    f,
                    "the {name} has a user, port, query or fragment, which {service}'s never have"
                ),
            },
            Wrong::Path => write!(
                f,
                "the {name}'s path is not {path_is}; copy it again from {service}"
            ),
            Wrong::Query => write!(
                f,
                "the {name} lacks a part of what follows its `?` ({}); copy it again from {service}, complete, and put \
                 it into quotes in a shell",
                parameters.join(", ")
            ),
            Wrong::Key => write!(f, "the {name} is not {key_is}; copy it again from {service}"),
            Wrong::NoUrl => write!(
                f,
                "the {name} is a signing secret alone; put the URL before it, `{example}`"
            ),
            Wrong::NoSecret => write!(
                f,
                "the {name} has no signing secret after its URL; add one, which is {key_is}: `{example}`"
            ),
            Wrong::Secret => match rule {
                Rule::Key {
                    second: Some(second), ..
                } => {
                    write!(f, "the {name} has something after it that is not {}", second.is)
                }
                _ => write!(
                    f,
                    "the {name} has something after its URL that is no signing secret; one is {key_is}: `{example}`"
                ),
            },
            Wrong::Secrets => write!(
                f,
                "the {name} has more signing secrets than the new one and the one before"
            ),
            Wrong::Loopback => write!(
                f,
                "the {name} points at this machine, which AWS cannot reach; that is for `--local` only"
            ),
        }
    }
}
