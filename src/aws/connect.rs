//! Credentials, region and one client per service, over one pool of connections.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};

use super::fault::{Fault, NO_ANSWER, NOT_SENT, Result};

/// What the user said about where to go; everything else comes from the SDK's own environment and files.
#[derive(Debug, Clone, Default)]
pub struct Target {
    pub profile: Option<String>,
    /// Wins over the environment and the profile.
    pub region: Option<String>,
    /// Who said that region, such as `--region`.
    pub region_from: &'static str,
    pub endpoint_url: Option<String>,
    /// The local AWS: its fixed test credentials are used and the user's own are never read.
    pub local: bool,
}

/// Clients for one region.
#[derive(Debug)]
pub struct Connection {
    pub region: String,
    /// Who said it: `--region`, the stack file, a variable or a profile.
    pub region_from: &'static str,
    config: SdkConfig,
    /// The profile asked for, by whatever means.
    profile: Option<String>,
    /// What answers instead of AWS itself.
    endpoint: Option<String>,
    /// Something other than AWS itself answers: it may know fewer kinds when asked for tagged resources.
    pub emulated: bool,
    pub clients: Clients,
}

/// One client per AWS service.
#[derive(Debug, Clone)]
pub struct Clients {
    pub apigateway: aws_sdk_apigatewayv2::Client,
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub events: aws_sdk_eventbridge::Client,
    pub iam: aws_sdk_iam::Client,
    pub kms: aws_sdk_kms::Client,
    pub lambda: aws_sdk_lambda::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub s3: aws_sdk_s3::Client,
    pub sns: aws_sdk_sns::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub sts: aws_sdk_sts::Client,
    pub tagging: aws_sdk_resourcegroupstagging::Client,
}

impl Clients {
    /// All clients over one configuration, and so over one pool of connections. They send each request once:
    /// [`super::retry`] is what sends it again.
    pub fn new(config: &SdkConfig) -> Self {
        let config = &config.to_builder().retry_config(RetryConfig::disabled()).build();
        // The local AWS has no host name for each bucket.
        let s3 = aws_sdk_s3::config::Builder::from(config).force_path_style(config.endpoint_url().is_some());
        Self {
            apigateway: aws_sdk_apigatewayv2::Client::new(config),
            cloudtrail: aws_sdk_cloudtrail::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            events: aws_sdk_eventbridge::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            kms: aws_sdk_kms::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            sns: aws_sdk_sns::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
            sts: aws_sdk_sts::Client::new(config),
            tagging: aws_sdk_resourcegroupstagging::Client::new(config),
        }
    }
}

impl Connection {
    /// Loads credentials and region; makes no call to AWS itself.
    pub async fn open(target: &Target) -> Result<Self> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(5))
                .operation_attempt_timeout(Duration::from_secs(60))
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
        let config = loader.load().await;
        let region = config.region().map(ToString::to_string).ok_or_else(|| {
            Fault::new("sts:GetCallerIdentity", NOT_SENT, "no AWS region is set")
                .hint("add `region:` to the stack file, or --region, or set AWS_REGION")
        })?;
        let endpoint = config.endpoint_url().map(str::to_owned);
        if let Some(url) = endpoint.as_deref().filter(|url| !is_http(url)) {
            let text = format!("the endpoint `{url}` is no http:// or https:// URL");
            return Err(Fault::new("sts:GetCallerIdentity", NOT_SENT, text)
                .hint("correct --endpoint-url or AWS_ENDPOINT_URL; leave both away for AWS itself"));
        }
        let profile = std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
        Ok(Self {
            region,
            region_from: region_from(target),
            profile: target.profile.clone().or(profile),
            emulated: endpoint.is_some(),
            endpoint,
            clients: Clients::new(&config),
            config,
        })
    }

    /// What answers instead of AWS itself.
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// The same credentials and endpoint in another region.
    pub(super) fn in_region(&self, region: &str) -> Self {
        let config = self
            .config
            .to_builder()
            .region(Region::new(region.to_owned()))
            .build();
        Self {
            region: region.to_owned(),
            region_from: self.region_from,
            profile: self.profile.clone(),
            endpoint: self.endpoint.clone(),
            emulated: self.emulated,
            clients: Clients::new(&config),
            config,
        }
    }

    /// Adds to a call that never got through where it should have gone, and with whose credentials.
    pub(super) fn place(&self, fault: Fault) -> Fault {
        let message = match (fault.code.as_str(), &self.endpoint, &self.profile) {
            (NO_ANSWER, Some(url), _) => format!("{} ({url})", fault.message),
            (NO_ANSWER, None, _) => format!("{} (AWS in {})", fault.message, self.region),
            (NOT_SENT, _, Some(profile)) if fault.message.contains("credentials") => {
                format!("{} (profile {profile})", fault.message)
            }
            _ => return fault,
        };
        Fault { message, ..fault }
    }
}

/// The variables that the SDK takes a region from, then the profile.
fn region_from(target: &Target) -> &'static str {
    if target.region.is_some() {
        return target.region_from;
    }
    let is_set = |name: &&str| std::env::var(name).is_ok_and(|region| !region.is_empty());
    let variables = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    variables.into_iter().find(is_set).unwrap_or("the profile")
}

/// The SDK panics where the system trusts nobody, as slim containers do.
fn trusted_roots() -> Result<()> {
    let loaded = rustls_native_certs::load_native_certs();
    if !loaded.certs.is_empty() {
        return Ok(());
    }
    let text = "no CA certificates were found, so no server can be trusted";
    Err(Fault::new("sts:GetCallerIdentity", NOT_SENT, text).hint(
        "install the system's CA certificates (`apt install ca-certificates`), or name a file of them with \
         SSL_CERT_FILE",
    ))
}

fn is_http(url: &str) -> bool {
    let host = ["http://", "https://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'))
}

#[cfg(test)]
impl Connection {
    /// Clients that reach nothing, in `eu-west-1`; a test puts a mocked client in the place of one.
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
            clients,
            config,
        }
    }
}
