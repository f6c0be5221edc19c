//! What somebody else owns: the stack uses it, and never changes it.

use crate::support::World;
use crate::support::account::{calls, clients_of, planned, reads};
use aws_sdk_cloudwatch::types::StateValue;

const REGION: &str = "eu-west-1";
const ACCOUNT: &str = "111122223333";
const STACK: &str = "
stack: guest
region: eu-west-1
channels: { project: { webhook: { env: SLACK_WEBHOOK_URL } } }
topics:
  legacy: { existing: legacy-alerts, to: [project] }
alarms:
  cpu:
    metric: AWS/EC2 CPUUtilization
    dimensions: { InstanceId: i-1 }
    statistic: Average
    period: 60
    threshold: '>= 50'
    to: [legacy, 'arn:aws:lambda:eu-west-1:111122223333:function:grow']
";

/// Attributes and subscriptions of a topic, without the relay's.
async fn as_it_is(aws: &alertctl::aws::connect::Clients, topic: &str) -> (String, Vec<String>) {
    let attributes = aws
        .sns
        .get_topic_attributes()
        .topic_arn(topic)
        .send()
        .await
        .unwrap();
    let attributes = attributes.attributes().unwrap();
    let tags = aws
        .sns
        .list_tags_for_resource()
        .resource_arn(topic)
        .send()
        .await
        .unwrap();
    let kept = ["DisplayName", "Policy", "KmsMasterKeyId"].map(|name| attributes.get(name).cloned());
    let list = aws
        .sns
        .list_subscriptions_by_topic()
        .topic_arn(topic)
        .send()
        .await
        .unwrap();
    let mut list: Vec<_> = list
        .subscriptions()
        .iter()
        .map(|one| one.endpoint().unwrap_or_default().to_owned())
        .collect();
    list.sort();
    (format!("{kept:?} {:?}", tags.tags()), list)
}

