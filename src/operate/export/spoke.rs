//! The spokes of an organization for those who deploy them with a pipeline of their own.

use serde_json::{Map, Value, json};

use super::yaml;

/// A file of such an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpokeFile {
    /// Its path in the pipeline's repository.
    pub path: String,
    pub text: String,
}

/// What a pipeline has to know of a spoke.
#[derive(Debug, Clone)]
pub struct Spokes<'a> {
    /// The name of the hub's stack.
    pub stack: &'a str,
    /// Without a description.
    pub template: &'a Value,
    pub description: String,
    /// The values of the template's parameters, by name.
    pub parameters: Vec<(String, String)>,
    pub regions: Vec<String>,
    /// Ids of accounts that get none, the hub's own among them.
    pub except: Vec<String>,
}

impl Spokes<'_> {
    /// The template itself, with its description.
    pub fn document(&self) -> Value {
        let mut template = Map::new();
        for (name, value) in self.template.as_object().into_iter().flatten() {
            template.insert(name.clone(), value.clone());
            if name == "AWSTemplateFormatVersion" {
                template.insert("Description".to_owned(), json!(self.description));
            }
        }
        Value::Object(template)
    }

    /// The same as YAML.
    pub fn cloudformation(&self) -> SpokeFile {
        SpokeFile {
            path: format!("{}-spoke.template.yaml", self.stack),
            text: yaml::written(&self.document(), &[]),
        }
    }

    /// For the Landing Zone Accelerator: the template, and the entry for `customizations-config.yaml`.
    /// <https://awslabs.github.io/landing-zone-accelerator-on-aws/latest/typedocs/interfaces/packages__aws-accelerator_config_lib_models_customizations-config.ICloudFormationStackSet.html>
    pub fn lza(&self) -> Vec<SpokeFile> {
        let name = format!("{}-spoke", self.stack);
        let template = format!("cloudformation/{name}.yaml");
        let mut targets = json!({ "organizationalUnits": ["Root"] });
        if !self.except.is_empty() {
            targets["excludedAccounts"] = json!(self.except);
        }
        let parameters = self.parameters.iter();
        let parameters = parameters.map(|(name, value)| json!({ "name": name, "value": value }));
        let config = json!({ "customizations": { "cloudFormationStackSets": [{
            "name": name,
            "description": format!("Spokes of the alertctl stack {}", self.stack),
            "template": template,
            "capabilities": ["CAPABILITY_NAMED_IAM"],
            "deploymentTargets": targets,
            "regions": self.regions,
            "parameters": parameters.collect::<Vec<_>>(),
        }] } });
        let note = "# Units and accounts are named as in organization-config.yaml and accounts-config.yaml: write your own.\n\
                    # Leave out the account of the hub, which hears itself.\n";
        vec![
            SpokeFile {
                path: "customizations-config.yaml".to_owned(),
                text: format!("{note}{}", yaml::written(&config, &[])),
            },
            SpokeFile {
                path: template,
                ..self.cloudformation()
            },
        ]
    }

    /// For Customizations for AWS Control Tower: the template, and the entry for `manifest.yaml`.
    /// <https://docs.aws.amazon.com/controltower/latest/userguide/the-manifest-file-version-2.html>
    pub fn cfct(&self, home: &str) -> Vec<SpokeFile> {
        let name = format!("{}-spoke", self.stack);
        let template = format!("templates/{name}.template");
        let parameters = self.parameters.iter();
        let parameters =
            parameters.map(|(name, value)| json!({ "parameter_key": name, "parameter_value": value }));
        let manifest = json!({
            "region": home,
            "version": "2021-03-15",
            "resources": [{
                "name": name,
                "description": format!("Spokes of the alertctl stack {}", self.stack),
                "resource_file": template,
                "deploy_method": "stack_set",
                "deployment_targets": { "organizational_units": ["Root"] },
                "parameters": parameters.collect::<Vec<_>>(),
                "regions": self.regions,
            }],
        });
        let note = "# `region` is the home region of Control Tower. Units are named as Control Tower knows them: write your own.\n\
                    # The account of the hub hears itself: leave its unit out.\n";
        vec![
            SpokeFile {
                path: "manifest.yaml".to_owned(),
                text: format!("{note}{}", yaml::written(&manifest, &[])),
            },
            SpokeFile {
                path: template,
                ..self.cloudformation()
            },
        ]
    }

    /// The same resources for Terraform and OpenTofu, as one module for one region of one account.
    /// <https://developer.hashicorp.com/terraform/language/syntax/json>
    pub fn terraform(&self) -> SpokeFile {
        let mut resources = Map::new();
        let empty = Map::new();
        let declared = self.template["Resources"].as_object().unwrap_or(&empty);
        for (id, resource) in declared {
            for (kind, name, body) in translated(id, resource, declared) {
                let of_kind = resources.entry(kind).or_insert_with(|| json!({}));
                of_kind[name] = body;
            }
        }
        let parameters = self.template["Parameters"].as_object().unwrap_or(&empty);
        let variable = |(name, parameter): (&String, &Value)| {
            let about = json!({ "type": "string", "description": parameter["Description"] });
            (snake(name), about)
        };
        let module = json!({
            "terraform": { "required_providers": { "aws": { "source": "hashicorp/aws", "version": ">= 5.40" } } },
            "variable": parameters.iter().map(variable).collect::<Map<_, _>>(),
            "data": {
                "aws_caller_identity": { "current": {} },
                "aws_partition": { "current": {} },
                "aws_region": { "current": {} },
            },
            "resource": resources,
        });
        SpokeFile {
            path: format!("{}-spoke.tf.json", self.stack),
            text: format!("{module:#}\n"),
        }
    }
}

