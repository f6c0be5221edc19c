//! Refusals and failures, and what is said about them.

use super::*;
use crate::resource::Fault;

#[tokio::test(start_paused = true)]
async fn a_failure_tells_its_first_cause_and_leaves_nothing() {
    let fake = Fake::new();
    let events = vec![
        ("stack", "DELETE_COMPLETE", ""),
        ("Logins", "CREATE_FAILED", "Resource creation cancelled"),
        ("Alarms", "DELETE_FAILED", "it is in use"),
        (
            "Alarms",
            "CREATE_FAILED",
            "User: x is not authorized to perform: events:PutRule",
        ),
        ("stack", CREATING, "User Initiated"),
        ("Older", "CREATE_FAILED", "of another operation"),
    ];
    let ends = vec!["DELETE_IN_PROGRESS", "DELETE_COMPLETE"];
    fake.cloud().fates.push_back((ends, events));
    let fault = apply(&fake, &desired()).await.unwrap_err();
    let text = fault.to_string();
    assert!(
        text.contains("(DELETE_COMPLETE): Alarms (AWS::Events::Rule): User: x is not authorized"),
        "{text}"
    );
    assert!(text.contains("444455556666"), "{text}");
    assert!(
        fault
            .hint
            .unwrap()
            .contains("alertctl policy --target 444455556666")
    );
    // The hub still remembers it, and the next run makes it.
    assert_eq!(fake.records().len(), 1);
    apply(&fake, &desired()).await.unwrap();
    assert!(differs(&fake).await.is_empty());
}

const CREATING: &str = "CREATE_IN_PROGRESS";

#[tokio::test(start_paused = true)]
async fn an_update_that_is_rolled_back_is_a_failure() {
    let fake = Fake::new();
    apply(&fake, &desired()).await.unwrap();
    let mut other = desired();
    other.template["Resources"]["Logins"] = json!({ "Type": "AWS::Events::Rule" });
    let events = vec![
        ("stack", "UPDATE_ROLLBACK_COMPLETE", ""),
        ("Logins", "CREATE_FAILED", "The pattern is too long"),
        ("stack", "UPDATE_IN_PROGRESS", "User Initiated"),
    ];
    let ends = vec!["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"];
    fake.cloud().fates.push_back((ends, events));
    let text = apply(&fake, &other).await.unwrap_err().to_string();
    assert!(
        text.contains("(UPDATE_ROLLBACK_COMPLETE): Logins (AWS::Events::Rule): The pattern"),
        "{text}"
    );
    // Such a stack can be updated.
    fake.cloud().find(NAME).unwrap().body = desired().sent_body();
    apply(&fake, &other).await.unwrap();
}

