//! The calls that change sets and instances.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::operation::create_stack_instances::CreateStackInstancesOutput;
use aws_sdk_cloudformation::operation::create_stack_set::CreateStackSetOutput;
use aws_sdk_cloudformation::operation::delete_stack_instances::DeleteStackInstancesOutput;
use aws_sdk_cloudformation::operation::delete_stack_set::DeleteStackSetOutput;
use aws_sdk_cloudformation::operation::stop_stack_set_operation::StopStackSetOperationOutput;
use aws_sdk_cloudformation::operation::update_stack_set::UpdateStackSetOutput;
use aws_sdk_cloudformation::types as sdk;
use aws_smithy_mocks::{Rule, mock};

use super::{Deed, Fake, Operation, Place, Refusal, StackSet, State};

fn invalid<T>(text: &str) -> Result<T, Refusal> {
    Err(("ValidationError", text.to_owned()))
}

/// The places that a call names, each with its unit.
fn places(
    state: &State,
    accounts: Option<&Vec<String>>,
    targets: Option<&sdk::DeploymentTargets>,
    regions: &[String],
    is_creation: bool,
) -> Result<Vec<(Place, Option<String>)>, Refusal> {
    let mut reached: BTreeMap<String, Option<String>> = BTreeMap::new();
    match (accounts, targets) {
        (Some(accounts), None) => reached.extend(accounts.iter().map(|account| (account.clone(), None))),
        (None, Some(targets)) => {
            let units = targets.organizational_unit_ids();
            if units.is_empty() || units.len() > 50 {
                return invalid("OrganizationalUnitIds must have 1 to 50 elements");
            }
            let filter = targets
                .account_filter_type()
                .unwrap_or(&sdk::AccountFilterType::Union);
            let named = targets.accounts();
            if is_creation && *filter == sdk::AccountFilterType::Union {
                return invalid("UNION is not supported for create operations");
            }
            if (*filter == sdk::AccountFilterType::None) != named.is_empty() {
                return invalid("Accounts do not fit the AccountFilterType");
            }
            for unit in units {
                let Some(all) = state.units.get(unit) else {
                    return invalid(&format!("OU {unit} does not exist"));
                };
                let is_in = |account: &&String| match filter {
                    sdk::AccountFilterType::Intersection => named.contains(account),
                    sdk::AccountFilterType::Difference => !named.contains(account),
                    _ => true,
                };
                for account in all.iter().filter(is_in) {
                    reached.insert(account.clone(), Some(unit.clone()));
                }
            }
        }
        _ => return invalid("either Accounts or DeploymentTargets"),
    }
    if regions.is_empty() {
        return invalid("Regions must not be empty");
    }
    let each = |(account, unit): (&String, &Option<String>)| {
        let of = |region: &String| ((account.clone(), region.clone()), unit.clone());
        regions.iter().map(of).collect::<Vec<_>>()
    };
    Ok(reached.iter().flat_map(each).collect())
}

fn begin(
    state: &mut State,
    name: Option<&str>,
    id: Option<&str>,
    deed: Deed,
    places: Vec<(Place, Option<String>)>,
) -> Result<String, Refusal> {
    let looks = state.looks;
    let set = state.set(name)?;
    let id = id.expect("every operation has an id of the caller's").to_owned();
    if set.operations.iter().any(|operation| operation.id == id) {
        return Err(("OperationIdAlreadyExistsException", format!("{id} exists")));
    }
    let busy = set.operations.iter().any(Operation::is_open);
    if busy && !set.managed {
        return Err((
            "OperationInProgressException",
            "Another Operation on StackSet is in progress".to_owned(),
        ));
    }
    if deed == Deed::Create {
        set.units
            .extend(places.iter().filter_map(|(_, unit)| unit.clone()));
        set.regions
            .extend(places.iter().map(|((_, region), _)| region.clone()));
    }
    for (place, unit) in &places {
        if deed == Deed::Create && !set.instances.contains_key(place) {
            let mut instance = super::Instance::new(unit.clone());
            instance.set(false);
            instance.detailed = sdk::StackInstanceDetailedStatus::Pending;
            set.instances.insert(place.clone(), instance);
        }
    }
    set.operations.push(Operation {
        id: id.clone(),
        status: match busy {
            true => sdk::StackSetOperationStatus::Queued,
            false => sdk::StackSetOperationStatus::Running,
        },
        deed,
        places,
        looks,
        results: BTreeMap::new(),
    });
    Ok(id)
}

