use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::operation::describe_trails::DescribeTrailsOutput;
use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, EventSelector, ReadWriteType, Trail,
};
use aws_smithy_mocks::{RuleMode, mock, mock_client};

use super::*;
use crate::resource::tests::script::Script;

const HERE: &str = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/audit";
const THERE: &str = "arn:aws:cloudtrail:us-east-1:123456789012:trail/global";
/// A trail of the organization's management account.
const ORGANIZATION: &str = "arn:aws:cloudtrail:eu-west-1:999988887777:trail/organization";

#[derive(Clone, Copy)]
struct State {
    logging: bool,
    management: bool,
    advanced: bool,
    /// Logs only read-only events.
    reads: bool,
    /// Logs all regions.
    everywhere: bool,
}

const GOOD: State = State {
    logging: true,
    management: true,
    advanced: false,
    reads: false,
    everywhere: false,
};

fn aws(script: &Script, arns: &[&str], state: State) -> Aws {
    let client = client(script, arns, state);
    Aws::mocked(Vec::new(), |clients| clients.cloudtrail = client)
}

fn client(script: &Script, arns: &[&str], state: State) -> Client {
    let trail = |arn: &&str| {
        Trail::builder()
            .trail_arn(*arn)
            .name(arn.rsplit('/').next().unwrap())
            .home_region(arn.split(':').nth(3).unwrap())
            .is_multi_region_trail(state.everywhere)
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
                    let reads = state.reads.then_some(ReadWriteType::ReadOnly);
                    return answer
                        .event_selectors(basic.set_read_write_type(reads).build())
                        .build();
                }
                let category = if state.management { "Management" } else { "Data" };
                let field = AdvancedFieldSelector::builder()
                    .field("eventCategory")
                    .equals(category);
                let reads = AdvancedFieldSelector::builder().field("readOnly").equals("true");
                let selector = AdvancedEventSelector::builder().field_selectors(field.build().unwrap());
                let selector = match state.reads {
                    true => selector.field_selectors(reads.build().unwrap()),
                    false => selector,
                };
                answer.advanced_event_selectors(selector.build().unwrap()).build()
            },
        ),
    ];
    mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, &rules)
}

fn any_in(regions: &[&str]) -> Precondition {
    Precondition::AnyTrail {
        regions: regions.iter().map(|region| (*region).to_owned()).collect(),
        beside_a_trail: false,
    }
}

fn trail_called(name_or_arn: &str) -> Precondition {
    Precondition::Trail {
        name_or_arn: name_or_arn.to_owned(),
        guarded: true,
    }
}

async fn any(arns: &[&str], state: State) -> Option<String> {
    let aws = aws(&Script::default(), arns, state);
    any_in(&["eu-west-1"]).unmet(&aws).await.unwrap()
}

async fn existing(name_or_arn: &str, arns: &[&str], state: State) -> Option<String> {
    let aws = aws(&Script::default(), arns, state);
    trail_called(name_or_arn).unmet(&aws).await.unwrap()
}

