//! The calls that create and change a function.

use aws_sdk_lambda::types::{Environment, FunctionCode, LoggingConfig, PackageType};

use super::{
    ARCHITECTURE, Deployed, HANDLER, LambdaFunction, Live, Mark, RELAY_TAG, ROLE_ID_TAG, RUNTIME,
    environment, read,
};
use crate::aws::Aws;
use crate::aws::connect::upload;
use crate::aws::fault::gone;
use crate::resource::{Context, Fault, Ref, Resource, Result, Tags, Text, tags};

impl LambdaFunction {
    /// The wanted state of the function, in the form in which it will be read back.
    pub(super) fn expected(&self, environment: environment::Live, cx: &Context<'_>) -> Result<Live> {
        let arn = Text::arn("lambda", format!("function:{}", self.name));
        Ok(Live {
            name: self.name.clone(),
            arn: cx.text(&arn)?,
            description: self.description.clone(),
            role: cx.text(&self.role.arn())?,
            memory_mb: Some(self.memory_mb),
            timeout_seconds: Some(self.timeout_seconds),
            code: Deployed::with(&self.code),
            architecture: ARCHITECTURE.as_str().to_owned(),
            runtime: RUNTIME.as_str().to_owned(),
            handler: HANDLER.to_owned(),
            kms_key: self.key_arn().map(|key| cx.text(&key)).transpose()?,
            environment,
            log_group: self.log_group.name().to_owned(),
            layers: Vec::new(),
            reserved_concurrency: self.reserved_concurrency,
            last_modified: String::new(),
            role_id: match &self.kms_key {
                Some(_) => Some(cx.text(&self.role.unique_id())?),
                None => None,
            },
            tags: self.tags.clone(),
            busy: true,
            broken: None,
            stale: None,
        })
    }

    /// The ARN of the key for the environment and its secrets.
    pub(super) fn key_arn(&self) -> Option<Text> {
        self.kms_key.as_ref().map(Ref::arn)
    }

    /// The same as text for calls. Empty for AWS's own key.
    pub(super) fn filled_key_arn(&self, cx: &Context<'_>) -> Result<String> {
        self.key_arn().map_or(Ok(String::new()), |key| cx.text(&key))
    }

    /// Its tags, including those that store state.
    fn all_tags(&self, cx: &Context<'_>) -> Result<Tags> {
        let mut tags = self.tags.clone();
        tags.extend([self.relay_tag()]);
        tags.extend(self.role_tag(cx)?);
        Ok(tags)
    }

    /// The tag that records what is uploaded.
    pub(super) fn relay_tag(&self) -> (String, String) {
        (RELAY_TAG.to_owned(), Mark::of(&self.code).to_string())
    }

    /// The tag that records the role with the key's grant, if there is a key.
    pub(super) fn role_tag(&self, cx: &Context<'_>) -> Result<Option<(String, String)>> {
        let id = self.kms_key.as_ref().map(|_| cx.text(&self.role.unique_id()));
        Ok(id.transpose()?.map(|id| (ROLE_ID_TAG.to_owned(), id)))
    }

    pub(super) async fn send_create(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        let tags = self.all_tags(cx)?;
        let lambda = &cx.aws.connection.clients.lambda;
        let request = lambda
            .create_function()
            .function_name(&live.name)
            .description(&live.description)
            .role(&live.role)
            .package_type(PackageType::Zip)
            .code(FunctionCode::builder().zip_file(self.code.placeholder()).build())
            .publish(false)
            .architectures(ARCHITECTURE)
            .runtime(RUNTIME)
            .handler(HANDLER)
            .memory_size(self.memory_mb)
            .timeout(self.timeout_seconds)
            .set_kms_key_arn(live.kms_key.clone())
            .environment(to_sdk(&live.environment))
            .logging_config(LoggingConfig::builder().log_group(&live.log_group).build())
            .set_tags(Some(tags.into_iter().collect()));
        let send = || {
            let packed = request.clone().customize().config_override(upload());
            packed.map_request(self.code.put_into()).send()
        };
        cx.aws.call("lambda:CreateFunction", send).await.map(drop)
    }

    /// Sets the whole configuration. `key_arn` is the key for the environment, or empty for AWS's own key. The
    /// environment is always sent too, because it would not be re-encrypted if only the key changed.
    pub(super) async fn configure(&self, live: &Live, key_arn: &str, cx: &Context<'_>) -> Result<()> {
        let lambda = &cx.aws.connection.clients.lambda;
        let request = lambda
            .update_function_configuration()
            .function_name(&live.name)
            .description(&live.description)
            .role(&live.role)
            .runtime(RUNTIME)
            .handler(HANDLER)
            .memory_size(self.memory_mb)
            .timeout(self.timeout_seconds)
            .kms_key_arn(key_arn)
            .environment(to_sdk(&live.environment))
            // Removes layers that somebody added.
            .set_layers(Some(Vec::new()))
            .logging_config(LoggingConfig::builder().log_group(&live.log_group).build());
        let configured = cx
            .aws
            .call("lambda:UpdateFunctionConfiguration", || request.clone().send());
        configured.await.map(drop).map_err(explain)
    }

