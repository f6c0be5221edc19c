//! Which messages a channel accepts, and who is mentioned.

use crate::contract::{ChannelKey, Filter, Mention, Route, Severity, Verdict, unite};
use crate::event::{Alarm, Content, Detail, Notice, State};
use crate::mute::Mute;
use crate::pattern::{self, wildcard};
use crate::settings::{Settings, Source};
use jiff::Timestamp;
use serde_json::Value;

/// What routes match against.
#[derive(Clone, Debug, PartialEq)]
pub struct Traits<'a> {
    /// The severity: what the stack file sets for the source, or the notice's own. A recovered alarm has the
    /// severity of the state it leaves, so its recovery reaches every channel that received the alarm.
    pub severity: Severity,
    /// Twelve digits.
    pub account: Option<String>,
    pub region: Option<String>,
    /// Keys of the rules, alarms, endpoints and topics it comes from.
    pub sources: Vec<String>,
    /// Whether nobody is mentioned, whatever the severity: true for a recovered alarm and for a test.
    pub calm: bool,
    /// A test bypasses all routes.
    pub test: bool,
    /// The event, alarm or alert as JSON.
    pub event: &'a Value,
}

impl<'a> Traits<'a> {
    /// The traits of a notice; `event` is the JSON it was read from.
    pub(crate) fn of(notice: &Notice, event: &'a Value, settings: &Settings) -> Self {
        let alarm = alarm_of(notice);
        let (mut sources, mut said) = (Vec::new(), None);
        for way in ways(notice, settings) {
            sources.extend(way.is_key.then(|| way.name.to_owned()));
            sources.extend(way.source.iter().flat_map(|source| source.keys.iter().cloned()));
            said = said.or(way.severity());
        }
        let (severity, over) = match alarm {
            Some(alarm) if alarm.new == State::Ok => (of_state(&alarm.old, said), true),
            Some(alarm) => (of_state(&alarm.new, said), false),
            None => (said.unwrap_or_else(|| settings.own_severity(notice)), false),
        };
        let test = notice.test.is_some();
        Self {
            severity,
            account: notice.account().map(str::to_owned),
            region: notice.region().map(str::to_owned),
            sources,
            calm: over || test,
            test,
            event,
        }
    }

    /// The verdict of a channel that mentions nobody.
    pub(crate) fn unmentioned(&self) -> Verdict {
        Verdict {
            severity: self.severity,
            mention: Vec::new(),
            quiet: false,
        }
    }
}

/// One source of a notice, and what the stack file sets for it.
struct Way<'a> {
    name: &'a str,
    /// Whether routes name it by this name.
    is_key: bool,
    source: Option<&'a Source>,
}

impl Way<'_> {
    fn severity(&self) -> Option<Severity> {
        self.source?.severity
    }
}

fn alarm_of(notice: &Notice) -> Option<&Alarm> {
    match &notice.content {
        Content::Alarm(alarm) => Some(alarm),
        _ => None,
    }
}

/// The sources of a notice, from the most specific to the most general.
fn ways<'a>(notice: &'a Notice, settings: &'a Settings) -> impl Iterator<Item = Way<'a>> {
    let alarm = alarm_of(notice).map(|alarm| alarm.name.as_str());
    // There is one trail, so neither routes nor the settings name it.
    let trail = matches!(notice.content, Content::Guard(_)).then_some(Way {
        name: "",
        is_key: false,
        source: Some(&settings.trail),
    });
    let all = [
        (alarm, &settings.alarms, false),
        (notice.source.rule.as_deref(), &settings.rules, true),
        (notice.source.endpoint.as_deref(), &settings.endpoints, true),
        (notice.source.topic(), &settings.topics, false),
    ];
    let others = all.into_iter().filter_map(|(name, known, is_key)| {
        let name = name?;
        let source = known.get(name);
        Some(Way { name, is_key, source })
    });
    trail.into_iter().chain(others)
}

