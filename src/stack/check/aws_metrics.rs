//! The metrics that AWS services publish.

/// Namespaces; the lines below each list its dimensions and metrics.
const METRICS: &str = include_str!("aws_metrics.txt");
/// Prefix of a line of dimensions.
const DIMENSIONS: &str = "  by ";

/// Services that publish all their metrics in one region, wherever the resource is. For the partition `aws`.
///
/// Sources: Amazon CloudWatch User Guide, "Create a billing alarm to monitor your estimated AWS charges";
/// Amazon CloudFront Developer Guide, "Monitor CloudFront and edge functions with Amazon CloudWatch"; Amazon
/// Route 53 Developer Guide, "Monitoring health checks using CloudWatch"; AWS Global Accelerator Developer
/// Guide, "Using Amazon CloudWatch with AWS Global Accelerator".
const ONLY_IN: [(&str, &str); 4] = [
    ("AWS/Billing", "us-east-1"),
    ("AWS/CloudFront", "us-east-1"),
    ("AWS/GlobalAccelerator", "us-west-2"),
    ("AWS/Route53", "us-east-1"),
];

/// The known names in an AWS namespace; if a list is empty, any name is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    pub dimensions: Vec<&'static str>,
    pub metrics: Vec<&'static str>,
}

/// The namespace with this name, if it is known.
pub fn namespace(name: &str) -> Option<Namespace> {
    let mut lines = METRICS.lines().skip_while(|line| *line != name);
    lines.next()?;
    let (dimensions, metrics): (Vec<_>, Vec<_>) = lines
        .take_while(|line| line.starts_with(' '))
        .partition(|line| line.starts_with(DIMENSIONS));
    let names = |lines: Vec<&'static str>, prefix: &str| {
        let lines = lines.into_iter().filter_map(|line| line.strip_prefix(prefix));
        lines.flat_map(str::split_whitespace).collect()
    };
    Some(Namespace {
        dimensions: names(dimensions, DIMENSIONS),
        metrics: names(metrics, "  "),
    })
}

/// The only region in which this namespace has metrics, if there is one.
pub fn only_region(namespace: &str) -> Option<&'static str> {
    let found = ONLY_IN.iter().find(|(name, _)| *name == namespace);
    found.map(|(_, region)| *region)
}

/// The names of all namespaces in the list.
pub fn namespaces() -> impl Iterator<Item = &'static str> {
    METRICS.lines().filter(|line| !line.starts_with([' ', '#']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_without_doubles() {
        let names: Vec<_> = namespaces().collect();
        assert!(names.is_sorted(), "{names:?}");
        for name in names {
            assert!(name.starts_with("AWS/"), "{name}");
            let Namespace { dimensions, metrics } = namespace(name).expect("it is in the list");
            for list in [&dimensions, &metrics] {
                assert!(list.windows(2).all(|pair| pair[0] < pair[1]), "{name}: {list:?}");
            }
            assert!(!metrics.contains(&"by"), "{name}");
        }
    }

    #[test]
    fn what_alarms_are_mostly_about_is_in_it() {
        for (name, dimension, metric) in [
            ("AWS/EC2", "InstanceId", "CPUUtilization"),
            ("AWS/RDS", "DBInstanceIdentifier", "FreeStorageSpace"),
            ("AWS/Lambda", "FunctionName", "Errors"),
            ("AWS/SQS", "QueueName", "ApproximateNumberOfMessagesVisible"),
            ("AWS/ApplicationELB", "LoadBalancer", "HTTPCode_ELB_5XX_Count"),
            ("AWS/Billing", "Currency", "EstimatedCharges"),
            ("AWS/CloudFront", "DistributionId", "5xxErrorRate"),
            ("AWS/Route53", "HealthCheckId", "HealthCheckStatus"),
            ("AWS/ApiGateway", "ApiId", "5xx"),
        ] {
            let known = namespace(name).unwrap_or_else(|| panic!("{name}"));
            assert!(known.dimensions.contains(&dimension), "{name} {dimension}");
            assert!(known.metrics.contains(&metric), "{name} {metric}");
        }
        assert_eq!(namespace("AWS/Nothing"), None);
    }
}
