//! Every answer makes a valid stack file.

use super::*;
use crate::stack::PLACEHOLDERS;

/// Every combination of answers.
fn all() -> impl Iterator<Item = Answers> {
    let services = ChannelType::each().into_iter();
    let channels = services.filter(ChannelType::takes_alerts).map(|service| {
        Channel::of(match service {
            ChannelType::SlackBot { .. } => ChannelType::SlackBot {
                channel: "C0123ABCD".to_owned(),
            },
            other => other,
        })
    });
    let alone = channels.clone().map(|channel| (Some(channel), None));
    let both = channels.map(|channel| (Some(channel), Some("a@example.com")));
    let ways = alone.chain(both).chain([(None, Some("a@example.com"))]);
    ways.flat_map(|(channel, email)| {
        (1..32_u8).map(move |bits| Answers {
            stack: "mission".to_owned(),
            region: "eu-west-1".to_owned(),
            channel: channel.clone(),
            watched: std::array::from_fn(|at| bits & (1 << at) != 0),
            email: email.map(str::to_owned),
            locale: Locale::En,
        })
    })
}

#[test]
fn every_answer_makes_a_valid_stack_with_no_more_to_do_than_what_is_ones_own() {
    for answers in all() {
        let text = answers.text("alertctl.schema.json");
        let loaded = parse("stack.yaml", &text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
        let mut warnings = loaded.warnings.iter();
        assert!(warnings.all(|one| one.is_example), "{text}");
        let placeholders = PLACEHOLDERS.iter().filter(|one| one.is_in(&text)).count();
        assert_eq!(loaded.warnings.len(), placeholders, "{text}");
        let stack = loaded.stack;
        let made = [
            !stack.alarms.is_empty(),
            stack.rules.contains_key("sign-ins"),
            stack.rules.contains_key("calls"),
            !stack.endpoints.is_empty(),
            stack.trail.is_some(),
        ];
        assert_eq!(made, answers.watched, "{text}");
    }
}

#[test]
fn the_whole_file() {
    let whole = |answers: &Answers| answers.watched == [true; 5] && answers.email.is_some();
    let answers = all().find(whole);
    insta::assert_snapshot!(
        answers
            .map(|answers| answers.text("alertctl.schema.json"))
            .unwrap_or_default()
    );
}

#[test]
fn answers_are_read() {
    assert_eq!(watched("1, 3"), Ok([true, false, true, false, false]));
    for wrong in ["", "0", "6", "one", "1;2"] {
        assert!(watched(wrong).is_err(), "{wrong}");
    }
    for (folder, name) in [("My Project", "my-project"), ("42_ops.", "ops"), ("알림", "")] {
        assert_eq!(key(folder), name);
    }
    assert!(valid("stack: \"A\"", "A").is_err());
    assert!(valid("stack: a\nregion: \"Seoul\"", "Seoul").is_err());
}