/// The severity of an alarm in a state; `said` is its severity in the state ALARM.
fn of_state(state: &State, said: Option<Severity>) -> Severity {
    let alarm = said.unwrap_or(Severity::Error);
    match state {
        State::Alarm => alarm,
        State::InsufficientData => alarm.min(Severity::Warning),
        State::Ok | State::Other(_) => Severity::Info,
    }
}

impl Settings {
    /// The mute whose window is open at `now` for what came by the rule or the topic of `notice`: its key in the stack file.
    /// A test is never muted.
    pub fn muted(&self, notice: &Notice, now: Timestamp) -> Option<&str> {
        if notice.test.is_some() {
            return None;
        }
        let source = &notice.source;
        let among = |names: &[String], name: Option<&str>| {
            name.is_some_and(|name| names.iter().any(|one| one == name))
        };
        let names =
            |mute: &Mute| among(&mute.rules, source.rule.as_deref()) || among(&mute.topics, source.topic());
        let mut open = self
            .mutes
            .iter()
            .filter(|(_, mute)| names(mute) && mute.is_open(now));
        Some(open.next()?.0.as_str())
    }

    /// The runbook and the dashboard that the stack file has for the source of a notice.
    pub(crate) fn pages(&self, notice: &Notice) -> [Option<String>; 2] {
        let page =
            |of: fn(&Source) -> &Option<String>| ways(notice, self).find_map(|way| of(way.source?).clone());
        [page(|source| &source.runbook), page(|source| &source.dashboard)]
    }

    /// The severity that a message shows: what the stack file sets for its alarm, rule, endpoint or topic (the first of
    /// them that sets one), otherwise the notice's own. A severity set for an alarm applies to the state ALARM.
    /// In other states the lower of the two severities applies, so the recovery of a critical alarm is not
    /// critical. Routes match against another severity, see [`Traits::severity`].
    pub fn severity_of(&self, notice: &Notice) -> Severity {
        let set = ways(notice, self).find_map(|way| way.severity());
        match (set, alarm_of(notice)) {
            (None, _) => self.own_severity(notice),
            (Some(set), Some(alarm)) if alarm.new != State::Alarm => set.min(notice.severity()),
            (Some(set), _) => set,
        }
    }

    /// The notice's own severity. That of a call depends on whether it was made on what belongs to the stack.
    fn own_severity(&self, notice: &Notice) -> Severity {
        match &notice.content {
            Content::Event(event) => match &event.detail {
                Detail::Call(call) => call.severity(call.resources.iter().any(|name| self.owns(name))),
                _ => notice.severity(),
            },
            _ => notice.severity(),
        }
    }

    /// Whether a name, ARN or URL is of something that belongs to the stack, as the deployer names it: `STACK-…`,
    /// what lies under `alertctl/STACK/`, metric filters, and the topics and alarms of the settings.
    fn owns(&self, name: &str) -> bool {
        if self.stack.is_empty() {
            return false;
        }
        let begins = [format!("{}-", self.stack), format!("alertctl-{}.", self.stack)];
        let is_own = |part: &str| {
            begins.iter().any(|begin| part.starts_with(begin))
                || self.topics.contains_key(part)
                || self.alarms.contains_key(part)
        };
        name.contains(&format!("alertctl/{}/", self.stack))
            || is_own(name)
            || name.split(['/', ':']).any(is_own)
    }

    /// Whether the channel accepts a message, and who is mentioned then. A channel without routes, or one that
    /// the settings do not know, accepts everything.
    pub fn accepts(&self, channel: &ChannelKey, traits: &Traits<'_>) -> Option<Verdict> {
        let Some(channel) = self.channels.get(channel).filter(|_| !traits.test) else {
            return Some(traits.unmentioned());
        };
        if channel.except.iter().any(|filter| filter.fits(traits)) {
            return None;
        }
        let ways: Vec<&Route> = channel
            .routes
            .iter()
            .filter(|route| route.filter.fits(traits))
            .collect();
        if ways.is_empty() && !channel.routes.is_empty() {
            return None;
        }
        Some(Verdict {
            severity: traits.severity,
            mention: match traits.calm {
                true => Vec::new(),
                false => called(&ways, channel.mention.as_ref(), traits.severity),
            },
            quiet: false,
        })
    }
}

