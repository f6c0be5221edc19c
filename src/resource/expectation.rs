//! What a stack relies on without owning it: looked at with every plan, never changed.

use futures::{StreamExt, stream};

use super::access::ANY;
use super::{Access, Aws, Fault, Result, cloudtrail_trail};
use crate::aws::cloudtrail;

/// Something that has to be so in the account for the stack to do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// Some trail logs: without one EventBridge receives no event "via CloudTrail".
    AnyTrail,
    /// The trail of somebody else that the stack file names logs.
    Trail { name_or_arn: String },
}

impl Expectation {
    /// What looking at it takes. Where that is refused the plan says so, and goes on.
    pub const ACCESS: &'static [Access] = &[
        Access::read(&["cloudtrail:DescribeTrails"], ANY).because("CloudTrail lists trails as a whole"),
        Access::read(
            &["cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"],
            &["arn:{partition}:cloudtrail:*:*:trail/*"],
        )
        .because("whichever trail logs here, it may be another region's or account's"),
    ];

    /// What to tell the user where it is not so, or where the identity may not look.
    ///
    /// # Errors
    /// A refusal other than for want of permission.
    pub async fn unmet(&self, aws: &Aws) -> Result<Option<String>> {
        let unmet = match self {
            Self::AnyTrail => any_trail(aws).await,
            Self::Trail { name_or_arn } => trail(aws, name_or_arn).await,
        };
        match unmet {
            Err(fault) if fault.denied() => Ok(Some(format!(
                "{} could not be checked: {fault}",
                match self {
                    Self::AnyTrail => "whether a CloudTrail trail logs".to_owned(),
                    Self::Trail { name_or_arn } => format!("whether the trail `{name_or_arn}` logs"),
                }
            ))),
            result => result,
        }
    }
}

async fn any_trail(aws: &Aws) -> Result<Option<String>> {
    let trails = cloudtrail::trails(aws).await?;
    let arns = trails.iter().filter_map(|trail| trail.trail_arn());
    let answers: Vec<_> = stream::iter(arns)
        .map(|arn| logs(aws, arn))
        .buffered(8)
        .collect()
        .await;
    if answers.contains(&Ok(true)) {
        return Ok(None);
    }
    // A trail that could not be looked at may be the one that logs.
    if let Some(fault) = answers.into_iter().find_map(Result::err) {
        return Err(fault);
    }
    let place = place(aws).await?;
    Ok(Some(format!(
        "no CloudTrail trail logs in {place}: rules on events `via CloudTrail` will never fire; add a `trail:` \
         to the stack file"
    )))
}

async fn trail(aws: &Aws, name_or_arn: &str) -> Result<Option<String>> {
    let (trails, here) = (cloudtrail::trails(aws).await?, &aws.connection.region);
    let is_arn = name_or_arn.starts_with("arn:");
    let mut named = trails.iter().filter(|trail| match is_arn {
        true => trail.trail_arn() == Some(name_or_arn),
        false => trail.name() == Some(name_or_arn),
    });
    let Some(trail) = named.next() else {
        let place = place(aws).await?;
        return Ok(Some(format!(
            "there is no trail `{name_or_arn}` that logs in {place}: rules on events `via CloudTrail` may never \
             fire, and nothing keeps it logging; correct `trail: {{ existing: … }}`"
        )));
    };
    let arn = trail.trail_arn().unwrap_or_default();
    match trail.home_region() {
        Some(home) if home != here && !is_arn => {
            return Ok(Some(format!(
                "the trail `{name_or_arn}` is at home in {home}, and the stack in {here}: name it by its ARN, \
                 `trail: {{ existing: {arn} }}`"
            )));
        }
        _ => {}
    }
    Ok((!logs(aws, arn).await?).then(|| {
        format!(
            "the trail `{name_or_arn}` logs no management events: rules on events `via CloudTrail` will never \
             fire unless another trail logs; start it with `aws cloudtrail start-logging --name {arn}`"
        )
    }))
}

/// True when the trail logs, and management events among others.
async fn logs(aws: &Aws, arn: &str) -> Result<bool> {
    let status = cloudtrail_trail::status(aws, arn).await?;
    if !status.is_some_and(|status| status.logging) {
        return Ok(false);
    }
    match cloudtrail_trail::logs_management_events(aws, arn).await {
        // An organisation's trail keeps its selectors to its own account.
        Err(fault) if not_told(&fault) => Ok(true),
        result => result,
    }
}

fn not_told(fault: &Fault) -> bool {
    fault.denied() || fault.is(&["InvalidHomeRegionException", "UnsupportedOperationException"])
}

async fn place(aws: &Aws) -> Result<String> {
    let scope = aws.scope().await?;
    Ok(format!("{}, {}", scope.account, scope.region))
}

#[cfg(test)]
#[path = "tests/expectation.rs"]
mod tests;
