//! The metric filter in a CloudFormation template.

use serde_json::Value;

use super::{Group, LogsMetricFilter, OWN};
use crate::resource::template::{Declaration, Entry, Properties, Template, Templated};

impl Templated for LogsMetricFilter {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            name,
            log_group,
            pattern,
            metric_namespace,
            metric_name,
            metric_value,
            default_value,
        } = self;
        let group = match log_group {
            Group::Own(group) => template.reference(group),
            Group::Existing(name) => name.clone(),
        };
        let metric = Properties::default()
            .set("MetricNamespace", metric_namespace.as_str())
            .set("MetricName", metric_name.as_str())
            .set("MetricValue", metric_value.as_str())
            .set_some("DefaultValue", *default_value);
        Declaration::new("AWS::Logs::MetricFilter")
            // By its own name, alertctl would take it for one of its filters.
            .set("FilterName", name.strip_prefix(OWN).unwrap_or(name))
            .set("LogGroupName", group)
            .set("FilterPattern", pattern.as_str())
            .set("MetricTransformations", Value::Array(vec![metric.into()]))
            .into()
    }
}
