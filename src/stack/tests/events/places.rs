//! Regions, and when an event needs a trail.

use super::*;

#[test]
fn regions_besides_home() {
    let seoul = "ap-northeast-2";
    let sign_ins = ["us-east-1", "us-east-2", "eu-north-1", "ap-southeast-2"];
    assert_eq!(regions_of("preset: console-sign-in", seoul), sign_ins);
    assert_eq!(regions_of("preset: console-sign-in", "us-east-1"), sign_ins[1..]);
    assert_eq!(
        regions_of("preset: root-activity", "eu-north-1"),
        ["us-east-1", "us-east-2", "ap-southeast-2"]
    );
    assert_eq!(regions_of("preset: iam-changes", seoul), ["us-east-1"]);
    assert_eq!(
        regions_of("preset: security-group-changes", seoul),
        Vec::<String>::new()
    );
    assert_eq!(regions_of("services: { route53: all }", seoul), ["us-east-1"]);
    assert_eq!(
        regions_of("services: { iam: all }, regions: [eu-west-1, us-east-1]", seoul),
        ["us-east-1", "eu-west-1"]
    );
    assert_eq!(
        regions_of("services: { acm: all }, regions: [eu-west-1]", "eu-west-1"),
        Vec::<String>::new()
    );
    assert_eq!(regions_of("services: { signin: all }", seoul), sign_ins);
    assert_eq!(
        regions_of("services: { globalaccelerator: all }", seoul),
        ["us-east-1", "us-west-2"]
    );
    assert_eq!(
        regions_of("pattern: { source: [aws.s3] }, regions: [us-west-2]", seoul),
        ["us-west-2"]
    );
    assert_eq!(
        regions_of("preset: console-sign-in", "cn-northwest-1"),
        ["cn-north-1"]
    );
    assert_eq!(
        regions_of("preset: iam-changes", "us-gov-east-1"),
        ["us-gov-west-1"]
    );
    assert_eq!(
        regions_of("preset: iam-changes", "us-gov-west-1"),
        Vec::<String>::new()
    );
    assert_eq!(
        regions_of("services: { networkmanager: all }", seoul),
        ["us-west-2"]
    );
    assert_eq!(
        regions_of("services: { trustedadvisor: all }", seoul),
        ["us-east-1"]
    );
    assert_eq!(regions_of("services: { ecr-public: all }", seoul), ["us-east-1"]);
    // In China, IAM and the other global services are in different regions.
    for (service, home, logged) in [
        ("route53", "cn-north-1", "cn-northwest-1"),
        ("organizations", "cn-north-1", "cn-northwest-1"),
        ("iam", "cn-northwest-1", "cn-north-1"),
        ("support", "cn-northwest-1", "cn-north-1"),
    ] {
        assert_eq!(
            regions_of(&format!("services: {{ {service}: all }}"), home),
            [logged]
        );
    }
    for rule in [
        "preset: iam-changes",
        "preset: console-sign-in",
        "services: { route53: all, sts: all }",
    ] {
        assert_eq!(regions_of(rule, "eusc-de-east-1"), Vec::<String>::new(), "{rule}");
    }
    assert_eq!(
        regions_of("services: { sts: all }", "us-gov-east-1"),
        Vec::<String>::new()
    );
    assert_eq!(regions::of_global("ecs", seoul), Vec::<&str>::new());
    let on_a_bus = format!(
        "{GOOD}buses: {{ b: {{ forward: [aws.iam] }} }}\nrules:\n  r: {{ preset: iam-changes, bus: b, to: [project] }}\n"
    );
    assert_eq!(
        good(&on_a_bus).stack.compiled_rules(seoul)[0].regions,
        Vec::<String>::new()
    );
}

/// The bundled stack with every feature reports an event to a channel only once.
#[test]
fn one_event_is_one_message() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/stacks/full.yaml"));
    let stack = load(path).expect("a stack").stack;
    let compiled = stack.compiled_rules("ap-northeast-2");
    let shown = |event: &Value| -> Vec<&str> {
        let of_security = compiled
            .iter()
            .filter(|rule| rule.rule.to.iter().any(|to| to == "security"));
        let matching = of_security.filter(|rule| matches(&rule.pattern, event));
        matching.map(|rule| rule.key.as_str()).collect()
    };
    let root = || json!({ "type": "Root", "arn": "arn:aws:iam::111122223333:root" });
    let signs_in = |identity| sign_in("AWS Console Sign In via CloudTrail", "ConsoleLogin", identity);
    assert_eq!(shown(&signs_in(root())), ["root"]);
    assert_eq!(shown(&signs_in(user())), ["logins"]);
    // A failed sign-in may have no known user.
    assert_eq!(
        shown(&signs_in(json!({ "type": "IAMUser", "accessKeyId": "" }))),
        ["logins"]
    );
    let topic = json!({ "topicArn": "arn:aws:sns:ap-northeast-2:111122223333:full-alerts" });
    assert_eq!(
        shown(&call("sns", "DeleteTopic", root(), topic.clone())),
        ["root"]
    );
    assert_eq!(shown(&call("sns", "DeleteTopic", user(), topic)), ["own"]);
    let trail = json!({ "name": "full-trail" });
    assert_eq!(
        shown(&call("cloudtrail", "StopLogging", user(), trail.clone())),
        ["tampering"]
    );
    assert_eq!(shown(&call("cloudtrail", "StartLogging", user(), trail)), ["own"]);
}

