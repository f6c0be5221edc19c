use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{
    Concurrency, EnvironmentError, EnvironmentResponse, FunctionConfiguration, LastUpdateStatus,
    LoggingConfig, State, TagsError,
};
use secrecy::SecretString;
use tokio::time::Instant;

use super::*;
use crate::aws::secret::Secret;
use crate::resource::Shown;
use crate::resource::tests::script::{Script, changes, known, names, node, ours, owned, step, tagged};
use crate::resource::{Presence, tags};

mod change;
mod create;
mod environment;
mod fake;
mod upload;

use fake::Fake;

const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/k1";
const ROLE: &str = "arn:aws:iam::123456789012:role/alertctl/mission/relay";
const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:relay";
const INVALID: &str = "InvalidParameterValueException";
const CONFLICT: &str = "ResourceConflictException";
const HOOK: &str = "https://hooks.slack.com/services/T/B/token";

const SETTINGS: &str = r#"{"locale":"en"}"#;

fn relay() -> Relay {
    Relay {
        version: "0.2.0".into(),
        sha256: "ab".repeat(32),
    }
}

fn id() -> NodeId {
    node("lambda-function", "notify")
}

fn desired() -> LambdaFunction {
    let secret = Secret::from(SecretString::from(HOOK));
    LambdaFunction {
        name: "relay".into(),
        description: "relay".into(),
        role: Ref::named(node("iam-role", "notify"), "relay")
            .with_arn(Text::global_arn("iam", "role/alertctl/mission/relay")),
        memory_mb: 128,
        timeout_seconds: 30,
        code: Code::new(relay(), Settings::of(SETTINGS), || Package {
            head: b"z",
            tail: b"ip".to_vec(),
            sha256: "c29tZQ==".to_owned(),
        }),
        kms_key: Some(Ref::named(node("kms-key", "main"), "alias/mission")),
        encrypted_for: "relay".into(),
        environment: BTreeMap::from([
            ("LOCALE".to_owned(), EnvValue::Plain("ko".into())),
            ("HOOK".to_owned(), EnvValue::Secret(secret)),
        ]),
        log_group: Ref::named(node("log-group", "notify"), "/aws/lambda/relay"),
        reserved_concurrency: Some(5),
        tags: owned(&id()),
    }
}

fn all_known() -> Known {
    known(&[
        ("kms-key/main", KEY, "k1"),
        ("iam-role/notify", ROLE, "AROA1"),
        ("log-group/notify", "arn:logs", ""),
    ])
}

async fn observe(aws: &Aws, wanted: &[LambdaFunction]) -> Result<Observed<Live>> {
    let id = id();
    let wanted: Vec<_> = wanted.iter().map(|desired| Wanted { id: &id, desired }).collect();
    LambdaFunction::observe(aws, &wanted).await
}

/// `sealed` in base64. Its digest is below.
const SEALED: &str = "c2VhbGVk";

fn digest() -> String {
    let digest = Secret::from(SecretString::from(HOOK)).digest(KEY, "relay");
    format!("{digest}.{}", crate::aws::secret::fingerprint(SEALED))
}

/// The function `desired()` as AWS returns it, with `change` applied to its configuration.
fn there(change: impl FnOnce(&mut FunctionConfiguration)) -> GetFunctionOutput {
    let environment = EnvironmentResponse::builder()
        .variables("LOCALE", "ko")
        .variables("HOOK", SEALED)
        .variables("HOOK_DIGEST", digest())
        .build();
    let mut function = FunctionConfiguration::builder()
        .function_name("relay")
        .function_arn(ARN)
        .description("relay")
        .role(ROLE)
        .memory_size(128)
        .timeout(30)
        .code_sha256("c29tZQ==")
        .architectures(Architecture::X8664)
        .runtime(Runtime::Providedal2023)
        .handler("bootstrap")
        .kms_key_arn(KEY)
        .environment(environment)
        .logging_config(LoggingConfig::builder().log_group("/aws/lambda/relay").build())
        .state(State::Active)
        .last_update_status(LastUpdateStatus::Successful)
        .build();
    change(&mut function);
    let mut tags: std::collections::HashMap<_, _> = owned(&id()).into_iter().collect();
    tags.insert("alertctl:role-id".into(), "AROA1".into());
    tags.extend([desired().relay_tag()]);
    GetFunctionOutput::builder()
        .configuration(function)
        .set_tags(Some(tags))
        .concurrency(Concurrency::builder().reserved_concurrent_executions(5).build())
        .build()
}

