//! The policy of an S3 bucket: who may write to it in addition to the account's own IAM policies.

use serde_json::Value;

use crate::aws::fault::found;
use crate::aws::policy::{self, Policy};
use crate::resource::access::Access;
use crate::resource::s3::bucket::{self, S3Bucket};
use crate::resource::{
    About, Aws, Changes, Context, Fields, Known, NodeId, Observed, Output, Presence, Ref, Resource, Result,
    Text, Wanted,
};

mod template;

/// The desired policy.
#[derive(Debug, Clone)]
pub struct S3BucketPolicy {
    pub bucket: Ref<S3Bucket>,
    pub policy: Policy,
}

/// A policy as it is. It has no tags: the owner of its bucket owns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    bucket_name: String,
    policy: Value,
}

impl Resource for S3BucketPolicy {
    const KIND: &'static str = "s3-bucket-policy";
    const ACCESS: &'static [Access] = &[
        Access::read(&["s3:GetBucketPolicy"], &[bucket::BUCKET]),
        Access::write(&["s3:PutBucketPolicy"], &[bucket::BUCKET]),
    ];
    type Live = Live;

    fn parent(&self) -> Option<NodeId> {
        Some(self.bucket.id().clone())
    }

    fn name(&self) -> String {
        self.bucket.name().to_owned()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let names: Vec<_> = wanted.iter().map(|wanted| wanted.desired.bucket_name()).collect();
        let names = bucket::names(aws, names.iter()).await?;
        let named = futures::future::try_join_all(names.iter().map(|name| read(aws, name))).await?;
        Ok(Observed {
            wanted: named,
            // It is deleted with its bucket and never before. CloudTrail delivers for some minutes after the trail
            // was deleted, including the calls that deleted the trail, and a bucket that is kept stays protected.
            orphans: Vec::new(),
        })
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self { bucket: _, policy } = self;
        Fields::default()
            .text("bucket", &self.bucket_name(), known)
            .policy("policy", policy, known)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live { bucket_name, policy } = live;
        Fields::default()
            .set("bucket", bucket_name.as_str())
            .set("policy", policy.clone())
    }

    fn about(_live: &Live) -> About {
        About {
            // S3 deletes it with the bucket.
            is_going: true,
            ..About::default()
        }
    }

    fn live_name(live: &Live) -> String {
        live.bucket_name.clone()
    }

    fn output(_live: &Live) -> Output {
        Output::default()
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let (bucket_name, policy) = (cx.text(&self.bucket_name())?, cx.policy(&self.policy)?);
        let put = cx.aws.connection.clients.s3.put_bucket_policy();
        let request = put.bucket(&bucket_name).policy(&policy);
        cx.aws
            .call("s3:PutBucketPolicy", || request.clone().send())
            .await?;
        Ok(Live {
            bucket_name,
            policy: self.policy.render(&cx.known).map_err(Context::too_early)?,
        })
    }

    async fn update(&self, _live: Live, _changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        // PutBucketPolicy replaces the document.
        self.create(cx).await
    }

    /// S3 deletes it with the bucket.
    async fn delete(_live: Live, _cx: &Context<'_>) -> Result<()> {
        Ok(())
    }
}

impl S3BucketPolicy {
    /// The bucket's name with `{account}` as a placeholder for the account id.
    fn bucket_name(&self) -> Text {
        Text::with_account(self.bucket.name())
    }
}

async fn read(aws: &Aws, bucket: &str) -> Result<Presence<Live>> {
    let policy = async {
        let get = aws.connection.clients.s3.get_bucket_policy();
        let answer = aws.call("s3:GetBucketPolicy", || get.clone().bucket(bucket).send());
        found(answer.await).map_err(|fault| bucket::of_bucket(bucket, fault))
    };
    let both = async { futures::try_join!(policy, bucket::read_tags(aws, bucket)) };
    let (policy, tags) = match both.await {
        // The bucket's own kind reports a bucket that is not in this region.
        Err(fault) if fault.is(ELSEWHERE) => return Ok(Presence::Absent),
        result => result?,
    };
    let policy = policy.as_ref().and_then(|answer| answer.policy());
    Ok(policy.map_or(Presence::Absent, |policy| {
        let live = Live {
            bucket_name: bucket.to_owned(),
            policy: policy::parse(policy),
        };
        Presence::of(aws.owns(&tags), live)
    }))
}

/// S3's error codes for a bucket in another region.
const ELSEWHERE: &[&str] = &[
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
];

#[cfg(test)]
mod tests;
