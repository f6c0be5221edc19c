use super::*;

#[tokio::test]
async fn by_its_alias_ours_foreign_or_absent() {
    let stranger = Live {
        tags: Tags::new(),
        ..live("k")
    };
    for (keys, aliases, expected) in [
        (vec![], vec![], Presence::Absent),
        (vec![live("k")], vec![(ALIAS, "k")], Presence::Ours(live("k"))),
        (
            vec![stranger.clone()],
            vec![(ALIAS, "k")],
            Presence::Foreign(stranger),
        ),
    ] {
        let aws = Aws::mocked(vec![], |clients| clients.kms = kms(&holding(&keys, &aliases)));
        let seen = observe(&aws).await;
        assert_eq!(seen.wanted, [expected]);
        assert!(seen.orphans.is_empty());
    }
}

#[tokio::test]
async fn by_its_tags_when_the_alias_is_gone() {
    let key = pending("k", "2026-11-28");
    let aws = Aws::mocked(index(&["k"]), |clients| {
        clients.kms = kms(&holding(std::slice::from_ref(&key), &[]))
    });
    assert_eq!(observe(&aws).await.wanted, [Presence::Ours(key)]);
}

#[tokio::test]
async fn the_key_of_a_run_that_died_or_destroyed_is_found_where_only_kms_lists_it() {
    for key in [live("k"), pending("k", "2026-11-28")] {
        let stranger = Live {
            tags: Tags::new(),
            ..live("other")
        };
        let aws = Aws::mocked(vec![], |clients| {
            clients.kms = kms(&holding(&[key.clone(), stranger], &[]));
            clients.tagging = indexing(&[]);
        });
        assert_eq!(observe(&aws).await.wanted, [Presence::Ours(key)]);
    }
}

#[tokio::test]
async fn only_keys_without_alias_that_may_be_looked_at_are_asked_for_their_tags() {
    let stranger = Live {
        tags: Tags::new(),
        ..live("a")
    };
    let keys = [live("closed"), stranger, live("aliased"), live("k")];
    let closed = mock!(Client::list_resource_tags)
        .match_requests(|ask| ask.key_id() == Some("closed"))
        .then_http_response(|| refusal(400, "AccessDeniedException", "not authorized"));
    let aliased = mock!(Client::list_resource_tags)
        .match_requests(|ask| ask.key_id() == Some("aliased"))
        .then_output(|| ListResourceTagsOutput::builder().build());
    let mut rules = vec![closed, aliased.clone()];
    rules.extend(holding(&keys, &[("alias/aliased", "aliased")]));
    let aws = Aws::mocked(vec![], |clients| {
        clients.kms = kms(&rules);
        clients.tagging = indexing(&[]);
    });
    assert_eq!(ours(&observe(&aws).await.wanted[0]), "k");
    assert_eq!(aliased.num_calls(), 0);
}

/// `count` keys of somebody else, without alias or tags, and the mocked call that reads their tags.
fn strangers(count: usize) -> (Vec<Live>, Rule) {
    let stranger = |n| Live {
        tags: Tags::new(),
        ..live(&format!("stranger-{n:04}"))
    };
    let asked = mock!(Client::list_resource_tags)
        .match_requests(|ask| ask.key_id().is_some_and(|id| id.starts_with("stranger")))
        .then_output(|| ListResourceTagsOutput::builder().build());
    ((0..count).map(stranger).collect(), asked)
}

#[tokio::test]
async fn keys_of_which_the_index_knows_are_not_asked() {
    let (mut keys, asked) = strangers(1500);
    let known: Vec<_> = keys.iter().map(|key| key.id.clone()).collect();
    // It has been pending for so long that the index contains it, but the list of the stack's own resources leaves it
    // out.
    keys.push(pending("k", "2026-11-28"));
    let mut rules = vec![asked.clone()];
    rules.extend(holding(&keys, &[]));
    let aws = Aws::mocked(vec![], |clients| {
        clients.kms = kms(&rules);
        clients.tagging = indexing(&known.iter().map(String::as_str).collect::<Vec<_>>());
    });
    assert_eq!(ours(&observe(&aws).await.wanted[0]), "k");
    assert_eq!(asked.num_calls(), 0);
}

