//! ElastAlert2's own alerters against the endpoint: whether their alerts arrive, and how they are refused.

use crate::support::World;
use crate::support::account::{clients, eventually};
use serde_json::{Value, json};

const REGION: &str = "ap-northeast-2";

/// A match as ElastAlert2 passes it to its alerters.
fn matched() -> Value {
    json!({
        "@timestamp": "2026-11-20T05:00:00+00:00",
        "API": "/v1/orders", "sourceIP": "203.0.113.7", "result": "500",
        "service": { "name": "orders" }, "nothing": null,
        "_index": "logs-2026.11.20", "_id": "AbC1", "num_hits": 12, "num_matches": 1,
    })
}

/// Sends with one of the alerters; returns its output.
fn send(world: &World, rule: &str, which: &str, token: &str, matches: &Value) -> String {
    let file = world.path().join("rule.yaml");
    std::fs::write(&file, rule).unwrap();
    let said = crate::support::python::python(
        "elastalert-requirements.txt",
        "post.py",
        &[file.to_str().unwrap(), which],
        &[("ALERTCTL_TOKEN", token)],
        &matches.to_string(),
    );
    said.trim().to_owned()
}

#[tokio::test]
async fn both_alerters_reach_the_topic_in_the_guides_words() {
    let world = World::new();
    let token = world.json(&["token"]);
    let (token, digest) = (
        token["token"].as_str().unwrap(),
        token["sha256"].as_str().unwrap(),
    );
    world.bundled("elastalert-email");
    world.edit(|text| {
        let at = text.find("sha256: ").unwrap() + "sha256: ".len();
        format!("{}{digest}{}", &text[..at], &text[at + 64..])
    });
    let (endpoint, _) = world.up();
    world.json(&["apply", "--local", "--yes"]);
    let aws = clients(&endpoint, REGION).await;
    // A queue that subscribes to the topic, because the emails are not read here.
    let queue = aws.sqs.create_queue().queue_name("reader").send().await.unwrap();
    let queue = queue.queue_url().unwrap();
    let topic = format!(
        "arn:aws:sns:{REGION}:{}:elastalertToEmail",
        crate::support::account::ACCOUNT
    );
    let reader = format!("arn:aws:sqs:{REGION}:{}:reader", crate::support::account::ACCOUNT);
    let subscribe = aws
        .sns
        .subscribe()
        .topic_arn(&topic)
        .protocol("sqs")
        .endpoint(reader);
    subscribe.send().await.unwrap();

    let rule = world.ok(&["show", "elastalert-rule", "--local"]).stdout;
    for which in ["post", "post2"] {
        let mut sent = matched();
        sent["_id"] = json!(which);
        assert_eq!(
            send(&world, &rule, which, token, &json!([sent])),
            "sent",
            "{which}: {rule}"
        );
        let mut message = Value::Null;
        eventually("the alert on the topic", async || {
            let answer = aws.sqs.receive_message().queue_url(queue).send().await.unwrap();
            let Some(one) = answer.messages().first() else {
                return false;
            };
            message = serde_json::from_str(one.body().unwrap()).unwrap();
            let done = aws.sqs.delete_message().queue_url(queue);
            done.receipt_handle(one.receipt_handle().unwrap())
                .send()
                .await
                .unwrap();
            true
        })
        .await;
        assert_eq!(message["Subject"], "🚨 ElastAlert 알림 !!!", "{which}");
        let text = message["Message"].as_str().unwrap();
        for part in [
            "탐지된 API: /v1/orders",
            "출발지 IP: 203.0.113.7",
            "500 에러",
            "2026-11-20T05:00:00",
        ] {
            assert!(text.contains(part), "{which}: {text}");
        }
    }

    // NaN is not valid JSON, but ElastAlert2 sends it.
    let mut odd = matched();
    odd["ratio"] = json!("NaN");
    let odd = json!([odd]).to_string().replace("\"NaN\"", "NaN");
    let file = world.path().join("rule.yaml");
    let said = crate::support::python::python(
        "elastalert-requirements.txt",
        "post.py",
        &[file.to_str().unwrap(), "post"],
        &[("ALERTCTL_TOKEN", token)],
        &odd,
    );
    assert_eq!(said.trim(), "sent");

    let refused = send(&world, &rule, "post", "a-wrong-token", &json!([matched()]));
    assert!(refused.contains("401"), "{refused}");
}
