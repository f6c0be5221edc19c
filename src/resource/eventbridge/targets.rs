//! All targets of one EventBridge rule: the receivers of the events that it matches.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{concurrently, concurrently_found};
use crate::resource::access::{Access, OWN_ROLES};
use crate::resource::eventbridge::rule::{self, EventbridgeRule, on_bus, place};
use crate::resource::{
    About, Aws, Changes, Context, Fields, Handling, Known, NodeId, Observed, Output, Presence, Ref, Regions,
    Resource, Result, Text, Wanted,
};

mod calls;
mod template;

use calls::{put, read, remove};

/// EventBridge's defaults: how often and for how long it retries.
const RETRY_ATTEMPTS: i32 = 185;
const RETRY_AGE_SECONDS: i32 = 24 * 60 * 60;
/// The maximum number of targets of a rule.
const MOST: usize = 5;

/// The desired targets of a rule. Other targets of the rule are removed.
#[derive(Debug, Clone)]
pub struct EventbridgeTargets {
    pub rule: Ref<EventbridgeRule>,
    /// At most five.
    pub targets: Vec<Target>,
}

/// One target: the wanted one or, with `T = String`, the existing one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<T = Text> {
    /// Unique in its rule: letters, digits, `.`, `-` and `_`, at most 64.
    pub id: String,
    pub arn: T,
    /// The role that EventBridge assumes to send. For event buses only: functions, topics and queues allow
    /// EventBridge themselves.
    pub role_arn: Option<T>,
    /// What the target gets. `None` for the whole event.
    pub input: Option<Input>,
    /// The ARN of the SQS dead letter queue for events that could not be delivered. It is in the rule's region.
    pub dead_letter_queue: Option<T>,
    /// 0 to 185; `None` for 185.
    pub retry_attempts: Option<i32>,
    /// 60 to 86,400; `None` for 86,400.
    pub retry_age_seconds: Option<i32>,
}

/// What a target gets instead of the whole event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// This JSON text.
    Constant(String),
    /// The part of the event at this JSON path.
    Path(String),
    /// `template`, with each `<name>` replaced by what `paths` find in the event.
    Transformer {
        paths: BTreeMap<String, String>,
        template: String,
    },
}

/// The targets of a rule as they are: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    rule_name: String,
    bus_name: String,
    targets: Vec<Target<String>>,
    /// The ids of targets with settings that alertctl does not know.
    altered: BTreeSet<String>,
}

const RULE: &str = "arn:{partition}:events:{region}:{account}:rule/{prefix}";

impl Resource for EventbridgeTargets {
    const KIND: &'static str = "eventbridge-targets";
    const HANDLING: Handling = Handling {
        regions: Regions::Any,
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(
            &["events:ListTagsForResource", "events:ListTargetsByRule"],
            &[RULE],
        ),
        Access::write(&["events:PutTargets"], &[RULE]),
        Access::change(&["events:RemoveTargets"], &[RULE]),
        Access::write(&["iam:PassRole"], &[OWN_ROLES])
            .when(&[("StringEquals", "iam:PassedToService", "events.amazonaws.com")])
            .by(&["events:PutTargets"]),
        Access::delete(&["events:RemoveTargets"], &[RULE]),
    ];
    type Live = Live;

    fn parent(&self) -> Option<NodeId> {
        Some(self.rule.id().clone())
    }

    fn name(&self) -> String {
        self.rule.name().to_owned()
    }

    fn uses(&self, access: &Access) -> bool {
        access.actions != ["iam:PassRole"] || self.targets.iter().any(|target| target.role_arn.is_some())
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let named = concurrently(
            wanted.iter().map(|wanted| place(wanted.desired.rule.name())),
            |(bus, rule)| read(aws, bus, rule),
        );
        let places = wanted.iter().map(|wanted| place(wanted.desired.rule.name()));
        let places = places.collect();
        let left = async {
            concurrently_found(rule::left(aws, &places).await?, async |place| {
                let (bus, name) = place;
                // Concurrently: each of the two calls has its own rate limit.
                let (rule, live) = futures::try_join!(rule::of_stack(aws, place), read(aws, bus, name))?;
                Ok(rule.zip(live).map(|(rule, live)| (rule.node(Self::KIND), live)))
            })
            .await
        };
        let (named, orphans): (Vec<_>, Vec<_>) = futures::try_join!(named, left)?;
        Ok(Observed {
            // The owner of the rule owns its targets.
            wanted: named
                .into_iter()
                .map(|live| live.map_or(Presence::Absent, Presence::Ours))
                .collect(),
            orphans,
        })
    }

