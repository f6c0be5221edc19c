//! The trail of an organization that a delegated administrator of CloudTrail makes: it belongs to the management account.

use std::collections::BTreeSet;

use super::{Members, REGION};
use crate::support::account::{ACCOUNT, clients_of, eventually, everything, lines};

const DESTROY: [&str; 7] = [
    "destroy",
    "--stack",
    "logs",
    "--region",
    REGION,
    "--yes",
    "--delete-trail-logs",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_delegated_administrator_makes_changes_and_deletes_the_trail_of_the_organization() {
    let members = Members::new().await;
    let Members {
        world,
        a,
        b,
        id,
        endpoint,
        ..
    } = &members;
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
    world.edit(|stack| stack.replace(id, &format!("{id}, management_account: \"{b}\"")));
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

    // A stack of the same name in the management account has a trail of the organization, too: neither touches the other's.
    let cloudtrail = &members.management.cloudtrail;
    let own = std::fs::read_to_string(world.path().join("stack.yaml")).unwrap();
    let own = own.replace(&format!(", management_account: \"{ACCOUNT}\""), "");
    world.write(
        "managements.yaml",
        &own.replace("organization: true,", "organization: true, name: managements,"),
    );
    let managements = |args: &[&str]| {
        let ran = world.run_at(endpoint, ACCOUNT, args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.all());
    };
    managements(&["apply", "managements.yaml", "--yes"]);
    let before_there = everything(&members.management).await;
    let register = cloudtrail.register_organization_delegated_admin();
    register.member_account_id(a).send().await.unwrap();
    ok(&["apply", "--yes"]);
    ok(&["plan", "--detailed-exitcode"]);
    managements(&["plan", "managements.yaml", "--detailed-exitcode"]);
    world.write("taken.yaml", &own);
    let taken = world.run_at(endpoint, ACCOUNT, &["plan", "taken.yaml", "--adopt-all"]);
    assert_eq!(taken.code, 1, "{}", taken.all());
    assert!(
        taken.all().contains(&format!("but of `logs in account {a}`")),
        "{}",
        taken.all()
    );
    let names = async || {
        let trails = cloudtrail.describe_trails().send().await.unwrap();
        let trails = trails.trail_list().iter();
        let names = trails.map(|one| one.name().unwrap().to_owned());
        names.collect::<BTreeSet<_>>()
    };
    assert_eq!(names().await, lines(["logs-trail", "managements"]));
    let arn = format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/logs-trail");
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
    assert_eq!(names().await, lines(["managements", "renamed"]));

    // What may not be read is not left behind without its bucket: nothing is deleted.
    let deregister = cloudtrail.deregister_organization_delegated_admin();
    deregister.delegated_admin_account_id(a).send().await.unwrap();
    let whole = everything(&there).await;
    let refused = run(&DESTROY);
    assert_eq!(refused.code, 1, "{}", refused.all());
    assert!(
        refused.all().contains("register-organization-delegated-admin"),
        "{}",
        refused.all()
    );
    assert_eq!(everything(&there).await, whole);
    let register = cloudtrail.register_organization_delegated_admin();
    register.member_account_id(a).send().await.unwrap();

    // The tagging index of this account does not list it: it is found by its bucket.
    ok(&DESTROY);
    assert_eq!(names().await, lines(["managements"]));
    assert_eq!(everything(&there).await, before);
    assert_eq!(everything(&members.management).await, before_there);
    managements(&["plan", "managements.yaml", "--detailed-exitcode"]);
}
