//! A Lambda with one function, or none.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::create_function::CreateFunctionOutput;
use aws_sdk_lambda::operation::delete_function::DeleteFunctionOutput;
use aws_sdk_lambda::operation::delete_function_concurrency::DeleteFunctionConcurrencyOutput;
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::operation::put_function_concurrency::PutFunctionConcurrencyOutput;
use aws_sdk_lambda::operation::tag_resource::TagResourceOutput;
use aws_sdk_lambda::operation::untag_resource::UntagResourceOutput;
use aws_sdk_lambda::operation::update_function_code::UpdateFunctionCodeOutput;
use aws_sdk_lambda::operation::update_function_configuration::UpdateFunctionConfigurationOutput;
use aws_sdk_lambda::types::{FunctionConfiguration, LastUpdateStatus, State};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use aws_smithy_types::Blob;

use super::*;

/// A Lambda with one function, or none.
#[derive(Clone, Default)]
pub(super) struct Fake {
    pub(super) script: Script,
    function: Arc<Mutex<Option<GetFunctionOutput>>>,
    /// State and last update status for one answer each. `Active` after that.
    states: Arc<Mutex<VecDeque<(State, LastUpdateStatus)>>>,
}

impl Fake {
    pub(super) fn aws(&self) -> Aws {
        self.aws_with(Vec::new())
    }

    pub(super) fn aws_with(&self, tagged: Vec<crate::aws::tags::Tagged>) -> Aws {
        let script = &self.script;
        let (function, states) = (self.function.clone(), self.states.clone());
        let rules = [
            script.rule(
                "create",
                mock!(Client::create_function),
                |r| {
                    let tags = r.tags().cloned().unwrap_or_default();
                    let tags: BTreeMap<_, _> = tags.into_iter().collect();
                    let zip = r.code().and_then(|code| code.zip_file()).map(|zip| zip.as_ref().len());
                    format!(
                        "{} {} {} {} {:?} zip={zip:?} {:?}MB {:?}s publish={:?} {} env={:?} group={:?} {tags:?}",
                        r.function_name().unwrap_or_default(),
                        r.role().unwrap_or_default(),
                        r.runtime().unwrap().as_str(),
                        r.handler().unwrap_or_default(),
                        r.architectures(),
                        r.memory_size().unwrap(),
                        r.timeout().unwrap(),
                        r.publish().unwrap(),
                        r.kms_key_arn().unwrap_or_default(),
                        variables(r.environment()).keys().collect::<Vec<_>>(),
                        r.logging_config().and_then(|logging| logging.log_group()),
                    )
                },
                |_| CreateFunctionOutput::builder().build(),
            ),
            script.rule(
                "get",
                mock!(Client::get_function),
                |r| r.function_name().unwrap_or_default().to_owned(),
                move |_| {
                    let next = states.lock().unwrap().pop_front();
                    let function = function.lock().unwrap().clone();
                    let (state, update) = match (next, function) {
                        (None, Some(function)) => return function,
                        (next, _) => next.unwrap_or((State::Active, LastUpdateStatus::Successful)),
                    };
                    let function = FunctionConfiguration::builder()
                        .state(state)
                        .state_reason("the role is gone")
                        .last_update_status(update)
                        .last_update_status_reason("the image is broken");
                    GetFunctionOutput::builder()
                        .configuration(function.build())
                        .build()
                },
            ),
            script.rule(
                "configure",
                mock!(Client::update_function_configuration),
                |r| {
                    let environment = variables(r.environment());
                    let hook = environment.get("HOOK").cloned().unwrap_or_default();
                    format!("key={} HOOK={hook}", r.kms_key_arn().unwrap_or("-"))
                },
                |_| UpdateFunctionConfigurationOutput::builder().build(),
            ),
            script.rule(
                "code",
                mock!(Client::update_function_code),
                |r| format!("{:?}", r.architectures()),
                |_| UpdateFunctionCodeOutput::builder().build(),
            ),
            script.rule(
                "reserve",
                mock!(Client::put_function_concurrency),
                |r| r.reserved_concurrent_executions().unwrap_or_default().to_string(),
                |_| PutFunctionConcurrencyOutput::builder().build(),
            ),
            script.rule(
                "unreserve",
                mock!(Client::delete_function_concurrency),
                |_| String::new(),
                |_| DeleteFunctionConcurrencyOutput::builder().build(),
            ),
            script.rule(
                "tag",
                mock!(Client::tag_resource),
                |r| format!("{:?}", r.tags().cloned().unwrap_or_default()),
                |_| TagResourceOutput::builder().build(),
            ),
            script.rule(
                "untag",
                mock!(Client::untag_resource),
                |r| format!("{:?}", r.tag_keys()),
                |_| UntagResourceOutput::builder().build(),
            ),
            script.rule(
                "delete",
                mock!(Client::delete_function),
                |r| r.function_name().unwrap_or_default().to_owned(),
                |_| DeleteFunctionOutput::builder().build(),
            ),
        ];
        let encrypt = script.rule(
            "encrypt",
            mock!(aws_sdk_kms::Client::encrypt),
            |r| {
                let context = r.encryption_context().cloned().unwrap_or_default();
                format!("{} {context:?}", r.key_id().unwrap_or_default())
            },
            |_| {
                aws_sdk_kms::operation::encrypt::EncryptOutput::builder()
                    .ciphertext_blob(Blob::new(*b"sealed"))
                    .build()
            },
        );
        Aws::mocked(tagged, |clients| {
            clients.lambda = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, &rules);
            clients.kms = mock_client!(aws_sdk_kms, RuleMode::MatchAny, [&encrypt]);
        })
    }

    pub(super) fn holds(&self, function: GetFunctionOutput) -> &Self {
        *self.function.lock().unwrap() = Some(function);
        self
    }

    pub(super) fn says(&self, states: &[(State, LastUpdateStatus)]) -> &Self {
        self.states.lock().unwrap().extend(states.iter().cloned());
        self
    }

    pub(super) async fn observe(&self, wanted: &[LambdaFunction]) -> Result<Observed<Live>> {
        let aws = self.aws();
        observe(&aws, wanted).await
    }
}

fn variables(environment: Option<&aws_sdk_lambda::types::Environment>) -> BTreeMap<String, String> {
    let variables = environment
        .and_then(|environment| environment.variables())
        .cloned();
    variables.unwrap_or_default().into_iter().collect()
}
