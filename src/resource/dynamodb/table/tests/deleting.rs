use super::*;

const PROTECTED: &str = "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.";

fn deleted() -> DeleteTableOutput {
    DeleteTableOutput::builder().build()
}

#[tokio::test]
async fn what_is_lost_and_turned_off_is_said_first() {
    let lost = |live: &Live| DynamodbTable::about(live).data_loss.unwrap();
    let protected = Live {
        deletion_protection: true,
        ..live()
    };
    assert_eq!(
        lost(&live()),
        "messages of open incidents are not updated any more"
    );
    assert!(lost(&protected).contains("its deletion protection is turned off first"));

    let unprotect = mock!(Client::update_table)
        .match_requests(|ask| ask.deletion_protection_enabled() == Some(false))
        .then_output(|| UpdateTableOutput::builder().build());
    let delete = mock!(Client::delete_table).then_output(deleted);
    let aws = dynamodb(&[], RuleMode::Sequential, &[unprotect, delete]);
    DynamodbTable::delete(protected, &cx(&aws).await).await.unwrap();
}

/// The plan did not say that its protection would be turned off.
#[tokio::test]
async fn what_was_protected_after_the_plan_stays() {
    let delete = mock!(Client::delete_table).then_http_response(|| refusal("ValidationException", PROTECTED));
    let aws = dynamodb(&[], RuleMode::Sequential, &[delete]);
    let fault = DynamodbTable::delete(live(), &cx(&aws).await).await.unwrap_err();
    assert!(
        fault.help().contains("run the same command again"),
        "{}",
        fault.help()
    );
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_busy_is_waited_for_and_one_that_is_gone_is_fine() {
    let busy =
        "Attempt to change a resource which is still in use: Table is being created: mission-incidents";
    let delete = mock!(Client::delete_table)
        .sequence()
        .http_response(move || refusal("ResourceInUseException", busy))
        .times(3)
        .output(deleted)
        .build();
    let aws = dynamodb(&[], RuleMode::MatchAny, &[delete]);
    DynamodbTable::delete(live(), &cx(&aws).await).await.unwrap();

    let gone = || refusal("ResourceNotFoundException", "Requested resource not found");
    let rules = [
        mock!(Client::update_table).then_http_response(gone),
        mock!(Client::delete_table).then_http_response(gone),
    ];
    let aws = dynamodb(&[], RuleMode::MatchAny, &rules);
    let protected = Live {
        deletion_protection: true,
        ..live()
    };
    DynamodbTable::delete(protected, &cx(&aws).await).await.unwrap();
}
