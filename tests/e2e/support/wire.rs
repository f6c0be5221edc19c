//! AWS's wire protocols as the proxy sees them: which call a request is, and how to refuse it.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response};

/// An error response in the called service's wire format. `code` is the documented one. For SQS and CloudWatch, this
/// is the code of the query protocol, which these services send in a header in addition to the type.
pub fn refusal(status: u16, code: &str, message: &str, head: &Parts, body: &[u8]) -> Response<Body> {
    let answer = Response::builder()
        .status(status)
        .header("x-amzn-requestid", "proxy");
    let blame = if status < 500 { "Sender" } else { "Receiver" };
    let query_error = format!("{code};{blame}");
    let plain = code.rsplit('.').next().unwrap();
    let target = head
        .headers
        .get("x-amz-target")
        .map(|value| value.to_str().unwrap());
    let answer = if head.headers.contains_key("smithy-protocol") {
        let text = |text: &str| {
            let length = u16::try_from(text.len()).unwrap().to_be_bytes();
            [&[0x79, length[0], length[1]], text.as_bytes()].concat()
        };
        let kind = format!("com.amazonaws.cloudwatch#{plain}");
        let map = [
            &[0xa2],
            &*text("__type"),
            &text(&kind),
            &text("message"),
            &text(message),
        ]
        .concat();
        answer
            .header("content-type", "application/cbor")
            .header("smithy-protocol", "rpc-v2-cbor")
            .header("x-amzn-query-error", query_error)
            .body(Body::from(map))
    } else if target.is_some_and(|target| target.starts_with("AmazonSQS.")) {
        let json = serde_json::json!({ "__type": format!("com.amazonaws.sqs#{plain}"), "message": message });
        answer
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amzn-query-error", query_error)
            .body(Body::from(json.to_string()))
    } else if target.is_some() {
        let json = serde_json::json!({ "__type": code, "message": message });
        answer
            .header("content-type", "application/x-amz-json-1.1")
            .body(Body::from(json.to_string()))
    } else if signed_for(&head.headers, SERVICE) == "s3" {
        // The answer to a HEAD request has no body, only a status.
        let xml = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
        let body = if head.method == "HEAD" { String::new() } else { xml };
        answer
            .header("content-type", "application/xml")
            .body(Body::from(body))
    } else if parameter(body, "Action").is_some() {
        let xml = format!(
            "<ErrorResponse><Error><Type>{blame}</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>proxy</RequestId></ErrorResponse>"
        );
        answer.header("content-type", "text/xml").body(Body::from(xml))
    } else {
        let json = serde_json::json!({ "Type": "User", "message": message });
        answer
            .header("x-amzn-errortype", code)
            .header("content-type", "application/json")
            .body(Body::from(json.to_string()))
    };
    answer.unwrap()
}

/// The IAM action of a call, read from the place where its protocol puts it.
pub fn action(head: &Parts, body: &[u8]) -> String {
    let (method, path) = (head.method.as_str(), head.uri.path());
    let header = |name: &str| text(&head.headers, name);
    let service = match signed_for(&head.headers, SERVICE) {
        "monitoring" => "cloudwatch",
        "tagging" => "tag",
        service => service,
    };
    let operation = if let Some((_, operation)) = header("x-amz-target").rsplit_once('.') {
        operation.to_owned()
    } else if let Some((_, operation)) = path.split_once("/operation/") {
        operation.to_owned()
    } else if let Some(operation) = parameter(body, "Action") {
        operation
    } else {
        match service {
            "s3" => s3(method, path, head.uri.query().unwrap_or_default()),
            "apigateway" => gateway(method, path),
            _ => rest(method, path),
        }
    };
    format!("{service}:{operation}")
}

/// The region that a call is signed for.
pub fn region(headers: &HeaderMap) -> String {
    signed_for(headers, REGION).to_owned()
}

/// The account that a call is signed for. In the local AWS, the key's id is the twelve-digit account id.
pub fn account(headers: &HeaderMap) -> String {
    let credential = signed_for(headers, 0);
    credential.rsplit('=').next().unwrap_or_default().to_owned()
}

/// Parts of `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
const REGION: usize = 2;
const SERVICE: usize = 3;