/// One resource of the template as resources of Terraform: type, name and arguments of each. The template has the types below
/// and no others, which a test holds.
fn translated(
    id: &str,
    resource: &Value,
    declared: &Map<String, Value>,
) -> Vec<(&'static str, String, Value)> {
    let (name, is) = (snake(id), &resource["Properties"]);
    let say = |value: &Value| said(value, declared);
    let document = |value: &Value| json!(say(value).to_string());
    let own = |kind, body| vec![(kind, name.clone(), body)];
    match resource["Type"].as_str().unwrap_or_default() {
        "AWS::IAM::Role" => {
            let mut role = json!({
                "path": is["Path"],
                "assume_role_policy": document(&is["AssumeRolePolicyDocument"]),
            });
            if !is["RoleName"].is_null() {
                role["name"] = say(&is["RoleName"]);
            }
            let policies = is["Policies"].as_array().into_iter().flatten();
            let policies = policies.map(|policy| {
                let body = json!({
                    "name": policy["PolicyName"],
                    "role": format!("${{aws_iam_role.{name}.id}}"),
                    "policy": document(&policy["PolicyDocument"]),
                });
                ("aws_iam_role_policy", name.clone(), body)
            });
            own("aws_iam_role", role).into_iter().chain(policies).collect()
        }
        "AWS::SQS::Queue" => own(
            "aws_sqs_queue",
            json!({
                "name": is["QueueName"],
                "message_retention_seconds": is["MessageRetentionPeriod"],
                "sqs_managed_sse_enabled": is["SqsManagedSseEnabled"],
            }),
        ),
        "AWS::SQS::QueuePolicy" => own(
            "aws_sqs_queue_policy",
            json!({ "queue_url": say(&is["Queues"][0]), "policy": document(&is["PolicyDocument"]) }),
        ),
        "AWS::CloudWatch::Alarm" => {
            let pair = |one: &Value| Some((one["Name"].as_str()?.to_owned(), say(&one["Value"])));
            let dimensions = is["Dimensions"].as_array().into_iter().flatten();
            own(
                "aws_cloudwatch_metric_alarm",
                json!({
                    "alarm_name": say(&is["AlarmName"]),
                    "alarm_description": is["AlarmDescription"],
                    "namespace": is["Namespace"],
                    "metric_name": is["MetricName"],
                    "dimensions": dimensions.filter_map(pair).collect::<Map<_, _>>(),
                    "statistic": is["Statistic"],
                    "period": is["Period"],
                    "evaluation_periods": is["EvaluationPeriods"],
                    "threshold": is["Threshold"],
                    "comparison_operator": is["ComparisonOperator"],
                    "treat_missing_data": is["TreatMissingData"],
                }),
            )
        }
        "AWS::Events::Rule" => {
            let rule = json!({
                "name": is["Name"],
                "description": is["Description"],
                "state": is["State"],
                "event_pattern": document(&is["EventPattern"]),
            });
            let targets = is["Targets"].as_array().into_iter().flatten();
            let targets = targets.map(|target| {
                let body = json!({
                    "rule": format!("${{aws_cloudwatch_event_rule.{name}.name}}"),
                    "target_id": target["Id"],
                    "arn": say(&target["Arn"]),
                    "role_arn": say(&target["RoleArn"]),
                    "dead_letter_config": { "arn": say(&target["DeadLetterConfig"]["Arn"]) },
                });
                ("aws_cloudwatch_event_target", name.clone(), body)
            });
            own("aws_cloudwatch_event_rule", rule)
                .into_iter()
                .chain(targets)
                .collect()
        }
        _ => Vec::new(),
    }
}