    fn fields(&self, known: &Known) -> Fields {
        let text = |fields: Fields, name, text: &Text| fields.text(name, text, known);
        let targets = self.targets.iter();
        targets.fold(Fields::default(), |fields, target| target.fields(fields, text))
    }

    fn fields_beside(&self, live: &Live, known: &Known) -> Fields {
        self.beside(live, known).fields(known)
    }

    fn live_fields(live: &Live) -> Fields {
        let text = |fields: Fields, name, text: &String| fields.set(name, text.as_str());
        let targets = live.targets.iter();
        let fields = targets.fold(Fields::default(), |fields, target| target.fields(fields, text));
        live.altered.iter().fold(fields, |fields, id| {
            fields.set(format!("target.{id}.other_settings"), true)
        })
    }

    fn live_name(live: &Live) -> String {
        on_bus(&live.bus_name, &live.rule_name)
    }

    fn output(_live: &Live) -> Output {
        Output::default()
    }

    fn about(live: &Live) -> About {
        About {
            lives_in: Some((EventbridgeRule::KIND, Self::live_name(live))),
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let live = self.expected(cx)?;
        put(cx.aws, &live, &live.targets).await?;
        Ok(live)
    }

    async fn update(&self, live: Live, _changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        let expected = self.beside(&live, &cx.known).expected(cx)?;
        let as_it_is =
            |target: &&Target<String>| live.targets.contains(target) && !live.altered.contains(&target.id);
        let changed = expected.targets.iter().filter(|target| !as_it_is(target));
        let changed: Vec<_> = changed.cloned().collect();
        let ids: BTreeSet<_> = expected.ids().collect();
        let left: Vec<_> = live.ids().filter(|id| !ids.contains(id)).collect();
        // The new targets are added before the old ones are removed, so that no matching event is lost, unless the
        // rule has no room for both.
        let full = ids.len() + left.len() > MOST;
        if full {
            remove(cx.aws, &live, &left).await?;
        }
        put(cx.aws, &live, &changed).await?;
        if !full {
            remove(cx.aws, &live, &left).await?;
        }
        Ok(expected)
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let ids: Vec<_> = live.ids().collect();
        remove(cx.aws, &live, &ids).await
    }
}

impl EventbridgeTargets {
    /// The same targets, under the ids that they have in the account: a live target of the wanted ARN is this target, whoever
    /// named it. Beside it, a second one would bring every event twice.
    fn beside(&self, live: &Live, known: &Known) -> Self {
        let mut free: Vec<_> = live.targets.iter().collect();
        let mut take = |is_it: &dyn Fn(&Target<String>) -> bool| {
            let at = free.iter().position(|there| is_it(there))?;
            Some(free.remove(at).id.clone())
        };
        let arns: Vec<_> = self
            .targets
            .iter()
            .map(|target| target.arn.fill(known).ok())
            .collect();
        let wanted = || self.targets.iter().zip(&arns);
        // Those that have their own id are looked for first: of two live targets of one ARN, that one stays.
        let mut ids: Vec<_> = wanted()
            .map(|(target, arn)| {
                let goes_there = |there: &Target<String>| arn.as_ref().is_none_or(|arn| *arn == there.arn);
                take(&|there| there.id == target.id && goes_there(there))
            })
            .collect();
        for (id, (_, arn)) in ids.iter_mut().zip(wanted()).filter(|(id, _)| id.is_none()) {
            *id = arn.as_ref().and_then(|arn| take(&|there| there.arn == *arn));
        }
        let taken: BTreeSet<_> = ids.iter().flatten().cloned().collect();
        let targets = self.targets.iter().zip(ids);
        let targets = targets.map(|(target, id)| Target {
            id: id.unwrap_or_else(|| unused(&target.id, &taken)),
            ..target.clone()
        });
        Self {
            rule: self.rule.clone(),
            targets: targets.collect(),
        }
    }

