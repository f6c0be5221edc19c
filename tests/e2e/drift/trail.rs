//! The trail, its bucket, and the filters on its log group.

use alertctl::aws::connect::Clients;
use aws_sdk_cloudtrail::operation::update_trail::builders::UpdateTrailFluentBuilder;
use aws_sdk_cloudtrail::types::{EventSelector, ReadWriteType, Tag};
use aws_sdk_cloudwatchlogs::types::MetricTransformation;
use aws_sdk_s3::types as s3;

use super::Case;

const TRAIL: &str = "drift-trail";
const TRAIL_ARN: &str = "arn:aws:cloudtrail:eu-west-1:000000000000:trail/drift-trail";
const BUCKET: &str = "drift-trail-000000000000";
const LOG_GROUP: &str = "/alertctl/drift/trail";
const FILTER: &str = "alertctl-drift.root";

pub const CASES: &[Case] = &[
    case!(
        "trail stopped",
        ["update cloudtrail-trail/trail: logging"],
        |aws| { aws.cloudtrail.stop_logging().name(TRAIL).send().await.unwrap() }
    ),
    case!(
        "trail into another bucket",
        ["update cloudtrail-trail/trail: bucket"],
        |aws| {
            let place = s3::BucketLocationConstraint::EuWest1;
            let place = s3::CreateBucketConfiguration::builder()
                .location_constraint(place)
                .build();
            let send = aws.s3.create_bucket().bucket("somewhere-else");
            send.create_bucket_configuration(place).send().await.unwrap();
            update(aws).s3_bucket_name("somewhere-else").send().await.unwrap()
        }
    ),
    case!(
        "another prefix",
        ["update cloudtrail-trail/trail: prefix"],
        |aws| { update(aws).s3_key_prefix("x").send().await.unwrap() }
    ),
    case!(
        "one region",
        ["update cloudtrail-trail/trail: multi_region"],
        |aws| { update(aws).is_multi_region_trail(false).send().await.unwrap() }
    ),
    case!(
        "no digests",
        ["update cloudtrail-trail/trail: log_file_validation"],
        |aws| {
            update(aws)
                .enable_log_file_validation(false)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "log group elsewhere",
        ["update cloudtrail-trail/trail: log_group"],
        |aws| {
            let arn = "arn:aws:logs:eu-west-1:000000000000:log-group:other:*";
            update(aws)
                .cloud_watch_logs_log_group_arn(arn)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "fewer events",
        ["update cloudtrail-trail/trail: selectors"],
        |aws| {
            let writes = EventSelector::builder().read_write_type(ReadWriteType::WriteOnly);
            let writes = writes.include_management_events(true).build();
            let send = aws.cloudtrail.put_event_selectors().trail_name(TRAIL);
            send.event_selectors(writes).send().await.unwrap()
        }
    ),
    case!(
        "trail's tag changed",
        ["update cloudtrail-trail/trail: tags.team"],
        |aws| {
            let tag = Tag::builder().key("team").value("x").build().unwrap();
            let send = aws.cloudtrail.add_tags().resource_id(TRAIL_ARN);
            send.tags_list(tag).send().await.unwrap()
        }
    ),
    case!(
        "trail's node tag removed",
        ["update cloudtrail-trail/trail: tags.alertctl:node"],
        |aws| {
            let tag = Tag::builder().key("alertctl:node").build().unwrap();
            let send = aws.cloudtrail.remove_tags().resource_id(TRAIL_ARN);
            send.tags_list(tag).send().await.unwrap()
        }
    ),
    case!("trail deleted", ["create cloudtrail-trail/trail"], |aws| {
        aws.cloudtrail.delete_trail().name(TRAIL).send().await.unwrap()
    }),
    case!(
        "bucket open to the public",
        ["update s3-bucket/trail: public_access_blocked"],
        |aws| {
            let send = aws.s3.delete_public_access_block().bucket(BUCKET);
            send.send().await.unwrap()
        }
    ),
    case!(
        "part of the block lifted",
        ["update s3-bucket/trail: public_access_blocked"],
        |aws| {
            let open = s3::PublicAccessBlockConfiguration::builder()
                .block_public_acls(true)
                .ignore_public_acls(true)
                .block_public_policy(false)
                .restrict_public_buckets(true);
            let send = aws.s3.put_public_access_block().bucket(BUCKET);
            send.public_access_block_configuration(open.build())
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "bucket encrypted with a key",
        ["update s3-bucket/trail: encryption"],
        |aws| {
            let default = s3::ServerSideEncryptionByDefault::builder()
                .sse_algorithm(s3::ServerSideEncryption::AwsKms)
                .build()
                .unwrap();
            let rule = s3::ServerSideEncryptionRule::builder()
                .apply_server_side_encryption_by_default(default)
                .build();
            let all = s3::ServerSideEncryptionConfiguration::builder().rules(rule);
            let send = aws.s3.put_bucket_encryption().bucket(BUCKET);
            send.server_side_encryption_configuration(all.build().unwrap())
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "objects owned by their writers",
        ["update s3-bucket/trail: object_ownership"],
        |aws| {
            let rule = s3::OwnershipControlsRule::builder()
                .object_ownership(s3::ObjectOwnership::ObjectWriter)
                .build()
                .unwrap();
            let all = s3::OwnershipControls::builder().rules(rule).build().unwrap();
            let send = aws.s3.put_bucket_ownership_controls().bucket(BUCKET);
            send.ownership_controls(all).send().await.unwrap()
        }
    ),
    case!(
        "files kept for ever",
        [
            "update s3-bucket/trail: expiry.days, expiry.incomplete_upload_days, expiry.noncurrent_days, expiry.status"
        ],
        |aws| {
            let send = aws.s3.delete_bucket_lifecycle().bucket(BUCKET);
            send.send().await.unwrap()
        }
    ),
    case!(
        "files kept for a day",
        ["update s3-bucket/trail: expiry.days"],
        |aws| {
            let now = aws.s3.get_bucket_lifecycle_configuration().bucket(BUCKET);
            let mut rules = now.send().await.unwrap().rules.unwrap();
            rules[0].expiration = Some(s3::LifecycleExpiration::builder().days(1).build());
            let all = s3::BucketLifecycleConfiguration::builder().set_rules(Some(rules));
            let send = aws.s3.put_bucket_lifecycle_configuration().bucket(BUCKET);
            send.lifecycle_configuration(all.build().unwrap())
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "bucket's tag changed",
        ["update s3-bucket/trail: tags.team"],
        |aws| {
            tag_bucket(aws, |tags| {
                tags.retain(|tag| tag.key() != "team");
                tags.push(s3::Tag::builder().key("team").value("x").build().unwrap());
            })
            .await
        }
    ),
    case!(
        "bucket's node tag removed",
        ["update s3-bucket/trail: tags.alertctl:node"],
        |aws| { tag_bucket(aws, |tags| tags.retain(|tag| tag.key() != "alertctl:node")).await }
    ),
    case!(
        "bucket policy changed",
        ["update s3-bucket-policy/trail: policy"],
        |aws| {
            let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject",
                "Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Resource":"arn:aws:s3:::drift-trail-000000000000/*"}]}"#;
            let send = aws.s3.put_bucket_policy().bucket(BUCKET).policy(policy);
            send.send().await.unwrap()
        }
    ),
    case!(
        "bucket policy deleted",
        ["create s3-bucket-policy/trail"],
        |aws| {
            let send = aws.s3.delete_bucket_policy().bucket(BUCKET);
            send.send().await.unwrap()
        }
    ),
    case!(
        "bucket deleted",
        ["create s3-bucket/trail", "create s3-bucket-policy/trail"],
        |aws| {
            let files = aws.s3.list_objects_v2().bucket(BUCKET).send().await.unwrap();
            for file in files.contents() {
                let send = aws.s3.delete_object().bucket(BUCKET).key(file.key().unwrap());
                send.send().await.unwrap();
            }
            aws.s3.delete_bucket().bucket(BUCKET).send().await.unwrap()
        }
    ),
    case!(
        "another filter pattern",
        ["update logs-metric-filter/root: pattern"],
        |aws| { put_filter(aws, FILTER, "x", |_| {}).await }
    ),
    case!(
        "another metric",
        ["update logs-metric-filter/root: metric_name"],
        |aws| { put_filter(aws, FILTER, "", |metric| metric.metric_name = "x".into()).await }
    ),
    case!(
        "another namespace",
        ["update logs-metric-filter/root: metric_namespace"],
        |aws| { put_filter(aws, FILTER, "", |metric| metric.metric_namespace = "x".into()).await }
    ),
    case!(
        "another value",
        ["update logs-metric-filter/root: metric_value"],
        |aws| { put_filter(aws, FILTER, "", |metric| metric.metric_value = "2".into()).await }
    ),
    case!(
        "another default",
        ["update logs-metric-filter/root: default_value"],
        |aws| { put_filter(aws, FILTER, "", |metric| metric.default_value = Some(5.0)).await }
    ),
    case!(
        "a filter more",
        ["delete logs-metric-filter//alertctl/drift/trail/alertctl-drift.more"],
        |aws| { put_filter(aws, "alertctl-drift.more", "", |_| {}).await }
    ),
    case!("filter deleted", ["create logs-metric-filter/root"], |aws| {
        let send = aws.logs.delete_metric_filter().log_group_name(LOG_GROUP);
        send.filter_name(FILTER).send().await.unwrap()
    }),
    // Its filters go with it.
    case!(
        "trail's log group deleted",
        ["create log-group/trail", "create logs-metric-filter/root"],
        |aws| {
            let send = aws.logs.delete_log_group().log_group_name(LOG_GROUP);
            send.send().await.unwrap()
        }
    ),
];

/// The call that leaves the trail as it is.
fn update(aws: &Clients) -> UpdateTrailFluentBuilder {
    aws.cloudtrail.update_trail().name(TRAIL)
}

async fn tag_bucket(aws: &Clients, change: impl FnOnce(&mut Vec<s3::Tag>)) {
    let now = aws.s3.get_bucket_tagging().bucket(BUCKET).send().await.unwrap();
    let mut tags = now.tag_set;
    change(&mut tags);
    let tags = s3::Tagging::builder().set_tag_set(Some(tags)).build().unwrap();
    let send = aws.s3.put_bucket_tagging().bucket(BUCKET).tagging(tags);
    send.send().await.unwrap();
}

/// Puts a filter as the stack's own is, but for its name, its pattern where one is given, and its metric.
async fn put_filter(
    aws: &Clients,
    name: &str,
    pattern: &str,
    change: impl FnOnce(&mut MetricTransformation),
) {
    let now = aws.logs.describe_metric_filters().log_group_name(LOG_GROUP);
    let now = now.filter_name_prefix(FILTER).send().await.unwrap();
    let now = &now.metric_filters()[0];
    let mut metric = now.metric_transformations()[0].clone();
    change(&mut metric);
    let pattern = Some(pattern).filter(|pattern| !pattern.is_empty());
    let send = aws.logs.put_metric_filter().log_group_name(LOG_GROUP);
    let send = send.filter_name(name).metric_transformations(metric);
    let send = send.filter_pattern(pattern.or(now.filter_pattern()).unwrap());
    send.send().await.unwrap();
}
