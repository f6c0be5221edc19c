//! An S3 bucket in which CloudTrail stores its log files.
//!
//! Nothing in it is ever public, everything is encrypted with S3's own key, and the account owns all objects. When
//! the stack is destroyed, the bucket stays as long as it holds files, unless the user agrees to lose them.

use std::time::Duration;

use alertctl_relay::{console_page, encode_fragment};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use crate::aws::fault::{found, gone};
use crate::aws::wait;
use crate::resource::access::{Access, Phase};
use crate::resource::{
    About, Aws, Changes, Context, Fault, Fields, Handling, Known, Observed, Output, Presence, Resource,
    Result, Tags, Text, Wanted, converge, tags,
};

mod empty;
mod read;
mod settings;
mod template;

pub(super) use read::of_bucket;
use read::{Head, closed, head, read};
use settings::Settings;

/// How long a new bucket may stay invisible.
const NEW: Duration = Duration::from_secs(2 * 60);

/// The desired bucket.
#[derive(Debug, Clone)]
pub struct S3Bucket {
    /// Unique among all accounts, so it usually contains the account id.
    pub name: Text,
    /// After how many days a file is deleted. `None` keeps files forever.
    pub expire_after_days: Option<i32>,
    pub tags: Tags,
}

/// A bucket as it is, in the region of the stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    name: String,
    arn: String,
    settings: Settings,
    /// The user agreed to lose the bucket's contents.
    may_empty: bool,
    /// It left the stack file while it held files, and the user did not agree to lose them.
    kept: bool,
    tags: Tags,
}

pub(super) const BUCKET: &str = "arn:{partition}:s3:::{name}";
const OBJECTS: &str = "arn:{partition}:s3:::{name}/*";

impl Resource for S3Bucket {
    const KIND: &'static str = "s3-bucket";
    const HANDLING: Handling = Handling {
        // If the bucket were deleted first, CloudTrail would retry deliveries for 30 days and charge for them.
        deleted_after: &["cloudtrail-trail"],
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(
            &[
                "s3:GetBucketOwnershipControls",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketTagging",
                "s3:GetEncryptionConfiguration",
                "s3:GetLifecycleConfiguration",
                "s3:ListBucket",
                "s3:ListBucketVersions",
            ],
            &[BUCKET],
        ),
        Access::write(
            &[
                "s3:CreateBucket",
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutBucketTagging",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
            ],
            &[BUCKET],
        ),
        Access::write(&["s3:TagResource"], &[BUCKET]).by(&["s3:CreateBucket"]),
        Access::delete(&["s3:DeleteBucket"], &[BUCKET]),
        Access::of(
            Phase::Empty,
            &["s3:DeleteObject", "s3:DeleteObjectVersion"],
            &[OBJECTS],
        )
        .by(&["s3:DeleteObject"]),
    ];
    type Live = Live;

