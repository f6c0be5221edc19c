//! Client-side pacing of calls with low AWS rate limits, so that a large stack is not throttled.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The rate limits that AWS publishes, in calls per second and account. Only calls with a low limit are listed.
///
/// Sources: the quota pages of Amazon API Gateway, AWS KMS, Amazon SNS, Amazon CloudWatch, CloudWatch Logs,
/// Amazon EventBridge, AWS CloudTrail, AWS Lambda and AWS Organizations, and the API reference of Amazon DynamoDB.
/// Calls that share one limit have the same name in the second column. A name that ends in a colon stands for all
/// other calls of its service, including reads.
const RATES: &[(&str, &str, u32)] = &[
    ("apigateway:", "apigateway", 10),
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
    ("lambda:GetFunction", "lambda:GetFunction", 100),
    ("lambda:GetPolicy", "lambda:GetPolicy", 15),
    ("lambda:InvokeFunction", "lambda:InvokeFunction", 100),
    ("lambda:", "lambda", 15),
    ("logs:FilterLogEvents", "logs:FilterLogEvents", 5),
    ("logs:PutRetentionPolicy", "logs:PutRetentionPolicy", 5),
    ("logs:TagResource", "logs:TagResource", 5),
    ("logs:CreateLogGroup", "logs:CreateLogGroup", 10),
    ("logs:DeleteLogGroup", "logs:DeleteLogGroup", 10),
    ("logs:DescribeLogGroups", "logs:DescribeLogGroups", 10),
    ("logs:PutMetricFilter", "logs:PutMetricFilter", 5),
    ("logs:DeleteMetricFilter", "logs:DeleteMetricFilter", 5),
    ("logs:DescribeMetricFilters", "logs:DescribeMetricFilters", 5),
    ("cloudwatch:PutMetricAlarm", "cloudwatch:PutMetricAlarm", 3),
    ("cloudwatch:PutCompositeAlarm", "cloudwatch:PutCompositeAlarm", 3),
    ("cloudwatch:PutLogAlarm", "cloudwatch:PutLogAlarm", 3),
    ("cloudwatch:PutAlarmMuteRule", "cloudwatch:PutAlarmMuteRule", 3),
    (
        "cloudwatch:DeleteAlarmMuteRule",
        "cloudwatch:DeleteAlarmMuteRule",
        3,
    ),
    ("cloudwatch:GetAlarmMuteRule", "cloudwatch:GetAlarmMuteRule", 20),
    (
        "cloudwatch:ListAlarmMuteRules",
        "cloudwatch:ListAlarmMuteRules",
        50,
    ),
    ("cloudwatch:SetAlarmState", "cloudwatch:SetAlarmState", 3),
    ("cloudwatch:DeleteAlarms", "cloudwatch:DeleteAlarms", 3),
    ("cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarms", 9),
    ("cloudwatch:ListMetrics", "cloudwatch:ListMetrics", 25),
    // AWS counts values here, 396,000 a second; a call for the average of 15 days has 43,200.
    ("cloudwatch:GetMetricData", "cloudwatch:GetMetricData", 8),
    ("cloudwatch:TagResource", "cloudwatch:TagResource", 20),
    ("events:PutRule", "events:PutRule", 50),
    ("events:DescribeRule", "events:DescribeRule", 50),
    ("events:ListRules", "events:ListRules", 50),
    ("events:DeleteRule", "events:DeleteRule", 50),
    ("events:PutTargets", "events:PutTargets", 50),
    ("events:RemoveTargets", "events:RemoveTargets", 50),
    ("events:ListTargetsByRule", "events:ListTargetsByRule", 50),
    ("events:CreateEventBus", "events:CreateEventBus", 50),
    ("events:DescribeEventBus", "events:DescribeEventBus", 50),
    ("events:UpdateEventBus", "events:UpdateEventBus", 50),
    ("events:DeleteEventBus", "events:DeleteEventBus", 50),
    ("events:ListTagsForResource", "events:ListTagsForResource", 50),
    ("events:TagResource", "events:TagResource", 50),
    ("events:UntagResource", "events:UntagResource", 50),
    ("cloudtrail:CreateTrail", "cloudtrail:CreateTrail", 1),
    ("cloudtrail:UpdateTrail", "cloudtrail:UpdateTrail", 1),
    ("cloudtrail:DeleteTrail", "cloudtrail:DeleteTrail", 1),
    ("cloudtrail:StartLogging", "cloudtrail:StartLogging", 1),
    ("cloudtrail:PutEventSelectors", "cloudtrail:PutEventSelectors", 1),
    ("cloudtrail:AddTags", "cloudtrail:AddTags", 1),
    ("cloudtrail:RemoveTags", "cloudtrail:RemoveTags", 1),
    ("cloudtrail:DescribeTrails", "cloudtrail:DescribeTrails", 10),
    ("cloudtrail:GetTrailStatus", "cloudtrail:GetTrailStatus", 10),
    ("cloudtrail:GetEventSelectors", "cloudtrail:GetEventSelectors", 10),
    ("cloudtrail:ListTags", "cloudtrail:ListTags", 10),
    ("cloudtrail:LookupEvents", "cloudtrail:LookupEvents", 2),
    ("dynamodb:TagResource", "dynamodb:TagResource", 5),
    ("dynamodb:UntagResource", "dynamodb:UntagResource", 5),
    ("dynamodb:ListTagsOfResource", "dynamodb:ListTagsOfResource", 10),
    (
        "organizations:DescribeOrganization",
        "organizations:DescribeOrganization",
        1,
    ),
    ("organizations:ListRoots", "organizations:ListRoots", 1),
    ("organizations:ListAccounts", "organizations:ListAccounts", 8),
    (
        "organizations:ListAccountsForParent",
        "organizations:ListAccountsForParent",
        5,
    ),
    (
        "organizations:ListOrganizationalUnitsForParent",
        "organizations:ListOrganizationalUnitsForParent",
        5,
    ),
    ("sns:Subscribe", "sns:Subscribe", 100),
    ("sns:Unsubscribe", "sns:Unsubscribe", 100),
    ("sns:CreateTopic", "sns:CreateTopic", 30),
    ("sns:SetTopicAttributes", "sns:SetTopicAttributes", 30),
    ("sns:ListSubscriptionsByTopic", "sns:ListSubscriptionsByTopic", 30),
    ("sns:TagResource", "sns:tags", 10),
    ("sns:UntagResource", "sns:tags", 10),
    ("sns:ListTagsForResource", "sns:tags", 10),
];

