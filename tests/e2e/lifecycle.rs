//! A stack from its first apply to its destruction and back, and resources that leave the file.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::account::{
    ACCOUNT, applied, calls, clients, eventually, everything, key_of, keys, lines, planned, reads, unchanged,
};
use crate::support::{NO_WEBHOOK, World};
use alertctl::aws::connect::Clients;
use aws_sdk_kms::types::KeyState;
use aws_sdk_sqs::types::QueueAttributeName;

mod edits;
mod messages;
mod stacks;

use edits::TEAM;

#[tokio::test]
async fn the_bundled_stack_from_apply_to_destroy_and_back() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, inbox) = world.up();
    let aws = clients(&endpoint, "ap-northeast-2").await;
    all_is_made(&world, &aws).await;
    messages_arrive(&world, &aws, &inbox).await;
    a_ciphertext_takes_the_place_of_the_variable(&mut world, &inbox);
    nothing_is_left_to_change(&world, &endpoint);
    let key = key_of(&aws, "alias/mission-kms-key").await;
    all_is_destroyed_but_the_key(&world, &aws, &key).await;
    it_comes_back_with_its_key(&world, &aws, &inbox, &key).await;
    it_is_destroyed_by_its_name(&world, &aws, &key).await;
}

async fn all_is_made(world: &World, aws: &Clients) {
    let report = world.json(&["apply", "--local", "--yes"]);
    let steps = report["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 14, "{report}");
    assert!(
        steps
            .iter()
            .all(|step| step["action"] == "create" && step["result"] == "done"),
        "{report}"
    );
    unchanged(world, "after apply");
    let mut made = everything(aws).await;
    assert!(made.remove(&format!("key {}", key_of(aws, "alias/mission-kms-key").await)));
    assert_eq!(
        made,
        lines([
            "alarm mission-cpu-alarm",
            "alias alias/mission-kms-key",
            "event invoke config mission-lambda",
            "event source mapping arn:aws:sqs:ap-northeast-2:000000000000:mission-retries to \
             arn:aws:lambda:ap-northeast-2:000000000000:function:mission-lambda",
            "function mission-lambda",
            "log group /aws/lambda/mission-lambda",
            "permission mission-lambda/alertctl-topic-mission-sns",
            "policy mission-lambda-role/relay",
            "queue mission-lambda-dead-letters",
            "queue mission-retries",
            "role mission-lambda-role",
            "subscription lambda arn:aws:lambda:ap-northeast-2:000000000000:function:mission-lambda to mission-sns",
            "topic mission-sns",
        ])
    );
}

/// The alarm fires and its message arrives, and so do other messages on the topic.
async fn messages_arrive(world: &World, aws: &Clients, inbox: &str) {
    let shown = world.ok(&["local", "alarm", "mission-cpu-alarm"]);
    assert!(
        shown
            .stdout
            .contains("🚨 mission-cpu-alarm (https://ap-northeast-2.console.aws.amazon.com/")
            && shown.stdout.contains(") 경보가 발생했습니다"),
        "{}",
        shown.stdout
    );
    let messages = world.messages(inbox);
    assert_eq!(messages.len(), 1, "{messages:?}");
    let text = messages[0].to_string();
    assert!(
        text.contains("mission-cpu-alarm") && text.contains("데이터 부족 → 경보"),
        "{text}"
    );
    let topic = "arn:aws:sns:ap-northeast-2:000000000000:mission-sns";
    aws.sns
        .publish()
        .topic_arn(topic)
        .message("디스크가 곧 찹니다 <3")
        .send()
        .await
        .unwrap();
    eventually("the published text", async || world.messages(inbox).len() == 2).await;
    assert!(
        world.messages(inbox)[1]
            .to_string()
            .contains("디스크가 곧 찹니다")
    );
}

/// From here on the file contains a ciphertext and needs no environment variable.
fn a_ciphertext_takes_the_place_of_the_variable(world: &mut World, inbox: &str) {
    world.set("HOOK", &format!("{inbox}/services/LOCAL/INBOX/project"));
    world.ok(&["encrypt-hook", "--local", "--write", "--env", "HOOK"]);
    world.env.clear();
    let seen = planned(&world.ok(&["plan", "--local", "--output", "json"]).stdout);
    assert_eq!(
        seen,
        lines(["update lambda-function/relay: environment.WEBHOOK_project"])
    );
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(world, "after the ciphertext");
}

/// A second apply has no changes and changes nothing.
fn nothing_is_left_to_change(world: &World, endpoint: &str) {
    let (again, calls) = calls(endpoint, |endpoint| {
        world.run_at(endpoint, ACCOUNT, &["apply", "--yes"])
    });
    assert_eq!(again.code, 0, "{}", again.all());
    assert!(
        again.stderr.contains("no changes: 14 resources"),
        "{}",
        again.stderr
    );
    assert!(
        calls.len() > 12 && calls.iter().all(|call| reads(call)),
        "{calls:?}"
    );

    let status = world.json(&["status", "--local"]);
    let resources = status["resources"].as_array().unwrap();
    assert_eq!(resources.len(), 14);
    assert!(resources.iter().all(|one| one["state"] == "ok"), "{status}");
}

/// The key is pending deletion.
async fn all_is_destroyed_but_the_key(world: &World, aws: &Clients, key: &str) {
    let destroyed = world.ok(&["destroy", "--local", "--yes"]);
    let date = deletion_date(aws, key).await;
    assert!(destroyed.stderr.contains(&date), "{}", destroyed.stderr);
    assert!(
        destroyed
            .stderr
            .contains("`alertctl apply` before then restores it"),
        "{}",
        destroyed.stderr
    );
    assert_eq!(everything(aws).await, lines([]));
    assert_eq!(keys(aws).await, [key]);
    let again = world.ok(&["destroy", "--local", "--yes"]);
    assert!(again.stderr.contains("nothing to destroy"), "{}", again.stderr);
    assert_eq!(deletion_date(aws, key).await, date);
}

/// Within the deletion window the same key is restored, and with it the ciphertext in the file.
async fn it_comes_back_with_its_key(world: &World, aws: &Clients, inbox: &str, key: &str) {
    let back = world.json(&["apply", "--local", "--yes"]);
    let action = |id: &str| {
        let steps = back["steps"].as_array().unwrap().iter();
        steps
            .filter(|step| step["id"] == id)
            .map(|step| step["action"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(action("kms-key/main"), ["update"], "{back}");
    assert_eq!(action("kms-alias/main"), ["create"], "{back}");
    // While the key was pending deletion, nobody could see that the ciphertext is the inbox's, so the inbox
    // replaced it.
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(world, "after coming back");
    assert_eq!(key_of(aws, "alias/mission-kms-key").await, key);
    assert_eq!(keys(aws).await.len(), 1);
    let metadata = aws
        .kms
        .describe_key()
        .key_id(key)
        .send()
        .await
        .unwrap()
        .key_metadata
        .unwrap();
    assert_eq!(metadata.key_state(), Some(&KeyState::Enabled));
    let before = world.messages(inbox).len();
    world.ok(&["local", "alarm", "mission-cpu-alarm"]);
    assert_eq!(world.messages(inbox).len(), before + 1);
}

/// The file is lost: the name is enough.
async fn it_is_destroyed_by_its_name(world: &World, aws: &Clients, key: &str) {
    std::fs::remove_file(world.path().join("stack.yaml")).unwrap();
    let status = world.json(&[
        "status",
        "--local",
        "--stack",
        "mission",
        "--region",
        "ap-northeast-2",
    ]);
    assert_eq!(status["resources"].as_array().unwrap().len(), 14, "{status}");
    let by_name = [
        "destroy",
        "--local",
        "--yes",
        "--stack",
        "mission",
        "--region",
        "ap-northeast-2",
    ];
    let destroyed = world.ok(&by_name);
    assert!(
        destroyed.stderr.contains(&deletion_date(aws, key).await),
        "{}",
        destroyed.stderr
    );
    assert!(
        destroyed.stderr.contains("alias/mission-kms-key"),
        "{}",
        destroyed.stderr
    );
    assert_eq!(everything(aws).await, lines([]));
    assert!(world.ok(&by_name).stderr.contains("nothing to destroy"));
}

/// The entries of `before` that are not in `after`.
fn gone(
    before: &std::collections::BTreeSet<String>,
    after: &std::collections::BTreeSet<String>,
) -> Vec<String> {
    before.difference(after).cloned().collect()
}

/// The day on which KMS deletes the key.
async fn deletion_date(aws: &Clients, key: &str) -> String {
    let key = aws
        .kms
        .describe_key()
        .key_id(key)
        .send()
        .await
        .unwrap()
        .key_metadata
        .unwrap();
    assert_eq!(key.key_state(), Some(&KeyState::PendingDeletion));
    key.deletion_date.unwrap().to_string()[..10].to_owned()
}
