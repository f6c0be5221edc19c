//! The trail of an organization that a delegated administrator of CloudTrail makes: it belongs to the management account.

use super::{Members, REGION};
use crate::support::account::{ACCOUNT, clients_of, eventually, everything};

#[tokio::test(flavor = "multi_thread")]
async fn a_delegated_administrator_makes_changes_and_deletes_the_trail_of_the_organization() {
    let members = Members::new().await;
    let Members {
        world,
        a,
        b,
        endpoint,
        ..
    } = &members;
    let told = members.management.organizations.describe_organization();
    let id = told.send().await.unwrap().organization.unwrap().id.unwrap();
    let run = |args: &[&str]| world.run_at(endpoint, a, args);
    let ok = |args: &[&str]| {
        let ran = run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.all());
        ran.all()
    };
    let trail = "trail: { organization: true, logs: true, encrypted: true, to: [ops] }\n";
    world.write(
        "stack.yaml",
        &format!(
            "stack: logs\nregion: {REGION}\nchannels: {{ ops: {{ webhook: {{ env: SLACK_WEBHOOK_URL }} }} }}\n\
             organization: {{ id: {id} }}\n{trail}"
        ),
    );
    let there = clients_of(a, endpoint, REGION).await;
    let before = everything(&there).await;

    let plan = ok(&["plan"]);
    let register = format!("aws cloudtrail register-organization-delegated-admin --member-account-id {a}");
    for said in [&register, &format!("add `management_account: \"{ACCOUNT}\"`")] {
        assert!(plan.contains(said), "{said}: {plan}");
    }
    world.edit(|stack| stack.replace(&id, &format!("{id}, management_account: \"{b}\"")));
    let plan = ok(&["plan"]);
    assert!(
        plan.contains(&format!("is managed by account {ACCOUNT}")),
        "{plan}"
    );
    world.edit(|stack| stack.replace(b, ACCOUNT));
    let plan = ok(&["plan"]);
    assert!(!plan.contains("management_account"), "{plan}");
    let refused = run(&["apply", "--yes"]);
    assert_eq!(refused.code, 1, "{}", refused.all());
    assert!(
        refused.all().contains("register-organization-delegated-admin"),
        "{}",
        refused.all()
    );

    let cloudtrail = &members.management.cloudtrail;
    let register = cloudtrail.register_organization_delegated_admin();
    register.member_account_id(a).send().await.unwrap();
    ok(&["apply", "--yes"]);
    ok(&["plan", "--detailed-exitcode"]);
    let trails = cloudtrail.describe_trails().send().await.unwrap();
    let arn = format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/logs-trail");
    assert_eq!(trails.trail_list()[0].trail_arn(), Some(arn.as_str()));
    let status = ok(&["status"]);
    assert!(status.contains("logging"), "{status}");

    // What happens in another account is in the log group of this one.
    let elsewhere = clients_of(b, endpoint, REGION).await;
    elsewhere
        .sqs
        .create_queue()
        .queue_name("seen")
        .send()
        .await
        .unwrap();
    eventually("the call of the member in the log", async || {
        let streams = there
            .logs
            .describe_log_streams()
            .log_group_name("/alertctl/logs/trail");
        let streams = streams.send().await.unwrap();
        let of_member = format!("{id}_{b}_CloudTrail_{REGION}");
        streams
            .log_streams()
            .iter()
            .any(|one| one.log_stream_name() == Some(&of_member))
    })
    .await;

    world.edit(|stack| stack.replace("logs: true,", "logs: true, prefix: p,") + "tags: { team: security }\n");
    ok(&["apply", "--yes"]);
    ok(&["plan", "--detailed-exitcode"]);
    cloudtrail.stop_logging().name(&arn).send().await.unwrap();
    let status = run(&["status"]);
    assert!(status.all().contains("not logging"), "{}", status.all());
    ok(&["apply", "--yes"]);
    ok(&["plan", "--detailed-exitcode"]);

    // A trail of another name takes its place, and the old one goes.
    world.edit(|stack| stack.replace("logs: true,", "logs: true, name: renamed,"));
    ok(&["apply", "--yes"]);
    let names = async || {
        let trails = cloudtrail.describe_trails().send().await.unwrap();
        let trails = trails.trail_list().iter();
        trails
            .map(|one| one.name().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["renamed"]);

    // The tagging index of this account does not list it: it is found by what belongs to it.
    ok(&[
        "destroy",
        "--stack",
        "logs",
        "--region",
        REGION,
        "--yes",
        "--delete-trail-logs",
    ]);
    assert_eq!(names().await, [""; 0]);
    assert_eq!(everything(&there).await, before);
}
