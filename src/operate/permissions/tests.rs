use super::*;

#[test]
fn a_name_becomes_a_prefix_at_the_stacks_own_name_only() {
    for (name, wide) in [
        ("mission-sns", "mission-*"),
        ("alias/mission-kms-key", "alias/mission-*"),
        ("/aws/lambda/mission-relay", "/aws/lambda/mission-*"),
        ("/alertctl/mission/trail", "/alertctl/mission/*"),
        ("mission-bus/mission-rule", "mission-*"),
        ("submission-x", "submission-x"),
        ("elastalertToEmail", "elastalertToEmail"),
        ("mission", "mission"),
    ] {
        assert_eq!(prefix("mission", name), wide);
    }
}

#[test]
fn documents_stay_within_the_limit_and_lose_nothing() {
    let permissions: BTreeSet<_> = (0..400)
        .map(|number| Permission {
            action: "sns:CreateTopic",
            phase: Phase::Write,
            resource: format!("arn:aws:sns:eu-west-1:123456789012:a-topic-with-a-long-name-{number}"),
            conditions: vec![("StringEquals", "a:b", (number / 200).to_string())],
            why: "",
            exact: String::new(),
            context: Vec::new(),
            region: String::new(),
        })
        .collect();
    let documents = documents(&grants(&permissions));
    assert!(documents.len() > 1);
    let mut resources = 0;
    for document in &documents {
        assert!(document.to_string().len() <= LIMIT);
        let statements = document["Statement"].as_array().unwrap();
        resources += statements
            .iter()
            .map(|one| one["Resource"].as_array().unwrap().len())
            .sum::<usize>();
    }
    assert_eq!(resources, 400);
}

#[test]
fn what_a_wider_pattern_holds_is_not_said_twice() {
    let one = |resource: &str| Permission {
        action: "iam:GetRole",
        phase: Phase::Read,
        resource: resource.to_owned(),
        conditions: Vec::new(),
        why: "",
        exact: String::new(),
        context: Vec::new(),
        region: String::new(),
    };
    let grants = grants(&[one("a:mission-*"), one("a:mission-x"), one("a:other")].into());
    assert_eq!(grants.len(), 1);
    assert_eq!(
        grants[0].resources,
        ["a:mission-*".to_owned(), "a:other".to_owned()].into()
    );
}