/// The burst size, if AWS publishes it. Otherwise it is the calls of one second.
const BURSTS: &[(&str, u32)] = &[("apigateway", 40)];

/// Paces each limit: a burst of calls passes at once, then one call every 1/rate seconds.
///
/// A tenth of a second's calls of each limit stays unused, because the time that a call needs to arrive varies: calls
/// that leave at exactly AWS's rate bunch up on the way and are throttled.
#[derive(Debug, Default)]
pub struct Pace {
    /// For each limit, the time when its full burst is available again. A waiting call keeps the lock, so calls that
    /// became due during a stall do not leave closer together.
    full_again: Mutex<HashMap<&'static str, Arc<tokio::sync::Mutex<Instant>>>>,
}

impl Pace {
    /// Waits until the rate limit lets `action` be called.
    pub async fn turn(&self, action: &str) {
        let Some(limit) = Limit::of(action) else {
            return;
        };
        let line = self.line(&limit, Instant::now());
        let mut full_again = line.lock().await;
        if let Some(at) = limit.book(&mut full_again, Instant::now()) {
            sleep_until(at).await;
        }
    }

    fn line(&self, limit: &Limit, now: Instant) -> Arc<tokio::sync::Mutex<Instant>> {
        let mut lines = self.full_again.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = || Arc::new(tokio::sync::Mutex::new(now));
        lines.entry(limit.allowance).or_insert_with(whole).clone()
    }
}

/// The rate limit of a call.
struct Limit {
    allowance: &'static str,
    /// Calls per second.
    rate: u32,
}

impl Limit {
    /// The limit of an action, if AWS publishes a low one.
    fn of(action: &str) -> Option<Self> {
        let covers = |name: &str| name == action || (name.ends_with(':') && action.starts_with(name));
        let (_, allowance, rate) = RATES.iter().find(|(name, ..)| covers(name))?;
        Some(Self {
            allowance,
            rate: *rate,
        })
    }

