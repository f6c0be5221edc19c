//! What somebody else looks after: it would be changed back, or deleted, behind the stack's back.

use crate::aws::tags::{STACK_TAG, Tags};
use crate::resource::inventory::Alarm;

/// Who looks after an alarm, if that is not a person.
pub(super) fn of_alarm(alarm: &Alarm) -> Option<String> {
    let by_name = [
        // https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html
        (
            "TargetTracking-",
            "auto scaling made it for a target tracking policy, and replaces it",
        ),
        ("awseb-", "Elastic Beanstalk made it for an environment"),
    ];
    let by_name = by_name.iter().find(|(prefix, _)| alarm.name.starts_with(prefix));
    let by_name = by_name.map(|(_, owner)| (*owner).to_owned());
    by_name.or_else(|| of_tags(alarm.tags.as_ref()))
}

/// Who looks after what has these tags, or could not be asked for them.
pub(super) fn of_tags(tags: Option<&Tags>) -> Option<String> {
    let Some(tags) = tags else {
        return Some("its tags could not be read, so it may belong to somebody else".to_owned());
    };
    if let Some(stack) = tags.get(STACK_TAG) {
        return Some(format!("the stack `{stack}` of alertctl owns it"));
    }
    if let Some(stack) = tags.get("aws:cloudformation:stack-name") {
        return Some(format!("the CloudFormation stack `{stack}` owns it"));
    }
    // Only AWS itself can set tags that begin so.
    let of_aws = tags.keys().find(|key| key.starts_with("aws:"));
    of_aws.map(|key| format!("a service of AWS owns it (tag `{key}`)"))
}
