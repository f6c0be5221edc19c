use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::operation::lookup_events::{LookupEventsInput, LookupEventsOutput};
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::Event;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use serde_json::json;

use super::*;

const NOW: i64 = 1_796_040_000;
const SPAN: Span = Span {
    from: NOW - 30 * 86_400,
    until: NOW,
    now: NOW,
};

fn stack(rules: &str) -> Stack {
    let text = format!(
        "stack: s\nregion: eu-west-1\nchannels: {{ ops: {{ webhook: {{ env: HOOK }} }} }}\ntrail: {{ existing: trail }}\n\
         rules:\n{rules}"
    );
    crate::stack::parse("stack.yaml", &text).unwrap().stack
}

fn event(id: &str, name: &str, at: i64) -> Event {
    let record = json!({
        "eventType": "AwsApiCall", "eventSource": "ec2.amazonaws.com", "eventName": name, "eventID": id,
        "eventTime": Timestamp::from_second(at).unwrap().to_string(), "awsRegion": "eu-west-1",
        "managementEvent": true, "userIdentity": { "arn": "arn:aws:iam::111122223333:role/dev" },
    });
    let event = Event::builder().event_time(DateTime::from_secs(at));
    event.cloud_trail_event(record.to_string()).build()
}

/// The id of each event of a page, and how many seconds ago it was.
type Events = &'static [(&'static str, i64)];

/// Answers by the value of the attribute: pages of events.
fn answering(pages: &'static [(&'static str, &'static [Events])]) -> Aws {
    let answer = move |input: &LookupEventsInput| {
        let wanted = input.lookup_attributes()[0].attribute_value().to_owned();
        let (_, pages) = pages
            .iter()
            .find(|(value, _)| *value == wanted)
            .unwrap_or(&("", &[]));
        let page: usize = input.next_token().map_or(0, |token| token.parse().unwrap());
        let events = pages.get(page).copied().unwrap_or_default().iter();
        let events = events.map(|(id, ago)| event(id, &wanted, NOW - ago));
        LookupEventsOutput::builder()
            .set_events(Some(events.collect()))
            .set_next_token((page + 1 < pages.len()).then(|| (page + 1).to_string()))
            .build()
    };
    let rule = mock!(Client::lookup_events).then_compute_output(answer);
    let cloudtrail = mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, [&rule]);
    Aws::mocked(Vec::new(), |clients| clients.cloudtrail = cloudtrail)
}

const DAY: i64 = 86_400;

#[tokio::test(start_paused = true)]
async fn rules_hear_what_their_patterns_match() {
    let stack = stack(
        "  runs: { services: { ec2: [RunInstances, StopInstances] }, except: { event_name: [StopInstances] }, to: [ops] }\n  \
         orders: { pattern: { source: [my.shop] }, to: [ops] }\n",
    );
    let (listeners, others) = listeners(&stack, "eu-west-1");
    assert_eq!(others, ["orders"]);
    assert_eq!(listeners.len(), 1);
    let aws = answering(&[
        (
            "RunInstances",
            &[&[("a", DAY), ("b", 2 * DAY)], &[("b", 2 * DAY), ("c", 3 * DAY)]],
        ),
        ("StopInstances", &[&[("d", DAY)]]),
    ]);
    let heard = listen(&aws, &listeners, SPAN, 200, &|_| ()).await;
    assert_eq!(heard[0].refused, None);
    assert_eq!(heard[0].since, SPAN.from);
    // One event on two pages counts once, and exceptions are left out.
    assert_eq!(heard[0].times(), [3, 2, 1].map(|days| NOW - days * DAY));
}

