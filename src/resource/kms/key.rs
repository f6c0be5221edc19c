//! The KMS key that encrypts a stack's secrets.
//!
//! A key has no name, and CreateKey has no idempotency token: a repeated call creates a second key. The key is found
//! through its alias and its tags. After a call with a lost answer, it is looked for again.

use std::collections::BTreeMap;

use alertctl_relay::{console_page, encode_fragment};
use aws_sdk_kms::types::KeyState;
use serde_json::Value;

use crate::aws::fault::found;
use crate::aws::policy::Policy;
use crate::aws::{concurrently, concurrently_found};
use crate::resource::access::{ANY, Access, BECOMES_OURS, KEYS, OURS};
use crate::resource::{
    About, Aws, Changes, ClaimOrder, Context, Fault, Fields, Handling, Known, Observed, Output, Presence,
    Resource, Result, Tags, Wanted, converge, tags,
};

mod change;
mod create;
mod read;
mod search;
mod template;

pub(super) use read::aliased;
pub use read::{Existing, arn_of, existing};
use read::{best, day, read};

/// KMS does not store how long a key stays pending. A tag stores it, for a destroy without the stack file.
const WINDOW_TAG: &str = "alertctl:deletion-window";
/// The alias is deleted before its key. A tag stores it, so that the key still has a name to show.
pub(super) const ALIAS_TAG: &str = "alertctl:alias";
/// The key's alias under the previous stack file, which may not be deleted yet.
pub(super) const FORMER_ALIAS_TAG: &str = "alertctl:former-alias";
/// AWS's own default for ScheduleKeyDeletion, in days.
const DEFAULT_WINDOW: i32 = 30;
/// The maximum number of CreateKey attempts when answers are lost.
const TRIES: u32 = 3;

/// The desired key.
#[derive(Debug, Clone)]
pub struct KmsKey {
    /// `alias/…`. Used to find the key. The alias itself is a separate resource.
    pub alias: String,
    pub description: String,
    /// Whether KMS replaces the key material every year.
    pub rotation: bool,
    /// How long a deleted key can be restored: 7 to 30 days.
    pub deletion_window_days: i32,
    pub policy: Policy,
    pub tags: Tags,
}

/// A key as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    id: String,
    arn: String,
    /// KMS's name of the state: `Enabled`, `Disabled`, `PendingDeletion` …
    state: String,
    /// `2026-11-28`, when its deletion is pending.
    deletion_date: Option<String>,
    /// Why it cannot encrypt a stack's secrets.
    unusable: Option<String>,
    description: String,
    rotation: bool,
    policy: Value,
    tags: Tags,
}

impl Resource for KmsKey {
    const KIND: &'static str = "kms-key";
    const HANDLING: Handling = Handling {
        // Nothing that is encrypted with the key may still need it, and the next apply would find a key by an alias
        // that still points to it.
        deleted_after: &["kms-alias", "lambda-function", "sns-topic", "cloudtrail-trail"],
        claim: ClaimOrder::Beside,
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(&["kms:ListAliases", "kms:ListKeys"], ANY)
            .because("KMS lists keys and aliases as a whole"),
        Access::read(
            &[
                "kms:DescribeKey",
                "kms:GetKeyPolicy",
                "kms:GetKeyRotationStatus",
                "kms:ListResourceTags",
            ],
            &[KEYS],
        )
        .because("KMS assigns the ids; only a key's tags show whose it is"),
        Access::write(&["kms:CreateKey"], ANY)
            .when(&[BECOMES_OURS])
            .because("KMS assigns the id"),
        Access::write(&["kms:TagResource"], &[KEYS])
            .when(&[BECOMES_OURS])
            .by(&["kms:CreateKey"]),
        Access::write(&["kms:EnableKeyRotation"], &[KEYS]).when(&[OURS]),
        Access::change(
            &[
                "kms:CancelKeyDeletion",
                "kms:DisableKeyRotation",
                "kms:EnableKey",
                "kms:PutKeyPolicy",
                "kms:TagResource",
                "kms:UntagResource",
                "kms:UpdateKeyDescription",
            ],
            &[KEYS],
        )
        .when(&[OURS]),
        Access::delete(&["kms:ScheduleKeyDeletion"], &[KEYS]).when(&[OURS]),
    ];
    type Live = Live;

