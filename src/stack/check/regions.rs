//! The list of AWS's regions, and suggestions for a name that is not in it.

use strsim::damerau_levenshtein;

/// Every region of every partition.
/// <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>; the regions of closed
/// partitions come from the endpoint rules of AWS's SDKs.
const KNOWN: [&str; 46] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];

/// The words for the direction in a region's name; AWS has used no others since 2006.
const DIRECTIONS: [&str; 9] = [
    "central",
    "east",
    "north",
    "northeast",
    "northwest",
    "south",
    "southeast",
    "southwest",
    "west",
];

/// The result of checking a region's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// One of AWS's.
    Known,
    /// In the form of a region's name, but unknown: AWS may have added it. With the most similar known region,
    /// if any.
    Unknown(Option<&'static str>),
    /// Cannot be a region. With the one that was probably meant, if any is similar.
    No(Option<&'static str>),
}

impl Region {
    /// The known regions.
    pub fn known() -> impl Iterator<Item = &'static str> {
        KNOWN.into_iter()
    }

    /// Checks a name.
    pub fn of(name: &str) -> Self {
        let near = nearest(name);
        if KNOWN.contains(&name) {
            Self::Known
        } else if !is_shaped(name) || (near.is_some() && !lies_somewhere(name)) {
            Self::No(near)
        } else {
            Self::Unknown(near)
        }
    }
}

/// The known region that differs by one letter: missing, extra, wrong, or swapped with its neighbour. Two
/// differences make another name.
fn nearest(name: &str) -> Option<&'static str> {
    let name = name.trim().to_lowercase().replace('_', "-");
    let distance = |known: &&str| damerau_levenshtein(known, &name);
    KNOWN
        .into_iter()
        .min_by_key(distance)
        .filter(|known| distance(known) <= 1)
}

fn lies_somewhere(name: &str) -> bool {
    name.rsplit('-')
        .nth(1)
        .is_some_and(|word| DIRECTIONS.contains(&word))
}

/// Whether a name has the form of all regions' names: `us-east-1`, `us-gov-west-1`.
pub(super) fn is_shaped(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    match parts.as_slice() {
        [area, middle @ .., number] => {
            (2..=4).contains(&area.len())
                && letters(area)
                && (1..=2).contains(&middle.len())
                && middle.iter().all(letters)
                && (1..=2).contains(&number.len())
                && number.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_a_region_that_came_later() {
        for name in KNOWN {
            assert!(is_shaped(name) && lies_somewhere(name), "{name}");
            assert_eq!(Region::of(name), Region::Known);
        }
        for (name, meant) in [
            ("eu-wset-1", "eu-west-1"),
            ("eu-wes-1", "eu-west-1"),
            ("us-esat-2", "us-east-2"),
            ("ap-notheast-2", "ap-northeast-2"),
            ("EU-West-1", "eu-west-1"),
            ("eu_west_1", "eu-west-1"),
            ("eu-west1", "eu-west-1"),
            ("eu-west-1 ", "eu-west-1"),
        ] {
            assert_eq!(Region::of(name), Region::No(Some(meant)), "{name}");
        }
        for (name, near) in [
            ("eu-west-4", Some("eu-west-1")),
            ("ue-west-1", Some("eu-west-1")),
            ("nz-north-1", None),
            ("eusc-fr-north-1", None),
        ] {
            assert_eq!(Region::of(name), Region::Unknown(near), "{name}");
        }
        for name in ["Frankfurt", "", "eu-west", "eu-west-1a"] {
            assert!(matches!(Region::of(name), Region::No(_)), "{name}");
        }
    }
}