    /// Books one call. Returns when the call may leave, if that is not now.
    fn book(&self, full_again: &mut Instant, now: Instant) -> Option<Instant> {
        let burst = BURSTS.iter().find(|(name, _)| *name == self.allowance);
        let burst = burst.map_or(self.rate, |(_, calls)| *calls);
        let (at_once, each) = match burst {
            1 => (1, Duration::from_millis(1100) / self.rate),
            _ => (burst - self.rate.div_ceil(10), Duration::from_secs(1) / self.rate),
        };
        *full_again = (*full_again).max(now) + each;
        full_again.checked_sub(each * at_once).filter(|at| *at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Pace {
        fn book(&self, action: &str, now: Instant) -> Option<Instant> {
            let limit = Limit::of(action)?;
            let line = self.line(&limit, now);
            limit.book(&mut line.try_lock().unwrap(), now)
        }
    }

    #[test]
    fn a_burst_passes_then_calls_keep_the_published_rate() {
        let (pace, now) = (Pace::default(), Instant::now());
        let waits: Vec<_> = (0..300)
            .map(|_| {
                pace.book("cloudwatch:PutMetricAlarm", now)
                    .map_or(Duration::ZERO, |at| at - now)
            })
            .collect();
        assert_eq!(waits[..2], [Duration::ZERO; 2]);
        let last = waits[299];
        assert!(
            last > Duration::from_secs(98) && last < Duration::from_secs(100),
            "{last:?}"
        );
        // No window of one second contains more calls than the burst and its refill, even after a late start.
        for (i, start) in waits.iter().enumerate() {
            let within = waits[i..]
                .iter()
                .filter(|wait| **wait < *start + Duration::from_millis(1099))
                .count();
            assert!(within <= 5, "{within} calls in the second after {start:?}");
        }
    }

    #[test]
    fn all_calls_of_api_gateway_share_one_burst_then_ten_a_second() {
        let (pace, now) = (Pace::default(), Instant::now());
        for _ in 0..13 {
            assert_eq!(pace.book("apigateway:GetApis", now), None);
            assert_eq!(pace.book("apigateway:CreateRoute", now), None);
            assert_eq!(pace.book("apigateway:TagResource", now), None);
        }
        let waits: Vec<_> = (0..10)
            .map(|_| pace.book("apigateway:GetRoutes", now).unwrap() - now)
            .collect();
        assert_eq!(waits[0], Duration::from_millis(100));
        assert_eq!(waits[9], Duration::from_secs(1));
    }

    #[test]
    fn allowances_are_shared_where_aws_shares_them() {
        let (pace, now) = (Pace::default(), Instant::now());
        for _ in 0..9 {
            assert_eq!(pace.book("sns:TagResource", now), None);
        }
        assert!(pace.book("sns:ListTagsForResource", now).is_some());
        assert_eq!(pace.book("sts:GetCallerIdentity", now), None);
        for _ in 0..13 {
            assert_eq!(pace.book("lambda:AddPermission", now), None);
        }
        assert!(pace.book("lambda:GetFunctionEventInvokeConfig", now).is_some());
        assert_eq!(pace.book("lambda:GetFunction", now), None);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_stall_those_who_were_due_do_not_leave_together() {
        let pace = Pace::default();
        let start = Instant::now();
        let left = std::cell::RefCell::new(Vec::new());
        let calls = (0..12).map(|_| async {
            pace.turn("cloudwatch:PutMetricAlarm").await;
            left.borrow_mut().push(start.elapsed());
        });
        let stall = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            tokio::time::advance(Duration::from_secs(2)).await;
        };
        futures::future::join(futures::future::join_all(calls), stall).await;
        let left = left.into_inner();
        let at_once = left
            .iter()
            .filter(|at| **at == Duration::from_millis(2500))
            .count();
        assert!(at_once <= 3, "{left:?}");
    }

    #[test]
    fn one_a_second_is_never_two_within_one() {
        let (pace, now) = (Pace::default(), Instant::now());
        assert_eq!(pace.book("cloudtrail:StartLogging", now), None);
        let next = pace.book("cloudtrail:StartLogging", now).unwrap();
        assert!(next - now > Duration::from_secs(1));
    }
}
