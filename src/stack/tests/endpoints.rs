//! Endpoints: names, routes, tokens, messages.

use super::*;

const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// `GOOD` with an endpoint.
fn with(endpoint: &str) -> String {
    format!("{GOOD}endpoints:\n  hook: {{ {endpoint} }}\n").replace("DIGEST", DIGEST)
}

const TOKEN: &str = "token: { sha256: DIGEST }, to: [alerts]";

#[test]
fn defaults() {
    let stack = good(&with(TOKEN)).stack;
    let endpoint = &stack.endpoints["hook"];
    assert_eq!(endpoint.route("hook").to_string(), "POST /hook");
    assert_eq!(endpoint.token.sha256, [DIGEST]);
    assert_eq!((endpoint.throttle.rate, endpoint.throttle.burst), (10.0, 20));
    assert_eq!(
        (endpoint.access_log, endpoint.body_limit_kb, endpoint.memory),
        (true, 256, 128)
    );
}

#[test]
fn a_channel_may_be_reached_by_an_endpoint_alone() {
    let text = with("token: { sha256: DIGEST }, to: [project]")
        .replace("{ to: [project] }", "{ subscriptions: [{ email: a@b.co }] }");
    assert_eq!(good(&text).warnings, []);
}

#[test]
fn routes() {
    for route in ["GET /", "ANY /a/{b}", "POST /a/{rest+}", "POST /~a.b-c_d"] {
        good(&with(&format!("{TOKEN}, route: '{route}'")));
    }
}

/// The environment of a function is limited to 4 KB, and a Hangul letter takes three bytes.
#[test]
fn a_message_fits_into_the_environment() {
    let body = |letters: usize| {
        with(&format!(
            "{TOKEN}, message: {{ body: '{}' }}",
            "가".repeat(letters)
        ))
    };
    assert_eq!(good(&body(900)).warnings, []);
    let problems = bad(&body(1_400));
    assert!(problems.contains("4800 bytes"), "{problems}");
}

/// No message shows a token in clear text, whatever else is wrong.
#[test]
fn no_message_shows_a_token() {
    let places = [
        "token: sEcReT",
        "token: 'sEcReT'",
        "token: { sha256: sEcReT }",
        "token: { sha256: [sEcReT, DIGEST] }",
        "token: { sha256: { a: sEcReT } }",
        "token: { value: sEcReT }",
        "token: { sEcReT }",
        "token: [sEcReT]",
        "token: { sha256: [[sEcReT]] }",
        "token: &a sEcReT, name: *a",
        "token: sEcReT: x",
        "token: sEcReT ]",
    ];
    for place in places {
        let problems = bad(&with(&format!("{place}, route: x")));
        assert!(!problems.contains("sEcReT"), "{place}\n{problems}");
    }
}

refused! {
    endpoint_environment: bad(&with(&format!("token: {{ sha256: DIGEST }}, message: {{ body: '{}' }}, to: [project, other, alerts]", "x".repeat(3000))).replace("topics:", "  other: { webhook: { env: OTHER } }\ntopics:")),
    endpoint_token_missing: bad(&with("to: [alerts]")),
    endpoint_token_clear: bad(&with("token: { sha256: my-token }, to: [alerts]")),
    endpoint_tokens: bad(&with("token: { sha256: [DIGEST, DIGEST] }, to: [alerts]")),
    endpoint_many_tokens: bad(&with("token: { sha256: [DIGEST, DIGEST, DIGEST] }, to: [alerts]")),
    endpoint_no_tokens: bad(&with("token: { sha256: [] }, to: [alerts]")),
    endpoint_route: bad(&with(&format!("{TOKEN}, route: /hook"))),
    endpoint_method: bad(&with(&format!("{TOKEN}, route: post /hook"))),
    endpoint_path: bad(&with(&format!("{TOKEN}, route: 'POST /a/{{rest+}}/b'"))),
    endpoint_path_characters: bad(&with(&format!("{TOKEN}, route: 'POST /a?b'"))),
    endpoint_limits: bad(&with(&format!(
        "{TOKEN}, name: '{}', function: a.b, throttle: {{ rate: 0, burst: -1 }}, body_limit_kb: 2000, memory: 64",
        "n".repeat(129)
    ))),
    endpoint_throttle_text: bad(&with(&format!("{TOKEN}, throttle: {{ rate: fast }}"))),
    endpoint_message: bad(&with(&format!(
        "{TOKEN}, message: {{ subject: '{{result', body: \"{{}} {{a}} }} {{{{\" }}"
    ))),
    endpoint_message_lines: bad(&format!(
        "{GOOD}endpoints:\n  hook:\n    token: {{ sha256: {DIGEST} }}\n    to: [alerts]\n    message:\n      \
         body: |\n        first {{line}}\n        second {{line\n          third }} }}\n      subject: \"\\u007ba\"\n"
    )),
    endpoint_names_too_long: bad(&with(TOKEN).replace("  hook:", &format!("  {}:", "h".repeat(40))).replace("mission", &"m".repeat(39))),
    endpoint_to_nowhere: bad(&with("token: { sha256: DIGEST }, to: [projct, alerts, alerts]")),
    endpoint_to_nobody: bad(&with("token: { sha256: DIGEST }, to: []")),
    endpoint_ambiguous: bad(&with("token: { sha256: DIGEST }, to: [project]").replace("topics:", "topics:\n  project: { to: [project] }")),
    endpoint_function_names: bad(&with(&format!("{TOKEN}, function: mission-relay"))),
    endpoint_unknown_key: bad(&with(&format!("{TOKEN}, tokn: x"))),
}