#[tokio::test]
async fn one_trail_that_logs_management_events_is_enough() {
    for advanced in [false, true] {
        let good = State { advanced, ..GOOD };
        assert_eq!(any(&[HERE], good).await, None);
        // The shadow of a trail with another home region counts.
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
            // By default, EventBridge gets no read-only events.
            State { reads: true, ..good },
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

/// A member account sees its organization's trail, but cannot ask anything about it.
#[tokio::test]
async fn a_trail_of_another_account_counts_and_nothing_is_asked_about_it() {
    let wrong = "AccountID in ARN is wrong, you can only access resources with AccountID 123456789012";
    for (code, text) in [
        ("CloudTrailARNInvalidException", wrong),
        ("TrailNotFoundException", "Unknown trail for the user"),
    ] {
        let script = Script::default();
        script
            .refuse("status", 100, code, text)
            .refuse("selectors", 100, code, text);
        let aws = aws(&script, &[ORGANIZATION], GOOD);
        assert_eq!(any_in(&["eu-west-1"]).unmet(&aws).await, Ok(None), "{code}");
        assert_eq!(script.log(), ["describe"]);
        // Only its own account can stop it and start it again.
        let shown = trail_called(ORGANIZATION).unmet(&aws).await.unwrap().unwrap();
        assert!(
            shown.contains("account 999988887777") && shown.contains("no guard is created here"),
            "{shown}"
        );
        let unguarded = Precondition::Trail {
            name_or_arn: ORGANIZATION.to_owned(),
            guarded: false,
        };
        assert_eq!(unguarded.unmet(&aws).await, Ok(None));
        assert_eq!(script.log(), ["describe"]);

        // The same error about a trail that is not known to belong to another account does not fail the plan either.
        for call in ["status", "selectors"] {
            let script = Script::default();
            script.refuse(call, 100, code, text);
            let aws = self::aws(&script, &[HERE], GOOD);
            assert!(any_in(&["eu-west-1"]).unmet(&aws).await.is_ok(), "{call}: {code}");
            assert!(trail_called("audit").unmet(&aws).await.is_ok(), "{call}: {code}");
        }
    }
}

/// A single-region trail brings EventBridge only the events of that region.
#[tokio::test]
async fn each_region_with_rules_is_asked_about_unless_a_trail_of_all_regions_logs() {
    let regions = ["eu-west-1", "us-east-1", "us-east-2"];
    let world = |script: &Script, state: State, there: &[&str]| {
        let here = aws(script, &[HERE], state);
        let virginia = client(script, there, state);
        let ohio = client(script, &[], state);
        here.and_in("us-east-1", Vec::new(), |clients| clients.cloudtrail = virginia)
            .and_in("us-east-2", Vec::new(), |clients| clients.cloudtrail = ohio)
    };
    let script = Script::default();
    let shown = any_in(&regions).unmet(&world(&script, GOOD, &[THERE])).await;
    let shown = shown.unwrap().unwrap();
    assert!(
        shown.starts_with("no CloudTrail trail logs in 123456789012, us-east-2: rules"),
        "{shown}"
    );
    let shown = any_in(&regions).unmet(&world(&script, GOOD, &[])).await;
    let shown = shown.unwrap().unwrap();
    assert!(
        shown.contains("123456789012, us-east-1, us-east-2: rules"),
        "{shown}"
    );

    let script = Script::default();
    let everywhere = State {
        everywhere: true,
        ..GOOD
    };
    let aws = world(&script, everywhere, &[]);
    assert_eq!(any_in(&regions).unmet(&aws).await, Ok(None));
    assert_eq!(script.log(), ["describe", "status", "selectors"]);
}

#[tokio::test(start_paused = true)]
async fn what_must_not_be_looked_at_is_a_warning_and_no_failure() {
    let (any, audit) = (any_in(&["eu-west-1"]), trail_called("audit"));
    for operation in ["describe", "status"] {
        for precondition in [&any, &audit] {
            let script = Script::default();
            script.refuse(operation, 1, "AccessDeniedException", "not authorized");
            let text = precondition.unmet(&aws(&script, &[HERE], GOOD)).await.unwrap();
            assert!(text.unwrap().contains("could not be checked"));
        }
    }
    let script = Script::default();
    // A trail that cannot be read does not matter if another one logs.
    script.refuse("status", 1, "AccessDeniedException", "not authorized");
    let aws = aws(&script, &[HERE, THERE], GOOD);
    assert_eq!(any.unmet(&aws).await, Ok(None));
    // Any other refusal of AWS: nothing that the stack owns depends on it.
    let script = Script::default();
    script.refuse("describe", 1, "InvalidTrailNameException", "no");
    let shown = any.unmet(&self::aws(&script, &[HERE], GOOD)).await.unwrap();
    assert!(shown.unwrap().contains("could not be checked"));
    let script = Script::default();
    script.refuse("describe", 1000, NO_ANSWER, "no");
    assert!(any.unmet(&self::aws(&script, &[HERE], GOOD)).await.is_err());
}
