//! The alias of a KMS key: the name by which people and the stack file refer to the key.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_kms::types::{AliasListEntry, KeyMetadata, KeyState};

use crate::aws::call::pages;
use crate::aws::fault::{found, gone};
use crate::aws::run;
use crate::aws::tags::Tagged;
use crate::aws::{concurrently, concurrently_found};
use crate::resource::access::{ANY, Access, KEYS, OURS};
use crate::resource::kms::key::{ALIAS_TAG, FORMER_ALIAS_TAG, KmsKey, aliased};
use crate::resource::{
    Aws, Changes, ClaimOrder, Context, Fields, Handling, Known, NodeId, Observed, Output, Presence, Ref,
    Resource, Result, Tags, Wanted,
};

mod template;

/// The desired alias.
#[derive(Debug, Clone)]
pub struct KmsAlias {
    /// `alias/…`
    pub name: String,
    pub key: Ref<KmsKey>,
}

/// An alias as it is. It has no tags: the owner of its key owns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    name: String,
    /// The ARN of the key.
    target: String,
}

const ALIAS: &str = "arn:{partition}:kms:{region}:{account}:{prefix}";

impl Resource for KmsAlias {
    const KIND: &'static str = "kms-alias";
    const HANDLING: Handling = Handling {
        claim: ClaimOrder::Claims,
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(&["kms:ListAliases"], ANY).because("KMS lists keys and aliases as a whole"),
        Access::read(&["kms:DescribeKey", "kms:ListResourceTags"], &[KEYS])
            .because("KMS assigns the ids; only a key's tags show whose it is"),
        Access::write(&["kms:CreateAlias"], &[ALIAS]),
        Access::write(&["kms:CreateAlias"], &[KEYS]).when(&[OURS]),
        Access::change(&["kms:UpdateAlias"], &[ALIAS]),
        Access::change(&["kms:UpdateAlias"], &[KEYS]).when(&[OURS]),
        Access::delete(&["kms:DeleteAlias"], &[ALIAS]),
        Access::delete(&["kms:DeleteAlias"], &[KEYS]).when(&[OURS]),
    ];
    type Live = Live;

    fn parent(&self) -> Option<NodeId> {
        Some(self.key.id().clone())
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let named = concurrently(wanted, async |wanted| {
            Ok(live(
                &wanted.desired.name,
                aliased(aws, &wanted.desired.name).await?,
            ))
        });
        let (named, tagged): (Vec<_>, _) = futures::try_join!(named, aws.tagged())?;
        let keys = tagged.iter().map(|tagged| tagged.arn.as_str());
        let keys: BTreeSet<&str> = keys
            .filter(|arn| arn.contains(":kms:") && arn.contains(":key/"))
            .chain(named.iter().flatten().map(|live| live.target.as_str()))
            .collect();
        let owned: BTreeMap<&str, Vec<Live>> = concurrently_found(keys, async |key| {
            let aliases = of_owned_key(aws, key).await?;
            Ok(aliases.map(|aliases| (key, aliases)))
        })
        .await?;
        let strange = named.iter().flatten();
        let strange = strange.filter(|live| !owned.contains_key(live.target.as_str()));
        let moved: BTreeSet<&str> = concurrently_found(strange, async |live| {
            Ok(is_moved(aws, &live.name, tagged)
                .await?
                .then_some(live.name.as_str()))
        })
        .await?;
        let present = |live: Option<Live>| match live {
            Some(live) if owned.contains_key(live.target.as_str()) => Presence::Ours(live),
            Some(live) if moved.contains(live.name.as_str()) => Presence::Ours(live),
            Some(live) => Presence::Foreign(live),
            None => Presence::Absent,
        };
        Ok(Observed {
            wanted: named.iter().cloned().map(present).collect(),
            orphans: owned
                .values()
                .flatten()
                .filter(|live| !wanted.iter().any(|wanted| wanted.desired.name == live.name))
                .map(|live| (orphan(live), live.clone()))
                .collect(),
        })
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self { name, key } = self;
        Fields::default()
            .set("name", name.as_str())
            .text("target", &key.arn(), known)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live { name, target } = live;
        Fields::default()
            .set("name", name.as_str())
            .set("target", target.as_str())
    }

    fn live_name(live: &Live) -> String {
        live.name.clone()
    }

