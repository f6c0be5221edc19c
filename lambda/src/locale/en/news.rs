//! What services report, in English.

use crate::event::{Fact, Job, News, Thing, Turn};
use crate::phrase::Phrase;

pub(super) fn gist(kind: &Phrase, name: Option<&Phrase>, state: Option<&Phrase>) -> String {
    match (name, state) {
        (Some(name), Some(state)) => format!("{kind}: {name} is {state}"),
        (Some(one), None) | (None, Some(one)) => format!("{kind}: {one}"),
        (None, None) => kind.to_string(),
    }
}

/// AWS's words are English.
pub(super) fn value(_: Fact, text: &str) -> String {
    text.to_owned()
}

pub(super) fn news(news: &News, subject: &Phrase) -> String {
    match news {
        News::Instance { state } => match state.as_str() {
            "pending" => format!("Instance {subject} is starting"),
            "running" => format!("Instance {subject} is running"),
            "stopping" => format!("Instance {subject} is stopping"),
            "stopped" => format!("Instance {subject} has stopped"),
            "shutting-down" => format!("Instance {subject} is being terminated"),
            "terminated" => format!("Instance {subject} was terminated"),
            _ => format!("Instance {subject} changed state"),
        },
        News::Changed { thing, turn, raw, of } => {
            let of = of
                .as_ref()
                .map(|(owner, name)| format!(" {} {}", self::of(*owner), Phrase::code(name)));
            format!(
                "{} {subject}{} {}",
                self::thing(*thing),
                of.unwrap_or_default(),
                self::turn(*turn, raw)
            )
        }
        News::Told { thing } => format!("{} {subject}", self::thing(*thing)),
        News::Task { status } => match status.as_str() {
            "RUNNING" => format!("ECS task {subject} is running"),
            "STOPPING" => format!("ECS task {subject} is being stopped"),
            "STOPPED" => format!("ECS task {subject} has stopped"),
            "PROVISIONING" | "PENDING" | "ACTIVATING" => format!("ECS task {subject} is starting"),
            "DEACTIVATING" | "DEPROVISIONING" => format!("ECS task {subject} is stopping"),
            "DELETED" => format!("ECS task {subject} was deleted"),
            _ => format!("ECS task {subject} changed state"),
        },
        News::Service { event } => service(event, subject),
        News::Launched { done: true } => format!("Auto Scaling group {subject} launched an instance"),
        News::Launched { done: false } => {
            format!("Auto Scaling group {subject} could not launch an instance")
        }
        News::Terminated { done: true } => format!("Auto Scaling group {subject} terminated an instance"),
        News::Terminated { done: false } => {
            format!("Auto Scaling group {subject} could not terminate an instance")
        }
        News::Finding { settled: true } => format!("Resolved: {subject}"),
        News::Finding { settled: false } => subject.to_string(),
        News::Health {
            category,
            closed,
            service,
        } => {
            let what = format!("AWS Health: {service} {subject}");
            match category.as_str() {
                "abuse" => format!("AWS got a complaint about this account: {subject}"),
                "issue" if *closed => format!("{what} (resolved)"),
                "issue" => format!("{what} (open)"),
                "scheduledChange" if *closed => format!("{what} is over"),
                "scheduledChange" => format!("{what} is scheduled"),
                "investigation" => format!("{what} (being investigated)"),
                _ => what,
            }
        }
        News::Budget {
            forecast: false,
            amount,
            budgeted,
        } => format!("Budget {subject} is at {amount} of {budgeted}"),
        News::Budget { amount, budgeted, .. } => {
            format!("Budget {subject} is forecast to reach {amount} of {budgeted}")
        }
        News::CostAnomaly { impact, percent } => {
            let percent = percent.as_ref().map(|percent| format!(" ({percent})"));
            format!(
                "{subject} costs {impact} more than expected{}",
                percent.unwrap_or_default()
            )
        }
        News::Backup { job, state } => {
            let job = match job {
                Job::Backup => "Backup",
                Job::Copy => "Backup copy",
                Job::Restore => "Restore",
            };
            match state.as_str() {
                "CREATED" | "PENDING" | "RUNNING" => format!("{job} of {subject} is running"),
                "COMPLETED" => format!("{job} of {subject} is complete"),
                "FAILED" => format!("{job} of {subject} failed"),
                "ABORTING" => format!("{job} of {subject} is being aborted"),
                "ABORTED" => format!("{job} of {subject} was aborted"),
                "EXPIRED" => format!("{job} of {subject} did not start in time"),
                "PARTIAL" => format!("{job} of {subject} is incomplete"),
                _ => format!("{job} of {subject} changed state"),
            }
        }
    }
}

