//! Errors of the way to AWS, and of the account.

use super::*;

#[test]
fn credentials_and_regions() {
    let stage = Stage::new("cloudwatch-slack");
    let sts = |code, message| (PLAN, refusal("sts:GetCallerIdentity", ALWAYS, 403, code, message));
    let cases = [
        (
            "Expired credentials",
            sts(
                "ExpiredToken",
                "The security token included in the request is expired",
            ),
        ),
        (
            "Credentials that AWS does not know, or a region that is not enabled",
            sts(
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
            ),
        ),
        (
            "A wrong secret",
            sts(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your AWS \
                 Secret Access Key and signing method. Consult the service documentation for details.",
            ),
        ),
        (
            "A wrong clock",
            sts(
                "SignatureDoesNotMatch",
                "Signature expired: 20261121T100000Z is now earlier than 20261121T114500Z (20261121T120000Z - 15 \
                 min.)",
            ),
        ),
    ];
    let cases = cases.map(|(title, (args, refusal))| (title, args, refusal));
    let mut shown = refused(&stage, &cases);

    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    // EC2's metadata service takes seconds to time out, and may exist on a build machine.
    world.set("AWS_EC2_METADATA_DISABLED", "true");
    shown.insert("No credentials", fails(&world, PLAN));
    let config = "[profile work]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Admin\n\
                  [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n";
    let config = world.write("config", config);
    world.set("AWS_CONFIG_FILE", config.to_str().unwrap());
    let work = fails(&world, &["plan", "--profile", "work"]);
    shown.insert("A sign-in to IAM Identity Center that is over", work);
    let nobody = fails(&world, &["plan", "--profile", "wrok"]);
    shown.insert("A profile that does not exist", nobody);
    let config = "[profile work]\nrole_arn = arn:aws:iam::111122223333:role/ops\nsource_profile = base\n";
    world.write("config", config);
    let work = fails(&world, &["plan", "--profile", "work"]);
    shown.insert("A source profile that does not exist", work);
    world.edit(|text| text.replace("region: ap-northeast-2\n", ""));
    shown.insert("No region", fails(&world, PLAN));
    let apply = stage.world.run_at(&stage.endpoint, ACCOUNT, APPLY);
    assert_eq!(apply.code, 0, "{}", apply.all());
    let elsewhere = ["plan", "--region", "us-west-2"];
    let ran = stage.world.run_at(&stage.endpoint, ACCOUNT, &elsewhere);
    shown.insert("A stack at home in another region", first(&ran, ACCOUNT));
    hold("Credentials and region", &shown);
}

#[test]
fn the_way_to_aws() {
    let mut stage = Stage::new("cloudwatch-slack");
    stage.world.env.push(("AWS_MAX_ATTEMPTS".into(), "2".into()));
    let sts = |status, code, message| refusal("sts:GetCallerIdentity", ALWAYS, status, code, message);
    let mut shown = refused(
        &stage,
        &[
            ("Too many calls", PLAN, sts(400, "Throttling", "Rate exceeded")),
            (
                "AWS fails",
                PLAN,
                sts(
                    500,
                    "InternalFailure",
                    "We encountered an internal error. Please try again.",
                ),
            ),
        ],
    );
    let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<!DOCTYPE html>\
                <html><title>Hotel Wi-Fi</title></html>";
    let ran = stage.world.run_at(&answering(page), ACCOUNT, PLAN);
    shown.insert("A network's sign-in page", first(&ran, ACCOUNT));
    for (title, answer) in [
        (
            "A proxy that wants a password",
            "HTTP/1.1 407 Proxy Authentication Required\r\nconnection: close\r\n\r\n",
        ),
        (
            "A proxy that does not lead to AWS",
            "HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n",
        ),
    ] {
        let proxy = answering(answer).replace("http://", "http://user:s3cret@");
        let mut command = stage.world.command(PLAN);
        command
            .env("AWS_ACCESS_KEY_ID", ACCOUNT)
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("SLACK_WEBHOOK_URL", NO_WEBHOOK)
            .env("HTTPS_PROXY", proxy);
        let ran = Ran::of(command.output().unwrap());
        assert!(!ran.all().contains("s3cret"), "{}", ran.all());
        shown.insert(title, first(&ran, ACCOUNT));
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let ran = stage.world.run_at(&url, ACCOUNT, PLAN);
    shown.insert("Nobody answers", first(&ran, ACCOUNT));
    let mut slim = stage.world.command_at(&stage.endpoint, ACCOUNT, PLAN);
    let ran = Ran::of(slim.env("SSL_CERT_FILE", "/dev/null").output().unwrap());
    shown.insert("No certificates, as in a slim container", first(&ran, ACCOUNT));
    hold("The way to AWS", &shown);
}

/// A server that sends this response to every request; returns its address.
fn answering(answer: &'static str) -> String {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 8192]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

/// A slow call is reported in one line, only once.
#[test]
fn a_long_wait_is_told() {
    let stage = Stage::new("cloudwatch-slack");
    let slow = Proxy::start(&stage.endpoint, Duration::from_secs(6));
    let ran = stage.world.run_at(&slow.url, ACCOUNT, &["policy"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(
        ran.stderr,
        "waiting for sts:GetCallerIdentity in ap-northeast-2 …\n"
    );
}

/// Proxy settings for the internet must not apply to a connection from this machine to itself.
#[test]
fn the_local_aws_is_never_asked_through_a_proxy() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    world.up();
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        world.set(name, "http://127.0.0.1:9");
    }
    world.ok(&["plan", "--local"]);
}
