//! The calls that change a stack set.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::{
    AccountFilterType, AutoDeployment, CallAs as SdkCallAs, Capability, ConcurrencyMode, DeploymentTargets,
    ManagedExecution, Parameter, PermissionModels, RegionConcurrencyType, StackSetOperationPreferences, Tag,
};
use serde::Serialize;

use super::{CloudformationStackSet, Live, Targets};
use crate::resource::{Aws, Result, Tags};

/// The most organizational units in one call:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackInstances.html>.
const UNITS: usize = 50;

/// In which role the caller acts. Every call about a set says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallAs {
    /// As the management account, or for self-managed permissions.
    Own,
    /// As a delegated administrator of the organization. The set is then in the management account.
    DelegatedAdmin,
}

impl CallAs {
    pub(crate) fn to_sdk(self) -> SdkCallAs {
        match self {
            Self::Own => SdkCallAs::SelfValue,
            Self::DelegatedAdmin => SdkCallAs::DelegatedAdmin,
        }
    }

    /// What AWS's own command line needs for the same.
    pub(super) fn option(self) -> &'static str {
        match self {
            Self::Own => "",
            Self::DelegatedAdmin => " --call-as DELEGATED_ADMIN",
        }
    }
}

/// The set of a name, as one caller sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Set<'a> {
    pub aws: &'a Aws,
    pub name: &'a str,
    pub call_as: CallAs,
}

/// The instances that an operation is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Where {
    /// Empty with self-managed permissions.
    pub units: Vec<String>,
    pub accounts: Accounts,
    pub regions: Vec<String>,
}

/// The accounts that an operation is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) enum Accounts {
    /// All of the units.
    All,
    /// Of the units only these. Without units, these.
    Only(Vec<String>),
    /// All of the units but these.
    Except(Vec<String>),
}

impl Where {
    /// One for each call that is needed. None if there is nothing to reach.
    pub fn each(units: &[String], accounts: &Accounts, regions: &[String]) -> Vec<Self> {
        let of = |units: &[String]| Self {
            units: units.to_vec(),
            accounts: accounts.clone(),
            regions: regions.to_vec(),
        };
        match accounts {
            _ if regions.is_empty() => Vec::new(),
            Accounts::Only(accounts) if accounts.is_empty() => Vec::new(),
            Accounts::Only(_) if units.is_empty() => vec![of(&[])],
            _ => units.chunks(UNITS).map(of).collect(),
        }
    }

    /// Accounts alone, or targets in an organization. A filter is always said: without one CloudFormation takes
    /// `UNION`, which CreateStackInstances refuses.
    fn to_sdk(&self) -> (Option<Vec<String>>, Option<DeploymentTargets>) {
        let (filter, accounts) = match &self.accounts {
            Accounts::Only(accounts) if self.units.is_empty() => return (Some(accounts.clone()), None),
            Accounts::All => (AccountFilterType::None, None),
            Accounts::Only(accounts) => (AccountFilterType::Intersection, Some(accounts.clone())),
            Accounts::Except(accounts) => (AccountFilterType::Difference, Some(accounts.clone())),
        };
        let targets = DeploymentTargets::builder()
            .set_organizational_unit_ids(Some(self.units.clone()))
            .set_accounts(accounts)
            .account_filter_type(filter);
        (None, Some(targets.build()))
    }
}

/// What an operation does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) enum Deed {
    /// Makes the set as it says, and then the instances: all of them, or only some.
    Update(Update),
    CreateInstances(Where),
    /// With `retain`, the stacks stay in their accounts.
    DeleteInstances {
        of: Where,
        retain: bool,
    },
}

/// What [`Deed::Update`] makes of a set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Update {
    pub description: String,
    /// `None` leaves it as it is.
    pub template: Option<String>,
    /// `None` as a value leaves that one as it is.
    pub parameters: BTreeMap<String, Option<String>>,
    pub tags: Tags,
    pub is_service_managed: bool,
    /// Not together with `only`.
    pub auto_deployment: Option<bool>,
    pub only: Option<Where>,
}

impl Update {
    /// The set as it is.
    pub fn nothing(live: &Live) -> Self {
        Self {
            description: live.description.clone(),
            template: None,
            parameters: live.parameters.keys().map(|name| (name.clone(), None)).collect(),
            tags: live.tags.clone(),
            is_service_managed: live.is_service_managed(),
            auto_deployment: None,
            only: None,
        }
    }
}

fn permission_model(is_service_managed: bool) -> PermissionModels {
    match is_service_managed {
        true => PermissionModels::ServiceManaged,
        false => PermissionModels::SelfManaged,
    }
}

/// The stacks of an account that leaves are deleted.
fn auto_deployment(enabled: bool) -> AutoDeployment {
    let auto = AutoDeployment::builder().enabled(enabled);
    // CloudFormation refuses the second setting where the first is off.
    let retain = enabled.then_some(false);
    auto.set_retain_stacks_on_account_removal(retain).build()
}

fn managed_execution() -> ManagedExecution {
    ManagedExecution::builder().active(true).build()
}

fn listed(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.iter().map(tag).collect()
}

/// All accounts and regions at once: one failure says nothing about the others. The default is one account at a time, one
/// region after the other, and an end at the first failure.
fn preferences() -> StackSetOperationPreferences {
    StackSetOperationPreferences::builder()
        .region_concurrency_type(RegionConcurrencyType::Parallel)
        .max_concurrent_percentage(100)
        .failure_tolerance_percentage(100)
        .concurrency_mode(ConcurrencyMode::SoftFailureTolerance)
        .build()
}

