//! A CloudWatch alarm mute rule: while a window of it is open, the actions of its alarms do not run.
//!
//! As soon as a window is over, and also as soon as an alarm leaves the rule or the rule is deleted, CloudWatch runs the
//! actions that it held back of each alarm that is still in that state.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutAlarmMuteRule.html>

use alertctl_relay::{AD_HOC, MUTE_RULE, console_page, encode_fragment, mute_duration};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{MuteTargets, Rule, Schedule};
use jiff::Timestamp;

use crate::aws::fault::gone;
use crate::aws::tags::NODE_TAG;
use crate::resource::access::{ANY, Access, OURS};
use crate::resource::cloudwatch::alarm::common;
use crate::resource::{
    About, Aws, Changes, Context, Fields, Handling, Health, Known, Observed, Output, Regions, Resource,
    Result, Tags, Text, Verdict, Wanted, named,
};

mod read;
mod template;

pub use read::{muting, of_stack};
use read::{names, read};

/// The desired mute rule.
#[derive(Debug, Clone)]
pub struct CloudwatchAlarmMuteRule {
    /// Starts with the stack's name and `-`: leftovers are found by that.
    pub name: String,
    pub description: Option<String>,
    /// `cron(…)` or `at(…)`.
    pub expression: String,
    /// How long a window is open.
    pub minutes: u64,
    /// By its IANA name.
    pub timezone: String,
    /// The names of the alarms, at most 100.
    pub alarms: Vec<String>,
    /// Before it, no window is open. Whole seconds.
    pub start: Option<Timestamp>,
    /// From then on, no window is open. Whole seconds.
    pub expire: Option<Timestamp>,
    pub tags: Tags,
}

/// A mute rule as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    pub name: String,
    pub arn: String,
    pub description: Option<String>,
    pub expression: String,
    /// As in the fields: `2h`, or CloudWatch's own text if that is no length of time.
    pub duration: String,
    pub timezone: String,
    pub alarms: Vec<String>,
    pub start: Option<Timestamp>,
    pub expire: Option<Timestamp>,
    /// `SCHEDULED`, `ACTIVE` or `EXPIRED`; `None` if it was just put.
    pub status: Option<String>,
    pub tags: Tags,
}

impl Live {
    /// Whether somebody made it by `alertctl mute` or by a button, so the stack file knows nothing of it.
    pub fn is_ad_hoc(&self) -> bool {
        let node = self.tags.get(NODE_TAG).and_then(|node| node.split_once('/'));
        node.is_some_and(|(kind, key)| kind == CloudwatchAlarmMuteRule::KIND && key.starts_with(AD_HOC))
    }

    /// Whether CloudWatch says that it never mutes again.
    pub fn is_expired(&self) -> bool {
        self.status.as_deref() == Some("EXPIRED")
    }
}

/// The rules that a stack can have: all names begin with the stack's.
const RULES: &[&str] = &["arn:{partition}:cloudwatch:{region}:{account}:alarm-mute-rule:{stack}-*"];
const ALARMS: &[&str] = &["arn:{partition}:cloudwatch:{region}:{account}:alarm:*"];

impl Resource for CloudwatchAlarmMuteRule {
    const KIND: &'static str = MUTE_RULE;
    const HANDLING: Handling = Handling {
        // If a rule went first, the actions that it holds back would tell of alarms that are being deleted.
        deleted_after: &["cloudwatch-alarm", "cloudwatch-composite-alarm"],
        regions: Regions::Any,
        // The service quota is 3 calls per second.
        at_once: Some(3),
        // Only the name says which rules of the account to look at. An older policy does not allow to list them.
        owned_by_name: true,
        ..Handling::USUAL
    };
    // Also without a mute in the stack file: `alertctl mute` may have made rules, and `destroy` deletes them.
    const ACCESS: &'static [Access] = &[
        Access::read(&["cloudwatch:ListAlarmMuteRules"], ANY)
            .because("the rules of the account are listed in one call")
            .always(),
        Access::read(
            &["cloudwatch:GetAlarmMuteRule", "cloudwatch:ListTagsForResource"],
            RULES,
        )
        .always(),
        Access::write(&["cloudwatch:PutAlarmMuteRule", "cloudwatch:TagResource"], RULES),
        Access::write(&["cloudwatch:PutAlarmMuteRule"], ALARMS).when(&[OURS]),
        Access::change(&["cloudwatch:UntagResource"], RULES),
        Access::delete(&["cloudwatch:DeleteAlarmMuteRule"], RULES).always(),
    ];
    type Live = Live;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn arn(&self) -> Option<Text> {
        Some(Text::arn("cloudwatch", format!("alarm-mute-rule:{}", self.name)))
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let names = names(aws, wanted.is_empty()).await?;
        let listed = async || Ok(names.iter().map(String::as_str).collect());
        let read = async |name: &str, _: Option<&Self>| read(aws, name).await;
        let mut observed = named::observe(aws, wanted, listed, read, |live| &live.tags).await?;
        // What somebody muted for a while is no leftover of the stack file, and goes with the stack.
        observed
            .orphans
            .retain(|(_, live)| aws.takes_ad_hoc || !live.is_ad_hoc());
        Ok(observed)
    }

    fn fields(&self, _known: &Known) -> Fields {
        self.expected(String::new()).fields().tags(&self.tags)
    }

    fn live_fields(live: &Live) -> Fields {
        live.fields().live_tags(&live.tags)
    }

    fn live_name(live: &Live) -> String {
        live.name.clone()
    }

    fn output(live: &Live) -> Output {
        Output::of_arn(live.arn.clone())
    }

    fn console_page(name: &str, _output: &Output, region: &str) -> Option<String> {
        let fragment = format!("alarmsV2:mute-rules/{}", encode_fragment(name));
        console_page(region, "cloudwatch/home", &fragment)
    }

    fn about(live: &Live) -> About {
        let health = live
            .status
            .as_deref()
            .map(|status| Health::new(Verdict::Healthy, status.to_lowercase()).with("status", status));
        About {
            health,
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        self.put(cx.aws).await?;
        Ok(self.expected(arn(&self.name, cx.aws).await?))
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        if changes.iter().any(|change| !change.field.starts_with("tags.")) {
            // Put replaces the whole rule. If an alarm leaves it, or the window is over by the new schedule, CloudWatch runs
            // the actions that it held back.
            self.put(cx.aws).await?;
        }
        // AWS does not say whether Put changes the tags of an existing rule.
        common::put_tags_of(cx.aws, &live.arn, &live.tags, &self.tags).await?;
        Ok(self.expected(live.arn))
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        delete(cx.aws, &live.name).await
    }
}

