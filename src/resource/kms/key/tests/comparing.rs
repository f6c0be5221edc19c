use super::*;

#[test]
fn a_foreign_key_has_no_window_yet_and_a_senseless_one_counts_as_none() {
    for tags in [Tags::new(), Tags::from([(WINDOW_TAG.into(), "5".into())])] {
        let from = Live { tags, ..live("k") };
        assert!(changes(&from, &desired()).touch("deletion_window_days"));
        assert!(!changes(&from, &desired()).touch("alertctl"));
    }
}

#[test]
fn the_remark_says_what_apply_will_do() {
    let remark = |live: Live| KmsKey::about(&live).remark;
    let text = "pending deletion on 2026-11-28; apply cancels it";
    assert_eq!(remark(pending("k", "2026-11-28")).as_deref(), Some(text));
    let disabled = Live {
        state: "Disabled".into(),
        ..live("k")
    };
    assert_eq!(remark(disabled).as_deref(), Some("disabled"));
    assert_eq!(remark(live("k")), None);
}

#[test]
fn it_is_called_by_its_alias_and_lacking_that_by_its_id() {
    assert_eq!(KmsKey::live_name(&live("k")), ALIAS);
    assert_eq!(
        KmsKey::live_name(&Live {
            tags: Tags::new(),
            ..live("k")
        }),
        "k"
    );
    let output = KmsKey::output(&live("k"));
    assert_eq!((output.arn, output.id), (arn("k"), "k".to_owned()));
}
