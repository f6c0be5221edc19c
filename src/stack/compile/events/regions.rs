//! The regions in which AWS logs events: those of global services and sign-ins are not in the stack's region.

use crate::partition::Partition;
use crate::stack::model::{Preset, Rule, Stack, What};

/// Regions that may log console sign-ins. Root: the first one. A user: the one of these that the global sign-in
/// page chose, or the region of a regional page.
const SIGN_IN: [&str; 4] = ["us-east-1", "us-east-2", "eu-north-1", "ap-southeast-2"];

/// Services whose calls are always logged in one region, whoever makes them and wherever.
const GLOBAL: [&str; 17] = [
    "account",
    "artifact",
    "billing",
    "billingconsole",
    "budgets",
    "ce",
    "cloudfront",
    "globalaccelerator",
    "iam",
    "networkmanager",
    "organizations",
    "route53",
    "route53domains",
    "shield",
    "support",
    "trustedadvisor",
    "waf",
];

/// Services with a global part that logs in the global region (the global endpoint of STS, the protection of
/// CloudFront), while the rest logs in its own region. Also services with an endpoint only in the global
/// region, for which AWS does not document where they log.
const PARTLY_GLOBAL: [&str; 7] = [
    "billingconductor",
    "cur",
    "ecr-public",
    "health",
    "savingsplans",
    "sts",
    "wafv2",
];

/// The regions in which a partition logs sign-ins.
pub fn sign_in(home: &str) -> Vec<&'static str> {
    let partition = Partition::of_region(home);
    match partition.id {
        "aws" => SIGN_IN.to_vec(),
        _ => vec![partition.iam_region],
    }
}

/// The regions in which all calls of a global service are logged; empty for other services. `service` is the
/// part after `aws.`.
pub fn of_global(service: &str, home: &str) -> Vec<&'static str> {
    if !GLOBAL.contains(&service) {
        return vec![];
    }
    let partition = Partition::of_region(home);
    match (partition.id, service) {
        ("aws", "networkmanager") => vec!["us-west-2"],
        // Its own API is in another region than the rest.
        ("aws", "globalaccelerator") => vec![partition.global_region, "us-west-2"],
        (_, "iam" | "support") => vec![partition.iam_region],
        _ => vec![partition.global_region],
    }
}

/// Further regions in which a service's calls are logged.
pub fn of_service(stack: &Stack, service: &str, home: &str) -> Vec<String> {
    let partition = Partition::of_region(home);
    match super::services::source(service) {
        "signin" => owned(sign_in(home)),
        "cloudtrail" => of_trail(stack),
        partly if PARTLY_GLOBAL.contains(&partly) && partition.id == "aws" => {
            owned(vec![partition.global_region])
        }
        source => owned(of_global(source, home)),
    }
}

/// Further regions in which the events of a preset are logged.
pub fn of_preset(stack: &Stack, preset: Preset, home: &str) -> Vec<String> {
    match preset {
        Preset::ConsoleSignIn | Preset::RootActivity => owned(sign_in(home)),
        Preset::IamChanges => owned(of_global("iam", home)),
        Preset::CloudtrailTampering => of_trail(stack),
        Preset::StackChanges => of_stack(stack, home),
        Preset::SecurityGroupChanges
        | Preset::S3PolicyChanges
        | Preset::RdsLifeCycle
        | Preset::Ec2LifeCycle
        | Preset::KmsKeyDisabled => vec![],
    }
}

/// The home region of an existing trail, if the file names it: the trail can only be changed and stopped there,
/// and such calls are logged there.
fn of_trail(stack: &Stack) -> Vec<String> {
    let region = stack.trail.as_ref().and_then(|trail| trail.home_region());
    region.map(str::to_owned).into_iter().collect()
}

/// The regions with rules, queues and alarms of the stack, and the one that logs changes of its roles. In a
/// partition where events are not forwarded between regions, the stack has nothing in other regions and does
/// not receive changes of its roles.
fn of_stack(stack: &Stack, home: &str) -> Vec<String> {
    if !Partition::of_region(home).forwards {
        return vec![];
    }
    let mut regions = owned(of_global("iam", home));
    for rule in stack.rules.values().filter(|rule| rule.bus.is_none()) {
        match &rule.what {
            What::Preset(Preset::StackChanges) | What::Pattern(_) => {}
            What::Preset(preset) => regions.extend(of_preset(stack, *preset, home)),
            What::Services(services) => {
                let logged = services.keys().map(|service| of_service(stack, service, home));
                regions.extend(logged.flatten());
            }
        }
        regions.extend(rule.regions.iter().cloned());
    }
    if stack.trail.as_ref().is_some_and(|trail| trail.keep_logging) {
        regions.extend(of_trail(stack));
    }
    regions.extend(
        stack
            .alarms_expanded()
            .into_values()
            .filter_map(|alarm| alarm.region),
    );
    regions
}

/// The further regions in which a rule must listen. A rule on a custom bus only gets events of the stack's
/// region.
pub fn beside(home: &str, rule: &Rule, logged: Vec<String>) -> Vec<String> {
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

/// A part of a stack that needs events from another region and cannot get them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deaf {
    /// Path of the key in the file that needs them.
    pub path: Vec<String>,
    /// The fact.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Stack {
    /// What cannot get its events in a stack whose own region is `home`: EventBridge forwards events between
    /// regions only in AWS's largest partition.
    pub fn deaf(&self, home: &str) -> Vec<Deaf> {
        let partition = Partition::of_region(home);
        let mut deaf = vec![];
        for (key, rule) in &self.rules {
            let compiled = self.compile(key, rule, home);
            let mut regions: Vec<String> = compiled.into_iter().flat_map(|rule| rule.regions).collect();
            regions.sort();
            regions.dedup();
            let strange = regions
                .iter()
                .find(|region| Partition::of_region(region) != partition);
            let path = vec!["rules".to_owned(), key.clone()];
            if let Some(region) = strange {
                deaf.push(Deaf {
                    path,
                    message: format!("the rule `{key}` cannot receive events of {region} in {home}"),
                    help: format!(
                        "{home} belongs to {}: no event leaves it; create a stack there",
                        partition.name
                    ),
                });
            } else if !partition.forwards && !regions.is_empty() {
                deaf.push(Deaf {
                    path,
                    message: not_handed_on(&format!("the rule `{key}`"), &regions, partition),
                    help: format!("move it to a stack of its own with `region: {}`", regions[0]),
                });
            }
        }
        let trail = self.trail.as_ref().filter(|trail| trail.keep_logging);
        let region = trail.and_then(|trail| trail.home_region());
        if let Some(region) = region.filter(|region| *region != home && !partition.forwards) {
            deaf.push(Deaf {
                path: vec!["trail".to_owned()],
                message: not_handed_on("the guard of the trail", &[region.to_owned()], partition),
                help: format!("write `keep_logging: false`, and keep a guard in a stack in {region}"),
            });
        }
        deaf
    }
}

fn not_handed_on(who: &str, regions: &[String], partition: &Partition) -> String {
    format!(
        "{who} needs events of {}, and EventBridge forwards none between the regions of {}",
        regions.join(", "),
        partition.name
    )
}
