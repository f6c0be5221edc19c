//! Empties a bucket before its deletion: every version of every object, and every delete marker.

use std::time::Duration;

use aws_sdk_s3::types::{Delete, Error as ObjectError, ObjectIdentifier};
use tokio::time::{Instant, sleep};

use super::{Aws, Fault, Result};

/// The time limit for emptying a bucket: a year of log files of all regions is about two million.
pub(super) const LIMIT: Duration = Duration::from_secs(60 * 60);
/// The number of objects that one call lists and one call deletes.
const BATCH: i32 = 1000;
/// The first and the longest pause when S3 is overloaded.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How many of the remaining objects an error names.
const NAMED: usize = 3;

/// Deletes everything in the bucket, a thousand objects per call, for at most [`LIMIT`].
pub(super) async fn empty(aws: &Aws, name: &str) -> Result<()> {
    let s3 = &aws.connection.clients.s3;
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    while start.elapsed() < LIMIT {
        let list = s3.list_object_versions().bucket(name).max_keys(BATCH);
        let page = aws.call("s3:ListBucketVersions", || list.clone().send()).await?;
        let versions = page.versions().iter();
        let versions = versions.map(|version| (version.key(), version.version_id()));
        let markers = page.delete_markers().iter();
        let markers = markers.map(|marker| (marker.key(), marker.version_id()));
        let object = |(key, version): (Option<&str>, Option<&str>)| {
            let object = ObjectIdentifier::builder().key(key?);
            object.set_version_id(version.map(str::to_owned)).build().ok()
        };
        let objects: Vec<_> = versions.chain(markers).filter_map(object).collect();
        if objects.is_empty() {
            return Ok(());
        }
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
        let delete = delete.expect("the objects are set");
        let request = s3.delete_objects().bucket(name).delete(delete);
        let answer = aws.call("s3:DeleteObject", || request.clone().send()).await?;
        // The call succeeds even if it did not delete some objects.
        let (passing, lasting): (Vec<_>, Vec<_>) = answer.errors().iter().partition(|error| passes(error));
        if let Some(first) = lasting.first() {
            return Err(refused(name, first, &lasting));
        }
        pause = match passing.is_empty() {
            true => FIRST_PAUSE,
            false => {
                sleep(pause).await;
                LONGEST_PAUSE.min(pause * 2)
            }
        };
    }
    Ok(())
}

/// S3 returns these errors for single objects while it is overloaded. The next page lists the objects again.
fn passes(error: &ObjectError) -> bool {
    let code = error.code().unwrap_or_default();
    ["InternalError", "ServiceUnavailable", "SlowDown"].contains(&code)
}

/// The error for objects that S3 refused to delete. It names the first few.
fn refused(bucket: &str, first: &ObjectError, all: &[&ObjectError]) -> Fault {
    let keys: Vec<_> = all
        .iter()
        .take(NAMED)
        .map(|error| format!("`{}`", error.key().unwrap_or_default()))
        .collect();
    let more = match all.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let text = format!(
        "{}{more} in bucket `{bucket}`: {}",
        keys.join(", "),
        first.message().unwrap_or_default()
    );
    let code = first.code().unwrap_or("Unknown");
    Fault::new("s3:DeleteObjectVersion", code, text)
        .hint("a file under Object Lock or a policy that denies deletion stays; delete the bucket by hand")
}
