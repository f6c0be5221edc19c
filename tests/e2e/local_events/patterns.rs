//! Filter patterns of log groups.

use serde_json::{Value, json};

use crate::support::{Ran, World};

/// The patterns of the CIS benchmark and the other features of the pattern language.
#[test]
fn filter_patterns_match_as_on_aws() {
    let root =
        json!({ "userIdentity": { "type": "Root" }, "eventType": "AwsApiCall", "n": 4.5, "code": 404 });
    let by_service =
        json!({ "userIdentity": { "type": "Root", "invokedBy": "x" }, "eventType": "AwsApiCall" });
    let login = json!({ "eventName": "ConsoleLogin", "additionalEventData": { "MFAUsed": "No" }, "b": true });
    let nested =
        json!({ "a": [{ "x": 1 }, { "x": 2 }], "none": null, "errorCode": "Client.UnauthorizedOperation" });
    let root_used = "{ $.userIdentity.type = \"Root\" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != \
                     \"AwsServiceEvent\" }";
    let denied = "{ ($.errorCode = \"*UnauthorizedOperation\") || ($.errorCode = \"AccessDenied*\") }";
    let no_mfa = "{ ($.eventName = \"ConsoleLogin\") && ($.additionalEventData.MFAUsed != \"Yes\") }";
    let text = |text: &str| Value::from(text);
    let cases = [
        (root_used, root.clone(), true),
        (root_used, by_service.clone(), false),
        (denied, nested.clone(), true),
        (denied, root.clone(), false),
        (denied, text("no JSON"), false),
        (no_mfa, login.clone(), true),
        // A missing field does not match `!=` either.
        (no_mfa, json!({ "eventName": "ConsoleLogin" }), false),
        ("{($.eventName=ConsoleLogin)||($.x=1)}", login.clone(), true),
        ("{ $.n >= 4 && $.code = 40* }", root.clone(), true),
        ("{ $.n < 4 || $.code != 404 }", root.clone(), false),
        ("{ $.b IS TRUE && $.b = true }", login.clone(), true),
        ("{ $.b IS FALSE }", login, false),
        (
            "{ $.none IS NULL && $.a[1].x = 2 && $.a[*].x = 1 }",
            nested.clone(),
            true,
        ),
        ("{ $.a[2].x = 2 }", nested.clone(), false),
        ("{ $.errorCode = %Unauthorized|Denied% }", nested, true),
        ("", text("anything"), true),
        ("ERROR", text("an ERROR came"), true),
        ("ERROR -Exiting", text("ERROR Exiting"), false),
        ("?ERROR ?WARN", text("WARN x"), true),
        ("\"two words\"", text("not two  words"), false),
        ("%t.o%", text("two"), true),
    ];
    let broken = [
        "{ $.a",
        "{ a = 1 }",
        "{ $.a }",
        "{ $.a = }",
        "{ ($.a = 1 }",
        "{ $.a ~ 1 }",
        "{}",
        "{ $.a IS x }",
        "{ $.a > x }",
        "{ $.a = 1 $.b = 2 }",
        "[a, b]",
        "{ $.a = 1 && }",
    ];
    let program = "import importlib.util, json, sys\n\
        spec = importlib.util.spec_from_file_location('filter_pattern', sys.argv[1])\n\
        module = importlib.util.module_from_spec(spec)\n\
        spec.loader.exec_module(module)\n\
        def result(pattern, message):\n\
        \x20   text = message if isinstance(message, str) else json.dumps(message)\n\
        \x20   try:\n\
        \x20       return module.compiled(pattern)(text)\n\
        \x20   except ValueError:\n\
        \x20       return None\n\
        print(json.dumps([result(*case) for case in json.loads(sys.argv[2])]))\n";
    let asked: Vec<_> = cases
        .iter()
        .map(|(pattern, message, _)| json!([pattern, message]))
        .collect();
    let asked: Vec<_> = asked
        .into_iter()
        .chain(broken.map(|pattern| json!([pattern, ""])))
        .collect();
    let world = World::new();
    let file = format!(
        "{}/src/local/emulator/filter_pattern.py",
        env!("CARGO_MANIFEST_DIR")
    );
    let mut command = world.program(
        "python3",
        &["-B", "-c", program, &file, &json!(asked).to_string()],
    );
    let ran = Ran::of(command.output().unwrap());
    let results: Vec<Option<bool>> =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.all()));
    for ((pattern, message, wanted), result) in cases.iter().zip(&results) {
        assert_eq!(*result, Some(*wanted), "{pattern} on {message}");
    }
    for (pattern, result) in broken.iter().zip(&results[cases.len()..]) {
        assert_eq!(*result, None, "{pattern} is no pattern");
    }
}
