//! The resources that can be found.

/// A kind of resource.
#[derive(Debug)]
pub struct Resource {
    /// As in `preset`.
    pub service: &'static str,
    /// Its type in the index.
    pub types: &'static str,
    /// What the resource part of its ARN begins with; others are of the same type and something else.
    pub begins: &'static str,
    /// The dimensions of its metrics.
    pub dimensions: Dimensions,
}

/// From the rest of the resource part of the ARN, and the account.
type Dimensions = fn(rest: &str, account: &str) -> Option<Vec<(&'static str, String)>>;

const BALANCER: &str = "elasticloadbalancing:loadbalancer";

/// Source of the types: AWS General Reference, "ARNs" of each service; of the dimensions: the metrics of each service, as the
/// sets have them.
pub const RESOURCES: [Resource; 14] = [
    of("rds", "rds:db", "db:", |rest, _| {
        one("DBInstanceIdentifier", rest)
    }),
    of("aurora", "rds:cluster", "cluster:", |rest, _| {
        one("DBClusterIdentifier", rest)
    }),
    of("ec2", "ec2:instance", "instance/", |rest, _| {
        one("InstanceId", rest)
    }),
    of("alb", BALANCER, "loadbalancer/app/", |rest, _| {
        one("LoadBalancer", &format!("app/{rest}"))
    }),
    of("nlb", BALANCER, "loadbalancer/net/", |rest, _| {
        one("LoadBalancer", &format!("net/{rest}"))
    }),
    of("ecs", "ecs:service", "service/", |rest, _| {
        let (cluster, service) = rest.split_once('/')?;
        Some(vec![
            ("ClusterName", cluster.to_owned()),
            ("ServiceName", service.to_owned()),
        ])
    }),
    of("eks", "eks:cluster", "cluster/", |rest, _| {
        one("ClusterName", rest)
    }),
    of("lambda", "lambda:function", "function:", |rest, _| {
        one("FunctionName", rest).filter(|_| !rest.contains(':'))
    }),
    of("sqs", "sqs", "", |rest, _| one("QueueName", rest)),
    of("dynamodb", "dynamodb:table", "table/", |rest, _| {
        one("TableName", rest).filter(|_| !rest.contains('/'))
    }),
    of("elasticache", "elasticache:cluster", "cluster:", |rest, _| {
        one("CacheClusterId", rest)
    }),
    of("opensearch", "es:domain", "domain/", |rest, account| {
        let client = ("ClientId", account.to_owned());
        Some(vec![("DomainName", rest.to_owned()), client])
    }),
    of("nat", "ec2:natgateway", "natgateway/", |rest, _| {
        one("NatGatewayId", rest)
    }),
    of(
        "efs",
        "elasticfilesystem:file-system",
        "file-system/",
        |rest, _| one("FileSystemId", rest),
    ),
];

const fn of(
    service: &'static str,
    types: &'static str,
    begins: &'static str,
    dimensions: Dimensions,
) -> Resource {
    Resource {
        service,
        types,
        begins,
        dimensions,
    }
}

fn one(name: &'static str, value: &str) -> Option<Vec<(&'static str, String)>> {
    (!value.is_empty()).then(|| vec![(name, value.to_owned())])
}