/// What the log says of the targets of a call.
fn reach(
    accounts: Option<&Vec<String>>,
    targets: Option<&sdk::DeploymentTargets>,
    regions: &[String],
) -> String {
    let targets = targets.map(|targets| {
        let filter = targets.account_filter_type().map(sdk::AccountFilterType::as_str);
        format!(
            "{} {} {}",
            targets.organizational_unit_ids().join(","),
            filter.unwrap_or("-"),
            targets.accounts().join(",")
        )
    });
    let accounts = accounts.map(|accounts| accounts.join(","));
    let who = targets.or(accounts).unwrap_or_default();
    format!("{} in {}", who.trim_end(), regions.join(","))
}

fn pairs<'a>(
    parameters: &'a [sdk::Parameter],
    old: &'a StackSet,
) -> impl Iterator<Item = (String, String)> + 'a {
    parameters.iter().map(|one| {
        let key = one.parameter_key().unwrap_or_default().to_owned();
        let value = match one.use_previous_value() {
            Some(true) => old.parameters[&key].clone(),
            _ => one.parameter_value().unwrap_or_default().to_owned(),
        };
        (key, value)
    })
}

fn tags(tags: &[sdk::Tag]) -> crate::resource::Tags {
    let pair = |tag: &sdk::Tag| {
        (
            tag.key().unwrap_or_default().to_owned(),
            tag.value().unwrap_or_default().to_owned(),
        )
    };
    tags.iter().map(pair).collect()
}

impl Fake {
    pub(super) fn change_rules(&self) -> Vec<Rule> {
        let script = &self.script;
        let (create, update, delete, stop) = (self.with(), self.with(), self.with(), self.with());
        vec![
            script.rule_or(
                "create",
                mock!(Client::create_stack_set),
                |r| r.stack_set_name().unwrap_or_default().to_owned(),
                move |r| {
                    create(&|state| {
                        let name = r.stack_set_name().unwrap_or_default().to_owned();
                        let is_service = r.permission_model() == Some(&sdk::PermissionModels::ServiceManaged);
                        if is_service != r.auto_deployment().is_some() {
                            return invalid("AutoDeployment is for SERVICE_MANAGED, which requires it");
                        }
                        if r.template_body().unwrap_or_default().len() > 51_200 {
                            return invalid("templateBody is too long");
                        }
                        if state.sets.contains_key(&name) {
                            return Err(("NameAlreadyExistsException", format!("{name} exists")));
                        }
                        let empty = StackSet::default();
                        let set = StackSet {
                            description: r.description().unwrap_or_default().to_owned(),
                            template: r.template_body().unwrap_or_default().to_owned(),
                            parameters: pairs(r.parameters(), &empty).collect(),
                            tags: tags(r.tags()),
                            model: r.permission_model().cloned(),
                            auto: is_service,
                            managed: r.managed_execution().and_then(|one| one.active()) == Some(true),
                            ..StackSet::default()
                        };
                        let id = format!("{name}:1");
                        state.sets.insert(name, set);
                        Ok(CreateStackSetOutput::builder().stack_set_id(id).build())
                    })
                },
            ),
            script.rule_or(
                "update",
                mock!(Client::update_stack_set),
                |r| {
                    let auto = r.auto_deployment().map(|auto| auto.enabled());
                    match (r.regions().is_empty(), auto) {
                        (true, auto) => format!("all, auto {:?}", auto.flatten()),
                        _ => reach(r.accounts.as_ref(), r.deployment_targets(), r.regions()),
                    }
                },
                move |r| {
                    update(&|state| {
                        let partly = r.deployment_targets().is_some() || r.accounts.is_some();
                        if r.auto_deployment().is_some() && (partly || !r.regions().is_empty()) {
                            return invalid("AutoDeployment with targets or regions");
                        }
                        if r.template_body().is_some() == (r.use_previous_template() == Some(true)) {
                            return invalid("either a template or the previous one");
                        }
                        let all = state.set(r.stack_set_name())?.instances.clone();
                        let places = match partly {
                            true => places(
                                state,
                                r.accounts.as_ref(),
                                r.deployment_targets(),
                                r.regions(),
                                false,
                            )?,
                            false => all.into_iter().map(|(place, one)| (place, one.unit)).collect(),
                        };
                        let places: Vec<_> = {
                            let set = state.set(r.stack_set_name())?;
                            let has =
                                |(place, _): &(Place, Option<String>)| set.instances.contains_key(place);
                            places.into_iter().filter(has).collect()
                        };
                        if partly && places.is_empty() {
                            return Err(("StackInstanceNotFoundException", "no such instance".to_owned()));
                        }
                        let id = begin(state, r.stack_set_name(), r.operation_id(), Deed::Update, places)?;
                        let set = state.set(r.stack_set_name())?;
                        let parameters = pairs(r.parameters(), set).collect();
                        set.parameters = parameters;
                        set.tags = tags(r.tags());
                        set.description = r.description().unwrap_or_default().to_owned();
                        if let Some(body) = r.template_body() {
                            set.template = body.to_owned();
                        }
                        if let Some(auto) = r.auto_deployment() {
                            set.auto = auto.enabled() == Some(true);
                        }
                        if let Some(managed) = r.managed_execution() {
                            set.managed = managed.active() == Some(true);
                        }
                        Ok(UpdateStackSetOutput::builder().operation_id(id).build())
                    })
                },
            ),
            script.rule_or(
                "delete",
                mock!(Client::delete_stack_set),
                |r| r.stack_set_name().unwrap_or_default().to_owned(),
                move |r| {
                    delete(&|state| {
                        if !state.set(r.stack_set_name())?.instances.is_empty() {
                            return Err(("StackSetNotEmptyException", "StackSet is not empty".to_owned()));
                        }
                        state.sets.remove(r.stack_set_name().unwrap_or_default());
                        Ok(DeleteStackSetOutput::builder().build())
                    })
                },
            ),
            script.rule_or(
                "stop",
                mock!(Client::stop_stack_set_operation),
                |r| r.operation_id().unwrap_or_default().to_owned(),
                move |r| {
                    stop(&|state| {
                        let set = state.set(r.stack_set_name())?;
                        let id = r.operation_id().unwrap_or_default();
                        let mut open = set.operations.iter_mut().filter(|one| one.is_open());
                        match open.find(|one| one.id == id) {
                            Some(one) => one.status = sdk::StackSetOperationStatus::Stopped,
                            None => return Err(("InvalidOperationException", "not running".to_owned())),
                        }
                        Ok(StopStackSetOperationOutput::builder().build())
                    })
                },
            ),
        ]
    }

