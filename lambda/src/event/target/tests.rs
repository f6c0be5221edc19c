//! What calls are made on.

use super::*;
use serde_json::json;

fn of(service: &str, name: &str, request: Value) -> Vec<String> {
    read(service, name, &json!({ "requestParameters": request })).main
}

#[test]
fn what_a_call_is_named_after_comes_first() {
    let rows = [
        (
            "ssm",
            "StartSession",
            json!({ "target": "i-1", "documentName": "SSM-SessionManagerRunShell" }),
            vec!["i-1"],
        ),
        (
            "ssm",
            "SendCommand",
            json!({ "instanceIds": ["i-1", "i-2"], "documentName": "d" }),
            vec!["i-1", "i-2"],
        ),
        (
            "ssm",
            "SendCommand",
            json!({ "targets": [{ "key": "InstanceIds", "values": ["i-3"] }] }),
            vec!["i-3"],
        ),
        (
            "ec2",
            "DeleteTransitGatewayVpcAttachment",
            json!({ "DelTGwVpcAttachReq": { "TransitGatewayAttachmentId": "tgw-attach-1" } }),
            vec!["tgw-attach-1"],
        ),
        (
            "ec2",
            "TerminateInstances",
            json!({ "instancesSet": { "items": [{ "instanceId": "i-1" }, {}] } }),
            vec!["i-1"],
        ),
        (
            "ec2",
            "AttachVolume",
            json!({ "volumeId": "vol-1", "instanceId": "i-1", "device": "/dev/sdf" }),
            vec!["vol-1", "i-1"],
        ),
        (
            "rds",
            "CreateDBInstance",
            json!({ "dBInstanceIdentifier": "OnenessDB", "masterUsername": "root", "dBSubnetGroupName": "default", "dBName": "x" }),
            vec!["OnenessDB"],
        ),
        (
            "iam",
            "AddUserToGroup",
            json!({ "groupName": "admins", "userName": "bob" }),
            vec!["bob", "admins"],
        ),
        (
            "ecr",
            "PutImage",
            json!({ "registryId": "111122223333", "repositoryName": "web", "imageTag": "1" }),
            vec!["web"],
        ),
        (
            "tagging",
            "TagResources",
            json!({ "resourceARNList": ["arn:aws:s3:::a", "arn:aws:s3:::b"] }),
            vec!["a", "b"],
        ),
        (
            "elasticloadbalancing",
            "AddTags",
            json!({ "resourceArns": ["arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/web/1"] }),
            vec!["app/web/1"],
        ),
        (
            "ses",
            "TagResource",
            json!({ "resource": "arn:aws:ses:us-east-1:1:identity/example.com" }),
            vec!["example.com"],
        ),
        (
            "s3",
            "GetObject",
            json!({ "bucketName": "b", "key": "dir/x" }),
            vec!["dir/x", "b"],
        ),
        (
            "ecs",
            "UpdateService",
            json!({ "cluster": "prod", "service": "web" }),
            vec!["web", "prod"],
        ),
        (
            "secretsmanager",
            "GetSecretValue",
            json!({ "secretId": "prod/db", "versionId": "v", "versionStage": "s" }),
            vec!["prod/db"],
        ),
        (
            "signin",
            "X",
            json!({ "userName": "HIDDEN_DUE_TO_SECURITY_REASONS", "roleName": "None", "id": "null" }),
            vec![],
        ),
        (
            "x",
            "PutThing",
            json!({ "clientRequestToken": "t", "sessionId": "s", "requestId": "r" }),
            vec![],
        ),
        (
            "ssm",
            "TerminateSession",
            json!({ "sessionId": "alice-1" }),
            vec!["alice-1"],
        ),
    ];
    for (service, name, request, expected) in rows {
        assert_eq!(of(service, name, request.clone()), expected, "{name} {request}");
    }
}

#[test]
fn the_answer_names_what_is_new() {
    let record = json!({ "requestParameters": { "vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24" },
        "responseElements": { "requestId": "r", "subnet": { "subnetId": "subnet-1", "vpcId": "vpc-1",
            "subnetArn": "arn:aws:ec2:us-east-1:111122223333:subnet/subnet-1", "ownerId": "111122223333" } } });
    let targets = read("ec2", "CreateSubnet", &record);
    assert_eq!(targets.main, ["subnet-1", "vpc-1"]);
    let arn = "arn:aws:ec2:us-east-1:111122223333:subnet/subnet-1";
    assert_eq!(targets.all, [arn, "vpc-1"]);
}

#[test]
fn each_is_named_once() {
    let record = json!({ "resources": [{ "ARN": "arn:aws:rds:us-east-1:111122223333:db:onenessdb" }],
        "requestParameters": { "dBInstanceIdentifier": "OnenessDB" } });
    let targets = read("rds", "ModifyDBInstance", &record);
    assert_eq!(targets.main, ["onenessdb"]);
    assert_eq!(targets.all, ["arn:aws:rds:us-east-1:111122223333:db:onenessdb"]);
}

#[test]
fn anything_may_come() {
    let mut deep = json!("i-1");
    for _ in 0..100 {
        deep = json!({ "instancesSet": [deep] });
    }
    for odd in [
        json!(null),
        json!([1]),
        json!("x"),
        json!({ "id": 7, "name": {}, "content": "x" }),
        deep,
    ] {
        assert!(of("ec2", "RunInstances", odd.clone()).is_empty(), "{odd}");
    }
    assert!(read("", "", &json!(null)).all.is_empty());
}