    fn expected(&self, cx: &Context<'_>) -> Result<Live> {
        let targets = self.targets.iter().map(|target| target.filled(cx));
        let (bus, rule) = place(self.rule.name());
        Ok(Live::of(bus, rule, targets.collect::<Result<_>>()?))
    }
}

impl Live {
    /// The targets of the rule with this name.
    pub(in crate::resource) fn of(bus: &str, rule: &str, targets: Vec<Target<String>>) -> Self {
        Self {
            rule_name: rule.to_owned(),
            bus_name: bus.to_owned(),
            targets,
            altered: BTreeSet::new(),
        }
    }

    fn ids(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().map(|target| target.id.as_str())
    }
}

impl<T> Target<T> {
    /// Adds the target's fields. `text` adds a field that may depend on another resource.
    fn fields(&self, fields: Fields, text: impl Fn(Fields, String, &T) -> Fields) -> Fields {
        let Self {
            id,
            arn,
            role_arn,
            input,
            dead_letter_queue,
            retry_attempts,
            retry_age_seconds,
        } = self;
        let name = |field: &str| format!("target.{id}.{field}");
        let some = |fields, field, value: &Option<T>| match value {
            Some(value) => text(fields, name(field), value),
            None => fields,
        };
        let fields = text(fields, name("arn"), arn);
        let fields = some(fields, "role_arn", role_arn);
        let fields = match input {
            None => fields,
            Some(Input::Constant(json)) => fields.set(name("input"), json.as_str()),
            Some(Input::Path(path)) => fields.set(name("input_path"), path.as_str()),
            Some(Input::Transformer { paths, template }) => paths
                .iter()
                .fold(fields, |fields, (key, path)| {
                    fields.set(name(&format!("input_paths.{key}")), path.as_str())
                })
                .set(name("input_template"), template.as_str()),
        };
        some(fields, "dead_letter_queue", dead_letter_queue)
            .set_some(name("retry_attempts"), unless(RETRY_ATTEMPTS, *retry_attempts))
            .set_some(
                name("retry_age_seconds"),
                unless(RETRY_AGE_SECONDS, *retry_age_seconds),
            )
    }
}

impl Target {
    fn filled(&self, cx: &Context<'_>) -> Result<Target<String>> {
        let Self {
            id,
            arn,
            role_arn,
            input,
            dead_letter_queue,
            retry_attempts,
            retry_age_seconds,
        } = self;
        let some = |value: &Option<Text>| value.as_ref().map(|text| cx.text(text)).transpose();
        Ok(Target {
            id: id.clone(),
            arn: cx.text(arn)?,
            role_arn: some(role_arn)?,
            input: input.clone(),
            dead_letter_queue: some(dead_letter_queue)?,
            retry_attempts: unless(RETRY_ATTEMPTS, *retry_attempts),
            retry_age_seconds: unless(RETRY_AGE_SECONDS, *retry_age_seconds),
        })
    }
}

/// `id`, or where a target with another ARN keeps that, `id` with a number, of at most 64 characters.
fn unused(id: &str, taken: &BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{id:.60}-{number}"));
    let mut ids = std::iter::once(id.to_owned()).chain(numbered);
    ids.find(|id| !taken.contains(id)).unwrap_or_default()
}

/// The value, unless it is AWS's default, which AWS may return or leave out.
fn unless(default: i32, value: Option<i32>) -> Option<i32> {
    value.filter(|value| *value != default)
}

/// The current targets of a rule. Empty if there is no such rule.
pub async fn now(aws: &Aws, bus: &str, rule: &str) -> Result<Vec<Target<String>>> {
    Ok(read(aws, bus, rule)
        .await?
        .map_or_else(Vec::new, |live| live.targets))
}

/// The current targets of a rule, and whether some have settings that are not in [`Target`].
pub(in crate::resource) async fn all(
    aws: &Aws,
    bus: &str,
    rule: &str,
) -> Result<(Vec<Target<String>>, bool)> {
    let live = read(aws, bus, rule).await?;
    Ok(live.map_or_else(Default::default, |live| {
        let is_altered = !live.altered.is_empty();
        (live.targets, is_altered)
    }))
}

/// Removes all targets of a rule.
pub(super) async fn clear(aws: &Aws, bus: &str, rule: &str) -> Result<()> {
    match read(aws, bus, rule).await? {
        Some(live) => remove(aws, &live, &live.ids().collect::<Vec<_>>()).await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
