//! The calls that read.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::operation::describe_stack_set::DescribeStackSetOutput;
use aws_sdk_cloudformation::operation::describe_stack_set_operation::DescribeStackSetOperationOutput;
use aws_sdk_cloudformation::operation::list_stack_instances::ListStackInstancesOutput;
use aws_sdk_cloudformation::operation::list_stack_set_operation_results::ListStackSetOperationResultsOutput;
use aws_sdk_cloudformation::operation::list_stack_set_operations::ListStackSetOperationsOutput;
use aws_sdk_cloudformation::types as sdk;
use aws_sdk_organizations::operation::describe_account::DescribeAccountOutput;
use aws_sdk_organizations::operation::list_accounts::ListAccountsOutput;
use aws_smithy_mocks::{Rule, mock};

use super::Fake;

/// The items from the token on, as many as a page has, and the next token.
fn page<T>(all: Vec<T>, token: Option<&str>) -> (Vec<T>, Option<String>) {
    let from: usize = token.map_or(0, |token| token.parse().unwrap());
    let next = (from + 100 < all.len()).then(|| (from + 100).to_string());
    (all.into_iter().skip(from).take(100).collect(), next)
}

impl Fake {
    /// Whether an account is in the organization, and all that are.
    pub(super) fn account_rules(&self) -> [Rule; 2] {
        let (account, accounts) = (self.with(), self.with());
        let all = self.script.rule_or(
            "accounts",
            mock!(aws_sdk_organizations::Client::list_accounts),
            |r| r.next_token().unwrap_or("-").to_owned(),
            move |r| {
                accounts(&|state| {
                    let account = |(unit, id): (&String, &String)| {
                        let account = aws_sdk_organizations::types::Account::builder().id(id);
                        let account =
                            account.arn(format!("arn:aws:organizations::999999999999:account/o-1/{id}"));
                        account.paths(format!("o-1/r-1/{unit}/{id}/")).build()
                    };
                    let units = state.units.iter();
                    let all = units.flat_map(|(unit, ids)| ids.iter().map(move |id| (unit, id)));
                    let all: Vec<_> = all.map(account).collect();
                    let from: usize = r.next_token().map_or(0, |token| token.parse().unwrap());
                    let next = (from + 20 < all.len()).then(|| (from + 20).to_string());
                    let page = all.into_iter().skip(from).take(20).collect();
                    let output = ListAccountsOutput::builder().set_accounts(Some(page));
                    Ok(output.set_next_token(next).build())
                })
            },
        );
        let one = self.script.rule_or(
            "account",
            mock!(aws_sdk_organizations::Client::describe_account),
            |r| r.account_id().unwrap_or_default().to_owned(),
            move |r| {
                account(&|state| {
                    let wanted = r.account_id().unwrap_or_default();
                    let is_member = state.units.values().flatten().any(|one| one == wanted);
                    match is_member {
                        true => Ok(DescribeAccountOutput::builder().build()),
                        false => Err(("AccountNotFoundException", wanted.to_owned())),
                    }
                })
            },
        );
        [one, all]
    }

