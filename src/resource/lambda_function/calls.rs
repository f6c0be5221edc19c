//! The calls that make and change a function.

use aws_sdk_lambda::types::{Environment, FunctionCode, LoggingConfig, PackageType};

use super::{
    ARCHITECTURE, HANDLER, LambdaFunction, Live, ROLE_ID_TAG, RUNTIME, THROTTLED, environment, read,
};
use crate::aws::fault::gone;
use crate::aws::{Aws, wait};
use crate::resource::{Cx, Fault, Ref, Resource, Result, Tags, Text};

impl LambdaFunction {
    /// What the function is to be, as it will be read back.
    pub(super) fn wished(&self, environment: environment::Live, cx: &Cx<'_>) -> Result<Live> {
        let arn = Text::arn("lambda", format!("function:{}", self.name));
        Ok(Live {
            name: self.name.clone(),
            arn: cx.text(&arn)?,
            description: self.description.clone(),
            role: cx.text(&self.role_arn)?,
            memory_mb: Some(self.memory_mb),
            timeout_seconds: Some(self.timeout_seconds),
            code_sha256: self.code.sha256.to_string(),
            architecture: ARCHITECTURE.as_str().to_owned(),
            runtime: RUNTIME.as_str().to_owned(),
            handler: HANDLER.to_owned(),
            kms_key: self.key_arn().map(|key| cx.text(&key)).transpose()?,
            environment,
            log_group: self.log_group_name.clone(),
            reserved_concurrency: self.reserved_concurrency,
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

    /// The key of the environment and its secrets.
    pub(super) fn key_arn(&self) -> Option<Text> {
        self.kms_key.as_ref().map(Ref::arn)
    }

    /// The same for calls: empty where AWS's own key is meant.
    pub(super) fn filled_key_arn(&self, cx: &Cx<'_>) -> Result<String> {
        self.key_arn().map_or(Ok(String::new()), |key| cx.text(&key))
    }

    pub(super) async fn send_create(&self, live: &Live, cx: &Cx<'_>) -> Result<()> {
        let mut tags = live.tags.clone();
        tags.extend(live.role_id.iter().map(|id| (ROLE_ID_TAG.to_owned(), id.clone())));
        let lambda = &cx.aws.connection.clients.lambda;
        let send = lambda
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
            .environment(in_aws_words(&live.environment))
            .logging_config(LoggingConfig::builder().log_group(&live.log_group).build())
            .set_tags(Some(tags.into_iter().collect()))
            .customize()
            .map_request(self.code.put_into())
            .send();
        cx.aws.call("lambda:CreateFunction", send).await.map(drop)
    }

    /// Sets the whole configuration, with `key_arn` for the environment: empty for AWS's own key. The
    /// environment goes along, because a change of the key alone would leave it behind.
    pub(super) async fn configure(&self, live: &Live, key_arn: &str, cx: &Cx<'_>) -> Result<()> {
        let lambda = &cx.aws.connection.clients.lambda;
        let send = async || {
            let send = lambda
                .update_function_configuration()
                .function_name(&live.name)
                .description(&live.description)
                .role(&live.role)
                .runtime(RUNTIME)
                .handler(HANDLER)
                .memory_size(self.memory_mb)
                .timeout(self.timeout_seconds)
                .kms_key_arn(key_arn)
                .environment(in_aws_words(&live.environment))
                .logging_config(LoggingConfig::builder().log_group(&live.log_group).build())
                .send();
            cx.aws
                .call("lambda:UpdateFunctionConfiguration", send)
                .await
                .map(drop)
        };
        patiently(|fault| unseen(fault) || at_work(fault), send)
            .await
            .map_err(explain)
    }

    pub(super) async fn upload(&self, cx: &Cx<'_>) -> Result<()> {
        let lambda = &cx.aws.connection.clients.lambda;
        let send = async || {
            let send = lambda
                .update_function_code()
                .function_name(&self.name)
                .architectures(ARCHITECTURE)
                .zip_file(self.code.placeholder())
                .publish(false)
                .customize()
                .map_request(self.code.put_into())
                .send();
            cx.aws.call("lambda:UpdateFunctionCode", send).await.map(drop)
        };
        patiently(at_work, send).await.map_err(explain)
    }

    pub(super) async fn reserve(&self, count: i32, cx: &Cx<'_>) -> Result<()> {
        let lambda = &cx.aws.connection.clients.lambda;
        wait::retry(wait::LAMBDA, at_work, async || {
            let send = lambda
                .put_function_concurrency()
                .function_name(&self.name)
                .reserved_concurrent_executions(count)
                .send();
            cx.aws.call("lambda:PutFunctionConcurrency", send).await.map(drop)
        })
        .await
        .map_err(explain)
    }

    pub(super) async fn unreserve(&self, cx: &Cx<'_>) -> Result<()> {
        let lambda = &cx.aws.connection.clients.lambda;
        wait::retry(wait::LAMBDA, at_work, async || {
            let send = lambda
                .delete_function_concurrency()
                .function_name(&self.name)
                .send();
            gone(cx.aws.call("lambda:DeleteFunctionConcurrency", send).await)
        })
        .await
    }

    /// Success when the function that holds the name is the one that was asked for.
    pub(super) async fn is_there(&self, fault: Fault, cx: &Cx<'_>) -> Result<()> {
        let Some(live) = read(cx.aws, &self.name, Some(self)).await? else {
            return Err(fault);
        };
        let changes = self.fields(&cx.known).difference(&Self::live_fields(&live), &[]);
        // The tags are among the fields, so that what is the same is ours. What is reserved is set by the
        // call after this one.
        let same = changes
            .iter()
            .all(|change| change.field == "reserved_concurrency");
        if same {
            return Ok(());
        }
        Err(fault.hint("somebody made it since the plan: run the same command again to see what it is"))
    }
}

fn in_aws_words(environment: &environment::Live) -> Environment {
    let variables = environment::variables(environment);
    Environment::builder().set_variables(Some(variables)).build()
}

/// Puts and removes tags of a function or of another resource of Lambda's, by its ARN.
pub(in crate::resource) async fn retag(aws: &Aws, arn: &str, put: Tags, remove: Vec<String>) -> Result<()> {
    let lambda = &aws.connection.clients.lambda;
    if !put.is_empty() {
        let put = put.into_iter().collect();
        let send = lambda.tag_resource().resource(arn).set_tags(Some(put)).send();
        aws.call("lambda:TagResource", send).await?;
    }
    if !remove.is_empty() {
        let send = lambda
            .untag_resource()
            .resource(arn)
            .set_tag_keys(Some(remove))
            .send();
        aws.call("lambda:UntagResource", send).await?;
    }
    Ok(())
}

/// Repeats `call` while `passing` holds, and longer while EC2 throttles Lambda.
pub(super) async fn patiently(
    passing: impl Fn(&Fault) -> bool,
    mut call: impl AsyncFnMut() -> Result<()>,
) -> Result<()> {
    let throttled = |fault: &Fault| fault.says(INVALID, "throttled by EC2");
    wait::retry(THROTTLED, throttled, async || {
        wait::retry(wait::LAMBDA, &passing, &mut call).await
    })
    .await
}

const INVALID: &str = "InvalidParameterValueException";

/// A role or key made a moment ago that Lambda does not see yet. The texts are those that the Terraform
/// provider waits for (`internal/service/lambda/function.go`).
pub(super) fn unseen(fault: &Fault) -> bool {
    const TEXTS: [&str; 3] = [
        "The role defined for the function cannot be assumed by Lambda",
        "The provided execution role does not have permissions",
        "KMS key is invalid for CreateGrant",
    ];
    TEXTS.iter().any(|text| fault.says(INVALID, text))
}

/// Lambda is still making the function or carrying out the change before.
fn at_work(fault: &Fault) -> bool {
    const TEXTS: [&str; 2] = ["update is in progress", "Pending"];
    TEXTS
        .iter()
        .any(|text| fault.says("ResourceConflictException", text))
}

/// Puts the way on behind refusals whose text does not say it.
pub(super) fn explain(fault: Fault) -> Fault {
    let hint = if fault.is(&["AccessDeniedException"]) && fault.message.contains("iam:PassRole") {
        "the identity that runs alertctl needs `iam:PassRole` on the role, with the condition \
         `iam:PassedToService` = `lambda.amazonaws.com`; `alertctl policy --deployer` prints all that plan, \
         apply and destroy need"
    } else if fault.is(&["CodeStorageExceededException"]) {
        "the account's storage for Lambda code in this region is full: delete functions or old versions, or \
         ask AWS for more (quota `Function and layer storage`)"
    } else if fault.is(&["RequestTooLargeException", "RequestEntityTooLargeException"]) {
        "the function's package and environment are larger than Lambda takes: shorten what the environment \
         holds"
    } else if fault.says(INVALID, "UnreservedConcurrentExecution") {
        "an account must keep some executions unreserved, as many as AWS names above: lower the reserved \
         concurrency or leave it out, or ask AWS for more (quota `Concurrent executions`)"
    } else {
        return fault;
    };
    Fault {
        hint: Some(hint.to_owned()),
        ..fault
    }
}
