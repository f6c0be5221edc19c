//! In which regions AWS logs what: global services and sign-ins leave their events elsewhere than home.

use super::super::model::{Preset, Rule};

/// Where the console's sign-ins may be logged: root in the first; a user in the one of these that the
/// global sign-in page chose, or in the region of a regional page.
const SIGN_IN: [&str; 4] = ["us-east-1", "us-east-2", "eu-north-1", "ap-southeast-2"];

/// Services whose calls are logged in the global region, whoever makes them and wherever.
const GLOBAL: [&str; 15] = [
    "account",
    "artifact",
    "billing",
    "billingconsole",
    "budgets",
    "ce",
    "cloudfront",
    "globalaccelerator",
    "iam",
    "organizations",
    "route53",
    "route53domains",
    "shield",
    "support",
    "waf",
];

/// Services of which a part is global and logs there (the global endpoint of STS, what protects CloudFront),
/// while the rest logs where it is.
const PARTLY_GLOBAL: [&str; 2] = ["sts", "wafv2"];

/// The region in which a partition's global services log.
pub fn global_region(home: &str) -> &'static str {
    if home.starts_with("cn-") {
        "cn-north-1"
    } else if home.starts_with("us-gov-") {
        "us-gov-west-1"
    } else {
        "us-east-1"
    }
}

/// The regions in which a partition logs sign-ins.
pub fn sign_in(home: &str) -> Vec<&'static str> {
    match global_region(home) {
        "us-east-1" => SIGN_IN.to_vec(),
        only => vec![only],
    }
}

/// Whether all of a service's calls are logged in the global region; the service as in `aws.<service>`.
pub fn is_global(service: &str) -> bool {
    GLOBAL.contains(&service)
}

/// Where a service's calls are logged besides their own region.
pub(super) fn of_service(service: &str, home: &str) -> Vec<String> {
    let source = super::services::source(service);
    if source == "signin" {
        owned(sign_in(home))
    } else if is_global(source) || PARTLY_GLOBAL.contains(&source) {
        let global = global_region(home);
        // Global Accelerator's own API is in another region than the rest.
        let accelerator = source == "globalaccelerator" && global == "us-east-1";
        owned(if accelerator {
            vec![global, "us-west-2"]
        } else {
            vec![global]
        })
    } else {
        vec![]
    }
}

/// Where the events of a preset are logged besides the region they are about.
pub(super) fn of_preset(preset: Preset, home: &str) -> Vec<String> {
    match preset {
        Preset::ConsoleSignIn | Preset::RootActivity => owned(sign_in(home)),
        Preset::IamChanges | Preset::StackChanges => owned(vec![global_region(home)]),
        Preset::SecurityGroupChanges
        | Preset::S3PolicyChanges
        | Preset::RdsLifeCycle
        | Preset::Ec2LifeCycle
        | Preset::KmsKeyDisabled
        | Preset::CloudtrailTampering => vec![],
    }
}

/// The regions besides home in which a rule must listen. A rule on a custom bus hears only home.
pub(super) fn beside(home: &str, rule: &Rule, logged: Vec<String>) -> Vec<String> {
    let mut regions: Vec<String> = vec![];
    if rule.bus.is_none() {
        for region in logged.into_iter().chain(rule.regions.iter().cloned()) {
            if region != home && !regions.contains(&region) {
                regions.push(region);
            }
        }
    }
    regions
}

fn owned(regions: Vec<&str>) -> Vec<String> {
    regions.into_iter().map(str::to_owned).collect()
}
