//! What services report, in Korean.

use super::super::particle::{Particle, join, with};
use super::words::{of, thing, turn};
use crate::event::{Fact, Job, News};
use crate::phrase::Phrase;

pub(super) fn gist(kind: &Phrase, name: Option<&Phrase>, state: Option<&Phrase>) -> String {
    match (name, state) {
        (Some(name), Some(state)) => format!("{kind}: {} 상태는 {state}입니다", join(name, "의")),
        (Some(one), None) | (None, Some(one)) => format!("{kind}: {one}"),
        (None, None) => kind.to_string(),
    }
}

pub(super) fn news(news: &News, subject: &Phrase) -> String {
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
        News::Changed { thing, turn, raw, of } => {
            let of = of
                .as_ref()
                .map(|(owner, name)| format!("{} {} ", Phrase::code(name), self::of(*owner)));
            let subject = format!("{}{subject} {}", of.unwrap_or_default(), self::thing(*thing));
            self::turn(&subject, *turn, raw)
        }
        News::Told { thing } => format!("{} {subject}", self::thing(*thing)),
        News::Task { status } => match status.as_str() {
            "RUNNING" => format!("ECS 태스크 {} 실행 중입니다", with(subject, Particle::Subject)),
            "STOPPING" => format!("ECS 태스크 {} 곧 중지됩니다", with(subject, Particle::Subject)),
            "STOPPED" => format!("ECS 태스크 {} 중지되었습니다", with(subject, Particle::Subject)),
            "PROVISIONING" | "PENDING" | "ACTIVATING" => {
                format!(
                    "ECS 태스크 {} 시작되고 있습니다",
                    with(subject, Particle::Subject)
                )
            }
            "DEACTIVATING" | "DEPROVISIONING" => {
                format!(
                    "ECS 태스크 {} 중지되고 있습니다",
                    with(subject, Particle::Subject)
                )
            }
            "DELETED" => format!("ECS 태스크 {} 삭제되었습니다", with(subject, Particle::Subject)),
            _ => format!("ECS 태스크 {} 상태가 바뀌었습니다", join(subject, "의")),
        },
        News::Service { event } => service(event, subject),
        News::Launched { done: true } => format!("Auto Scaling 그룹 {subject}: 인스턴스를 시작했습니다"),
        News::Launched { done: false } => {
            format!("Auto Scaling 그룹 {subject}: 인스턴스를 시작하지 못했습니다")
        }
        News::Terminated { done: true } => format!("Auto Scaling 그룹 {subject}: 인스턴스를 종료했습니다"),
        News::Terminated { done: false } => {
            format!("Auto Scaling 그룹 {subject}: 인스턴스를 종료하지 못했습니다")
        }
        News::Finding { settled: true } => format!("해결됨: {subject}"),
        News::Finding { settled: false } => subject.to_string(),
        News::Health {
            category,
            closed,
            service,
        } => {
            let what = format!("AWS Health: {service} {subject}");
            match category.as_str() {
                "abuse" => format!("AWS에 이 계정에 대한 신고가 접수되었습니다: {subject}"),
                "issue" if *closed => format!("{what} (해결됨)"),
                "issue" => format!("{what} (진행 중)"),
                "scheduledChange" if *closed => format!("{what} (완료됨)"),
                "scheduledChange" => format!("{what} 예정"),
                "investigation" => format!("{what} (조사 중)"),
                _ => what,
            }
        }
        News::Budget {
            forecast: false,
            amount,
            budgeted,
        } => budget(subject, amount, budgeted),
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
            let does = with(job, Particle::Subject);
            match state.as_str() {
                "CREATED" | "PENDING" | "RUNNING" => format!("{subject} {does} 진행 중입니다"),
                "COMPLETED" => format!("{subject} {does} 완료되었습니다"),
                "FAILED" => format!("{subject} {job}에 실패했습니다"),
                "ABORTING" => format!("{subject} {does} 중단되고 있습니다"),
                "ABORTED" => format!("{subject} {does} 중단되었습니다"),
                "EXPIRED" => format!("{subject} {does} 제시간에 시작되지 못했습니다"),
                "PARTIAL" => format!("{subject} {does} 일부만 완료되었습니다"),
                _ => format!("{subject} {job} 상태가 바뀌었습니다"),
            }
        }
    }
}

/// A budget that is used up is exceeded, one below its amount is not.
fn budget(subject: &Phrase, amount: &str, budgeted: &str) -> String {
    let number = |text: &str| {
        let digits: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
        digits.parse::<f64>().ok()
    };
    match number(amount).zip(number(budgeted)) {
        Some((spent, of)) if spent > of => format!(
            "{subject} 예산 {} 초과했습니다: {amount}",
            with(budgeted, Particle::Object)
        ),
        _ => format!(
            "{subject} 예산 {budgeted} 중 {} 사용했습니다",
            with(amount, Particle::Object)
        ),
    }
}

