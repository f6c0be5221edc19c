//! The trail in a CloudFormation template.

use serde_json::Value;

use super::{CloudtrailTrail, Selectors};
use crate::resource::Text;
use crate::resource::template::{Attribute, Declaration, Entry, Template, Templated};

impl Templated for CloudtrailTrail {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            name,
            bucket_name,
            prefix,
            multi_region,
            organization,
            owner,
            log_file_validation,
            kms_key,
            logs,
            selectors,
            tags,
        } = self;
        // <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1932>
        if owner.is_some() {
            return Entry::Lost(format!(
                "trail {name}: CloudFormation cannot make it from the account of a delegated administrator, since it starts it by its \
                 name, which is not known there"
            ));
        }
        let trail = Declaration::new("AWS::CloudTrail::Trail")
            .arn(Attribute::Get("Arn"))
            .computed(template, Some(Text::arn("cloudtrail", format!("trail/{name}"))))
            .set("TrailName", name.as_str())
            .set("S3BucketName", template.text(bucket_name))
            .set_some(
                "S3KeyPrefix",
                prefix.as_deref().filter(|prefix| !prefix.is_empty()),
            )
            .set("IsLogging", true)
            .set("IsMultiRegionTrail", *multi_region)
            .set_some("IsOrganizationTrail", organization.then_some(true))
            .set("IncludeGlobalServiceEvents", true)
            .set("EnableLogFileValidation", *log_file_validation)
            .set_some("KMSKeyId", kms_key.as_ref().map(|key| template.text(&key.arn())));
        let trail = match logs {
            Some(logs) => trail
                .set(
                    "CloudWatchLogsLogGroupArn",
                    // CloudTrail takes an ARN with this end only.
                    format!("{}:*", template.text(&logs.log_group_arn)),
                )
                .set("CloudWatchLogsRoleArn", template.text(&logs.role_arn)),
            None => trail,
        };
        match selectors {
            Selectors::Default => trail,
            Selectors::Basic(list) => trail.set("EventSelectors", list.clone()),
            Selectors::Advanced(list) => trail.set("AdvancedEventSelectors", Value::clone(list)),
        }
        .tagged(template, tags)
        .into()
    }
}
