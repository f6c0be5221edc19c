//! Parts of an account.

use super::*;

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
}

#[tokio::test]
async fn an_account_without_anything() {
    let world = World::new();
    let (endpoint, _) = world.up();
    let ran = taken_over(&world, &endpoint, &["--stack", "empty"]).await;
    assert!(
        ran.stderr.contains("0 alarms and 0 topics in the file"),
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
