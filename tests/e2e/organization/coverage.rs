//! `status --org`: who in an organization is not heard.

use serde_json::Value;

use super::{APPLY, Members, REGION};
use crate::support::account::clients_of;

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_heard_is_told_until_everybody_is() {
    let members = Members::new().await;
    let Members {
        world,
        a,
        outside,
        root,
        unit,
        ..
    } = &members;
    members.trust().await;
    world.ok(&APPLY);
    let status = ["status", "--org", "--local"];
    let ran = world.run(&[&status[..], &["--output", "json"]].concat());
    assert_eq!(ran.code, 2, "{}", ran.all());
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    let list = told["coverage"]["members"].as_array().unwrap();
    let accounts: Vec<_> = list.iter().map(|one| one["account"].as_str().unwrap()).collect();
    assert_eq!(accounts, [outside], "{told:#}");
    assert_eq!(list[0]["name"], "outside");
    assert!(list[0]["gaps"]["no-spoke"].is_array(), "{told:#}");
    assert_eq!(told["coverage"]["covered"], 4);

    // What a spoke could not forward is counted in the member's account, by the role that is there for that.
    let there = clients_of(a, &members.endpoint, REGION).await;
    let queue = there.sqs.get_queue_url().queue_name("hub-spoke-dead-letters");
    let url = queue.send().await.unwrap().queue_url.unwrap();
    there
        .sqs
        .send_message()
        .queue_url(&url)
        .message_body("{}")
        .send()
        .await
        .unwrap();
    let ran = world.run(&status);
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(
        ran.stdout.contains("events could not be forwarded (1 waiting)"),
        "{}",
        ran.all()
    );
    assert!(
        ran.stdout
            .contains("no spoke: its alarms and events reach nobody"),
        "{}",
        ran.all()
    );
    there.sqs.purge_queue().queue_url(&url).send().await.unwrap();

    let file = std::fs::read_to_string(world.path().join("stack.yaml")).unwrap();
    world.write("stack.yaml", &file.replace(unit.as_str(), root));
    world.ok(&APPLY);
    let ran = world.run(&status);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stdout.starts_with("6 of 6 spokes"), "{}", ran.all());

    // Whether a trail logs is not known to whoever may not ask.
    world.edit(|stack| {
        let rule = "  calls: { preset: iam-changes, to: [ops] }\norganization:";
        stack
            .replace("organization:", rule)
            .replace("[findings,", "[findings, calls,")
    });
    world.ok(&APPLY);
    let ran = world.run(&status);
    assert!(ran.stdout.contains("no trail logs"), "{}", ran.all());
    let ran = members.refusing("cloudtrail:DescribeTrails", &["status", "--org"]);
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(
        ran.stdout
            .contains("spoke could not be read (AccessDeniedException)"),
        "{}",
        ran.all()
    );
    assert!(!ran.stdout.contains("no trail logs"), "{}", ran.all());
}
