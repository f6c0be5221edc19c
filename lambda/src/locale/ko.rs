mod call;

use super::particle::{Particle, join, with};
use super::{Doer, Words};
use crate::event::{ActorKind, Comparison, Condition, Fact, GuardOutcome, Job, News, State};
use crate::phrase::Phrase;
use call::{decision, deed};

pub(super) const WORDS: Words = Words {
    headline,
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
    news,
    label,
    more_characters: |count| format!("… {count}자 더 있음"),
    refused_form: "Slack이 이 메시지의 원래 형식을 거부하여 텍스트로 보냅니다.",
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
    open_page: "콘솔에서 열기",
    open_discover: |host| format!("Discover에서 열기 ({host})"),
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

fn news(news: &News, subject: &Phrase) -> String {
    match news {
        News::Instance { state } => match state.as_str() {
            "pending" => format!("{subject} 인스턴스가 시작되고 있습니다"),
            "running" => format!("{subject} 인스턴스가 실행 중입니다"),
            "stopping" => format!("{subject} 인스턴스가 중지되고 있습니다"),
            "stopped" => format!("{subject} 인스턴스가 중지되었습니다"),
            "shutting-down" => format!("{subject} 인스턴스가 종료되고 있습니다"),
            "terminated" => format!("{subject} 인스턴스가 종료되었습니다"),
            _ => format!("{subject} 인스턴스의 상태가 바뀌었습니다"),
        },
        News::Database => format!("RDS {subject}"),
        News::Task { status } => match status.as_str() {
            "RUNNING" => format!("ECS 태스크 {} 실행 중입니다", with(subject, Particle::Subject)),
            "STOPPED" => format!("ECS 태스크 {} 중지되었습니다", with(subject, Particle::Subject)),
            _ => format!("ECS 태스크 {} 상태가 바뀌었습니다", join(subject, "의")),
        },
        News::Service { event } => match event.as_str() {
            "SERVICE_STEADY_STATE" => format!(
                "ECS 서비스 {} 안정된 상태입니다",
                with(subject, Particle::Subject)
            ),
            "SERVICE_DEPLOYMENT_IN_PROGRESS" => {
                format!("ECS 서비스 {} 배포하고 있습니다", with(subject, Particle::Object))
            }
            "SERVICE_DEPLOYMENT_COMPLETED" => {
                format!("ECS 서비스 {} 배포했습니다", with(subject, Particle::Object))
            }
            "SERVICE_DEPLOYMENT_FAILED" => format!("ECS 서비스 {} 배포가 실패했습니다", join(subject, "의")),
            "SERVICE_TASK_PLACEMENT_FAILURE" => {
                format!(
                    "ECS 서비스 {} 태스크를 배치하지 못했습니다",
                    with(subject, Particle::Subject)
                )
            }
            _ => format!("ECS 서비스 {} 이벤트가 발생했습니다", join(subject, "에")),
        },
        News::Launched { done: true } => format!("Auto Scaling 그룹 {subject}: 인스턴스를 시작했습니다"),
        News::Launched { done: false } => {
            format!("Auto Scaling 그룹 {subject}: 인스턴스를 시작하지 못했습니다")
        }
        News::Terminated { done: true } => format!("Auto Scaling 그룹 {subject}: 인스턴스를 종료했습니다"),
        News::Terminated { done: false } => {
            format!("Auto Scaling 그룹 {subject}: 인스턴스를 종료하지 못했습니다")
        }
        News::Finding => subject.to_string(),
        News::Health { category, closed } => match category.as_str() {
            "issue" if *closed => format!("AWS 문제가 해결되었습니다: {subject}"),
            "scheduledChange" if *closed => format!("AWS 변경이 끝났습니다: {subject}"),
            "issue" => format!("AWS에 문제가 발생했습니다: {subject}"),
            "scheduledChange" => format!("AWS 변경이 예정되어 있습니다: {subject}"),
            "investigation" => format!("AWS에서 조사하고 있습니다: {subject}"),
            _ => format!("AWS Health 알림: {subject}"),
        },
        News::Budget {
            forecast: false,
            amount,
            budgeted,
        } => format!("{subject} 예산을 {budgeted} 중 {amount}만큼 사용했습니다"),
        News::Budget { amount, budgeted, .. } => {
            format!("{subject} 예산 사용액이 {budgeted} 중 {amount}에 이를 것으로 예상됩니다")
        }
        News::CostAnomaly { impact, percent } => {
            let percent = percent.as_ref().map(|percent| format!(" ({percent})"));
            format!(
                "{subject} 비용이 예상보다 {impact} 많습니다{}",
                percent.unwrap_or_default()
            )
        }
        News::Backup { job, state } => {
            let job = match job {
                Job::Backup => "백업",
                Job::Copy => "백업 복사",
                Job::Restore => "복원",
            };
            match state.as_str() {
                "COMPLETED" => format!("{subject} {} 완료되었습니다", with(job, Particle::Subject)),
                "FAILED" => format!("{subject} {} 실패했습니다", with(job, Particle::Subject)),
                "ABORTED" => format!("{subject} {} 중단되었습니다", with(job, Particle::Subject)),
                "EXPIRED" => format!(
                    "{subject} {} 제시간에 시작되지 못했습니다",
                    with(job, Particle::Subject)
                ),
                "PARTIAL" => format!("{subject} {} 일부만 완료되었습니다", with(job, Particle::Subject)),
                _ => format!("{subject} {job} 상태가 바뀌었습니다"),
            }
        }
    }
}

fn label(fact: Fact) -> &'static str {
    match fact {
        Fact::State => "상태",
        Fact::Kind => "유형",
        Fact::Severity => "심각도",
        Fact::Cluster => "클러스터",
        Fact::Group => "그룹",
        Fact::Task => "태스크",
        Fact::Definition => "태스크 정의",
        Fact::Containers => "컨테이너",
        Fact::Instance => "인스턴스",
        Fact::Resource => "리소스",
        Fact::Count => "횟수",
        Fact::FirstSeen => "처음 탐지",
        Fact::LastSeen => "마지막 탐지",
        Fact::Categories => "범주",
        Fact::Vault => "볼트",
        Fact::Service => "서비스",
        Fact::Status => "코드",
        Fact::Starts => "시작 시각",
        Fact::Ends => "종료 시각",
        Fact::Product => "제품",
        Fact::Compliance => "규정 준수",
        Fact::Job => "작업",
        Fact::Budgeted => "예산",
        Fact::Spent => "실제",
        Fact::Forecast => "예측",
        Fact::Threshold => "기준",
        Fact::Expected => "예상",
        Fact::Excess => "예상 초과분",
        Fact::Monitor => "모니터",
        Fact::Causes => "추정 원인",
    }
}
