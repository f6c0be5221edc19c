use super::sdk::no_credentials;
use super::*;

#[test]
fn display_quotes_aws_and_leaves_the_hint_to_the_report() {
    let fault = Fault::new("sns:CreateTopic", "AuthorizationError", "not authorized").hint("ask for it");
    assert_eq!(
        fault.to_string(),
        "sns:CreateTopic: AuthorizationError: not authorized"
    );
    assert_eq!(fault.hint.as_deref(), Some("ask for it"));
}

#[test]
fn what_never_went_to_aws_is_told_in_one_sentence() {
    let fault = Fault::new("sts:GetCallerIdentity", NOT_SENT, "no AWS region is set");
    assert_eq!(fault.to_string(), "no AWS region is set");
    let nothing = "dispatch failure: other: an error occurred while loading credentials: failed to load IMDS \
                   session token";
    assert_eq!(no_credentials(nothing), "no AWS credentials were found");
    let expired = "dispatch failure: other: an error occurred while loading credentials: token expired";
    assert_eq!(
        no_credentials(expired),
        "the AWS credentials could not be loaded: token expired"
    );
}

#[test]
fn times_are_told_as_they_were() {
    assert_eq!(spoken(Duration::from_secs(7)), "7 s");
    assert_eq!(spoken(Duration::from_secs(119)), "119 s");
    assert_eq!(spoken(Duration::from_secs(299)), "5 min");
}

#[test]
fn every_refusal_has_a_next_move() {
    let fault = Fault::new("sns:CreateTopic", "SomethingNew", "words of AWS");
    assert!(fault.help().contains("correct what AWS reports"));
    assert_eq!(fault.hint("do this").help(), "do this");
}

#[test]
fn an_empty_kms_message_leaves_no_dangling_colon() {
    let fault = Fault::new("kms:Decrypt", "InvalidCiphertextException", "");
    assert_eq!(fault.to_string(), "kms:Decrypt: InvalidCiphertextException");
}

#[test]
fn what_was_being_read_is_told_once_and_only_of_what_aws_says() {
    let fault = Fault::new("sns:GetTopicAttributes", "InternalError", "try again");
    let fault = fault
        .of(|| "sns-topic/alerts (mission-sns)".into())
        .of(|| "sns-topic".into());
    assert_eq!(
        fault.to_string(),
        "sns-topic/alerts (mission-sns): sns:GetTopicAttributes: InternalError: try again"
    );
    let own =
        Fault::new("sns:GetTopicAttributes", REFUSED, "it is at home elsewhere").of(|| "sns-topic".into());
    assert_eq!(own.to_string(), "it is at home elsewhere");
}
