use super::*;
use crate::contract::ServiceRegion;

/// A secret of each service, as it is on AWS.
fn secret(of: &ChannelType) -> &'static str {
    match of {
        ChannelType::Slack => "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        ChannelType::SlackBot { .. } => "xoxb-0000000000-0000000000000",
        ChannelType::Teams => {
            "https://default0123456789.d4.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/\
             0123456789/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=x-y_z"
        }
        ChannelType::GoogleChat => "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=k&token=t",
        ChannelType::Discord => "https://discord.com/api/webhooks/123456789012345678/abc-DEF_0?thread_id=1",
        ChannelType::Pagerduty { .. } => "0123456789abcdef0123456789abcdef",
        ChannelType::JiraServiceManagement | ChannelType::Opsgenie { .. } => {
            "01234567-89ab-cdef-0123-456789abcdef"
        }
        ChannelType::SignedWebhook => {
            "https://hooks.example.com/in whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        }
        ChannelType::Heartbeat => "https://hc-ping.com/01234567-89ab-cdef-0123-456789abcdef",
    }
}

/// What is asked, as its method, its path and its body.
fn probe(of: &ChannelType) -> Option<String> {
    let service = of.open(secret(of), AllowLoopback::No).expect("an address");
    let (Probe::Harmless(request) | Probe::Empty(request)) = service.probe()?;
    let body = String::from_utf8_lossy(request.body()).into_owned();
    let path = request.uri().path_and_query().expect("a path").to_string();
    let asked = format!("{} {path} {body}", request.method());
    Some(asked.replace("0123456789abcdef0123456789abcdef", "KEY"))
}

#[test]
fn a_service_is_asked_without_a_message() {
    let bot = ChannelType::SlackBot {
        channel: "C0123ABCD".to_owned(),
    };
    let region = ServiceRegion::Eu;
    let asked = [
        ChannelType::Slack,
        bot,
        ChannelType::GoogleChat,
        ChannelType::Discord,
        ChannelType::Pagerduty { region },
        ChannelType::JiraServiceManagement,
        ChannelType::Opsgenie { region },
        ChannelType::Heartbeat,
    ];
    let asked: Vec<_> = asked.iter().filter_map(probe).collect();
    assert_eq!(
        asked,
        [
            "POST /services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX {\"text\":\"\",\"blocks\":[]}",
            r#"POST /api/chat.postMessage {"channel":"C0123ABCD","text":"","blocks":[]}"#,
            "POST /v1/spaces/AAAA/messages?key=k&token=t {\"text\":\"\",\"cardsV2\":[]}",
            "GET /api/webhooks/123456789012345678/abc-DEF_0?thread_id=1 ",
            r#"POST /v2/enqueue {"routing_key":"KEY","event_action":"resolve","dedup_key":"alertctl-heartbeat"}"#,
            r#"POST /jsm/ops/integration/v2/alerts/alertctl-heartbeat/close?identifierType=alias {"source":"alertctl"}"#,
            r#"POST /v2/alerts/alertctl-heartbeat/close?identifierType=alias {"source":"alertctl"}"#,
            "GET /01234567-89ab-cdef-0123-456789abcdef ",
        ]
    );
    // What they take, they show or pass on.
    assert_eq!(probe(&ChannelType::Teams), None);
    assert_eq!(probe(&ChannelType::SignedWebhook), None);
    let workflow = "https://hooks.slack.com/triggers/T1/123/abc";
    let workflow = ChannelType::Slack
        .open(workflow, AllowLoopback::No)
        .expect("an address");
    assert!(workflow.probe().is_none());
}