impl CloudformationStack {
    fn sent_body(&self) -> String {
        let sent = Sent {
            name: self.name.clone(),
            description: self.description.clone(),
            template: self.template.clone(),
            parameters: BTreeMap::new(),
            tags: Tags::new(),
        };
        sent.body()
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_cannot_be_rolled_back_says_the_next_command_and_is_not_touched() {
    let fake = Fake::new();
    apply(&fake, &desired()).await.unwrap();
    fake.cloud().find(NAME).unwrap().status = "UPDATE_ROLLBACK_FAILED".into();
    let seen = observe(&fake.aws(), &[desired()]).await;
    let about = CloudformationStack::about(ours(&seen.wanted[0]));
    assert!(
        about
            .remark
            .unwrap()
            .contains("continue-update-rollback --region eu-central-1")
    );
    fake.script.forget();
    let fault = apply(&fake, &desired()).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("continue-update-rollback"));
    assert_eq!(fake.written(), ["tag 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_protected_stack_is_said_to_be_and_stays_with_its_record() {
    let fake = Fake::new();
    apply(&fake, &desired()).await.unwrap();
    fake.cloud().find(NAME).unwrap().is_protected = true;
    let aws = fake.aws();
    let live = observe(&aws, &[]).await.orphans.remove(0).1;
    assert!(
        CloudformationStack::about(&live)
            .data_loss
            .unwrap()
            .contains("termination protection")
    );
    let fault = CloudformationStack::delete(live, &step(&aws, now()))
        .await
        .unwrap_err();
    assert!(
        fault
            .hint
            .unwrap()
            .contains("update-termination-protection --no-enable")
    );
    assert_eq!(fake.records().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_fails_tells_why_and_the_hub_goes_on_remembering() {
    let fake = Fake::new();
    apply(&fake, &desired()).await.unwrap();
    let events = vec![
        (
            "stack",
            "DELETE_FAILED",
            "The following resource(s) failed to delete: [Alarms].",
        ),
        (
            "Alarms",
            "DELETE_FAILED",
            "Rule can't be deleted since it has targets.",
        ),
        ("stack", "DELETE_IN_PROGRESS", "User Initiated"),
        ("Alarms", "CREATE_FAILED", "long ago"),
    ];
    fake.cloud().fates.push_back((vec!["DELETE_FAILED"], events));
    let aws = fake.aws();
    let live = observe(&aws, &[]).await.orphans.remove(0).1;
    let text = CloudformationStack::delete(live, &step(&aws, now()))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("(DELETE_FAILED): Alarms (AWS::Events::Rule): Rule can't"),
        "{text}"
    );
    assert_eq!(fake.records().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_cannot_be_read_is_named_and_one_that_left_the_file_can_be_forgotten() {
    let fake = Fake::new();
    fake.remember(RECORD.0, RECORD.1);
    let refuse = || {
        fake.script
            .refuse("stacks", 1, "AccessDenied", "no")
            .refuse("template", 1, "AccessDenied", "no")
    };
    refuse();
    let (aws, id, desired) = (fake.aws(), id(), desired());
    let wanted = [Wanted {
        id: &id,
        desired: &desired,
    }];
    let fault = CloudformationStack::observe(&aws, &wanted).await.unwrap_err();
    assert!(
        fault
            .to_string()
            .starts_with("cloudformation-stack/444455556666.eu-central-1 ("),
        "{fault}"
    );
    refuse();
    let fault = CloudformationStack::observe(&fake.aws(), &[]).await.unwrap_err();
    assert!(
        fault
            .to_string()
            .starts_with("cloudformation-stack/444455556666.eu-central-1 ("),
        "{fault}"
    );
    let hint = fault.hint.unwrap();
    assert!(
        hint.contains("policy --target") && hint.contains("untag-resource --region eu-west-1"),
        "{hint}"
    );
}

#[tokio::test]
async fn what_is_known_of_the_callers_own_credentials_is_not_said_of_the_roles() {
    let aws = Aws::mocked(Vec::new(), |_| {});
    for (code, message, part) in [
        (
            "UnrecognizedClientException",
            "invalid token",
            "eu-west-1 is probably not enabled",
        ),
        ("LimitExceededException", "too many", "Service Quotas"),
        ("AccessDenied", "no", "policy --target"),
    ] {
        let fault = Fault::new("cloudformation:CreateStack", code, message).hint("of the caller");
        let hint = failure::explained(&aws, fault).hint.unwrap();
        assert!(hint.contains(part), "{hint}");
    }
}

/// Both roles are to be mended before anything goes on, so both are told at once.
#[tokio::test(start_paused = true)]
async fn all_stacks_that_cannot_be_read_are_told_in_one_error() {
    let fake = Fake::new();
    let refused = |fake: &Fake, times| {
        fake.script
            .refuse("stacks", times, "AccessDenied", "no")
            .count("stacks")
    };
    refused(&fake, 2);
    let (id, other) = (id(), node(CloudformationStack::KIND, "444455556666.eu-central-2"));
    let (one, another) = (
        desired(),
        CloudformationStack {
            name: "mission-two".into(),
            ..desired()
        },
    );
    let wanted = [(&id, &one), (&other, &another)].map(|(id, desired)| Wanted { id, desired });
    let fault = CloudformationStack::observe(&fake.aws(), &wanted)
        .await
        .unwrap_err();
    let text = fault.to_string();
    assert!(
        text.starts_with("2 stacks in other accounts could not be read:"),
        "{text}"
    );
    for part in [
        "eu-central-1 (mission-organization)",
        "eu-central-2 (mission-two)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The advice that both have in common is given once.
    assert_eq!(
        fault.help().matches("policy --target").count(),
        1,
        "{}",
        fault.help()
    );
    // One is told as ever.
    refused(&fake, 1);
    let fault = CloudformationStack::observe(&fake.aws(), &wanted[..1])
        .await
        .unwrap_err();
    assert!(
        fault
            .to_string()
            .starts_with("cloudformation-stack/444455556666.eu-central-1"),
        "{fault}"
    );
}

/// Whoever mends roles learns of those that left the file in the same run, and of what to do about each.
#[tokio::test(start_paused = true)]
async fn those_of_the_file_and_those_that_left_it_are_told_in_one_error() {
    let fake = Fake::new();
    fake.remember(RECORD.0, RECORD.1);
    let refuse = |code| {
        fake.script
            .refuse("stacks", 1, "AccessDenied", "no")
            .refuse("stacks", 1, code, "no")
    };
    let other = CloudformationStack {
        name: "mission-two".into(),
        ..desired()
    };
    let id = node(CloudformationStack::KIND, "444455556666.eu-central-2");
    let wanted = [Wanted {
        id: &id,
        desired: &other,
    }];
    refuse("AccessDenied");
    let fault = CloudformationStack::observe(&fake.aws(), &wanted)
        .await
        .unwrap_err();
    let text = fault.to_string();
    for part in [
        "2 stacks in other accounts could not be read:\n",
        "    cloudformation-stack/444455556666.eu-central-2 (mission-two): cloudformation:DescribeStacks: AccessDenied: no",
        "    cloudformation-stack/444455556666.eu-central-1 (mission-organization): cloudformation:DescribeStacks: AccessDenied: no",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // It is still a denial, and the advice that only one needs is given for that one.
    assert!(fault.denied(), "{fault:?}");
    let help = fault.help();
    let forget = help.lines().find(|line| line.contains("untag-resource")).unwrap();
    assert!(
        forget.contains("eu-central-1 (mission-organization): ") && !forget.contains("mission-two"),
        "{help}"
    );
    // Of two codes, none is taken for both.
    refuse("UnrecognizedClientException");
    let fault = CloudformationStack::observe(&fake.aws(), &wanted)
        .await
        .unwrap_err();
    assert!(!fault.denied(), "{fault:?}");
    assert!(
        fault.to_string().contains("UnrecognizedClientException"),
        "{fault}"
    );
    assert!(
        fault.help().contains("is probably not enabled"),
        "{}",
        fault.help()
    );
}

/// The two hubs' buses have one name, and so have all that their spokes consist of.
#[tokio::test(start_paused = true)]
async fn the_spoke_of_a_hub_of_this_name_in_another_region_is_refused() {
    let fake = Fake::new();
    apply(&fake, &desired()).await.unwrap();
    for tag in &mut fake.cloud().find(NAME).unwrap().tags {
        if tag.key() == Some("alertctl:hub-region") {
            *tag = aws_sdk_cloudformation::types::Tag::builder()
                .key("alertctl:hub-region")
                .value("us-west-2")
                .build();
        }
    }
    let (id, desired) = (id(), desired());
    let wanted = Wanted {
        id: &id,
        desired: &desired,
    };
    let fault = CloudformationStack::observe(&fake.aws(), &[wanted])
        .await
        .unwrap_err();
    let text = fault.to_string();
    assert!(
        text.contains("a spoke of the stack `mission` in us-west-2"),
        "{text}"
    );
    assert!(fault.help().contains("another name"), "{}", fault.help());
    // A hub whose target left the file only forgets it.
    let left = observe(&fake.aws(), &[]).await.orphans.remove(0).1;
    assert!(left.stack.is_none(), "{left:?}");
}
