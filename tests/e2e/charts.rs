//! Charts in the thread of an alarm, from the stack file to the picture in the inbox.

use std::path::Path;
use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

use crate::support::account::{applied, eventually, unchanged};
use crate::support::browser::Browser;
use crate::support::http;

const REGION: &str = "ap-northeast-2";
const STACK: &str = "
stack: drawn
region: ap-northeast-2
timezone: Asia/Seoul
channels: { app: { slack: { bot: { env: SLACK_BOT_TOKEN }, channel: C0123ABCD } } }
topics: { alerts: { to: [app] } }
alarms:
  load: { metric: Shop Load, dimensions: { Host: a }, statistic: Average, period: 60, threshold: '>= 50', to: [alerts], ok: [alerts], chart: true }
";

#[tokio::test]
async fn an_alarm_shows_its_metric_in_the_thread() {
    let (world, aws) = applied(STACK, REGION).await;
    let (_, inbox) = world.up();
    unchanged(&world, "after apply");
    let policy = aws.iam.get_role_policy().role_name("drawn-relay-role");
    let policy = policy.policy_name("relay").send().await.unwrap();
    let policy = percent_encoding::percent_decode_str(policy.policy_document());
    let policy: Value = serde_json::from_str(&policy.decode_utf8().unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let reads = statements.iter().find(|one| one["Sid"] == "ReadMetricsOfCharts");
    assert_eq!(
        reads.unwrap()["Action"][0],
        "cloudwatch:GetMetricData",
        "{policy}"
    );

    let host = Dimension::builder().name("Host").value("a").build();
    let ago = |minutes: u64| DateTime::from(SystemTime::now() - Duration::from_secs(60 * minutes));
    let datum = |minutes: u64, value: f64| {
        let datum = MetricDatum::builder()
            .metric_name("Load")
            .dimensions(host.clone());
        datum.timestamp(ago(minutes)).value(value).build()
    };
    // An hour without values, and a climb over the threshold at the end.
    let value =
        |minutes: u64| 20.0 + (minutes as f64 / 5.0).sin() * 6.0 + if minutes < 8 { 50.0 } else { 0.0 };
    let minutes = (0..170).filter(|minutes| !(60..110).contains(minutes));
    let data: Vec<_> = minutes.map(|minutes| datum(minutes, value(minutes))).collect();
    for part in data.chunks(50) {
        let put = aws.cloudwatch.put_metric_data().namespace("Shop");
        put.set_metric_data(Some(part.to_vec())).send().await.unwrap();
    }
    let said = world.ok(&["local", "alarm", "drawn-load"]).stdout;
    assert!(!said.contains("base64"), "{said}");
    let shown = |message: &Value| {
        message["path"]
            .as_str()
            .unwrap()
            .ends_with("files.completeUploadExternal")
    };
    eventually("the chart", async || world.messages(&inbox).iter().any(shown)).await;
    let messages = world.messages(&inbox);
    let chart = messages.iter().find(|message| shown(message)).unwrap();
    // The local AWS evaluates the alarm itself, too, so there may be several: the inbox ends a `ts` in the number of a message.
    let ts = chart["body"]["thread_ts"].as_str().unwrap();
    let seq: u64 = ts.split_once('.').unwrap().1.parse().unwrap();
    let first = messages.iter().find(|message| message["seq"] == seq).unwrap();
    assert!(
        first["path"].as_str().unwrap().ends_with("chat.postMessage"),
        "{first:#}"
    );
    assert_eq!(chart["status"], "accepted", "{chart:#}");
    assert!(
        chart["seq"].as_u64() > first["seq"].as_u64(),
        "the message comes first"
    );
    let body = &chart["body"];
    assert_eq!(body["files"][0]["title"], "drawn-load");
    assert!(
        body["alt"].as_str().unwrap().contains("drawn-load is in alarm"),
        "{body}"
    );
    let picture = body["picture"].as_str().unwrap();
    let png = BASE64_STANDARD
        .decode(picture.strip_prefix("data:image/png;base64,").unwrap())
        .unwrap();
    assert_eq!(png[16..24], [0, 0, 3, 32, 0, 0, 1, 44], "800 x 300");
    if let Some(browser) = Browser::open() {
        browser.go(&inbox);
        let node = format!("#message-{}", first["seq"]);
        browser.until(&format!(
            "return document.querySelector('{node} .reply img.picture')?.complete === true"
        ));
        let size = browser.run(
            &format!(
                "const image = document.querySelector('{node} .reply img.picture'); \
                return [image.naturalWidth, image.naturalHeight, image.alt.includes('in alarm')]"
            ),
            &[],
        );
        assert_eq!(size, serde_json::json!([800, 300, true]));
        let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("inbox");
        std::fs::create_dir_all(&pictures).unwrap();
        browser.picture(&node, &pictures.join("chart.png"));
        assert_eq!(browser.complaints(), [Value::Null; 0]);
    }

    // Its end has none, and without `chart` nothing of it is left.
    world.ok(&["local", "alarm", "drawn-load", "--state", "ok"]);
    eventually("the end", async || {
        world
            .messages(&inbox)
            .iter()
            .any(|message| message["path"].as_str().unwrap().ends_with("chat.update"))
    })
    .await;
    // It may have begun anew.
    let messages = world.messages(&inbox);
    let begun = messages.iter().filter(|message| {
        let is_post = message["path"].as_str().unwrap().ends_with("chat.postMessage");
        is_post && message["body"]["thread_ts"].is_null()
    });
    let charts = messages.iter().filter(|message| shown(message)).count();
    assert!((1..=begun.count()).contains(&charts), "{messages:#?}");
    world.edit(|text| text.replace(", chart: true", ""));
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "without a chart");
}

/// The inbox refuses what Slack refuses.
#[test]
fn a_picture_that_never_came_is_not_shown() {
    let world = crate::support::World::new();
    let (_, inbox) = world.up();
    let base = format!("{inbox}/services/LOCAL/INBOX/app/slack");
    let post = |path: &str, body: &str| {
        let answer = http("POST", &format!("{base}/{path}"), &[], body);
        (
            answer.0,
            serde_json::from_str::<Value>(&answer.1).unwrap_or_default(),
        )
    };
    let (_, refused) = post("api/files.getUploadURLExternal", "filename=a.png");
    assert_eq!(refused["error"], "invalid_arguments");
    let (_, asked) = post(
        "api/files.getUploadURLExternal",
        "filename=a.png&length=9&alt_txt=a%20b",
    );
    let (url, file) = (
        asked["upload_url"].as_str().unwrap(),
        asked["file_id"].as_str().unwrap(),
    );
    let place = url.strip_prefix(&format!("{base}/")).expect("a place here");
    for wrong in ["12345678", "123456789"] {
        assert_eq!(post(place, wrong).0, 400, "{wrong}");
    }
    assert_eq!(post("upload/F99", "x").0, 404);
    let (_, posted) = post("api/chat.postMessage", r#"{"channel":"C1","text":"x"}"#);
    let show = |channel: &str, thread: &str| {
        let body = serde_json::json!({ "files": [{ "id": file, "title": "t" }], "channel_id": channel, "thread_ts": thread });
        post("api/files.completeUploadExternal", &body.to_string()).1["error"].clone()
    };
    let thread = posted["ts"].as_str().unwrap();
    assert_eq!(show("", thread), "channel_not_found");
    assert_eq!(show("C1", "1.000099"), "thread_not_found");
    assert_eq!(show("C1", thread), "file_not_found");
}
