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
use aws_sdk_lambda::types::{
    Concurrency, EnvironmentError, EnvironmentResponse, FunctionConfiguration, LastUpdateStatus,
    LoggingConfig, State, TagsError,
};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use aws_smithy_types::Blob;
use secrecy::SecretString;
use tokio::time::Instant;

use super::super::script::{Script, changes, known, names, node, ours, owned, step, tagged};
use super::*;
use crate::aws::secret::Secret;
use crate::resource::Shown;

const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/k1";
const ROLE: &str = "arn:aws:iam::123456789012:role/alertctl/mission/relay";
const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:relay";
const INVALID: &str = "InvalidParameterValueException";
const CONFLICT: &str = "ResourceConflictException";
const HOOK: &str = "https://hooks.slack.com/services/T/B/token";

fn id() -> NodeId {
    node("lambda-function", "notify")
}

fn desired() -> LambdaFunction {
    let secret = Secret::from(SecretString::from(HOOK));
    LambdaFunction {
        name: "relay".into(),
        description: "relay".into(),
        role: Ref::mint(node("iam-role", "notify")),
        role_arn: Text::global_arn("iam", "role/alertctl/mission/relay"),
        memory_mb: 128,
        timeout_seconds: 30,
        code: Code {
            zip: b"zip",
            sha256: "c29tZQ==",
        },
        kms_key: Ref::mint(node("kms-key", "main")),
        environment: BTreeMap::from([
            ("LOCALE".to_owned(), EnvValue::Plain("ko".into())),
            ("HOOK".to_owned(), EnvValue::Secret(secret)),
        ]),
        log_group: Ref::mint(node("log-group", "notify")),
        log_group_name: "/aws/lambda/relay".into(),
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

/// A Lambda with one function, or none.
#[derive(Clone, Default)]
struct Fake {
    script: Script,
    function: Arc<Mutex<Option<GetFunctionOutput>>>,
    /// State and last update, for one answer each; `Active` once they are used up.
    states: Arc<Mutex<VecDeque<(State, LastUpdateStatus)>>>,
}

impl Fake {
    fn aws(&self) -> Aws {
        self.aws_with(Vec::new())
    }

    fn aws_with(&self, tagged: Vec<crate::aws::discovery::Tagged>) -> Aws {
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

    fn holds(&self, function: GetFunctionOutput) -> &Self {
        *self.function.lock().unwrap() = Some(function);
        self
    }

    fn says(&self, states: &[(State, LastUpdateStatus)]) -> &Self {
        self.states.lock().unwrap().extend(states.iter().cloned());
        self
    }

    async fn observe(&self, wanted: &[LambdaFunction]) -> Result<Observed<Live>> {
        let aws = self.aws();
        observe(&aws, wanted).await
    }
}

async fn observe(aws: &Aws, wanted: &[LambdaFunction]) -> Result<Observed<Live>> {
    let id = id();
    let wanted: Vec<_> = wanted.iter().map(|desired| Wanted { id: &id, desired }).collect();
    LambdaFunction::observe(aws, &wanted).await
}

fn variables(environment: Option<&aws_sdk_lambda::types::Environment>) -> BTreeMap<String, String> {
    let variables = environment
        .and_then(|environment| environment.variables())
        .cloned();
    variables.unwrap_or_default().into_iter().collect()
}

/// `sealed` in base64, and what belongs beside it.
const SEALED: &str = "c2VhbGVk";

fn digest() -> String {
    let digest = Secret::from(SecretString::from(HOOK)).digest(KEY, "relay");
    format!("{digest}.{}", crate::aws::secret::fingerprint(SEALED))
}

/// What AWS says of `desired()`, with `change` made to the configuration.
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

/// Plans and makes the changes from `live` to `desired`.
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
async fn one_call_makes_the_function_with_all_it_has_and_a_second_reserves() {
    let fake = Fake::default();
    let made = create(&fake, &desired()).await.unwrap();
    let log = fake.script.log();
    assert_eq!(
        log,
        [
            format!(r#"encrypt {KEY} {{"LambdaFunctionName": "relay"}}"#),
            format!(
                "create relay {ROLE} provided.al2023 bootstrap [X8664] zip=Some(3) 128MB 30s publish=false {KEY} \
                 env=[\"HOOK\", \"HOOK_DIGEST\", \"LOCALE\"] group=Some(\"/aws/lambda/relay\") \
                 {{\"alertctl:node\": \"lambda-function/notify\", \"alertctl:role-id\": \"AROA1\", \
                 \"alertctl:stack\": \"mission\"}}"
            ),
            "reserve 5".to_owned(),
        ]
    );
    assert_eq!(LambdaFunction::output(&made).arn, ARN);
    assert!(changes(&desired(), &made, &all_known()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_lambda_does_not_see_yet_is_tried_for_five_minutes() {
    let texts = [
        "The role defined for the function cannot be assumed by Lambda.",
        "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
        "Lambda was unable to configure access to your environment variables because the KMS key is invalid \
         for CreateGrant. Please check your KMS key settings.",
    ];
    for text in texts {
        let fake = Fake::default();
        fake.script.refuse("create", 60, INVALID, text);
        create(&fake, &desired()).await.unwrap();
        assert_eq!(fake.script.count("create"), 61, "{text}");

        let fake = Fake::default();
        fake.script.refuse("create", 10_000, INVALID, text);
        let start = Instant::now();
        let fault = create(&fake, &desired()).await.unwrap_err();
        let tried = start.elapsed().as_secs();
        assert!((280..=300).contains(&tried), "{tried} s");
        assert!(fault.hint.unwrap().contains("after 5 min"));

        let fake = Fake::default();
        fake.script.refuse("configure", 60, INVALID, text);
        let changed = live(|function| function.memory_size = Some(256)).await;
        update(&fake, &desired(), changed).await.unwrap();
        assert_eq!(fake.script.count("configure"), 61, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_by_ec2_is_sat_out_for_nine_minutes() {
    let text = "Lambda was throttled by EC2 during function setup";
    let fake = Fake::default();
    fake.script.refuse("create", 200, INVALID, text);
    let start = Instant::now();
    create(&fake, &desired()).await.unwrap();
    assert!(start.elapsed().as_secs() > 300);
    let fake = Fake::default();
    fake.script.refuse("create", 10_000, INVALID, text);
    let start = Instant::now();
    create(&fake, &desired()).await.unwrap_err();
    assert!((500..=540).contains(&start.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn a_mistake_is_not_tried_again() {
    let fake = Fake::default();
    fake.script
        .refuse("create", 1, INVALID, "Could not unzip uploaded file");
    create(&fake, &desired()).await.unwrap_err();
    assert_eq!(fake.script.count("create"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_leaves_our_function_and_that_is_success() {
    let fake = Fake::default();
    fake.script
        .refuse("create", 1, CONFLICT, "Function already exist: relay");
    let mut same = there(|_| {});
    same.concurrency = None;
    create(fake.holds(same), &desired()).await.unwrap();
    let log = fake.script.log();
    assert_eq!(first_words(&log), ["encrypt", "create", "get", "reserve"]);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_came_in_between_is_refused_at_once() {
    let mut strangers = there(|_| {});
    strangers.tags = None;
    let different = there(|function| function.code_sha256 = Some("b3RoZXI=".into()));
    for other in [strangers, different] {
        let fake = Fake::default();
        fake.script
            .refuse("create", 10, CONFLICT, "Function already exist: relay");
        let fault = create(fake.holds(other), &desired()).await.unwrap_err();
        assert!(fault.is(&[CONFLICT]));
        assert_eq!(fake.script.count("create"), 1);
        assert_eq!(fake.script.count("reserve"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn hints_say_the_way_on() {
    let pass = "User: arn:aws:iam::1:user/ci is not authorized to perform: iam:PassRole on resource: arn";
    let full = "Specified ReservedConcurrentExecutions for function decreases account's \
                UnreservedConcurrentExecution below its minimum value of [100].";
    let cases = [
        (
            "create",
            "AccessDeniedException",
            pass,
            "`iam:PassedToService` = `lambda.amazonaws.com`",
        ),
        (
            "create",
            "CodeStorageExceededException",
            "Code storage limit exceeded.",
            "quota",
        ),
        (
            "create",
            "RequestTooLargeException",
            "",
            "larger than Lambda takes",
        ),
        (
            "create",
            "RequestEntityTooLargeException",
            "Request must be smaller",
            "larger than Lambda takes",
        ),
        ("reserve", INVALID, full, "100 executions unreserved"),
    ];
    for (operation, code, text, hint) in cases {
        let fake = Fake::default();
        fake.script.refuse(operation, 1, code, text);
        let fault = create(&fake, &desired()).await.unwrap_err();
        assert_eq!(fake.script.count(operation), 1);
        assert!(fault.hint.clone().unwrap_or_default().contains(hint), "{fault:?}");
    }
    let fake = Fake::default();
    fake.script.refuse(
        "create",
        1,
        "AccessDeniedException",
        "not authorized to perform: lambda:CreateFunction",
    );
    let fault = create(&fake, &desired()).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("`lambda:CreateFunction`"));
}

#[tokio::test(start_paused = true)]
async fn settle_waits_until_the_function_is_made_and_tells_why_it_is_not() {
    use LastUpdateStatus::{Failed, InProgress, Successful};
    let settle = async |states: &[(State, LastUpdateStatus)]| {
        let fake = Fake::default();
        let aws = fake.says(states).aws();
        let cx = step(&aws, all_known());
        let result = LambdaFunction::settle(&live(|_| {}).await, &cx).await;
        result.map(|()| fake.script.count("get"))
    };
    let pending = [
        (State::Pending, InProgress),
        (State::Active, InProgress),
        (State::Active, Successful),
    ];
    assert_eq!(settle(&pending).await, Ok(3));
    assert_eq!(settle(&[(State::ActiveNonInvocable, Successful)]).await, Ok(1));
    // Idle for weeks: the next invocation wakes it.
    assert_eq!(settle(&[(State::Inactive, Successful)]).await, Ok(1));
    let fault = settle(&[(State::Pending, InProgress), (State::Failed, InProgress)]).await;
    assert!(fault.is_err(), "{fault:?}");
    let fault = settle(&[(State::Failed, Successful)]).await.unwrap_err();
    assert!(fault.message.contains("the role is gone"), "{fault}");
    let fault = settle(&[(State::Active, Failed)]).await.unwrap_err();
    assert!(fault.message.contains("the image is broken"), "{fault}");
    let start = Instant::now();
    let fault = settle(&vec![(State::Pending, Successful); 10_000])
        .await
        .unwrap_err();
    assert!(fault.is(&["Timeout"]));
    assert!((590..=600).contains(&start.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn configuration_comes_before_code_and_lambda_rests_in_between() {
    let old = live(|function| {
        function.memory_size = Some(256);
        function.code_sha256 = Some("b2xk".into());
    })
    .await;
    let fake = Fake::default();
    fake.says(&[(State::Active, LastUpdateStatus::InProgress)]);
    update(&fake, &desired(), old).await.unwrap();
    let log = fake.script.log();
    assert_eq!(first_words(&log), ["configure", "get", "get", "code"]);
    assert_eq!(log[0], format!("configure key={KEY} HOOK={SEALED}"));
}

#[tokio::test(start_paused = true)]
async fn only_what_differs_is_called_for() {
    let calls = async |desired: &LambdaFunction, live: Live| {
        let fake = Fake::default();
        update(&fake, desired, live).await.unwrap();
        fake.script.log()
    };
    let code = live(|function| function.code_sha256 = Some("b2xk".into())).await;
    assert_eq!(calls(&desired(), code).await, ["code [X8664]"]);
    let unchanged = live(|_| {}).await;
    let mut wanted = desired();
    wanted.reserved_concurrency = Some(7);
    assert_eq!(calls(&wanted, unchanged.clone()).await, ["reserve 7"]);
    wanted.reserved_concurrency = None;
    assert_eq!(calls(&wanted, unchanged.clone()).await, ["unreserve"]);
    let mut wanted = desired();
    wanted.tags = tags::owned("mission", &id(), &Tags::from([("team".into(), "a".into())]));
    let log = calls(&wanted, unchanged.clone()).await;
    assert!(
        log.len() == 1 && log[0].starts_with("tag {") && log[0].contains("\"team\": \"a\""),
        "{log:?}"
    );
    let tagged = Live {
        tags: wanted.tags,
        ..unchanged
    };
    assert_eq!(
        calls(&desired(), tagged).await,
        [r#"untag ["alertctl:tags", "team"]"#]
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_under_way_is_waited_for_first() {
    let busy = live(|function| {
        function.last_update_status = Some(LastUpdateStatus::InProgress);
        function.memory_size = Some(256);
    })
    .await;
    let fake = Fake::default();
    fake.says(&[(State::Active, LastUpdateStatus::InProgress)]);
    update(&fake, &desired(), busy).await.unwrap();
    assert_eq!(first_words(&fake.script.log()), ["get", "get", "configure"]);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_with_a_change_under_way_passes_and_another_does_not() {
    let texts = [
        "The operation cannot be performed at this time. An update is in progress for resource: arn",
        "The operation cannot be performed at this time. The function is currently in the following state: Pending",
    ];
    for text in texts {
        let old = live(|function| {
            function.memory_size = Some(256);
            function.code_sha256 = Some("b2xk".into());
        });
        let fake = Fake::default();
        fake.script
            .refuse("configure", 4, CONFLICT, text)
            .refuse("code", 4, CONFLICT, text);
        update(&fake, &desired(), old.await).await.unwrap();
        assert_eq!(
            (fake.script.count("configure"), fake.script.count("code")),
            (5, 5)
        );
        let fake = Fake::default();
        fake.script.refuse("reserve", 4, CONFLICT, text);
        create(&fake, &desired()).await.unwrap();
        assert_eq!(fake.script.count("reserve"), 5);
    }
    let fake = Fake::default();
    fake.script.refuse("configure", 10_000, CONFLICT, texts[0]);
    let start = Instant::now();
    let old = live(|function| function.memory_size = Some(256)).await;
    update(&fake, &desired(), old).await.unwrap_err();
    assert!(start.elapsed().as_secs() <= 300);
    let fake = Fake::default();
    fake.script.refuse("configure", 1, CONFLICT, "something else");
    let old = live(|function| function.memory_size = Some(256)).await;
    update(&fake, &desired(), old).await.unwrap_err();
    assert_eq!(fake.script.count("configure"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_key_takes_the_environment_along_encrypted_anew() {
    let old = live(|function| function.kms_key_arn = Some("arn:aws:kms:eu-west-1:1:key/old".into())).await;
    let fake = Fake::default();
    update(&fake, &desired(), old).await.unwrap();
    assert_eq!(fake.script.log(), [format!("configure key={KEY} HOOK={SEALED}")]);
}

#[tokio::test(start_paused = true)]
async fn a_role_made_again_gets_a_new_grant_and_the_mark_comes_last() {
    let mut old = live(|_| {}).await;
    old.role_id = Some("AROA0".into());
    assert_eq!(names(&changes(&desired(), &old, &all_known())), ["role_id"]);
    let fake = Fake::default();
    fake.says(&[(State::Active, LastUpdateStatus::InProgress)]);
    update(&fake, &desired(), old.clone()).await.unwrap();
    let steps = [
        format!("configure key= HOOK={SEALED}"),
        "get relay".into(),
        "get relay".into(),
        format!("configure key={KEY} HOOK={SEALED}"),
        "get relay".into(),
        r#"tag {"alertctl:role-id": "AROA1"}"#.into(),
    ];
    assert_eq!(fake.script.log(), steps);

    // Interrupted between the two: the mark is still the old one.
    let fake = Fake::default();
    fake.says(&[(State::Active, LastUpdateStatus::Failed)]);
    update(&fake, &desired(), old).await.unwrap_err();
    assert_eq!(fake.script.count("tag"), 0);
}

#[tokio::test(start_paused = true)]
async fn another_role_or_key_gets_its_grant_by_itself() {
    let mut old = live(|function| function.role = Some("arn:aws:iam::1:role/old".into())).await;
    old.role_id = Some("AROA0".into());
    let fake = Fake::default();
    update(&fake, &desired(), old).await.unwrap();
    assert_eq!(first_words(&fake.script.log()), ["configure", "get", "tag"]);
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
async fn an_unchanged_secret_is_no_change_and_keeps_its_ciphertext() {
    let old = live(|function| function.memory_size = Some(256)).await;
    let changes = changes(&desired(), &old, &all_known());
    assert_eq!(names(&changes), ["memory_mb"]);
    let fake = Fake::default();
    update(&fake, &desired(), old).await.unwrap();
    assert_eq!(fake.script.count("encrypt"), 0);
}

#[tokio::test(start_paused = true)]
async fn another_secret_or_a_ciphertext_changed_by_hand_is_encrypted_anew() {
    let mut wanted = desired();
    let other = Secret::from(SecretString::from("https://hooks.slack.com/services/T/B/other"));
    wanted.environment.insert("HOOK".into(), EnvValue::Secret(other));
    let with = |hook: &'static str| {
        live(move |function| {
            let environment = function.environment.as_mut().unwrap().variables.as_mut().unwrap();
            environment.insert("HOOK".into(), hook.into());
        })
    };
    for (wanted, live) in [
        (wanted, with(SEALED).await),
        (desired(), with("dGFtcGVyZWQ=").await),
    ] {
        let changes = changes(&wanted, &live, &all_known());
        assert_eq!(names(&changes), ["environment.HOOK"]);
        assert!(
            changes
                .iter()
                .all(|change| matches!(change.to, Some(Shown::Secret(_))))
        );
        let fake = Fake::default();
        update(&fake, &wanted, live).await.unwrap();
        assert_eq!(first_words(&fake.script.log()), ["encrypt", "configure"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_waits_for_its_key() {
    let known = known(&[("iam-role/notify", ROLE, "AROA1")]);
    let fields = desired().fields(&known);
    let (_, shown) = fields
        .iter()
        .find(|(name, _)| *name == "environment.HOOK")
        .unwrap();
    assert_eq!(*shown, Shown::AfterApply("kms-key/main".into()));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_put_into_the_environment_is_never_shown() {
    let stranger = live(|function| {
        let environment = function.environment.as_mut().unwrap().variables.as_mut().unwrap();
        environment.insert("PASSWORD".into(), "hunter2".into());
        environment.insert("HOOK".into(), "https://hooks.slack.com/pasted".into());
        environment.remove("HOOK_DIGEST");
    })
    .await;
    let changes = changes(&desired(), &stranger, &all_known());
    assert_eq!(names(&changes), ["environment.HOOK", "environment.PASSWORD"]);
    let told = format!("{}{stranger:?}", serde_json::to_string(&changes).unwrap());
    assert!(!told.contains("hunter2") && !told.contains("pasted"), "{told}");
    assert!(!format!("{:?}", desired()).contains("token"));
}

#[tokio::test(start_paused = true)]
async fn an_environment_that_may_not_be_read_is_a_fault_that_names_the_permission() {
    let unreadable = |code: &str| {
        let error = EnvironmentError::builder()
            .error_code(code)
            .message("Lambda was unable to decrypt your environment variables")
            .build();
        there(|function| function.environment = Some(EnvironmentResponse::builder().error(error).build()))
    };
    let fake = Fake::default();
    let fault = fake
        .holds(unreadable("AccessDeniedException"))
        .observe(&[desired()])
        .await
        .unwrap_err();
    assert!(fault.hint.unwrap().contains("kms:Decrypt"));
    // A key that is disabled is repaired by the plan that this observation is for.
    let seen = fake
        .holds(unreadable("DisabledException"))
        .observe(&[desired()])
        .await
        .unwrap();
    let changes = changes(&desired(), ours(&seen.wanted[0]), &all_known());
    assert_eq!(names(&changes), ["environment.HOOK", "environment.LOCALE"]);
    // What is to be deleted need not be read, and a stranger's is a conflict, not a fault.
    let aws = fake
        .holds(unreadable("AccessDeniedException"))
        .aws_with(vec![tagged(ARN, owned(&id()))]);
    assert_eq!(observe(&aws, &[]).await.unwrap().orphans.len(), 1);
    let mut strangers = unreadable("AccessDeniedException");
    strangers.tags = None;
    let seen = fake.holds(strangers).observe(&[desired()]).await.unwrap();
    assert!(matches!(seen.wanted[0], Presence::Foreign(_)));
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

#[tokio::test(start_paused = true)]
async fn each_field_that_differs_is_a_change() {
    type Edit = fn(&mut FunctionConfiguration);
    let cases: [(&str, Edit); 10] = [
        ("description", |function| {
            function.description = Some("other".into())
        }),
        ("role", |function| function.role = Some("arn:other".into())),
        ("memory_mb", |function| function.memory_size = Some(256)),
        ("timeout_seconds", |function| function.timeout = Some(3)),
        ("code_sha256", |function| {
            function.code_sha256 = Some("b3RoZXI=".into())
        }),
        ("architecture", |function| {
            function.architectures = Some(vec![Architecture::Arm64])
        }),
        ("runtime", |function| function.runtime = Some(Runtime::Python312)),
        ("handler", |function| function.handler = Some("main".into())),
        ("kms_key", |function| function.kms_key_arn = None),
        ("log_group", |function| {
            function.logging_config = Some(LoggingConfig::builder().log_group("/other").build());
        }),
    ];
    for (field, edit) in cases {
        let changed = live(edit).await;
        assert_eq!(names(&changes(&desired(), &changed, &all_known())), [field]);
    }
    let plain = live(|function| {
        let environment = function.environment.as_mut().unwrap().variables.as_mut().unwrap();
        environment.insert("LOCALE".into(), "en".into());
    });
    assert_eq!(
        names(&changes(&desired(), &plain.await, &all_known())),
        ["environment.LOCALE"]
    );
    let mut unreserved = live(|_| {}).await;
    unreserved.reserved_concurrency = None;
    assert_eq!(
        names(&changes(&desired(), &unreserved, &all_known())),
        ["reserved_concurrency"]
    );
    unreserved = live(|_| {}).await;
    unreserved.tags.clear();
    assert_eq!(names(&changes(&desired(), &unreserved, &all_known())).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_broken_function_is_replaced_and_a_failed_change_is_made_again() {
    for state in [State::Failed, State::Deleting] {
        let broken = live(|function| function.state = Some(state)).await;
        assert!(changes(&desired(), &broken, &all_known()).replace());
    }
    let stale = live(|function| function.last_update_status = Some(LastUpdateStatus::Failed)).await;
    assert!(!changes(&desired(), &stale, &all_known()).replace());
    let fake = Fake::default();
    update(&fake, &desired(), stale).await.unwrap();
    assert_eq!(first_words(&fake.script.log()), ["configure", "get", "code"]);
}

#[tokio::test(start_paused = true)]
async fn delete_outlasts_a_pending_function_and_waits_until_it_is_gone() {
    let fake = Fake::default();
    fake.says(&vec![(State::Deleting, LastUpdateStatus::Successful); 3]);
    let pending = "The function is currently in the following state: Pending";
    fake.script.refuse("delete", 5, CONFLICT, pending);
    fake.script
        .pass("get", 3)
        .refuse("get", 1, "ResourceNotFoundException", "Function not found");
    let aws = fake.aws();
    LambdaFunction::delete(live(|_| {}).await, &step(&aws, all_known()))
        .await
        .unwrap();
    assert_eq!((fake.script.count("delete"), fake.script.count("get")), (6, 4));
}

#[tokio::test(start_paused = true)]
async fn a_function_that_is_gone_already_is_deleted() {
    let fake = Fake::default();
    let missing = "ResourceNotFoundException";
    fake.script
        .refuse("delete", 1, missing, "Function not found")
        .refuse("get", 1, missing, "");
    let aws = fake.aws();
    LambdaFunction::delete(live(|_| {}).await, &step(&aws, all_known()))
        .await
        .unwrap();

    let fake = Fake::default();
    let aws = fake
        .says(&vec![(State::Deleting, LastUpdateStatus::Successful); 10_000])
        .aws();
    let fault = LambdaFunction::delete(live(|_| {}).await, &step(&aws, all_known()))
        .await
        .unwrap_err();
    assert!(
        fault.is(&["Timeout"]) && fault.message.contains("to be gone"),
        "{fault}"
    );
}
