//! Accounts, and the routes and mentions of channels.

use super::*;
use alertctl_relay::{Buffer, Mention, Severity};

/// `GOOD` with more settings in its channel.
fn with(channel: &str) -> String {
    GOOD.replace("project: { ", &format!("project: {{ {channel}, "))
}

fn refused(channel: &str, message: &str, help: &str) {
    let shown = bad(&with(channel));
    assert!(shown.contains(message) && shown.contains(help), "{shown}");
}

fn warned(channel: &str, message: &str) {
    let loaded = good(&with(channel));
    let messages: Vec<_> = loaded.warnings.iter().map(|problem| &problem.message).collect();
    assert!(
        messages.len() == 1 && messages[0].contains(message),
        "{messages:?}"
    );
}

#[test]
fn everything_about_routes() {
    let loaded = good(include_str!("../fixtures/routes.yaml"));
    assert_eq!(but_for_examples(&loaded), []);
    insta::assert_debug_snapshot!(loaded.stack.channels);
}

#[test]
fn short_forms() {
    let channel = |text: &str| good(&with(text)).stack.channels["project"].clone();
    let mention = Mention {
        from: Severity::Critical,
        who: vec!["@here".to_owned()],
    };
    assert_eq!(channel("mention: ['@here']").mention, Some(mention.clone()));
    assert_eq!(channel("mention: { who: ['@here'] }").mention, Some(mention));
    assert_eq!(channel("buffer: true").buffer, Some(Buffer::default()));
    assert_eq!(channel("buffer: {}").buffer, Some(Buffer::default()));
    assert_eq!(channel("buffer: false").buffer, None);
}

#[test]
fn everything_wrong_is_told_at_once() {
    let shown = bad(&with(
        "routes: [{ severity: fatal }, { accounts: [prod], regions: [Seoul], rules: [cpus] }, { march: {} }], \
         except: [{ match: { a: [{ prefx: b }] } }], mention: ['@alice'], buffer: { digest_above: 0, per_second: 0 }",
    ));
    insta::assert_snapshot!(shown);
}

#[test]
fn accounts_have_ids_and_names() {
    let accounts = |accounts: &str| bad(&format!("{GOOD}accounts: {{ {accounts} }}\n"));
    for (text, message) in [
        ("production: '111122223333'", "the id comes first"),
        ("012345678901: a", "put it in quotes: `\"012345678901\"`"),
        ("'1234': production", "`1234` is not the id of an account"),
        ("'111122223333': ''", "has 0 characters"),
        (
            "'111122223333': a, '444455556666': a",
            "two accounts are called `a`",
        ),
        ("'111122223333': '444455556666'", "looks like the id"),
    ] {
        assert!(accounts(text).contains(message), "{}", accounts(text));
    }
    let aliased = with("routes: [{ accounts: [prodution] }]") + "accounts: { '111122223333': production }\n";
    assert!(bad(&aliased).contains("did you mean `production`?"));
}

#[test]
fn names_that_lead_nowhere() {
    refused(
        "routes: [{ accounts: [prod] }]",
        "no account is called `prod`",
        "twelve digits",
    );
    refused(
        "routes: [{ regions: [Seoul] }]",
        "`Seoul` is not a region",
        "eu-*",
    );
    refused("routes: [{ rules: [cpuu] }]", "is called `cpuu`", "write `cpu`");
    refused("routes: [{ rules: [] }]", "`rules` names nothing", "remove it");
    refused("routes: [{ match: {} }]", "matches everything", "add a condition");
    refused(
        "routes: [{ match: { a: b } }]",
        "`a` needs a list",
        "write `[\"b\"]`",
    );
    refused("routes: [{ severity: [error] }]", "expected", "");
    // Fields of alarms and alerts are allowed although events do not have them.
    good(&with(
        "routes: [{ match: { AlarmName: [x], Trigger: { MetricName: [y] } } }]",
    ));
}

#[test]
fn people_are_called_by_their_ids() {
    refused(
        "mention: ['@alice']",
        "Slack mentions nobody by `@alice`",
        "Copy member ID",
    );
    refused(
        "mention: [here]",
        "Slack mentions nobody by `here`",
        "write `\"@here\"`",
    );
    refused(
        "mention: ['<@U0123ABCD>']",
        "Slack mentions nobody by",
        "write `U0123ABCD`",
    );
    refused(
        "mention: '@here'",
        "`mention` takes a list",
        "write `[\"@here\"]`",
    );
    refused("mention: []", "`mention` names nobody", "remove `mention`");
    refused(
        "mention: ['@here', '@here']",
        "`@here` is named twice",
        "remove one",
    );
    refused(
        "routes: [{ severity: error, mention: [bob] }]",
        "Slack mentions nobody by `bob`",
        "member id",
    );
    good(&with(
        "mention: ['@here', '@channel', '@everyone', U0123ABCD, W0123ABCD, S0123ABCD]",
    ));
    good(&with("routes: [{ severity: error, mention: [] }]"));
}

#[test]
fn buffers_have_limits() {
    refused(
        "buffer: { digest_above: 101 }",
        "`digest_above` is out of range",
        "nearest is 100",
    );
    refused(
        "buffer: { per_second: 0 }",
        "`per_second` is out of range",
        "write 1",
    );
    refused("buffer: yes please", "expected", "digest_above");
    refused(
        "buffer: { perSecond: 1 }",
        "unknown key `perSecond`",
        "write `per_second`",
    );
    warned("buffer: { per_second: 2 }", "one message a second");
}

#[test]
fn routes_without_effect() {
    warned("routes: [{}]", "everything matches");
    warned(
        "routes: [{ severity: info }, { severity: error }]",
        "accepts nothing that another",
    );
    warned(
        "routes: [{ severity: error }, { severity: error }]",
        "accepts nothing that another",
    );
    warned(
        "routes: [{ regions: [us-east-1, us-east-2] }, { regions: [us-east-1] }]",
        "accepts nothing that another",
    );
    warned(
        "routes: [{ severity: error }], except: [{ severity: warning }]",
        "nothing arrives",
    );
    warned("except: [{ severity: info }]", "nothing arrives");
    for routes in [
        "[{ severity: info }, { severity: error, mention: ['@here'] }]",
        "[{ severity: error }, { regions: [us-east-1] }]",
        "[{ match: { a: [b] } }, { match: { a: [c] } }]",
    ] {
        assert_eq!(good(&with(&format!("routes: {routes}"))).warnings, [], "{routes}");
    }
}

#[test]
fn a_source_that_cannot_be_told_in_the_channel() {
    let rule = "rules: { logins: { preset: console-sign-in, to: [alerts] } }\ntrail: { existing: a-trail }\n";
    let text = with("routes: [{ rules: [logins, cpu, alerts] }]") + rule;
    let loaded = good(&text);
    let named = |problem: &&Problem| problem.message.contains("from `logins` is sent to `project`");
    assert_eq!(
        loaded.warnings.iter().filter(named).count(),
        1,
        "{:?}",
        loaded.warnings
    );
    assert!(
        !loaded
            .warnings
            .iter()
            .any(|problem| problem.message.contains("`cpu`"))
    );
    good(&text.replace("to: [alerts] } }\ntrail", "to: [alerts, project] } }\ntrail"));
}