    fn output(live: &Live) -> Output {
        let place = live.target.rsplit_once("key/").map_or("", |(place, _)| place);
        Output::of_arn(format!("{place}{}", live.name))
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let kms = &cx.aws.connection.clients.kms;
        let target = cx.text(&self.key.arn())?;
        let request = kms.create_alias().alias_name(&self.name).target_key_id(&target);
        let created = cx.aws.call("kms:CreateAlias", || request.clone().send());
        match created.await.map(drop) {
            Err(fault) if fault.is(&["AlreadyExistsException"]) => match read(cx.aws, &self.name).await? {
                // The answer of an earlier attempt was lost.
                Some(live) if live.target == target => Ok(live),
                // An alias that existed before the run would have been observed. So another run created a key as
                // well, and the run whose key has the alias goes on.
                Some(live) if of_owned_key(cx.aws, &live.target).await?.is_some() => {
                    let what = format!("it created `{}` for a key of its own", self.name);
                    Err(run::another(&cx.aws.stack, &what))
                }
                _ => Err(fault.hint(format!(
                    "`{}` is the alias of a key that the stack does not own",
                    self.name
                ))),
            },
            Err(fault) if fault.is(&["LimitExceededException"]) => {
                Err(fault.hint("a key has at most 50 aliases, and an account a quota: delete some"))
            }
            Err(fault) => Err(fault),
            Ok(()) => Ok(Live {
                name: self.name.clone(),
                target,
            }),
        }
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        match changes.touch("target") {
            true => self.point(cx).await,
            false => Ok(live),
        }
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let kms = &cx.aws.connection.clients.kms;
        let request = kms.delete_alias().alias_name(&live.name);
        gone(cx.aws.call("kms:DeleteAlias", || request.clone().send()).await)
    }
}

impl KmsAlias {
    /// Points an existing alias at the key.
    async fn point(&self, cx: &Context<'_>) -> Result<Live> {
        let kms = &cx.aws.connection.clients.kms;
        let target = cx.text(&self.key.arn())?;
        let request = kms.update_alias().alias_name(&self.name).target_key_id(&target);
        cx.aws.call("kms:UpdateAlias", || request.clone().send()).await?;
        Ok(Live {
            name: self.name.clone(),
            target,
        })
    }
}

/// The alias as it is. An alias of a key that is pending deletion still exists.
async fn read(aws: &Aws, name: &str) -> Result<Option<Live>> {
    let request = aws.connection.clients.kms.describe_key().key_id(name);
    let answer = found(aws.call("kms:DescribeKey", || request.clone().send()).await)?;
    Ok(live(name, answer.and_then(|answer| answer.key_metadata)))
}

/// An alias that points to `key`.
fn live(name: &str, key: Option<KeyMetadata>) -> Option<Live> {
    let target = key.and_then(|key| key.arn)?;
    Some(Live {
        name: name.to_owned(),
        target,
    })
}

/// The stack's aliases of a key that carries the stack's tag. The key's tags name them; other aliases of the key are
/// not the stack's.
async fn of_owned_key(aws: &Aws, key: &str) -> Result<Option<Vec<Live>>> {
    let kms = &aws.connection.clients.kms;
    let tags = async {
        let request = kms.list_resource_tags().key_id(key);
        found(aws.call("kms:ListResourceTags", || request.clone().send()).await)
    };
    let aliases = async {
        let all = pages(async |marker| {
            let request = kms.list_aliases().key_id(key).set_marker(marker);
            let page = aws.call("kms:ListAliases", || request.clone().send()).await?;
            Ok((page.aliases.unwrap_or_default(), page.next_marker))
        });
        found(all.await)
    };
    let (tags, aliases) = futures::try_join!(tags, aliases)?;
    let tags: Tags = tags.map_or_else(Tags::new, |answer| {
        let pairs = answer.tags().iter();
        pairs
            .map(|tag| (tag.tag_key().to_owned(), tag.tag_value().to_owned()))
            .collect()
    });
    if !aws.owns(&tags) {
        return Ok(None);
    }
    let live = |alias: AliasListEntry| {
        let name = alias.alias_name?;
        let named = |tag: &str| tags.get(tag) == Some(&name);
        (named(ALIAS_TAG) || named(FORMER_ALIAS_TAG)).then(|| Live {
            target: key.to_owned(),
            name,
        })
    };
    let aliases = aliases.unwrap_or_default().into_iter();
    Ok(Some(aliases.filter_map(live).collect()))
}

/// Whether the stack's alias was pointed at somebody else's key. This is so if a key of the stack that is still in
/// use claims the alias by its tag.
async fn is_moved(aws: &Aws, name: &str, tagged: &[Tagged]) -> Result<bool> {
    let claims = |one: &&Tagged| one.tags.get(ALIAS_TAG).is_some_and(|alias| alias == name);
    for key in tagged.iter().filter(claims) {
        let request = aws.connection.clients.kms.describe_key().key_id(&key.arn);
        let answer = found(aws.call("kms:DescribeKey", || request.clone().send()).await)?;
        let state = answer.and_then(|answer| answer.key_metadata?.key_state);
        if state.is_some_and(|state| state != KeyState::PendingDeletion) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn orphan(live: &Live) -> NodeId {
    NodeId {
        kind: KmsAlias::KIND,
        key: live.name.trim_start_matches("alias/").to_owned(),
    }
}

#[cfg(test)]
mod tests;
