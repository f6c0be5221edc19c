//! A thousand accounts.

use super::*;

/// The accounts, and the places of every 33rd of them, which fail.
fn thousand() -> (Fake, Vec<String>) {
    let accounts: Vec<_> = (0..1_000)
        .map(|number| format!("{:012}", 200_000_000_000_u64 + number))
        .collect();
    let names: Vec<_> = accounts.iter().map(String::as_str).collect();
    (Fake::new(&[(UNIT, &names)]), accounts)
}

#[tokio::test(start_paused = true)]
async fn a_thousand_accounts_need_few_calls_and_three_percent_that_fail_are_repaired_alone() {
    let (fake, accounts) = thousand();
    let wanted = CloudformationStackSet {
        regions: ["eu-west-1", "us-east-1", "ap-northeast-2"]
            .map(str::to_owned)
            .to_vec(),
        ..desired()
    };
    {
        let mut state = fake.state.lock().unwrap();
        state.looks = 20;
        for account in accounts.iter().step_by(33) {
            let reason = format!("Account {account} has no stacksets-exec role");
            state
                .failing
                .insert((account.clone(), "us-east-1".to_owned()), reason);
        }
    }
    let fault = apply(&fake, &wanted).await.unwrap_err();
    let lines: Vec<_> = fault.message.lines().collect();
    assert_eq!(lines.len(), 2, "{fault}");
    assert_eq!(lines[0], "31 of 3000 stack instances failed; all others are done");
    let first = fake.script.log().len();
    fake.script.forget();

    let seen = see(&fake, &wanted).await;
    let plan = fake.script.log().len();
    let live = ours(&seen);
    assert_eq!(live.instances.reach(), "3000 stacks: 1000 accounts × 3 regions");
    assert_eq!(live.instances.condition(live), "of 3000: 31 outdated");

    fake.state.lock().unwrap().failing.clear();
    assert_eq!(apply(&fake, &wanted).await.unwrap(), ["instances"]);
    let repair = fake.script.log().len();
    let written = fake.written();
    assert_eq!(written.len(), 1);
    assert!(written[0].ends_with("in us-east-1"), "{written:?}");
    assert_eq!(apply(&fake, &wanted).await.unwrap(), Vec::<String>::new());
    println!("calls: first apply {first}, plan {plan}, repair {repair}");
    // A plan: the set, one page, ten pages of each region, regions side by side, twenty of the accounts that fail, and the
    // accounts of the organization.
    assert_eq!(plan, 1 + 1 + 3 * 10 + 20 + 50);
    assert!(first < 150 && repair < 60, "{first} {repair}");
}