fn service(event: &str, subject: &Phrase) -> String {
    match event {
        "SERVICE_STEADY_STATE" => format!("ECS service {subject} is steady"),
        "SERVICE_DEPLOYMENT_IN_PROGRESS" => format!("ECS service {subject} is being deployed"),
        "SERVICE_DEPLOYMENT_COMPLETED" => format!("ECS service {subject} was deployed"),
        "SERVICE_DEPLOYMENT_FAILED" => format!("Deployment of ECS service {subject} failed"),
        "SERVICE_TASK_PLACEMENT_FAILURE" => format!("ECS service {subject} found no place for a task"),
        "SERVICE_TASK_CONFIGURATION_FAILURE" => {
            format!("ECS service {subject} could not start a task: its configuration is wrong")
        }
        "SERVICE_TASK_START_IMPAIRED" => {
            format!("Tasks of ECS service {subject} fail again and again to start")
        }
        "SERVICE_DISCOVERY_INSTANCE_UNHEALTHY" => format!("ECS service {subject} has unhealthy tasks"),
        "SERVICE_DAEMON_PLACEMENT_CONSTRAINT_VIOLATED" => {
            format!("A task of ECS service {subject} no longer meets its placement constraint")
        }
        "CAPACITY_PROVIDER_STEADY_STATE" => format!("Capacity providers of ECS service {subject} are steady"),
        "ECS_OPERATION_THROTTLED" | "SERVICE_DISCOVERY_OPERATION_THROTTLED" => {
            format!("Calls of ECS service {subject} are throttled")
        }
        _ => format!("ECS service {subject}: {}", Phrase::code(event)),
    }
}

/// How a thing belongs to another one.
fn of(owner: Thing) -> &'static str {
    match owner {
        Thing::Stack => "of stack",
        Thing::Pipeline => "of pipeline",
        Thing::Project => "of project",
        Thing::Deployment => "of deployment group",
        Thing::Repository => "of repository",
        Thing::GlueDatabase => "of database",
        Thing::StateMachine => "of state machine",
        Thing::ModelPipeline => "of model pipeline",
        Thing::Bucket => "in bucket",
        Thing::Group => "of Auto Scaling group",
        Thing::Instance => "on instance",
        Thing::Automation => "of automation",
        Thing::Rule => "under Config rule",
        Thing::Fleet => "of fleet",
        Thing::User => "of user",
        _ => "of",
    }
}

