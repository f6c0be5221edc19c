use aws_sdk_sns::Client;
use aws_sdk_sns::operation::get_topic_attributes::GetTopicAttributesOutput;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use serde_json::json;

use super::super::Precondition;
use super::*;
use crate::resource::tests::script::Script;

const OPS: &str = "arn:aws:sns:eu-west-1:123456789012:ops";
const THERE: &str = "arn:aws:sns:us-east-1:123456789012:ops";
const FOREIGN: &str = "arn:aws:sns:eu-west-1:999988887777:ops";

fn client(script: &Script, attributes: &[(&str, &str)]) -> Client {
    let attributes: HashMap<_, _> = attributes
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let rules = [script.rule(
        "attributes",
        mock!(Client::get_topic_attributes),
        |r| r.topic_arn().unwrap_or_default().to_owned(),
        move |_| {
            GetTopicAttributesOutput::builder()
                .set_attributes(Some(attributes.clone()))
                .build()
        },
    )];
    mock_client!(aws_sdk_sns, RuleMode::MatchAny, &rules)
}

fn aws(script: &Script, attributes: &[(&str, &str)]) -> Aws {
    let client = client(script, attributes);
    Aws::mocked(Vec::new(), |clients| clients.sns = client)
}

fn keys(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

fn by_arn(arn: &str, alarms: &[&str], rules: &[&str]) -> Topic {
    Topic {
        arn: arn.into(),
        named: Named::Arn {
            alarms: keys(alarms),
            rules: keys(rules),
            own: None,
        },
        region: None,
    }
}

async fn told(aws: &Aws, topic: Topic) -> Option<String> {
    Precondition::Topic(topic).unmet(aws).await.unwrap()
}

fn allowing(services: &[&str]) -> String {
    json!({ "Statement": [{ "Effect": "Allow", "Principal": { "Service": services }, "Action": "sns:Publish", "Resource": "*" }] })
        .to_string()
}

#[tokio::test]
async fn a_topic_named_by_its_arn_lets_in_whoever_names_it() {
    let (none, both) = (allowing(&[]), allowing(&[ALARMS, RULES]));
    let ask = async |policy: &str, alarms: &[&str], rules: &[&str]| {
        told(
            &aws(&Script::default(), &[("Policy", policy)]),
            by_arn(OPS, alarms, rules),
        )
        .await
    };
    assert_eq!(ask(&both, &["cpu"], &["stops"]).await, None);
    assert_eq!(ask(&allowing(&[ALARMS]), &["cpu"], &[]).await, None);
    let shown = ask(&allowing(&[ALARMS]), &["cpu"], &["stops"]).await.unwrap();
    assert_eq!(
        shown,
        format!(
            "the policy of topic `{OPS}` does not let {RULES} publish: notifications from the rule `stops` are lost; its owner \
             has to allow `sns:Publish` to {RULES}"
        )
    );
    let shown = ask(&none, &["cpu", "disk"], &["stops"]).await.unwrap();
    assert!(
        shown.contains("notifications from the alarms `cpu` and `disk` and the rule `stops` are lost"),
        "{shown}"
    );
    let aws = aws(
        &Script::default(),
        &[("Policy", &both), ("KmsMasterKeyId", "alias/aws/sns")],
    );
    let shown = told(&aws, by_arn(OPS, &["cpu"], &[])).await.unwrap();
    assert!(
        shown.starts_with(&format!(
            "topic `{OPS}` is encrypted with AWS's own key, which {ALARMS} may not use"
        )),
        "{shown}"
    );
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_told_with_whoever_names_it() {
    let script = Script::default();
    script.refuse("attributes", 1, "NotFound", "Topic does not exist");
    let topic = by_arn(OPS, &["a", "b", "c", "d", "e"], &[]);
    assert_eq!(
        told(&aws(&script, &[]), topic).await.unwrap(),
        format!(
            "there is no topic `{OPS}`: notifications from the alarms `a`, `b`, `c` and 2 more do not arrive; correct the ARN, or create the topic"
        )
    );
}

/// The same topic may be named by a key, too.
#[tokio::test]
async fn a_topic_is_asked_about_once() {
    let script = Script::default();
    let aws = aws(&script, &[("Policy", &allowing(&[ALARMS]))]);
    let by_key = Topic {
        named: Named::Key {
            key: "ops".to_owned(),
            by_alarms: true,
            by_rules: false,
        },
        ..by_arn(OPS, &[], &[])
    };
    assert_eq!(told(&aws, by_key).await, None);
    assert_eq!(told(&aws, by_arn(OPS, &["cpu"], &[])).await, None);
    assert_eq!(script.log().len(), 1, "{:?}", script.log());
}

#[tokio::test]
async fn a_topic_is_asked_about_in_the_region_of_the_alarm() {
    let (here, there) = (Script::default(), Script::default());
    let virginia = client(&there, &[("Policy", &allowing(&[]))]);
    let aws = aws(&here, &[]).and_in("us-east-1", Vec::new(), |clients| clients.sns = virginia);
    let topic = Topic {
        region: Some("us-east-1".to_owned()),
        ..by_arn(THERE, &["cpu"], &[])
    };
    assert_eq!(Precondition::Topic(topic.clone()).region(), Some("us-east-1"));
    assert!(told(&aws, topic).await.unwrap().contains("does not let"));
    assert_eq!((here.log().len(), there.log().len()), (0, 1));
    // Nobody is asked about one that cannot be reached.
    let shown = told(&aws, by_arn(THERE, &[], &["stops"])).await.unwrap();
    assert!(
        shown.contains("is in us-east-1, and the rule `stops` in eu-west-1"),
        "{shown}"
    );
    assert_eq!((here.log().len(), there.log().len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_read_is_told_of_topics_of_the_own_account() {
    for (arn, is_told) in [(OPS, true), (FOREIGN, false)] {
        let script = Script::default();
        script.refuse("attributes", 1, "AuthorizationError", "not authorized");
        let shown = told(&aws(&script, &[]), by_arn(arn, &["cpu"], &[])).await;
        assert_eq!(
            shown.is_some_and(|shown| shown.contains("could not be checked")),
            is_told,
            "{arn}"
        );
    }
}

#[tokio::test]
async fn the_own_topic_is_named_by_its_key() {
    let own = |arn: &str| Topic {
        named: Named::Arn {
            alarms: keys(&["cpu"]),
            rules: keys(&[]),
            own: Some("oncall".to_owned()),
        },
        ..by_arn(arn, &[], &[])
    };
    let script = Script::default();
    let aws = aws(&script, &[("Policy", &allowing(&[ALARMS]))]);
    let shown = told(&aws, own(OPS)).await.unwrap();
    assert!(
        shown.contains("may not let in the alarm `cpu`: write `oncall` instead"),
        "{shown}"
    );
    assert!(script.log().is_empty(), "{:?}", script.log());
    // One of the same name in another account is somebody else's.
    assert_eq!(told(&aws, own(FOREIGN)).await, None);
}

fn lets(statement: Value) -> [bool; 2] {
    let policy = policy::parse(&json!({ "Statement": [statement] }).to_string());
    [ALARMS, RULES].map(|service| lets_publish(&policy, service, false))
}

#[test]
fn the_policy_of_a_new_topic_lets_alarms_publish_and_not_rules() {
    let new = json!({
        "Sid": "__default_statement_ID", "Effect": "Allow", "Principal": { "AWS": "*" },
        "Action": ["SNS:GetTopicAttributes", "SNS:Subscribe", "SNS:Publish"], "Resource": "arn:aws:sns:eu-west-1:111122223333:ops",
        "Condition": { "StringEquals": { "AWS:SourceOwner": "111122223333" } },
    });
    assert_eq!(lets(new.clone()), [true, false]);
    // The alarms of another account have another owner.
    let policy = policy::parse(&json!({ "Statement": [new] }).to_string());
    assert!(!lets_publish(&policy, ALARMS, true));
}

#[test]
fn a_service_is_allowed_by_name_or_as_anybody() {
    let allow = |principal: Value, action: &str| {
        lets(json!({ "Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*" }))
    };
    assert_eq!(allow(json!({ "Service": RULES }), "sns:Publish"), [false, true]);
    assert_eq!(
        allow(json!({ "Service": [RULES, ALARMS] }), "sns:*"),
        [true, true]
    );
    assert_eq!(allow(json!("*"), "SNS:Publish"), [true, true]);
    assert_eq!(
        allow(json!({ "Service": RULES }), "sns:Subscribe"),
        [false, false]
    );
    assert_eq!(
        allow(json!({ "AWS": "arn:aws:iam::111122223333:root" }), "sns:Publish"),
        [false, false]
    );
    assert_eq!(
        lets(json!({ "Effect": "Deny", "Principal": "*", "Action": "*" })),
        [false, false]
    );
    assert_eq!(lets(json!(null)), [false, false]);
    let (all, not) = (
        json!({ "Effect": "Allow", "Principal": "*", "Action": "sns:*" }),
        json!({ "Effect": "Deny", "Principal": { "Service": RULES }, "Action": "sns:Publish" }),
    );
    let policy = policy::parse(&json!({ "Statement": [all, not] }).to_string());
    assert!(lets_publish(&policy, ALARMS, false) && !lets_publish(&policy, RULES, false));
}
