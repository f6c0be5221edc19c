//! The same stack's calls in another account, with an assumed role of that account.

use std::rc::Rc;
use std::time::{Duration, SystemTime};

use aws_credential_types::credential_fn::provide_credentials_fn;
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};

use super::call::Aws;
use super::connect::RoleLater;
use super::fault::{Fault, Result};

/// The longest name of a session:
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.
const SESSION: usize = 64;
/// How long before their end credentials are not used any more: a request may be on its way for a while.
const MARGIN: Duration = Duration::from_secs(60);

impl Aws {
    /// Calls in a region of the account `account`, with its role `role`: a name, with its path if it has one. The role
    /// is assumed once for all regions. Its credentials last an hour, which is the longest that AWS gives to a caller who has
    /// assumed a role already, and are renewed as long as a run goes on.
    ///
    /// # Errors
    /// The role cannot be assumed: the fault says which role, who asked for it, and what has to be allowed where.
    pub async fn in_account(&self, account: &str, role: &str, region: &str) -> Result<Rc<Self>> {
        let role = self.role(account, role).await?;
        let there = async || {
            let assume = async || self.assume(&role, account).await;
            let credentials = self.once(assumption(&role), assume).await?;
            Ok(self.over(self.connection.of_account(&credentials, region)))
        };
        self.once(place(&role, region), there).await
    }

    /// The same for one look with a role that is used nowhere else: nothing is kept of it. The clients of an account take some 270 KiB,
    /// and an organization has thousands of spokes.
    ///
    /// # Errors
    /// As [`Self::in_account`].
    pub async fn visit(&self, account: &str, role: &str, region: &str) -> Result<Self> {
        let role = self.role(account, role).await?;
        let credentials = self.assume(&role, account).await?;
        Ok(self.over(self.connection.of_account(&credentials, region)))
    }

    /// The ARN of a role.
    async fn role(&self, account: &str, role: &str) -> Result<String> {
        let partition = &self.scope().await?.partition;
        let role = role.trim_start_matches('/');
        Ok(format!("arn:{partition}:iam::{account}:role/{role}"))
    }

    async fn assume(&self, role: &str, account: &str) -> Result<SharedCredentialsProvider> {
        let session = format!("alertctl-{}", self.stack);
        let session: String = session.chars().take(SESSION).collect();
        let request = self.connection.clients.sts.assume_role();
        let request = request.role_arn(role).role_session_name(&session);
        let assumed = self.call("sts:AssumeRole", || request.clone().send()).await;
        let given = match assumed {
            Ok(answer) => answer.credentials,
            Err(fault) => return Err(self.not_assumed(fault, role, account).await),
        };
        let given = given.ok_or_else(|| {
            let text = format!("the answer for {role} contains no credentials");
            Fault::new("sts:AssumeRole", "NoCredentials", text)
        })?;
        let given = Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            SystemTime::try_from(given.expiration).ok(),
            "AssumeRole",
        );
        Ok(renewed(given, self.connection.later(role, session)))
    }

    /// AWS gives the same refusal if the role does not exist, does not trust the caller, or the caller lacks the
    /// permission:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html#troubleshoot_roles_cant-assume-role>.
    async fn not_assumed(&self, fault: Fault, role: &str, account: &str) -> Fault {
        let fault = match fault.message.contains(role) {
            true => fault,
            false => fault.about(role),
        };
        if !fault.denied() {
            return fault;
        }
        let caller = self.caller().await.unwrap_or("the caller");
        let hint = format!(
            "three things are needed: the role exists in account {account}; its trust policy allows \
             `sts:AssumeRole` to {caller}; and {caller} has the permission `sts:AssumeRole` for it. `alertctl \
             policy --target {account}` prints the policies of the role, `alertctl policy --deployer` those of the \
             caller; a role that was just made takes some seconds"
        );
        Fault { hint: None, ..fault }.hint(hint)
    }
}

/// Gives `first` as long as they last, and then those of `role`. The clients ask for others in time before some expire.
fn renewed(first: Credentials, role: RoleLater) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(provide_credentials_fn(move || {
        let (first, role) = (first.clone(), role.clone());
        async move {
            let ends = first.expiry().filter(|ends| *ends < SystemTime::now() + MARGIN);
            match ends {
                None => Ok(first),
                Some(_) => role.assumed().await,
            }
        }
    }))
}

/// The question whose answer is the credentials of `role`.
fn assumption(role: &str) -> String {
    format!("sts:AssumeRole {role}")
}

/// The question whose answer is [`Aws`] with `role` in `region`.
fn place(role: &str, region: &str) -> String {
    format!("{} in {region}", assumption(role))
}

