//! Charts: the thread of an alarm's message shows its metric, and whatever fails on the way harms no alert.

use crate::living::start_with;
use crate::support::fixture;
use crate::support::function::{Function, RETRIES, batch_from, lock};
use crate::support::workspace::{Fault, Workspace};
use alertctl_relay::Signal;
use serde_json::{Value, json};
use std::time::Duration;

const NAME: &str = "cpu";

async fn start() -> (Function, Workspace) {
    start_with(|settings| {
        settings["timezone"] = "Asia/Seoul".into();
        settings["alarms"] = json!({ NAME: { "chart": true } });
    })
    .await
}

/// An alarm on one metric enters a state, so many seconds ago.
fn message(name: &str, [old, new]: [&str; 2], ago: i64, change: impl FnOnce(&mut Value)) -> Value {
    let at = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(ago);
    let at = at.strftime("%FT%T.000+0000").to_string();
    let mut message = json!({
        "AlarmName": name, "OldStateValue": old, "NewStateValue": new, "StateChangeTime": at,
        "NewStateReason": "Threshold Crossed", "AWSAccountId": "111122223333",
        "AlarmArn": format!("arn:aws:cloudwatch:us-east-1:111122223333:alarm:{name}"),
        "Trigger": {
            "MetricName": "CPUUtilization", "Namespace": "AWS/EC2", "StatisticType": "Statistic", "Statistic": "AVERAGE",
            "Unit": null, "Dimensions": [{ "value": "i-1", "name": "InstanceId" }], "Period": 60, "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": 50.0,
        },
    });
    change(&mut message);
    let topic = "arn:aws:sns:us-east-1:111122223333:mission-sns";
    let id = format!("{name} {new} {at}");
    json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "MessageId": id, "TopicArn": topic, "Message": message.to_string() } }] })
}

fn fired(name: &str) -> Value {
    message(name, ["OK", "ALARM"], 5, |_| {})
}

/// The reason in the log why there is no chart.
async fn reasons(function: Function) -> Vec<String> {
    let lines = function.log().await.into_iter();
    let skipped = lines.filter(|line| line["outcome"] == "uncharted");
    skipped
        .map(|line| {
            assert_eq!(
                (&line["Stack"], &line["Channel"], &line["alarm"]),
                (&json!("mission"), &json!("project"), &json!(NAME))
            );
            line["reason"].as_str().expect("a reason").to_owned()
        })
        .collect()
}

#[tokio::test]
async fn an_alarm_shows_its_metric() {
    let (mut function, workspace) = start().await;
    assert_eq!(function.succeed(&fired(NAME)).await, json!({ "delivered": 1 }));
    {
        let state = workspace.state();
        assert_eq!(
            state.calls,
            [
                "chat.postMessage",
                "files.getUploadURLExternal",
                "upload",
                "files.completeUploadExternal"
            ]
        );
        let (ts, _) = state.messages.first_key_value().expect("a message");
        let file = &state.files["F1"];
        assert_eq!((file.title.as_str(), file.thread.as_ref()), (NAME, Some(ts)));
        assert!(file.alt.contains("cpu is in alarm"), "{}", file.alt);
        let mut decoder = png::Decoder::new(std::io::Cursor::new(&file.bytes))
            .read_info()
            .expect("a PNG");
        let mut pixels = vec![0; decoder.output_buffer_size().expect("a size")];
        let info = decoder.next_frame(&mut pixels).expect("a picture");
        assert_eq!((info.width, info.height), (800, 300));
        let red = pixels
            .chunks_exact(3)
            .filter(|pixel| *pixel == [0xd7, 0x26, 0x3d])
            .count();
        assert!(red > 600, "{red}");
    }
    {
        let script = lock(&function.script);
        let [(region, request)] = script.metric_requests.as_slice() else {
            panic!("{:?}", script.metric_requests)
        };
        // The alarm's region, not the function's.
        assert_eq!(region, "us-east-1");
        let query = &request["MetricDataQueries"][0];
        assert_eq!(
            query["MetricStat"],
            json!({ "Metric": { "Namespace": "AWS/EC2", "MetricName": "CPUUtilization",
                "Dimensions": [{ "Name": "InstanceId", "Value": "i-1" }] }, "Period": 60, "Stat": "Average" })
        );
        let span =
            request["EndTime"].as_i64().expect("a time") - request["StartTime"].as_i64().expect("a time");
        assert_eq!(span, 3 * 3_600);
    }
    // It is told once: not again, not after the process is another, and not at the end.
    function.succeed(&fired(NAME)).await;
    function.restart().await;
    function.succeed(&fired(NAME)).await;
    function.succeed(&message(NAME, ["ALARM", "OK"], 0, |_| {})).await;
    assert_eq!(workspace.headlines().len(), 1);
    assert_eq!(workspace.state().files.len(), 1);
    assert_eq!(reasons(function).await, [""; 0]);
}