fn thing(thing: Thing) -> &'static str {
    match thing {
        Thing::Alarm => "Alarm",
        Thing::Database => "RDS",
        Thing::Stack => "Stack",
        Thing::StackResource | Thing::Resource | Thing::Compliance => "Resource",
        Thing::StackSet => "StackSet",
        Thing::StackSetOperation => "Operation of StackSet",
        Thing::StackInstance => "Stack instance of StackSet",
        Thing::Pipeline => "Pipeline",
        Thing::Stage => "Stage",
        Thing::Action => "Action",
        Thing::Build => "Build of",
        Thing::BuildPhase => "Build phase",
        Thing::Project => "Project",
        Thing::Deployment => "Deployment of",
        Thing::DeploymentInstance => "Deployment to",
        Thing::Repository => "Repository",
        Thing::Reference => "Branch or tag",
        Thing::PullRequest => "Pull request",
        Thing::ApprovalRule => "Approval rule template",
        Thing::GlueJob => "Glue job",
        Thing::Crawler => "Glue crawler",
        Thing::GlueDatabase => "Glue database",
        Thing::GlueTable => "Glue table",
        Thing::StateMachine => "State machine",
        Thing::Execution => "Execution",
        Thing::BatchJob => "Batch job",
        Thing::EmrCluster => "EMR cluster",
        Thing::EmrStep => "EMR step",
        Thing::EmrGroup => "EMR instance group",
        Thing::TrainingJob => "Training job",
        Thing::TuningJob => "Tuning job",
        Thing::TransformJob => "Transform job",
        Thing::ProcessingJob => "Processing job",
        Thing::LabelingJob => "Labeling job",
        Thing::Endpoint => "SageMaker endpoint",
        Thing::ModelPackage => "Model package",
        Thing::ModelPipeline => "Model pipeline",
        Thing::ModelPipelineStep => "Step",
        Thing::Statement => "Redshift statement",
        Thing::ReplicationTask => "DMS",
        Thing::CacheCluster => "ElastiCache",
        Thing::Object => "Object",
        Thing::Bucket => "Bucket",
        Thing::Instance => "Instance",
        Thing::SpotInstance => "Spot instance",
        Thing::SpotRequest => "Spot request",
        Thing::Fleet => "Fleet",
        Thing::Group => "Auto Scaling group",
        Thing::InstanceRefresh => "Instance refresh of Auto Scaling group",
        Thing::Snapshot => "Snapshot",
        Thing::Snapshots => "Multi-volume snapshot",
        Thing::Volume => "Volume",
        Thing::FastRestore => "Fast restore of snapshot",
        Thing::Image => "AMI",
        Thing::LifecyclePolicy => "Snapshot lifecycle policy",
        Thing::ContainerInstance => "ECS container instance",
        Thing::Command => "Command",
        Thing::Automation => "Automation",
        Thing::AutomationStep => "Step",
        Thing::Window => "Maintenance window",
        Thing::WindowTask => "Task of maintenance window",
        Thing::WindowTarget => "Target of maintenance window",
        Thing::Association => "Association of",
        Thing::Parameter => "Parameter",
        Thing::Calendar => "Change calendar",
        Thing::Inventory => "Inventory of",
        Thing::Certificate => "Certificate",
        Thing::Key => "KMS key",
        Thing::KeyMaterial => "Imported material of KMS key",
        Thing::Rule => "Config rule",
        Thing::ScannedImage => "ECR image",
        Thing::AccessPreview => "Access preview",
        Thing::AccessKey => "Access key",
        Thing::User => "User",
        Thing::Check => "Trusted Advisor check",
        Thing::Case => "Support case",
        Thing::Environment => "Beanstalk environment",
        Thing::Mail => "Mail to",
        Thing::Canary => "Canary",
    }
}