fn service(event: &str, subject: &Phrase) -> String {
    let (does, object) = (with(subject, Particle::Subject), with(subject, Particle::Object));
    let of = join(subject, "의");
    match event {
        "SERVICE_STEADY_STATE" => format!("ECS 서비스 {does} 안정된 상태입니다"),
        "SERVICE_DEPLOYMENT_IN_PROGRESS" => format!("ECS 서비스 {object} 배포하고 있습니다"),
        "SERVICE_DEPLOYMENT_COMPLETED" => format!("ECS 서비스 {object} 배포했습니다"),
        "SERVICE_DEPLOYMENT_FAILED" => format!("ECS 서비스 {of} 배포에 실패했습니다"),
        "SERVICE_TASK_PLACEMENT_FAILURE" => format!("ECS 서비스 {does} 태스크를 배치하지 못했습니다"),
        "SERVICE_TASK_CONFIGURATION_FAILURE" => {
            format!("ECS 서비스 {does} 잘못된 구성 때문에 태스크를 시작하지 못했습니다")
        }
        "SERVICE_TASK_START_IMPAIRED" => format!("ECS 서비스 {of} 태스크가 계속 시작에 실패하고 있습니다"),
        "SERVICE_DISCOVERY_INSTANCE_UNHEALTHY" => format!("ECS 서비스 {of} 태스크가 비정상 상태입니다"),
        "SERVICE_DAEMON_PLACEMENT_CONSTRAINT_VIOLATED" => {
            format!("ECS 서비스 {of} 태스크가 더 이상 배치 제약 조건을 충족하지 않습니다")
        }
        "CAPACITY_PROVIDER_STEADY_STATE" => format!("ECS 서비스 {of} 용량 공급자가 안정된 상태입니다"),
        "ECS_OPERATION_THROTTLED" | "SERVICE_DISCOVERY_OPERATION_THROTTLED" => {
            format!("ECS 서비스 {of} 호출이 제한되고 있습니다")
        }
        _ => format!("ECS 서비스 {subject}: {}", Phrase::code(event)),
    }
}

/// States and severities of closed sets, with AWS's word after them.
pub(super) fn value(fact: Fact, text: &str) -> String {
    if !matches!(fact, Fact::State | Fact::Severity | Fact::Compliance) {
        return text.to_owned();
    }
    let word = text.split(" · ").next().unwrap_or(text);
    let known = match word.to_ascii_uppercase().as_str() {
        "CRITICAL" => "심각",
        "HIGH" => "높음",
        "MEDIUM" => "중간",
        "LOW" => "낮음",
        "INFORMATIONAL" => "정보",
        "OPEN" => "진행 중",
        "UPCOMING" => "예정",
        "CLOSED" => "종료됨",
        "FAILED" => "실패",
        "PASSED" => "통과",
        "WARNING" => "경고",
        "NOT_AVAILABLE" => "확인 불가",
        "NEW" => "신규",
        "RESOLVED" => "해결됨",
        "SUPPRESSED" => "숨김",
        "ARCHIVED" => "보관됨",
        "ACTIVE" => "활성",
        "COMPLIANT" => "준수",
        "NON_COMPLIANT" => "미준수",
        "CREATE_COMPLETE" => "생성 완료",
        "CREATE_FAILED" => "생성 실패",
        "CREATE_IN_PROGRESS" => "생성 중",
        "UPDATE_COMPLETE" => "업데이트 완료",
        "UPDATE_FAILED" => "업데이트 실패",
        "UPDATE_IN_PROGRESS" => "업데이트 중",
        "DELETE_COMPLETE" => "삭제 완료",
        "DELETE_FAILED" => "삭제 실패",
        "DELETE_IN_PROGRESS" => "삭제 중",
        "ROLLBACK_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE" => "롤백 완료",
        "ROLLBACK_FAILED" | "UPDATE_ROLLBACK_FAILED" => "롤백 실패",
        "ROLLBACK_IN_PROGRESS" | "UPDATE_ROLLBACK_IN_PROGRESS" => "롤백 중",
        _ => return text.to_owned(),
    };
    format!("{known} ({text})")
}

/// The events of RDS that are most common.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html>
pub(super) fn rds_event(id: &str) -> Option<&'static str> {
    Some(match id {
        "RDS-EVENT-0001" => "백업을 시작했습니다",
        "RDS-EVENT-0002" => "백업이 완료되었습니다",
        "RDS-EVENT-0003" => "DB 인스턴스가 삭제되었습니다",
        "RDS-EVENT-0004" => "DB 인스턴스가 종료되었습니다",
        "RDS-EVENT-0005" => "DB 인스턴스가 생성되었습니다",
        "RDS-EVENT-0006" => "DB 인스턴스가 다시 시작되었습니다",
        "RDS-EVENT-0007" => "할당된 스토리지를 모두 사용했습니다",
        "RDS-EVENT-0013" => "다중 AZ 장애 조치가 시작되었습니다",
        "RDS-EVENT-0015" | "RDS-EVENT-0049" => "다중 AZ 장애 조치가 완료되었습니다",
        "RDS-EVENT-0031" => "DB 인스턴스에 장애가 발생했습니다",
        "RDS-EVENT-0087" => "DB 인스턴스가 중지되었습니다",
        "RDS-EVENT-0088" => "DB 인스턴스가 시작되었습니다",
        "RDS-EVENT-0089" => "스토리지가 얼마 남지 않았습니다",
        "RDS-EVENT-0154" => "최대 중지 기간이 지나 DB 인스턴스를 시작합니다",
        _ => return None,
    })
}
