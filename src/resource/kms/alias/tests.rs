use std::collections::BTreeMap as Map;

use aws_sdk_kms::Client;
use aws_sdk_kms::operation::create_alias::CreateAliasOutput;
use aws_sdk_kms::operation::delete_alias::DeleteAliasOutput;
use aws_sdk_kms::operation::describe_key::DescribeKeyOutput;
use aws_sdk_kms::operation::list_aliases::ListAliasesOutput;
use aws_sdk_kms::operation::list_resource_tags::ListResourceTagsOutput;
use aws_sdk_kms::operation::update_alias::UpdateAliasOutput;
use aws_sdk_kms::types::{KeyMetadata, KeyState, Tag};
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use tokio::time::Instant;

use super::*;
use crate::aws::tags::{STACK_TAG, Tagged};

const NAME: &str = "alias/mission-kms-key";

/// An error response in KMS's format.
fn refusal(code: &str, message: &str) -> HttpResponse {
    let body = serde_json::json!({ "__type": code, "message": message }).to_string();
    HttpResponse::new(400.try_into().unwrap(), SdkBody::from(body))
}

fn desired() -> KmsAlias {
    let key = NodeId {
        kind: KmsKey::KIND,
        key: "main".into(),
    };
    KmsAlias {
        name: NAME.into(),
        key: Ref::named(key, NAME),
    }
}

fn arn(id: &str) -> String {
    format!("arn:aws:kms:eu-west-1:123456789012:key/{id}")
}

fn live(id: &str) -> Live {
    Live {
        name: NAME.into(),
        target: arn(id),
    }
}

/// The owner of each key, and its aliases.
type Keys = Map<&'static str, (&'static str, Vec<&'static str>)>;

/// A KMS with these keys. All of them are pending deletion, which does not prevent reading an alias.
fn holding(keys: Keys) -> Vec<Rule> {
    let aliased = keys.clone();
    let describe = mock!(Client::describe_key).then_compute_response(move |ask| {
        let name = ask.key_id().unwrap_or_default();
        match aliased.iter().find(|(_, (_, aliases))| aliases.contains(&name)) {
            Some((id, _)) => {
                let key = KeyMetadata::builder().key_id(*id).arn(arn(id));
                let key = key.key_state(KeyState::PendingDeletion).build().unwrap();
                MockResponse::Output(DescribeKeyOutput::builder().key_metadata(key).build())
            }
            None => MockResponse::Http(refusal("NotFoundException", "Alias is not found.")),
        }
    });
    let find = move |key: Option<&str>| {
        let id = key.and_then(|arn| arn.rsplit_once('/')).map_or("", |(_, id)| id);
        keys.get(id).cloned()
    };
    let owned = find.clone();
    let tags =
        mock!(Client::list_resource_tags).then_compute_response(move |ask| match owned(ask.key_id()) {
            Some((stack, aliases)) => {
                // The first alias is the key's own, the second is its former one.
                let names = [ALIAS_TAG, FORMER_ALIAS_TAG].into_iter().zip(aliases);
                let tags = names.chain([(STACK_TAG, stack)]);
                let tag = |(key, value)| Tag::builder().tag_key(key).tag_value(value).build().unwrap();
                let tags = tags.map(tag).collect();
                MockResponse::Output(ListResourceTagsOutput::builder().set_tags(Some(tags)).build())
            }
            None => MockResponse::Http(refusal("NotFoundException", "Key does not exist")),
        });
    let aliases = mock!(Client::list_aliases).then_compute_response(move |ask| match find(ask.key_id()) {
        Some((_, aliases)) => {
            let entry = |name: &&str| AliasListEntry::builder().alias_name(*name).build();
            let all = aliases.iter().map(entry).collect();
            MockResponse::Output(ListAliasesOutput::builder().set_aliases(Some(all)).build())
        }
        None => MockResponse::Http(refusal("NotFoundException", "Key does not exist")),
    });
    vec![describe, tags, aliases]
}

fn mocked(tagged: &[&str], rules: &[Rule]) -> Aws {
    let tagged = tagged.iter().map(|id| Tagged {
        arn: arn(id),
        tags: Tags::new(),
    });
    Aws::mocked(tagged.collect(), |clients| {
        clients.kms = mock_client!(aws_sdk_kms, RuleMode::MatchAny, rules, |config| config
            .retry_config(RetryConfig::disabled()));
    })
}

