//! A ciphertext is for one function: another one is told of before a deployment, or makes the stack not ready.

use std::time::Duration;

use super::{REGION, URL};
use crate::support::World;
use crate::support::account::ACCOUNT;
use crate::support::proxy::{Fate, Proxy};

/// If KMS refuses the function, this is reported before a deployment, and the stack is never called ready.
#[test]
fn a_ciphertext_knows_the_function_it_was_made_for() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let at = |world: &World, url: &str, args: &[&str]| world.run_at(url, ACCOUNT, args);
    let ok = |world: &World, args: &[&str]| {
        let ran = at(world, &endpoint, args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.all());
        ran
    };
    world.set("HOOK", URL);
    let encrypt = ["encrypt-hook", "stack.yaml", "--channel", "project", "--write"];
    let encrypt_again = [&encrypt[..], &["--env", "HOOK", "--yes"]].concat();
    ok(&world, &encrypt_again);
    let ready = ok(&world, &["apply", "--yes", "--wait"]);
    assert!(ready.stderr.contains("everything is ready"), "{}", ready.stderr);
    let status = |url: &str| {
        let ran = at(&world, url, &["status", "--output", "json"]);
        serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap()
    };
    let well = status(&endpoint);
    assert_eq!(
        (&well["ready"], &well["webhooks"][0]["decrypts"]),
        (&true.into(), &"yes".into())
    );
    // A caller who may not ask KMS is told so, instead of getting a false success.
    let proxy = Proxy::judging(&endpoint, Duration::ZERO, |_, action| match action {
        "kms:ReEncrypt" => Fate::Refuse(400, "AccessDeniedException", "User is not authorized"),
        _ => Fate::Pass,
    });
    assert_eq!(status(&proxy.url)["webhooks"][0]["decrypts"], "not_checked");
    let open = at(&world, &proxy.url, &["apply", "--yes", "--wait"]);
    assert_eq!(open.code, 0, "{}", open.all());
    assert!(
        open.stderr.contains(
            "everything else is ready; could not check whether the addresses of `project` can be decrypted"
        ),
        "{}",
        open.stderr
    );

    // The relay is renamed: an error in the file, with its place and the command that fixes it.
    world.edit(|text| text.replace("mission-lambda\n", "renamed\n"));
    let command = format!("alertctl {}", encrypt.join(" "));
    for args in [&["validate"][..], &["plan"], &["apply", "--yes"], &["status"]] {
        let ran = at(&world, &endpoint, args);
        assert_eq!(ran.code, 1, "{args:?}: {}", ran.all());
        for part in [
            "the address of channel `project` was encrypted for `mission-lambda`, not for `renamed`",
            "the relay is called `renamed`",
            &command,
        ] {
            assert!(ran.stderr.contains(part), "{args:?}: {part}: {}", ran.stderr);
        }
    }
    // A file of an earlier version does not contain the function's name; the account does.
    let said = std::fs::read_to_string(world.path().join("stack.yaml")).unwrap();
    world.edit(|text| text.replace(", for: mission-lambda", ""));
    ok(&world, &["validate"]);
    let ran = at(&world, &endpoint, &["plan", "--output", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    let error = serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap()["errors"][0].clone();
    let message = error["message"].as_str().unwrap();
    assert!(
        message.ends_with("`mission-lambda` holds this ciphertext now"),
        "{error}"
    );
    assert_eq!(error["help"], format!("run `{command}`"));
    let line = said
        .lines()
        .position(|line| line.contains("webhook: { encrypted:"))
        .unwrap()
        + 1;
    assert_eq!(error["line"], line, "{error}");
    // That command fixes it.
    world.write("stack.yaml", &said);
    ok(&world, &encrypt_again);
    let ready = ok(&world, &["apply", "--yes", "--wait"]);
    assert!(ready.stderr.contains("everything is ready"), "{}", ready.stderr);
}

/// The error appears where neither the file nor the account could show it earlier.
#[test]
fn what_a_function_cannot_decrypt_is_not_ready() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    world.set("HOOK", URL);
    let run = |world: &World, args: &[&str]| world.run_at(&endpoint, ACCOUNT, args);
    let made = run(&world, &["encrypt-hook", "--env", "HOOK", "--write", "--yes"]);
    assert_eq!(made.code, 0, "{}", made.all());
    world.edit(|text| {
        text.replace(", for: mission-lambda", "")
            .replace("mission-lambda\n", "renamed\n")
    });
    let ran = run(&world, &["apply", "--yes", "--wait"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    for part in [
        "not ready: the address of channel `project`: `renamed` cannot decrypt it",
        "encrypted for another function than `renamed`",
        "`alertctl encrypt-hook stack.yaml --channel project --write",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("everything is ready"), "{}", ran.stderr);
    let ran = run(&world, &["status"]);
    assert!(
        ran.stdout.contains("failed     address/project"),
        "{}",
        ran.stdout
    );
    let ran = run(&world, &["status", "--output", "json"]);
    let status: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&status["ready"], &status["webhooks"][0]["decrypts"]),
        (&false.into(), &"no".into())
    );
    let by_name = ["status", "--stack", "mission", "--region", REGION, "--wait"];
    assert_eq!(run(&world, &by_name).code, 1);
    // The whole stack is destroyed, so its ciphertexts need not be valid.
    world.edit(|text| text.replace("encrypted: ", "for: nobody, encrypted: "));
    assert_eq!(run(&world, &["destroy", "--yes"]).code, 0);
}
