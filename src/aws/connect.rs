//! Credentials, region and one client per service, over one pool of connections.

use std::pin::Pin;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::{self, ProvideCredentials as _};
use aws_sdk_sts::config::SharedCredentialsProvider;
use aws_smithy_http_client::proxy::ProxyConfig;

use super::endpoint;
use super::fault::{Fault, NO_ANSWER, NOT_SENT, Result};
use super::http;
use super::intercepted;
use super::patience::{Announce, Patience};
use super::profiles;

/// What the user specified about the target. Everything else comes from the SDK's own environment variables and
/// files.
#[derive(Debug, Clone, Default)]
pub struct Target {
    pub profile: Option<String>,
    /// Takes precedence over the environment and the profile.
    pub region: Option<String>,
    /// What set that region, such as `--region`.
    pub region_from: &'static str,
    pub endpoint_url: Option<String>,
    /// The local AWS: its fixed test credentials are used and the user's own are never read.
    pub local: bool,
    /// Called when a call takes long.
    pub announce: Option<Announce>,
}

/// How long connecting to a host may take.
const CONNECTING: Duration = Duration::from_secs(5);
/// How long an answer may take.
const ATTEMPT: Duration = Duration::from_secs(60);
/// The same for the upload of a function's code: 3.5 MB as encoded for the request, at 0.1 Mbit/s.
const UPLOAD: Duration = Duration::from_secs(5 * 60);

/// Settings for a call that uploads a function's code, with its own timeout for each attempt.
pub fn upload() -> aws_sdk_lambda::config::Builder {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(UPLOAD);
    aws_sdk_lambda::Config::builder().timeout_config(timeouts.build())
}

/// Clients for one region.
#[derive(Debug)]
pub struct Connection {
    pub region: String,
    /// The source of the region: `--region`, the stack file, a variable or a profile.
    pub region_from: &'static str,
    config: SdkConfig,
    /// The profile that was asked for, by option or by variable.
    profile: Option<String>,
    /// The endpoint that is used instead of AWS's own.
    endpoint: Option<String>,
    /// The endpoint is not AWS itself. It may know fewer kinds when asked for tagged resources. False for an endpoint
    /// of AWS, such as PrivateLink's.
    pub emulated: bool,
    /// The endpoint is the local AWS of the local mode.
    pub local: bool,
    announce: Option<Announce>,
    patience: Patience,
    pub clients: Clients,
}

/// One client per AWS service.
#[derive(Debug, Clone)]
pub struct Clients {
    pub apigateway: aws_sdk_apigatewayv2::Client,
    pub cloudformation: aws_sdk_cloudformation::Client,
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub events: aws_sdk_eventbridge::Client,
    pub iam: aws_sdk_iam::Client,
    pub kms: aws_sdk_kms::Client,
    pub lambda: aws_sdk_lambda::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub organizations: aws_sdk_organizations::Client,
    pub s3: aws_sdk_s3::Client,
    pub sns: aws_sdk_sns::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub sts: aws_sdk_sts::Client,
    pub tagging: aws_sdk_resourcegroupstagging::Client,
}

impl Clients {
    /// All clients over one configuration, and therefore over one connection pool. The SDK's retries are disabled:
    /// [`super::retry`] does the retries.
    pub fn new(config: &SdkConfig) -> Self {
        let config = &config.to_builder().retry_config(RetryConfig::disabled()).build();
        // An emulated AWS has no host name for each bucket.
        let s3 = aws_sdk_s3::config::Builder::from(config)
            .force_path_style(config.endpoint_url().is_some_and(|url| !endpoint::is_aws(url)));
        Self {
            apigateway: aws_sdk_apigatewayv2::Client::new(config),
            cloudformation: aws_sdk_cloudformation::Client::new(config),
            cloudtrail: aws_sdk_cloudtrail::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            events: aws_sdk_eventbridge::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            kms: aws_sdk_kms::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            organizations: aws_sdk_organizations::Client::new(config),
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            sns: aws_sdk_sns::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
            sts: aws_sdk_sts::Client::new(config),
            tagging: aws_sdk_resourcegroupstagging::Client::new(config),
        }
    }
}

/// A role that is assumed only when its credentials are needed.
#[derive(Debug, Clone)]
pub(super) struct RoleLater {
    role: String,
    session: String,
    config: SdkConfig,
}