    pub(super) async fn upload(&self, cx: &Context<'_>) -> Result<()> {
        let request = cx.aws.connection.clients.lambda.update_function_code();
        let request = request
            .function_name(&self.name)
            .architectures(ARCHITECTURE)
            .zip_file(self.code.placeholder())
            .publish(false);
        let send = || {
            let packed = request.clone().customize().config_override(upload());
            packed.map_request(self.code.put_into()).send()
        };
        let uploaded = cx.aws.call("lambda:UpdateFunctionCode", send);
        uploaded.await.map(drop).map_err(explain)
    }

    pub(super) async fn reserve(&self, count: i32, cx: &Context<'_>) -> Result<()> {
        let request = cx.aws.connection.clients.lambda.put_function_concurrency();
        let request = request
            .function_name(&self.name)
            .reserved_concurrent_executions(count);
        let reserved = cx
            .aws
            .call("lambda:PutFunctionConcurrency", || request.clone().send());
        reserved.await.map(drop).map_err(explain)
    }

    pub(super) async fn unreserve(&self, cx: &Context<'_>) -> Result<()> {
        let request = cx.aws.connection.clients.lambda.delete_function_concurrency();
        let request = request.function_name(&self.name);
        let unreserved = cx
            .aws
            .call("lambda:DeleteFunctionConcurrency", || request.clone().send());
        gone(unreserved.await)
    }

    /// Succeeds if the existing function with this name is the wanted one.
    pub(super) async fn is_there(&self, fault: Fault, cx: &Context<'_>) -> Result<()> {
        let Some(live) = read(cx.aws, &self.name, Some(self)).await? else {
            return Err(fault);
        };
        let changes = self.fields(&cx.known).difference(&Self::live_fields(&live), &[]);
        // The reserved concurrency is set by the call after this one.
        let others = changes
            .iter()
            .filter(|change| change.field != "reserved_concurrency");
        let others: Vec<_> = others.map(|change| change.field.as_str()).collect();
        // The fields include the tags, so a function without differences is ours.
        if others.is_empty() {
            return Ok(());
        }
        // A second CreateFunction after a lost answer may remove the tags of the function that the first one created.
        // No other function has its role and code. <https://github.com/aws/aws-sdk-js/issues/2860>
        let untagged = live.tags.is_empty() && live.role_id.is_none();
        if untagged
            && others
                .iter()
                .all(|field| field.starts_with("tags.") || ["relay", "role_id"].contains(field))
            && self.code.sha256() == live.code.code_sha256
        {
            return retag(cx.aws, &live.arn, &live.tags, &self.all_tags(cx)?).await;
        }
        Err(fault.hint("somebody created it after the plan: run the same command again to see what it is"))
    }
}

fn to_sdk(environment: &environment::Live) -> Environment {
    let variables = environment::variables(environment);
    Environment::builder().set_variables(Some(variables)).build()
}

/// Changes the tags of a function, or of another Lambda resource, from `live` to `wanted`, by its ARN.
pub(in crate::resource) async fn retag(aws: &Aws, arn: &str, live: &Tags, wanted: &Tags) -> Result<()> {
    let lambda = &aws.connection.clients.lambda;
    tags::sync(
        live,
        wanted,
        async |remove| {
            let request = lambda.untag_resource().resource(arn);
            let request = request.set_tag_keys(Some(remove));
            aws.call("lambda:UntagResource", || request.clone().send()).await
        },
        async |put| {
            let put = put.into_iter().collect();
            let request = lambda.tag_resource().resource(arn).set_tags(Some(put));
            aws.call("lambda:TagResource", || request.clone().send()).await
        },
    )
    .await
}

const INVALID: &str = "InvalidParameterValueException";

/// Adds a hint to errors whose text does not say what to do.
pub(super) fn explain(fault: Fault) -> Fault {
    let hint = if fault.is(&["AccessDeniedException"]) && fault.message.contains("iam:PassRole") {
        "the identity that runs alertctl needs `iam:PassRole` on the role, with the condition \
         `iam:PassedToService` = `lambda.amazonaws.com`; `alertctl policy --deployer` prints all permissions \
         that plan, apply and destroy need"
    } else if fault.is(&["CodeStorageExceededException"]) {
        "the account's storage for Lambda code in this region is full: delete functions or old versions, or \
         ask AWS for more (quota `Function and layer storage`)"
    } else if fault.is(&["RequestTooLargeException", "RequestEntityTooLargeException"]) {
        "the function's package and environment are larger than Lambda allows: shorten the values in the \
         environment"
    } else if fault.says(INVALID, "UnreservedConcurrentExecution") {
        "an account must keep some executions unreserved, as many as AWS names above: lower the reserved \
         concurrency or remove it, or ask AWS for more (quota `Concurrent executions`)"
    } else {
        return fault;
    };
    Fault {
        hint: Some(hint.to_owned()),
        ..fault
    }
}
