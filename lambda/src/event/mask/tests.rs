use super::*;
use serde_json::json;

/// All of it, masked.
fn value(value: &Value) -> Value {
    serde_json::to_value(Masked::new(value)).expect("JSON")
}

#[test]
fn what_goes_by_the_name_of_a_secret_is_masked() {
    let request = json!({
        "masterUserPassword": "hunter2", "SecretString": "{\"a\":\"b\"}", "x-api-key": "k",
        "environment": [{ "name": "DB_PASSWORD", "value": "hunter2" }, { "name": "MODE", "value": "fast" }],
        "Tags": [{ "Key": "token", "Value": "hunter2" }],
        "authParameters": { "apiKeyAuthParameters": { "apiKeyName": "x", "apiKeyValue": "hunter2" } },
        "credentials": ["hunter2", { "anything": "hunter2" }],
        "command": ["serve", "--db-password", "hunter2", "--mode", "fast"],
        "policy": "{\"Version\":\"2012-10-17\",\"clientSecret\":\"hunter2\"}",
    });
    let masked = value(&request);
    assert!(!masked.to_string().contains("hunter2"), "{masked:#}");
    assert_eq!(masked["command"][4], "fast");
    assert_eq!(masked["environment"][1]["value"], "fast");
    assert_eq!(masked["policy"]["Version"], "2012-10-17");
}

#[test]
fn what_only_speaks_of_a_secret_stays() {
    let request = json!({
        "secretId": "prod/db", "secrets": [{ "name": "TOKEN", "valueFrom": "arn:aws:ssm:r:a:parameter/t" }], "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "passwordResetRequired": true,
        "minimumPasswordLength": 14, "name": "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit",
        "digest": "da39a3ee5e6b4b0d3255bfef95601890afd80709", "time": "2026-11-20T05:03:27Z", "token": "",
        "image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/web:1.2.3", "url": "https://example.com/a?b=c",
    });
    assert_eq!(value(&request), request);
}

#[test]
fn a_secret_is_known_by_its_shape() {
    let key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let slack = ["https://hooks.slack", "com/services/T0/B0/x"].join(".");
    let token = ["xoxb", "123456789012-abcdefghijkl"].join("-");
    let cases = [
        (format!("key {key}, ok"), format!("key {MASK}, ok")),
        (format!("see {slack} now"), format!("see {MASK} now")),
        (token, MASK.to_owned()),
        (
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_123".into(),
            MASK.into(),
        ),
        (
            "Authorization: Bearer abc".into(),
            format!("Authorization: {MASK} {MASK}"),
        ),
        (
            "mysql --password hunter2 -h db".into(),
            format!("mysql --password {MASK} -h db"),
        ),
        ("PASSWORD=hunter2 A=b".into(), format!("PASSWORD={MASK} A=b")),
        (
            "postgres://app:hunter2@db/x".into(),
            format!("postgres://app:{MASK}@db/x"),
        ),
        (
            "https://e.com/?token=hunter2&b=c".into(),
            format!("https://e.com/?token={MASK}&b=c"),
        ),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc".into(), MASK.into()),
        (format!("the key {key}."), format!("the key {MASK}")),
        (
            "not authorized to perform: secretsmanager:GetSecretValue".into(),
            "not authorized to perform: secretsmanager:GetSecretValue".into(),
        ),
        ("password:hunter2".into(), format!("password:{MASK}")),
        (
            "웹 서버 <b>; sk-learn eyJ".into(),
            "웹 서버 <b>; sk-learn eyJ".into(),
        ),
    ];
    for (text, masked) in cases {
        assert_eq!(super::text(&text), masked);
    }
}

