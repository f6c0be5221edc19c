use super::Words;
use crate::event::{Comparison, Condition, State};

pub(super) const WORDS: Words = Words {
    headline,
    state,
    condition,
    from_topic: |topic| format!("{topic} 주제로 온 메시지"),
    unknown_event: "알 수 없는 형식의 이벤트",
    more_characters: |count| format!("… {count}자 더 있음"),
    more_entries: |count| format!("… {count}개 더 있음"),
    open_alarm: "CloudWatch에서 열기",
    label_state: "상태",
    label_condition: "조건",
    label_metric: "지표",
    label_dimensions: "차원",
    label_expression: "표현식",
    label_rule: "경보 규칙",
    label_children: "원인 경보",
    label_region: "리전",
    label_account: "계정",
    label_time: "시각",
    label_reason: "사유",
    label_topic: "주제",
};

fn headline(name: &str, old: &State, new: &State) -> String {
    match (old, new) {
        (_, State::Alarm) => format!("🚨 {name} 경보가 발생했습니다"),
        (State::Alarm, State::Ok) => format!("✅ {name} 경보가 해제되었습니다"),
        (_, State::Ok) => format!("✅ {name} 상태가 정상입니다"),
        (_, State::InsufficientData) => format!("❔ {name} 경보를 판단할 데이터가 부족합니다"),
        (_, State::Other(_)) => format!("ℹ️ {name} 상태가 바뀌었습니다"),
    }
}

fn state(state: &State) -> &str {
    match state {
        State::Alarm => "경보",
        State::Ok => "정상",
        State::InsufficientData => "데이터 부족",
        State::Other(name) => name,
    }
}

fn statistic(name: &str) -> &str {
    match name {
        "Average" => "평균",
        "Sum" => "합계",
        "Minimum" => "최솟값",
        "Maximum" => "최댓값",
        "SampleCount" => "샘플 수",
        other => other,
    }
}

fn condition(condition: &Condition) -> String {
    let mut text = condition.subject.clone();
    if let Some(name) = &condition.statistic {
        text += " ";
        text += statistic(name);
    }
    match &condition.comparison {
        Comparison::Number { sign, threshold } => text += &format!(" {sign} {threshold}"),
        Comparison::OutsideBand => text += " 예상 범위를 벗어남",
        Comparison::AboveBand => text += " 예상 범위 초과",
        Comparison::BelowBand => text += " 예상 범위 미만",
    }
    if let Some(window) = &condition.window {
        let periods = window.evaluated;
        let seconds = window.period_seconds;
        text += &match window.breaching.filter(|breaching| *breaching != periods) {
            Some(breaching) => format!(" ({seconds}초 × {periods}회 중 {breaching}회)"),
            None => format!(" ({seconds}초 × {periods}회)"),
        };
    }
    text
}
