//! The set in a CloudFormation template.

use serde_json::{Value, json};

use super::{CallAs, CloudformationStackSet, Targets};
use crate::resource::template::{Declaration, Entry, Template, Templated, pairs};

impl Templated for CloudformationStackSet {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            name,
            description,
            template: body,
            parameters,
            targets,
            regions,
            call_as,
            tags,
            bus: _,
        } = self;
        let parameters = parameters
            .iter()
            .map(|(name, value)| json!({ "ParameterKey": name, "ParameterValue": template.text(value) }));
        let parameters: Vec<Value> = parameters.collect();
        let reached = match targets {
            Targets::Units { ous, except } => {
                let except: Vec<_> = except.iter().map(|account| template.text(account)).collect();
                match except.is_empty() {
                    true => json!({ "OrganizationalUnitIds": ous }),
                    false => json!({
                        "OrganizationalUnitIds": ous, "Accounts": except, "AccountFilterType": "DIFFERENCE",
                    }),
                }
            }
            Targets::Accounts(accounts) => json!({ "Accounts": accounts }),
        };
        let set = Declaration::new("AWS::CloudFormation::StackSet")
            .set("StackSetName", name.as_str())
            .set("Description", description.as_str())
            .set("PermissionModel", targets.permission_model())
            .set("ManagedExecution", json!({ "Active": true }))
            .set("Capabilities", json!(["CAPABILITY_NAMED_IAM"]))
            .set("TemplateBody", body.to_string())
            .set("Parameters", parameters)
            .set(
                "OperationPreferences",
                json!({
                    "RegionConcurrencyType": "PARALLEL",
                    "MaxConcurrentPercentage": 100,
                    "FailureTolerancePercentage": 100,
                    "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
                }),
            )
            .set(
                "StackInstancesGroup",
                json!([{ "DeploymentTargets": reached, "Regions": regions }]),
            )
            .set("Tags", pairs(&template.tags(tags)));
        let set = match targets {
            Targets::Units { .. } => set.set(
                "AutoDeployment",
                json!({ "Enabled": true, "RetainStacksOnAccountRemoval": false }),
            ),
            Targets::Accounts(_) => set,
        };
        match call_as {
            CallAs::Own => set,
            CallAs::DelegatedAdmin => set.set("CallAs", "DELEGATED_ADMIN"),
        }
        .into()
    }
}
