//! Addresses and signatures of signed webhooks.

use super::*;
use crate::destination::address::Wrong;
use crate::event::read;
use crate::{Settings, compose};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

const URL: &str = "https://hooks.example.com/in/0123456789?key=abcdefgh";

fn secret(byte: u8) -> String {
    format!("whsec_{}", BASE64_STANDARD.encode([byte; 32]))
}

fn parse(text: &str) -> Result<String, Wrong> {
    let address = Address::parse(text, &WEBHOOK, AllowLoopback::No);
    address
        .map(|address| address.expose().to_owned())
        .map_err(|error| error.wrong)
}

fn webhook(text: &str) -> Webhook {
    let loopback = AllowLoopback::Yes;
    let address = Address::parse(text, &WEBHOOK, loopback).expect("a webhook");
    Webhook { address, loopback }
}

#[test]
fn it_is_a_url_and_one_or_two_secrets() {
    let (new, old) = (secret(1), secret(2));
    for (text, known) in [
        (format!("{URL} {new}"), format!("{URL} {new}")),
        (
            format!(" {URL}\n\t{new}  {old}\r\n"),
            format!("{URL} {new} {old}"),
        ),
        (
            format!("HTTPS://Hooks.example.COM:8443/In {new}"),
            format!("https://hooks.example.com:8443/In {new}"),
        ),
        (
            format!("hooks.example.com {new}"),
            format!("https://hooks.example.com {new}"),
        ),
        (
            format!("https://1.1.1.1/x {new}"),
            format!("https://1.1.1.1/x {new}"),
        ),
        (
            format!("https://[2606:4700::1111]:8443/x {new}"),
            format!("https://[2606:4700::1111]:8443/x {new}"),
        ),
    ] {
        assert_eq!(parse(&text).as_deref(), Ok(&*known));
    }
}

#[test]
fn everything_else_is_refused() {
    use Wrong::*;
    let new = secret(1);
    let cases = [
        (String::new(), Empty),
        (URL.to_owned(), NoSecret),
        (new.clone(), NoUrl),
        (format!("{new} {URL}"), NoUrl),
        (format!("{URL} {}", new.replace("whsec_", "")), Secret),
        (format!("{URL} {}", &new[..30]), Secret),
        (format!("{URL} {new} x"), Secret),
        (format!("{URL} {new} {new} {new}"), Secrets),
        (format!("{URL} {new}\u{e9}"), Characters),
        (format!("{URL}\u{e9} {new}"), Characters),
        (format!("http://hooks.example.com/x {new}"), Scheme),
        (format!("ftp://hooks.example.com/x {new}"), Scheme),
        (format!("https://user:x@hooks.example.com/x {new}"), Extras),
        (format!("https://hooks.example.com@127.0.0.1/x {new}"), Extras),
        (format!("https://hooks.example.com/x#y {new}"), Extras),
        (format!("https://hooks.example.com:0/x {new}"), Extras),
        (format!("https://hooks.example.com:99999/x {new}"), Extras),
        (format!("https://hooks.example.com:/x {new}"), Extras),
        (format!("https://intranet/x {new}"), Host),
        (format!("https://10.0.0.1/x {new}"), Host),
        (format!("https://169.254.169.254/latest {new}"), Host),
        (format!("https://0x7f.1/x {new}"), Host),
        (format!("https://2130706433/x {new}"), Host),
        (format!("https://[::ffff:127.0.0.1]/x {new}"), Host),
        (format!("https://[fe80::1]:443/x {new}"), Host),
        (format!("https://hooks.example.com\\.evil/x {new}"), Host),
        (format!("https:///x {new}"), Host),
        (format!("http://127.0.0.1:8080/x {new}"), Loopback),
        (format!("https://localhost:8080/x {new}"), Loopback),
        (format!("https://[::1]/x {new}"), Loopback),
        (format!("{URL}{} {new}", "x".repeat(2_000)), TooLong),
    ];
    for (text, error) in cases {
        assert_eq!(parse(&text), Err(error), "{text}");
        let Err(error) = Address::parse(&text, &WEBHOOK, AllowLoopback::No) else {
            unreachable!()
        };
        let said = error.to_string();
        assert!(!said.contains(&new[6..]) && !said.contains("example"), "{said}");
    }
}

