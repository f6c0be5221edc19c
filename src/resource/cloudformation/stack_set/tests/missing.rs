//! Accounts that an operation passed over as a whole.

use super::*;

/// Nothing of an account is there any more, and CloudFormation knows of no failure.
fn forget(fake: &Fake, account: &str, region: Option<&str>) {
    let mut state = fake.state.lock().unwrap();
    let set = state.sets.get_mut(NAME).unwrap();
    set.instances
        .retain(|place, _| place.0 != account || region.is_some_and(|region| place.1 != region));
}

#[tokio::test(start_paused = true)]
async fn an_account_without_instances_gets_them_alone() {
    let fake = organization();
    apply(&fake, &desired()).await.unwrap();
    forget(&fake, A, None);
    let seen = see(&fake, &desired()).await;
    let live = ours(&seen);
    assert_eq!(live.instances.condition(live), "of 2: some missing in 1 accounts");
    let health = CloudformationStackSet::about(live).health.unwrap();
    assert_eq!(health.verdict, crate::resource::Verdict::Attention);
    assert_eq!(apply(&fake, &desired()).await.unwrap(), ["instances"]);
    let made = format!("create-instances {UNIT} INTERSECTION {A} in eu-west-1,us-east-1");
    assert_eq!(fake.written(), [made]);
    assert_eq!(apply(&fake, &desired()).await.unwrap(), Vec::<String>::new());
    // One of its regions is enough.
    forget(&fake, B, Some("us-east-1"));
    apply(&fake, &desired()).await.unwrap();
    let made = format!("create-instances {UNIT} INTERSECTION {B} in us-east-1");
    assert_eq!(fake.written(), [made]);
    assert_eq!(apply(&fake, &desired()).await.unwrap(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_excepted_account_and_the_management_account_lack_nothing() {
    let managing = "999999999999";
    let fake = Fake::new(&[(UNIT, &[A, B, HUB, managing])]);
    fake.state.lock().unwrap().passed_over = [managing.to_owned()].into();
    let without = CloudformationStackSet {
        targets: Targets::Units {
            ous: vec![UNIT.into()],
            except: vec![Text::from(B)],
        },
        ..desired()
    };
    apply(&fake, &without).await.unwrap();
    assert_eq!(apply(&fake, &without).await.unwrap(), Vec::<String>::new());
}

/// Whatever it is that CloudFormation does not say, it is not tried for ever.
#[tokio::test(start_paused = true)]
async fn an_account_that_is_passed_over_again_is_given_up_and_told() {
    let fake = organization();
    fake.state.lock().unwrap().passed_over = [A.to_owned()].into();
    apply(&fake, &desired()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(apply(&fake, &desired()).await.unwrap(), ["instances"]);
    }
    assert_eq!(apply(&fake, &desired()).await.unwrap(), Vec::<String>::new());
    let seen = see(&fake, &desired()).await;
    let remark = CloudformationStackSet::about(ours(&seen)).remark.unwrap();
    assert!(
        remark.contains(&format!("CloudFormation passes over {A} ")),
        "{remark}"
    );
    // Another one is another reason to try.
    forget(&fake, B, None);
    assert_eq!(apply(&fake, &desired()).await.unwrap(), ["instances"]);
}

#[tokio::test(start_paused = true)]
async fn who_may_not_list_accounts_goes_by_what_is_there() {
    let fake = organization();
    apply(&fake, &desired()).await.unwrap();
    forget(&fake, A, None);
    fake.script.refuse("accounts", 1, "AccessDeniedException", "no");
    assert_eq!(apply(&fake, &desired()).await.unwrap(), Vec::<String>::new());
}

/// Somebody who removes spokes again and again is no reason to give an account up.
#[tokio::test(start_paused = true)]
async fn an_account_whose_spokes_are_removed_gets_them_each_time() {
    let fake = organization();
    apply(&fake, &desired()).await.unwrap();
    for _ in 0..4 {
        forget(&fake, A, None);
        assert_eq!(apply(&fake, &desired()).await.unwrap(), ["instances"]);
        assert_eq!(apply(&fake, &desired()).await.unwrap(), Vec::<String>::new());
    }
}

/// Auto-deployment is on its way to an account that joined: another operation would collide, or have nothing to do.
#[tokio::test(start_paused = true)]
async fn an_account_that_joins_is_no_change_while_an_operation_is_under_way() {
    let fake = organization();
    apply(&fake, &desired()).await.unwrap();
    let joined = "444444444444";
    fake.join(UNIT, joined, "auto-deployment-1");
    let seen = see(&fake, &desired()).await;
    let live = ours(&seen);
    assert_eq!(live.instances.condition(live), instances::ALL_CURRENT);
    let about = CloudformationStackSet::about(live);
    let remark = about.remark.unwrap();
    assert!(
        remark.ends_with("; 1 account is about to get its stacks: operation auto-deployment-1 is under way"),
        "{remark}"
    );
    assert_eq!(about.health.unwrap().verdict, crate::resource::Verdict::Waiting);
    let coming = live.missing.as_ref().and_then(|missing| missing.coming.as_ref());
    let regions = ["eu-west-1", "us-east-1"].map(str::to_owned).into();
    assert_eq!(
        coming.unwrap().accounts,
        BTreeMap::from([(joined.to_owned(), regions)])
    );
    assert_eq!(apply(&fake, &desired()).await.unwrap(), Vec::<String>::new());
    assert_eq!(fake.written(), [""; 0]);

    // It ended, and passed the account over.
    fake.stop_last();
    assert_eq!(apply(&fake, &desired()).await.unwrap(), ["instances"]);
    let made = format!("create-instances {UNIT} INTERSECTION {joined} in eu-west-1,us-east-1");
    assert_eq!(fake.written(), [made]);
}

/// What a run began that ended early is waited for, not left to itself.
#[tokio::test(start_paused = true)]
async fn an_operation_of_an_earlier_run_is_waited_for() {
    let fake = organization();
    apply(&fake, &desired()).await.unwrap();
    forget(&fake, A, None);
    let aws = fake.aws();
    let seen = see(&fake, &desired()).await;
    let changes = changes(&desired(), ours(&seen), &all_known());
    let cx = step(&aws, all_known());
    let begun = desired()
        .update(ours(&seen).clone(), &changes, &cx)
        .await
        .unwrap();
    assert_eq!(begun.started.len(), 1);
    // The list of instances lags behind.
    forget(&fake, A, None);
    assert_eq!(apply(&fake, &desired()).await.unwrap(), ["instances"]);
    assert_eq!(fake.written(), [""; 0]);
    assert_eq!(apply(&fake, &desired()).await.unwrap(), Vec::<String>::new());
}
