//! Operations that fail in some places.

use std::cell::RefCell;
use std::rc::Rc;

use super::*;
use crate::resource::Verdict;

fn fail(fake: &Fake, places: &[(&str, &str)], reason: &str) {
    let mut state = fake.state.lock().unwrap();
    state.failing.clear();
    for (account, region) in places {
        let reason = reason.replace("{account}", account).replace("{region}", region);
        state
            .failing
            .insert(((*account).to_owned(), (*region).to_owned()), reason);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_in_one_place_is_told_and_repaired_there_alone() {
    let fake = organization();
    let reason = "Account {account} should have 'stacksets-exec' role in {region}";
    fail(&fake, &[(A, "us-east-1"), (B, "us-east-1")], reason);
    let fault = apply(&fake, &desired()).await.unwrap_err();
    assert_eq!(
        fault.message,
        format!(
            "2 of 4 stack instances failed; all others are done\n    Account {{account}} should have 'stacksets-exec' role in \
             {{region}}: {A} (us-east-1), {B} (us-east-1)"
        )
    );
    let help = fault.help();
    assert!(
        help.contains("--call-as DELEGATED_ADMIN") && help.contains("alertctl apply"),
        "{help}"
    );

    let seen = see(&fake, &desired()).await;
    let live = ours(&seen);
    let difference = changes(&desired(), live, &all_known());
    assert_eq!(names(&difference), ["instances"]);
    let text = format!("{difference:?}");
    assert!(text.contains("of 4: 2 outdated"), "{text}");
    let health = CloudformationStackSet::about(live).health.unwrap();
    assert_eq!(health.verdict, Verdict::Attention);
    assert_eq!(health.text, "4 stacks: 2 accounts × 2 regions; of 4: 2 outdated");

    fail(&fake, &[(B, "us-east-1")], reason);
    apply(&fake, &desired()).await.unwrap_err();
    assert_eq!(
        fake.written(),
        [format!("update {UNIT} INTERSECTION {A},{B} in us-east-1")]
    );
    fail(&fake, &[], "");
    assert_eq!(apply(&fake, &desired()).await.unwrap(), ["instances"]);
    assert_eq!(
        fake.written(),
        [format!("update {UNIT} INTERSECTION {B} in us-east-1")]
    );
    assert_eq!(apply(&fake, &desired()).await.unwrap(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn the_same_repair_again_is_another_operation() {
    let fake = organization();
    fail(&fake, &[(A, "us-east-1")], "denied by a policy");
    for _ in 0..3 {
        apply(&fake, &desired()).await.unwrap_err();
    }
    let state = fake.state.lock().unwrap();
    let ids: Vec<_> = state.sets[NAME]
        .operations
        .iter()
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
    assert!(ids[1].ends_with("-1") && ids[2].ends_with("-2"), "{ids:?}");
    assert_eq!(
        ids[1].rsplit_once('-').unwrap().0,
        ids[2].rsplit_once('-').unwrap().0
    );
    assert!(ids.iter().all(|id| id.len() <= 128));
}

#[tokio::test(start_paused = true)]
async fn roles_that_were_just_made_get_two_minutes() {
    let fake = organization();
    fail(
        &fake,
        &[(A, "us-east-1")],
        "Account gate: AccountGate check failed",
    );
    let begun = tokio::time::Instant::now();
    let healed = fake.clone();
    let heal = async {
        tokio::time::sleep(std::time::Duration::from_secs(15)).await;
        healed.state.lock().unwrap().failing.clear();
    };
    let wanted = desired();
    let (done, ()) = futures::future::join(apply(&fake, &wanted), heal).await;
    done.unwrap();
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());

    fail(&fake, &[(A, "us-east-1")], "AccountGate check failed");
    let changed = CloudformationStackSet {
        description: "another".into(),
        ..desired()
    };
    let begun = tokio::time::Instant::now();
    apply(&fake, &changed).await.unwrap_err();
    assert!(begun.elapsed().as_secs() < 180, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_inoperable_instance_is_taken_away_and_made_anew() {
    let fake = organization();
    apply(&fake, &desired()).await.unwrap();
    {
        let mut state = fake.state.lock().unwrap();
        let instances = &mut state.sets.get_mut(NAME).unwrap().instances;
        let place = (B.to_owned(), "eu-west-1".to_owned());
        instances.get_mut(&place).unwrap().status =
            aws_sdk_cloudformation::types::StackInstanceStatus::Inoperable;
    }
    assert_eq!(apply(&fake, &desired()).await.unwrap(), ["instances"]);
    assert_eq!(
        fake.written(),
        [
            format!("delete-instances {UNIT} INTERSECTION {B} in eu-west-1"),
            format!("create-instances {UNIT} INTERSECTION {B} in eu-west-1"),
        ]
    );
    assert_eq!(apply(&fake, &desired()).await.unwrap(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_account_that_left_the_organization_is_told_and_given_up() {
    let fake = organization();
    apply(&fake, &desired()).await.unwrap();
    {
        use aws_sdk_cloudformation::types::StackInstanceStatus;
        let mut state = fake.state.lock().unwrap();
        state.units.get_mut(UNIT).unwrap().retain(|account| account != A);
        let place = (A.to_owned(), "us-east-1".to_owned());
        let instances = &mut state.sets.get_mut(NAME).unwrap().instances;
        instances.get_mut(&place).unwrap().status = StackInstanceStatus::Outdated;
    }
    let live = ours(&see(&fake, &desired()).await).clone();
    assert_eq!(
        live.instances.condition(&live),
        "of 4: 2 in accounts that left the organization"
    );
    assert_eq!(apply(&fake, &desired()).await.unwrap(), ["instances"]);
    assert_eq!(
        fake.written(),
        [format!(
            "delete-instances {UNIT} INTERSECTION {A} in eu-west-1,us-east-1 retained"
        )]
    );
}

#[tokio::test(start_paused = true)]
async fn a_suspended_account_is_told_and_is_no_difference() {
    let fake = organization();
    apply(&fake, &desired()).await.unwrap();
    {
        use aws_sdk_cloudformation::types::{
            StackDriftStatus, StackInstanceDetailedStatus, StackInstanceStatus,
        };
        let mut state = fake.state.lock().unwrap();
        let instances = &mut state.sets.get_mut(NAME).unwrap().instances;
        let mut all: Vec<_> = instances.values_mut().collect();
        all[0].status = StackInstanceStatus::Outdated;
        all[0].detailed = StackInstanceDetailedStatus::SkippedSuspendedAccount;
        all[3].drift = Some(StackDriftStatus::Drifted);
    }
    assert_eq!(apply(&fake, &desired()).await.unwrap(), Vec::<String>::new());
    let about = CloudformationStackSet::about(ours(&see(&fake, &desired()).await));
    let remark = about.remark.unwrap();
    assert!(
        remark.contains("1 in suspended accounts") && remark.contains("1 were changed by hand"),
        "{remark}"
    );
    assert_eq!(about.health.unwrap().verdict, Verdict::Attention);
}

#[tokio::test(start_paused = true)]
async fn a_long_operation_says_how_far_it_is_and_a_stuck_one_is_left_alone() {
    let fake = organization();
    fake.state.lock().unwrap().looks = 1_000_000;
    let aws = fake.aws();
    let said = Rc::new(RefCell::new(Vec::new()));
    let mut cx = step(&aws, all_known());
    let listener = said.clone();
    cx.on_progress = Box::new(move |text| listener.borrow_mut().push(text.to_owned()));
    let live = desired().create(&cx).await.unwrap();
    let fault = desired().settle(&live, &cx).await.unwrap_err();
    assert!(fault.is(&["Timeout"]), "{fault}");
    let help = fault.help();
    assert!(
        help.contains("stop-stack-set-operation") && help.contains("36 hours"),
        "{help}"
    );
    let said = said.borrow();
    assert_eq!(said[0], "0 of 4 (accounts × regions) done");
    let calls = fake.script.log().len();
    assert!(calls < 1_200, "{calls} calls in an hour");
}

#[test]
fn reasons_are_grouped_and_few() {
    let aws = Aws::mocked(Vec::new(), |_| ());
    let set = desired();
    let failures: Vec<_> = (0..40)
        .map(|number| failures::Failure {
            account: format!("{number:012}"),
            region: "eu-west-1".into(),
            reason: match number {
                0..20 => {
                    format!("{number:012} is denied (request 12345678-1234-1234-1234-1234567890{number:02})")
                }
                _ => format!("reason {number}"),
            },
            operation: "x".into(),
        })
        .collect();
    let fault = failures::fault(&set.set(&aws), &failures, 900, "all others are done", "again");
    let lines: Vec<_> = fault.message.lines().collect();
    assert_eq!(lines.len(), 12, "{}", fault.message);
    assert_eq!(lines[0], "40 of 900 stack instances failed; all others are done");
    assert!(
        lines[1].contains("{account} is denied (request …)") && lines[1].ends_with("and 15 more accounts"),
        "{}",
        lines[1]
    );
    assert_eq!(lines[11], "    and 11 more reasons");
}