fn signed_for(headers: &HeaderMap, part: usize) -> &str {
    text(headers, "authorization")
        .split('/')
        .nth(part)
        .unwrap_or_default()
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

/// A field of a form.
pub fn parameter(body: &[u8], name: &str) -> Option<String> {
    let form = std::str::from_utf8(body).ok()?;
    let value = form
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    value.map(str::to_owned)
}

/// Lambda's operations, by the path after the API version.
fn rest(method: &str, path: &str) -> String {
    let parts: Vec<_> = path.trim_matches('/').split('/').skip(1).collect();
    let verb = |get: &'static str, put: &'static str, post: &'static str, delete: &'static str| {
        let verbs = [("GET", get), ("PUT", put), ("POST", post), ("DELETE", delete)];
        let verb = verbs.into_iter().find(|(name, _)| *name == method);
        verb.unwrap().1.to_owned()
    };
    match parts.as_slice() {
        ["functions"] => verb("ListFunctions", "", "CreateFunction", ""),
        ["functions", _] => verb("GetFunction", "", "", "DeleteFunction"),
        ["functions", _, "configuration"] => {
            verb("GetFunctionConfiguration", "UpdateFunctionConfiguration", "", "")
        }
        ["functions", _, "code"] => verb("", "UpdateFunctionCode", "", ""),
        ["functions", _, "concurrency"] => verb(
            "GetFunctionConcurrency",
            "PutFunctionConcurrency",
            "",
            "DeleteFunctionConcurrency",
        ),
        ["functions", _, "policy", ..] => verb("GetPolicy", "", "AddPermission", "RemovePermission"),
        ["functions", _, "event-invoke-config"] => verb(
            "GetFunctionEventInvokeConfig",
            "PutFunctionEventInvokeConfig",
            "UpdateFunctionEventInvokeConfig",
            "DeleteFunctionEventInvokeConfig",
        ),
        ["event-source-mappings"] => verb("ListEventSourceMappings", "", "CreateEventSourceMapping", ""),
        ["event-source-mappings", _] => verb(
            "GetEventSourceMapping",
            "UpdateEventSourceMapping",
            "",
            "DeleteEventSourceMapping",
        ),
        ["tags", ..] => verb("ListTags", "", "TagResource", "UntagResource"),
        _ => format!("{method} {path}"),
    }
}

/// API Gateway's operations, by the path after the API version.
fn gateway(method: &str, path: &str) -> String {
    const KINDS: [(&str, &str); 6] = [
        ("accesslogsettings", "AccessLogSettings"),
        ("routesettings", "RouteSettings"),
        ("integrations", "Integration"),
        ("routes", "Route"),
        ("stages", "Stage"),
        ("apis", "Api"),
    ];
    let parts: Vec<_> = path.trim_matches('/').split('/').skip(1).collect();
    if parts.first() == Some(&"tags") {
        return match method {
            "GET" => "GetTags",
            "POST" => "TagResource",
            _ => "UntagResource",
        }
        .to_owned();
    }
    let Some((all, one)) = KINDS.iter().find(|(all, _)| parts.contains(all)) else {
        return format!("{method} {path}");
    };
    match method {
        // Listing all and reading one are both a GET.
        "GET" if parts.last() == Some(all) => format!("Get{one}s"),
        "GET" => format!("Get{one}"),
        "POST" => format!("Create{one}"),
        "PATCH" => format!("Update{one}"),
        _ => format!("Delete{one}"),
    }
}

/// S3's actions, by method and sub-resource of a path-style request.
fn s3(method: &str, path: &str, query: &str) -> String {
    let has = |name: &str| {
        let mut names = query.split('&').map(|pair| pair.split('=').next().unwrap());
        names.any(|other| other == name)
    };
    let settings = [
        ("tagging", "BucketTagging"),
        ("policy", "BucketPolicy"),
        ("publicAccessBlock", "BucketPublicAccessBlock"),
        ("encryption", "EncryptionConfiguration"),
        ("ownershipControls", "BucketOwnershipControls"),
        ("lifecycle", "LifecycleConfiguration"),
    ];
    if let Some((_, setting)) = settings.iter().find(|(name, _)| has(name)) {
        return match (method, *setting) {
            ("GET", setting) => format!("Get{setting}"),
            ("DELETE", "BucketPolicy") => "DeleteBucketPolicy".to_owned(),
            (_, setting) => format!("Put{setting}"),
        };
    }
    let of_bucket = path.trim_matches('/').split('/').count() == 1;
    match method {
        "GET" if has("versions") => "ListBucketVersions",
        "HEAD" | "GET" if of_bucket => "ListBucket",
        "PUT" if of_bucket => "CreateBucket",
        "POST" if has("delete") => "DeleteObject",
        "DELETE" if of_bucket => "DeleteBucket",
        _ => return format!("{method} {path}"),
    }
    .to_owned()
}
