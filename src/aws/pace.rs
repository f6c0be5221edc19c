//! Client-side pacing of the calls that AWS limits tightly, so that a large stack does not run into throttling.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Calls per second and account that AWS publishes, for the calls that have a small number.
///
/// Sources: AWS KMS request quotas, Amazon SNS, CloudWatch and CloudWatch Logs service quotas, Lambda quotas.
/// Where several calls share one allowance they share a name in the second column.
const RATES: &[(&str, &str, u32)] = &[
    ("kms:CreateKey", "kms:CreateKey", 5),
    ("kms:CreateAlias", "kms:CreateAlias", 5),
    ("kms:UpdateAlias", "kms:UpdateAlias", 5),
    ("kms:EnableKey", "kms:EnableKey", 5),
    ("kms:CancelKeyDeletion", "kms:CancelKeyDeletion", 5),
    ("kms:TagResource", "kms:TagResource", 10),
    ("kms:PutKeyPolicy", "kms:PutKeyPolicy", 15),
    ("kms:ScheduleKeyDeletion", "kms:ScheduleKeyDeletion", 15),
    ("kms:DeleteAlias", "kms:DeleteAlias", 15),
    ("kms:EnableKeyRotation", "kms:EnableKeyRotation", 15),
    ("lambda:CreateFunction", "lambda", 15),
    ("lambda:UpdateFunctionCode", "lambda", 15),
    ("lambda:UpdateFunctionConfiguration", "lambda", 15),
    ("lambda:DeleteFunction", "lambda", 15),
    ("lambda:AddPermission", "lambda", 15),
    ("lambda:RemovePermission", "lambda", 15),
    ("lambda:GetPolicy", "lambda:GetPolicy", 15),
    ("logs:PutRetentionPolicy", "logs:PutRetentionPolicy", 5),
    ("logs:TagResource", "logs:TagResource", 5),
    ("logs:CreateLogGroup", "logs:CreateLogGroup", 10),
    ("logs:DeleteLogGroup", "logs:DeleteLogGroup", 10),
    ("logs:DescribeLogGroups", "logs:DescribeLogGroups", 10),
    ("cloudwatch:PutMetricAlarm", "cloudwatch:PutMetricAlarm", 3),
    ("cloudwatch:SetAlarmState", "cloudwatch:SetAlarmState", 3),
    ("cloudwatch:DeleteAlarms", "cloudwatch:DeleteAlarms", 3),
    ("cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarms", 9),
    ("cloudwatch:TagResource", "cloudwatch:TagResource", 20),
    ("sns:Subscribe", "sns:Subscribe", 100),
    ("sns:Unsubscribe", "sns:Unsubscribe", 100),
    ("sns:CreateTopic", "sns:CreateTopic", 30),
    ("sns:SetTopicAttributes", "sns:SetTopicAttributes", 30),
    ("sns:ListSubscriptionsByTopic", "sns:ListSubscriptionsByTopic", 30),
    ("sns:TagResource", "sns:tags", 10),
    ("sns:UntagResource", "sns:tags", 10),
    ("sns:ListTagsForResource", "sns:tags", 10),
];

/// One turnstile per allowance: a second's worth of calls passes at once, then one each 1/rate seconds.
#[derive(Debug, Default)]
pub struct Pace {
    /// When the allowance would be whole again, by name.
    full_again: Mutex<HashMap<&'static str, Instant>>,
}

impl Pace {
    /// Waits until `action` may be called.
    pub async fn turn(&self, action: &str) {
        if let Some(at) = self.book(action, Instant::now()) {
            sleep_until(at).await;
        }
    }

    fn book(&self, action: &str, now: Instant) -> Option<Instant> {
        let (_, allowance, rate) = RATES.iter().find(|(name, ..)| *name == action)?;
        let mut table = self
            .full_again
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let full_again = table.entry(allowance).or_insert(now);
        *full_again = (*full_again).max(now) + Duration::from_secs(1) / *rate;
        full_again
            .checked_sub(Duration::from_secs(1))
            .filter(|at| *at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_calls_keep_the_published_rate() {
        let (pace, now) = (Pace::default(), Instant::now());
        let waits: Vec<_> = (0..300)
            .map(|_| {
                pace.book("cloudwatch:PutMetricAlarm", now)
                    .map_or(Duration::ZERO, |at| at - now)
            })
            .collect();
        assert_eq!(waits[..3], [Duration::ZERO; 3]);
        let last = waits[299];
        assert!(
            last > Duration::from_secs(98) && last < Duration::from_secs(100),
            "{last:?}"
        );
        // In no window of one second do more calls start than the allowance and its refill.
        for (i, start) in waits.iter().enumerate() {
            let within = waits[i..]
                .iter()
                .filter(|wait| **wait < *start + Duration::from_millis(999))
                .count();
            assert!(within <= 6, "{within} calls in the second after {start:?}");
        }
    }

    #[test]
    fn allowances_are_shared_where_aws_shares_them() {
        let (pace, now) = (Pace::default(), Instant::now());
        for _ in 0..10 {
            assert_eq!(pace.book("sns:TagResource", now), None);
        }
        assert!(pace.book("sns:ListTagsForResource", now).is_some());
        assert_eq!(pace.book("sts:GetCallerIdentity", now), None);
    }
}