    fn name(&self) -> String {
        self.name.to_string()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let names = names(aws, wanted.iter().map(|wanted| &wanted.desired.name)).await?;
        let named = futures::future::try_join_all(names.iter().map(|name| read_named(aws, name)));
        let left = async {
            let listed = listed(aws).await?.into_iter();
            let left = listed.filter(|name| !names.iter().any(|wanted| wanted == name));
            futures::future::try_join_all(left.map(|name| read_left(aws, name))).await
        };
        let (named, left) = futures::try_join!(named, left)?;
        let present = |live: Live| Presence::of(aws.owns(&live.tags), live);
        let left = left.into_iter().flatten().filter(|live| aws.owns(&live.tags));
        let orphan = |live: Live| (tags::node(Self::KIND, &live.tags, &live.name), live);
        Ok(Observed {
            wanted: named
                .into_iter()
                .map(|live| live.map_or(Presence::Absent, present))
                .collect(),
            orphans: left.map(orphan).collect(),
        })
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            name,
            expire_after_days,
            tags,
        } = self;
        let fields = Fields::default().text("name", name, known);
        Settings::wanted(*expire_after_days).fields(fields).tags(tags)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            name,
            arn: _,
            settings,
            may_empty: _,
            kept: _,
            tags,
        } = live;
        let fields = Fields::default().set("name", name.as_str());
        settings.fields(fields).live_tags(tags)
    }

    fn live_name(live: &Live) -> String {
        live.name.clone()
    }

    fn output(live: &Live) -> Output {
        Output {
            arn: live.arn.clone(),
            id: live.name.clone(),
        }
    }

    fn console_page(_name: &str, output: &Output, region: &str) -> Option<String> {
        console_page(region, &format!("s3/buckets/{}", encode_fragment(&output.id)), "")
    }

    fn about(live: &Live) -> About {
        let name = &live.name;
        let stays = live.kept.then(|| {
            format!(
                "kept with the log files in it; `alertctl destroy --delete-trail-logs` deletes them with the stack, and \
                 `aws s3 rb s3://{name} --force` by themselves"
            )
        });
        let loss = match live.may_empty {
            true => "all its log files are deleted with it",
            false => "its log files are kept unless you add --delete-trail-logs",
        };
        About {
            data_loss: Some(loss.to_owned()),
            stays,
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let name = cx.text(&self.name)?;
        // Checked first: in us-east-1, creating an own bucket again succeeds and resets its ACL.
        let made = match head(cx.aws, &name).await? {
            Head::Nowhere => self.send_create(&name, cx).await?,
            Head::Here => false,
            elsewhere => return Err(elsewhere.fault(cx.aws, &name)),
        };
        let what = format!("bucket `{name}`");
        let live = wait::until(NEW, "s3:ListBucket", &what, async || read(cx.aws, &name).await).await?;
        if !made && !cx.aws.owns(&live.tags) {
            let text = format!("the bucket `{name}` exists and is not part of this stack");
            return Err(Fault::new("s3:CreateBucket", "BucketAlreadyOwnedByYou", text)
                .hint("choose another bucket name, or adopt this bucket with --adopt"));
        }
        converge(self, live, cx).await
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        // Ownership first: if a later call fails, the next run finishes the rest.
        self.put_tags(&live, cx).await?;
        let settings = Settings::wanted(self.expire_after_days);
        let settings = settings.put(&live.name, &live.settings, changes, cx).await?;
        Ok(Live {
            settings,
            tags: self.tags.clone(),
            ..live
        })
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let name = &live.name;
        let what = format!("bucket `{name}` to stay empty: something still writes to it");
        // The last log files arrive minutes after the trail was deleted.
        let kept = wait::until(empty::LIMIT, "s3:DeleteBucket", &what, async || {
            let request = cx.aws.connection.clients.s3.delete_bucket().bucket(name);
            match gone(cx.aws.call("s3:DeleteBucket", || request.clone().send()).await) {
                Err(fault) if fault.is(&["BucketNotEmpty"]) && !cx.aws.may_empty_buckets => Ok(Some(true)),
                Err(fault) if fault.is(&["BucketNotEmpty"]) => {
                    empty::empty(cx.aws, name).await?;
                    Ok(None)
                }
                result => result.map(|()| Some(false)),
            }
        });
        if kept.await? {
            cx.note(format!(
                "bucket `{name}` keeps its log files; \
                 `alertctl destroy --delete-trail-logs` deletes them"
            ));
        }
        Ok(())
    }
}

impl S3Bucket {
    /// True if the bucket was created, false if it already exists.
    async fn send_create(&self, name: &str, cx: &Context<'_>) -> Result<bool> {
        let s3 = &cx.aws.connection.clients.s3;
        let region = &cx.aws.connection.region;
        // us-east-1 is the only region that must not be named.
        let place = (region != "us-east-1").then(|| BucketLocationConstraint::from(region.as_str()));
        let configuration = CreateBucketConfiguration::builder()
            .set_location_constraint(place)
            .set_tags(Some(to_sdk(&self.tags)))
            .build();
        let request = s3.create_bucket().bucket(name);
        let request = request.create_bucket_configuration(configuration);
        match cx.aws.call("s3:CreateBucket", || request.clone().send()).await {
            Err(fault) if fault.is(&["BucketAlreadyOwnedByYou"]) => Ok(false),
            Err(fault) if fault.is(&["BucketAlreadyExists"]) => {
                let better = match self.name.to_string().contains("{account}") {
                    true => "",
                    false => ", with `{account}` in it",
                };
                Err(fault.hint(format!(
                    "bucket names are shared by all AWS accounts and another account has this one: choose \
                     another{better}"
                )))
            }
            result => result.map(|_| true),
        }
    }

