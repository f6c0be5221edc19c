//! Lambda's Runtime API over HTTP: takes invocations and reports what became of them.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use ::http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use ::http::{HeaderMap, Request, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::error::Error as StdError;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpStream;

use super::OWN_NAME;
use super::failure::Failure;
use crate::contract::Arn;

/// Environment variable, set by Lambda: host and port of the Runtime API.
pub(super) const ADDRESS: &str = "AWS_LAMBDA_RUNTIME_API";

/// The version of the API, and the resource of invocations.
const INVOCATION: &str = "/2018-06-01/runtime/invocation";

/// The Runtime API failed: the process must end, and Lambda starts another one.
pub type Error = Box<dyn StdError + Send + Sync>;

/// What Lambda says about an invocation.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// Lambda's id of the invocation, in its own log too.
    pub request_id: String,
    /// When Lambda ends the invocation.
    pub deadline: SystemTime,
    /// The function's account, twelve digits.
    pub account: Option<String>,
}

/// The connection to the Runtime API.
pub(super) struct RuntimeApi {
    /// Host and port.
    address: String,
    /// Open after the first request.
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl RuntimeApi {
    pub fn new(address: String) -> Self {
        Self {
            address,
            connection: None,
        }
    }

    /// Waits for the next invocation, for as long as it takes: meanwhile Lambda may freeze the process. The event
    /// is JSON in UTF-8, at most 6 MB.
    pub async fn next(&mut self) -> Result<(Context, Bytes), Error> {
        let request = Request::get(format!("{INVOCATION}/next")).body(Bytes::new())?;
        let answer = self.send(request).await?;
        let context = Context::read(answer.headers())?;
        Ok((context, answer.into_body()))
    }

    /// Ends the invocation with its result.
    pub async fn end(&mut self, context: &Context, result: Result<Value, Failure>) -> Result<(), Error> {
        let id = &context.request_id;
        let request = match result {
            Ok(value) => {
                Request::post(format!("{INVOCATION}/{id}/response")).body(value.to_string().into())?
            }
            Err(failure) => Request::post(format!("{INVOCATION}/{id}/error"))
                .header("lambda-runtime-function-error-type", failure.error_type())
                .body(error(&failure).to_string().into())?,
        };
        self.send(request).await.map(drop)
    }

    async fn send(&mut self, mut request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let headers = request.headers_mut();
        headers.insert(HOST, self.address.parse()?);
        headers.insert(USER_AGENT, OWN_NAME.parse()?);
        headers.insert(CONTENT_TYPE, "application/json".parse()?);
        let mut connection = match self.connection.take() {
            Some(open) => open,
            None => connect(&self.address).await?,
        };
        // It may have been closed in the meantime.
        if connection.ready().await.is_err() {
            connection = connect(&self.address).await?;
        }
        let (head, body) = connection
            .send_request(request.map(Full::new))
            .await?
            .into_parts();
        let body = body.collect().await?.to_bytes();
        self.connection = Some(connection);
        match head.status.is_success() {
            true => Ok(Response::from_parts(head, body)),
            false => Err(format!("the Runtime API answers {}", head.status).into()),
        }
    }
}

impl Context {
    fn read(headers: &HeaderMap) -> Result<Self, Error> {
        let header = |name: &str| -> Result<&str, Error> {
            let value = headers.get(name);
            let value = value.ok_or_else(|| format!("the Runtime API sends no header `{name}`"))?;
            Ok(value.to_str()?)
        };
        let milliseconds = header("lambda-runtime-deadline-ms")?.parse()?;
        let function = header("lambda-runtime-invoked-function-arn").ok();
        Ok(Self {
            request_id: header("lambda-runtime-aws-request-id")?.to_owned(),
            deadline: UNIX_EPOCH + Duration::from_millis(milliseconds),
            account: function.and_then(Arn::parse).and_then(|arn| arn.account),
        })
    }
}

async fn connect(address: &str) -> Result<SendRequest<Full<Bytes>>, Error> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // It ends with the sender; its error is also the error of the request in flight.
    tokio::spawn(connection);
    Ok(sender)
}

/// The failure in the form that Lambda shows to callers, and keeps with the event in a dead-letter queue.
fn error(failure: &Failure) -> Value {
    json!({ "errorType": failure.error_type(), "errorMessage": failure.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;
    use tokio::task::JoinHandle;

    const NEXT: &str = "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: r1\r\n\
                        lambda-runtime-deadline-ms: 4102444800000\r\ncontent-length: 2\r\n\r\n{}";
    const CLOSED: &str = "HTTP/1.1 202 Accepted\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

    /// A Runtime API that sends these answers, and returns the requests: line and body.
    async fn fake(answers: &'static [&'static str]) -> (RuntimeApi, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let served = tokio::spawn(async move {
            let mut requests = Vec::new();
            let mut open = None;
            for answer in answers {
                let mut stream = match open.take() {
                    Some(stream) => stream,
                    None => BufReader::new(listener.accept().await.expect("a connection").0),
                };
                let (mut head, mut length) = (Vec::new(), 0);
                loop {
                    let mut line = String::new();
                    stream.read_line(&mut line).await.expect("a line");
                    if let Some(given) = line.strip_prefix("content-length: ") {
                        length = given.trim().parse().expect("a number");
                    }
                    if line.trim().is_empty() {
                        break;
                    }
                    head.push(line.trim().to_owned());
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).await.expect("a body");
                requests.push(format!("{} {}", head[0], String::from_utf8_lossy(&body)));
                stream.write_all(answer.as_bytes()).await.expect("sent");
                open = (!answer.contains("close")).then_some(stream);
            }
            requests
        });
        (RuntimeApi::new(address), served)
    }

    #[tokio::test]
    async fn an_invocation_ends_with_its_value_or_its_failure() {
        let (mut lambda, served) = fake(&[NEXT, CLOSED, NEXT, CLOSED]).await;
        let (context, event) = lambda.next().await.expect("an invocation");
        assert_eq!((context.request_id.as_str(), &event[..]), ("r1", &b"{}"[..]));
        assert_eq!(context.deadline, UNIX_EPOCH + Duration::from_secs(4_102_444_800));
        let value = json!({ "delivered": 1 });
        lambda.end(&context, Ok(value)).await.expect("accepted");
        // The connection was closed in between.
        let (context, _) = lambda.next().await.expect("another");
        let failure = Failure::Settings("x".to_owned());
        lambda.end(&context, Err(failure)).await.expect("accepted");
        assert_eq!(
            served.await.expect("served"),
            [
                "GET /2018-06-01/runtime/invocation/next HTTP/1.1 ",
                "POST /2018-06-01/runtime/invocation/r1/response HTTP/1.1 {\"delivered\":1}",
                "GET /2018-06-01/runtime/invocation/next HTTP/1.1 ",
                "POST /2018-06-01/runtime/invocation/r1/error HTTP/1.1 \
                 {\"errorType\":\"Relay.Settings\",\"errorMessage\":\"the environment of the function is wrong: x\"}",
            ]
        );
    }

    #[tokio::test]
    async fn without_a_sound_answer_the_process_ends() {
        let cases: [(&'static [&'static str], &str); 2] = [
            (
                &["HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"],
                "the Runtime API answers 500 Internal Server Error",
            ),
            (
                &["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"],
                "the Runtime API sends no header `lambda-runtime-deadline-ms`",
            ),
        ];
        for (answers, expected) in cases {
            let (mut lambda, _served) = fake(answers).await;
            let error = lambda.next().await.expect_err("no invocation");
            assert_eq!(error.to_string(), expected);
        }
    }
}