async fn cx<'a>(aws: &'a Aws, key: &str) -> Context<'a> {
    let mut cx = Context::mocked(aws, aws.scope().await.unwrap().clone());
    let output = Output {
        arn: arn(key),
        id: key.into(),
    };
    cx.known.outputs.insert("kms-key/main".into(), output);
    cx
}

async fn observe(aws: &Aws) -> Observed<Live> {
    let id = NodeId {
        kind: KmsAlias::KIND,
        key: "main".into(),
    };
    let desired = desired();
    KmsAlias::observe(
        aws,
        &[Wanted {
            id: &id,
            desired: &desired,
        }],
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn it_belongs_to_whom_its_key_belongs_to() {
    for (keys, expected) in [
        (Keys::new(), Presence::Absent),
        (
            Keys::from([("k", ("mission", vec![NAME]))]),
            Presence::Ours(live("k")),
        ),
        (
            Keys::from([("k", ("other", vec![NAME]))]),
            Presence::Foreign(live("k")),
        ),
    ] {
        let seen = observe(&mocked(&[], &holding(keys))).await;
        assert_eq!(seen.wanted, [expected]);
        assert!(seen.orphans.is_empty());
    }
}

#[tokio::test]
async fn an_alias_pointed_elsewhere_by_hand_is_still_the_stacks_while_its_key_is_in_use() {
    for (state, expected) in [
        (KeyState::Enabled, Presence::Ours(live("theirs"))),
        (KeyState::PendingDeletion, Presence::Foreign(live("theirs"))),
    ] {
        let own = mock!(Client::describe_key)
            .match_requests(|ask| ask.key_id() == Some(&arn("own")))
            .then_output(move || {
                let key = KeyMetadata::builder().key_id("own").key_state(state.clone());
                DescribeKeyOutput::builder()
                    .key_metadata(key.build().unwrap())
                    .build()
            });
        let keys = Keys::from([("own", ("mission", vec![])), ("theirs", ("other", vec![NAME]))]);
        let rules: Vec<_> = [own].into_iter().chain(holding(keys)).collect();
        let tagged = Tagged {
            arn: arn("own"),
            tags: Tags::from([(ALIAS_TAG.into(), NAME.into())]),
        };
        let aws = Aws::mocked(vec![tagged], |clients| {
            clients.kms = mock_client!(aws_sdk_kms, RuleMode::MatchAny, &rules, |config| config
                .retry_config(RetryConfig::disabled()));
        });
        assert_eq!(observe(&aws).await.wanted, [expected]);
    }
}

#[tokio::test]
async fn what_a_key_names_and_the_file_does_not_is_an_orphan_and_a_strangers_alias_is_not() {
    let keys = Keys::from([
        ("k", ("mission", vec![NAME, "alias/old", "alias/of-a-stranger"])),
        ("second", ("mission", vec!["alias/second"])),
        ("lost-its-tag", ("", vec!["alias/strange"])),
    ]);
    // The tagging index still lists a key that is gone and a key that no longer belongs to the stack.
    let aws = mocked(&["k", "second", "lost-its-tag", "gone"], &holding(keys));
    let seen = observe(&aws).await;
    assert_eq!(seen.wanted, [Presence::Ours(live("k"))]);
    let orphans: Vec<_> = seen
        .orphans
        .iter()
        .map(|(id, live)| (id.to_string(), live.name.as_str()))
        .collect();
    let expected = [
        ("kms-alias/old".to_owned(), "alias/old"),
        ("kms-alias/second".to_owned(), "alias/second"),
    ];
    assert_eq!(orphans, expected);
}

#[tokio::test]
async fn another_target_is_a_change_and_a_new_key_is_known_after_apply() {
    let aws = mocked(&[], &[]);
    let cx = cx(&aws, "k").await;
    let changes = |id: &str, known: &Known| {
        desired()
            .fields(known)
            .difference(&KmsAlias::live_fields(&live(id)), KmsAlias::IMMUTABLE)
    };
    assert!(changes("k", &cx.known).is_empty());
    assert!(changes("other", &cx.known).touch("target"));
    assert!(!changes("other", &cx.known).replace());
    let known = Known {
        outputs: Map::new(),
        ..cx.known
    };
    assert!(changes("k", &known).touch("target"));
    let arn = "arn:aws:kms:eu-west-1:123456789012:alias/mission-kms-key";
    assert_eq!(KmsAlias::output(&live("k")).arn, arn);
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_a_key_made_or_restored_a_moment_ago() {
    let create = mock!(Client::create_alias)
        .sequence()
        .http_response(|| refusal("NotFoundException", "Key does not exist"))
        .times(4)
        .http_response(|| refusal("KMSInvalidStateException", "arn is pending deletion."))
        .times(4)
        .output(|| CreateAliasOutput::builder().build())
        .build();
    let aws = mocked(&[], std::slice::from_ref(&create));
    aws.memory.changed("kms");
    assert_eq!(desired().create(&cx(&aws, "k").await).await.unwrap(), live("k"));
    assert_eq!(create.num_calls(), 9);

    let start = Instant::now();
    let never =
        mock!(Client::create_alias).then_http_response(|| refusal("NotFoundException", "Key does not exist"));
    let aws = mocked(&[], &[never]);
    let fault = desired().create(&cx(&aws, "k").await).await.unwrap_err();
    assert!(fault.tried.is_some());
    assert!(start.elapsed() <= crate::aws::retry::LIMIT);
}

#[tokio::test]
async fn an_alias_that_exists_is_kept_left_to_another_run_or_refused_by_its_owner() {
    for (keys, code) in [
        (Keys::from([("k", ("mission", vec![NAME]))]), None),
        (
            Keys::from([("k", ("mission", vec![])), ("old", ("mission", vec![NAME]))]),
            Some("AnotherRun"),
        ),
        (
            Keys::from([("k", ("mission", vec![])), ("old", ("other", vec![NAME]))]),
            Some("AlreadyExistsException"),
        ),
    ] {
        let exists = mock!(Client::create_alias)
            .then_http_response(|| refusal("AlreadyExistsException", "An alias with the name exists"));
        let mut rules = holding(keys);
        // The alias is never pointed elsewhere: no rule answers that call.
        rules.push(exists);
        let aws = mocked(&[], &rules);
        match (desired().create(&cx(&aws, "k").await).await, code) {
            (Ok(now), None) => assert_eq!(now, live("k")),
            (Err(fault), Some(code)) => {
                assert_eq!(fault.code, code);
                let help = match code {
                    "AnotherRun" => "wait until it is done",
                    _ => "does not own",
                };
                assert!(fault.hint.unwrap().contains(help));
            }
            (result, _) => panic!("{result:?}"),
        }
    }
}

#[tokio::test]
async fn a_used_up_quota_says_what_to_do() {
    let create = mock!(Client::create_alias).then_http_response(|| refusal("LimitExceededException", ""));
    let aws = mocked(&[], &[create]);
    let fault = desired().create(&cx(&aws, "k").await).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("50 aliases"));
}

#[tokio::test(start_paused = true)]
async fn update_points_it_at_the_key() {
    let update = mock!(Client::update_alias)
        .sequence()
        .http_response(|| refusal("KMSInvalidStateException", "arn is pending deletion."))
        .output(|| UpdateAliasOutput::builder().build())
        .build();
    let aws = mocked(&[], std::slice::from_ref(&update));
    aws.memory.changed("kms");
    let cx = cx(&aws, "k").await;
    let changes = desired()
        .fields(&cx.known)
        .difference(&KmsAlias::live_fields(&live("old")), &[]);
    assert_eq!(
        desired().update(live("old"), &changes, &cx).await.unwrap(),
        live("k")
    );
    // Without differences nothing is called.
    let aws = mocked(&[], &[]);
    let cx = self::cx(&aws, "k").await;
    desired()
        .update(live("k"), &Changes::default(), &cx)
        .await
        .unwrap();
}

#[tokio::test]
async fn deleting_one_that_is_gone_is_done() {
    let gone = mock!(Client::delete_alias).then_http_response(|| refusal("NotFoundException", ""));
    let deleted = mock!(Client::delete_alias)
        .match_requests(|ask| ask.alias_name() == Some(NAME))
        .then_output(|| DeleteAliasOutput::builder().build());
    let refused = mock!(Client::delete_alias).then_http_response(|| refusal("AccessDeniedException", ""));
    for (rule, expected) in [(gone, true), (deleted, true), (refused, false)] {
        let aws = mocked(&[], &[rule]);
        assert_eq!(
            KmsAlias::delete(live("k"), &cx(&aws, "k").await).await.is_ok(),
            expected
        );
    }
}
