//! AWS's partitions: separate clouds, each with its own regions, endpoints and ARNs.
//!
//! Source: the partitions and endpoints in the data of AWS's SDKs (botocore 1.43.11).

/// One of AWS's clouds.
#[derive(Debug, PartialEq, Eq)]
pub struct Partition {
    /// The id used in ARNs.
    pub id: &'static str,
    /// The common name.
    pub name: &'static str,
    /// The prefix of the names of its regions.
    prefix: &'static str,
    /// The domain of its services' endpoints.
    pub dns_suffix: &'static str,
    /// The region of its global services, in which their calls are logged.
    pub global_region: &'static str,
    /// The region of IAM and of sign-ins.
    pub iam_region: &'static str,
    /// Whether EventBridge can send events from one of its regions to another.
    pub forwards: bool,
}

/// The first partition is the one whose regions have no prefix.
///
/// AWS announced targets in other regions for all regions "except AWS GovCloud (US) and China"
/// (<https://aws.amazon.com/blogs/compute/expanding-cross-region-event-routing-with-amazon-eventbridge/>) and has
/// documented nothing else since.
static PARTITIONS: [Partition; 8] = [
    Partition {
        id: "aws",
        name: "AWS",
        prefix: "",
        dns_suffix: "amazonaws.com",
        global_region: "us-east-1",
        iam_region: "us-east-1",
        forwards: true,
    },
    Partition {
        id: "aws-cn",
        name: "AWS in China",
        prefix: "cn-",
        dns_suffix: "amazonaws.com.cn",
        global_region: "cn-northwest-1",
        iam_region: "cn-north-1",
        forwards: false,
    },
    alone(
        "aws-us-gov",
        "AWS GovCloud (US)",
        "us-gov-",
        "amazonaws.com",
        "us-gov-west-1",
    ),
    alone(
        "aws-eusc",
        "the AWS European Sovereign Cloud",
        "eusc-",
        "amazonaws.eu",
        "eusc-de-east-1",
    ),
    alone(
        "aws-iso",
        "AWS Top Secret",
        "us-iso-",
        "c2s.ic.gov",
        "us-iso-east-1",
    ),
    alone(
        "aws-iso-b",
        "AWS Secret",
        "us-isob-",
        "sc2s.sgov.gov",
        "us-isob-east-1",
    ),
    alone(
        "aws-iso-e",
        "aws-iso-e",
        "eu-isoe-",
        "cloud.adc-e.uk",
        "eu-isoe-west-1",
    ),
    alone(
        "aws-iso-f",
        "aws-iso-f",
        "us-isof-",
        "csp.hci.ic.gov",
        "us-isof-south-1",
    ),
];

/// A partition with one region for all global services, in which events cannot be sent to other regions.
const fn alone(
    id: &'static str,
    name: &'static str,
    prefix: &'static str,
    dns_suffix: &'static str,
    global_region: &'static str,
) -> Partition {
    Partition {
        id,
        name,
        prefix,
        dns_suffix,
        global_region,
        iam_region: global_region,
        forwards: false,
    }
}

impl Partition {
    /// The partition of a region, according to the region's name. For an unknown region it is AWS's largest
    /// partition.
    pub fn of_region(region: &str) -> &'static Self {
        let [largest, others @ ..] = &PARTITIONS;
        let is_here = |partition: &&Self| region.starts_with(partition.prefix);
        others.iter().find(is_here).unwrap_or(largest)
    }

    /// The partition with this id in ARNs.
    pub fn named(id: &str) -> &'static Self {
        let [largest, others @ ..] = &PARTITIONS;
        others
            .iter()
            .find(|partition| partition.id == id)
            .unwrap_or(largest)
    }
}

/// The regions of AWS's largest partition that have no log alarms: me-central-1 lacks `AWS::CloudWatch::LogAlarm` in
/// CloudFormation's registry, and of me-south-1 users say so; AWS itself has no list.
const NO_LOG_ALARMS: [&str; 2] = ["me-central-1", "me-south-1"];

/// Whether CloudWatch has log alarms in a region, as far as it is known: China and AWS GovCloud (US) have none, and of other
/// partitions nothing is said.
pub fn has_log_alarms(region: &str) -> bool {
    Partition::of_region(region).id == "aws" && !NO_LOG_ALARMS.contains(&region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_alarms_are_not_everywhere() {
        let without: Vec<_> = [
            "eu-west-1",
            "me-south-1",
            "me-central-1",
            "cn-north-1",
            "us-gov-west-1",
        ]
        .into_iter()
        .filter(|region| !has_log_alarms(region))
        .collect();
        assert_eq!(
            without,
            ["me-south-1", "me-central-1", "cn-north-1", "us-gov-west-1"]
        );
    }

    #[test]
    fn a_region_tells_its_partition() {
        for (region, id, iam, suffix) in [
            ("eu-central-1", "aws", "us-east-1", "amazonaws.com"),
            ("cn-northwest-1", "aws-cn", "cn-north-1", "amazonaws.com.cn"),
            ("us-gov-east-1", "aws-us-gov", "us-gov-west-1", "amazonaws.com"),
            ("eusc-de-east-1", "aws-eusc", "eusc-de-east-1", "amazonaws.eu"),
            ("us-isob-east-1", "aws-iso-b", "us-isob-east-1", "sc2s.sgov.gov"),
        ] {
            let partition = Partition::of_region(region);
            assert_eq!(
                (partition.id, partition.iam_region, partition.dns_suffix),
                (id, iam, suffix),
                "{region}"
            );
            assert_eq!(Partition::named(id), partition);
        }
    }
}
