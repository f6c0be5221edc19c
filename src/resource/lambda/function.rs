//! A Lambda function: one static binary for `provided.al2023`, its environment encrypted with the stack's key.

use std::collections::BTreeMap;
use std::time::Duration;

use alertctl_relay::{console_page, encode_fragment};
use aws_sdk_lambda::types::{Architecture, Runtime};

use crate::aws::fault::{found, gone};
use crate::aws::wait;
use crate::resource::iam::role::IamRole;
use crate::resource::kms::key::KmsKey;
use crate::resource::logs::log_group::LogGroup;
use crate::resource::{
    About, Access, Aws, Changes, Context, Fields, Handling, Known, NodeId, Observed, Output, Ref, Resource,
    Result, Tags, Text, Wanted, named,
};

mod access;
mod calls;
mod contents;
mod deployed;
mod environment;
mod package;
mod states;
mod template;
mod verified;

use calls::explain;
pub(super) use calls::retag;
pub use contents::{Relay, Settings};
pub use deployed::{Deployed, Origin};
use deployed::{Mark, RELAY_TAG};
pub use environment::EnvValue;
pub use package::{Code, Package};
pub(in crate::resource) use states::listed;
use states::{read, ready, rest};
pub use verified::{CodeVerdict, SettingsVerdict, Verified};

/// The desired function.
#[derive(Debug, Clone)]
pub struct LambdaFunction {
    pub name: String,
    pub description: String,
    pub role: Ref<IamRole>,
    pub memory_mb: i32,
    pub timeout_seconds: i32,
    pub code: Code,
    /// Encrypts the environment, and additionally the secrets in it. Without it, AWS's own key encrypts the
    /// environment, and there are no secrets.
    pub kms_key: Option<Ref<KmsKey>>,
    /// The encryption context of the secrets: the name of the function that addresses are encrypted for.
    pub encrypted_for: String,
    pub environment: BTreeMap<String, EnvValue>,
    /// Created before the function, because Lambda would create it without retention.
    pub log_group: Ref<LogGroup>,
    pub reserved_concurrency: Option<i32>,
    pub tags: Tags,
}

/// A function as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    name: String,
    arn: String,
    description: String,
    role: String,
    memory_mb: Option<i32>,
    timeout_seconds: Option<i32>,
    code: Deployed,
    architecture: String,
    runtime: String,
    handler: String,
    kms_key: Option<String>,
    environment: environment::Live,
    log_group: String,
    /// ARNs of the function's layers. They contain code that runs with it but does not belong to the stack.
    layers: Vec<String>,
    reserved_concurrency: Option<i32>,
    /// When its code or configuration was last changed, according to AWS.
    last_modified: String,
    /// The role that the key's grant was made for.
    role_id: Option<String>,
    tags: Tags,
    /// Lambda is still processing a change.
    busy: bool,
    /// Its creation failed or it is being deleted. It must be replaced.
    broken: Option<String>,
    /// The last change failed, so the previous version still runs.
    stale: Option<String>,
}

/// Stores the unique id of the role that the grant on the environment's key was made for.
///
/// A re-created role with the same name is a new principal for KMS: deploying works, but every invocation fails with
/// "KMS access was denied".
const ROLE_ID_TAG: &str = "alertctl:role-id";

/// How long Lambda may take to create, change or delete a function. The Terraform provider waits as long.
const READY: Duration = Duration::from_secs(10 * 60);

const RUNTIME: Runtime = Runtime::Providedal2023;
const HANDLER: &str = "bootstrap";
const ARCHITECTURE: Architecture = Architecture::X8664;

/// The fields that `UpdateFunctionConfiguration` changes.
const CONFIGURATION: &[&str] = &[
    "description",
    "role",
    "memory_mb",
    "timeout_seconds",
    "runtime",
    "handler",
    "kms_key",
    "environment",
    "log_group",
    "layers",
    "last_update",
];
/// The fields that `UpdateFunctionCode` changes.
const CODE: &[&str] = &["relay", "settings", "architecture", "last_update"];