#[test]
fn it_is_never_shown() {
    let webhook = webhook(&format!("{URL} {} {}", secret(1), secret(2)));
    let shown = format!("{webhook:?}");
    assert!(!shown.contains("whsec") && !shown.contains("hooks"), "{shown}");
    for byte in [1, 2] {
        let secret = secret(byte);
        assert!(webhook.address.appears_in(&secret) && webhook.address.appears_in(&secret[6..]));
    }
    assert!(webhook.address.appears_in("no such path: in/0123456789"));
    assert!(webhook.address.appears_in("abcdefgh"));
    assert!(!webhook.address.appears_in("gone"));
    let bare = super::tests::webhook(&format!("https://hooks.example.com {}", secret(1)));
    assert!(bare.address.appears_in(&secret(1)) && !bare.address.appears_in("whsec_"));
}

/// The headers of one try.
fn signed(webhook: &Webhook, request: &Request<Vec<u8>>, seconds: i64) -> HeaderMap {
    let mut headers = request.headers().clone();
    let now = Timestamp::from_second(seconds).expect("a time");
    webhook.sign(&mut headers, request.body(), now);
    headers
}

#[test]
fn each_try_is_signed_anew_and_has_the_same_id() {
    let card = compose(&read(&json!({ "any": 1 }))[0], &Settings::default());
    let webhook = webhook(&format!("{URL} {} {}", secret(1), secret(2)));
    let request = webhook.request(&card, Shape::Usual);
    assert_eq!(request.uri(), URL);
    let tries = [100, 200].map(|seconds| signed(&webhook, &request, seconds));
    assert_eq!(tries[0][ID], tries[1][ID]);
    assert!(tries[0][TIMESTAMP] == "100" && tries[1][TIMESTAMP] == "200");
    assert_ne!(tries[0][SIGNATURE], tries[1][SIGNATURE]);
    let id = tries[0][ID].to_str().expect("ASCII");
    assert!(id.len() == 64 && !id.contains('.'), "{id}");
    let expected = [1, 2].map(|byte| sign::signature(&secret(byte), id, 100, request.body()).expect("one"));
    assert_eq!(tries[0][SIGNATURE], expected.join(" "));
}

#[test]
fn beside_an_emulator_it_needs_no_secret() {
    let card = compose(&read(&json!({ "any": 1 }))[0], &Settings::default());
    for secret in ["", &secret(1)] {
        let webhook = webhook(&format!("http://127.0.0.1:8080/x {secret}"));
        let request = webhook.request(&card, Shape::Usual);
        assert_eq!(request.uri(), "http://127.0.0.1:8080/x");
        let headers = signed(&webhook, &request, 100);
        let id = headers[ID].to_str().expect("ASCII");
        let secret = Some(secret).filter(|secret| !secret.is_empty()).unwrap_or(LOCAL);
        let expected = sign::signature(secret, id, 100, request.body()).expect("one");
        assert_eq!(headers[SIGNATURE], expected);
    }
}

#[test]
fn its_answers_are_understood() {
    let judge = |status: u16| {
        let status = StatusCode::from_u16(status).expect("a status");
        let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, HeaderValue::from_static("7"))]);
        let judged = webhook("http://127.0.0.1:9/x").judge(status, &headers, b"");
        judged.map_err(|refused| (refused.why, refused.pause.map(|pause| pause.as_secs())))
    };
    for status in [200, 201, 202, 204] {
        assert_eq!(judge(status), Ok(()), "{status}");
    }
    for (status, why) in [
        (301, Why::Denied),
        (307, Why::Denied),
        (400, Why::Malformed),
        (401, Why::Denied),
        (404, Why::Denied),
        (410, Why::Denied),
        (413, Why::Malformed),
        (422, Why::Malformed),
        (429, Why::Throttled),
        (500, Why::Failing),
        (502, Why::Failing),
        (504, Why::Failing),
    ] {
        assert_eq!(judge(status), Err((why, Some(7))), "{status}");
    }
}

#[test]
fn only_plain_names_are_passed_on() {
    for who in ["oncall", "@here", "<@U1>", "team:ops", "a@example.com"] {
        assert!(is_mention(who), "{who}");
    }
    for who in ["", "a b", "팀", "a\"b", &"x".repeat(65)] {
        assert!(!is_mention(who), "{who}");
    }
}
