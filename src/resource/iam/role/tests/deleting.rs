use super::*;

/// Everything attached to the role: a managed policy, an inline policy, an instance profile.
fn hanging() -> [Rule; 3] {
    let profile = || {
        InstanceProfile::builder()
            .instance_profile_name("p")
            .instance_profile_id("i")
            .path("/")
            .arn("arn:p")
            .create_date(DateTime::from_secs(0))
            .set_roles(Some(vec![]))
            .build()
            .unwrap()
    };
    [
        mock!(Client::list_attached_role_policies).then_output(|| attached(&["arn:a".into()])),
        mock!(Client::list_role_policies).then_output(|| {
            ListRolePoliciesOutput::builder()
                .policy_names("inline")
                .build()
                .unwrap()
        }),
        mock!(Client::list_instance_profiles_for_role).then_output(move || {
            ListInstanceProfilesForRoleOutput::builder()
                .instance_profiles(profile())
                .build()
                .unwrap()
        }),
    ]
}

fn taking_off() -> [Rule; 3] {
    [
        mock!(Client::detach_role_policy)
            .match_requests(|ask| ask.policy_arn() == Some("arn:a"))
            .then_output(|| DetachRolePolicyOutput::builder().build()),
        mock!(Client::delete_role_policy)
            .match_requests(|ask| ask.policy_name() == Some("inline"))
            .then_output(|| DeleteRolePolicyOutput::builder().build()),
        mock!(Client::remove_role_from_instance_profile)
            .match_requests(|ask| ask.instance_profile_name() == Some("p"))
            .then_output(|| RemoveRoleFromInstanceProfileOutput::builder().build()),
    ]
}

#[tokio::test]
async fn everything_that_hangs_on_the_role_goes_first() {
    let conflict = mock!(Client::delete_role).then_http_response(|| refusal("DeleteConflict", ""));
    let delete = mock!(Client::delete_role).then_output(|| DeleteRoleOutput::builder().build());
    let rules: Vec<_> = [conflict]
        .into_iter()
        .chain(hanging())
        .chain(taking_off())
        .chain([delete])
        .collect();
    let aws = iam(RuleMode::Sequential, &rules);
    IamRole::delete(live(), &cx(&aws).await).await.unwrap();
    assert!(rules.iter().all(|rule| rule.num_calls() == 1));
}

#[tokio::test]
async fn a_role_on_which_nothing_hangs_takes_one_call() {
    let delete = mock!(Client::delete_role).then_output(|| DeleteRoleOutput::builder().build());
    let aws = iam(RuleMode::Sequential, std::slice::from_ref(&delete));
    IamRole::delete(live(), &cx(&aws).await).await.unwrap();
    assert_eq!(delete.num_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_passes_or_ends_the_wait() {
    let text = "Cannot delete entity, must remove referenced objects first.";
    let delete = mock!(Client::delete_role)
        .sequence()
        .http_response(move || refusal("DeleteConflict", text))
        .times(5)
        .http_response(|| refusal("ConcurrentModification", ""))
        .output(|| DeleteRoleOutput::builder().build())
        .build();
    let rules: Vec<_> = hanging()
        .into_iter()
        .chain(taking_off())
        .chain([delete.clone()])
        .collect();
    let aws = iam(RuleMode::MatchAny, &rules);
    IamRole::delete(live(), &cx(&aws).await).await.unwrap();
    assert_eq!(delete.num_calls(), 7);

    let start = Instant::now();
    let never = mock!(Client::delete_role).then_http_response(move || refusal("DeleteConflict", text));
    let rules: Vec<_> = hanging().into_iter().chain(taking_off()).chain([never]).collect();
    let aws = iam(RuleMode::MatchAny, &rules);
    let fault = IamRole::delete(live(), &cx(&aws).await).await.unwrap_err();
    assert!(fault.tried.is_some());
    assert!(start.elapsed() <= crate::aws::retry::LIMIT);
}

#[tokio::test]
async fn a_role_that_is_gone_is_done() {
    let missing = || refusal("NoSuchEntity", "The role cannot be found.");
    let lists = [
        mock!(Client::list_attached_role_policies).then_http_response(missing),
        mock!(Client::list_role_policies).then_http_response(missing),
        mock!(Client::list_instance_profiles_for_role).then_http_response(missing),
        mock!(Client::delete_role).then_http_response(|| refusal("DeleteConflict", "")),
    ];
    let aws = iam(RuleMode::MatchAny, &lists);
    IamRole::delete(live(), &cx(&aws).await).await.unwrap();

    let late = mock!(Client::delete_role).then_http_response(missing);
    let rules: Vec<_> = hanging().into_iter().chain(taking_off()).chain([late]).collect();
    let aws = iam(RuleMode::MatchAny, &rules);
    IamRole::delete(live(), &cx(&aws).await).await.unwrap();
}

#[test]
fn its_functions_go_first() {
    for kind in [
        "lambda-function",
        "lambda-event-invoke-config",
        "eventbridge-targets",
    ] {
        assert!(IamRole::HANDLING.deleted_after.contains(&kind));
    }
}
