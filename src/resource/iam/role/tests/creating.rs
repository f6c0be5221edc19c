use super::*;

fn created(arn: &'static str) -> impl Fn() -> CreateRoleOutput {
    move || {
        let live = Live {
            arn: arn.into(),
            ..live()
        };
        CreateRoleOutput::builder().role(role(&live, PATH)).build()
    }
}

#[tokio::test]
async fn path_and_ownership_travel_in_the_creating_call() {
    for arn in [ARN, "AROAEXAMPLE"] {
        let create = mock!(Client::create_role)
            .match_requests(|ask| {
                let tags: Vec<_> = ask.tags().iter().map(Tag::key).collect();
                ask.path() == Some(PATH)
                    && ask.description() == Some("relay")
                    && tags == ["alertctl:node", "alertctl:stack"]
                    && ask
                        .assume_role_policy_document()
                        .is_some_and(|it| it.contains("lambda.amazonaws.com"))
            })
            .then_output(created(arn));
        let aws = iam(RuleMode::Sequential, &[create]);
        assert_eq!(desired().create(&cx(&aws).await).await.unwrap(), live());
    }
}

#[tokio::test(start_paused = true)]
async fn a_principal_made_a_moment_ago_is_waited_for() {
    let text = "Invalid principal in policy: \"AWS\":\"arn:aws:iam::123456789012:role/new\"";
    let create = mock!(Client::create_role)
        .sequence()
        .http_response(move || refusal("MalformedPolicyDocument", text))
        .times(6)
        .output(created(ARN))
        .build();
    let aws = iam(RuleMode::MatchAny, std::slice::from_ref(&create));
    desired().create(&cx(&aws).await).await.unwrap();
    assert_eq!(create.num_calls(), 7);

    let start = Instant::now();
    let never =
        mock!(Client::create_role).then_http_response(move || refusal("MalformedPolicyDocument", text));
    let aws = iam(RuleMode::MatchAny, &[never]);
    let fault = desired().create(&cx(&aws).await).await.unwrap_err();
    assert!(fault.tried.is_some());
    assert!(start.elapsed() <= crate::aws::retry::LIMIT);
}

#[tokio::test]
async fn any_other_malformed_policy_is_refused_at_once() {
    let create = mock!(Client::create_role)
        .then_http_response(|| refusal("MalformedPolicyDocument", "Syntax errors in policy."));
    let aws = iam(RuleMode::MatchAny, std::slice::from_ref(&create));
    desired().create(&cx(&aws).await).await.unwrap_err();
    assert_eq!(create.num_calls(), 1);
}

#[tokio::test]
async fn one_that_exists_is_ours_or_refused() {
    let exists =
        || mock!(Client::create_role).then_http_response(|| refusal("EntityAlreadyExists", "exists"));
    let mut rules = holding(&[(live(), PATH)]);
    rules.push(exists());
    let aws = iam(RuleMode::MatchAny, &rules);
    assert_eq!(desired().create(&cx(&aws).await).await.unwrap(), live());

    let mut rules = holding(&[(
        Live {
            tags: Tags::new(),
            ..live()
        },
        "/",
    )]);
    rules.push(exists());
    let aws = iam(RuleMode::MatchAny, &rules);
    let fault = desired().create(&cx(&aws).await).await.unwrap_err();
    assert_eq!(fault.code, "EntityAlreadyExists");
}

#[tokio::test]
async fn one_that_an_older_run_made_is_brought_up_to_date() {
    let exists = mock!(Client::create_role).then_http_response(|| refusal("EntityAlreadyExists", ""));
    let describe =
        mock!(Client::update_role_description).then_output(|| UpdateRoleDescriptionOutput::builder().build());
    let mut rules = holding(&[(
        Live {
            description: "old".into(),
            ..live()
        },
        PATH,
    )]);
    rules.extend([exists, describe.clone()]);
    let aws = iam(RuleMode::MatchAny, &rules);
    assert_eq!(desired().create(&cx(&aws).await).await.unwrap(), live());
    assert_eq!(describe.num_calls(), 1);
}

#[tokio::test]
async fn a_used_up_quota_says_what_to_do() {
    let create = mock!(Client::create_role).then_http_response(|| refusal("LimitExceeded", "1000"));
    let aws = iam(RuleMode::MatchAny, &[create]);
    let fault = desired().create(&cx(&aws).await).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("Service Quotas"));
}

/// The result of creating the role if it already exists with a claim mark, and the mocked call. `own` says whether
/// the mark is of this run.
async fn claimed(own: bool) -> (Result<Live>, Rule) {
    let exists = mock!(Client::create_role)
        .match_requests(|ask| ask.tags().iter().any(|tag| Mark::is_key(tag.key())))
        .then_http_response(|| refusal("EntityAlreadyExists", "exists"));
    let aws = iam(RuleMode::MatchAny, &[]);
    let run = match own {
        true => aws.run.clone(),
        false => crate::aws::run::Run::new(),
    };
    let mut there = live();
    there.tags.extend([Mark::first(&run).tag()]);
    let mut rules = holding(&[(there, PATH)]);
    rules.push(exists.clone());
    let mut marked = iam(RuleMode::MatchAny, &rules);
    marked.run = aws.run;
    let mut cx = cx(&marked).await;
    cx.claim = true;
    (desired().create(&cx).await, exists)
}

#[tokio::test]
async fn of_two_runs_that_make_the_first_role_one_gives_way() {
    let (lost, tried) = claimed(false).await;
    let fault = lost.unwrap_err();
    assert_eq!((fault.code.as_str(), tried.num_calls()), ("AnotherRun", 1));
    assert_eq!(
        fault.to_string(),
        "another run is changing stack `mission` right now: it created the role `mission-lambda` a moment ago"
    );
    // A request of this run created the role, but its answer was lost.
    let (made, _) = claimed(true).await;
    assert_eq!(made.unwrap().tags, live().tags);
}

#[tokio::test]
async fn a_mark_of_a_run_is_no_difference() {
    let mut there = live();
    there
        .tags
        .extend([Mark::first(&crate::aws::run::Run::new()).tag()]);
    let aws = iam(RuleMode::MatchAny, &holding(&[(there, PATH)]));
    let seen = observe(&aws).await;
    let found = crate::resource::tests::script::ours(&seen.wanted[0]);
    assert!(changes(found, &desired()).is_empty());
    assert_eq!(found.marks.len(), 1);
}
