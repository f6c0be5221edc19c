//! What somebody did, and what is so then, in Korean.

use super::super::particle::{Particle, join, with};
use super::super::{Deed, End, Place, What, range};
use super::actor;
use crate::event::{Decision, Exposed, Insight};
use crate::phrase::Phrase;

pub(super) fn deed(deed: &Deed<'_>) -> String {
    if let What::Unusual {
        event,
        error,
        insight,
    } = deed.what
    {
        return unusual(event, error, insight);
    }
    let actor = actor(&deed.doer);
    let place = match deed.place {
        Place::Unknown => String::new(),
        Place::Address(address) => format!("{} ", join(address, "에서")),
        Place::Service(service) => format!("{} 통해 ", with(service, Particle::Object)),
        Place::Inside => "AWS 내부에서 ".to_owned(),
    };
    let (done, tried) = match deed.what {
        What::Call(event, object) => {
            let event = with(event, Particle::Object);
            let object = object.map(|object| format!("{} 대상으로 ", with(object, Particle::Object)));
            let object = object.unwrap_or_default();
            (
                format!("{object}{event} 호출했습니다"),
                format!("{object}{event} 시도했지만"),
            )
        }
        What::SignIn { without_mfa, portal } => {
            let without = if without_mfa { "MFA 없이 " } else { "" };
            let door = if portal { "AWS 액세스 포털" } else { "콘솔" };
            (
                format!("{without}{door}에 로그인했습니다"),
                format!("{door} 로그인을 시도했지만"),
            )
        }
        What::Unusual { .. } => (String::new(), String::new()),
        What::SwitchRole { role, account } => {
            let account = account.map(|account| format!("{account} 계정의 "));
            let role = format!(
                "{}{}",
                account.unwrap_or_default(),
                role.map_or("다른".to_owned(), Phrase::to_string)
            );
            (
                format!("{role} 역할로 전환했습니다"),
                format!("{role} 역할로 전환을 시도했지만"),
            )
        }
    };
    let code = |code: Option<&Phrase>| code.map(|code| format!(" ({code})")).unwrap_or_default();
    match deed.end {
        End::Done => format!("{actor} {place}{done}"),
        End::Denied(error) => format!("{actor} {place}{tried} 거부되었습니다{}", code(error)),
        End::Failed(error) => format!("{actor} {place}{tried} 실패했습니다{}", code(error)),
    }
}

fn unusual(event: &Phrase, error: Option<&Phrase>, insight: &Insight) -> String {
    let what = match (insight.of_errors, error) {
        (true, Some(error)) => format!("{event} 호출의 {error} 오류 빈도"),
        (true, None) => format!("{event} 호출의 오류 빈도"),
        (false, _) => format!("{event} 호출 빈도"),
    };
    let state = match insight.over {
        true => "가 평소 수준으로 돌아왔습니다",
        false => "가 평소와 다르게 높습니다",
    };
    match &insight.rates {
        Some((now, usual)) => format!("{what}{state} (분당 {now}회, 평소 {usual}회)"),
        None => format!("{what}{state}"),
    }
}

pub(super) fn decision(decision: &Decision) -> String {
    let said = match decision {
        Decision::TrailStopped => "추적이 더 이상 기록하지 않습니다",
        Decision::TrailDeleted => "추적이 삭제되었습니다",
        Decision::TrailChanged => "추적의 기록 범위가 줄었을 수 있습니다",
        Decision::RecordsDeleted => "기록이 사라졌을 수 있습니다",
        Decision::BackupsDeleted => "백업이 삭제되었습니다",
        Decision::RecordingOff => "로깅이 꺼졌습니다",
        Decision::DetectionOff => "탐지가 꺼졌습니다",
        Decision::AlertsOff => "알림이 전달되지 않을 수 있습니다",
        Decision::KeyOff => "키를 사용할 수 없게 됩니다",
        Decision::ProtectionOff => "보호 기능이 꺼졌습니다",
        Decision::OrganizationLeft => "계정이 조직에서 탈퇴했습니다",
        Decision::PublicAllowed => "퍼블릭 액세스 차단이 해제되었습니다",
        Decision::AdminGranted => "관리자 권한이 부여되었습니다",
        Decision::TrustsEverybody => "누구나 이 역할을 맡을 수 있습니다",
        Decision::KeyLeaked => "액세스 키가 유출되었습니다",
        Decision::MfaRemoved => "MFA가 해제되었습니다",
        Decision::AccessKeyCreated => "액세스 키가 새로 생성되었습니다",
        Decision::PasswordSet => "콘솔 암호가 새로 설정되었습니다",
        Decision::Public(what) => {
            return format!("{} 공개되었습니다", with(thing(*what), Particle::Subject));
        }
        Decision::Shared(what, accounts) => {
            let what = with(thing(*what), Particle::Subject);
            return format!("{what} {} 계정과 공유되었습니다", listed(accounts));
        }
        Decision::Trusts(accounts) => {
            return format!("{} 계정에서 이 역할을 맡을 수 있습니다", listed(accounts));
        }
        Decision::PortsOpen(ports) => {
            let ports: Vec<_> = ports.iter().map(range).collect();
            return match ports.as_slice() {
                [all] if all == "0-65535" => "모든 포트가 인터넷 전체에 열렸습니다".to_owned(),
                some => format!("{}번 포트가 인터넷 전체에 열렸습니다", listed(some)),
            };
        }
    };
    said.to_owned()
}

/// The first three.
fn listed(all: &[String]) -> String {
    let shown = all.get(..3).unwrap_or(all);
    let more = match all.len() - shown.len() {
        0 => String::new(),
        more => format!(" 외 {more}개"),
    };
    format!("{}{more}", shown.join(", "))
}

fn thing(thing: Exposed) -> &'static str {
    match thing {
        Exposed::Database => "데이터베이스",
        Exposed::Snapshot => "스냅샷",
        Exposed::Image => "이미지",
        Exposed::Document => "문서",
        Exposed::Bucket => "버킷",
        Exposed::Object => "객체",
        Exposed::Function => "함수",
        Exposed::Key => "키",
        Exposed::Topic => "주제",
        Exposed::Queue => "대기열",
        Exposed::Repository => "리포지토리",
        Exposed::Secret => "보안 암호",
        Exposed::Project => "프로젝트",
        Exposed::Other => "리소스",
    }
}
