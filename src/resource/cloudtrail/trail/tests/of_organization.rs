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
        .is_organization_trail(true);
    *fake.trail.lock().unwrap() = Some(trail.build());
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
    let fake = Fake::default();
    let theirs = ARN.replace("123456789012", "999988887777");
    let trail = sdk::Trail::builder()
        .name("mission-trail")
        .trail_arn(&theirs)
        .home_region("eu-west-1")
        .is_organization_trail(true);
    *fake.trail.lock().unwrap() = Some(trail.build());
    let fault = observe(&fake.aws(), true).await.unwrap_err();
    assert!(fault.message.contains("belongs to another account"), "{fault}");
    let hint = fault.hint.unwrap();
    assert!(hint.contains("another name") && hint.contains(&format!("existing: {theirs}")));
    // Even if the tagging index says that it is ours: its own tags decide.
    let aws = fake.aws_with(vec![tagged(&theirs, desired().tags)]);
    assert!(observe(&aws, false).await.unwrap().orphans.is_empty());
    assert_eq!(
        fake.script.log(),
        ["describe", "describe", &format!("list-tags {theirs}")]
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
    *fake.tags.lock().unwrap() = desired().tags;
    let seen = owned_by(MANAGEMENT, &fake.aws(), "mission-trail").await.unwrap();
    assert_eq!(ours(&seen.wanted[0]).trail.arn, theirs());
    // Of another name, it is what is left of an earlier one, though the tagging index here does not list it.
    let seen = owned_by(MANAGEMENT, &fake.aws(), "other").await.unwrap();
    assert_eq!(seen.wanted, [Presence::Absent]);
    assert_eq!(seen.orphans[0].1.trail.arn, theirs());
    fake.tags.lock().unwrap().clear();
    let seen = owned_by(MANAGEMENT, &fake.aws(), "mission-trail").await.unwrap();
    assert!(matches!(seen.wanted[0], Presence::Foreign(_)));
    let seen = owned_by(MANAGEMENT, &fake.aws(), "other").await.unwrap();
    assert!(seen.orphans.is_empty());
}

/// Without a trail in the file, its bucket says that there was one.
#[tokio::test]
async fn one_that_left_the_file_is_found_by_its_bucket() {
    let fake = Fake::default();
    visible(&fake);
    *fake.tags.lock().unwrap() = desired().tags;
    let bucket = || {
        vec![tagged(
            "arn:aws:s3:::mission-trail-1",
            owned(&node("s3-bucket", "trail")),
        )]
    };
    let seen = observe(&fake.aws_with(bucket()), false).await.unwrap();
    assert_eq!(seen.orphans[0].1.trail.arn, theirs());
    // To whoever is no delegated administrator, it is nobody's.
    for code in ["CloudTrailARNInvalidException", "AccessDeniedException"] {
        fake.script.refuse("list-tags", 1, code, "no");
        let seen = observe(&fake.aws_with(bucket()), false).await.unwrap();
        assert!(seen.orphans.is_empty());
    }
    fake.script
        .refuse("list-tags", 1, "OperationNotPermittedException", "no");
    observe(&fake.aws_with(bucket()), false).await.unwrap_err();
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
