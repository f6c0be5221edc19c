//! The CloudTrail trail: bucket, delivery to CloudWatch Logs, and the guard that keeps it logging.

use std::collections::{BTreeMap, BTreeSet};

use alertctl_relay::{DUTY, TRAIL};
use serde_json::{Value, json};

use super::environment::plain;
use super::function::{Duty, Function};
use super::organization::may_name_accounts;
use super::roles::Role;
use super::targets::bare_target;
use super::wiring::Wiring;
use super::{Addresses, Build};
use crate::aws::Text;
use crate::aws::policy::{Policy, Statement};
use crate::resource::cloudtrail::trail::{self, CloudtrailTrail, Selectors};
use crate::resource::eventbridge::rule::{RuleState, Trigger};
use crate::resource::iam::role_policy::IamRolePolicy;
use crate::resource::kms::key::KmsKey;
use crate::resource::lambda::permission::LambdaPermission;
use crate::resource::logs::log_group::LogGroup;
use crate::resource::precondition::Precondition;
use crate::resource::s3::bucket::S3Bucket;
use crate::resource::s3::bucket_policy::S3BucketPolicy;
use crate::resource::sns::topic::SnsTopic;
use crate::resource::{NodeId, Ref};
use crate::stack::{
    DeadLetterQueue, EventSelectors, ManagementEvents, OwnTrail, Trail, TrailBucket, TrailLogs, TrailSource,
};

/// The key of the trail's resources in the graph; there is one trail per stack.
pub(super) const TRAIL_KEY: &str = "trail";
pub(super) const GUARD: &str = "trail.guard";
/// Timeout of the guard in seconds: it reads the status, starts the trail and notifies.
const GUARD_TIMEOUT: i32 = 30;