/// The mentions of the routes that matched or, if none of them sets any, those of the channel.
fn called(ways: &[&Route], channel: Option<&Mention>, severity: Severity) -> Vec<String> {
    let own: Vec<_> = ways.iter().filter_map(|route| route.mention.as_ref()).collect();
    let mut called = Vec::new();
    if own.is_empty() {
        let mention = channel.filter(|mention| severity >= mention.from);
        unite(&mut called, mention.iter().flat_map(|mention| &mention.who));
    } else {
        unite(&mut called, own.into_iter().flatten());
    }
    called
}

impl Filter {
    fn fits(&self, traits: &Traits<'_>) -> bool {
        let among = |list: &[String], value: &Option<String>, same: fn(&str, &str) -> bool| {
            let value = value.as_deref();
            list.is_empty() || value.is_some_and(|value| list.iter().any(|one| same(one, value)))
        };
        self.severity.is_none_or(|severity| traits.severity >= severity)
            && among(&self.accounts, &traits.account, |one, account| one == account)
            && among(&self.regions, &traits.region, wildcard)
            && (self.rules.is_empty() || self.rules.iter().any(|key| traits.sources.contains(key)))
            && self
                .pattern
                .as_ref()
                .is_none_or(|pattern| pattern::matches(pattern, traits.event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::read;
    use serde_json::json;

    #[test]
    fn what_the_stack_says_comes_first() {
        let settings = json!({ "alarms": { "cpu": { "severity": "critical" } },
            "rules": { "logins": { "severity": "error" }, "quiet": {} },
            "endpoints": { "elastalert": { "severity": "warning" } },
            "topics": { "t": { "severity": "info" } } });
        let settings = Settings::parse(&settings.to_string()).expect("settings");
        let alarm = |name: &str, state: &str| {
            let message = json!({ "AlarmName": name, "NewStateValue": state }).to_string();
            let topic = "arn:aws:sns:us-east-1:111122223333:t";
            notice(&json!({ "Records": [{ "Sns": { "TopicArn": topic, "Message": message } }] }))
        };
        let severity = |notice: &Notice| settings.severity_of(notice);
        assert_eq!(severity(&alarm("cpu", "ALARM")), Severity::Critical);
        assert_eq!(severity(&alarm("cpu", "INSUFFICIENT_DATA")), Severity::Warning);
        assert_eq!(severity(&alarm("cpu", "OK")), Severity::Info);
        assert_eq!(severity(&alarm("other", "ALARM")), Severity::Info);
        let mut event = notice(&json!({ "any": 1 }));
        assert_eq!(severity(&event), Severity::Info);
        event.source.endpoint = Some("elastalert".into());
        assert_eq!(severity(&event), Severity::Warning);
        event.source.rule = Some("quiet".into());
        assert_eq!(severity(&event), Severity::Warning);
        event.source.rule = Some("logins".into());
        assert_eq!(severity(&event), Severity::Error);
    }

    #[test]
    fn what_belongs_to_the_stack_is_a_safeguard() {
        let settings = json!({ "stack": "mission", "topics": { "alerts": {} }, "alarms": { "cpu": {} } });
        let settings = Settings::parse(&settings.to_string()).expect("settings");
        let of = |what: &str, key: &str, name: &str, error: &str| {
            let (service, call) = what.split_once(':').expect("a service and a name");
            let record = json!({ "eventSource": format!("{service}.amazonaws.com"), "eventName": call, "errorCode": error,
                "userIdentity": { "type": "IAMUser", "userName": "alice" }, "requestParameters": { key: name } });
            let notice = notice(
                &json!({ "source": "x", "detail-type": "AWS API Call via CloudTrail", "detail": record }),
            );
            let traits = Traits::of(&notice, &Value::Null, &settings);
            assert_eq!(traits.severity, settings.severity_of(&notice));
            traits.severity
        };
        let arn = |resource: &str| format!("arn:aws:x:us-east-1:111122223333:{resource}");
        for (what, key, name) in [
            ("sns:DeleteTopic", "topicArn", arn("alerts")),
            ("sns:DeleteTopic", "topicArn", arn("mission-sns")),
            ("sns:Unsubscribe", "subscriptionArn", arn("alerts:0a1b2c3d")),
            ("monitoring:DeleteAlarms", "alarmNames", "cpu".to_owned()),
            ("events:DeleteRule", "name", "mission-logins".to_owned()),
            (
                "lambda:DeleteFunction20150331",
                "functionName",
                "mission-relay".to_owned(),
            ),
            (
                "logs:DeleteLogGroup",
                "logGroupName",
                "/aws/lambda/mission-relay".to_owned(),
            ),
            (
                "logs:DeleteLogGroup",
                "logGroupName",
                "/alertctl/mission/trail".to_owned(),
            ),
            (
                "logs:DeleteMetricFilter",
                "filterName",
                "alertctl-mission.root".to_owned(),
            ),
            (
                "sqs:PurgeQueue",
                "queueUrl",
                "https://sqs.us-east-1.amazonaws.com/1/mission-oncall-buffer".to_owned(),
            ),
            (
                "s3:DeleteBucket",
                "bucketName",
                "mission-trail-111122223333".to_owned(),
            ),
            ("kms:DisableKey", "keyId", "alias/mission-key".to_owned()),
        ] {
            assert_eq!(of(what, key, &name, ""), Severity::Critical, "{name}");
            assert_eq!(of(what, key, &name, "AccessDenied"), Severity::Error, "{name}");
        }
        for (what, key, name) in [
            ("sns:DeleteTopic", "topicArn", arn("scratch")),
            ("sns:DeleteTopic", "topicArn", arn("missions")),
            ("s3:DeleteBucket", "bucketName", "other-mission-1".to_owned()),
        ] {
            assert_eq!(of(what, key, &name, ""), Severity::Warning, "{name}");
        }
    }

    #[test]
    fn only_what_it_names_is_muted() {
        let mutes = json!({ "stack": "mission", "mutes": { "nightly": {
            "cron": "0 2 * * *", "seconds": 7200, "timezone": "UTC", "rules": ["logins"], "topics": ["mission-ops"] } } });
        let settings = Settings::parse(&mutes.to_string()).expect("settings");
        let now = "2026-11-30T03:00:00Z".parse::<Timestamp>().expect("a time");
        let notice = |rule: Option<&str>, topic: &str| {
            let arn = format!("arn:aws:sns:eu-west-1:111122223333:{topic}");
            let mut notice =
                read(&json!({ "Records": [{ "Sns": { "TopicArn": arn, "Message": "x" } }] })).remove(0);
            notice.source.rule = rule.map(str::to_owned);
            notice
        };
        let muted = |notice: &Notice| settings.muted(notice, now);
        assert_eq!(muted(&notice(None, "mission-ops")), Some("nightly"));
        assert_eq!(muted(&notice(Some("logins"), "other")), Some("nightly"));
        assert_eq!(muted(&notice(Some("others"), "other")), None);
        assert_eq!(muted(&notice(Some("logins"), "other").marked("t-01234567")), None);
        assert_eq!(
            settings.muted(
                &notice(None, "mission-ops"),
                "2026-11-30T04:00:00Z".parse().expect("a time")
            ),
            None
        );
        assert_eq!(Settings::parse(&settings.json()).expect("the same"), settings);
        assert!(!Settings::default().json().contains("mutes"));
    }

    fn notice(event: &Value) -> Notice {
        read(event).remove(0)
    }
}