#[tokio::test]
async fn an_event_of_eventbridge_shows_it_too() {
    let (mut function, workspace) = start_with(|settings| {
        settings["alarms"] = json!({ "mission-cpu-alarm": { "chart": true } });
    })
    .await;
    let event = fixture("alarm-from-eventbridge");
    let wrapped = json!({ "alertctl": { "rule": "r", "channels": ["project"] }, "event": event });
    assert_eq!(function.succeed(&wrapped).await, json!({ "delivered": 1 }));
    assert_eq!(workspace.state().files["F1"].title, "mission-cpu-alarm");
    let requests = lock(&function.script).metric_requests.clone();
    assert_eq!(requests[0].0, "ap-northeast-2");
    let query = &requests[0].1["MetricDataQueries"][0];
    assert_eq!(query["MetricStat"]["Metric"]["MetricName"], "CPUUtilization");
}

#[tokio::test]
async fn metric_math_asks_for_what_it_needs() {
    let (mut function, workspace) = start().await;
    let stat = |name: &str| json!({ "Metric": { "MetricName": name, "Namespace": "AWS/ApplicationELB", "Dimensions": [] }, "Period": 300, "Stat": "Sum" });
    let math = message(NAME, ["OK", "ALARM"], 5, |message| {
        message["Trigger"] = json!({ "EvaluationPeriods": 2, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold",
            "Metrics": [{ "Expression": "100 * e / r", "Id": "rate", "Label": "오류 (%)", "ReturnData": true },
                { "Id": "e", "MetricStat": stat("HTTPCode_Target_5XX_Count"), "ReturnData": false },
                { "Id": "r", "MetricStat": stat("RequestCount"), "ReturnData": false }] });
    });
    function.succeed(&math).await;
    assert_eq!(workspace.state().files.len(), 1);
    let requests = lock(&function.script).metric_requests.clone();
    let queries = requests[0].1["MetricDataQueries"].as_array().expect("queries");
    let asked: Vec<_> = queries
        .iter()
        .map(|query| (query["Id"].as_str(), &query["ReturnData"]))
        .collect();
    assert_eq!(
        asked,
        [
            (Some("rate"), &json!(true)),
            (Some("e"), &json!(false)),
            (Some("r"), &json!(false))
        ]
    );
    assert_eq!(queries[0]["Expression"], "100 * e / r");
}

#[tokio::test]
async fn only_alarms_of_the_stack_that_want_it_and_only_when_they_go_off() {
    let (mut function, workspace) = start().await;
    function.succeed(&fired("disk")).await;
    let blind = message(NAME, ["ALARM", "INSUFFICIENT_DATA"], 5, |_| {});
    function.succeed(&blind).await;
    let composite = message(NAME, ["OK", "ALARM"], 4, |message| {
        message["Trigger"] = Value::Null;
        message["AlarmRule"] = "ALARM(x)".into();
    });
    function.succeed(&composite).await;
    // A region becomes a part of a host's name.
    let mut strange = fixture("alarm-from-eventbridge");
    strange["region"] = "x.example.com/".into();
    strange["resources"] = json!(["arn:aws:cloudwatch:x.example.com/:111122223333:alarm:cpu"]);
    strange["detail"]["alarmName"] = NAME.into();
    function
        .succeed(&json!({ "alertctl": { "channels": ["project"] }, "event": strange }))
        .await;
    assert_eq!(workspace.headlines().len(), 3);
    assert!(lock(&function.script).metric_requests.is_empty());
    assert!(workspace.state().files.is_empty());
    assert_eq!(reasons(function).await, [""; 0]);

    // The metrics of another account are not here.
    let (mut function, workspace) = start().await;
    let foreign = message(NAME, ["OK", "ALARM"], 5, |message| {
        message["AlarmArn"] = "arn:aws:cloudwatch:us-east-1:444455556666:alarm:cpu".into();
    });
    assert_eq!(function.succeed(&foreign).await, json!({ "delivered": 1 }));
    assert_eq!(workspace.headlines().len(), 1);
    assert!(lock(&function.script).metric_requests.is_empty());
    assert_eq!(reasons(function).await, ["the alarm is of another account"]);
}