impl Build<'_> {
    /// Adds the trail with everything it needs, or a precondition for an existing one; returns the rule of the
    /// guard.
    pub(super) fn trail(
        &mut self,
        key: Option<&Ref<KmsKey>>,
        topics: &BTreeMap<String, Ref<SnsTopic>>,
        addresses: &Addresses,
    ) -> Option<Wiring> {
        let Some(trail) = &self.stack.trail else {
            self.expect_trails(true);
            return None;
        };
        match &trail.source {
            TrailSource::Existing(name) => {
                self.graph.require(Precondition::Trail {
                    name_or_arn: name.clone(),
                    guarded: trail.keep_logging,
                });
                self.expect_trails(false);
            }
            TrailSource::Own(own) => self.own_trail(trail, own, key),
        }
        // Another account's trail is stopped in that account, and can only be restarted there.
        let foreign = match (trail.account(), self.account) {
            (Some(theirs), Some(ours)) => theirs != ours,
            _ => false,
        };
        (trail.keep_logging && !foreign).then(|| self.guard(trail, key, topics, addresses))
    }

    /// Rules on events that trails log need a trail in their region: in the stack's own region (if `at_home`)
    /// and in the others.
    fn expect_trails(&mut self, at_home: bool) {
        let rules = self.rules.iter().filter(|rule| rule.needs_trail());
        let mut regions: BTreeSet<_> = rules.clone().flat_map(|rule| rule.regions.clone()).collect();
        if at_home && rules.count() > 0 {
            regions.insert(self.home.to_owned());
        }
        if !regions.is_empty() {
            self.graph.require(Precondition::AnyTrail {
                regions,
                beside_a_trail: !at_home,
            });
        }
    }

    fn own_trail(&mut self, trail: &Trail, own: &OwnTrail, key: Option<&Ref<KmsKey>>) {
        let owner = self.names.trail_owner(own).map(str::to_owned);
        if let Some(organization) = self.names.organization_of(own) {
            self.graph.require(Precondition::OrganizationTrail {
                organization: organization.id.clone(),
                management_account: owner.clone(),
            });
        }
        let arn = self.names.trail_arn(trail);
        let (bucket_name, policy) = self.bucket(own, &arn);
        let logs = self.stack.trail_logs().map(|logs| self.delivery(own, &logs));
        let mut after: Vec<NodeId> = policy.into_iter().collect();
        let logs = logs.map(|(logs, nodes)| {
            after.extend(nodes);
            logs
        });
        self.graph.add_after(
            TRAIL_KEY,
            CloudtrailTrail {
                name: self.names.trail(own),
                bucket_name,
                prefix: own.prefix.clone(),
                multi_region: own.multi_region,
                organization: own.organization,
                owner,
                log_file_validation: own.log_file_validation,
                kms_key: key.filter(|_| own.encrypted).cloned(),
                logs,
                selectors: selectors(&own.selectors),
                tags: self.tags::<CloudtrailTrail>(TRAIL_KEY),
            },
            after,
        );
    }

    /// The bucket's name and, if the stack owns the bucket, the policy that the trail depends on.
    fn bucket(&mut self, own: &OwnTrail, trail: &Text) -> (Text, Option<NodeId>) {
        let (name, expire_after_days) = match &own.bucket {
            TrailBucket::Existing(name) => return (name.as_str().into(), None),
            TrailBucket::Own {
                name,
                expire_after_days,
            } => (name.clone(), *expire_after_days),
        };
        let name = name.unwrap_or_else(|| self.stack.default_name("trail-{account}"));
        let name = Text::with_account(&name);
        let bucket = self.graph.add(
            TRAIL_KEY,
            S3Bucket {
                name: name.clone(),
                expire_after_days,
                tags: self.tags::<S3Bucket>(TRAIL_KEY),
            },
        );
        let policy = self.graph.add(
            TRAIL_KEY,
            S3BucketPolicy {
                bucket,
                policy: self.bucket_policy(&name, own, trail),
            },
        );
        (name, Some(policy.id().clone()))
    }

    /// CloudTrail may write the log files of this trail, and all access must use TLS. Source: AWS CloudTrail User
    /// Guide, "Amazon S3 bucket policy for CloudTrail".
    fn bucket_policy(&self, bucket: &Text, own: &OwnTrail, trail: &Text) -> Policy {
        let arn = Text::bare_arn("s3", bucket.clone());
        let prefix = own
            .prefix
            .as_ref()
            .map_or_else(String::new, |prefix| format!("{prefix}/"));
        let files = Text::concat([
            arn.clone(),
            format!("/{prefix}AWSLogs/").into(),
            Text::account().of_account(self.names.trail_owner(own)),
            "/*".into(),
        ]);
        // The members' files are not beside those of the trail's own account.
        // <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>
        let of_members = self.names.organization_of(own);
        let of_members = of_members.map(|of| arn.clone().then(format!("/{prefix}AWSLogs/{}/*", of.id)));
        let cloudtrail = |statement: Statement| {
            let statement = statement.service("cloudtrail.amazonaws.com");
            statement.when("StringEquals", "aws:SourceArn", trail.clone())
        };
        Policy::of([
            cloudtrail(Statement::allow("CloudTrailReadsAcl", &["s3:GetBucketAcl"])).on(arn.clone()),
            of_members
                .into_iter()
                .fold(
                    cloudtrail(Statement::allow("CloudTrailWrites", &["s3:PutObject"])),
                    Statement::on,
                )
                .on(files)
                .when("StringEquals", "s3:x-amz-acl", "bucket-owner-full-control"),
            Statement::deny_anyone("OnlyTls", &["s3:*"])
                .on(arn.clone())
                .on(arn.then("/*"))
                .when("Bool", "aws:SecureTransport", "false"),
        ])
    }

    /// The log group that the trail writes to, and the role it writes with.
    fn delivery(&mut self, own: &OwnTrail, logs: &TrailLogs) -> (trail::TrailLogs, [NodeId; 2]) {
        let name = self.names.trail_log_group(logs);
        let log_group = self.graph.add(
            TRAIL_KEY,
            LogGroup {
                name: name.clone(),
                retention_days: logs.retention_days,
                tags: self.tags::<LogGroup>(TRAIL_KEY),
            },
        );
        self.trail_log_group = Some(log_group.clone());
        let role = self.role(
            TRAIL_KEY,
            Role {
                name: self.names.role("trail-logs"),
                description: format!("alertctl stack {}: trail to CloudWatch Logs", self.stack.stack),
                trust: Statement::allow("CloudTrail", &["sts:AssumeRole"])
                    .service("cloudtrail.amazonaws.com"),
                region: None,
            },
        );
        let stream = |account: Text, rest: Text| {
            let group = Text::arn("logs", format!("log-group:{name}:log-stream:"));
            Text::concat([group, account, rest])
        };
        // CloudTrail's naming scheme for log streams. Which account they are named after if a delegated administrator made the
        // trail is not documented.
        let of_trail = || Text::concat(["_CloudTrail_".into(), Text::region(), "*".into()]);
        let streams = [
            Some(stream(Text::account(), of_trail())),
            self.names
                .trail_owner(own)
                .map(|owner| stream(owner.into(), of_trail())),
            self.names
                .organization_of(own)
                .map(|of| stream(of.id.as_str().into(), "_*".into())),
        ];
        let deliver = Statement::allow("DeliverTrail", &["logs:CreateLogStream", "logs:PutLogEvents"]);
        let deliver = streams.into_iter().flatten().fold(deliver, Statement::on);
        let policy = self.graph.add(
            TRAIL_KEY,
            IamRolePolicy {
                role: role.clone(),
                name: "deliver".to_owned(),
                policy: Policy::of([deliver]),
            },
        );
        let logs = trail::TrailLogs {
            log_group_arn: log_group.arn(),
            role_arn: role.arn(),
        };
        (logs, [log_group.id().clone(), policy.id().clone()])
    }

    /// Adds the function that restarts a stopped trail and reports who stopped it.
    fn guard(
        &mut self,
        trail: &Trail,
        key: Option<&Ref<KmsKey>>,
        topics: &BTreeMap<String, Ref<SnsTopic>>,
        addresses: &Addresses,
    ) -> Wiring {
        let arn = self.names.trail_arn(trail);
        let name = self.names.guard_function(trail);
        let mut environment = plain([(DUTY, "guard".into()), (TRAIL, arn.clone())]);
        environment.extend(self.destinations(&trail.to, addresses));
        let mut may = self.may_notify(&trail.to, key);
        may.push(
            Statement::allow(
                "KeepLogging",
                &["cloudtrail:StartLogging", "cloudtrail:GetTrailStatus"],
            )
            .on(arn),
        );
        may.extend(may_name_accounts(self.stack));
        let function = self.function(Duty {
            key: GUARD.to_owned(),
            description: format!("alertctl stack {}: keeps the trail logging", self.stack.stack),
            memory_mb: trail.guard.memory,
            timeout: GUARD_TIMEOUT,
            environment,
            kms_key: self.for_addresses(&trail.to, key),
            policy_name: "allow-lambda-start-trail-logging",
            may,
            policy_after: key.map(|key| key.id().clone()).into_iter().collect(),
            dead_letter_senders: Some(Vec::new()),
            to: trail.to.clone(),
            queues: self.queues(&trail.to),
            works_off: false,
            reserved_concurrency: None,
            name: name.clone(),
        });
        let rule = self.names.default_rule("keep-logging");
        let notified = self
            .topics_in(&trail.to)
            .filter_map(|topic| Some(topics.get(topic)?.id().clone()));
        let after: Vec<_> = notified.chain(function.after.iter().cloned()).collect();
        // If the trail's home is another region, its events arrive on a separate bus.
        let bus = self.names.arrivals(GUARD);
        let buses = [
            (GUARD.to_owned(), "alertctl-keep-logging", None),
            (
                format!("{GUARD}.regions"),
                "alertctl-keep-logging-regions",
                Some(bus.as_str()),
            ),
        ];
        let far = self.far_home(trail).is_some();
        let mut permissions = Vec::new();
        for (key, statement_id, bus) in buses.into_iter().filter(|(.., bus)| far || bus.is_none()) {
            let permission = self.graph.add_after(
                key,
                LambdaPermission {
                    function: function.function.clone(),
                    statement_id: statement_id.to_owned(),
                    principal: "events.amazonaws.com",
                    source_arn: self.rule_arn(bus, &rule, None),
                },
                after.clone(),
            );
            permissions.push(permission.id().clone());
        }
        self.guard_rule(trail, rule, &function, permissions)
    }

    /// The home region of an existing trail, if that is not the stack's own: the trail can only be stopped by a
    /// call there.
    fn far_home(&self, trail: &Trail) -> Option<String> {
        let region = trail.home_region().filter(|region| *region != self.home);
        region.map(str::to_owned)
    }

    fn guard_rule(&self, trail: &Trail, name: String, function: &Function, after: Vec<NodeId>) -> Wiring {
        Wiring {
            key: GUARD.to_owned(),
            description: format!("alertctl stack {}: somebody stopped a trail", self.stack.stack),
            trigger: Trigger::Pattern(json!({
                "source": ["aws.cloudtrail"],
                "detail-type": ["AWS API Call via CloudTrail"],
                "detail": { "eventSource": ["cloudtrail.amazonaws.com"], "eventName": ["StopLogging"] },
            })),
            state: RuleState::Enabled,
            regions: self.far_home(trail).into_iter().collect(),
            arrivals: GUARD.to_owned(),
            bus: None,
            targets: vec![bare_target("guard", function.function.arn())],
            dead_letter_queue: DeadLetterQueue::Own,
            after,
            name,
        }
    }
}

fn selectors(selectors: &EventSelectors) -> Selectors {
    match selectors {
        EventSelectors::Advanced(selectors) => Selectors::Advanced(selectors.clone()),
        EventSelectors::Management {
            events: ManagementEvents::All,
            exclude,
        } if exclude.is_empty() => Selectors::Default,
        EventSelectors::Management { events, exclude } => {
            let read_write = match events {
                ManagementEvents::All => "All",
                ManagementEvents::WriteOnly => "WriteOnly",
                ManagementEvents::ReadOnly => "ReadOnly",
            };
            let selector: Value = json!({
                "ReadWriteType": read_write,
                "IncludeManagementEvents": true,
                "ExcludeManagementEventSources": exclude,
            });
            Selectors::Basic(json!([selector]))
        }
    }
}
