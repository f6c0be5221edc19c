use super::*;

async fn delete(live: Live, rule: Rule) -> (Result<()>, Vec<String>) {
    let aws = Aws::mocked(vec![], |clients| clients.kms = kms(&[rule]));
    let cx = Context::mocked(&aws, aws.scope().await.unwrap().clone());
    let result = KmsKey::delete(live, &cx).await;
    (result, cx.notes.take())
}

#[tokio::test]
async fn it_stays_pending_for_as_long_as_its_tag_says_or_thirty_days() {
    for (tag, days) in [("7", 7), ("99", 30), ("", 30)] {
        let mut live = live("k");
        live.tags.insert(WINDOW_TAG.into(), tag.into());
        let rule = mock!(Client::schedule_key_deletion)
            .match_requests(move |ask| ask.pending_window_in_days() == Some(days))
            .then_output(|| {
                let date = DateTime::from_secs(1_795_860_000);
                ScheduleKeyDeletionOutput::builder().deletion_date(date).build()
            });
        let (result, notes) = delete(live, rule).await;
        result.unwrap();
        let note = "KMS deletes the key alias/mission-kms-key on 2026-11-28; `alertctl apply` before then \
                    restores it";
        assert_eq!(notes, [note]);
    }
}

#[tokio::test]
async fn pending_already_or_gone_is_done() {
    for (code, text) in [
        (
            "KMSInvalidStateException",
            "arn:aws:kms:eu-west-1:123456789012:key/k is pending deletion.",
        ),
        ("NotFoundException", "Key 'k' does not exist"),
    ] {
        let rule = mock!(Client::schedule_key_deletion).then_http_response(move || refusal(400, code, text));
        let (result, notes) = delete(live("k"), rule).await;
        assert_eq!((result, notes.len()), (Ok(()), 0));
    }
}

#[tokio::test]
async fn another_state_that_forbids_it_is_an_error() {
    let rule = mock!(Client::schedule_key_deletion)
        .then_http_response(|| refusal(400, "KMSInvalidStateException", "key is creating"));
    assert!(delete(live("k"), rule).await.0.is_err());
}

#[tokio::test]
async fn what_uses_the_key_goes_first() {
    for kind in ["kms-alias", "lambda-function", "sns-topic"] {
        assert!(KmsKey::HANDLING.deleted_after.contains(&kind));
    }
}
