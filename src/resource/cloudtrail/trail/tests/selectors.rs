use super::*;

#[test]
fn aws_defaults_in_either_notation_are_the_default() {
    let management = json!([{ "Name": "Management events selector", "FieldSelectors":
        [{ "Field": "eventCategory", "Equals": ["Management"] }] }]);
    for selectors in [
        Selectors::Default,
        Selectors::Basic(json!([])),
        Selectors::Basic(json!([{}])),
        Selectors::Basic(
            json!([{ "ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": [] }]),
        ),
        Selectors::Advanced(management),
    ] {
        assert_eq!(selectors.shown(), None, "{selectors:?}");
    }
}

#[test]
fn order_and_what_is_left_out_make_no_difference() {
    let one = json!([
        { "FieldSelectors": [{ "Field": "readOnly", "Equals": ["false"] },
            { "Field": "eventCategory", "Equals": ["Management"] }] },
        { "Name": "n", "FieldSelectors": [{ "Field": "eventSource", "NotEquals": ["b", "a"] }] },
    ]);
    let same = json!([
        { "Name": "n", "FieldSelectors": [{ "Field": "eventSource", "NotEquals": ["a", "b"] }] },
        { "Name": "", "FieldSelectors": [{ "Field": "eventCategory", "Equals": ["Management"] },
            { "Field": "readOnly", "Equals": ["false"], "StartsWith": [] }] },
    ]);
    assert_eq!(
        Selectors::Advanced(one).shown(),
        Selectors::Advanced(same).shown()
    );
    let basic = |sources: Value| {
        Selectors::Basic(json!([{ "ReadWriteType": "WriteOnly", "ExcludeManagementEventSources": sources }]))
    };
    let both = basic(json!(["rdsdata.amazonaws.com", "kms.amazonaws.com"]));
    assert_eq!(
        both.shown(),
        basic(json!(["kms.amazonaws.com", "rdsdata.amazonaws.com"])).shown()
    );
    assert_ne!(both.shown(), basic(json!(["kms.amazonaws.com"])).shown());
}

#[test]
fn what_is_misshapen_is_refused_and_never_panics() {
    for value in [
        json!(null),
        json!({}),
        json!([1]),
        json!([{ "FieldSelectors": [{}] }]),
        json!([{}]),
    ] {
        let selectors = Selectors::Advanced(value);
        assert!(selectors.shown().is_some());
        let fault = selectors.to_sdk().map(drop).unwrap_err();
        assert!(fault.hint.is_some());
    }
    assert!(Selectors::Basic(json!("x")).to_sdk().is_err());
}
