use std::sync::{Arc, Mutex};

use aws_sdk_kms::Client;
use aws_sdk_kms::operation::cancel_key_deletion::CancelKeyDeletionOutput;
use aws_sdk_kms::operation::create_key::CreateKeyOutput;
use aws_sdk_kms::operation::describe_key::DescribeKeyOutput;
use aws_sdk_kms::operation::disable_key_rotation::DisableKeyRotationOutput;
use aws_sdk_kms::operation::enable_key::EnableKeyOutput;
use aws_sdk_kms::operation::enable_key_rotation::EnableKeyRotationOutput;
use aws_sdk_kms::operation::get_key_policy::GetKeyPolicyOutput;
use aws_sdk_kms::operation::get_key_rotation_status::GetKeyRotationStatusOutput;
use aws_sdk_kms::operation::list_aliases::ListAliasesOutput;
use aws_sdk_kms::operation::list_keys::ListKeysOutput;
use aws_sdk_kms::operation::list_resource_tags::ListResourceTagsOutput;
use aws_sdk_kms::operation::put_key_policy::PutKeyPolicyOutput;
use aws_sdk_kms::operation::schedule_key_deletion::ScheduleKeyDeletionOutput;
use aws_sdk_kms::operation::tag_resource::TagResourceOutput;
use aws_sdk_kms::operation::untag_resource::UntagResourceOutput;
use aws_sdk_kms::operation::update_key_description::UpdateKeyDescriptionOutput;
use aws_sdk_kms::primitives::DateTime;
use aws_sdk_kms::types::{AliasListEntry, KeyListEntry, KeyManagerType, KeyMetadata, KeySpec, KeyUsageType};
use aws_sdk_resourcegroupstagging::operation::get_resources::GetResourcesOutput;
use aws_sdk_resourcegroupstagging::types::ResourceTagMapping;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use tokio::time::Instant;

use super::*;
use crate::aws::policy::Statement;
use crate::aws::tags::{NODE_TAG, STACK_TAG, Tagged};
use crate::resource::NodeId;

mod comparing;
mod creating;
mod deleting;
mod observing;
mod updating;

const ALIAS: &str = "alias/mission-kms-key";

/// An error response in KMS's format.
fn refusal(status: u16, code: &str, message: &str) -> HttpResponse {
    let body = serde_json::json!({ "__type": code, "message": message }).to_string();
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))
}

fn id() -> NodeId {
    NodeId {
        kind: KmsKey::KIND,
        key: "main".into(),
    }
}

fn desired() -> KmsKey {
    KmsKey {
        alias: ALIAS.into(),
        description: "alerts".into(),
        rotation: true,
        deletion_window_days: 7,
        policy: Policy::of([Statement::allow("DelegateToIam", &["kms:*"])
            .account_root()
            .on("*")]),
        tags: tags::owned("mission", &id(), &Tags::new()),
    }
}

fn known() -> Known {
    let scope = crate::aws::Scope {
        partition: "aws".into(),
        region: "eu-west-1".into(),
        account: "123456789012".into(),
    };
    Known {
        scope,
        outputs: Default::default(),
    }
}

fn arn(id: &str) -> String {
    format!("arn:aws:kms:eu-west-1:123456789012:key/{id}")
}

/// The key `id` exactly as [`desired`].
fn live(id: &str) -> Live {
    let desired = desired();
    Live {
        id: id.into(),
        arn: arn(id),
        state: "Enabled".into(),
        deletion_date: None,
        unusable: None,
        description: desired.description.clone(),
        rotation: true,
        policy: desired.policy.render(&known()).unwrap(),
        tags: desired.all_tags(),
    }
}

fn pending(id: &str, date: &str) -> Live {
    Live {
        state: "PendingDeletion".into(),
        deletion_date: Some(date.into()),
        ..live(id)
    }
}

fn metadata(live: &Live) -> KeyMetadata {
    let date = live.deletion_date.as_ref().map(|date| {
        let text = format!("{date}T10:00:00Z");
        DateTime::from_str(&text, aws_sdk_kms::primitives::DateTimeFormat::DateTime).unwrap()
    });
    KeyMetadata::builder()
        .key_id(&live.id)
        .arn(&live.arn)
        .description(&live.description)
        .key_state(live.state.as_str().into())
        .set_deletion_date(date)
        .build()
        .unwrap()
}

fn answer<O, E>(live: Option<Live>, output: impl Fn(Live) -> O) -> MockResponse<O, E> {
    match live {
        Some(live) => MockResponse::Output(output(live)),
        None => MockResponse::Http(refusal(400, "NotFoundException", "Key is not found.")),
    }
}

