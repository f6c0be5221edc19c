//! The function in a CloudFormation template.

use serde_json::{Map, Value, json};

use super::{ARCHITECTURE, EnvValue, HANDLER, LambdaFunction, ROLE_ID_TAG, RUNTIME};
use crate::resource::Resource as _;
use crate::resource::template::{
    Attribute, Declaration, Entry, Mark, Parameter, Template, Templated, digest, optional,
};

impl Templated for LambdaFunction {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            name,
            description,
            role,
            memory_mb,
            timeout_seconds,
            code: _,
            kms_key,
            encrypted_for: _,
            environment,
            log_group,
            reserved_concurrency,
            tags,
        } = self;
        let variables = environment
            .iter()
            .map(|(name, value)| (name.clone(), self.variable(name, value, template)));
        let variables = Value::Object(variables.collect::<Map<_, _>>());
        let mut tags = tags.clone();
        tags.extend([self.relay_tag()]);
        if kms_key.is_some() {
            tags.insert(ROLE_ID_TAG.to_owned(), template.text(&role.unique_id()));
        }
        Declaration::new("AWS::Lambda::Function")
            .arn(Attribute::Get("Arn"))
            .computed(template, self.arn())
            .set("FunctionName", name.as_str())
            .set("Description", description.as_str())
            .set("Code", self.package(template))
            .set("Runtime", RUNTIME.as_str())
            .set("Handler", HANDLER)
            .set("Architectures", json!([ARCHITECTURE.as_str()]))
            .set("Role", template.text(&role.arn()))
            .set("MemorySize", *memory_mb)
            .set("Timeout", *timeout_seconds)
            .set("Environment", json!({ "Variables": variables }))
            .set_some("KmsKeyArn", self.key_arn().map(|key| template.text(&key)))
            .set(
                "LoggingConfig",
                json!({ "LogGroup": template.reference(log_group) }),
            )
            .set_some("ReservedConcurrentExecutions", *reserved_concurrency)
            .tagged(template, &tags)
            .into()
    }
}

impl LambdaFunction {
    /// All functions of a stack have the same code. A package of some megabytes has no place in a template.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html>
    fn package(&self, template: &Template) -> Value {
        let bucket = template.parameter("code bucket", |name| Parameter {
            description: "Bucket, in the region of this stack, with the package of the functions' code"
                .to_owned(),
            ..Parameter::named(name)
        });
        let key = template.parameter("code key", |name| Parameter {
            description: "The package in that bucket, as `--write-code` wrote it".to_owned(),
            // Another code has another name: otherwise CloudFormation would see no change.
            default: Some(format!("alertctl-{}.zip", digest(self.code.sha256()))),
            ..Parameter::named(name)
        });
        json!({
            "S3Bucket": Mark::Parameter(bucket.name).to_string(),
            "S3Key": Mark::Parameter(key.name).to_string(),
        })
    }

    /// A secret is encrypted with a key that may not exist before the template is deployed.
    fn variable(&self, name: &str, value: &EnvValue, template: &Template) -> Value {
        match value {
            EnvValue::Plain(text) => template.text(text).into(),
            EnvValue::Secret(_) | EnvValue::NotAtHand => {
                let parameter = template.parameter(name, |parameter| Parameter {
                    description: format!(
                        "What is in {name}, encrypted with the key of this stack for the encryption context \
                         LambdaFunctionName={}, in Base64; never the address itself",
                        self.encrypted_for
                    ),
                    secret: true,
                    default: Some(String::new()),
                    optional: true,
                    ..Parameter::named(parameter)
                });
                optional(&parameter)
            }
        }
    }
}
