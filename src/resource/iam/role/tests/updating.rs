use super::*;

#[tokio::test(start_paused = true)]
async fn ownership_first_then_what_differs() {
    let mut from = Live {
        description: "old".into(),
        trust: Value::Null,
        attached_policies: vec!["arn:a".into(), "arn:b".into()],
        ..live()
    };
    from.tags = tags::owned("other", &id(), &Tags::from([("team".into(), "x".into())]));
    let trust = mock!(Client::update_assume_role_policy)
        .sequence()
        .http_response(|| refusal("MalformedPolicyDocument", "Invalid principal in policy: AROA"))
        .times(3)
        .output(|| UpdateAssumeRolePolicyOutput::builder().build())
        .build();
    let detach = |arn: &'static str| {
        mock!(Client::detach_role_policy).match_requests(move |ask| ask.policy_arn() == Some(arn))
    };
    let rules = [
        mock!(Client::untag_role)
            .match_requests(|ask| ask.tag_keys() == ["alertctl:tags", "team"])
            .then_output(|| UntagRoleOutput::builder().build()),
        mock!(Client::tag_role)
            .match_requests(|ask| ask.tags().len() == 1 && ask.tags()[0].value() == "mission")
            .then_output(|| TagRoleOutput::builder().build()),
        trust,
        mock!(Client::update_role_description)
            .match_requests(|ask| ask.description() == Some("relay"))
            .then_output(|| UpdateRoleDescriptionOutput::builder().build()),
        detach("arn:a").then_output(|| DetachRolePolicyOutput::builder().build()),
        detach("arn:b").then_http_response(|| refusal("NoSuchEntity", "not attached")),
    ];
    let aws = iam(RuleMode::Sequential, &rules);
    let now = desired()
        .update(from.clone(), &changes(&from, &desired()), &cx(&aws).await)
        .await;
    assert_eq!(now.unwrap(), live());
    assert!(rules.iter().all(|rule| rule.num_calls() > 0));
}