impl RoleLater {
    /// The SDK asks on its own, with its own retries: this happens in the middle of another call.
    pub(super) async fn assumed(self) -> provider::Result {
        let role = AssumeRoleProvider::builder(self.role)
            .session_name(self.session)
            .configure(&self.config);
        role.build().await.provide_credentials().await
    }
}

impl Connection {
    /// Loads credentials and region. Makes no call to AWS.
    pub async fn open(target: &Target) -> Result<Self> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http::client())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECTING)
                    .operation_attempt_timeout(ATTEMPT)
                    .build(),
            );
        if let Ok(name) = AppName::new(concat!("alertctl-", env!("CARGO_PKG_VERSION"))) {
            loader = loader.app_name(name);
        }
        if let Some(profile) = &target.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &target.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = &target.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if target.local {
            loader = loader.test_credentials();
        }
        trusted_roots()?;
        let mut config = loader.load().await;
        let region = config.region().map(ToString::to_string).ok_or_else(|| {
            Fault::new("sts:GetCallerIdentity", NOT_SENT, "no AWS region is set")
                .hint("add `region:` to the stack file, pass --region, or set AWS_REGION")
        })?;
        let endpoint = config.endpoint_url().map(str::to_owned);
        if let Some(url) = endpoint.as_deref().filter(|url| !endpoint::is_http(url)) {
            let text = format!("the endpoint `{url}` is not an http:// or https:// URL");
            return Err(Fault::new("sts:GetCallerIdentity", NOT_SENT, text)
                .hint("correct --endpoint-url or AWS_ENDPOINT_URL, or remove both to use AWS itself"));
        }
        if endpoint.as_deref().is_some_and(past_proxy) {
            let direct = aws_smithy_http_client::Builder::new().build_http();
            config = config.to_builder().http_client(direct).build();
        }
        let profile = std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
        Ok(Self {
            region,
            region_from: region_from(target),
            profile: target.profile.clone().or(profile),
            emulated: endpoint.as_deref().is_some_and(|url| !endpoint::is_aws(url)),
            local: target.local,
            announce: target.announce,
            patience: Patience::default(),
            endpoint,
            clients: Clients::new(&config),
            config,
        })
    }

    /// The endpoint that is used instead of AWS's own.
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// The same credentials and endpoint in another region.
    pub(super) fn in_region(&self, region: &str) -> Self {
        self.over(
            self.config
                .to_builder()
                .region(Region::new(region.to_owned()))
                .build(),
        )
    }

    /// The same endpoint in another region, with the credentials of another account.
    pub(super) fn of_account(&self, credentials: &SharedCredentialsProvider, region: &str) -> Self {
        let config = self.config.to_builder().region(Region::new(region.to_owned()));
        self.over(config.credentials_provider(credentials.clone()).build())
    }

    /// The role with this ARN, to be assumed with the credentials of this connection.
    pub(super) fn later(&self, role: &str, session: String) -> RoleLater {
        RoleLater {
            role: role.to_owned(),
            session,
            config: self.config.clone(),
        }
    }

    fn over(&self, config: SdkConfig) -> Self {
        Self {
            region: config.region().map(ToString::to_string).unwrap_or_default(),
            region_from: self.region_from,
            profile: self.profile.clone(),
            endpoint: self.endpoint.clone(),
            emulated: self.emulated,
            local: self.local,
            announce: self.announce,
            patience: Patience::default(),
            clients: Clients::new(&config),
            config,
        }
    }

    /// The function that tells the user what is waited for.
    pub(super) fn announce(&self) -> Option<Announce> {
        self.announce
    }

    /// Waits for `call`, and tells the user once it takes long.
    pub(super) async fn aloud(&self, action: &str, call: Pin<&mut dyn Future<Output = ()>>) {
        self.patience
            .with(self.announce, action, &self.region, call)
            .await;
    }

    /// Adds to a call that got no answer where it was sent, and with whose credentials.
    pub(super) fn place(&self, fault: Fault) -> Fault {
        let proxy = endpoint::proxy(self.endpoint.as_deref()).filter(|_| !self.is_direct());
        let fault = match intercepted::advice(&fault, proxy.as_deref()) {
            Some(advice) => Fault {
                hint: Some(advice),
                ..fault
            },
            None => fault,
        };
        let message = match (fault.code.as_str(), &self.endpoint, &self.profile) {
            (NO_ANSWER, Some(url), _) => format!("{} ({url})", fault.message),
            (NO_ANSWER, None, _) => format!("{} (AWS in {})", fault.message, self.region),
            (NOT_SENT, _, Some(profile)) if fault.message.contains("credentials") => {
                match profiles::why(profile) {
                    Some(why) => format!("{}: {why}", fault.message),
                    None => format!("{} (profile {profile})", fault.message),
                }
            }
            _ => return fault,
        };
        Fault { message, ..fault }
    }

    /// The last `bytes` bytes of what AWS offers for download at `url`, a presigned link. `None` if the download
    /// fails. The links of an emulated AWS may point to AWS itself, so only links to this machine are followed then.
    pub async fn end_of(&self, url: &str, bytes: usize) -> Option<Vec<u8>> {
        match past_proxy(url) {
            true => http::end_of(url, bytes, ProxyConfig::disabled()).await,
            false if self.emulated => None,
            false => http::end_of(url, bytes, ProxyConfig::from_env()).await,
        }
    }

    fn is_direct(&self) -> bool {
        self.endpoint.as_deref().is_some_and(past_proxy)
    }
}

