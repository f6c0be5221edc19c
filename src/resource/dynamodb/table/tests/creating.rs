use tokio::time::Instant;

use super::*;

fn created() -> CreateTableOutput {
    CreateTableOutput::builder().build()
}

/// What `create` knows of a table that it made: it is not active, and its items do not end yet.
fn new() -> Live {
    Live {
        status: "CREATING".into(),
        ttl: None,
        ..live()
    }
}

#[tokio::test]
async fn key_billing_and_ownership_travel_in_the_creating_call() {
    let create = mock!(Client::create_table)
        .match_requests(|ask| {
            let key = &ask.key_schema()[0];
            let attribute = &ask.attribute_definitions()[0];
            ask.table_name() == Some(NAME)
                && ask.key_schema().len() == 1
                && (key.attribute_name(), key.key_type()) == ("pk", &KeyType::Hash)
                && attribute.attribute_type() == &ScalarAttributeType::S
                && ask.billing_mode() == Some(&BillingMode::PayPerRequest)
                && ask.tags() == to_sdk(&desired().tags)
        })
        .then_output(created);
    let aws = dynamodb(&[], RuleMode::Sequential, &[create]);
    assert_eq!(desired().create(&cx(&aws).await).await.unwrap(), new());
}

#[tokio::test(start_paused = true)]
async fn a_table_that_goes_or_too_many_changes_at_once_are_waited_for() {
    let prefix = "Attempt to change a resource which is still in use";
    for (code, text, passes) in [
        (
            "ResourceInUseException",
            format!("{prefix}: Table is being deleted: {NAME}"),
            true,
        ),
        (
            "LimitExceededException",
            "Subscriber limit exceeded: Only 10 tables can be created, updated, or deleted simultaneously"
                .to_owned(),
            true,
        ),
        (
            "LimitExceededException",
            "Subscriber limit exceeded: There is a limit of 256 tables per subscriber".to_owned(),
            false,
        ),
    ] {
        let start = Instant::now();
        let create = mock!(Client::create_table)
            .sequence()
            .http_response(move || refusal(code, &text))
            .times(5)
            .output(created)
            .build();
        let aws = dynamodb(&[], RuleMode::MatchAny, &[create]);
        let made = desired().create(&cx(&aws).await).await;
        assert_eq!(made.is_ok(), passes, "{made:?}");
        assert_eq!(start.elapsed().as_secs() >= 1, passes);
    }
}

/// DynamoDB may show a new table without its tags for a while.
#[tokio::test(start_paused = true)]
async fn one_that_exists_is_brought_up_to_date_when_ours_and_else_refused() {
    let exists = || {
        mock!(Client::create_table).then_http_response(|| {
            refusal("ResourceInUseException", &format!("Table already exists: {NAME}"))
        })
    };
    let provisioned = Live {
        billing_mode: "PROVISIONED".into(),
        ..live()
    };
    let [describe, ttl, _] = holding(&[provisioned]);
    let none = || ListTagsOfResourceOutput::builder().build();
    let late = mock!(Client::list_tags_of_resource)
        .sequence()
        .output(none)
        .times(2)
        .output(|| {
            let tags = to_sdk(&desired().tags);
            ListTagsOfResourceOutput::builder().set_tags(Some(tags)).build()
        })
        .build();
    let update = mock!(Client::update_table)
        .match_requests(|ask| ask.billing_mode() == Some(&BillingMode::PayPerRequest))
        .then_output(|| UpdateTableOutput::builder().build());
    let aws = dynamodb(&[], RuleMode::MatchAny, &[exists(), describe, ttl, late, update]);
    assert_eq!(desired().create(&cx(&aws).await).await.unwrap(), live());

    let foreign = Live {
        tags: Tags::new(),
        ..live()
    };
    let rules: Vec<_> = holding(&[foreign]).into_iter().chain([exists()]).collect();
    let aws = dynamodb(&[], RuleMode::MatchAny, &rules);
    let fault = desired().create(&cx(&aws).await).await.unwrap_err();
    assert_eq!(fault.code, "ResourceInUseException");
}

/// A new table is not known everywhere, then it is being created, then it is active; and its tags show late.
#[tokio::test(start_paused = true)]
async fn the_time_to_live_is_set_once_the_table_is_active() {
    let describe = mock!(Client::describe_table)
        .sequence()
        .http_response(|| refusal("ResourceNotFoundException", "Requested resource not found"))
        .times(2)
        .output(|| described(&new()))
        .times(3)
        .output(|| described(&live()))
        .build();
    let ttl = mock!(Client::update_time_to_live)
        .sequence()
        .http_response(|| {
            refusal(
                "ResourceInUseException",
                "Table mission-incidents is being created",
            )
        })
        .output(|| UpdateTimeToLiveOutput::builder().build())
        .build();
    let tags = mock!(Client::list_tags_of_resource)
        .sequence()
        .output(|| ListTagsOfResourceOutput::builder().build())
        .output(|| {
            let tags = to_sdk(&desired().tags);
            ListTagsOfResourceOutput::builder().set_tags(Some(tags)).build()
        })
        .build();
    let rules = [describe, ttl, tags];
    let aws = dynamodb(&[], RuleMode::MatchAny, &rules);
    desired().settle(&new(), &cx(&aws).await).await.unwrap();
    assert_eq!(rules.map(|rule| rule.num_calls()), [6, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_never_becomes_active_is_an_error() {
    let rules = holding(&[new()]);
    let aws = dynamodb(&[], RuleMode::MatchAny, &rules);
    let fault = desired().settle(&new(), &cx(&aws).await).await.unwrap_err();
    assert!(
        fault
            .message
            .contains("table `mission-incidents` to become active"),
        "{fault}"
    );
}
