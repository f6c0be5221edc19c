//! Channels: their keys, labels and webhooks.

use std::collections::HashMap;

use super::{
    super::{model::Webhook, problem::Problem},
    Checker, destinations,
};

/// All variables of a function together, names included.
pub(super) const MAX_ENVIRONMENT: usize = 4096;

pub(super) fn check(checker: &mut Checker<'_>) {
    checker.section_keys("channels");
    distinct_variables(checker);
    let stack = checker.stack;
    let mut environment = 0;
    for (key, channel) in &stack.channels {
        if let Some(label) = &channel.label {
            let allowed = |character: char| !character.is_control();
            checker.text(
                &["channels", key, "label"],
                label,
                1..=80,
                allowed,
                "one line of text",
            );
        }
        // That it is a ciphertext was seen to before anything of it could be shown.
        if let Webhook::Encrypted(ciphertext) = &channel.webhook {
            environment += key.len() + ciphertext.len();
        }
        if !destinations::all(stack).any(|name| name == key) {
            let message = format!("nothing leads to the channel `{}`", key.escape_debug());
            let problem = Problem::warning(checker.key(&["channels", key]), message);
            checker.report(problem.help(format!("add `to: [{}]` to a topic or a rule", key.escape_debug())));
        }
    }
    if environment > MAX_ENVIRONMENT {
        let message = format!("the encrypted webhooks take {environment} bytes of the relay's environment");
        let problem = Problem::error(checker.key(&["channels"]), message);
        let problem = problem.label(format!("AWS allows {MAX_ENVIRONMENT} bytes"));
        checker.report(problem.help("spread the channels over two stacks"));
    }
}

/// `-` becomes `_` in the environment variable that carries a channel's webhook.
fn distinct_variables(checker: &mut Checker<'_>) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for key in checker.keys("channels") {
        if let Some(first) = seen.insert(key.replace('-', "_"), key) {
            let (place, first_place) = (checker.key(&["channels", key]), checker.key(&["channels", first]));
            let message = format!(
                "`{}` and `{}` differ too little",
                first.escape_debug(),
                key.escape_debug()
            );
            let problem =
                Problem::error(place, message).label("`-` and `_` are the same in a variable's name");
            checker.report(
                problem
                    .related(first_place, "the other one")
                    .help("rename one of them"),
            );
        }
    }
}
