//! The tagging index, including the kinds that the local AWS leaves out.

use std::collections::BTreeMap;

use axum::body::{Body, to_bytes};
use axum::http::Response;
use axum::http::request::Parts;
use futures::FutureExt as _;
use serde_json::{Value, json};

use super::call::Call;

/// AWS's tagging index contains kinds that the local one does not: adds them to the last page.
pub async fn complete(upstream: &str, head: &Parts, body: &[u8], answer: Response<Body>) -> Response<Body> {
    let (mut answer_head, answer_body) = answer.into_parts();
    let bytes = to_bytes(answer_body, usize::MAX).await.unwrap();
    let mut page: Value = serde_json::from_slice(&bytes).unwrap();
    if page["PaginationToken"].as_str().unwrap_or_default().is_empty() {
        let call = Call::new(upstream, "tag:GetResources", "", head, body);
        let list = page["ResourceTagMappingList"].as_array_mut().unwrap();
        for one in call.tagged().boxed().await {
            if !list
                .iter()
                .any(|known| known["ResourceARN"] == one["ResourceARN"])
            {
                list.push(one);
            }
        }
    }
    answer_head.headers.remove("content-length");
    Response::from_parts(answer_head, Body::from(page.to_string()))
}

impl Call<'_> {
    /// The resources with the requested tag that the local AWS leaves out.
    async fn tagged(&self) -> Vec<Value> {
        if self.json["ResourceTypeFilters"]
            .as_array()
            .is_some_and(|types| !types.is_empty())
        {
            return Vec::new();
        }
        let filter = &self.json["TagFilters"][0];
        let (key, value) = (
            filter["Key"].as_str().unwrap(),
            filter["Values"][0].as_str().unwrap(),
        );
        let mut found: Vec<(String, BTreeMap<String, String>)> = Vec::new();
        let groups = self.aws().logs.describe_log_groups().into_paginator().items();
        for group in groups.send().collect::<Result<Vec<_>, _>>().await.unwrap() {
            let arn = group.arn().unwrap().trim_end_matches(":*").to_owned();
            let tags = self
                .aws()
                .logs
                .list_tags_for_resource()
                .resource_arn(&arn)
                .send()
                .await
                .unwrap();
            found.push((arn, tags.tags.unwrap_or_default().into_iter().collect()));
        }
        let alarms = self.aws().cloudwatch.describe_alarms();
        let alarms = alarms
            .alarm_types("MetricAlarm".into())
            .alarm_types("CompositeAlarm".into())
            .alarm_types("LogAlarm".into());
        let mut pages = alarms.into_paginator().send();
        let mut arns = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            let metric = page.metric_alarms().iter().map(|alarm| alarm.alarm_arn());
            let composite = page.composite_alarms().iter().map(|alarm| alarm.alarm_arn());
            let logs = page.log_alarms().iter().map(|alarm| alarm.alarm_arn());
            arns.extend(
                metric
                    .chain(composite)
                    .chain(logs)
                    .map(|arn| arn.unwrap().to_owned()),
            );
        }
        for arn in &arns {
            let tags = self
                .aws()
                .cloudwatch
                .list_tags_for_resource()
                .resource_arn(arn)
                .send()
                .await
                .unwrap();
            let pair = |tag: &aws_sdk_cloudwatch::types::Tag| {
                (tag.key().unwrap().to_owned(), tag.value().unwrap().to_owned())
            };
            found.push((arn.to_owned(), tags.tags().iter().map(pair).collect()));
        }
        let trails = self.aws().cloudtrail.describe_trails().send().await.unwrap();
        for trail in trails.trail_list() {
            if trail.home_region() != Some(&self.region) {
                continue;
            }
            let arn = trail.trail_arn().unwrap();
            let tags = self
                .aws()
                .cloudtrail
                .list_tags()
                .resource_id_list(arn)
                .send()
                .await
                .unwrap();
            let tags = tags.resource_tag_list().iter().flat_map(|one| one.tags_list());
            let pair = |tag: &aws_sdk_cloudtrail::types::Tag| {
                (tag.key().to_owned(), tag.value().unwrap_or_default().to_owned())
            };
            found.push((arn.to_owned(), tags.map(pair).collect()));
        }
        let apis = self.aws().apigateway.get_apis().send().await.unwrap();
        for api in apis.items() {
            let id = api.api_id().unwrap();
            let tags = api.tags().cloned().unwrap_or_default().into_iter().collect();
            found.push((format!("arn:aws:apigateway:{}::/apis/{id}", self.region), tags));
        }
        let mappings = self
            .aws()
            .lambda
            .list_event_source_mappings()
            .send()
            .await
            .unwrap();
        for mapping in mappings.event_source_mappings() {
            let arn = mapping.event_source_mapping_arn().unwrap();
            let tags = self.aws().lambda.list_tags().resource(arn).send().await.unwrap();
            found.push((
                arn.to_owned(),
                tags.tags.unwrap_or_default().into_iter().collect(),
            ));
        }
        let ours = found
            .into_iter()
            .filter(|(_, tags)| tags.get(key).is_some_and(|is| is == value));
        ours.map(|(arn, tags)| {
            let tags: Vec<_> = tags
                .iter()
                .map(|(key, value)| json!({ "Key": key, "Value": value }))
                .collect();
            json!({ "ResourceARN": arn, "Tags": tags })
        })
        .collect()
    }
}