async fn live(change: impl FnOnce(&mut FunctionConfiguration)) -> Live {
    let fake = Fake::default();
    let seen = fake.holds(there(change)).observe(&[desired()]).await.unwrap();
    ours(&seen.wanted[0]).clone()
}

async fn create(fake: &Fake, desired: &LambdaFunction) -> Result<Live> {
    let aws = fake.aws();
    desired.create(&step(&aws, all_known())).await
}

/// Plans the changes from `live` to `desired` and applies them.
async fn update(fake: &Fake, desired: &LambdaFunction, live: Live) -> Result<Live> {
    let (aws, known) = (fake.aws(), all_known());
    let changes = changes(desired, &live, &known);
    desired.update(live, &changes, &step(&aws, known)).await
}

fn first_words(log: &[String]) -> Vec<&str> {
    log.iter()
        .map(|line| line.split(' ').next().unwrap_or_default())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_role_yet_to_be_made_is_a_change_after_apply() {
    let unchanged = live(|_| {}).await;
    let known = known(&[("kms-key/main", KEY, "k1")]);
    let changes = changes(&desired(), &unchanged, &known);
    let change = changes.iter().next().unwrap();
    assert_eq!(change.field, "role_id");
    assert_eq!(change.to, Some(Shown::AfterApply("iam-role/notify".into())));
}

#[tokio::test(start_paused = true)]
async fn unreadable_tags_are_a_fault_and_not_a_stranger() {
    let mut function = there(|_| {});
    let error = TagsError::builder()
        .error_code("AccessDeniedException")
        .message("no");
    function.tags_error = Some(error.build().unwrap());
    function.tags = None;
    let fake = Fake::default();
    let fault = fake.holds(function).observe(&[desired()]).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("lambda:ListTags"));
}

#[tokio::test(start_paused = true)]
async fn observing_takes_one_call_a_function_and_finds_what_left_the_file() {
    let fake = Fake::default();
    let seen = fake.holds(there(|_| {})).observe(&[desired()]).await.unwrap();
    assert!(changes(&desired(), ours(&seen.wanted[0]), &all_known()).is_empty());
    assert_eq!(fake.script.log(), ["get relay"]);

    let fake = Fake::default();
    fake.script
        .refuse("get", 1, "ResourceNotFoundException", "Function not found");
    let seen = fake.observe(&[desired()]).await.unwrap();
    assert_eq!(seen.wanted, [Presence::Absent]);

    let fake = Fake::default();
    let mut other = id();
    other.key = "old".into();
    let listed = [("relay", id()), ("old", other), ("old:1", id())];
    let arn = |name: &str| format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}");
    let listed = listed.map(|(name, id)| tagged(&arn(name), owned(&id)));
    let aws = fake.holds(there(|_| {})).aws_with(listed.to_vec());
    let seen = observe(&aws, &[desired()]).await.unwrap();
    assert_eq!(fake.script.log(), ["get relay", "get old"]);
    assert_eq!(seen.orphans.len(), 1);
}

/// `tests/e2e/drift/lambda.rs` has the other fields.
#[tokio::test(start_paused = true)]
async fn layers_variables_and_tags_that_differ_are_changes() {
    let layered = live(|function| {
        let layer = aws_sdk_lambda::types::Layer::builder().arn("arn:layer:1");
        function.layers = Some(vec![layer.build()]);
    });
    assert_eq!(
        names(&changes(&desired(), &layered.await, &all_known())),
        ["layers"]
    );
    let plain = live(|function| {
        let environment = function.environment.as_mut().unwrap().variables.as_mut().unwrap();
        environment.insert("LOCALE".into(), "en".into());
    });
    assert_eq!(
        names(&changes(&desired(), &plain.await, &all_known())),
        ["environment.LOCALE"]
    );
    let mut untagged = live(|_| {}).await;
    untagged.tags.clear();
    assert_eq!(names(&changes(&desired(), &untagged, &all_known())).len(), 2);
}
