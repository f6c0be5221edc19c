use super::*;

#[tokio::test]
async fn ours_by_tag_or_path_and_else_foreign() {
    let untagged = Live {
        tags: Tags::new(),
        ..live()
    };
    let others = Live {
        tags: Tags::from([(STACK_TAG.into(), "other".into())]),
        ..live()
    };
    for (roles, expected) in [
        (vec![], Presence::Absent),
        (vec![(live(), PATH)], Presence::Ours(live())),
        (vec![(untagged.clone(), PATH)], Presence::Ours(untagged.clone())),
        (vec![(untagged.clone(), "/")], Presence::Foreign(untagged)),
        (vec![(others.clone(), PATH)], Presence::Foreign(others)),
    ] {
        let seen = observe(&iam(RuleMode::MatchAny, &holding(&roles))).await;
        assert_eq!(seen.wanted, [expected]);
        assert!(seen.orphans.is_empty());
    }
}

#[tokio::test]
async fn a_hand_made_role_is_never_replaced_for_its_path() {
    let tagged = live();
    let untagged = Live {
        tags: Tags::new(),
        ..live()
    };
    for role in [untagged, tagged] {
        let seen = observe(&iam(RuleMode::MatchAny, &holding(&[(role, "/service-role/")]))).await;
        let (Presence::Foreign(live) | Presence::Ours(live)) = &seen.wanted[0] else {
            panic!("{seen:?}");
        };
        assert!(!changes(live, &desired()).touch("path"));
    }
}

#[tokio::test]
async fn a_new_role_may_come_without_its_arn() {
    let new = Live {
        arn: "AROAEXAMPLE".into(),
        ..live()
    };
    let seen = observe(&iam(RuleMode::MatchAny, &holding(&[(new, PATH)]))).await;
    assert_eq!(seen.wanted, [Presence::Ours(live())]);
    assert_eq!(
        IamRole::output(&live()),
        Output {
            arn: ARN.into(),
            id: "AROAEXAMPLE".into()
        }
    );
}

#[tokio::test]
async fn what_left_the_file_is_found_by_its_path_and_named_by_its_tag() {
    let node = NodeId {
        kind: IamRole::KIND,
        key: "guard".into(),
    };
    let tags = tags::owned("mission", &node, &Tags::new());
    let tagged = Live {
        name: "mission-guard".into(),
        tags,
        ..live()
    };
    let bare = Live {
        name: "bare".into(),
        tags: Tags::new(),
        ..live()
    };
    let elsewhere = Live {
        name: "elsewhere".into(),
        ..live()
    };
    let roles = [
        (live(), PATH),
        (tagged, PATH),
        (bare, PATH),
        (elsewhere, "/alertctl/mission-two/"),
    ];
    let seen = observe(&iam(RuleMode::MatchAny, &holding(&roles))).await;
    let orphans: Vec<_> = seen.orphans.iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(orphans, ["iam-role/bare", "iam-role/guard"]);
}

#[tokio::test]
async fn an_adopted_role_that_left_the_file_is_found_through_its_function() {
    let adopted = Live {
        name: "adopted".into(),
        ..live()
    };
    let foreign = Live {
        name: "foreign".into(),
        tags: Tags::new(),
        ..live()
    };
    let function = |name: &str| Tagged {
        arn: format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}"),
        tags: Tags::new(),
    };
    let configuration =
        mock!(aws_sdk_lambda::Client::get_function_configuration).then_compute_output(|ask| {
            let (of, name) = ask.function_name().unwrap().rsplit_once(':').unwrap();
            assert!(of.ends_with(":function"), "{of} is no function's");
            let role = format!("arn:aws:iam::123456789012:role/some/path/{name}");
            GetFunctionConfigurationOutput::builder().role(role).build()
        });
    let rules = holding(&[(adopted, "/"), (foreign, "/")]);
    // A Lambda resource that also carries the stack's tag.
    let mapping = Tagged {
        arn: "arn:aws:lambda:eu-west-1:123456789012:event-source-mapping:1-2-3".into(),
        tags: Tags::new(),
    };
    let tagged = vec![mapping, function("adopted"), function("foreign")];
    let aws = Aws::mocked(tagged, |clients| {
        clients.iam = mock_client!(aws_sdk_iam, RuleMode::MatchAny, &rules);
        clients.lambda = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, &[configuration]);
    });
    let seen = observe(&aws).await;
    let orphans: Vec<_> = seen.orphans.iter().map(|(_, live)| live.name.as_str()).collect();
    assert_eq!(orphans, ["adopted"]);
}

#[test]
fn its_tag_tells_the_region_that_it_forwards_from() {
    assert_eq!(IamRole::about(&live()).other_region, None);
    let mut there = live();
    there.tags.insert("alertctl:region".into(), "us-east-1".into());
    assert_eq!(IamRole::about(&there).other_region.as_deref(), Some("us-east-1"));
}
