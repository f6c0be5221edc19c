//! A CloudFormation stack set: one template as a stack in many accounts and regions of an organization.
//!
//! A set lives in one region. Each of its stacks is an instance, and whatever changes instances is an operation, which may
//! take hours and goes on by itself. AWS passes a set's tags on to the stacks and to their resources, so no set has the tag
//! `alertctl:stack`: the hub's account would take a spoke there for the stack's own. `alertctl:hub` says whose it is.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/what-is-cfnstacksets.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::aws::fault::REFUSED;
use crate::aws::tags::HUB_ACCOUNT_TAG;
use crate::resource::eventbridge::event_bus::EventbridgeEventBus;
use crate::resource::{
    About, Access, Aws, Changes, Context, Fault, Fields, Handling, Known, NodeId, Observed, Output, Ref,
    Resource, Result, Tags, Text, Wanted, converge,
};

mod access;
mod calls;
mod failures;
mod instances;
mod missing;
mod operation;
pub mod organization;
mod read;
mod remove;
mod template;
mod update;

pub use access::ORGANIZATION;
pub use calls::CallAs;
use calls::Set;
use instances::Instances;
pub use instances::{Instance, State};
pub use missing::{Coming, Missing};

/// The tag that lists the accounts that get no instance; it continues in `alertctl:except-2` and so on. AWS itself does not
/// remember them.
pub const EXCEPT_TAG: &str = "alertctl:except";
/// How many account ids fit into one tag.
const IN_ONE_TAG: usize = 19;
/// How the name of the bus, and of the set, ends after the stack's name.
const SUFFIX: &str = "-organization";
/// The largest template that a call takes:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackSet.html>.
pub const LARGEST: usize = 51_200;

/// The desired set.
#[derive(Debug, Clone)]
pub struct CloudformationStackSet {
    /// Also the name of the organization's bus in the hub: by that a set is found that the stack file no longer has.
    pub name: String,
    pub description: String,
    pub template: Value,
    pub parameters: BTreeMap<String, Text>,
    pub targets: Targets,
    pub regions: Vec<String>,
    pub call_as: CallAs,
    /// With [`HUB_TAG`], without `alertctl:stack`.
    pub tags: Tags,
    /// What the instances send to.
    pub bus: Ref<EventbridgeEventBus>,
}

/// Where instances are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Targets {
    /// All accounts of these organizational units (`ou-…`, `r-…`) and of those below them, also accounts that join later,
    /// but not `except` and the hub's own. AWS never deploys to the management account. Service-managed permissions.
    Units { ous: Vec<String>, except: Vec<Text> },
    /// These accounts, with roles that somebody made in them. Self-managed permissions.
    Accounts(Vec<String>),
}

/// A set as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    pub name: String,
    pub arn: String,
    pub id: String,
    pub description: String,
    /// Parsed; a text if it is not JSON.
    pub template: Value,
    pub parameters: BTreeMap<String, String>,
    /// AWS's own word: `SERVICE_MANAGED` or `SELF_MANAGED`.
    pub permission_model: String,
    /// Whether accounts that join get an instance. `None` with self-managed permissions.
    pub auto_deployment: Option<bool>,
    pub managed_execution: bool,
    /// Sorted.
    pub units: Vec<String>,
    /// Sorted.
    pub regions: Vec<String>,
    pub tags: Tags,
    pub call_as: CallAs,
    pub instances: Instances,
    /// The instances that its units lack. `None` if that is not known: without units, or if the accounts cannot be listed.
    pub missing: Option<Missing>,
    /// The operations that this run began, or found running.
    pub started: Vec<String>,
}

impl Live {
    /// What an operation of others is about to make.
    pub fn coming(&self) -> Option<&Coming> {
        self.missing.as_ref()?.coming.as_ref()
    }
}

