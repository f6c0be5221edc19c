//! Resources that somebody else made under the stack's names.

use super::*;

/// A resource that was created by hand under a name that the bundled stack wants.
pub(super) struct Stranger {
    pub(super) node: &'static str,
    pub(super) name: &'static str,
    /// Other nodes that are refused together with it.
    pub(super) along: &'static [&'static str],
    pub(super) make: for<'a> fn(&'a Clients) -> LocalBoxFuture<'a, ()>,
}

pub(super) const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"ec2.amazonaws.com"}}]}"#;

pub(super) const STRANGERS: &[Stranger] = &[
    Stranger {
        node: "sns-topic/alerts",
        name: "mission-sns",
        along: &[],
        make: |aws| {
            Box::pin(async { drop(aws.sns.create_topic().name("mission-sns").send().await.unwrap()) })
        },
    },
    Stranger {
        node: "iam-role/relay",
        name: "mission-lambda-role",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.iam.create_role().role_name("mission-lambda-role");
                send.assume_role_policy_document(TRUST).send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "lambda-function/relay",
        name: "mission-lambda",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let code = FunctionCode::builder()
                    .zip_file(Blob::new(alertctl::relay_zip::ZIP))
                    .build();
                let send = aws
                    .lambda
                    .create_function()
                    .function_name("mission-lambda")
                    .code(code);
                let send = send
                    .role("arn:aws:iam::000000000000:role/other")
                    .runtime(Runtime::Python312);
                send.handler("main.handler").send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "log-group/relay",
        name: "/aws/lambda/mission-lambda",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws
                    .logs
                    .create_log_group()
                    .log_group_name("/aws/lambda/mission-lambda");
                send.send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "sqs-queue/relay",
        name: "mission-lambda-dead-letters",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.sqs.create_queue().queue_name("mission-lambda-dead-letters");
                send.send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "cloudwatch-alarm/cpu",
        name: "mission-cpu-alarm",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.cloudwatch.put_metric_alarm().alarm_name("mission-cpu-alarm");
                let send = send
                    .namespace("AWS/RDS")
                    .metric_name("CPUUtilization")
                    .period(300);
                let send = send
                    .statistic(Statistic::Maximum)
                    .threshold(1.0)
                    .evaluation_periods(2);
                let send = send.comparison_operator(ComparisonOperator::LessThanThreshold);
                send.send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "kms-key/main",
        name: "alias/mission-kms-key",
        // An alias belongs to the owner of its key.
        along: &["kms-alias/main"],
        make: |aws| {
            Box::pin(async {
                let key = new_key(aws).await.key_id;
                let send = aws
                    .kms
                    .create_alias()
                    .alias_name("alias/mission-kms-key")
                    .target_key_id(key);
                send.send().await.unwrap();
            })
        },
    },
];

/// A stack with the kinds of resources that the bundled one lacks.
pub(super) const EVENTS: &str = r#"
stack: events
region: ap-northeast-2
topics:
  mail: { subscriptions: [{ email: oncall@example.com }] }
endpoints:
  hook:
    token: { sha256: 0f4e8a3b6c1d2957e0a4b8c36d5f7192a3b4c5d6e7f80912a3b4c5d6e7f80912 }
    to: [mail]
trail: { name: events, bucket: "events-{account}", logs: true, keep_logging: false }
buses:
  security: { forward: [aws.guardduty] }
rules:
  keys:
    pattern: { source: [aws.kms], detail-type: [AWS API Call via CloudTrail] }
    regions: [us-east-1]
    input: { text: A key changed }
    to: [mail]
alarms:
  root: { filter: { pattern: '{ $.userIdentity.type = Root }' }, threshold: ">= 1", to: [mail] }
  trouble: { rule: ALARM(root), to: [mail] }
"#;

pub(super) const STRANGERS_TO_EVENTS: &[Stranger] = &[
    Stranger {
        node: "apigatewayv2-api/hook",
        name: "events-hook",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.apigateway.create_api().name("events-hook");
                send.protocol_type(ProtocolType::Http).send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "cloudtrail-trail/trail",
        name: "events",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.cloudtrail.create_trail().name("events");
                send.s3_bucket_name("somebodys").send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "s3-bucket/trail",
        name: "events-{account}",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let account = aws
                    .sts
                    .get_caller_identity()
                    .send()
                    .await
                    .unwrap()
                    .account
                    .unwrap();
                let place = BucketLocationConstraint::ApNortheast2;
                let place = CreateBucketConfiguration::builder().location_constraint(place);
                let send = aws.s3.create_bucket().bucket(format!("events-{account}"));
                let send = send.create_bucket_configuration(place.build());
                send.send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "eventbridge-event-bus/security",
        name: "events-security",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.events.create_event_bus().name("events-security");
                send.send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "eventbridge-rule/keys",
        name: "events-keys",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.events.put_rule().name("events-keys");
                send.schedule_expression("rate(1 day)").send().await.unwrap();
            })
        },
    },
    Stranger {
        node: "eventbridge-rule/keys@us-east-1",
        name: "events-keys",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let region = aws_sdk_eventbridge::config::Region::new(OTHER_REGION);
                let there = aws.events.config().to_builder().region(region).build();
                let send = aws_sdk_eventbridge::Client::from_conf(there).put_rule();
                let send = send.name("events-keys").schedule_expression("rate(1 day)");
                send.send().await.unwrap();
            })
        },
    },
    // A log group's filters have owners of their own, according to their names.
    Stranger {
        node: "log-group/trail",
        name: "/alertctl/events/trail",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.logs.create_log_group();
                send.log_group_name("/alertctl/events/trail")
                    .send()
                    .await
                    .unwrap();
            })
        },
    },
    Stranger {
        node: "cloudwatch-composite-alarm/trouble",
        name: "events-trouble",
        along: &[],
        make: |aws| {
            Box::pin(async {
                let send = aws.cloudwatch.put_composite_alarm().alarm_name("events-trouble");
                send.alarm_rule("FALSE").send().await.unwrap();
            })
        },
    },
];
