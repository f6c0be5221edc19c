//! Failures: refusals, nobody answering, and a URL in the wrong place.

use std::time::Duration;

use super::{URL, clean, search, world, world_run};
use crate::support::account::ACCOUNT;
use crate::support::proxy::{Fate, Proxy};

#[test]
fn failures_keep_it() {
    let world = world();
    let (endpoint, _) = world.up();
    // A refusal and a lost response for every call that an apply makes.
    let calls = {
        let proxy = Proxy::start(&endpoint, Duration::ZERO);
        let ran = clean(
            "apply",
            world_run(&world, &proxy.url, "100000000000", &["apply", "--yes"]),
        );
        assert_eq!(ran.code, 0, "{}", ran.all());
        let mut calls = proxy.actions();
        // The tag that marks a run on a role: a missed update, or a tag that stays, is not a failure.
        let marks = ["iam:TagRole", "iam:UntagRole"];
        calls.retain(|call| !crate::support::account::reads(call) && !marks.contains(&call.as_str()));
        calls.sort_unstable();
        calls.dedup();
        calls
    };
    assert!(calls.iter().any(|call| call == "kms:Encrypt"), "{calls:?}");
    for (number, call) in calls.iter().enumerate() {
        let refused = call.clone();
        let proxy = Proxy::judging(&endpoint, Duration::ZERO, move |_, action| {
            if action == refused {
                Fate::Refuse(403, "AccessDeniedException", "not you")
            } else {
                Fate::Pass
            }
        });
        let account = format!("2000000000{number:02}");
        let format = ["text", "json"][number % 2];
        let args = ["apply", "--yes", "--output", format];
        let ran = clean(call, world_run(&world, &proxy.url, &account, &args));
        assert_eq!(ran.code, 1, "{call}: {}", ran.all());
        assert!(ran.all().contains("not you"), "{call}: {}", ran.all());
    }
    search(world.path());
}

#[test]
fn nobody_answering_keeps_it() {
    let world = world();
    let nobody = "http://127.0.0.1:1";
    std::thread::scope(|scope| {
        for args in [
            &["plan"][..],
            &["plan", "--output", "json"],
            &["apply", "--yes"],
            &["status"],
            &["destroy", "--yes"],
            &["encrypt-hook", "--env", "SLACK_WEBHOOK_URL"],
        ] {
            let world = &world;
            scope.spawn(move || {
                let ran = clean(&format!("{args:?}"), world_run(world, nobody, ACCOUNT, args));
                assert_eq!(ran.code, 1, "{args:?}: {}", ran.all());
            });
        }
    });
    search(world.path());
}

#[test]
fn a_url_in_the_wrong_place_is_not_repeated() {
    let mut world = world();
    let text = std::fs::read_to_string(world.path().join("stack.yaml")).unwrap();
    for (number, (from, to)) in [
        ("{ env: SLACK_WEBHOOK_URL }", format!("{{ env: \"{URL}\" }}")),
        (
            "{ env: SLACK_WEBHOOK_URL }",
            format!("{{ encrypted: \"{URL}\" }}"),
        ),
        ("{ env: SLACK_WEBHOOK_URL }", URL.to_owned()),
        ("{ env: SLACK_WEBHOOK_URL }", format!("{{ url: {URL} }}")),
        ("label: \"#project\"", format!("label: {URL}")),
        ("stack: mission ", format!("stack: {URL} ")),
        ("stack: mission ", format!("{URL}: x\nstack: mission ")),
        ("to: [project]", format!("to: [\"{URL}\"]")),
        ("period: 60", format!("period: {URL}")),
        (
            "region: ap-northeast-2",
            format!("region: ap-northeast-2  # {URL}"),
        ),
        ("region: ap-northeast-2", format!("region: [{URL}")),
    ]
    .iter()
    .enumerate()
    {
        assert!(text.contains(from), "{from}");
        let file = format!("wrong-{number}.yaml");
        world.write(&file, &text.replacen(from, to, 1));
        for format in ["text", "json"] {
            clean(&file, world.run(&["validate", &file, "--output", format]));
            clean(
                &file,
                world.run(&[
                    "plan",
                    &file,
                    "--output",
                    format,
                    "--endpoint-url",
                    "http://127.0.0.1:1",
                ]),
            );
        }
        // Only the user's own file may contain it.
        std::fs::remove_file(world.path().join(&file)).unwrap();
    }
    // A variable whose value is similar to a webhook.
    for value in [
        URL.replace("https", "http"),
        format!("{URL}?x"),
        format!("{URL} {URL}"),
        URL.replace("slack", "slick"),
    ] {
        world.set("SLACK_WEBHOOK_URL", &value);
        for args in [
            &["plan"][..],
            &["apply", "--yes", "--output", "json"],
            &["encrypt-hook", "--env", "SLACK_WEBHOOK_URL"],
        ] {
            let ran = clean(
                &value,
                world.run(&[args, &["--endpoint-url", "http://127.0.0.1:1"]].concat()),
            );
            assert_eq!(ran.code, 1, "{}", ran.all());
        }
    }
    // It must not be an argument, and is refused there. A secret of its own, because another test looks for the usual one
    // in the arguments of every process.
    let typed = "https://hooks.slack.com/services/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15";
    let ran = world.run(&["encrypt-hook", "--local", "--env", typed, "--yes"]);
    assert_eq!(ran.code, 1);
    assert!(
        !ran.all().contains("TYPED") && !ran.all().contains("zTyped"),
        "{}",
        ran.all()
    );
    search(world.path());
}