#[tokio::test]
async fn a_topic_of_somebody_else_is_heard_and_stays_as_it_is() {
    let mut world = World::new();
    world.set(
        "SLACK_WEBHOOK_URL",
        "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx",
    );
    world.write("stack.yaml", STACK);
    let (endpoint, _) = world.up();
    let aws = clients_of(ACCOUNT, &endpoint, REGION).await;
    let run = |args: &[&str]| calls(&endpoint, |endpoint| world.run_at(endpoint, ACCOUNT, args));

    // Without it, the plan says so.
    let (ran, _) = run(&["plan"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let missing = "there is no topic `arn:aws:sns:eu-west-1:111122223333:legacy-alerts`: nothing that the stack sends to \
                   `legacy` arrives";
    assert!(ran.all().contains(missing), "{}", ran.all());

    let topic = aws.sns.create_topic().name("legacy-alerts").send().await.unwrap();
    let topic = topic.topic_arn().unwrap().to_owned();
    let owner = aws.sns.subscribe().topic_arn(&topic).protocol("email");
    owner.endpoint("owner@example.com").send().await.unwrap();
    let before = as_it_is(&aws, &topic).await;

    let (ran, calls) = run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let touched: Vec<_> = calls
        .iter()
        .filter(|call| call.starts_with("sns:") && !reads(call))
        .collect();
    assert_eq!(touched, ["sns:Subscribe"]);
    let relay = "arn:aws:lambda:eu-west-1:111122223333:function:guest-relay".to_owned();
    let after = as_it_is(&aws, &topic).await;
    assert_eq!(
        (&after.0, after.1),
        (&before.0, vec![relay, "owner@example.com".to_owned()])
    );
    let alarm = aws
        .cloudwatch
        .describe_alarms()
        .alarm_names("guest-cpu")
        .send()
        .await
        .unwrap();
    let alarm = &alarm.metric_alarms()[0];
    assert_eq!(
        (alarm.alarm_actions(), alarm.ok_actions()),
        (
            [
                topic.clone(),
                "arn:aws:lambda:eu-west-1:111122223333:function:grow".to_owned()
            ]
            .as_slice(),
            [topic.clone()].as_slice()
        )
    );
    assert_ne!(alarm.state_value(), Some(&StateValue::Alarm));
    let (ran, _) = run(&["plan", "--detailed-exitcode"]);
    assert_eq!(ran.code, 0, "{}", ran.all());

    // Out of the file, the subscription goes and the topic stays.
    world.edit(|text| {
        text.replace(
            "existing: legacy-alerts, to: [project]",
            "existing: legacy-alerts",
        )
        .replace("topics:", "topics:\n  own: { to: [project] }")
    });
    let (ran, _) = run(&["plan", "--output", "json"]);
    let plan = planned(&ran.stdout);
    assert!(
        plan.iter()
            .any(|line| line.starts_with("delete sns-subscription/legacy-alerts/lambda/")),
        "{plan:?}"
    );
    let (ran, _) = run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(as_it_is(&aws, &topic).await, before);

    world.edit(|text| {
        text.replace(
            "existing: legacy-alerts",
            "existing: legacy-alerts, to: [project]",
        )
    });
    let (ran, _) = run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(as_it_is(&aws, &topic).await.1.len(), 2);
    let (ran, calls) = run(&["destroy", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(as_it_is(&aws, &topic).await, before);
    assert!(
        calls.iter().filter(|call| *call == "sns:DeleteTopic").count() == 1,
        "only the stack's own topic: {calls:?}"
    );
}

#[tokio::test]
async fn a_key_of_somebody_else_encrypts_and_stays_as_it_is() {
    let mut world = World::new();
    world.set(
        "SLACK_WEBHOOK_URL",
        "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx",
    );
    world.write(
        "stack.yaml",
        "stack: guest\nregion: eu-west-1\nkey: { existing: shared }\nchannels: { project: { webhook: { env: SLACK_WEBHOOK_URL } } }\n\
         topics: { ops: { encrypted: true, to: [project] } }\nrules: { stops: { preset: ec2-life-cycle, to: [ops] } }\n",
    );
    let (endpoint, _) = world.up();
    let aws = clients_of(ACCOUNT, &endpoint, REGION).await;
    let run = |args: &[&str]| calls(&endpoint, |endpoint| world.run_at(endpoint, ACCOUNT, args));
    let (ran, _) = run(&["plan"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(
        ran.stderr.contains("there is no key `alias/shared` in eu-west-1"),
        "{}",
        ran.stderr
    );

    let key = aws
        .kms
        .create_key()
        .description("of the platform")
        .send()
        .await
        .unwrap();
    let key = key.key_metadata.unwrap();
    let alias = aws.kms.create_alias().alias_name("alias/shared");
    alias.target_key_id(&key.key_id).send().await.unwrap();
    let as_it_is = async || {
        let described = aws.kms.describe_key().key_id(&key.key_id).send().await.unwrap();
        let policy = aws.kms.get_key_policy().key_id(&key.key_id).send().await.unwrap();
        let tags = aws
            .kms
            .list_resource_tags()
            .key_id(&key.key_id)
            .send()
            .await
            .unwrap();
        let described = described.key_metadata.unwrap();
        format!(
            "{:?} {:?} {:?} {:?}",
            described.key_state, described.description, policy.policy, tags.tags
        )
    };
    let before = as_it_is().await;
    let (ran, calls) = run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let shut = "the policy of the key `alias/shared` does not let cloudwatch.amazonaws.com use it for encrypted topics, and does not \
                let events.amazonaws.com use it for encrypted topics";
    assert!(ran.stderr.contains(shut), "{}", ran.stderr);
    let of_keys = calls
        .iter()
        .filter(|call| call.starts_with("kms:") && !reads(call));
    let of_keys: std::collections::BTreeSet<_> = of_keys.map(String::as_str).collect();
    assert!(
        of_keys
            .iter()
            .all(|call| ["kms:Encrypt", "kms:Decrypt"].contains(call)),
        "{of_keys:?}"
    );
    let relay = aws
        .lambda
        .get_function_configuration()
        .function_name("guest-relay")
        .send()
        .await
        .unwrap();
    assert_eq!(relay.kms_key_arn(), key.arn());
    let (ran, _) = run(&["status", "--output", "json"]);
    let status: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(status["webhooks"][0]["decrypts"], "yes", "{status:#}");
    let (ran, _) = run(&["plan", "--detailed-exitcode"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let (ran, _) = run(&["destroy", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(as_it_is().await, before);
}

/// What the stack made itself is not given away by a word in the file: its tags say that the stack may delete it.
#[tokio::test]
async fn what_the_stack_made_is_given_away_before_it_is_called_somebody_elses() {
    let world = World::new();
    let own = "stack: guest\nregion: eu-west-1\ntopics: { ops: { name: legacy-alerts, subscriptions: [{ email: ops@example.com }] } }\n";
    world.write("stack.yaml", own);
    let (endpoint, _) = world.up();
    let aws = clients_of(ACCOUNT, &endpoint, REGION).await;
    let run = |args: &[&str]| calls(&endpoint, |endpoint| world.run_at(endpoint, ACCOUNT, args));
    assert_eq!(run(&["apply", "--yes"]).0.code, 0);
    world.write(
        "stack.yaml",
        "stack: guest\nregion: eu-west-1\ntopics: { ops: { existing: legacy-alerts } }\n",
    );
    let topic = format!("arn:aws:sns:{REGION}:{ACCOUNT}:legacy-alerts");
    for args in [&["plan"] as &[&str], &["apply", "--yes"], &["destroy", "--yes"]] {
        let (ran, calls) = run(args);
        assert_eq!(ran.code, 1, "{args:?}: {}", ran.all());
        let told =
            format!("`{topic}` is named by `existing`, as somebody else's, but it belongs to this stack");
        assert!(ran.stderr.contains(&told), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("aws sns untag-resource"), "{}", ran.stderr);
        assert!(calls.iter().all(|call| reads(call)), "{calls:?}");
    }
    let untag = aws.sns.untag_resource().resource_arn(&topic);
    let untag = untag.tag_keys("alertctl:stack").tag_keys("alertctl:node");
    untag.send().await.unwrap();
    let (ran, _) = run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(
        aws.sns
            .get_topic_attributes()
            .topic_arn(&topic)
            .send()
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_policy_that_lets_nobody_publish_is_told() {
    let world = World::new();
    world.write(
        "stack.yaml",
        &STACK
            .replace(", to: [project]", "")
            .replace(
                "channels: { project: { webhook: { env: SLACK_WEBHOOK_URL } } }\n",
                "",
            )
            .replace(
                "alarms:",
                "rules: { stops: { preset: ec2-life-cycle, to: [legacy] } }\nalarms:",
            ),
    );
    let (endpoint, _) = world.up();
    let aws = clients_of(ACCOUNT, &endpoint, REGION).await;
    let topic = aws.sns.create_topic().name("legacy-alerts").send().await.unwrap();
    let plan = || world.run_at(&endpoint, ACCOUNT, &["plan"]);
    // The policy of a new topic is for the account alone: EventBridge does not say whose event it brings.
    let ran = plan();
    let rules = "the policy of topic `legacy` does not let events.amazonaws.com publish: what the stack's rules send there is \
                 lost; its owner has to allow `sns:Publish` to events.amazonaws.com";
    assert!(ran.all().contains(rules), "{}", ran.all());
    let open = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":["events.amazonaws.com","cloudwatch.amazonaws.com"]},"Action":"sns:Publish","Resource":"*"}]}"#;
    let set = async |name: &str, value: &str| {
        let set = aws
            .sns
            .set_topic_attributes()
            .topic_arn(topic.topic_arn().unwrap());
        set.attribute_name(name)
            .attribute_value(value)
            .send()
            .await
            .unwrap();
    };
    set("Policy", open).await;
    assert!(!plan().all().contains("topic `legacy`"), "{}", plan().all());
    set("KmsMasterKeyId", "alias/aws/sns").await;
    let shut = "topic `legacy` is encrypted with AWS's own key, which cloudwatch.amazonaws.com and events.amazonaws.com may not use";
    assert!(plan().all().contains(shut), "{}", plan().all());
}

/// Topics that alarms and rules name by their ARNs are looked at as those with `existing:` are.
#[tokio::test]
async fn a_topic_that_is_named_by_its_arn_alone_is_looked_at() {
    let world = World::new();
    let arn = |region: &str, topic: &str| format!("arn:aws:sns:{region}:{ACCOUNT}:{topic}");
    let (near, far) = (arn(REGION, "legacy"), arn("us-east-1", "legacy"));
    let alarm = "metric: AWS/EC2 CPUUtilization, dimensions: { InstanceId: i-1 }, statistic: Average, period: 60, threshold: '>= 50'";
    let text = format!(
        "stack: guest\nregion: eu-west-1\ntopics: {{ own: {{ subscriptions: [{{ email: ops@example.com }}] }} }}\nalarms:\n  \
         cpu: {{ {alarm}, to: ['{near}'] }}\n  far: {{ {alarm}, region: us-east-1, to: ['{far}'] }}\n  \
         wrong: {{ {alarm}, to: [own, '{}'] }}\nrules: {{ stops: {{ preset: ec2-life-cycle, to: ['{near}'] }} }}\n",
        arn(REGION, "guest-own")
    );
    world.write("stack.yaml", &text);
    let (endpoint, _) = world.up();
    let plan = || calls(&endpoint, |endpoint| world.run_at(endpoint, ACCOUNT, &["plan"]));
    let (ran, asked) = plan();
    assert_eq!(ran.code, 0, "{}", ran.all());
    for told in [
        format!("there is no topic `{near}`: notifications from the alarm `cpu` and the rule `stops` do not arrive"),
        format!("there is no topic `{far}`: notifications from the alarm `far` do not arrive"),
        "is the stack's own topic `own`, and its policy may not let in the alarm `wrong`: write `own` instead".to_owned(),
    ] {
        assert!(ran.stderr.contains(&told), "{told}: {}", ran.stderr);
    }
    let attributes = asked.iter().filter(|call| *call == "sns:GetTopicAttributes");
    assert_eq!(
        attributes.count(),
        3,
        "one for each, and one for the stack's own: {asked:?}"
    );

    let open = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":["events.amazonaws.com","cloudwatch.amazonaws.com"]},"Action":"sns:Publish","Resource":"*"}]}"#;
    let shut = open.replace(r#","cloudwatch.amazonaws.com""#, "");
    for (region, topic, policy) in [(REGION, &near, open), ("us-east-1", &far, shut.as_str())] {
        let aws = clients_of(ACCOUNT, &endpoint, region).await;
        aws.sns.create_topic().name("legacy").send().await.unwrap();
        let set = aws.sns.set_topic_attributes().topic_arn(topic);
        let set = set.attribute_name("Policy").attribute_value(policy);
        set.send().await.unwrap();
    }
    let (ran, _) = plan();
    assert!(!ran.stderr.contains(&format!("topic `{near}`")), "{}", ran.stderr);
    let told = format!(
        "the policy of topic `{far}` does not let cloudwatch.amazonaws.com publish: notifications from the alarm `far` are lost"
    );
    assert!(ran.stderr.contains(&told), "{}", ran.stderr);

    // Whoever plans may read the topics of both regions, and no other.
    let (ran, _) = calls(&endpoint, |endpoint| {
        world.run_at(endpoint, ACCOUNT, &["policy", "--deployer", "--output", "json"])
    });
    assert_eq!(ran.code, 0, "{}", ran.all());
    let policy: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let permissions = policy["permissions"].as_array().unwrap().iter();
    let reads = permissions.filter(|one| one["action"] == "sns:GetTopicAttributes");
    let on: Vec<_> = reads.map(|one| one["resource"].as_str().unwrap()).collect();
    for resource in ["arn:aws:sns:eu-west-1:*:*", "arn:aws:sns:us-east-1:*:*"] {
        assert!(on.contains(&resource), "{on:?}");
    }
    assert_eq!(on.len(), 3, "the stack's own and those: {on:?}");
}