impl CloudwatchAlarmMuteRule {
    /// The rule as it is once it was put.
    pub fn expected(&self, arn: String) -> Live {
        let Self {
            name,
            description,
            expression,
            minutes,
            timezone,
            alarms,
            start,
            expire,
            tags,
        } = self;
        Live {
            name: name.clone(),
            arn,
            description: description.clone(),
            expression: expression.clone(),
            duration: crate::duration::minutes_text(*minutes),
            timezone: timezone.clone(),
            alarms: in_order(alarms.clone()),
            start: *start,
            expire: *expire,
            status: None,
            tags: tags.clone(),
        }
    }

    /// Creates the rule, or replaces the one of this name.
    pub async fn put(&self, aws: &Aws) -> Result<()> {
        let schedule = Schedule::builder()
            .expression(&self.expression)
            .duration(mute_duration(self.minutes))
            .timezone(&self.timezone)
            .build();
        let targets = MuteTargets::builder()
            .set_alarm_names(Some(self.alarms.clone()))
            .build();
        let time = |time: Timestamp| DateTime::from_secs(time.as_second());
        let put = aws.connection.clients.cloudwatch.put_alarm_mute_rule();
        let request = put
            .name(&self.name)
            .set_description(self.description.clone())
            .rule(Rule::builder().schedule(schedule).build())
            .mute_targets(targets)
            .set_start_date(self.start.map(time))
            .set_expire_date(self.expire.map(time))
            .set_tags(Some(common::to_sdk(&self.tags)));
        let sent = aws.call("cloudwatch:PutAlarmMuteRule", || request.clone().send());
        sent.await.map(drop).map_err(
            |fault| match fault.is(&["LimitExceeded", "LimitExceededException"]) {
                true => fault.hint("a region has at most 2,000 alarm mute rules: delete expired ones"),
                false => fault,
            },
        )
    }
}

impl Live {
    fn fields(&self) -> Fields {
        Fields::default()
            .set("name", self.name.as_str())
            .set_some(
                "description",
                self.description.as_deref().filter(|text| !text.is_empty()),
            )
            .set("schedule", self.expression.as_str())
            .set("duration", self.duration.as_str())
            .set("timezone", self.timezone.as_str())
            .set("alarms", self.alarms.clone())
            .set_some("start", self.start.map(|time| time.to_string()))
            .set_some("expire", self.expire.map(|time| time.to_string()))
    }
}

/// Deletes the rule of this name.
pub async fn delete(aws: &Aws, name: &str) -> Result<()> {
    let request = aws.connection.clients.cloudwatch.delete_alarm_mute_rule();
    let request = request.alarm_mute_rule_name(name);
    gone(
        aws.call("cloudwatch:DeleteAlarmMuteRule", || request.clone().send())
            .await,
    )
}

async fn arn(name: &str, aws: &Aws) -> Result<String> {
    let text = Text::arn("cloudwatch", format!("alarm-mute-rule:{name}"));
    let scope = aws.scope().await?;
    Ok(text.fill_computed(scope).unwrap_or_default())
}

/// The order of alarms has no meaning.
fn in_order(mut alarms: Vec<String>) -> Vec<String> {
    alarms.sort_unstable();
    alarms
}

#[cfg(test)]
mod tests;
