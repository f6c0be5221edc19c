use std::sync::{Arc, Mutex};

use aws_sdk_cloudformation::operation::describe_organizations_access::DescribeOrganizationsAccessOutput;
use aws_sdk_organizations::operation::describe_organization::DescribeOrganizationOutput;
use aws_sdk_organizations::types::{Organization, OrganizationFeatureSet};
use aws_smithy_mocks::{RuleMode, mock, mock_client};

use super::*;
use crate::resource::tests::script::Script;

const HUB: &str = "123456789012";
const MANAGEMENT: &str = "999999999999";

/// An organization: its management account, its features, and whether StackSets has access.
struct Fake {
    management: &'static str,
    features: OrganizationFeatureSet,
    access: OrganizationStatus,
}

const GOOD: Fake = Fake {
    management: MANAGEMENT,
    features: OrganizationFeatureSet::All,
    access: OrganizationStatus::Enabled,
};

fn wanted() -> Use {
    Use {
        id: "o-a1b2c3d4e5".into(),
        by_units: true,
        call_as: CallAs::DelegatedAdmin,
        regions: ["eu-west-1".to_owned()].into(),
        others: [MANAGEMENT.to_owned()].into(),
    }
}

async fn check(fake: Fake, wanted: &Use, script: &Script) -> Option<String> {
    let fake = Arc::new(Mutex::new(fake));
    let (organization, access) = (fake.clone(), fake);
    let organization = script.rule(
        "organization",
        mock!(aws_sdk_organizations::Client::describe_organization),
        |_| String::new(),
        move |_| {
            let fake = organization.lock().unwrap();
            let found = Organization::builder()
                .id("o-a1b2c3d4e5")
                .master_account_id(fake.management)
                .feature_set(fake.features.clone());
            DescribeOrganizationOutput::builder()
                .organization(found.build())
                .build()
        },
    );
    let access = script.rule(
        "access",
        mock!(aws_sdk_cloudformation::Client::describe_organizations_access),
        |r| r.call_as().map_or("-", |role| role.as_str()).to_owned(),
        move |_| {
            let status = access.lock().unwrap().access.clone();
            DescribeOrganizationsAccessOutput::builder()
                .status(status)
                .build()
        },
    );
    let aws = Aws::mocked(Vec::new(), |clients| {
        clients.organizations = mock_client!(aws_sdk_organizations, RuleMode::MatchAny, [&organization]);
        clients.cloudformation = mock_client!(aws_sdk_cloudformation, RuleMode::MatchAny, [&access]);
    });
    unmet(&aws, wanted).await.unwrap()
}

async fn says(fake: Fake, wanted: &Use, words: &[&str]) {
    let text = check(fake, wanted, &Script::default()).await.unwrap_or_default();
    for word in words {
        assert!(text.contains(word), "{word} is not in: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_organization_that_is_ready_is_no_warning() {
    let script = Script::default();
    assert_eq!(check(GOOD, &wanted(), &script).await, None);
    assert_eq!(script.log(), ["organization", "access DELEGATED_ADMIN"]);
    let by_accounts = Use {
        by_units: false,
        ..wanted()
    };
    let script = Script::default();
    assert_eq!(check(GOOD, &by_accounts, &script).await, None);
    assert_eq!(script.log(), ["organization"]);
}

#[tokio::test(start_paused = true)]
async fn each_lack_is_told_with_the_command_that_mends_it() {
    let off = Fake {
        access: OrganizationStatus::Disabled,
        ..GOOD
    };
    says(
        off,
        &wanted(),
        &["aws cloudformation activate-organizations-access", MANAGEMENT],
    )
    .await;
    let billing = Fake {
        features: OrganizationFeatureSet::ConsolidatedBilling,
        ..GOOD
    };
    says(billing, &wanted(), &["aws organizations enable-all-features"]).await;
    let own = Use {
        call_as: CallAs::Own,
        ..wanted()
    };
    says(
        GOOD,
        &own,
        &["delegated_admin: true", "register-delegated-administrator", HUB],
    )
    .await;
    let manages = Fake {
        management: HUB,
        ..GOOD
    };
    says(manages, &wanted(), &["remove `organization.delegated_admin`"]).await;
    let other = Use {
        id: "o-zzzzzzzzzz".into(),
        ..wanted()
    };
    says(GOOD, &other, &["o-a1b2c3d4e5", "o-zzzzzzzzzz"]).await;
    let unreached = Use {
        others: BTreeSet::new(),
        ..wanted()
    };
    says(GOOD, &unreached, &["organization.targets", MANAGEMENT]).await;
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_no_administrator_or_in_no_organization_is_told() {
    let script = Script::default();
    let text = "Account used is not a delegated administrator";
    script.refuse("access", 1, "ValidationError", text);
    let unmet = check(GOOD, &wanted(), &script).await.unwrap();
    assert!(unmet.contains(PRINCIPAL) && unmet.contains(MANAGEMENT), "{unmet}");
    script.refuse("organization", 1, "AWSOrganizationsNotInUseException", "");
    let unmet = check(GOOD, &wanted(), &script).await.unwrap();
    assert!(unmet.contains("create-organization"), "{unmet}");
}
