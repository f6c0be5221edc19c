//! The lines of a log group.

use super::call::{Aws, pages};
use super::fault::{Result, found};

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// The same each time the line is read. Empty if the service returns none.
    pub id: String,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    pub stream: String,
    pub message: String,
}

/// The lines of `group` since `since` (milliseconds since 1970), from all pages, oldest first. `None` if there is no
/// such group.
///
/// A page may be empty and still have a next one: CloudWatch Logs searches stream by stream.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>
pub async fn read(aws: &Aws, group: &str, since: i64) -> Result<Option<Vec<LogEvent>>> {
    let events = pages(async |token| {
        let request = aws.connection.clients.logs.filter_log_events();
        let request = request.log_group_name(group).start_time(since);
        let request = request.set_next_token(token);
        let page = aws
            .call("logs:FilterLogEvents", || request.clone().send())
            .await?;
        let events = page.events.unwrap_or_default().into_iter();
        let events = events.map(|event| LogEvent {
            id: event.event_id.unwrap_or_default(),
            timestamp: event.timestamp.unwrap_or_default(),
            stream: event.log_stream_name.unwrap_or_default(),
            message: event.message.unwrap_or_default(),
        });
        Ok((events.collect(), page.next_token))
    });
    let mut events = found(events.await)?;
    if let Some(events) = &mut events {
        events.sort_by_key(|event: &LogEvent| event.timestamp);
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatchlogs::Client;
    use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsOutput;
    use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
    use aws_sdk_cloudwatchlogs::types::error::ResourceNotFoundException;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;

    fn page(next: Option<&str>, lines: &[(i64, &str)]) -> FilterLogEventsOutput {
        let event =
            |(at, text): &(i64, &str)| FilteredLogEvent::builder().timestamp(*at).message(*text).build();
        FilterLogEventsOutput::builder()
            .set_events(Some(lines.iter().map(event).collect()))
            .set_next_token(next.map(str::to_owned))
            .build()
    }

    #[tokio::test]
    async fn empty_pages_are_not_the_end() {
        let first = mock!(Client::filter_log_events)
            .match_requests(|request| request.next_token().is_none())
            .then_output(|| page(Some("1"), &[(5, "b")]));
        let empty = mock!(Client::filter_log_events)
            .match_requests(|request| request.next_token() == Some("1"))
            .then_output(|| page(Some("2"), &[]));
        let last = mock!(Client::filter_log_events)
            .match_requests(|request| request.next_token() == Some("2"))
            .then_output(|| page(None, &[(3, "a")]));
        let logs = mock_client!(
            aws_sdk_cloudwatchlogs,
            RuleMode::MatchAny,
            [&first, &empty, &last]
        );
        let aws = Aws::mocked(Vec::new(), |clients| clients.logs = logs);
        let lines = read(&aws, "g", 0).await.unwrap().unwrap();
        let texts: Vec<_> = lines.iter().map(|line| line.message.as_str()).collect();
        assert_eq!(texts, ["a", "b"]);
    }

    #[tokio::test]
    async fn a_group_that_is_not_there_is_no_error() {
        let gone = mock!(Client::filter_log_events).then_error(|| {
            let code = aws_smithy_types::error::ErrorMetadata::builder().code("ResourceNotFoundException");
            let error = ResourceNotFoundException::builder().meta(code.build()).build();
            aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsError::ResourceNotFoundException(error)
        });
        let logs = mock_client!(aws_sdk_cloudwatchlogs, [&gone]);
        let aws = Aws::mocked(Vec::new(), |clients| clients.logs = logs);
        assert_eq!(read(&aws, "g", 0).await.unwrap(), None);
    }
}