/// A value with Terraform's references in place of CloudFormation's functions.
fn said(value: &Value, declared: &Map<String, Value>) -> Value {
    match value {
        Value::Object(fields) => match fields.iter().next() {
            Some((function, what)) if fields.len() == 1 && function == "Ref" => {
                json!(reference(what.as_str().unwrap_or_default(), declared))
            }
            Some((function, what)) if fields.len() == 1 && function == "Fn::GetAtt" => {
                let (id, attribute) = (what[0].as_str().unwrap_or_default(), what[1].as_str());
                let attribute = match attribute {
                    Some("QueueName") => "name",
                    _ => "arn",
                };
                json!(format!("${{{}.{}.{attribute}}}", kind(id, declared), snake(id)))
            }
            Some((function, what)) if fields.len() == 1 && function == "Fn::Sub" => {
                let mut text = String::new();
                let mut parts = what.as_str().unwrap_or_default().split("${");
                text.push_str(parts.next().unwrap_or_default());
                for part in parts {
                    let (name, rest) = part.split_once('}').unwrap_or((part, ""));
                    text.push_str(&reference(name, declared));
                    text.push_str(rest);
                }
                json!(text)
            }
            _ => {
                let each = fields
                    .iter()
                    .map(|(key, value)| (key.clone(), said(value, declared)));
                Value::Object(each.collect())
            }
        },
        Value::Array(list) => list.iter().map(|one| said(one, declared)).collect(),
        Value::String(text) => json!(text.replace("${", "$${").replace("%{", "%%{")),
        other => other.clone(),
    }
}

fn reference(name: &str, declared: &Map<String, Value>) -> String {
    match name {
        "AWS::AccountId" => "${data.aws_caller_identity.current.account_id}".to_owned(),
        "AWS::Partition" => "${data.aws_partition.current.partition}".to_owned(),
        // `name` in version 5 of the provider, and deprecated in 6, which still has it.
        "AWS::Region" => "${data.aws_region.current.name}".to_owned(),
        id if declared.contains_key(id) => format!("${{{}.{}.url}}", kind(id, declared), snake(id)),
        parameter => format!("${{var.{}}}", snake(parameter)),
    }
}

fn kind(id: &str, declared: &Map<String, Value>) -> &'static str {
    match declared[id]["Type"].as_str() {
        Some("AWS::SQS::Queue") => "aws_sqs_queue",
        _ => "aws_iam_role",
    }
}

/// `HubBus` as `hub_bus`.
fn snake(name: &str) -> String {
    let mut text = String::new();
    for (at, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && at > 0 {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::spoke;

    const HUB: &str = "
stack: hub
region: eu-central-1
channels: { ops: { webhook: { env: HOOK } } }
rules:
  root: { preset: root-activity, to: [ops] }
  iam: { preset: iam-changes, to: [ops] }
organization: { id: o-a1b2c3d4e5, ous: [r-ab12], forward: [root, iam, alarms], to: [ops] }
";

    fn template() -> Value {
        let stack = crate::stack::parse("stack.yaml", HUB).expect("a stack").stack;
        let organization = stack.organization.as_ref().expect("an organization");
        spoke::template(&stack, organization, "eu-central-1")
    }

    fn spokes(template: &Value) -> Spokes<'_> {
        Spokes {
            stack: "hub",
            template,
            description: "a spoke".to_owned(),
            parameters: vec![
                ("HubAccount".to_owned(), "111122223333".to_owned()),
                (
                    "HubBus".to_owned(),
                    "arn:aws:events:eu-central-1:111122223333:event-bus/hub-organization".to_owned(),
                ),
            ],
            regions: vec!["eu-central-1".to_owned(), "us-east-1".to_owned()],
            except: vec!["444455556666".to_owned()],
        }
    }

    #[test]
    fn the_files_of_each_pipeline() {
        let template = template();
        let spokes = spokes(&template);
        insta::assert_snapshot!(spokes.cloudformation().text);
        insta::assert_snapshot!(spokes.terraform().text);
        insta::assert_snapshot!(spokes.lza()[0].text);
        insta::assert_snapshot!(spokes.cfct("eu-central-1")[0].text);
        assert_eq!(spokes.lza()[1].text, spokes.cloudformation().text);
    }

    /// A type that the translation does not know would be missing without a word.
    #[test]
    fn terraform_has_every_resource() {
        let template = template();
        let module: Value = serde_json::from_str(&spokes(&template).terraform().text).expect("JSON");
        let count = |kind: &str| module["resource"][kind].as_object().map_or(0, Map::len);
        let declared = template["Resources"].as_object().expect("resources");
        let main: usize = [
            "aws_iam_role",
            "aws_sqs_queue",
            "aws_sqs_queue_policy",
            "aws_cloudwatch_metric_alarm",
            "aws_cloudwatch_event_rule",
        ]
        .into_iter()
        .map(count)
        .sum();
        assert_eq!(main, declared.len());
        assert_eq!(
            count("aws_cloudwatch_event_rule"),
            count("aws_cloudwatch_event_target")
        );
        assert!(!module.to_string().contains("Fn::"), "{module}");
    }
}