#[tokio::test]
async fn a_failing_cloudwatch_harms_no_alert() {
    let refusal = |status: u16, code: &str| (status, json!({ "__type": code, "message": "no" }));
    let none = json!({ "MetricDataResults": [{ "Id": "m1", "Label": "x", "Timestamps": [], "Values": [] }] });
    let cases = [
        (
            vec![refusal(400, "Throttling"); 2],
            "CloudWatch answers Throttling: no",
        ),
        (
            vec![refusal(500, "InternalServiceFault"); 2],
            "CloudWatch answers InternalServiceFault: no",
        ),
        (
            vec![refusal(403, "com.amazonaws.cloudwatch#AccessDeniedException")],
            "CloudWatch answers AccessDeniedException: no",
        ),
        (vec![(200, none)], "CloudWatch has no data of the metric"),
        (vec![(200, json!({}))], "CloudWatch has no data of the metric"),
        (
            vec![(200, json!([1, "x"]))],
            "CloudWatch has no data of the metric",
        ),
        (
            vec![(
                200,
                json!({ "MetricDataResults": [1, { "Timestamps": ["x", {}], "Values": "y" }] }),
            )],
            "CloudWatch has no data of the metric",
        ),
    ];
    for (answers, reason) in cases {
        let (mut function, workspace) = start().await;
        lock(&function.script).metric_answers.extend(answers);
        assert_eq!(
            function.succeed(&fired(NAME)).await,
            json!({ "delivered": 1 }),
            "{reason}"
        );
        assert_eq!(workspace.headlines().len(), 1);
        assert!(workspace.state().files.is_empty());
        assert_eq!(reasons(function).await, [reason]);
    }
}

#[tokio::test]
async fn a_failing_slack_harms_no_alert() {
    let cases = [
        (
            "files.getUploadURLExternal",
            Fault::Error("missing_scope"),
            "Slack answers 200 OK: missing_scope (files:write)",
        ),
        (
            "files.completeUploadExternal",
            Fault::Error("file_not_found"),
            "Slack answers 200 OK: file_not_found",
        ),
        (
            "upload",
            Fault::Lost,
            "the place for the picture answers 500 Internal Server Error",
        ),
    ];
    for (method, fault, reason) in cases {
        let (mut function, workspace) = start().await;
        workspace.fail(method, fault);
        assert_eq!(
            function.succeed(&fired(NAME)).await,
            json!({ "delivered": 1 }),
            "{reason}"
        );
        assert_eq!(workspace.headlines().len(), 1);
        assert_eq!(reasons(function).await, [reason]);
    }
    let (mut function, workspace) = start().await;
    workspace.state().upload_url = Some("https://files.slack.com.example.com/upload/v1/F1");
    assert_eq!(function.succeed(&fired(NAME)).await, json!({ "delivered": 1 }));
    assert_eq!(
        workspace.state().calls,
        ["chat.postMessage", "files.getUploadURLExternal"]
    );
    assert_eq!(
        reasons(function).await,
        ["Slack names a place for the picture that is not its own"]
    );
}

#[tokio::test]
async fn with_little_time_there_is_no_chart() {
    let (mut function, workspace) = start().await;
    function.runtime.hurry(Duration::from_millis(2_500));
    assert_eq!(function.succeed(&fired(NAME)).await, json!({ "delivered": 1 }));
    assert_eq!(workspace.headlines().len(), 1);
    assert!(lock(&function.script).metric_requests.is_empty());
    // It begins, and CloudWatch never answers.
    let (mut silent, other) = start().await;
    lock(&silent.script).silent.insert("CloudWatch");
    silent.runtime.hurry(Duration::from_secs(5));
    assert_eq!(silent.succeed(&fired(NAME)).await, json!({ "delivered": 1 }));
    assert_eq!(other.headlines().len(), 1);
    assert_eq!(lock(&silent.script).metric_requests.len(), 1);
    for function in [function, silent] {
        assert_eq!(reasons(function).await, ["there is not enough time left"]);
    }
}

#[tokio::test]
async fn what_waited_has_its_chart_and_a_reminder_none() {
    let (mut function, workspace) = start_with(|settings| {
        settings["channels"]["project"]["remind_minutes"] = 30.into();
        settings["alarms"] = json!({ NAME: { "chart": true } });
    })
    .await;
    let hours = 6 * 3_600;
    let late = message(NAME, ["OK", "ALARM"], hours, |_| {});
    let envelope = json!({ "alertctl": { "channels": ["project"] }, "event": late }).to_string();
    let batch = batch_from(RETRIES, Duration::from_secs(6 * 3_600), &[envelope]);
    assert_eq!(function.succeed(&batch).await, json!({ "batchItemFailures": [] }));
    assert_eq!(workspace.state().files["F1"].title, NAME);
    // It shows what followed, too, up to a quarter of it.
    let requests = lock(&function.script).metric_requests.clone();
    let end = requests[0].1["EndTime"].as_i64().expect("a time");
    let fired = jiff::Timestamp::now().as_second() - hours;
    assert!((end - fired - 45 * 60).abs() < 120, "{end} {fired}");

    workspace.state().time_passes();
    assert_eq!(
        function.succeed(&Signal::Remind.message()).await,
        json!({ "reminded": 1 })
    );
    assert_eq!(workspace.state().files.len(), 1);
}
