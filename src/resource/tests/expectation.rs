use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::operation::describe_trails::DescribeTrailsOutput;
use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, AdvancedFieldSelector, EventSelector, Trail};
use aws_smithy_mocks::{RuleMode, mock, mock_client};

use super::super::script::Script;
use super::*;

const HERE: &str = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/audit";
const THERE: &str = "arn:aws:cloudtrail:us-east-1:123456789012:trail/global";

#[derive(Clone, Copy)]
struct State {
    logging: bool,
    management: bool,
    advanced: bool,
}

const GOOD: State = State {
    logging: true,
    management: true,
    advanced: false,
};

fn aws(script: &Script, arns: &[&str], state: State) -> Aws {
    let trail = |arn: &&str| {
        Trail::builder()
            .trail_arn(*arn)
            .name(arn.rsplit('/').next().unwrap())
            .home_region(arn.split(':').nth(3).unwrap())
            .build()
    };
    let trails: Vec<_> = arns.iter().map(trail).collect();
    let rules = [
        script.rule(
            "describe",
            mock!(Client::describe_trails),
            |_| String::new(),
            move |r| {
                assert_eq!(r.include_shadow_trails(), Some(true));
                DescribeTrailsOutput::builder()
                    .set_trail_list(Some(trails.clone()))
                    .build()
            },
        ),
        script.rule(
            "status",
            mock!(Client::get_trail_status),
            |_| String::new(),
            move |_| GetTrailStatusOutput::builder().is_logging(state.logging).build(),
        ),
        script.rule(
            "selectors",
            mock!(Client::get_event_selectors),
            |_| String::new(),
            move |_| {
                let answer = GetEventSelectorsOutput::builder();
                if !state.advanced {
                    let basic = EventSelector::builder().include_management_events(state.management);
                    return answer.event_selectors(basic.build()).build();
                }
                let category = if state.management { "Management" } else { "Data" };
                let field = AdvancedFieldSelector::builder()
                    .field("eventCategory")
                    .equals(category);
                let selector = AdvancedEventSelector::builder().field_selectors(field.build().unwrap());
                answer.advanced_event_selectors(selector.build().unwrap()).build()
            },
        ),
    ];
    Aws::mocked(Vec::new(), |clients| {
        clients.cloudtrail = mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, &rules);
    })
}

async fn any(arns: &[&str], state: State) -> Option<String> {
    let aws = aws(&Script::default(), arns, state);
    Expectation::AnyTrail.unmet(&aws).await.unwrap()
}

async fn existing(name_or_arn: &str, arns: &[&str], state: State) -> Option<String> {
    let aws = aws(&Script::default(), arns, state);
    let name_or_arn = name_or_arn.to_owned();
    Expectation::Trail { name_or_arn }.unmet(&aws).await.unwrap()
}

#[tokio::test]
async fn one_trail_that_logs_management_events_is_enough() {
    for advanced in [false, true] {
        let good = State { advanced, ..GOOD };
        assert_eq!(any(&[HERE], good).await, None);
        // A shadow of a trail at home elsewhere counts.
        assert_eq!(any(&[THERE], good).await, None);
        for bad in [
            State {
                logging: false,
                ..good
            },
            State {
                management: false,
                ..good
            },
        ] {
            let text = any(&[HERE, THERE], bad).await.unwrap();
            assert!(
                text.starts_with("no CloudTrail trail logs in 123456789012, eu-west-1"),
                "{text}"
            );
        }
    }
    assert!(any(&[], GOOD).await.unwrap().contains("will never fire"));
}

#[tokio::test]
async fn the_named_trail_is_there_at_home_and_logs() {
    assert_eq!(existing("audit", &[HERE], GOOD).await, None);
    assert_eq!(existing(THERE, &[HERE, THERE], GOOD).await, None);
    let missing = existing("other", &[HERE], GOOD).await.unwrap();
    assert!(missing.contains("there is no trail `other`"), "{missing}");
    let elsewhere = existing("global", &[THERE], GOOD).await.unwrap();
    assert!(elsewhere.contains("at home in us-east-1") && elsewhere.contains(THERE));
    let stopped = existing(
        "audit",
        &[HERE],
        State {
            logging: false,
            ..GOOD
        },
    )
    .await
    .unwrap();
    assert!(stopped.contains("start-logging"), "{stopped}");
}

#[tokio::test]
async fn what_must_not_be_looked_at_is_a_warning_and_no_failure() {
    let audit = Expectation::Trail {
        name_or_arn: "audit".into(),
    };
    for operation in ["describe", "status"] {
        for expectation in [&Expectation::AnyTrail, &audit] {
            let script = Script::default();
            script.refuse(operation, 1, "AccessDeniedException", "not authorized");
            let text = expectation.unmet(&aws(&script, &[HERE], GOOD)).await.unwrap();
            assert!(text.unwrap().contains("could not be checked"));
        }
    }
    let script = Script::default();
    // One that cannot be read does not matter beside one that logs.
    script.refuse("status", 1, "AccessDeniedException", "not authorized");
    let aws = aws(&script, &[HERE, THERE], GOOD);
    assert_eq!(Expectation::AnyTrail.unmet(&aws).await, Ok(None));
    let script = Script::default();
    script.refuse("describe", 1, "InvalidTrailNameException", "no");
    let aws = self::aws(&script, &[HERE], GOOD);
    assert!(Expectation::AnyTrail.unmet(&aws).await.is_err());
}
