//! What alarms of all sorts share: the namespace of names, actions, tags and deletion.

use aws_sdk_cloudwatch::types::{AlarmType, Tag};

use crate::aws::Unknown;
use crate::aws::fault::gone;
use crate::partition::has_log_alarms;
use crate::resource::{About, Aws, Context, Fault, Fields, Health, Known, Result, Tags, Text, tags};

/// An alarm by its name.
pub const ALARM: &str = "arn:{partition}:cloudwatch:{region}:{account}:alarm:{prefix}";

/// An alarm as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    pub(in crate::resource) name: String,
    pub(in crate::resource) arn: String,
    /// All fields except the tags, under the names of the desired fields.
    pub(in crate::resource) settings: Fields,
    /// The reason if it is in `ALARM`.
    pub(in crate::resource) alarm: Option<String>,
    /// Unknown if the alarm was just put.
    pub(in crate::resource) health: Option<Health>,
    pub(in crate::resource) tags: Tags,
}

impl Live {
    pub(in crate::resource) fn about(&self) -> About {
        About {
            health: self.health.clone(),
            remark: self.alarm.clone(),
            ..About::default()
        }
    }
}

impl Live {
    /// An alarm that was just put: nothing is known of its state.
    pub(in crate::resource) fn put(name: &str, arn: String, settings: Fields, tags: &Tags) -> Self {
        Self {
            name: name.to_owned(),
            arn,
            settings,
            alarm: None,
            health: None,
            tags: tags.clone(),
        }
    }
}

#[cfg(test)]
impl Live {
    /// A metric alarm whose name alone is known.
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            arn: format!("arn:aws:cloudwatch:eu-west-1:1:alarm:{name}"),
            settings: Fields::default().set("name", name),
            alarm: None,
            health: None,
            tags: Tags::new(),
        }
    }
}

/// The number of alarms that one call describes or deletes.
pub(super) const BATCH: usize = 100;
/// The fields of every alarm other than name and actions.
pub(in crate::resource) fn describe_fields(
    fields: Fields,
    description: Option<&str>,
    actions_enabled: bool,
) -> Fields {
    fields
        .set_some("description", description.filter(|text| !text.is_empty()))
        .set("actions_enabled", actions_enabled)
}

/// The same of a desired alarm, with the actions of ALARM, OK and INSUFFICIENT_DATA.
pub(in crate::resource) fn desired_fields(
    fields: Fields,
    description: Option<&str>,
    actions_enabled: bool,
    [alarm, ok, insufficient_data]: [&[Text]; 3],
    known: &Known,
) -> Fields {
    describe_fields(fields, description, actions_enabled)
        .when_known("alarm_actions", actions(alarm, known))
        .when_known("ok_actions", actions(ok, known))
        .when_known("insufficient_data_actions", actions(insufficient_data, known))
}

/// The ARN of the alarm with this name in the current region.
pub(in crate::resource) fn arn(name: &str, cx: &Context<'_>) -> Result<String> {
    let region = cx.aws.connection.region.as_str();
    cx.text(&Text::arn_in(region, "cloudwatch", format!("alarm:{name}")))
}

/// The ARNs of actions, in the form that is compared.
pub(in crate::resource) fn actions(texts: &[Text], known: &Known) -> Result<Vec<String>, Unknown> {
    let arns: Result<Vec<_>, _> = texts.iter().map(|text| text.fill(known)).collect();
    arns.map(in_order)
}

/// The ARNs of actions, in the form that is sent.
pub(in crate::resource) fn arns(texts: &[Text], cx: &Context<'_>) -> Result<Option<Vec<String>>> {
    let arns: Result<Vec<_>> = texts.iter().map(|text| cx.text(text)).collect();
    arns.map(Some)
}

/// Changes an alarm's tags to `wanted`. The calls that put alarms set tags only for new alarms.
pub(in crate::resource) async fn put_tags(aws: &Aws, live: &Live, wanted: &Tags) -> Result<()> {
    put_tags_of(aws, &live.arn, &live.tags, wanted).await
}

