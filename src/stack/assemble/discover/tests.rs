use super::*;

fn found(service: &'static str, arns: &[&str]) -> Vec<(String, String)> {
    let query = Query {
        service,
        tags: BTreeMap::new(),
    };
    let of = |arn: &&str| Found {
        arn: (*arn).to_owned(),
        tags: BTreeMap::new(),
    };
    let discovered = Discovered::By(BTreeMap::from([(query.clone(), arns.iter().map(of).collect())]));
    let elements = query.elements(&discovered, &(0..0));
    let dimensions = |element: &Element| {
        let dimensions = element.get("each.value.dimensions").expect("dimensions");
        let one = |entry: &Entry| match &entry.value.kind {
            Kind::Scalar { text, .. } => format!("{}={text}", entry.key),
            _ => String::new(),
        };
        dimensions.entries().iter().map(one).collect::<Vec<_>>().join(" ")
    };
    elements
        .iter()
        .map(|element| (element.key.clone(), dimensions(element)))
        .collect()
}

#[test]
fn a_resource_is_known_by_its_arn() {
    let arn = |service: &str, resource: &str| format!("arn:aws:{service}:eu-west-1:111122223333:{resource}");
    for (service, aws, resource, key, dimensions) in [
        ("rds", "rds", "db:orders", "orders", "DBInstanceIdentifier=orders"),
        (
            "aurora",
            "rds",
            "cluster:orders",
            "orders",
            "DBClusterIdentifier=orders",
        ),
        ("ec2", "ec2", "instance/i-1", "i-1", "InstanceId=i-1"),
        (
            "alb",
            "elasticloadbalancing",
            "loadbalancer/app/web/50dc",
            "web",
            "LoadBalancer=app/web/50dc",
        ),
        (
            "nlb",
            "elasticloadbalancing",
            "loadbalancer/net/tcp/50dc",
            "tcp",
            "LoadBalancer=net/tcp/50dc",
        ),
        (
            "ecs",
            "ecs",
            "service/shop/cart",
            "shop/cart",
            "ClusterName=shop ServiceName=cart",
        ),
        ("eks", "eks", "cluster/shop", "shop", "ClusterName=shop"),
        (
            "lambda",
            "lambda",
            "function:resize",
            "resize",
            "FunctionName=resize",
        ),
        ("sqs", "sqs", "jobs", "jobs", "QueueName=jobs"),
        ("dynamodb", "dynamodb", "table/carts", "carts", "TableName=carts"),
        (
            "elasticache",
            "elasticache",
            "cluster:sessions",
            "sessions",
            "CacheClusterId=sessions",
        ),
        (
            "opensearch",
            "es",
            "domain/logs",
            "logs",
            "DomainName=logs ClientId=111122223333",
        ),
        ("nat", "ec2", "natgateway/nat-1", "nat-1", "NatGatewayId=nat-1"),
        (
            "efs",
            "elasticfilesystem",
            "file-system/fs-1",
            "fs-1",
            "FileSystemId=fs-1",
        ),
    ] {
        let found = found(service, &[&arn(aws, resource)]);
        assert_eq!(found, [(key.to_owned(), dimensions.to_owned())], "{service}");
    }
    // Of the same type in the index, and something else.
    let others = [
        arn("elasticloadbalancing", "loadbalancer/net/tcp/50dc"),
        "odd".to_owned(),
        arn("x", ""),
    ];
    assert_eq!(found("alb", &others.each_ref().map(String::as_str)), []);
    assert_eq!(found("lambda", &[&arn("lambda", "function:resize:live")]), []);
}
