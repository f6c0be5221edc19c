//! Parts of an account.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::support::proxy::{Fate, Proxy};

#[tokio::test]
async fn by_name_and_by_tag() {
    let world = World::new();
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    let alerts = topic(&aws, "alerts").await;
    cpu(
        &aws,
        "shop-cpu",
        &alerts,
        &[("team", "payments"), ("stage", "prod")],
    )
    .await;
    cpu(
        &aws,
        "shop-disk",
        &alerts,
        &[("team", "payments"), ("stage", "dev")],
    )
    .await;
    cpu(&aws, "mail-cpu", &alerts, &[("team", "payments")]).await;
    let keys = |args: &[&str]| {
        let args = [
            &["import", "--local", "--region", REGION, "--stack", "shop"],
            args,
        ]
        .concat();
        let document = world.json(&args);
        let file: serde_yaml::Value = serde_yaml::from_str(document["stack_file"].as_str().unwrap()).unwrap();
        let alarms = file["alarms"].as_mapping().cloned().unwrap_or_default();
        let keys: Vec<_> = alarms
            .keys()
            .map(|key| key.as_str().unwrap().to_owned())
            .collect();
        assert_eq!(document["alarms"], keys.len());
        keys
    };
    assert_eq!(keys(&[]), ["mail-cpu", "shop-cpu", "shop-disk"]);
    assert_eq!(keys(&["--prefix", "shop-"]), ["cpu", "disk"]);
    assert_eq!(keys(&["--tag", "team=payments", "--tag", "stage=prod"]), ["cpu"]);
    assert_eq!(keys(&["--prefix", "mail", "--tag", "stage=prod"]), [""; 0]);
    let ran = taken_over(&world, &endpoint, &["--prefix", "shop-", "--stack", "shop"]).await;
    assert!(!ran.stdout.contains("mail-cpu"), "{}", ran.stdout);
    // The names that a stack would choose itself are not written.
    assert!(!ran.stdout.contains("name:"), "{}", ran.stdout);
    // A key may be renamed later: the alarm stays.
    world.edit(|file| file.replace("  cpu:\n", "  processor:\n    name: shop-cpu\n"));
    let plan = world.ok(&["plan", "--local", "--output", "json"]);
    let renamed = "update cloudwatch-alarm/processor: tags.alertctl:node";
    assert_eq!(planned(&plan.stdout).into_iter().collect::<Vec<_>>(), [renamed]);
}

#[tokio::test]
async fn an_account_without_anything() {
    let world = World::new();
    let (endpoint, _) = world.up();
    let ran = taken_over(&world, &endpoint, &["--stack", "empty"]).await;
    assert!(
        ran.stderr.contains("0 alarms, 0 rules and 0 topics in the file"),
        "{}",
        ran.all()
    );
    let wrong = world.run(&["import", "--local", "--stack", "No Stack"]);
    assert_eq!(wrong.code, 1, "{}", wrong.all());
    assert!(
        wrong.stderr.contains("choose another name with `--stack`"),
        "{}",
        wrong.all()
    );
}

/// Each permission is one that `alertctl policy --import` prints; each that is missing is told by name, and all else is there.
#[tokio::test]
async fn without_a_permission() {
    let world = World::new();
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    accounts::by_the_guides(&aws).await;
    topic(&aws, "nobody-hears-it").await;
    let policy = world.json(&["policy", "--import"]);
    let actions = policy["policies"][0]["document"]["Statement"][0]["Action"]
        .as_array()
        .unwrap();
    let actions: BTreeSet<String> = actions
        .iter()
        .map(|one| one.as_str().unwrap().to_owned())
        .collect();
    let import = ["import", "--region", REGION, "--stack", "mission"];
    let run = |refused: Option<String>| {
        let endpoint = endpoint.clone();
        let world = &world;
        // In a thread of its own, because the proxy has its own runtime.
        std::thread::scope(|scope| {
            let ran = scope.spawn(move || {
                let proxy = Proxy::judging(&endpoint, Duration::ZERO, move |_, action| {
                    match refused.as_deref() == Some(action) {
                        true => Fate::Refuse(403, "AccessDeniedException", "you may not"),
                        false => Fate::Pass,
                    }
                });
                let ran = world.run_at(&proxy.url, "000000000000", &import);
                (ran, proxy.actions())
            });
            ran.join().unwrap()
        })
    };
    let (whole, called) = run(None);
    assert_eq!(whole.code, 0, "{}", whole.all());
    let called: BTreeSet<String> = called.into_iter().collect();
    let needed: BTreeSet<String> = called
        .iter()
        .filter(|call| *call != "sts:GetCallerIdentity")
        .cloned()
        .collect();
    let unknown: Vec<_> = needed.difference(&actions).collect();
    assert_eq!(unknown, [""; 0]);
    // Topics are asked for their tags only if tags were asked for.
    let unused: Vec<_> = actions.difference(&needed).collect();
    assert_eq!(unused, ["sns:ListTagsForResource"]);
    for action in &needed {
        let (ran, _) = run(Some(action.clone()));
        assert_eq!(ran.code, 0, "{action}: {}", ran.all());
        assert!(ran.stderr.contains(action.as_str()), "{action}: {}", ran.all());
        world.write("stack.yaml", &ran.stdout);
        let valid = world.run(&["validate"]);
        assert_eq!(valid.code, 0, "{action}: {}\n{}", ran.stdout, valid.all());
        let in_comment = ran.stdout.replace("\n#", "").contains(&format!("({action}: "));
        assert!(in_comment, "{action}: {}", ran.stdout);
        // Whose an alarm is, its tags say.
        let told = ["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"];
        let has_alarms = !told.contains(&action.as_str());
        assert_eq!(
            ran.stdout.contains("\nalarms:\n"),
            has_alarms,
            "{action}: {}",
            ran.stdout
        );
    }
}