    pub(super) fn instance_rules(&self) -> Vec<Rule> {
        let script = &self.script;
        let (create, delete) = (self.with(), self.with());
        vec![
            script.rule_or(
                "create-instances",
                mock!(Client::create_stack_instances),
                |r| reach(r.accounts.as_ref(), r.deployment_targets(), r.regions()),
                move |r| {
                    create(&|state| {
                        let mut places = places(
                            state,
                            r.accounts.as_ref(),
                            r.deployment_targets(),
                            r.regions(),
                            true,
                        )?;
                        places.retain(|((account, _), _)| !state.passed_over.contains(account));
                        let units = r
                            .deployment_targets()
                            .map(|one| one.organizational_unit_ids().to_vec());
                        let id = begin(state, r.stack_set_name(), r.operation_id(), Deed::Create, places)?;
                        let set = state.set(r.stack_set_name())?;
                        set.units.extend(units.unwrap_or_default());
                        set.regions.extend(r.regions().iter().cloned());
                        Ok(CreateStackInstancesOutput::builder().operation_id(id).build())
                    })
                },
            ),
            script.rule_or(
                "delete-instances",
                mock!(Client::delete_stack_instances),
                |r| {
                    let reach = reach(r.accounts.as_ref(), r.deployment_targets(), r.regions());
                    match r.retain_stacks() {
                        Some(true) => format!("{reach} retained"),
                        _ => reach,
                    }
                },
                move |r| {
                    delete(&|state| {
                        let Some(retain) = r.retain_stacks() else {
                            return invalid("RetainStacks is required");
                        };
                        let mut places = places(
                            state,
                            r.accounts.as_ref(),
                            r.deployment_targets(),
                            r.regions(),
                            false,
                        )?;
                        if let (true, Some(targets)) = (retain, r.deployment_targets()) {
                            // Accounts that left the unit are reached only by name.
                            let named = targets.accounts().iter();
                            let unit = targets.organizational_unit_ids().first().cloned();
                            places = named
                                .flat_map(|account| {
                                    r.regions()
                                        .iter()
                                        .map(move |region| (account.clone(), region.clone()))
                                })
                                .map(|place| (place, unit.clone()))
                                .collect();
                        }
                        let set = state.set(r.stack_set_name())?;
                        places.retain(|(place, _)| set.instances.contains_key(place));
                        let deed = Deed::Delete { retain };
                        let id = begin(state, r.stack_set_name(), r.operation_id(), deed, places)?;
                        Ok(DeleteStackInstancesOutput::builder().operation_id(id).build())
                    })
                },
            ),
        ]
    }
}
