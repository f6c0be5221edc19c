//! The life of a stack set in an AWS that others wrote: moto keeps the organization and the stack sets, and makes the
//! spokes' stacks in its members' accounts; the rest of the hub is in the local AWS.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use aws_sdk_cloudformation::types::StackSetStatus;
use serde_json::Value;

use super::{REGION, new_account};
use crate::support::account::{ACCOUNT, clients, planned};
use crate::support::python::installed;
use crate::support::{Ran, World, http};

/// moto as a program, until this is dropped.
struct Moto {
    child: Child,
    url: String,
}

impl Moto {
    fn start() -> Self {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
        let python = installed(&scripts.join("moto-requirements.txt")).join("bin/python");
        let mut child = Command::new(python)
            .arg(scripts.join("moto_server.py"))
            .arg(ACCOUNT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut url).unwrap();
        assert!(url.starts_with("http://"), "{url}");
        Self {
            child,
            url: url.trim().to_owned(),
        }
    }

    /// The names of the rules on the default bus of an account.
    fn rules(&self, account: &str, region: &str) -> Vec<String> {
        let credential = format!("AWS4-HMAC-SHA256 Credential=test/20261130/{region}/events/aws4_request");
        let headers = [
            ("x-amz-target", "AWSEvents.ListRules"),
            ("x-moto-account-id", account),
            ("authorization", &credential),
        ];
        let (status, body) = http("POST", &format!("{}/", self.url), &headers, "{}");
        assert_eq!(status, 200, "{body}");
        let told: Value = serde_json::from_str(&body).unwrap();
        let rules = told["Rules"].as_array().unwrap().iter();
        rules
            .map(|rule| rule["Name"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_set_lives_in_an_aws_of_others() {
    let world = World::new();
    let (endpoint, _) = world.up();
    let moto = Moto::start();
    let aws = clients(&moto.url, REGION).await;
    let made = aws.organizations.create_organization().send().await.unwrap();
    let id = made.organization.unwrap().id.unwrap();
    let roots = aws.organizations.list_roots().send().await.unwrap();
    let root = roots.roots()[0].id().unwrap().to_owned();
    let unit = aws.organizations.create_organizational_unit().parent_id(&root);
    let unit = unit
        .name("prod")
        .send()
        .await
        .unwrap()
        .organizational_unit
        .unwrap();
    let unit = unit.id.unwrap();
    let members = [
        new_account(&aws, "service-a", &root, &unit).await,
        new_account(&aws, "service-b", &root, &unit).await,
    ];
    world.write(
        "stack.yaml",
        &format!(
            "stack: hub\nregion: {REGION}\ntopics:\n  ops: {{ subscriptions: [{{ email: a@example.com }}] }}\nrules:\n  \
             findings: {{ pattern: {{ source: [aws.guardduty] }}, to: [ops] }}\norganization:\n  id: {id}\n  ous: [{unit}]\n  \
             except: [\"{ACCOUNT}\"]\n  regions: [{REGION}, us-east-1]\n  forward: [findings, alarms]\n  to: [ops]\n"
        ),
    );
    let run = |args: &[&str]| -> Ran {
        let endpoint_of = |service: &str| match service {
            "CLOUDFORMATION" | "ORGANIZATIONS" => moto.url.as_str(),
            _ => endpoint.as_str(),
        };
        world.run_with_services(endpoint_of, ACCOUNT, args)
    };
    let ok = |args: &[&str]| {
        let ran = run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.all());
        ran
    };

    ok(&["apply", "--yes"]);
    for account in &members {
        for region in [REGION, "us-east-1"] {
            let rules = moto.rules(account, region);
            assert!(rules.len() >= 2, "{account} {region}: {rules:?}");
        }
    }
    assert!(moto.rules(ACCOUNT, REGION).is_empty());
    let set = || async {
        let described = aws.cloudformation.describe_stack_set();
        let described = described.stack_set_name("hub-organization").send().await;
        described.unwrap().stack_set.unwrap()
    };
    let first = set().await;
    ok(&["plan", "--detailed-exitcode"]);

    world.edit(|text| text.replace("aws.guardduty", "aws.health"));
    let steps = planned(&run(&["plan", "--output", "json"]).stdout);
    let changes: Vec<_> = steps
        .iter()
        .filter(|step| step.contains("cloudformation-stack-set/"))
        .collect();
    assert!(
        matches!(changes[..], [change] if change.starts_with("update ")),
        "{steps:?}"
    );
    ok(&["apply", "--yes"]);
    assert_ne!(set().await.template_body, first.template_body);
    ok(&["plan", "--detailed-exitcode"]);

    ok(&["destroy", "--yes"]);
    for account in &members {
        assert!(moto.rules(account, REGION).is_empty());
    }
    let sets = aws.cloudformation.list_stack_sets().send().await.unwrap();
    let sets: Vec<_> = sets.summaries().iter().map(|set| set.status().cloned()).collect();
    assert_eq!(sets, [Some(StackSetStatus::Deleted)]);
}
