//! Reads a bucket: its owner, its region and its settings, all concurrently.

use super::settings::Settings;
use super::{Aws, Fault, Live, Result, Text, read_tags};
use crate::aws::fault::found;

/// What exists under a bucket name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Head {
    Nowhere,
    /// A bucket of this account in the stack's region.
    Here,
    /// A bucket in this other region.
    Elsewhere(String),
    /// Another account's bucket, or one that the caller may not access.
    Closed,
}

impl Head {
    /// Why a bucket that is not [`Head::Here`] cannot be used.
    pub(super) fn fault(&self, aws: &Aws, name: &str) -> Fault {
        let here = &aws.connection.region;
        match self {
            Self::Elsewhere(region) => {
                let text = format!("the bucket `{name}` is in {region}, and the stack in {here}");
                Fault::new("s3:ListBucket", "BucketInOtherRegion", text).hint(
                    "choose another name for the bucket; one of your own that exists is used as it is with \
                     `bucket: { existing: NAME }`",
                )
            }
            _ => closed(name).hint(
                "choose another name for the bucket; if it is this account's, the identity that runs \
                 alertctl needs `s3:ListBucket` on it",
            ),
        }
    }
}

/// Why a bucket that is [`Head::Closed`] cannot be used.
pub(super) fn closed(name: &str) -> Fault {
    let text =
        format!("the bucket `{name}` exists, and belongs to another account or is closed to this identity");
    Fault::new("s3:ListBucket", "AccessDenied", text)
}

/// Looks up `name`. The answer has no body: everything is in its status and one header.
pub(super) async fn head(aws: &Aws, name: &str) -> Result<Head> {
    let account = &aws.scope().await?.account;
    let here = aws.connection.region.as_str();
    let ask = aws.connection.clients.s3.head_bucket().bucket(name);
    let request = ask.expected_bucket_owner(account);
    let read = async || {
        let error = match request.clone().send().await {
            Ok(answer) => {
                let region = answer.bucket_region.filter(|region| region != here);
                return Ok(region.map_or(Head::Here, Head::Elsewhere));
            }
            Err(error) => error,
        };
        let http = error.raw_response();
        let region = http.and_then(|http| http.headers().get("x-amz-bucket-region"));
        match (http.map_or(0, |http| http.status().as_u16()), region) {
            (404, _) => Ok(Head::Nowhere),
            (301 | 307 | 400, Some(region)) if region != here => Ok(Head::Elsewhere(region.to_owned())),
            (403, _) => Ok(Head::Closed),
            _ => Err(error),
        }
    };
    match aws.call("s3:ListBucket", read).await {
        // A 400 can have several reasons, such as expired credentials or a timeout. Only an answer with a body tells
        // which.
        Err(fault) if fault.is(&["Http400"]) => listed(aws, name, account).await,
        result => result,
    }
}

/// The same with a call whose errors state the reason.
async fn listed(aws: &Aws, name: &str, account: &str) -> Result<Head> {
    let request = aws.connection.clients.s3.list_objects_v2().bucket(name);
    let request = request.expected_bucket_owner(account).max_keys(0);
    let answer = found(aws.call("s3:ListBucket", || request.clone().send()).await)?;
    Ok(answer.map_or(Head::Nowhere, |_| Head::Here))
}

/// Adds the bucket's name to an error, because S3's errors do not contain it.
pub(in crate::resource) fn of_bucket(name: &str, fault: Fault) -> Fault {
    fault.about(&format!("bucket `{name}`"))
}

/// The bucket `name`. `None` if there is none.
///
/// # Errors
/// If it is not this account's, or not in the stack's region.
pub(super) async fn read(aws: &Aws, name: &str) -> Result<Option<Live>> {
    let (head, settings, tags) =
        futures::join!(head(aws, name), Settings::read(aws, name), read_tags(aws, name));
    // If the bucket is not here, the results of the other calls do not matter.
    match head? {
        Head::Here => {}
        Head::Nowhere => return Ok(None),
        elsewhere => return Err(elsewhere.fault(aws, name)),
    }
    let arn = Text::bare_arn("s3", name.into());
    Ok(Some(Live {
        name: name.to_owned(),
        arn: arn.fill_computed(aws.scope().await?).unwrap_or_default(),
        settings: settings.map_err(|fault| of_bucket(name, fault))?,
        may_empty: aws.may_empty_buckets,
        kept: false,
        tags: tags?,
    }))
}
