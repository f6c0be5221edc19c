//! What a topic is told when somebody mutes alarms that notify it, and when that ends.

use crate::Settings;
use crate::sns_text::SnsText;
use jiff::Timestamp;

/// Alarms that somebody muted by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement<'a> {
    /// The names of the alarms.
    pub alarms: &'a [String],
    /// Who did it, without markup.
    pub who: &'a str,
    pub why: &'a str,
    /// When it ends by itself; `None`: somebody ended it now.
    pub until: Option<Timestamp>,
}

/// As many alarms are named; the rest is counted.
const MOST: usize = 10;

impl Announcement<'_> {
    /// The message, in the language and time zone of the stack.
    pub fn sns_text(&self, settings: &Settings) -> SnsText {
        let words = settings.locale.words();
        let named: Vec<_> = self.alarms.iter().take(MOST).map(String::as_str).collect();
        let mut alarms = named.join(", ");
        let beyond = self.alarms.len().saturating_sub(MOST);
        if beyond > 0 {
            alarms.push_str(&(words.and_more)(beyond));
        }
        let until = self.until.map(|until| settings.moment(until));
        let subject = (words.mute_subject)(until.as_deref());
        let text = (words.mute_text)(self.who, &alarms, self.why, until.as_deref());
        SnsText::new(&subject, &text, settings.locale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Locale;
    use jiff::tz::TimeZone;

    #[test]
    fn both_languages_say_what_and_until_when() {
        let alarms: Vec<_> = (1..=12).map(|number| format!("mission-{number}")).collect();
        let said = |locale, count: usize, until: Option<&str>| {
            let settings = Settings {
                locale,
                timezone: TimeZone::get("Asia/Seoul").expect("a zone"),
                ..Settings::default()
            };
            let announcement = Announcement {
                alarms: &alarms[..count],
                who: "alice",
                why: "Deploy",
                until: until.map(|until| until.parse().expect("a time")),
            };
            let sns_text = announcement.sns_text(&settings);
            format!("{}\n{}", sns_text.subject, sns_text.text)
        };
        let until = Some("2026-11-30T03:15:00Z");
        assert_eq!(
            said(Locale::En, 2, until),
            "Alarms muted until 2026-11-30 12:15 (Asia/Seoul)\nalice muted mission-1, mission-2 until 2026-11-30 12:15 \
             (Asia/Seoul). Reason: Deploy"
        );
        assert_eq!(
            said(Locale::Ko, 1, until),
            "2026-11-30 12:15 (Asia/Seoul)까지 알람 음소거\nalice 님이 2026-11-30 12:15 (Asia/Seoul)까지 다음 알람을 \
             음소거했습니다: mission-1. 사유: Deploy"
        );
        assert_eq!(
            said(Locale::En, 1, None),
            "Alarms no longer muted\nalice unmuted mission-1. The reason for muting was: Deploy"
        );
        assert!(said(Locale::Ko, 1, None).contains("음소거를 해제했습니다"));
        assert!(said(Locale::En, 12, until).contains("mission-10 and 2 more until"));
        assert!(said(Locale::Ko, 12, until).contains("mission-10 외 2"));
    }
}
