//! The rate limits of AWS's control planes, for each account and region.

use std::collections::HashMap;
use std::time::Instant;

/// Columns: the prefix of the calls' names, the limit that they share, calls per second, and burst. The first match
/// counts. A `*` as the limit means that each action has its own.
///
/// Sources: the quota pages of Amazon API Gateway, AWS CloudTrail, AWS KMS, AWS Lambda, CloudWatch Logs, Amazon
/// CloudWatch, Amazon EventBridge and Amazon SNS, and the API reference of Amazon DynamoDB. The list is repeated here on purpose: the program's own table is
/// what is being tested.
const RATES: &[(&str, &str, u32, u32)] = &[
    ("apigateway:", "apigateway", 10, 40),
    ("cloudtrail:LookupEvents", "*", 2, 2),
    ("cloudtrail:Get", "*", 10, 10),
    ("cloudtrail:Describe", "*", 10, 10),
    ("cloudtrail:List", "*", 10, 10),
    ("cloudtrail:", "*", 1, 1),
    ("kms:CreateKey", "*", 5, 5),
    ("kms:CreateAlias", "*", 5, 5),
    ("kms:UpdateAlias", "*", 5, 5),
    ("kms:EnableKeyRotation", "*", 15, 15),
    ("kms:EnableKey", "*", 5, 5),
    ("kms:CancelKeyDeletion", "*", 5, 5),
    ("kms:TagResource", "*", 10, 10),
    ("kms:PutKeyPolicy", "*", 15, 15),
    ("kms:ScheduleKeyDeletion", "*", 15, 15),
    ("kms:DeleteAlias", "*", 15, 15),
    ("kms:CreateGrant", "*", 50, 50),
    ("lambda:GetFunctionConfiguration", "lambda", 15, 15),
    ("lambda:GetFunctionConcurrency", "lambda", 15, 15),
    ("lambda:GetFunctionEventInvokeConfig", "lambda", 15, 15),
    ("lambda:GetFunction", "*", 100, 100),
    ("lambda:GetPolicy", "*", 15, 15),
    ("lambda:", "lambda", 15, 15),
    ("logs:PutRetentionPolicy", "*", 5, 5),
    ("logs:PutMetricFilter", "*", 5, 5),
    ("logs:DeleteMetricFilter", "*", 5, 5),
    ("logs:DescribeMetricFilters", "*", 5, 5),
    ("logs:TagResource", "*", 5, 5),
    ("logs:CreateLogGroup", "*", 10, 10),
    ("logs:DeleteLogGroup", "*", 10, 10),
    ("logs:DescribeLogGroups", "*", 10, 10),
    ("cloudwatch:PutMetricAlarm", "*", 3, 3),
    ("cloudwatch:PutCompositeAlarm", "*", 3, 3),
    ("cloudwatch:PutLogAlarm", "*", 3, 3),
    ("cloudwatch:PutAlarmMuteRule", "*", 3, 3),
    ("cloudwatch:DeleteAlarmMuteRule", "*", 3, 3),
    ("cloudwatch:GetAlarmMuteRule", "*", 20, 20),
    ("cloudwatch:ListAlarmMuteRules", "*", 50, 50),
    ("cloudwatch:SetAlarmState", "*", 3, 3),
    ("cloudwatch:DeleteAlarms", "*", 3, 3),
    ("cloudwatch:DescribeAlarms", "*", 9, 9),
    ("cloudwatch:ListMetrics", "*", 25, 25),
    ("cloudwatch:TagResource", "*", 20, 20),
    ("dynamodb:TagResource", "*", 5, 5),
    ("dynamodb:UntagResource", "*", 5, 5),
    ("dynamodb:ListTagsOfResource", "*", 10, 10),
    ("events:", "*", 50, 50),
    ("sns:Subscribe", "*", 100, 100),
    ("sns:Unsubscribe", "*", 100, 100),
    ("sns:ListTagsForResource", "sns tags", 10, 10),
    ("sns:TagResource", "sns tags", 10, 10),
    ("sns:UntagResource", "sns tags", 10, 10),
    ("sns:ListTopics", "*", 30, 30),
    ("sns:ListSubscriptions", "*", 30, 30),
    ("sns:CreateTopic", "*", 30, 30),
    ("sns:SetTopicAttributes", "*", 30, 30),
];

/// AWS's limit for calls that share it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Allowance {
    pub name: String,
    /// Calls per second.
    pub rate: u32,
    /// The maximum burst.
    pub burst: u32,
}

/// The limit that applies to `action`. `None` if AWS publishes none.
pub fn allowance(action: &str) -> Option<Allowance> {
    let (_, name, rate, burst) = RATES.iter().find(|(start, ..)| action.starts_with(start))?;
    let name = if *name == "*" { action } else { name };
    Some(Allowance {
        name: name.to_owned(),
        rate: *rate,
        burst: *burst,
    })
}

/// A token bucket for each limit and region, as in AWS.
#[derive(Default)]
pub struct Limits {
    /// The calls that are still allowed at once, and the time of that count.
    left: HashMap<(String, String), (f64, Instant)>,
}

impl Limits {
    /// Takes one call. Returns false if it comes too fast.
    pub fn take(&mut self, action: &str, region: &str, now: Instant) -> bool {
        let Some(Allowance { name, rate, burst }) = allowance(action) else {
            return true;
        };
        let burst = f64::from(burst);
        let key = (name, region.to_owned());
        let (left, since) = self.left.entry(key).or_insert((burst, now));
        *left = (*left + (now - *since).as_secs_f64() * f64::from(rate)).min(burst);
        *since = now;
        let taken = *left >= 1.0;
        if taken {
            *left -= 1.0;
        }
        taken
    }
}

/// Status and code with which the service rejects a call that comes too fast. Mostly HTTP 400.
pub fn throttled(action: &str) -> (u16, &'static str) {
    match action.split(':').next().unwrap() {
        "lambda" | "apigateway" => (429, "TooManyRequestsException"),
        "sqs" => (403, "RequestThrottled"),
        "s3" => (503, "SlowDown"),
        "iam" | "sns" | "sts" | "cloudwatch" => (400, "Throttling"),
        _ => (400, "ThrottlingException"),
    }
}