    fn name(&self) -> String {
        self.alias.clone()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let aliased = concurrently(wanted, |wanted| aliased(aws, &wanted.desired.alias));
        let (aliased, tagged): (Vec<_>, _) = futures::try_join!(aliased, aws.tagged())?;
        let targets: Vec<_> = aliased
            .iter()
            .map(|key| key.as_ref().map(|key| key.key_id().to_owned()))
            .collect();
        let described = aliased.into_iter().flatten();
        let mut keys: BTreeMap<_, _> = described
            .map(|key| (key.key_id().to_owned(), Some(key)))
            .collect();
        let ours = tagged.iter().filter(|tagged| tagged.service() == "kms");
        for id in ours.filter_map(|tagged| tagged.resource().strip_prefix("key/")) {
            keys.entry(id.to_owned()).or_default();
        }
        // Neither the alias nor the tagging index knows the key. If a run died before creating the alias, the key may
        // be too new for the index. If a destroy deleted the alias, the key may be missing there because it is
        // pending deletion. KMS itself lists both.
        if targets.iter().all(Option::is_none) && keys.is_empty() {
            for wanted in wanted {
                for id in search::unaliased(aws, &wanted.desired.tags).await? {
                    keys.entry(id).or_default();
                }
            }
        }
        let keys: Vec<Live> = concurrently_found(keys, |(id, key)| read(aws, id, key)).await?;

        let mut seen = Observed {
            wanted: Vec::new(),
            orphans: Vec::new(),
        };
        let mut used = Vec::new();
        for (wanted, target) in wanted.iter().zip(&targets) {
            let target = target.as_deref();
            let node = wanted.id.to_string();
            let found = best(keys.iter().filter(|live| live.is_node(aws, &node)), target)
                .or_else(|| keys.iter().find(|live| Some(live.id.as_str()) == target));
            seen.wanted.push(match found {
                Some(live) => Presence::of(aws.owns(&live.tags), live.clone()),
                None => Presence::Absent,
            });
            used.extend(found.map(|live| live.id.clone()));
        }
        // A key that is pending deletion is no orphan, because it need not be deleted again.
        let left = keys
            .into_iter()
            .filter(|live| live.is_owned(aws) && !live.pending() && !used.contains(&live.id));
        for live in left {
            let mut id = tags::node(Self::KIND, &live.tags, &live.id);
            if wanted.iter().any(|wanted| *wanted.id == id) {
                id.key.clone_from(&live.id);
            }
            seen.orphans.push((id, live));
        }
        Ok(seen)
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            alias,
            description,
            rotation,
            deletion_window_days,
            policy,
            tags,
        } = self;
        Fields::default()
            .set("state", KeyState::Enabled.as_str())
            .set("alias", alias.as_str())
            .set("description", description.as_str())
            .set("rotation", *rotation)
            .set("deletion_window_days", *deletion_window_days)
            .policy("policy", policy, known)
            .tags(tags)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            id: _,
            arn: _,
            state,
            deletion_date: _,
            unusable: _,
            description,
            rotation,
            policy,
            tags,
        } = live;
        // Two of these tags are shown as the fields that they store.
        let mut shown = tags.clone();
        shown.remove(WINDOW_TAG);
        let alias = shown.remove(ALIAS_TAG);
        shown.remove(FORMER_ALIAS_TAG);
        Fields::default()
            .set("state", state.as_str())
            .set_some("alias", alias)
            .set("description", description.as_str())
            .set("rotation", *rotation)
            .set_some("deletion_window_days", live.window())
            .set("policy", policy.clone())
            .live_tags(&shown)
    }

    fn live_name(live: &Live) -> String {
        live.tags.get(ALIAS_TAG).unwrap_or(&live.id).clone()
    }

    fn output(live: &Live) -> Output {
        Output {
            arn: live.arn.clone(),
            id: live.id.clone(),
        }
    }

    fn console_page(_name: &str, output: &Output, region: &str) -> Option<String> {
        console_page(
            region,
            "kms/home",
            &format!("/kms/keys/{}", encode_fragment(&output.id)),
        )
    }

    fn about(live: &Live) -> About {
        let remark = match (&live.unusable, &live.deletion_date) {
            (Some(reason), _) => Some(format!("cannot be used: {reason}")),
            (None, Some(date)) => Some(format!("pending deletion on {date}; apply cancels it")),
            (None, None) if live.pending() => Some("pending deletion; apply cancels it".to_owned()),
            (None, None) => (live.state == KeyState::Disabled.as_str()).then(|| "disabled".to_owned()),
        };
        let days = live.window().unwrap_or(DEFAULT_WINDOW);
        let loss = format!("KMS keeps it for {days} more days; `alertctl apply` before then restores it");
        About {
            health: Some(live.health()),
            remark,
            data_loss: Some(loss),
            is_going: live.pending(),
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let mut tries = 1;
        let created = loop {
            match self.create_key(cx).await {
                Err(fault) if fault.ambiguous() => {
                    if let Some(live) = search::patiently(cx.aws, &self.tags).await? {
                        return converge(self, live, cx).await;
                    }
                    if tries == TRIES {
                        return Err(Fault { hint: None, ..fault }.hint(
                            "a key may have been created without a response: run the same command again, \
                             which looks for it first",
                        ));
                    }
                    tries += 1;
                }
                result => break result?,
            }
        };
        cx.fresh.set(true);
        Ok(Live {
            rotation: false,
            policy: self.policy.render(&cx.known).map_err(Context::too_early)?,
            tags: self.all_tags(),
            ..Live::of(&created)
        })
    }

    /// A new key can encrypt before its rotation is enabled.
    async fn settle(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        match live.rotation == self.rotation {
            true => Ok(()),
            false => self.put_rotation(live, cx).await,
        }
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        if let Some(reason) = &live.unusable {
            let text = format!("`{}` is the key {}: {reason}", self.alias, live.id);
            return Err(Fault::new("kms:DescribeKey", "UnusableKey", text).hint(
                "give the stack's key another alias, or point this alias at a symmetric encryption key",
            ));
        }
        let kms = &cx.aws.connection.clients.kms;
        // KMS refuses every other change of a key that is disabled or pending deletion.
        if changes.touch("state") {
            live.restore(cx).await?;
        }
        // Ownership first: if a later call fails, the next run finishes the rest.
        self.put_tags(&live, cx).await?;
        if changes.touch("description") {
            let request = kms.update_key_description().key_id(&live.id);
            let request = request.description(&self.description);
            cx.aws
                .call("kms:UpdateKeyDescription", || request.clone().send())
                .await?;
        }
        if changes.touch("rotation") {
            self.put_rotation(&live, cx).await?;
        }
        if changes.touch("policy") {
            self.put_policy(&live, cx).await?;
        }
        Ok(Live {
            state: KeyState::Enabled.as_str().to_owned(),
            deletion_date: None,
            description: self.description.clone(),
            rotation: self.rotation,
            policy: self.policy.render(&cx.known).map_err(Context::too_early)?,
            tags: self.all_tags(),
            ..live
        })
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let days = live.window().unwrap_or(DEFAULT_WINDOW);
        let kms = &cx.aws.connection.clients.kms;
        let request = kms.schedule_key_deletion().key_id(&live.id);
        let request = request.pending_window_in_days(days);
        let answer = match cx
            .aws
            .call("kms:ScheduleKeyDeletion", || request.clone().send())
            .await
        {
            Err(fault) if fault.says("KMSInvalidStateException", "is pending deletion") => return Ok(()),
            result => found(result)?,
        };
        if let Some(answer) = answer {
            let when = answer.deletion_date().map(day);
            let when = when.map_or(format!("in {days} days"), |date| format!("on {date}"));
            cx.note(format!(
                "KMS deletes the key {} {when}; `alertctl apply` before then restores it",
                Self::live_name(&live)
            ));
        }
        Ok(())
    }

    async fn take_back(live: Live, cx: &Context<'_>) -> Result<Option<String>> {
        create::take_back(&live, cx).await
    }
}

impl KmsKey {
    /// The wanted tags, and the tags that store what KMS does not.
    fn all_tags(&self) -> Tags {
        let mut tags = self.tags.clone();
        tags.insert(WINDOW_TAG.to_owned(), self.deletion_window_days.to_string());
        tags.insert(ALIAS_TAG.to_owned(), self.alias.clone());
        tags
    }
}

#[cfg(test)]
mod tests;