impl Set<'_> {
    pub(super) fn client(&self) -> &aws_sdk_cloudformation::Client {
        &self.aws.connection.clients.cloudformation
    }

    /// Makes the set, without instances. Returns its id.
    pub async fn create(
        &self,
        wanted: &CloudformationStackSet,
        body: &str,
        parameters: &BTreeMap<String, String>,
        tags: &Tags,
    ) -> Result<String> {
        let is_service_managed = matches!(wanted.targets, Targets::Units { .. });
        let parameter = |(name, value)| {
            let parameter = Parameter::builder().parameter_key(name);
            parameter.parameter_value(value).build()
        };
        let request = self
            .client()
            .create_stack_set()
            .stack_set_name(self.name)
            .description(&wanted.description)
            .template_body(body)
            .set_parameters(Some(parameters.iter().map(parameter).collect()))
            .capabilities(Capability::CapabilityIam)
            .capabilities(Capability::CapabilityNamedIam)
            .permission_model(permission_model(is_service_managed))
            .set_auto_deployment(is_service_managed.then(|| auto_deployment(true)))
            .managed_execution(managed_execution())
            .set_tags(Some(listed(tags)))
            .call_as(self.call_as.to_sdk());
        let made = self
            .aws
            .call("cloudformation:CreateStackSet", || request.clone().send());
        Ok(made.await?.stack_set_id.unwrap_or_default())
    }

    /// Begins an operation under an id of the caller's. Returns its id: an emulated AWS may give it another one.
    pub async fn begin(&self, id: &str, deed: &Deed) -> Result<String> {
        let client = self.client();
        match deed {
            Deed::Update(update) => self.begin_update(id, update).await,
            Deed::CreateInstances(of) => {
                let (accounts, targets) = of.to_sdk();
                let request = client
                    .create_stack_instances()
                    .stack_set_name(self.name)
                    .set_accounts(accounts)
                    .set_deployment_targets(targets)
                    .set_regions(Some(of.regions.clone()))
                    .operation_preferences(preferences())
                    .operation_id(id)
                    .call_as(self.call_as.to_sdk());
                let begun = self
                    .aws
                    .call("cloudformation:CreateStackInstances", || request.clone().send());
                Ok(begun.await?.operation_id.unwrap_or_else(|| id.to_owned()))
            }
            Deed::DeleteInstances { of, retain } => {
                let (accounts, targets) = of.to_sdk();
                let request = client
                    .delete_stack_instances()
                    .stack_set_name(self.name)
                    .set_accounts(accounts)
                    .set_deployment_targets(targets)
                    .set_regions(Some(of.regions.clone()))
                    .operation_preferences(preferences())
                    .retain_stacks(*retain)
                    .operation_id(id)
                    .call_as(self.call_as.to_sdk());
                let begun = self
                    .aws
                    .call("cloudformation:DeleteStackInstances", || request.clone().send());
                Ok(begun.await?.operation_id.unwrap_or_else(|| id.to_owned()))
            }
        }
    }

    async fn begin_update(&self, id: &str, update: &Update) -> Result<String> {
        let parameter = |(name, value): (&String, &Option<String>)| {
            let parameter = Parameter::builder().parameter_key(name);
            let previous = value.is_none().then_some(true);
            parameter
                .set_parameter_value(value.clone())
                .set_use_previous_value(previous)
                .build()
        };
        let (accounts, targets) = update.only.as_ref().map(Where::to_sdk).unwrap_or_default();
        let request = self
            .client()
            .update_stack_set()
            .stack_set_name(self.name)
            .description(&update.description)
            .set_template_body(update.template.clone())
            .set_use_previous_template(update.template.is_none().then_some(true))
            .set_parameters(Some(update.parameters.iter().map(parameter).collect()))
            .capabilities(Capability::CapabilityIam)
            .capabilities(Capability::CapabilityNamedIam)
            .set_tags(Some(listed(&update.tags)))
            .permission_model(permission_model(update.is_service_managed))
            .set_auto_deployment(update.auto_deployment.map(auto_deployment))
            .managed_execution(managed_execution())
            .set_accounts(accounts)
            .set_deployment_targets(targets)
            .set_regions(update.only.as_ref().map(|only| only.regions.clone()))
            .operation_preferences(preferences())
            .operation_id(id)
            .call_as(self.call_as.to_sdk());
        let begun = self
            .aws
            .call("cloudformation:UpdateStackSet", || request.clone().send());
        Ok(begun.await?.operation_id.unwrap_or_else(|| id.to_owned()))
    }

    /// Stops an operation. What it has done so far stays.
    pub async fn stop(&self, id: &str) -> Result<()> {
        let request = self
            .client()
            .stop_stack_set_operation()
            .stack_set_name(self.name)
            .operation_id(id)
            .call_as(self.call_as.to_sdk());
        let stopped = self
            .aws
            .call("cloudformation:StopStackSetOperation", || request.clone().send());
        match stopped.await {
            // It ended in the meantime.
            Err(fault) if fault.is(&["InvalidOperationException", "OperationNotFoundException"]) => Ok(()),
            result => result.map(drop),
        }
    }

    /// Deletes the set, which has no instances any more.
    pub async fn delete(&self) -> Result<()> {
        let request = self
            .client()
            .delete_stack_set()
            .stack_set_name(self.name)
            .call_as(self.call_as.to_sdk());
        let deleted = self
            .aws
            .call("cloudformation:DeleteStackSet", || request.clone().send());
        deleted.await.map(drop)
    }
}
