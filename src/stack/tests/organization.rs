//! What is wrong with an organization, before AWS is asked.

use crate::stack::parse;

const HUB: &str = "
stack: hub
region: eu-central-1
channels: { ops: { webhook: { env: HOOK } } }
rules:
  iam: { preset: iam-changes, to: [ops] }
  own: { preset: stack-changes, to: [ops] }
";

/// The messages about the section `organization` with these lines, beside `more` of the file.
fn told(organization: &str, more: &str) -> Vec<String> {
    let text = format!("{HUB}{more}organization: {organization}\n");
    match parse("stack.yaml", &text) {
        Ok(loaded) => loaded
            .warnings
            .into_iter()
            .map(|problem| problem.message)
            .collect(),
        Err(problems) => problems.list.into_iter().map(|problem| problem.message).collect(),
    }
}

#[test]
fn a_whole_one_is_fine() {
    assert_eq!(
        told(
            "{ id: o-a1b2c3d4e5, ous: [r-ab12], forward: [iam, alarms], to: [ops] }",
            ""
        ),
        [""; 0]
    );
    // Only for the trail.
    assert_eq!(
        told("{ id: o-a1b2c3d4e5 }", "trail: { organization: true }\n"),
        [""; 0]
    );
    // Of a delegated administrator.
    assert_eq!(
        told(
            "{ id: o-a1b2c3d4e5, ous: [r-ab12], forward: [iam], to: [ops], delegated_admin: true, management_account: \"999988887777\" }",
            "trail: { organization: true }\n"
        ),
        [""; 0]
    );
}

#[test]
fn mistakes_are_found_before_anything_is_deployed() {
    let ous = "id: o-a1b2c3d4e5, ous: [r-ab12], to: [ops]";
    let target = |role: &str, region: &str| {
        format!(
            "{{ id: o-a1b2c3d4e5, to: [ops], forward: [alarms], targets: [{{ account: \"111111111111\", role: '{role}', \
             region: {region} }}] }}"
        )
    };
    for (organization, message) in [
        (
            "{ id: a1, ous: [r-ab12], forward: [alarms], to: [ops] }".to_owned(),
            "not the id of an organization",
        ),
        (
            "{ id: o-a1b2c3d4e5, forward: [alarms], to: [ops] }".to_owned(),
            "has no members",
        ),
        (
            "{ id: o-a1b2c3d4e5, ous: [x], forward: [alarms], to: [ops] }".to_owned(),
            "not an organizational unit",
        ),
        (
            format!("{{ {ous}, accounts: [\"111111111111\"], forward: [alarms] }}"),
            "either `ous` or `accounts`",
        ),
        (format!("{{ {ous}, forward: [] }}"), "forward nothing"),
        (format!("{{ {ous}, forward: [aim] }}"), "no rule is called `aim`"),
        (
            format!("{{ {ous}, forward: [own] }}"),
            "`stack-changes` is about this stack",
        ),
        (format!("{{ {ous}, forward: [iam, iam] }}"), "named twice"),
        (
            format!("{{ {ous}, forward: [iam], regions: [cn-north-1] }}"),
            "from which nothing reaches eu-central-1",
        ),
        (
            format!("{{ {ous}, forward: [iam], regions: [eu-central-1] }}"),
            "members have no spoke in us-east-1",
        ),
        (
            format!("{{ {ous}, forward: [iam], deploy: false }}"),
            "it is not to deploy any",
        ),
        (
            "{ id: o-a1b2c3d4e5, ous: [r-ab12], forward: [alarms] }".to_owned(),
            "nobody hears of the members' alarms",
        ),
        (target("a,b", "eu-central-1"), "may not contain `,`"),
        (target("/", "eu-central-1"), "1 to 64 characters"),
        (
            target("deploy", "cn-north-1"),
            "from which nothing reaches eu-central-1",
        ),
    ] {
        let told = told(&organization, "");
        assert!(
            told.iter().any(|one| one.contains(message)),
            "{organization}: {message}: {told:?}"
        );
    }
    let taken = told(
        "{ id: o-a1b2c3d4e5, ous: [r-ab12], forward: [alarms], to: [ops] }",
        "buses: { organization: {} }\n",
    );
    assert!(
        taken
            .iter()
            .any(|one| one.contains("the name of the bus that hears")),
        "{taken:?}"
    );
}