/// Whether requests to `url` use no proxy: the URL is on this machine, where no proxy could reach it.
fn past_proxy(url: &str) -> bool {
    url.starts_with("http://") && endpoint::is_loopback(url)
}

/// The source of the region: the variables that the SDK reads, then the profile.
fn region_from(target: &Target) -> &'static str {
    if target.region.is_some() {
        return target.region_from;
    }
    let is_set = |name: &&str| std::env::var(name).is_ok_and(|region| !region.is_empty());
    let variables = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    variables.into_iter().find(is_set).unwrap_or("the profile")
}

/// The SDK panics if the system has no trusted certificates, as in slim containers.
fn trusted_roots() -> Result<()> {
    let loaded = rustls_native_certs::load_native_certs();
    if !loaded.certs.is_empty() {
        return Ok(());
    }
    let text = "no CA certificates were found, so no server can be trusted";
    Err(Fault::new("sts:GetCallerIdentity", NOT_SENT, text).hint(
        "install the system's CA certificates (`apt install ca-certificates`), or set SSL_CERT_FILE to a \
         file that contains them",
    ))
}

#[cfg(test)]
impl Connection {
    /// Clients in `eu-west-1` that reach nothing. A test replaces one of them with a mocked client.
    pub(crate) fn mocked(put: impl FnOnce(&mut Clients)) -> Self {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .build();
        let mut clients = Clients::new(&config);
        put(&mut clients);
        Self {
            region: "eu-west-1".into(),
            region_from: "the stack file",
            profile: None,
            endpoint: None,
            emulated: false,
            local: false,
            announce: None,
            patience: Patience::default(),
            clients,
            config,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::aws::Aws;

    #[tokio::test]
    async fn an_endpoint_of_aws_is_no_emulation() {
        let open = async |url: &str| {
            let target = Target {
                region: Some("eu-west-1".into()),
                endpoint_url: Some(url.into()),
                local: true,
                ..Target::default()
            };
            Connection::open(&target).await.unwrap().emulated
        };
        assert!(open("http://127.0.0.1:4566").await);
        assert!(!open("https://vpce-1a-2b.sts.eu-west-1.vpce.amazonaws.com").await);
    }

    /// With the clock paused, time advances while nothing else happens.
    #[tokio::test(start_paused = true)]
    async fn who_takes_connections_and_never_answers_is_given_up_within_two_minutes() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Target {
            region: Some("eu-west-1".into()),
            endpoint_url: Some(format!("http://{}", silent.local_addr().unwrap())),
            local: true,
            ..Target::default()
        };
        let aws = Aws::new(Connection::open(&target).await.unwrap(), "mission");
        let start = Instant::now();
        let fault = aws.caller().await.unwrap_err();
        assert_eq!(fault.code, NO_ANSWER, "{fault}");
        let took = start.elapsed();
        assert!(took < Duration::from_secs(120), "{took:?}");
    }
}