/// Texts as in alerts and log lines. None of them is a request, so nothing declares what they contain.
#[test]
fn secrets_in_free_text_are_masked() {
    let key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let slack = ["hooks.slack", "com/services/T0/B0/xyz"].join(".");
    let token = ["xoxc", "123456789012-abcdefghijkl"].join("-");
    let github = format!("ghp_{}", "a1B2".repeat(9));
    let session = format!("IQoJb3JpZ2luX2Vj{}", "Ab1+/".repeat(30));
    let texts = [
        format!("aws_secret_access_key={key}"),
        "aws_secret_access_key = short-and-odd".to_owned(),
        "AWS_SECRET_ACCESS_KEY: short-and-odd".to_owned(),
        "password => short-and-odd".to_owned(),
        "password =short-and-odd".to_owned(),
        r#"{"level":"error","db_password": "short-and-odd", broken"#.to_owned(),
        r#"config {'apiKey': 'short-and-odd'}"#.to_owned(),
        r#"{\"token\":\"short-and-odd\"}"#.to_owned(),
        "authorization=Bearer short-and-odd".to_owned(),
        "curl -H 'Authorization: Bearer short-and-odd' https://e.com".to_owned(),
        "proxy-authorization: basic short-and-odd".to_owned(),
        format!("posted to https://{slack}, HTTP 404"),
        format!("posted to HTTPS://{}", slack.replace("hooks", "HOOKS")),
        format!("to=https%3A%2F%2F{}", slack.replace('/', "%2F")),
        format!("<https://{slack}|here>"),
        format!("token {token} was refused"),
        format!("clone https://{github}@github.com/a/b"),
        format!("clone https://x:{github}@github.com/a/b"),
        format!("GET /a?X-Amz-Security-Token={session}&X-Amz-Signature=short-and-odd"),
        format!("credentials AKIAIOSFODNN7EXAMPLE {session}"),
        format!("AKIAIOSFODNN7EXAMPLE:{key}"),
        format!("AKIAIOSFODNN7EXAMPLE/{key}"),
    ];
    let secrets = [
        key,
        "xyz",
        "short-and-odd",
        "abcdefghijkl",
        "a1B2a1B2",
        "Ab1+/Ab1+/",
    ];
    for text in &texts {
        let masked = super::text(text);
        assert!(masked.contains(MASK), "{text}");
        let kept = secrets.iter().find(|secret| masked.contains(*secret));
        assert_eq!(kept, None, "{text} → {masked}");
    }
}

#[test]
fn a_private_key_takes_nothing_else_with_it() {
    let key = |begin: &str| format!("{begin}\nMIIEow+abc/=\nxyz\n");
    let begin = ["-----BEGIN EC PRIVATE", "KEY-----"].join(" ");
    let end = ["-----END EC PRIVATE", "KEY-----"].join(" ");
    let text = format!("before\n{}{end}\nbetween {}{end} after", key(&begin), key(&begin));
    assert_eq!(
        super::text(&text),
        format!("before\n{MASK}\nbetween {MASK} after")
    );
    assert_eq!(
        super::text(&format!("cut: {}", key(&begin))),
        format!("cut: {MASK}")
    );
    // A log line that begins in the middle of a key.
    let torn = format!("{end} then {}{end} after", key(&begin));
    assert_eq!(super::text(&torn), format!("{end} then {MASK} after"));
    let pgp = |side: &str| format!("-----{side} PGP PRIVATE {}-----", "KEY BLOCK");
    let text = format!("a {}\nlQOYBF\n{} b", pgp("BEGIN"), pgp("END"));
    assert_eq!(super::text(&text), format!("a {MASK} b"));
    let escaped = format!("{begin}\\nMIIEow\\n{end} and more");
    assert_eq!(super::text(&escaped), format!("{MASK} and more"));
}

#[test]
fn text_about_secrets_stays_readable() {
    let quota = "Cannot exceed quota for AccessKeysPerUser: 2";
    assert_eq!(text(quota), quota);
    for text in [
        "Password rotation failed for user alice, see secret prod/db",
        "The token expired at 05:00 and was renewed",
        "Reset the password = fine",
        "arn:aws:secretsmanager:us-east-1:111122223333:secret:prod/db-AbCdEf",
        "GET https://example.com/login?next=/home HTTP/1.1 401",
        "sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd12345678",
        "commit da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "key AKIAIOSFODNN7EXAMPLE of alice",
        "https://kibana.example.com/app/discover#/?_g=(time:(from:'2026-11-20T04:58:00Z'))&_a=(index:a)",
        "",
    ] {
        let masked = super::text(text);
        let readable = masked == text || text.ends_with("= fine");
        assert!(readable, "{text} → {masked}");
    }
}
