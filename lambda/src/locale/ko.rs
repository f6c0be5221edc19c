mod call;
mod news;
mod words;

use super::particle::{Particle, join, with};
use super::{Doer, Words};
use crate::contract::Act;
use crate::event::{ActorKind, Comparison, Condition, GuardOutcome, Muted, NoLines, State};
use crate::phrase::Phrase;
use call::{decision, deed};

pub(super) const WORDS: Words = Words {
    headline,
    lasted: |time| format!(" (경보 지속 시간: {})", units(time)),
    late: |time| format!("{} 지연", units(time)),
    lasts: |time| format!("{}째 계속", units(time)),
    go_on: |count| format!("{count}건이 계속되고 있습니다"),
    acknowledged: |who, at| format!("✋ {who} 님이 {at}에 확인했습니다"),
    snoozed: |who, until| match until {
        Some(until) => format!("💤 {who} 님이 {until}까지 알림을 미뤘습니다"),
        None => format!("💤 {who} 님이 해결될 때까지 알림을 미뤘습니다"),
    },
    mute_refused: "CloudWatch에서 알람을 음소거하지 못해 다른 수신자에게는 계속 전달됩니다.",
    unmute_refused: "CloudWatch 음소거는 음소거 규칙이 끝날 때까지 유지됩니다.",
    snooze_ended: |who| format!("⏰ {who} 님이 미루기를 끝냈습니다"),
    button: |act| match act {
        Act::Acknowledge => "확인",
        Act::SnoozeOneHour => "1시간 미루기",
        Act::SnoozeEightHours => "8시간 미루기",
        Act::SnoozeUntilResolved => "해결될 때까지 미루기",
        Act::EndSnooze => "미루기 끝내기",
    },
    is_over: "이미 종료되어 처리할 것이 없습니다.",
    is_elsewhere: "더 최근 메시지가 있습니다. 그 메시지의 버튼을 사용하세요.",
    may_not_press: "이 버튼을 누를 수 있는 사람 목록에 없습니다.",
    duration: units,
    runbook: |host| format!("런북 ({host})"),
    dashboard: |host| format!("대시보드 ({host})"),
    muted: |muted| match muted {
        Muted::By(rules) => format!("알림 음소거됨: {}", rules.join(", ")),
        Muted::Suppressed(by) => format!("알림 음소거됨: {by}"),
        Muted::Before => "음소거 기간이 끝난 뒤 전달됨".to_owned(),
    },
    mute_subject: |until| match until {
        Some(until) => format!("{until}까지 알람 음소거"),
        None => "알람 음소거 해제".to_owned(),
    },
    mute_text: |who, alarms, why, until| match until {
        Some(until) => format!("{who} 님이 {until}까지 다음 알람을 음소거했습니다: {alarms}. 사유: {why}"),
        None => format!("{who} 님이 다음 알람의 음소거를 해제했습니다: {alarms}. 음소거 사유: {why}"),
    },
    state,
    condition,
    guard_headline,
    actor,
    from_topic: |topic| format!("{topic} 주제로 온 메시지"),
    unknown_event: "알 수 없는 형식의 이벤트",
    event: |detail_type, source| format!("{} {detail_type} 이벤트가 발생했습니다", join(source, "에서")),
    deed,
    decision,
    mfa: |mfa| match mfa {
        Some(true) => "사용",
        Some(false) => "사용 안 함",
        None => "자격 증명 공급자가 관리",
    },
    news: news::news,
    rds_event: news::rds_event,
    label: words::label,
    value: news::value,
    gist: news::gist,
    more_characters: |count| format!("… {count}자 더 있음"),
    refused_form: |service| {
        format!(
            "{} 이 메시지의 원래 형식을 거부하여 텍스트로 보냅니다.",
            with(service, Particle::Subject)
        )
    },
    more_entries: |count| format!("… {count}개 더 있음"),
    and_more: |count| format!(" 외 {count}개"),
    hits: |count| format!("{count}건"),
    top: |field| format!("상위 {field}"),
    test: "테스트",
    test_banner: |id| format!("테스트 메시지입니다({id}). 실제로 일어난 일이 아니며, 조치할 것이 없습니다."),
    digest: |alerts, part, parts| match parts {
        1 => format!("알림 {alerts}건"),
        _ => format!("알림 {alerts}건 ({part}/{parts})"),
    },
    open: "열기",
    open_alarm: "CloudWatch에서 열기",
    open_event: "CloudTrail에서 열기",
    open_insights: "Logs Insights에서 열기",
    open_page: "콘솔에서 열기",
    open_discover: |host| format!("Discover에서 열기 ({host})"),
    label_state: "상태",
    label_condition: "조건",
    label_metric: "지표",
    label_dimensions: "차원",
    label_expression: "표현식",
    label_contributor: "기여자",
    label_query: "쿼리",
    label_log_groups: "로그 그룹",
    label_lines: "로그 줄",
    no_lines: |reason| match reason {
        NoLines::NoRun => "없음: 이벤트에 쿼리 실행 ID가 없습니다".to_owned(),
        NoLines::Elsewhere => "없음: 다른 계정의 경보입니다".to_owned(),
        NoLines::Late => "없음: 기다릴 시간이 없었습니다".to_owned(),
        NoLines::Refused(code) => format!("없음: CloudWatch Logs가 {code} 오류로 응답했습니다"),
        NoLines::Unreachable => "없음: CloudWatch Logs가 응답하지 않았습니다".to_owned(),
        NoLines::Nothing => "없음: 쿼리가 찾은 로그 줄이 없습니다".to_owned(),
    },
    label_pending: "대기 기간",
    label_muted: "작업",
    label_tags: "태그",
    label_rule: "경보 규칙",
    label_children: "원인 경보",
    label_region: "리전",
    label_account: "계정",
    label_time: "시각",
    label_reason: "사유",
    label_topic: "주제",
    label_source_rule: "규칙",
    label_endpoint: "엔드포인트",
    label_resources: "리소스",
    label_user_agent: "사용자 에이전트",
    label_mfa: "MFA",
    label_session_mfa: "세션의 MFA",
    label_mfa_device: "MFA 디바이스",
    label_page: "로그인한 페이지",
    label_access_key: "액세스 키",
    label_principal: "보안 주체",
    label_hits: "검색 건수",
    label_matches: "일치 건수",
    label_index: "인덱스",
};

