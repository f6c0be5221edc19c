//! Lambda with the resource policy of one function.

use super::*;

/// A Lambda whose functions all have one policy of these statements.
#[derive(Clone, Default)]
pub(super) struct Fake {
    pub(super) script: Script,
    pub(super) statements: Arc<Mutex<Vec<Value>>>,
    /// The number of additions that Lambda confirms but loses.
    pub(super) lost: Arc<Mutex<usize>>,
}

impl Fake {
    pub(super) fn of(statements: &[Value]) -> Self {
        let fake = Self::default();
        fake.statements.lock().unwrap().extend(statements.iter().cloned());
        fake
    }

    pub(super) fn aws(&self) -> Aws {
        self.aws_with(Vec::new())
    }

    pub(super) fn aws_with(&self, tagged: Vec<crate::aws::tags::Tagged>) -> Aws {
        let script = &self.script;
        let (read, added, removed) = (
            self.statements.clone(),
            self.statements.clone(),
            self.statements.clone(),
        );
        let lost = self.lost.clone();
        let rules = [
            script.rule(
                "policy",
                mock!(Client::get_policy),
                |r| r.function_name().unwrap_or_default().to_owned(),
                move |_| {
                    let policy = json!({ "Version": "2012-10-17", "Statement": *read.lock().unwrap() });
                    GetPolicyOutput::builder().policy(policy.to_string()).build()
                },
            ),
            script.rule(
                "add",
                mock!(Client::add_permission),
                |r| {
                    format!(
                        "{} {} {} {} {} {}",
                        r.function_name().unwrap_or_default(),
                        r.statement_id().unwrap_or_default(),
                        r.action().unwrap_or_default(),
                        r.principal().unwrap_or_default(),
                        r.source_arn().unwrap_or("any source"),
                        r.source_account().unwrap_or("any account"),
                    )
                },
                move |r| {
                    let mut lost = lost.lock().unwrap();
                    if *lost == 0 {
                        added
                            .lock()
                            .unwrap()
                            .push(statement(r.statement_id().unwrap_or_default()));
                    } else {
                        *lost -= 1;
                    }
                    AddPermissionOutput::builder().build()
                },
            ),
            script.rule(
                "remove",
                mock!(Client::remove_permission),
                |r| r.statement_id().unwrap_or_default().to_owned(),
                move |r| {
                    let sid = r.statement_id().unwrap_or_default();
                    removed
                        .lock()
                        .unwrap()
                        .retain(|statement| statement["Sid"] != sid);
                    RemovePermissionOutput::builder().build()
                },
            ),
        ];
        Aws::mocked(tagged, |clients| {
            clients.lambda = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, &rules);
        })
    }

    pub(super) async fn create(&self) -> Result<Live> {
        let aws = self.aws();
        desired().create(&step(&aws, known(&[]))).await
    }

    pub(super) async fn settle(&self, live: &Live) -> Result<()> {
        let aws = self.aws();
        desired().settle(live, &step(&aws, known(&[]))).await
    }
}