#[cfg(test)]
impl Aws {
    /// Adds another account: `put` replaces the clients that calls with `role` in `region` get.
    pub(crate) fn and_with_role(
        self,
        role: &str,
        region: &str,
        put: impl FnOnce(&mut super::Clients),
    ) -> Self {
        let there = Self::mocked(Vec::new(), put);
        self.knows(place(role, region), there);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_credential_types::provider::ProvideCredentials as _;
    use aws_sdk_sts::Client;
    use aws_sdk_sts::operation::assume_role::AssumeRoleOutput;
    use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use aws_smithy_types::DateTime;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::aws::Connection;
    use crate::aws::connect::Target;
    use crate::resource::tests::script::Script;

    const ROLE: &str = "arn:aws:iam::444455556666:role/ops/deploy";

    fn aws(script: &Script) -> Aws {
        let rules = [
            script.rule(
                "assume",
                mock!(Client::assume_role),
                |r| format!("{} {}", r.role_arn().unwrap(), r.role_session_name().unwrap()),
                |r| {
                    let credentials = aws_sdk_sts::types::Credentials::builder()
                        .access_key_id(r.role_arn().unwrap())
                        .secret_access_key("s")
                        .session_token("t")
                        .expiration(DateTime::from_secs(4_000_000_000));
                    AssumeRoleOutput::builder()
                        .credentials(credentials.build().unwrap())
                        .build()
                },
            ),
            script.rule(
                "caller",
                mock!(Client::get_caller_identity),
                |_| String::new(),
                |_| {
                    GetCallerIdentityOutput::builder()
                        .arn("arn:aws:iam::123456789012:user/me")
                        .build()
                },
            ),
        ];
        Aws::mocked(Vec::new(), |clients| {
            clients.sts = mock_client!(aws_sdk_sts, RuleMode::MatchAny, &rules, |config| config
                .retry_config(aws_sdk_sts::config::retry::RetryConfig::disabled()));
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_role_is_assumed_once_for_all_regions() {
        let script = Script::default();
        let aws = aws(&script);
        script.refuse("assume", 2, "Throttling", "slow");
        for region in ["eu-central-1", "us-east-1", "eu-central-1"] {
            let there = aws
                .in_account("444455556666", "/ops/deploy", region)
                .await
                .unwrap();
            assert_eq!(there.connection.region, region);
            assert_eq!(there.stack, "mission");
        }
        let one = format!("assume {ROLE} alertctl-mission");
        assert_eq!(script.log(), [one.as_str(); 3]);
        aws.in_account("444455556666", "other", "us-east-1")
            .await
            .unwrap();
        assert_eq!(script.count("assume"), 4);
    }

    /// An STS that gives the same credentials to everybody, and how often it did.
    async fn sts() -> (String, Arc<AtomicUsize>) {
        const ANSWER: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>RENEWED</AccessKeyId>\
             <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2096-10-02T07:06:40Z</Expiration>\
             </Credentials></AssumeRoleResult></AssumeRoleResponse>";
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (url, asked) = (
            format!("http://{}", listener.local_addr().unwrap()),
            Arc::new(AtomicUsize::new(0)),
        );
        let count = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 16_384];
                let _ = stream.read(&mut request).await;
                count.fetch_add(1, Ordering::SeqCst);
                let length = ANSWER.len();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nconnection: close\r\ncontent-length: {length}"
                );
                let _ = stream
                    .write_all(format!("{head}\r\n\r\n{ANSWER}").as_bytes())
                    .await;
            }
        });
        (url, asked)
    }

    #[tokio::test]
    async fn credentials_that_end_are_renewed_by_the_same_role() {
        let (url, asked) = sts().await;
        let target = Target {
            region: Some("eu-west-1".into()),
            endpoint_url: Some(url),
            local: true,
            ..Target::default()
        };
        let connection = Connection::open(&target).await.unwrap();
        let given = async |left: u64| {
            let ends = SystemTime::now() + Duration::from_secs(left);
            let first = Credentials::new("FIRST", "s", None, Some(ends), "test");
            let role = connection.later(ROLE, "alertctl-mission".to_owned());
            let given = renewed(first, role).provide_credentials().await.unwrap();
            (given.access_key_id().to_owned(), asked.load(Ordering::SeqCst))
        };
        assert_eq!(given(3_600).await, ("FIRST".to_owned(), 0));
        assert_eq!(given(5).await, ("RENEWED".to_owned(), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_says_which_role_who_asked_and_what_is_needed() {
        let script = Script::default();
        let aws = aws(&script);
        script.refuse("assume", 1, "AccessDenied", "not authorized");
        let fault = aws.in_account("444455556666", "ops/deploy", "us-east-1").await;
        let fault = fault.unwrap_err();
        assert!(fault.to_string().contains(ROLE), "{fault}");
        let hint = fault.hint.unwrap();
        for part in [
            "444455556666",
            "user/me",
            "trust policy",
            "policy --target 444455556666",
        ] {
            assert!(hint.contains(part), "{part}: {hint}");
        }
        // One answer is enough: nobody asks again.
        let again = aws.in_account("444455556666", "ops/deploy", "eu-west-1").await;
        assert!(again.is_err());
        assert_eq!(script.count("assume"), 1);
    }
}
