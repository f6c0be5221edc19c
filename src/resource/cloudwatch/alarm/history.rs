//! What the metrics of an alarm reported in the past.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{MetricDataResult, ScanBy, StatusCode};

use super::MetricQuery;
use super::{Aws, Result};
use crate::aws::call::pages;
use crate::resource::Fault;

/// A time series, as CloudWatch answers it.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// That of its query.
    pub id: String,
    /// Tells several series of one query apart.
    pub label: String,
    /// When each period began, in seconds since 1970, and its value.
    pub points: Vec<(i64, f64)>,
}

/// The answers to `queries` for the periods from `from` up to `until`, which is excluded; both in seconds since 1970.
///
/// AWS bills each metric that is asked for: <https://aws.amazon.com/cloudwatch/pricing/>. Which periods it keeps how long:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>.
///
/// # Errors
/// A refusal, of the call or of one query in it.
pub async fn history(aws: &Aws, queries: &[MetricQuery], from: i64, until: i64) -> Result<Vec<Series>> {
    let get = aws.connection.clients.cloudwatch.get_metric_data();
    let get = get
        .set_metric_data_queries(Some(queries.iter().map(MetricQuery::to_sdk).collect()))
        .start_time(DateTime::from_secs(from))
        .end_time(DateTime::from_secs(until))
        .scan_by(ScanBy::TimestampAscending);
    let answered = pages(async |token| {
        let request = get.clone().set_next_token(token);
        let page = aws
            .call("cloudwatch:GetMetricData", || request.clone().send())
            .await?;
        Ok((
            vec![page.metric_data_results.unwrap_or_default()],
            page.next_token,
        ))
    });
    let mut series = Vec::new();
    for page in answered.await? {
        add(&mut series, &page)?;
    }
    Ok(series)
}

/// Adds a page. A series continues that of the same id and label; if a page has several such, in their order.
fn add(all: &mut Vec<Series>, page: &[MetricDataResult]) -> Result<()> {
    let mut taken = vec![false; all.len()];
    for result in page {
        if let Some(fault) = refusal(result) {
            return Err(fault);
        }
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let (id, label) = (text(result.id()), text(result.label()));
        let times = result.timestamps().iter().map(DateTime::secs);
        let points = times.zip(result.values().iter().copied());
        let points = points.filter(|(_, value)| value.is_finite());
        let same = |(index, one): (usize, &Series)| {
            let free = taken.get(index) == Some(&false);
            (free && one.id == id && one.label == label).then_some(index)
        };
        let known = all.iter().enumerate().find_map(same);
        match known.and_then(|index| Some((all.get_mut(index)?, taken.get_mut(index)?))) {
            Some((series, taken)) => {
                *taken = true;
                series.points.extend(points);
            }
            None => all.push(Series {
                id,
                label,
                points: points.collect(),
            }),
        }
    }
    Ok(())
}

/// The refusal of one query in a call that was answered.
fn refusal(result: &MetricDataResult) -> Option<Fault> {
    let code = result.status_code()?;
    if !matches!(code, StatusCode::InternalError | StatusCode::Forbidden) {
        return None;
    }
    let said = result.messages().iter().filter_map(|message| message.value());
    let said: Vec<_> = said.collect();
    let said = match said.is_empty() {
        true => "CloudWatch does not say why".to_owned(),
        false => said.join("; "),
    };
    Some(Fault::new("cloudwatch:GetMetricData", code.as_str(), said))
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::Client;
    use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
    use aws_sdk_cloudwatch::types::MessageData;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;

    fn result(id: &str, label: &str, points: &[(i64, f64)]) -> MetricDataResult {
        MetricDataResult::builder()
            .id(id)
            .label(label)
            .set_timestamps(Some(
                points.iter().map(|(at, _)| DateTime::from_secs(*at)).collect(),
            ))
            .set_values(Some(points.iter().map(|(_, value)| *value).collect()))
            .build()
    }

    fn answering(pages: Vec<Vec<MetricDataResult>>) -> Aws {
        let last = pages.len() - 1;
        let rules: Vec<_> = pages
            .into_iter()
            .enumerate()
            .map(|(index, results)| {
                let token = (index > 0).then(|| index.to_string());
                let next = (index < last).then(|| (index + 1).to_string());
                mock!(Client::get_metric_data)
                    .match_requests(move |request| request.next_token() == token.as_deref())
                    .then_output(move || {
                        GetMetricDataOutput::builder()
                            .set_metric_data_results(Some(results.clone()))
                            .set_next_token(next.clone())
                            .build()
                    })
            })
            .collect();
        let rules: Vec<_> = rules.iter().collect();
        let cloudwatch = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, &rules);
        Aws::mocked(Vec::new(), |clients| clients.cloudwatch = cloudwatch)
    }

    #[tokio::test]
    async fn a_series_goes_on_over_pages() {
        let aws = answering(vec![
            vec![
                result("band", "expected", &[(0, 1.0)]),
                result("band", "expected", &[(0, 9.0)]),
                result("m", "cpu", &[(0, 5.0), (60, f64::NAN)]),
            ],
            vec![
                result("m", "cpu", &[(60, 6.0)]),
                result("band", "expected", &[(60, 2.0)]),
                result("band", "expected", &[(60, 8.0)]),
                result("m", "disk", &[(60, 7.0)]),
            ],
        ]);
        let series = history(&aws, &[], 0, 120).await.unwrap();
        let points: Vec<_> = series
            .iter()
            .map(|one| (one.label.as_str(), one.points.as_slice()))
            .collect();
        let expected: [(&str, &[(i64, f64)]); 4] = [
            ("expected", &[(0, 1.0), (60, 2.0)]),
            ("expected", &[(0, 9.0), (60, 8.0)]),
            ("cpu", &[(0, 5.0), (60, 6.0)]),
            ("disk", &[(60, 7.0)]),
        ];
        assert_eq!(points, expected);
    }

    #[tokio::test]
    async fn a_query_that_is_refused_in_an_answer_is_an_error() {
        let message = MessageData::builder()
            .code("Unsupported")
            .value("no such function")
            .build();
        let refused = MetricDataResult::builder()
            .id("e")
            .status_code(StatusCode::InternalError)
            .messages(message)
            .build();
        let fault = history(&answering(vec![vec![refused]]), &[], 0, 60)
            .await
            .unwrap_err();
        assert_eq!(
            (fault.code.as_str(), fault.message.as_str()),
            ("InternalError", "no such function")
        );
    }
}