impl Resource for CloudformationStackSet {
    const KIND: &'static str = "cloudformation-stack-set";
    const IMMUTABLE: &'static [&'static str] = &["permission_model"];
    const HANDLING: Handling = Handling {
        // An account that is no target any more gets its spoke from the set, with the same names in it.
        changed_after_deletions_of: &["cloudformation-stack"],
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = access::ROWS;
    type Live = Live;

    fn refs(&self) -> Vec<NodeId> {
        vec![self.bus.id().clone()]
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        read::observe(aws, wanted).await
    }

    fn fields(&self, known: &Known) -> Fields {
        let mut fields = Fields::default()
            .set("name", self.name.as_str())
            .set("description", self.description.as_str())
            .set("permission_model", self.targets.permission_model())
            .set("managed_execution", true);
        fields = match &self.targets {
            Targets::Units { ous, .. } => fields.set("auto_deployment", true).set("ous", sorted(ous)),
            Targets::Accounts(accounts) => fields.set("accounts", sorted(accounts)),
        };
        fields = fields
            .set("regions", sorted(&self.regions))
            .set("template", self.template.clone());
        for (name, text) in &self.parameters {
            fields = fields.text(format!("parameters.{name}"), text, known);
        }
        fields
            .set("instances", instances::ALL_CURRENT)
            .tags(&self.all_tags(known))
    }

    fn live_fields(live: &Live) -> Fields {
        let mut fields = Fields::default()
            .set("name", live.name.as_str())
            .set("description", live.description.as_str())
            .set("permission_model", live.permission_model.as_str())
            .set("managed_execution", live.managed_execution);
        fields = match live.is_service_managed() {
            true => fields
                .set("auto_deployment", live.auto_deployment.unwrap_or_default())
                .set("ous", live.units.clone()),
            false => fields.set("accounts", live.instances.accounts()),
        };
        fields = fields
            .set("regions", live.regions.clone())
            .set("template", live.template.clone());
        for (name, value) in &live.parameters {
            fields = fields.set(format!("parameters.{name}"), value.as_str());
        }
        fields
            .set("instances", live.instances.condition(live))
            .live_tags(&live.tags)
    }

    fn live_name(live: &Live) -> String {
        live.name.clone()
    }

    fn output(live: &Live) -> Output {
        Output {
            arn: live.arn.clone(),
            id: live.id.clone(),
        }
    }

    fn about(live: &Live) -> About {
        let reach = live.instances.reach();
        let empty = live.instances.is_empty();
        About {
            health: Some(live.instances.health(live)),
            remark: (!empty).then(|| live.instances.remark(&reach, live)),
            data_loss: (!empty).then_some(reach),
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let body = self.template_body()?;
        let set = self.set(cx.aws);
        let parameters = self.filled(cx)?;
        let tags = self.all_tags(&cx.known);
        match set.create(self, &body, &parameters, &tags).await {
            Ok(id) => {
                let live = self.expected(id, parameters, tags);
                update::deploy(self, live, cx).await
            }
            Err(fault) if fault.is(&["NameAlreadyExistsException", "CreatedButModifiedException"]) => {
                // After a lost answer the set may already exist: it is ours only if its tags say so.
                match read::read(&set).await? {
                    Some(live) if read::is_ours(cx.aws, &live).await? => converge(self, live, cx).await,
                    _ => Err(fault.hint(
                        "somebody made a stack set of this name: delete it or rename the stack, or see `alertctl plan` for how to \
                         adopt it",
                    )),
                }
            }
            Err(fault) => Err(fault),
        }
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        update::update(self, live, changes, cx).await
    }

    async fn settle(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        update::settle(self, live, cx).await
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        remove::remove(&live, cx).await
    }
}

impl Targets {
    fn permission_model(&self) -> &'static str {
        match self {
            Self::Units { .. } => "SERVICE_MANAGED",
            Self::Accounts(_) => "SELF_MANAGED",
        }
    }
}

impl Live {
    fn is_service_managed(&self) -> bool {
        self.permission_model == "SERVICE_MANAGED"
    }

    /// The accounts that get no instance, as the set's tags list them.
    fn except(&self) -> BTreeSet<&str> {
        let listed = self.tags.iter().filter(|(key, _)| key.starts_with(EXCEPT_TAG));
        listed.flat_map(|(_, list)| list.split(' ')).collect()
    }
}

impl CloudformationStackSet {
    fn set<'a>(&'a self, aws: &'a Aws) -> Set<'a> {
        Set {
            aws,
            name: &self.name,
            call_as: self.call_as,
        }
    }

    fn filled(&self, cx: &Context<'_>) -> Result<BTreeMap<String, String>> {
        let fill = |(name, text): (&String, &Text)| Ok((name.clone(), cx.text(text)?));
        self.parameters.iter().map(fill).collect()
    }

    fn template_body(&self) -> Result<String> {
        let body = self.template.to_string();
        match body.len() {
            ..=LARGEST => Ok(body),
            bytes => Err(Fault::new(
                "cloudformation:CreateStackSet",
                REFUSED,
                format!(
                    "the template of stack set `{}` has {bytes} bytes, and CloudFormation takes {LARGEST}: no account got it",
                    self.name
                ),
            )
            .hint("forward fewer rules to the hub (`organization.forward`), or make their patterns shorter")),
        }
    }

    /// The accounts that get no instance, sorted: the hub's own and `except`.
    fn except(&self, known: &Known) -> Vec<String> {
        let Targets::Units { except, .. } = &self.targets else {
            return Vec::new();
        };
        let named = except.iter().filter_map(|text| text.fill(known).ok());
        let all: BTreeSet<_> = named.chain([known.scope.account.clone()]).collect();
        all.into_iter().collect()
    }

    fn all_tags(&self, known: &Known) -> Tags {
        let mut tags = self.tags.clone();
        tags.insert(HUB_ACCOUNT_TAG.to_owned(), known.scope.account.clone());
        for (index, accounts) in self.except(known).chunks(IN_ONE_TAG).enumerate() {
            let key = match index {
                0 => EXCEPT_TAG.to_owned(),
                _ => format!("{EXCEPT_TAG}-{}", index + 1),
            };
            tags.insert(key, accounts.join(" "));
        }
        tags
    }

    /// The set just after its creation, before it has instances.
    fn expected(&self, id: String, parameters: BTreeMap<String, String>, tags: Tags) -> Live {
        let auto = matches!(self.targets, Targets::Units { .. });
        Live {
            name: self.name.clone(),
            arn: id.clone(),
            id,
            description: self.description.clone(),
            template: self.template.clone(),
            parameters,
            permission_model: self.targets.permission_model().to_owned(),
            auto_deployment: auto.then_some(true),
            managed_execution: true,
            units: Vec::new(),
            regions: Vec::new(),
            tags,
            call_as: self.call_as,
            instances: Instances::default(),
            missing: None,
            started: Vec::new(),
        }
    }
}

/// In order, each once: neither has a meaning to CloudFormation.
fn sorted(texts: &[String]) -> Vec<String> {
    let set: BTreeSet<_> = texts.iter().cloned().collect();
    set.into_iter().collect()
}

#[cfg(test)]
mod tests;