impl Resource for LambdaFunction {
    const KIND: &'static str = "lambda-function";
    const IMMUTABLE: &'static [&'static str] = &["state"];
    const HANDLING: Handling = Handling {
        // Messages that are delivered to a deleted function are lost.
        deleted_after: &[
            "sns-subscription",
            "lambda-event-source-mapping",
            "eventbridge-targets",
            "apigatewayv2-route",
        ],
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = access::ACCESS;
    type Live = Live;

    fn refs(&self) -> Vec<NodeId> {
        let key = self.kms_key.as_ref().map(|key| key.id().clone());
        let role = [self.role.id().clone()].into_iter();
        role.chain(key).chain([self.log_group.id().clone()]).collect()
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn arn(&self) -> Option<Text> {
        Some(Text::arn("lambda", format!("function:{}", self.name)))
    }

    fn uses(&self, access: &Access) -> bool {
        let of_the_key = access.actions.iter().all(|action| action.starts_with("kms:"));
        !of_the_key || self.kms_key.is_some()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let listed = async || listed(aws).await;
        let read = async |name: &str, desired: Option<&Self>| read(aws, name, desired).await;
        named::observe(aws, wanted, listed, read, |live| &live.tags).await
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            name,
            description,
            role,
            memory_mb,
            timeout_seconds,
            code,
            kms_key: _,
            encrypted_for,
            environment,
            log_group,
            reserved_concurrency,
            tags,
        } = self;
        let fields = Fields::default()
            .set("name", name.as_str())
            .set("description", description.as_str())
            .text("role", &role.arn(), known)
            .set("memory_mb", *memory_mb)
            .set("timeout_seconds", *timeout_seconds);
        let fields = code
            .fields(fields)
            .set("architecture", ARCHITECTURE.as_str())
            .set("runtime", RUNTIME.as_str())
            .set("handler", HANDLER);
        let key = self.key_arn();
        let fields = fields.text_some("kms_key", key.as_ref(), known);
        // A re-created role is a new principal: the key's grant must be made again.
        let role_id = key.is_some().then(|| role.unique_id());
        let for_secrets = key.unwrap_or_else(|| Text::from(""));
        environment::fields(fields, environment, &for_secrets, encrypted_for, known)
            .set("log_group", log_group.name())
            .set_some("reserved_concurrency", *reserved_concurrency)
            .text_some("role_id", role_id, known)
            .tags(tags)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            name,
            arn: _,
            description,
            role,
            memory_mb,
            timeout_seconds,
            code,
            architecture,
            runtime,
            handler,
            kms_key,
            environment,
            log_group,
            layers,
            reserved_concurrency,
            last_modified: _,
            role_id,
            tags,
            busy: _,
            broken,
            stale,
        } = live;
        let fields = Fields::default()
            .set("name", name.as_str())
            .set("description", description.as_str())
            .set("role", role.as_str())
            .set_some("memory_mb", *memory_mb)
            .set_some("timeout_seconds", *timeout_seconds);
        let fields = code
            .fields(fields)
            .set("architecture", architecture.as_str())
            .set("runtime", runtime.as_str())
            .set("handler", handler.as_str())
            .set_some("kms_key", kms_key.as_deref());
        environment::live_fields(fields, environment)
            .set("log_group", log_group.as_str())
            .set_some("layers", (!layers.is_empty()).then(|| layers.clone()))
            .set_some("reserved_concurrency", *reserved_concurrency)
            .set_some("role_id", role_id.as_deref())
            .set_some("state", broken.as_deref())
            .set_some("last_update", stale.as_deref())
            .live_tags(tags)
    }

    fn live_name(live: &Live) -> String {
        live.name.clone()
    }

    fn output(live: &Live) -> Output {
        Output::of_arn(live.arn.clone())
    }

    fn console_page(name: &str, _output: &Output, region: &str) -> Option<String> {
        console_page(
            region,
            "lambda/home",
            &format!("/functions/{}", encode_fragment(name)),
        )
    }

    fn about(live: &Live) -> About {
        About {
            health: Some(states::health(live)),
            remark: states::remark(live),
            ..About::default()
        }
    }

    fn caution(&self, live: &Live) -> Option<String> {
        states::caution(self, live)
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let key_arn = self.filled_key_arn(cx)?;
        let environment = environment::seal(
            cx,
            &self.environment,
            &BTreeMap::new(),
            &key_arn,
            &self.encrypted_for,
        )
        .await?;
        let live = self.expected(environment, cx)?;
        match self.send_create(&live, cx).await {
            // Created by a request whose answer was lost, or meanwhile by somebody else.
            Err(fault) if fault.is(&["ResourceConflictException"]) => self.is_there(fault, cx).await?,
            result => result.map_err(explain)?,
        }
        if let Some(count) = self.reserved_concurrency {
            self.reserve(count, cx).await?;
        }
        Ok(live)
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        let (aws, name) = (cx.aws, &self.name);
        let key_arn = self.filled_key_arn(cx)?;
        let environment = environment::seal(
            cx,
            &self.environment,
            &live.environment,
            &key_arn,
            &self.encrypted_for,
        )
        .await?;
        let expected = self.expected(environment, cx)?;
        if live.busy {
            rest(aws, name).await?;
        }
        // With a new role or key, Lambda makes a new grant by itself.
        let regrant = changes.touch("role_id") && !changes.touch_any(&["role", "kms_key"]);
        let configure = regrant || changes.touch_any(CONFIGURATION);
        if regrant {
            self.configure(&expected, "", cx).await?;
            ready(aws, name).await?;
        }
        if configure {
            self.configure(&expected, &key_arn, cx).await?;
        }
        // Lambda accepts one change at a time. `settle` waits for the last one.
        let (replace, is_there) = (
            changes.touch_any(CODE),
            self.code.sha256() == live.code.code_sha256,
        );
        // If exactly this package is deployed, only its tag is missing.
        if replace && (!is_there || changes.touch_any(&["architecture", "last_update"])) {
            if configure {
                ready(aws, name).await?;
            }
            self.upload(cx).await?;
        }
        if changes.touch("reserved_concurrency") {
            match self.reserved_concurrency {
                Some(count) => self.reserve(count, cx).await?,
                None => self.unreserve(cx).await?,
            }
        }
        // These tags are written last, so that the next run repeats an interrupted change.
        let mut tags = self.tags.clone();
        if replace {
            tags.extend([self.relay_tag()]);
        }
        if changes.touch("role_id") {
            ready(aws, name).await?;
            tags.extend(self.role_tag(cx)?);
        }
        retag(aws, &expected.arn, &live.tags, &tags).await?;
        Ok(expected)
    }

    async fn settle(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        ready(cx.aws, &live.name).await
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let lambda = &cx.aws.connection.clients.lambda;
        let request = lambda.delete_function().function_name(&live.name);
        gone(
            cx.aws
                .call("lambda:DeleteFunction", || request.clone().send())
                .await,
        )?;
        // Until the function is deleted, its last flush may re-create the log group, and its name is taken.
        let what = format!("function `{}` to be deleted", live.name);
        wait::until(READY, "lambda:GetFunction", &what, async || {
            let request = lambda.get_function().function_name(&live.name);
            let answer = found(cx.aws.call("lambda:GetFunction", || request.clone().send()).await)?;
            Ok(answer.is_none().then_some(()))
        })
        .await
    }
}

#[cfg(test)]
mod tests;