fn headline(name: &Phrase, old: &State, new: &State) -> String {
    match (old, new) {
        (_, State::Alarm) => format!("🚨 {name} 경보가 발생했습니다"),
        (State::Alarm, State::Ok) => format!("✅ {name} 경보가 해제되었습니다"),
        (_, State::Ok) => format!("✅ {name} 상태가 정상입니다"),
        (_, State::InsufficientData) => format!("❔ {name} 경보를 판단할 데이터가 부족합니다"),
        (_, State::Other(_)) => format!("ℹ️ {name} 상태가 바뀌었습니다"),
    }
}

fn guard_headline(actor: &str, trail: &str, outcome: &GuardOutcome) -> String {
    let trail = match trail {
        "" => "추적".to_owned(),
        trail => format!("{trail} 추적"),
    };
    match outcome {
        GuardOutcome::Restarted => {
            format!("🛡️ {actor} {trail}을 중지해서 자동으로 로깅을 다시 시작했습니다")
        }
        GuardOutcome::AlreadyLogging => {
            format!("🛡️ {actor} {trail}을 중지했으나 다시 로깅 중입니다")
        }
        GuardOutcome::Failed(_) => {
            format!("🚨 {actor} 중지한 {trail}의 로깅을 다시 시작하지 못했습니다")
        }
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

/// A duration such as `2 h 5 min`.
fn units(time: &str) -> String {
    let units = [(" min", "분"), (" h", "시간"), (" d", "일"), (" s", "초")];
    units
        .iter()
        .fold(time.to_owned(), |time, (unit, word)| time.replace(unit, word))
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
        Comparison::OutsideBand => text = format!("{} 예상 범위를 벗어남", with(&text, Particle::Subject)),
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

fn actor(doer: &Doer<'_>) -> String {
    let name = match (doer.kind, doer.who) {
        (ActorKind::Root, _) => "루트 사용자가".to_owned(),
        (ActorKind::Hidden, _) => "알 수 없는 사용자가".to_owned(),
        (ActorKind::Account, Some(who)) => return format!("{who} 계정이"),
        (ActorKind::Instance, Some(who)) => format!("{who} 인스턴스가"),
        (ActorKind::Service, Some(who)) => format!("{who} 서비스가"),
        (ActorKind::Service, None) => "AWS 서비스가".to_owned(),
        (ActorKind::Role, Some(who)) => format!("{who} 역할이"),
        (_, Some(who)) => join(who, "님이"),
        (_, None) => "알 수 없는 사용자가".to_owned(),
    };
    match doer.home {
        Some(account) => format!("{account} 계정의 {name}"),
        None => name,
    }
}