/// A KMS that contains `keys`. `aliases` point to some of them.
fn holding(keys: &[Live], aliases: &[(&str, &str)]) -> Vec<Rule> {
    let keys = Arc::new(keys.to_vec());
    let aliases: Vec<_> = aliases
        .iter()
        .map(|(a, id)| ((*a).to_owned(), (*id).to_owned()))
        .collect();
    let find = {
        let (keys, aliases) = (keys.clone(), aliases.clone());
        move |name: Option<&str>| {
            let name = name.unwrap_or_default();
            let id = aliases
                .iter()
                .find(|(alias, _)| alias == name)
                .map_or(name, |(_, id)| id);
            keys.iter().find(|key| key.id == id).cloned()
        }
    };
    let described = find.clone();
    let describe = mock!(Client::describe_key).then_compute_response(move |ask| {
        answer(described(ask.key_id()), |live| {
            DescribeKeyOutput::builder().key_metadata(metadata(&live)).build()
        })
    });
    let found = find.clone();
    let policy = mock!(Client::get_key_policy).then_compute_response(move |ask| {
        answer(found(ask.key_id()), |live| {
            GetKeyPolicyOutput::builder()
                .policy(live.policy.to_string())
                .build()
        })
    });
    let found = find.clone();
    let rotation = mock!(Client::get_key_rotation_status).then_compute_response(move |ask| {
        answer(found(ask.key_id()), |live| {
            GetKeyRotationStatusOutput::builder()
                .key_rotation_enabled(live.rotation)
                .build()
        })
    });
    let tags = mock!(Client::list_resource_tags).then_compute_response(move |ask| {
        answer(find(ask.key_id()), |live| {
            ListResourceTagsOutput::builder()
                .set_tags(Some(change::listed(&live.tags)))
                .build()
        })
    });
    let keys = mock!(Client::list_keys).then_output(move || {
        let keys = keys
            .iter()
            .map(|live| KeyListEntry::builder().key_id(&live.id).build());
        ListKeysOutput::builder().set_keys(Some(keys.collect())).build()
    });
    let aliases = mock!(Client::list_aliases).then_output(move || {
        let entry = |(alias, id): &(String, String)| {
            AliasListEntry::builder()
                .alias_name(alias)
                .target_key_id(id)
                .build()
        };
        let aliases = aliases.iter().map(entry);
        ListAliasesOutput::builder()
            .set_aliases(Some(aliases.collect()))
            .build()
    });
    vec![describe, policy, rotation, tags, keys, aliases]
}

fn index(ids: &[&str]) -> Vec<Tagged> {
    let tags = tags::owned("mission", &id(), &Tags::new());
    ids.iter()
        .map(|id| Tagged {
            arn: arn(id),
            tags: tags.clone(),
        })
        .collect()
}

/// A tagging index that lists these keys.
fn indexing(ids: &[&str]) -> aws_sdk_resourcegroupstagging::Client {
    let arns: Vec<_> = ids.iter().map(|id| arn(id)).collect();
    let rule = mock!(aws_sdk_resourcegroupstagging::Client::get_resources).then_output(move || {
        let keys = arns
            .iter()
            .map(|arn| ResourceTagMapping::builder().resource_arn(arn).build());
        GetResourcesOutput::builder()
            .set_resource_tag_mapping_list(Some(keys.collect()))
            .build()
    });
    mock_client!(aws_sdk_resourcegroupstagging, RuleMode::MatchAny, &[rule])
}

fn kms(rules: &[Rule]) -> Client {
    mock_client!(aws_sdk_kms, RuleMode::MatchAny, rules, |config| config
        .retry_config(RetryConfig::disabled()))
}

/// Rules in the order in which the calls must come.
fn in_order(rules: &[Rule]) -> Client {
    mock_client!(aws_sdk_kms, RuleMode::Sequential, rules, |config| config
        .retry_config(RetryConfig::disabled()))
}

async fn observe(aws: &Aws) -> Observed<Live> {
    let (id, desired) = (id(), desired());
    KmsKey::observe(
        aws,
        &[Wanted {
            id: &id,
            desired: &desired,
        }],
    )
    .await
    .unwrap()
}

fn changes(from: &Live, to: &KmsKey) -> Changes {
    to.fields(&known())
        .difference(&KmsKey::live_fields(from), KmsKey::IMMUTABLE)
}

fn ours(presence: &Presence<Live>) -> &str {
    match presence {
        Presence::Ours(live) => &live.id,
        other => panic!("{other:?}"),
    }
}