    /// S3 accepts only the whole set of tags, so tags that others added are sent as well.
    async fn put_tags(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        if tags::are(&live.tags, &self.tags) {
            return Ok(());
        }
        let all = tags::merged(&live.tags, &self.tags);
        let tagging = aws_sdk_s3::types::Tagging::builder().set_tag_set(Some(to_sdk(&all)));
        let tagging = tagging.build().expect("the tags are set");
        let put = cx.aws.connection.clients.s3.put_bucket_tagging();
        let request = put.bucket(&live.name).tagging(tagging);
        cx.aws
            .call("s3:PutBucketTagging", || request.clone().send())
            .await
            .map(drop)
    }
}

/// The physical names of `names`.
pub(super) async fn names(aws: &Aws, names: impl Iterator<Item = &Text>) -> Result<Vec<String>> {
    let scope = aws.scope().await?;
    names
        .map(|name| name.fill_computed(scope).map_err(Context::too_early))
        .collect()
}

/// The buckets that carry the stack's tag, according to the tagging index.
pub(super) async fn listed(aws: &Aws) -> Result<Vec<&str>> {
    aws.tagged_names("s3", "").await
}

/// The tags of a bucket. Empty if it has none, or if there is no bucket.
pub(super) async fn read_tags(aws: &Aws, name: &str) -> Result<Tags> {
    let request = aws.connection.clients.s3.get_bucket_tagging().bucket(name);
    let answer = aws.call("s3:GetBucketTagging", || request.clone().send()).await;
    let answer = found(answer).map_err(|fault| of_bucket(name, fault))?;
    let tags = answer.iter().flat_map(|answer| answer.tag_set());
    Ok(tags
        .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
        .collect())
}

/// The bucket of this name, and whether it is kept when the stack is destroyed.
async fn read_named(aws: &Aws, name: &str) -> Result<Option<Live>> {
    let (live, kept) = futures::join!(read(aws, name), holds_files(aws, name));
    // If the bucket cannot be read, the error of its own calls is the useful one.
    match live? {
        Some(live) => Ok(Some(Live { kept: kept?, ..live })),
        None => Ok(None),
    }
}

/// A bucket that left the stack file. One in another region belongs to another stack.
///
/// # Errors
/// If the caller may not access it: its tag says that it is the stack's, so it must not be passed over.
async fn read_left(aws: &Aws, name: &str) -> Result<Option<Live>> {
    match head(aws, name).await? {
        Head::Here => {
            let (live, kept) = futures::try_join!(read(aws, name), holds_files(aws, name))?;
            Ok(live.map(|live| Live { kept, ..live }))
        }
        Head::Closed => Err(closed(name).hint(
            "the identity that runs alertctl needs `s3:ListBucket` on it; if another account took the name after the \
             bucket was deleted, wait until AWS's tagging index no longer lists it",
        )),
        Head::Nowhere | Head::Elsewhere(_) => Ok(None),
    }
}

/// True if the bucket contains something that may not be deleted.
async fn holds_files(aws: &Aws, name: &str) -> Result<bool> {
    if aws.may_empty_buckets {
        return Ok(false);
    }
    // In a versioned bucket, deleted objects stay as old versions, and S3 does not delete such a bucket.
    let list = aws.connection.clients.s3.list_object_versions();
    let list = list.bucket(name).max_keys(1);
    let page = found(aws.call("s3:ListBucketVersions", || list.clone().send()).await);
    let page = page.map_err(|fault| of_bucket(name, fault))?;
    Ok(page.is_some_and(|page| !page.versions().is_empty() || !page.delete_markers().is_empty()))
}

fn to_sdk(tags: &Tags) -> Vec<aws_sdk_s3::types::Tag> {
    let tag = |(key, value)| aws_sdk_s3::types::Tag::builder().key(key).value(value).build();
    tags.iter().flat_map(tag).collect()
}

#[cfg(test)]
mod tests;
