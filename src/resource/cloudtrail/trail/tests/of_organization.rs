//! Trails that belong to the management account of an organization.

use super::*;

const MANAGEMENT: &str = "999988887777";

fn theirs() -> String {
    ARN.replace("123456789012", MANAGEMENT)
}

fn visible(fake: &Fake) {
    let trail = sdk::Trail::builder()
        .name("mission-trail")
        .trail_arn(theirs())
        .home_region("eu-west-1")
        .s3_bucket_name("mission-trail-1")
        .is_organization_trail(true);
    *fake.trail.lock().unwrap() = Some(trail.build());
}

/// The tags that the stack of this name in `account` gives its trail.
fn tags_of_hub(stack: &str, account: &str) -> Tags {
    let mut tags = desired().tags;
    tags.remove(STACK_TAG);
    tags.insert(HUB_TAG.to_owned(), stack.to_owned());
    tags.insert(HUB_ACCOUNT_TAG.to_owned(), account.to_owned());
    tags
}

/// The tagging index of an account with the bucket of the stack's trail.
fn bucket() -> Vec<crate::aws::tags::Tagged> {
    vec![tagged(
        "arn:aws:s3:::mission-trail-1",
        owned(&node("s3-bucket", "trail")),
    )]
}

/// What is observed of a wanted trail that belongs to `owner`.
async fn owned_by(owner: &str, aws: &Aws, name: &str) -> Result<Observed<Live>> {
    let (id, desired) = (node(CloudtrailTrail::KIND, "trail"), desired());
    let desired = CloudtrailTrail {
        name: name.to_owned(),
        organization: true,
        owner: Some(owner.to_owned()),
        ..desired
    };
    let wanted = Wanted {
        id: &id,
        desired: &desired,
    };
    CloudtrailTrail::observe(aws, &[wanted]).await
}

/// Members of an organization see its trail. If its tags were listed together with those of other trails, the whole
/// call would be refused.
#[tokio::test]
async fn an_organizations_trail_is_nobodys_here_and_its_name_is_taken() {
    let (fake, theirs) = (Fake::default(), theirs());
    visible(&fake);
    let fault = observe(&fake.aws(), true).await.unwrap_err();
    assert!(fault.message.contains("belongs to another account"), "{fault}");
    let hint = fault.hint.unwrap();
    assert!(hint.contains("another name") && hint.contains(&format!("existing: {theirs}")));
    // Even if the tagging index says that it is ours.
    let aws = fake.aws_with(vec![tagged(&theirs, desired().tags)]);
    assert!(observe(&aws, false).await.unwrap().orphans.is_empty());
    assert_eq!(fake.script.log(), ["describe", "describe"]);
    // A stack that wants an organization's trail may have made this one.
    let fault = owned_by("111122223333", &fake.aws(), "mission-trail")
        .await
        .unwrap_err();
    assert!(
        fault
            .hint
            .unwrap()
            .contains("`management_account: \"999988887777\"`")
    );
    // If it becomes visible only when the trail is created.
    fake.script
        .refuse("create", 1, "TrailAlreadyExistsException", "taken");
    let fault = fake.create().await.unwrap_err();
    assert!(fault.hint.unwrap().contains("another name"));
}

#[tokio::test]
async fn a_delegated_administrators_is_the_stacks_by_its_tags() {
    let fake = Fake::default();
    visible(&fake);
    *fake.tags.lock().unwrap() = tags_of_hub("mission", "123456789012");
    let seen = owned_by(MANAGEMENT, &fake.aws(), "mission-trail").await.unwrap();
    assert_eq!(ours(&seen.wanted[0]).trail.arn, theirs());
    // Not those of a stack with the same name in the management account, or in another delegated administrator's.
    for tags in [
        desired().tags,
        tags_of_hub("mission", "111122223333"),
        tags_of_hub("other", "123456789012"),
    ] {
        *fake.tags.lock().unwrap() = tags;
        let seen = owned_by(MANAGEMENT, &fake.aws(), "mission-trail").await.unwrap();
        assert!(matches!(seen.wanted[0], Presence::Foreign(_)));
        let seen = owned_by(MANAGEMENT, &fake.aws_with(bucket()), "other")
            .await
            .unwrap();
        assert!(seen.orphans.is_empty());
    }
}

#[tokio::test]
async fn its_tags_are_those_of_a_stack_in_another_account() {
    let desired = CloudtrailTrail {
        owner: Some(MANAGEMENT.to_owned()),
        ..desired()
    };
    let here = at_hand().scope;
    assert_eq!(desired.tags_in(&here), tags_of_hub("mission", "123456789012"));
    let management = crate::aws::Scope {
        account: MANAGEMENT.to_owned(),
        ..here
    };
    assert_eq!(desired.tags_in(&management), desired.tags);
}

/// The tagging index does not list it here, but it writes to the stack's bucket.
#[tokio::test]
async fn one_that_left_the_file_is_found_by_its_bucket() {
    let fake = Fake::default();
    visible(&fake);
    *fake.tags.lock().unwrap() = tags_of_hub("mission", "123456789012");
    let seen = observe(&fake.aws_with(bucket()), false).await.unwrap();
    assert_eq!(seen.orphans[0].1.trail.arn, theirs());
    let seen = owned_by(MANAGEMENT, &fake.aws_with(bucket()), "other")
        .await
        .unwrap();
    assert_eq!(seen.wanted, [Presence::Absent]);
    assert_eq!(seen.orphans[0].1.trail.arn, theirs());
    // Without the permission, nothing around it is deleted either.
    for code in ["CloudTrailARNInvalidException", "AccessDeniedException"] {
        fake.script.refuse("list-tags", 1, code, "no");
        let fault = observe(&fake.aws_with(bucket()), false).await.unwrap_err();
        let registers = |hint: String| hint.contains("register-organization-delegated-admin");
        assert_eq!(
            fault.hint.is_some_and(registers),
            code == "CloudTrailARNInvalidException"
        );
    }
}

/// Most accounts of an organization see its trail: they ask nothing about it that is refused.
#[tokio::test]
async fn a_stack_beside_the_organizations_trail_asks_nothing_about_it() {
    let fake = Fake::default();
    visible(&fake);
    let others = vec![tagged(
        "arn:aws:s3:::another-bucket",
        owned(&node("s3-bucket", "trail")),
    )];
    assert!(
        observe(&fake.aws_with(others), false)
            .await
            .unwrap()
            .orphans
            .is_empty()
    );
    assert_eq!(fake.script.log(), ["describe"]);
}

#[tokio::test]
async fn a_trail_of_this_account_is_not_taken_for_the_organizations() {
    let fake = Fake::default();
    let trail = sdk::Trail::builder().name("mission-trail").trail_arn(ARN);
    *fake.trail.lock().unwrap() = Some(trail.home_region("eu-west-1").build());
    let fault = owned_by(MANAGEMENT, &fake.aws(), "mission-trail")
        .await
        .unwrap_err();
    assert!(fault.message.contains("this account alone"), "{fault}");
    assert!(fault.hint.unwrap().contains("another `name:`"));
    // The stack's own account may be named, too.
    let seen = owned_by("123456789012", &fake.aws(), "mission-trail")
        .await
        .unwrap();
    assert!(matches!(seen.wanted[0], Presence::Foreign(_)));
}
