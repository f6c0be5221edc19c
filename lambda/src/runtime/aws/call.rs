//! Requests to AWS, in the protocol that the service uses.

use crate::runtime::OWN_NAME;
use ::http::header::{CONTENT_TYPE, HeaderName, USER_AGENT};
use bytes::Bytes;
use form_urlencoded::Serializer;
use serde_json::Value;

/// Number of attempts including the first, as in the SDKs.
const ATTEMPTS: u32 = 3;

/// A service, as requests identify it.
#[derive(Clone, Copy)]
pub(in super::super) struct Service {
    /// Id in the host name and in signatures.
    pub(super) id: &'static str,
    protocol: Protocol,
}

#[derive(Clone, Copy)]
enum Protocol {
    /// <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>
    Json {
        version: &'static str,
        /// The target prefix in `x-amz-target`, before the dot.
        target: &'static str,
        /// Whether the service migrated from the query protocol and still uses that protocol's error codes.
        query_compatible: bool,
    },
    /// <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>
    Query { version: &'static str },
    /// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html>
    Rest,
}

impl Service {
    pub const KMS: Self = Self::json("kms", "1.1", "TrentService");
    pub const DYNAMODB: Self = Self::json("dynamodb", "1.0", "DynamoDB_20120810");
    pub const LAMBDA: Self = Self {
        id: "lambda",
        protocol: Protocol::Rest,
    };
    pub const CLOUDTRAIL: Self = Self::json(
        "cloudtrail",
        "1.1",
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
    );
    pub const LOGS: Self = Self::json("logs", "1.1", "Logs_20140328");
    pub const ORGANIZATIONS: Self = Self::json("organizations", "1.1", "AWSOrganizationsV20161128");
    pub const SQS: Self = Self::from_query("sqs", "AmazonSQS");
    /// Its id in the model is `monitoring`. Of its three protocols, this is the one that other services here use, too.
    /// <https://github.com/boto/botocore/blob/develop/botocore/data/cloudwatch/2010-08-01/service-2.json.gz>
    pub const CLOUDWATCH: Self = Self::from_query("monitoring", "GraniteServiceVersion20100801");
    pub const SNS: Self = Self {
        id: "sns",
        protocol: Protocol::Query {
            version: "2010-03-31",
        },
    };

    /// One that migrated from the query protocol.
    const fn from_query(id: &'static str, target: &'static str) -> Self {
        let protocol = Protocol::Json {
            version: "1.0",
            target,
            query_compatible: true,
        };
        Self { id, protocol }
    }

    const fn json(id: &'static str, version: &'static str, target: &'static str) -> Self {
        let protocol = Protocol::Json {
            version,
            target,
            query_compatible: false,
        };
        Self { id, protocol }
    }
}

/// One operation with its input. It has no `Debug` because the input may be an alert.
pub(in super::super) struct Call {
    pub(super) service: Service,
    operation: &'static str,
    pub(super) path: String,
    pub(super) body: Bytes,
    pub(super) attempts: u32,
}

impl Call {
    /// An operation of a service that speaks JSON.
    pub fn json(service: Service, operation: &'static str, input: &Value) -> Self {
        Self::new(service, operation, input.to_string())
    }

    /// An operation of a service that speaks the query protocol.
    pub fn query(service: Service, operation: &'static str, input: &[(&str, &str)]) -> Self {
        let mut form = Serializer::new(String::new());
        form.append_pair("Action", operation);
        if let Protocol::Query { version } = service.protocol {
            form.append_pair("Version", version);
        }
        Self::new(service, operation, form.extend_pairs(input).finish())
    }

    /// Invokes a function without waiting for its end.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
    pub fn invoke(function: &str, event: &Value) -> Self {
        Self {
            path: format!("2015-03-31/functions/{function}/invocations"),
            ..Self::new(Service::LAMBDA, "Invoke", event.to_string())
        }
    }

    fn new(service: Service, operation: &'static str, body: String) -> Self {
        Self {
            service,
            operation,
            path: String::new(),
            body: body.into(),
            attempts: ATTEMPTS,
        }
    }

    /// Sets the number of attempts, including the first.
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// The headers other than those of the signature.
    pub(super) fn headers(&self) -> Vec<(HeaderName, String)> {
        let mut headers = vec![(USER_AGENT, OWN_NAME.to_owned())];
        match self.service.protocol {
            Protocol::Json {
                version,
                target,
                query_compatible,
            } => {
                headers.push((CONTENT_TYPE, format!("application/x-amz-json-{version}")));
                let target = format!("{target}.{}", self.operation);
                headers.push((HeaderName::from_static("x-amz-target"), target));
                if query_compatible {
                    let mode = HeaderName::from_static("x-amzn-query-mode");
                    headers.push((mode, "true".to_owned()));
                }
            }
            Protocol::Query { .. } => {
                headers.push((CONTENT_TYPE, "application/x-www-form-urlencoded".to_owned()));
            }
            Protocol::Rest => {
                headers.push((CONTENT_TYPE, "application/json".to_owned()));
                let kind = HeaderName::from_static("x-amz-invocation-type");
                headers.push((kind, "Event".to_owned()));
            }
        }
        headers
    }
}