    pub(super) fn look_rules(&self) -> Vec<Rule> {
        let script = &self.script;
        let (set, instances, operation) = (self.with(), self.with(), self.with());
        let (operations, results) = (self.with(), self.with());
        vec![
            script.rule_or(
                "describe",
                mock!(Client::describe_stack_set),
                |r| {
                    let name = r.stack_set_name().unwrap_or_default();
                    format!("{name} {}", r.call_as().map_or("-", |role| role.as_str()))
                },
                move |r| {
                    set(&|state| {
                        let set = state.set(r.stack_set_name())?;
                        let pair = |(key, value)| sdk::Tag::builder().key(key).value(value).build();
                        let parameter = |(key, value)| {
                            let parameter = sdk::Parameter::builder().parameter_key(key);
                            parameter.parameter_value(value).build()
                        };
                        let auto = sdk::AutoDeployment::builder().enabled(set.auto).build();
                        let is_service = set.model == Some(sdk::PermissionModels::ServiceManaged);
                        let name = r.stack_set_name().unwrap_or_default();
                        let found = sdk::StackSet::builder()
                            .stack_set_name(name)
                            .stack_set_id(format!("{name}:1"))
                            .stack_set_arn(format!("{name}:1"))
                            .description(&set.description)
                            .status(sdk::StackSetStatus::Active)
                            .template_body(&set.template)
                            .set_parameters(Some(set.parameters.iter().map(parameter).collect()))
                            .set_tags(Some(set.tags.iter().map(pair).collect()))
                            .set_permission_model(set.model.clone())
                            .set_auto_deployment(is_service.then_some(auto))
                            .managed_execution(sdk::ManagedExecution::builder().active(set.managed).build())
                            .set_organizational_unit_ids(Some(set.units.iter().cloned().collect()))
                            .set_regions(Some(set.regions.iter().cloned().collect()));
                        Ok(DescribeStackSetOutput::builder().stack_set(found.build()).build())
                    })
                },
            ),
            script.rule_or(
                "instances",
                mock!(Client::list_stack_instances),
                |r| {
                    format!(
                        "{} {}",
                        r.stack_instance_region().unwrap_or("-"),
                        r.next_token().unwrap_or("-")
                    )
                },
                move |r| {
                    instances(&|state| {
                        let set = state.set(r.stack_set_name())?;
                        let region = r.stack_instance_region();
                        let here = set
                            .instances
                            .iter()
                            .filter(|(place, _)| region.is_none_or(|region| place.1 == region));
                        let all = here.map(|((account, region), one)| {
                            let status = sdk::StackInstanceComprehensiveStatus::builder();
                            sdk::StackInstanceSummary::builder()
                                .account(account)
                                .region(region)
                                .status(one.status.clone())
                                .stack_instance_status(status.detailed_status(one.detailed.clone()).build())
                                .set_organizational_unit_id(one.unit.clone())
                                .set_drift_status(one.drift.clone())
                                .stack_id(format!(
                                    "arn:aws:cloudformation:{region}:{account}:stack/StackSet-x/1"
                                ))
                                .build()
                        });
                        let (page, next) = page(all.collect(), r.next_token());
                        let output = ListStackInstancesOutput::builder();
                        Ok(output.set_summaries(Some(page)).set_next_token(next).build())
                    })
                },
            ),
            script.rule_or(
                "operation",
                mock!(Client::describe_stack_set_operation),
                |r| r.operation_id().unwrap_or_default().to_owned(),
                move |r| {
                    operation(&|state| {
                        state.tick(r.stack_set_name())?;
                        let set = state.set(r.stack_set_name())?;
                        let id = r.operation_id().unwrap_or_default();
                        let Some(one) = set.operations.iter().find(|one| one.id == id) else {
                            return Err(("OperationNotFoundException", format!("{id} not found")));
                        };
                        let failed = one.results.values().filter(|result| result.is_err()).count();
                        let details = sdk::StackSetOperationStatusDetails::builder()
                            .failed_stack_instances_count(i32::try_from(failed).unwrap());
                        let found = sdk::StackSetOperation::builder()
                            .operation_id(id)
                            .status(one.status.clone())
                            .status_details(details.build());
                        let output = DescribeStackSetOperationOutput::builder();
                        Ok(output.stack_set_operation(found.build()).build())
                    })
                },
            ),
            script.rule_or(
                "operations",
                mock!(Client::list_stack_set_operations),
                |_| String::new(),
                move |r| {
                    operations(&|state| {
                        let set = state.set(r.stack_set_name())?;
                        let newest = set.operations.iter().rev().map(|one| {
                            let summary = sdk::StackSetOperationSummary::builder();
                            let summary = summary.operation_id(&one.id).status(one.status.clone());
                            summary.action(one.deed.action()).build()
                        });
                        let (page, next) = page(newest.collect(), r.next_token());
                        let output = ListStackSetOperationsOutput::builder();
                        Ok(output.set_summaries(Some(page)).set_next_token(next).build())
                    })
                },
            ),
            script.rule_or(
                "results",
                mock!(Client::list_stack_set_operation_results),
                |r| r.next_token().unwrap_or("-").to_owned(),
                move |r| {
                    results(&|state| {
                        let set = state.set(r.stack_set_name())?;
                        let id = r.operation_id().unwrap_or_default();
                        let Some(one) = set.operations.iter().find(|one| one.id == id) else {
                            return Err(("OperationNotFoundException", format!("{id} not found")));
                        };
                        let only = r.filters().first().and_then(|filter| filter.values());
                        let all = one.places.iter().map(|(place, unit)| {
                            let status = match one.results.get(place) {
                                None => sdk::StackSetOperationResultStatus::Pending,
                                Some(Ok(())) => sdk::StackSetOperationResultStatus::Succeeded,
                                Some(Err(_)) => sdk::StackSetOperationResultStatus::Failed,
                            };
                            let reason = one.results.get(place).and_then(|result| result.as_ref().err());
                            sdk::StackSetOperationResultSummary::builder()
                                .account(&place.0)
                                .region(&place.1)
                                .status(status)
                                .set_status_reason(reason.cloned())
                                .set_organizational_unit_id(unit.clone())
                                .build()
                        });
                        let is_asked = |one: &sdk::StackSetOperationResultSummary| {
                            only.is_none_or(|only| one.status().is_some_and(|status| status.as_str() == only))
                        };
                        let (page, next) = page(all.filter(is_asked).collect(), r.next_token());
                        let output = ListStackSetOperationResultsOutput::builder();
                        Ok(output.set_summaries(Some(page)).set_next_token(next).build())
                    })
                },
            ),
        ]
    }
}
