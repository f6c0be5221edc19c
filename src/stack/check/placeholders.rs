//! Example values in the ready-made stack files and in the output of `alertctl init` that people must replace.

/// An example value to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placeholder {
    pub text: &'static str,
    /// What to write instead.
    pub help: &'static str,
}

/// The SHA-256 of a token that nobody has, so an endpoint with it accepts nobody.
pub const NOBODYS_TOKEN: &str = "0f4e8a3b6c1d2957e0a4b8c36d5f7192a3b4c5d6e7f80912a3b4c5d6e7f80912";
/// The id of an instance that does not exist: AWS's own example.
pub const NOBODYS_INSTANCE: &str = "i-0123456789abcdef0";

const OWN_ADDRESS: &str = "write your own address: nobody reads this one";
const OWN_ACCOUNT: &str = "write the id of your own account";

/// All placeholders, and the account ids of AWS's examples.
pub const PLACEHOLDERS: [Placeholder; 7] = [
    Placeholder {
        text: NOBODYS_INSTANCE,
        help: "write the id of your own instance",
    },
    Placeholder {
        text: "C0123ABCD",
        help: "write the id of your own channel: it is at the end of the channel's details in Slack",
    },
    Placeholder {
        text: "oncall@example.com",
        help: OWN_ADDRESS,
    },
    Placeholder {
        text: "ops@example.com",
        help: OWN_ADDRESS,
    },
    Placeholder {
        text: NOBODYS_TOKEN,
        help: "run `alertctl token` and write its digest here: nobody has the token of this one",
    },
    Placeholder {
        text: "111122223333",
        help: OWN_ACCOUNT,
    },
    Placeholder {
        text: "123456789012",
        help: OWN_ACCOUNT,
    },
];

impl Placeholder {
    /// Whether it occurs in `text` as a separate word.
    pub fn is_in(&self, text: &str) -> bool {
        let is_part = |character: char| character.is_ascii_alphanumeric();
        text.match_indices(self.text).any(|(at, found)| {
            !text[..at].ends_with(is_part) && !text[at + found.len()..].starts_with(is_part)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::BUNDLED;

    /// All words in `text` that look like examples: an id of an instance or account, an address, a digest.
    fn examples(text: &str) -> Vec<String> {
        let written = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let words = written
            .flat_map(|line| line.split(|one: char| !one.is_ascii_alphanumeric() && !"-_.@".contains(one)));
        let is_example = |word: &&str| {
            let digits = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
            let hex = |word: &str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
            word.strip_prefix("i-").is_some_and(|id| id.len() >= 8 && hex(id))
                || word.len() == 12 && digits(word)
                || word.len() == 64 && hex(word)
                || word.len() >= 9
                    && word.starts_with("C0")
                    && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
                || word.contains("@example.")
        };
        words.filter(is_example).map(str::to_owned).collect()
    }

    #[test]
    fn every_example_in_the_ready_stacks_is_on_the_list() {
        let mut seen = Vec::new();
        for one in BUNDLED {
            for example in examples(one.text) {
                let known = PLACEHOLDERS.iter().any(|placeholder| placeholder.text == example);
                assert!(known, "{}: {example}", one.name);
                seen.push(example);
            }
        }
        assert!(seen.len() > 5, "{seen:?}");
    }

    #[test]
    fn a_placeholder_is_a_word_of_its_own() {
        let account = PLACEHOLDERS[5];
        for text in [
            "111122223333",
            "arn:aws:iam::111122223333:role/a",
            "a-111122223333",
        ] {
            assert!(account.is_in(text), "{text}");
        }
        for text in ["1111222233334", "x111122223333", "11112222333"] {
            assert!(!account.is_in(text), "{text}");
        }
    }
}