#[tokio::test]
async fn keys_of_which_nothing_is_known_are_asked_few_or_for_a_stack_that_was_begun() {
    let roles = |count: usize| {
        let role = aws_sdk_iam::types::Role::builder()
            .role_name("mission-relay-role")
            .path("/alertctl/mission/")
            .arn("arn:aws:iam::123456789012:role/alertctl/mission/mission-relay-role")
            .role_id("AROA1")
            .create_date(DateTime::from_secs(0))
            .build()
            .unwrap();
        let listed = mock!(aws_sdk_iam::Client::list_roles).then_output(move || {
            let roles = vec![role.clone(); count];
            let answer = aws_sdk_iam::operation::list_roles::ListRolesOutput::builder();
            answer.set_roles(Some(roles)).build().unwrap()
        });
        mock_client!(aws_sdk_iam, RuleMode::MatchAny, &[listed])
    };
    for (strange, begun, expected) in [(99, 0, 99), (1000, 0, 0), (1000, 1, 1000)] {
        let (mut keys, asked) = strangers(strange);
        keys.push(live("k"));
        let mut rules = vec![asked.clone()];
        rules.extend(holding(&keys, &[]));
        let aws = Aws::mocked(vec![], |clients| {
            clients.kms = kms(&rules);
            clients.tagging = indexing(&[]);
            clients.iam = roles(begun);
        });
        let seen = observe(&aws).await;
        assert_eq!(asked.num_calls(), expected);
        assert_eq!(matches!(seen.wanted[0], Presence::Ours(_)), expected > 0);
    }
}

#[tokio::test]
async fn the_keys_of_the_account_are_not_listed_when_the_key_is_known() {
    let mut rules = holding(&[live("k")], &[(ALIAS, "k")]);
    // Without these rules, a call of ListKeys or ListAliases fails the test.
    rules.truncate(4);
    let aws = Aws::mocked(index(&["k"]), |clients| clients.kms = kms(&rules));
    assert_eq!(ours(&observe(&aws).await.wanted[0]), "k");
}

#[tokio::test]
async fn the_alias_decides_between_several_and_the_others_are_orphans() {
    let keys = [live("a"), pending("b", "2026-11-30"), live("c")];
    let aws = Aws::mocked(index(&["a", "b", "c"]), |clients| {
        clients.kms = kms(&holding(&keys, &[(ALIAS, "b")]));
    });
    let seen = observe(&aws).await;
    assert_eq!(ours(&seen.wanted[0]), "b");
    let orphans: Vec<_> = seen.orphans.iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(orphans, ["kms-key/a", "kms-key/c"]);
}

#[tokio::test]
async fn without_alias_one_in_use_then_the_one_deleted_last() {
    let (early, late) = (pending("z", "2026-11-28"), pending("b", "2026-12-05"));
    let disabled = Live {
        state: "Disabled".into(),
        ..live("a")
    };
    for (keys, expected) in [
        (vec![early.clone(), late.clone(), disabled], "a"),
        (vec![early.clone(), late.clone()], "b"),
    ] {
        let aws = Aws::mocked(index(&["a", "b", "z"]), |clients| {
            clients.kms = kms(&holding(&keys, &[]));
        });
        let seen = observe(&aws).await;
        assert_eq!(ours(&seen.wanted[0]), expected);
        // Keys that are pending deletion are left alone.
        assert!(seen.orphans.is_empty(), "{:?}", seen.orphans);
    }
}

#[tokio::test]
async fn a_key_that_left_the_file_is_an_orphan_once() {
    let old = NodeId {
        kind: KmsKey::KIND,
        key: "old".into(),
    };
    let tags = Tags::from([(WINDOW_TAG.into(), "9".into())]);
    let old = Live {
        tags: tags::owned("mission", &old, &tags),
        ..live("k")
    };
    let out = Live {
        state: "PendingDeletion".into(),
        ..old.clone()
    };
    for (key, expected) in [(old, vec!["kms-key/old"]), (out, vec![])] {
        let aws = Aws::mocked(index(&["k"]), |clients| clients.kms = kms(&holding(&[key], &[])));
        let seen = observe(&aws).await;
        assert_eq!(seen.wanted, [Presence::Absent]);
        let orphans: Vec<_> = seen.orphans.iter().map(|(id, _)| id.to_string()).collect();
        assert_eq!(orphans, expected);
    }
}

#[tokio::test]
async fn what_the_index_remembers_wrongly_is_not_ours() {
    let untagged = Live {
        tags: Tags::new(),
        ..live("untagged")
    };
    let aws = Aws::mocked(index(&["deleted", "untagged"]), |clients| {
        clients.kms = kms(&holding(&[untagged], &[]));
    });
    let seen = observe(&aws).await;
    assert_eq!(seen.wanted, [Presence::Absent]);
    assert!(seen.orphans.is_empty());
}

#[tokio::test]
async fn a_key_without_rotation_status_is_read() {
    let asymmetric = Live {
        rotation: false,
        ..live("k")
    };
    let unsupported = mock!(Client::get_key_rotation_status)
        .then_http_response(|| refusal(400, "UnsupportedOperationException", ""));
    let mut rules = holding(&[asymmetric], &[(ALIAS, "k")]);
    rules.insert(0, unsupported);
    let aws = Aws::mocked(vec![], |clients| clients.kms = kms(&rules));
    assert_eq!(ours(&observe(&aws).await.wanted[0]), "k");
}
