use super::*;
use crate::resource::kms::key::KmsKey;

fn node(kind: &'static str, key: &str) -> NodeId {
    NodeId {
        kind,
        key: key.to_owned(),
    }
}

#[test]
fn a_text_is_written_with_marks_and_read_in_pieces() {
    let topic = node("sns-topic", "alerts");
    let template = Template::new("eu-west-1", None, [&topic]);
    let text = Text::concat([Text::arn("sqs", "q"), "/".into(), Text::arn_of(&topic)]);
    let filled = template.text(&text);
    assert_eq!(
        pieces(&filled),
        [
            Piece::Literal("arn:"),
            Piece::Mark(Mark::Partition),
            Piece::Literal(":sqs:"),
            Piece::Mark(Mark::Region),
            Piece::Literal(":"),
            Piece::Mark(Mark::Account),
            Piece::Literal(":q/"),
            Piece::Mark(Mark::Arn("sns-topic/alerts".to_owned())),
        ]
    );
    // A stranger's text with these characters stays a text.
    assert_eq!(
        pieces("a\u{E000}b\u{E001}"),
        [Piece::Literal("a\u{E000}b\u{E001}")]
    );
}

#[test]
fn in_another_region_the_home_region_is_written_out() {
    let template = Template::new("eu-west-1", Some("us-east-1"), []);
    let arn = template.text(&Text::arn("events", "event-bus/home"));
    assert!(arn.contains(":events:eu-west-1:"), "{arn}");
    let own = template.computed(&Text::arn("sqs", "q")).unwrap();
    assert_eq!(own, template.text(&Text::arn_in("us-east-1", "sqs", "q")));
}

#[test]
fn what_is_not_in_the_template_is_a_parameter() {
    let template = Template::new("eu-west-1", None, []);
    let given = node("kms-key", "existing");
    let key: Ref<KmsKey> = Ref::given(given, "alias/mine".to_owned(), None);
    let one = template.text(&key.arn());
    assert_eq!(
        pieces(&one),
        [Piece::Mark(Mark::Parameter("ArnOfKmsKeyExisting".to_owned()))]
    );
    assert_eq!(template.text(&key.arn()), one);
    assert_eq!(template.reference(&key), "alias/mine");
    let parameters = template.parameters();
    let [parameter] = &parameters[..] else {
        panic!("{parameters:?}")
    };
    assert!(
        parameter.description.contains("kms-key/existing"),
        "{parameter:?}"
    );
}

#[test]
fn parameters_of_two_subjects_have_two_names() {
    let template = Template::new("eu-west-1", None, []);
    let name = |subject: &str| template.parameter(subject, Parameter::named).name;
    let (one, other) = (name("WEBHOOK_a-b"), name("WEBHOOK_a_b"));
    assert_eq!(one, "WebhookAB");
    assert_ne!(one, other);
    assert_eq!(one, name("WEBHOOK_a-b"));
}

#[test]
fn only_tags_of_the_resource_itself_are_exported() {
    let template = Template::new("eu-west-1", None, []);
    let mut tags = crate::resource::tags::owned(
        "mission",
        &node("sns-topic", "alerts"),
        &Tags::from([("team".to_owned(), "a".to_owned())]),
    );
    tags.insert(PROTECT_TAG.to_owned(), "true".to_owned());
    tags.insert(HOME_TAG.to_owned(), "eu-west-1".to_owned());
    let shown = template.tags(&tags);
    let keys: Vec<_> = shown.keys().map(String::as_str).collect();
    assert_eq!(keys, [EXPORTED_TAG, "alertctl:node", "alertctl:tags", "team"]);
    assert_eq!(shown[EXPORTED_TAG], "mission");
}

#[test]
fn a_logical_id_has_letters_and_digits_only() {
    assert_eq!(camel("sns-topic/alerts"), "SnsTopicAlerts");
    assert_eq!(camel("sns-topic/alerts.a_b"), "SnsTopicAlertsAB");
    let (one, other) = (camel("sns-topic/알람"), camel("sns-topic/경보"));
    assert_ne!(one, other);
    assert!(one.bytes().all(|c| c.is_ascii_alphanumeric()), "{one}");
    assert!(camel(&"x".repeat(300)).len() < 255);
}