fn turn(turn: Turn, raw: &str) -> String {
    let said = match turn {
        Turn::Waiting => "is waiting",
        Turn::Running => "is running",
        Turn::Succeeded => "succeeded",
        Turn::Failed => "failed",
        Turn::TimedOut => "timed out",
        Turn::Stopping => "is being stopped",
        Turn::Stopped => "was stopped",
        Turn::Terminating => "is being terminated",
        Turn::Terminated => "was terminated",
        Turn::Cancelled => "was cancelled",
        Turn::Superseded => "was superseded by a newer one",
        Turn::Creating => "is being created",
        Turn::Created => "was created",
        Turn::NotCreated => "could not be created",
        Turn::Updating => "is being changed",
        Turn::Updated => "was changed",
        Turn::NotUpdated => "could not be changed",
        Turn::Deleting => "is being deleted",
        Turn::Deleted => "was deleted",
        Turn::NotDeleted => "could not be deleted",
        Turn::RollingBack => "is being rolled back",
        Turn::RolledBack => "was rolled back",
        Turn::NotRolledBack => "could not be rolled back",
        Turn::Available => "is available",
        Turn::Unavailable => "is not available",
        Turn::Enabled => "is enabled",
        Turn::Disabled => "is disabled",
        Turn::Outdated => "is outdated",
        Turn::Drifted => "has drifted from its template",
        Turn::InSync => "matches its template",
        Turn::Compliant => "is compliant",
        Turn::NonCompliant => "is not compliant",
        Turn::Expiring(Some(1)) => "expires in 1 day",
        Turn::Expiring(Some(days)) => return format!("expires in {days} days"),
        Turn::Expiring(None) => "expires soon",
        Turn::Expired => "has expired",
        Turn::RenewalNeeded => "needs action to be renewed",
        Turn::Rotated => "was rotated",
        Turn::Approval => "waits for approval",
        Turn::Gone => "was deleted for good",
        Turn::Exposed => "is public",
        Turn::Public => "is open to everyone",
        Turn::Accessible => "can be used from outside",
        Turn::Unused => "has access that nobody uses",
        Turn::Infected => "contains malware",
        Turn::Clean => "contains no malware",
        Turn::NotScanned => "could not be scanned",
        Turn::Vulnerable => "has vulnerabilities",
        Turn::Scanned => "has no known vulnerabilities",
        Turn::SpotTerminate => "will be terminated in two minutes",
        Turn::SpotStop => "will be stopped in two minutes",
        Turn::SpotHibernate => "will be hibernated",
        Turn::AtRisk => "is likely to be interrupted soon",
        Turn::HeldLaunch => "is launching and waits for its lifecycle hook",
        Turn::HeldTerminate => "is terminating and waits for its lifecycle hook",
        Turn::Paused => "reached a checkpoint",
        Turn::Reopened => "was reopened",
        Turn::Answered => "has a new message",
        Turn::Resolved => "was resolved",
        Turn::Merged => "was merged",
        Turn::Closed => "was closed",
        Turn::Approved => "has a new approval",
        Turn::Commented => "has a new comment",
        Turn::Attached => "was attached",
        Turn::NotAttached => "could not be attached",
        Turn::Copied => "was copied",
        Turn::NotCopied => "could not be copied",
        Turn::NotArchived => "could not be archived",
        Turn::NotRestored => "could not be restored",
        Turn::Launched => "was launched",
        Turn::Shared => "was shared with another account",
        Turn::Archived => "was archived",
        Turn::Restored => "was restored",
        Turn::Pushed => "was pushed",
        Turn::Bounced => "bounced",
        Turn::Complained => "was reported as spam",
        Turn::Rejected => "was rejected",
        Turn::Delayed => "takes longer than expected",
        Turn::Delivered => "was delivered",
        Turn::Received => "was received",
        Turn::NeedsAction => "needs action",
        Turn::NeedsLook => "needs a look",
        Turn::Fine => "is fine",
        Turn::Tested => "sends its notifications here",
        Turn::Other if raw.is_empty() => "changed",
        Turn::Other => return format!("is {}", Phrase::code(raw)),
    };
    said.to_owned()
}

pub(super) fn label(fact: Fact) -> &'static str {
    match fact {
        Fact::State => "State",
        Fact::Kind => "Type",
        Fact::Severity => "Severity",
        Fact::Cluster => "Cluster",
        Fact::Group => "Group",
        Fact::Task => "Task",
        Fact::Definition => "Task definition",
        Fact::Containers => "Containers",
        Fact::Instance => "Instance",
        Fact::Resource => "Resource",
        Fact::Count => "Count",
        Fact::FirstSeen => "First seen",
        Fact::LastSeen => "Last seen",
        Fact::Categories => "Categories",
        Fact::Vault => "Vault",
        Fact::Status => "Code",
        Fact::Starts => "From",
        Fact::Ends => "Until",
        Fact::Product => "Product",
        Fact::Compliance => "Compliance",
        Fact::Job => "Job",
        Fact::Budgeted => "Budgeted",
        Fact::Spent => "Actual",
        Fact::Forecast => "Forecast",
        Fact::Threshold => "Threshold",
        Fact::Expected => "Expected",
        Fact::Excess => "Above expected",
        Fact::Monitor => "Monitor",
        Fact::Causes => "Likely causes",
        Fact::Action => "Action",
        Fact::Author => "By",
        Fact::Branch => "Branch",
        Fact::Commit => "Commit",
        Fact::Description => "Description",
        Fact::Digest => "Digest",
        Fact::Execution => "Execution",
        Fact::Hook => "Lifecycle hook",
        Fact::Place => "Where",
        Fact::Queue => "Queue",
        Fact::Reason => "Reason",
        Fact::Remedy => "Remedy",
        Fact::Rule => "Rule",
        Fact::Run => "Run",
        Fact::Size => "Size",
        Fact::Stack => "Stack",
        Fact::Stage => "Stage",
        Fact::Target => "Target",
    }
}
