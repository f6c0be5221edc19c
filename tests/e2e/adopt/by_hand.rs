//! What a guide made by hand becomes the stack's.

use super::*;

/// The resources of the second guide, as its reader creates them: topic, key, role, function, subscription,
/// alarm.
async fn by_hand(aws: &Clients) {
    let arn = |service: &str, name: &str| format!("arn:aws:{service}:{REGION}:000000000000:{name}");
    let topic = aws.sns.create_topic().name("mission-sns").send().await.unwrap();
    let topic = topic.topic_arn.unwrap();
    let key = aws.kms.create_key().description("mission").send().await.unwrap();
    let key = key.key_metadata.unwrap();
    let alias = aws.kms.create_alias().alias_name("alias/mission-kms-key");
    alias.target_key_id(&key.key_id).send().await.unwrap();

    let trust = TRUST.replace("ec2", "lambda");
    let role = aws.iam.create_role().role_name("mission-lambda-role");
    let role = role.assume_role_policy_document(trust).send().await.unwrap();
    let role = role.role.unwrap().arn;
    let basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    let attach = aws.iam.attach_role_policy().role_name("mission-lambda-role");
    attach.policy_arn(basic).send().await.unwrap();
    let decrypt = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":["{}"]}}]}}"#,
        key.arn.as_deref().unwrap()
    );
    let put = aws.iam.put_role_policy().role_name("mission-lambda-role");
    let put = put.policy_name("kms-decrypt").policy_document(decrypt);
    put.send().await.unwrap();

    let code = FunctionCode::builder().zip_file(Blob::new(alertctl::relay_zip::ZIP));
    let variables = Environment::builder()
        .variables("slackChannel", "#project")
        .variables("kmsEncryptedHookUrl", "AQICAHg");
    let make = aws.lambda.create_function().function_name("mission-lambda");
    let make = make.code(code.build()).role(role).runtime(Runtime::Python312);
    let make = make.handler("lambda_function.lambda_handler").timeout(3);
    let make = make.environment(variables.build()).kms_key_arn(key.arn.unwrap());
    let function = make.send().await.unwrap().function_arn.unwrap();
    let group = "/aws/lambda/mission-lambda";
    aws.logs
        .create_log_group()
        .log_group_name(group)
        .send()
        .await
        .unwrap();

    let subscribe = aws.sns.subscribe().topic_arn(&topic).protocol("lambda");
    subscribe.endpoint(&function).send().await.unwrap();
    let permit = aws.lambda.add_permission().function_name("mission-lambda");
    let permit = permit
        .statement_id("lambda-7c2f0b1e")
        .action("lambda:InvokeFunction");
    let permit = permit
        .principal("sns.amazonaws.com")
        .source_arn(arn("sns", "mission-sns"));
    permit.send().await.unwrap();

    let alarm = aws.cloudwatch.put_metric_alarm().alarm_name("mission-cpu-alarm");
    let alarm = alarm
        .namespace("AWS/EC2")
        .metric_name("CPUUtilization")
        .period(60);
    let instance = Dimension::builder()
        .name("InstanceId")
        .value("i-0f1e2d3c4b5a69780");
    let alarm = alarm.dimensions(instance.build()).statistic(Statistic::Average);
    let alarm = alarm.threshold(50.0).evaluation_periods(1).alarm_actions(topic);
    let alarm = alarm.comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold);
    alarm.send().await.unwrap();
}

#[tokio::test]
async fn what_a_guide_made_by_hand_becomes_the_stacks_in_one_run() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, inbox) = world.up();
    let aws = clients(&endpoint, REGION).await;
    by_hand(&aws).await;
    let before = everything(&aws).await;
    let key = key_of(&aws, "alias/mission-kms-key").await;

    let refused = world.run(&["plan", "--local"]);
    assert_eq!(refused.code, 1, "{}", refused.all());
    assert!(
        refused.stderr.contains("or `--adopt-all` for all of these"),
        "{}",
        refused.stderr
    );

    // Adoption changes at most tags and tightens permissions, except for the code, which the tool replaces.
    let plan = world.ok(&["plan", "--local", "--adopt-all", "--output", "json"]);
    let shown: Vec<_> = planned(&plan.stdout).into_iter().collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    adopt cloudwatch-alarm/cpu: description, ok_actions, tags.alertctl:node, tags.alertctl:stack
    adopt iam-role/relay: attached_policies, description, tags.alertctl:home, tags.alertctl:node, tags.alertctl:stack, trust
    adopt kms-alias/main: 
    adopt kms-key/main: alias, deletion_window_days, description, policy, rotation, tags.alertctl:node, tags.alertctl:stack
    adopt lambda-function/relay: description, environment.DEAD_LETTER_QUEUE, environment.RETRY_QUEUE, environment.WEBHOOK_project, environment.kmsEncryptedHookUrl, environment.slackChannel, handler, relay, role, role_id, runtime, tags.alertctl:node, tags.alertctl:stack, timeout_seconds
    adopt log-group/relay: retention_days, tags.alertctl:node, tags.alertctl:stack
    adopt sns-subscription/alerts-relay: dead_letter_queue
    adopt sns-topic/alerts: marked_subscriptions, policy, tags.alertctl:node, tags.alertctl:stack
    create iam-role-policy/relay
    create lambda-event-invoke-config/relay
    create lambda-event-source-mapping/retries
    create lambda-permission/alerts
    create sqs-queue/relay
    create sqs-queue/retries
    delete iam-role-policy/mission-lambda-role/kms-decrypt
    ");
    assert_eq!(everything(&aws).await, before);

    // A saved plan lists what it adopts: nothing else is adopted, even if it appears before the plan runs.
    let save = ["plan", "--local", "--adopt-all", "--save", "alerts.plan"];
    world.ok(&save);
    let saved = std::fs::read_to_string(world.path().join("alerts.plan")).unwrap();
    let saved: serde_json::Value = serde_json::from_str(&saved).unwrap();
    let named = saved["adopt"].as_array().unwrap();
    let adopted = saved["plan"]["summary"]["adopt"].as_u64().unwrap();
    assert_eq!(named.len() as u64, adopted, "{named:?}");

    let unasked = world.run(&["apply", "--local", "--adopt-all"]);
    assert_eq!(unasked.code, 1, "{}", unasked.all());
    assert!(unasked.stderr.contains("add --yes"), "{}", unasked.stderr);
    assert_eq!(everything(&aws).await, before);

    world.ok(&["apply", "--local", "--adopt-all", "--yes"]);
    let after = world.ok(&["plan", "--local", "--detailed-exitcode"]);
    assert!(after.stdout.contains("no changes"), "{}", after.stdout);
    let after = everything(&aws).await;
    let gone: Vec<_> = before.difference(&after).collect();
    assert_eq!(gone, ["policy mission-lambda-role/kms-decrypt"]);
    assert_eq!(key_of(&aws, "alias/mission-kms-key").await, key);
    world.ok(&["local", "alarm", "mission-cpu-alarm"]);
    assert_eq!(world.messages(&inbox).len(), 1);
    world.ok(&["destroy", "--local", "--yes"]);
    assert_eq!(everything(&aws).await, lines([]));
}
