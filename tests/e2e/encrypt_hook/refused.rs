//! What is refused before anything is made: wrong addresses, and a channel that is not told.

use super::{REGION, SECRET, URL, fed, hook};
use crate::support::World;
use crate::support::account::{clients, everything, lines};

#[tokio::test]
async fn a_wrong_url_is_told_before_anything_is_made() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    let path = "services/T0HOOK000/B0HOOK000/theSecretPartOfTheHook00";
    for (url, reason) in [
        (String::new(), "the webhook is empty"),
        (" \n".to_owned(), "the webhook is empty"),
        (format!("http://hooks.slack.com/{path}"), "is not an https:// URL"),
        (
            format!("https://hooks.slack.com.example.com/{path}"),
            "host is neither",
        ),
        (format!("https://example.com/{path}"), "host is neither"),
        (
            format!("https://hooks.slack.com:8443/{path}"),
            "which Slack's never have",
        ),
        (
            format!("https://hooks.slack.com/{path}?x=1"),
            "which Slack's never have",
        ),
        (
            "https://hooks.slack.com/services/T0HOOK000/theSecretPartOfTheHook00".to_owned(),
            "path is not",
        ),
        (
            format!("https://hooks.slack.com/{path} and more"),
            "characters that no webhook has",
        ),
        (
            format!("https://hooks.slack.com/{path}{}", "x".repeat(3000)),
            "longer than",
        ),
        (format!("https://127.0.0.1:9/{path}"), "points at this machine"),
    ] {
        let ran = hook(&world, &["--yes"], &url);
        assert_eq!(ran.code, 1, "{url}: {}", ran.all());
        assert!(
            ran.stderr.contains("channel `project`: ") && ran.stderr.contains(reason),
            "{url}: {}",
            ran.stderr
        );
        assert!(!ran.all().contains(SECRET), "{}", ran.all());
    }
    // Only the local mode accepts a URL on this machine. The check needs no endpoint.
    let ran = fed(
        &mut world.command(&["encrypt-hook", "--yes"]),
        "http://127.0.0.1:9/services/x",
    );
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("that is for `--local` only"),
        "{}",
        ran.stderr
    );
    let ran = hook(&world, &["--yes", "--env", "HOOK"], URL);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("environment variable HOOK is not set"),
        "{}",
        ran.stderr
    );
    world.set("HOOK", "");
    assert!(
        hook(&world, &["--yes", "--env", "HOOK"], URL)
            .stderr
            .contains("the webhook is empty")
    );
    assert_eq!(everything(&aws).await, lines([]));
    // On this machine it is accepted.
    let mut local = world.command(&["encrypt-hook", "--yes", "--local"]);
    assert_eq!(fed(&mut local, "http://127.0.0.1:9/services/x").code, 0);
}

#[test]
fn several_channels_have_to_be_told_apart() {
    let world = World::new();
    let channel = |key: &str| format!("  {key}: {{ webhook: {{ env: SLACK_WEBHOOK_URL }} }}\n");
    let stack = |channels: &str| {
        let to = if channels.is_empty() {
            "subscriptions: [{ email: a@example.com }]"
        } else {
            "to: [project]"
        };
        let channels = if channels.is_empty() {
            String::new()
        } else {
            format!("channels:\n{channels}")
        };
        format!("stack: s\nregion: eu-west-1\n{channels}topics:\n  alerts: {{ {to} }}\n")
    };
    world.write("stack.yaml", &stack(&(channel("on-call") + &channel("project"))));
    let ran = hook(&world, &["--yes"], URL);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("several channels") && ran.stderr.contains("--channel"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("on-call, project"), "{}", ran.stderr);
    let ran = hook(&world, &["--yes", "--channel", "projekt"], URL);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("there is no channel `projekt`"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("did you mean `project`?"), "{}", ran.stderr);
    assert_eq!(hook(&world, &["--yes", "--channel", "on-call"], URL).code, 0);
    world.write("stack.yaml", &stack(""));
    let ran = hook(&world, &["--yes"], URL);
    assert!(
        ran.stderr.contains("the stack file has no channel"),
        "{}",
        ran.stderr
    );
}
