//! How a webhook is decrypted, and which address is refused.

use super::*;

#[tokio::test]
async fn a_webhook_is_decrypted_once_per_process() {
    let mut function = Function::start().await;
    for id in ["1", "2", "3"] {
        function.succeed(&text(id)).await;
    }
    assert_eq!((function.messages().len(), function.kms_requests().len()), (3, 1));
    function.stop().await;
}

#[tokio::test]
async fn a_failed_decryption_is_explained_and_tried_again() {
    let mut function = Function::start().await;
    let denied = "The ciphertext refers to a customer master key that does not exist, does not exist in \
                  this region, or you are not allowed to access.";
    lock(&function.script).kms_refusals = [
        (400, json!({ "__type": "InvalidCiphertextException" })),
        (
            400,
            json!({ "__type": "AccessDeniedException", "message": denied }),
        ),
        (
            400,
            json!({ "__type": "DisabledException", "message": "arn:aws:kms:x is disabled." }),
        ),
    ]
    .into();
    let event = fixture("text");
    let error = function.fail(&event).await;
    assert!(
        error.contains("another function than `mission-lambda`"),
        "{error}"
    );
    assert!(error.contains("alertctl encrypt-hook"), "{error}");
    let error = function.fail(&event).await;
    assert!(
        error.contains("the key of the ciphertext is gone, lies in another region than ap-northeast-2"),
        "{error}"
    );
    let error = function.fail(&event).await;
    assert!(
        error.contains("DisabledException: arn:aws:kms:x is disabled."),
        "{error}"
    );
    function.succeed(&event).await;
    function.stop().await;
}

#[tokio::test]
async fn a_webhook_in_clear_text_never_leaves_the_machine() {
    let mut function = Function::start().await;
    lock(&function.script).plaintext = format!("http://hooks.slack.com/services/T0/B0/{SECRET}");
    let error = function.fail(&fixture("text")).await;
    assert!(error.contains("the webhook is not an https:// URL"), "{error}");
    function.stop().await;
}