/// A trail can only be changed and stopped in its home region.
#[test]
fn where_a_trail_is_at_home() {
    let trail =
        "trail: { existing: 'arn:aws:cloudtrail:eu-west-1:111122223333:trail/company', keep_logging: false }";
    for rule in [
        "preset: cloudtrail-tampering",
        "services: { cloudtrail: [StopLogging] }",
    ] {
        let text = format!("{GOOD}{trail}\nrules:\n  r: {{ {rule}, to: [project] }}\n");
        let stack = good(&text).stack;
        assert_eq!(
            stack.compiled_rules("ap-northeast-2")[0].regions,
            ["eu-west-1"],
            "{rule}"
        );
        assert_eq!(stack.compiled_rules("eu-west-1")[0].regions, Vec::<String>::new());
        assert_eq!(regions_of(rule, "ap-northeast-2"), Vec::<String>::new());
    }
}

/// The rules and queues of a stack can be turned off in every region that has some.
#[test]
fn changes_are_heard_wherever_the_stack_is() {
    let regions = |rest: &str| {
        let text = format!("{GOOD}rules:\n  a: {{ preset: stack-changes, to: [project] }}\n{rest}");
        good(&text).stack.compiled_rules("ap-northeast-2")[0]
            .regions
            .clone()
    };
    assert_eq!(regions(""), ["us-east-1"]);
    assert_eq!(
        regions("  b: { preset: console-sign-in, to: [project] }\n"),
        ["us-east-1", "us-east-2", "eu-north-1", "ap-southeast-2"]
    );
    assert_eq!(
        regions(
            "  b: { services: { networkmanager: all, acm: all }, regions: [us-west-1], to: [project] }\n"
        ),
        ["us-east-1", "us-west-2", "us-west-1"]
    );
    let guard =
        "trail: { existing: 'arn:aws:cloudtrail:eu-west-1:111122223333:trail/company', to: [alerts] }\n";
    assert_eq!(regions(guard), ["us-east-1", "eu-west-1"]);
    let alarm = "  far: { metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50', \
                 region: eu-west-3, to: [alerts] }\n";
    let text = GOOD.replace("alarms:\n", &format!("alarms:\n{alarm}"));
    let text = format!("{text}rules:\n  a: {{ preset: stack-changes, to: [project] }}\n");
    assert_eq!(
        good(&text).stack.compiled_rules("ap-northeast-2")[0].regions,
        ["us-east-1", "eu-west-3"]
    );
}

/// A rule that would need events EventBridge does not forward is reported before anything is created, wherever
/// the region is set.
#[test]
fn borders_that_no_event_crosses() {
    let deaf = |rule: &str, home: &str| {
        let stack = good(&format!("{GOOD}rules:\n  r: {{ {rule}, to: [project] }}\n")).stack;
        let deaf = stack.deaf(home).into_iter();
        deaf.map(|deaf| format!("{}; {}", deaf.message, deaf.help))
            .collect::<Vec<_>>()
    };
    for home in ["ap-northeast-2", "us-gov-west-1", "eusc-de-east-1", "cn-north-1"] {
        assert_eq!(
            deaf("preset: console-sign-in", home),
            Vec::<String>::new(),
            "{home}"
        );
        assert_eq!(
            deaf("preset: stack-changes", home),
            Vec::<String>::new(),
            "{home}"
        );
    }
    assert_eq!(
        deaf("preset: iam-changes", "us-gov-east-1"),
        [
            "the rule `r` needs events of us-gov-west-1, and EventBridge forwards none between the regions \
             of AWS GovCloud (US); move it to a stack of its own with `region: us-gov-west-1`"
        ]
    );
    assert_eq!(
        deaf("services: { route53: all, iam: all }", "cn-north-1"),
        [
            "the rule `r` needs events of cn-northwest-1, and EventBridge forwards none between the regions \
             of AWS in China; move it to a stack of its own with `region: cn-northwest-1`"
        ]
    );
    assert_eq!(
        deaf(
            "preset: ec2-life-cycle, regions: [eu-central-1]",
            "eusc-de-east-1"
        ),
        [
            "the rule `r` cannot receive events of eu-central-1 in eusc-de-east-1; eusc-de-east-1 belongs to \
             the AWS European Sovereign Cloud: no event leaves it; create a stack there"
        ]
    );
}

#[test]
fn who_needs_a_trail() {
    let needs = |rule: &str| {
        let stack = good(&format!("{GOOD}rules:\n  r: {{ {rule}, to: [project] }}\n")).stack;
        stack.compiled_rules("us-east-1")[0].needs_trail()
    };
    assert!(needs("preset: console-sign-in"));
    assert!(needs("services: { acm: all }"));
    assert!(needs(
        "pattern: { $or: [{ detail-type: [AWS API Call via CloudTrail] }, { source: [a] }] }"
    ));
    assert!(!needs("preset: ec2-life-cycle"));
    assert!(!needs("pattern: { source: [aws.ec2] }"));
}
