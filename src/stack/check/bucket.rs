//! Checks the names of buckets and trails.

/// Replaces `{account}` for the check: all account ids have the same length.
const ANY_ACCOUNT: &str = "000000000000";

/// The same check for an existing bucket, whose name may be in the account's own namespace.
pub(super) fn existing_bucket_fault(name: &str) -> Option<(String, &'static str)> {
    bucket_fault(name.strip_suffix("-an").unwrap_or(name))
}

/// What is wrong with the name of a new bucket, in which `{account}` stands for the account id.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
pub(super) fn bucket_fault(name: &str) -> Option<(String, &'static str)> {
    let name = name.replace("{account}", ANY_ACCOUNT);
    let shape = "a bucket's name has 3 to 63 lower-case letters, digits, `-` and `.`, and begins and ends with a letter or digit";
    let wrong = |fact: String| Some((fact, shape));
    if let Some(character) = name
        .chars()
        .find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(*c)))
    {
        return match character {
            '{' | '}' => Some((
                "only `{account}` is filled in here".to_owned(),
                "write `{account}`, or the name itself",
            )),
            other => wrong(format!(
                "a bucket's name may not contain `{}`",
                other.escape_debug()
            )),
        };
    }
    if !(3..=63).contains(&name.len()) {
        return wrong(format!("the bucket's name has {} characters", name.len()));
    }
    let ends = [name.chars().next(), name.chars().last()];
    if ends.iter().flatten().any(|end| "-.".contains(*end)) {
        return wrong("a bucket's name begins and ends with a letter or digit".to_owned());
    }
    if name.contains("..") {
        return wrong("a bucket's name may not have two `.` in a row".to_owned());
    }
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return wrong("a bucket's name may not look like an address".to_owned());
    }
    if name.ends_with("-an") {
        return Some((
            "names that end in `-an` belong to an account's own namespace of buckets, and are created in \
             another way"
                .to_owned(),
            "choose another name; a bucket that is there already is named with `bucket: { existing: NAME }`",
        ));
    }
    let reserved = ["xn--", "sthree-", "amzn-s3-demo-"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"]
            .iter()
            .any(|suffix| name.ends_with(suffix));
    reserved.then(|| {
        (
            "this beginning or end of a bucket's name belongs to AWS".to_owned(),
            "choose another name",
        )
    })
}

/// What is wrong with a trail's name.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html>
pub(super) fn trail_fault(name: &str) -> Option<(String, &'static str)> {
    let shape = "a trail's name has 3 to 128 letters, digits, `.`, `_` and `-`, and begins and ends with a letter or digit";
    let is_mark = |c: char| "._-".contains(c);
    if let Some(wrong) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || is_mark(*c))) {
        return Some((
            format!("a trail's name may not contain `{}`", wrong.escape_debug()),
            shape,
        ));
    }
    if !(3..=128).contains(&name.len()) {
        return Some((format!("the trail's name has {} characters", name.len()), shape));
    }
    if name.starts_with(is_mark) || name.ends_with(is_mark) {
        return Some((
            "a trail's name begins and ends with a letter or digit".to_owned(),
            shape,
        ));
    }
    let marks: Vec<_> = name.chars().zip(name.chars().skip(1)).collect();
    if let Some((first, second)) = marks
        .into_iter()
        .find(|(first, second)| is_mark(*first) && is_mark(*second))
    {
        let fact = format!("a trail's name may not have `{first}{second}`, two marks in a row");
        return Some((fact, "give the trail a `name:` without them"));
    }
    let is_address = name.parse::<std::net::Ipv4Addr>().is_ok();
    is_address.then(|| ("a trail's name may not look like an address".to_owned(), shape))
}