#[tokio::test(start_paused = true)]
async fn what_the_limit_leaves_out_is_not_known() {
    let stack = stack("  runs: { services: { ec2: [RunInstances, StopInstances] }, to: [ops] }\n");
    let (listeners, _) = listeners(&stack, "eu-west-1");
    let aws = answering(&[
        (
            "RunInstances",
            &[
                &[("a", DAY), ("b", 9 * DAY)],
                &[("c", 12 * DAY)],
                &[("d", 20 * DAY)],
            ],
        ),
        ("StopInstances", &[&[("e", 15 * DAY)]]),
    ]);
    let heard = async |pages: usize| {
        let pages_read = Cell::new(0);
        let heard = listen(&aws, &listeners, SPAN, pages, &|read| pages_read.set(read)).await;
        assert_eq!(pages_read.get(), pages.min(4));
        (NOW - heard[0].since, heard[0].times().len())
    };
    assert_eq!(heard(200).await, (30 * DAY, 5));
    // Both calls have been read once, and of one there is more: it is known for 12 days.
    assert_eq!(heard(3).await, (12 * DAY - 1, 2));
    assert_eq!(heard(2).await, (9 * DAY - 1, 1));
    assert_eq!(heard(0).await, (0, 0));
}

/// Of many calls, all that changes something is read first.
#[tokio::test(start_paused = true)]
async fn where_little_changes_many_calls_take_one_page() {
    let names = "RunInstances, StopInstances, StartInstances, TerminateInstances, CreateVpc, DeleteVpc, CreateSubnet, \
                 DeleteSubnet";
    let stack = stack(&format!(
        "  all: {{ services: {{ ec2: [{names}] }}, to: [ops] }}\n"
    ));
    let (listeners, _) = listeners(&stack, "eu-west-1");
    let heard = async |aws: &Aws, pages: usize| {
        let pages_read = Cell::new(0);
        let heard = listen(aws, &listeners, SPAN, pages, &|read| pages_read.set(read)).await;
        (pages_read.get(), NOW - heard[0].since)
    };
    let little = answering(&[("false", &[&[("a", DAY)], &[("b", 2 * DAY)]])]);
    assert_eq!(heard(&little, 200).await, (2, 30 * DAY));
    // Ten pages are not enough, so each call is looked for.
    const PAGE: Events = &[("a", DAY)];
    let much = answering(&[("false", &[PAGE; 30]), ("RunInstances", &[PAGE, PAGE])]);
    assert_eq!(heard(&much, 200).await, (10 + 9, 30 * DAY));
    assert_eq!(heard(&much, 5).await, (5, 0));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_with_its_region() {
    let stack = stack("  runs: { services: { ec2: [RunInstances] }, to: [ops] }\n");
    let (listeners, _) = listeners(&stack, "eu-west-1");
    let denied = mock!(Client::lookup_events).then_error(|| {
        let code = aws_smithy_types::error::ErrorMetadata::builder();
        let code = code.code("AccessDeniedException").message("you may not").build();
        aws_sdk_cloudtrail::operation::lookup_events::LookupEventsError::generic(code)
    });
    let cloudtrail = mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, [&denied]);
    let aws = Aws::mocked(Vec::new(), |clients| clients.cloudtrail = cloudtrail);
    let heard = listen(&aws, &listeners, SPAN, 9, &|_| ()).await;
    let (region, fault) = heard[0].refused.clone().unwrap();
    assert_eq!(region, "eu-west-1");
    assert!(fault.denied() && fault.message.contains("you may not"), "{fault}");
}

#[test]
fn what_a_wide_rule_lacks_is_known() {
    let stack =
        stack("  all: { pattern: { detail-type: [AWS API Call via CloudTrail, Budget] }, to: [ops] }\n");
    let (listeners, _) = listeners(&stack, "eu-west-1");
    assert!(listeners[0].lacks_reads && listeners[0].partly);
}

#[test]
fn all_regions_of_a_rule_are_read() {
    let stack = stack(
        "  logins: { preset: console-sign-in, to: [ops] }\n  runs: { services: { ec2: all }, to: [ops] }\n",
    );
    let (listeners, _) = listeners(&stack, "eu-west-1");
    assert!(
        listeners
            .iter()
            .all(|listener| !listener.lacks_reads && !listener.partly)
    );
    let questions = questions(&listeners);
    let regions: Vec<_> = questions.keys().map(String::as_str).collect();
    assert_eq!(
        regions,
        [
            "ap-southeast-2",
            "eu-north-1",
            "eu-west-1",
            "us-east-1",
            "us-east-2"
        ]
    );
    assert!(questions["us-east-1"].contains(&Lookup::Name("ConsoleLogin".to_owned())));
    assert!(questions["eu-west-1"].contains(&Lookup::Source("ec2.amazonaws.com".to_owned())));
}