/// The same for anything of CloudWatch that has an ARN and tags.
pub(in crate::resource) async fn put_tags_of(aws: &Aws, arn: &str, live: &Tags, wanted: &Tags) -> Result<()> {
    let cloudwatch = &aws.connection.clients.cloudwatch;
    tags::sync(
        live,
        wanted,
        async |remove| {
            let request = cloudwatch.untag_resource().resource_arn(arn);
            let request = request.set_tag_keys(Some(remove));
            aws.call("cloudwatch:UntagResource", || request.clone().send())
                .await
        },
        async |put| {
            let request = cloudwatch.tag_resource().resource_arn(arn);
            let request = request.set_tags(Some(to_sdk(&put)));
            aws.call("cloudwatch:TagResource", || request.clone().send())
                .await
        },
    )
    .await
}

/// Deletes a metric alarm with a call that it shares with others: one call deletes up to a hundred.
///
/// AWS's documentation has changed over the years about whether CloudWatch deletes the other alarms if it refuses
/// one. After a refused call the alarms are sent again, and one that is already gone is no failure.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html>
pub(in crate::resource) async fn delete_together(aws: &Aws, live: &Live) -> Result<()> {
    let send = async |names| send_delete(aws, names).await;
    let deleted = aws
        .batches
        .together("cloudwatch:DeleteAlarms", BATCH, &live.name, send);
    gone(deleted.await).map_err(held)
}

/// Deletes a composite alarm with a call of its own: one call cannot delete two.
pub(in crate::resource) async fn delete_alone(aws: &Aws, live: &Live) -> Result<()> {
    gone(send_delete(aws, vec![live.name.clone()]).await).map_err(held)
}

async fn send_delete(aws: &Aws, names: Vec<String>) -> Result<()> {
    let cloudwatch = &aws.connection.clients.cloudwatch;
    let request = cloudwatch.delete_alarms().set_alarm_names(Some(names));
    let deleted = aws.call("cloudwatch:DeleteAlarms", || request.clone().send());
    deleted.await.map(drop)
}

/// Adds a hint for an alarm that a composite alarm depends on.
fn held(fault: Fault) -> Fault {
    match in_use(&fault) {
        true => fault.hint(
            "a composite alarm refers to it: change that one first; where two refer to each other, set the \
             rule of one to `FALSE`",
        ),
        false => fault,
    }
}

/// The name of an alarm that is given by its name or its ARN.
pub(in crate::resource) fn bare(alarm: &str) -> &str {
    let arn = alarm
        .strip_prefix("arn:")
        .and_then(|arn| arn.split_once(":alarm:"));
    arn.map_or(alarm, |(_, name)| name)
}

/// "Cannot delete … as there are composite alarm(s) depending on it."
pub(in crate::resource) fn in_use(fault: &Fault) -> bool {
    fault.message.contains("composite alarm")
}

/// Adds a hint if the quota of alarms is used up.
pub(in crate::resource) fn hinted(fault: Fault) -> Fault {
    match fault.is(&["LimitExceeded", "LimitExceededFault"]) {
        true => fault.hint(
            "the account's quota of alarms in this region is used up: delete some, or ask AWS for more \
             (quota `Number of CloudWatch alarms`)",
        ),
        false => fault,
    }
}

/// All sorts of alarms that the region has. Without them, AWS describes metric alarms only; it refuses sorts that it does
/// not know there.
pub(in crate::resource) fn types(aws: &Aws) -> Vec<AlarmType> {
    let logs = has_log_alarms(&aws.connection.region).then_some(AlarmType::LogAlarm);
    [AlarmType::MetricAlarm, AlarmType::CompositeAlarm]
        .into_iter()
        .chain(logs)
        .collect()
}

/// The order of actions has no meaning.
pub(in crate::resource) fn in_order(mut arns: Vec<String>) -> Vec<String> {
    arns.sort_unstable();
    arns
}

pub(in crate::resource) fn to_sdk(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// An alarm's page in the console.
pub(in crate::resource) fn console_page(name: &str, region: &str) -> Option<String> {
    let fragment = format!("alarmsV2:alarm/{}", alertctl_relay::encode_fragment(name));
    alertctl_relay::console_page(region, "cloudwatch/home", &fragment)
}
