use aws_smithy_http_client::test_util::NeverClient;
use tokio::time::Duration;

use super::*;

/// On a slow connection, 3.5 MB take longer than the one-minute timeout of other calls.
#[tokio::test(start_paused = true)]
async fn code_has_five_minutes_to_arrive() {
    let aws = Aws::mocked(Vec::new(), |clients| {
        let config = aws_sdk_lambda::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_lambda::config::Region::new("eu-west-1"))
            .credentials_provider(aws_sdk_lambda::config::Credentials::for_tests())
            .retry_config(aws_sdk_lambda::config::retry::RetryConfig::disabled())
            .http_client(NeverClient::new());
        clients.lambda = aws_sdk_lambda::Client::from_conf(config.build());
    });
    let cx = step(&aws, all_known());
    let live = live(|_| {}).await;
    let minutes = Duration::from_secs(5 * 60);
    let start = Instant::now();
    let fault = desired().upload(&cx).await.unwrap_err();
    assert_eq!((fault.code.as_str(), start.elapsed()), ("NoAnswer", minutes));
    let start = Instant::now();
    let fault = desired().send_create(&live, &cx).await.unwrap_err();
    assert_eq!((fault.code.as_str(), start.elapsed()), ("NoAnswer", minutes));
}
