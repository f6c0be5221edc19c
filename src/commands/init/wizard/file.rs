//! The stack file of the answers, section by section.

use super::Answers;
use crate::commands::init::channel::Channel;
use crate::commands::language;
use crate::stack::{NOBODYS_INSTANCE, NOBODYS_TOKEN, modeline};
use alertctl_relay::Locale;

/// The text of an email about a call, instead of the event's JSON.
const MAIL: &str = "    input:                        # words of the e-mail; a channel gets the whole event
      paths: { who: $.detail.userIdentity.arn, call: $.detail.eventName, region: $.region, time: $.time }
      template: '\"<who> called <call> (<region>, <time>)\"'
";

impl Answers {
    /// The stack file; `schema` is where its schema is.
    pub fn text(&self, schema: &str) -> String {
        let sections = [
            self.head(),
            self.channels(),
            self.topics(),
            self.alarms(),
            self.rules(),
            self.endpoints(),
            self.trail(),
        ];
        modeline(schema) + &sections.concat()
    }

    fn head(&self) -> String {
        let (stack, region) = (&self.stack, &self.region);
        let (locale, timezone) = language::written(self.locale);
        let languages = Locale::ALL.map(Locale::code).join(" or ");
        format!(
            "\
# Sources name their recipients in `to:`; the roles, policies, queues and functions in between are created for you.
# Every key: `alertctl schema`, or type one in an editor. Check: `alertctl validate`. See it: `alertctl graph`.

stack: {stack}                     # tag value and name prefix
region: {region}
locale: {locale}                        # language of the messages: {languages}
timezone: {timezone:<24}# of the times in them
"
        )
    }

    fn channels(&self) -> String {
        let channel = self.channel.as_ref();
        channel.map_or_else(String::new, |channel| format!("\nchannels:\n{}", channel.text()))
    }

    /// The key of the channel.
    fn key(&self) -> Option<&'static str> {
        self.channel.as_ref().map(Channel::key)
    }

    /// Whom alarms tell: topics.
    fn to_topics(&self) -> &'static str {
        match (&self.channel, &self.email) {
            (Some(_), Some(_)) => "[alerts, mail]",
            (Some(_), None) => "[alerts]",
            (None, _) => "[mail]",
        }
    }

    /// Whom everything else tells.
    fn to(&self) -> String {
        match (self.key(), &self.email) {
            (Some(key), Some(_)) => format!("[{key}, mail]"),
            (Some(key), None) => format!("[{key}]"),
            (None, _) => "[mail]".to_owned(),
        }
    }

    fn topics(&self) -> String {
        let [alarm, ..] = self.watched;
        let relayed = self.key().filter(|_| alarm);
        let mut text = String::new();
        if relayed.is_some() || self.email.is_some() {
            text += "\ntopics:\n";
        }
        if let Some(key) = relayed {
            let to = format!("to: [{key}]");
            text += &format!("  alerts:\n    {to:<30}# alarms reach a channel through a topic\n");
        }
        if let Some(address) = &self.email {
            text += &format!(
                "  mail:\n    subscriptions:\n      - email: {address:?}    # pending until the link in \
                 AWS's e-mail is opened\n"
            );
        }
        text
    }

    fn alarms(&self) -> String {
        let [true, ..] = self.watched else {
            return String::new();
        };
        let to_topics = self.to_topics();
        format!(
            "
alarms:
  cpu:
    metric: AWS/EC2 CPUUtilization
    dimensions: {{ InstanceId: {NOBODYS_INSTANCE} }}    # your own
    statistic: Average
    period: 60
    threshold: \">= 80\"
    evaluation_periods: 5           # minutes in a row
    to: {to_topics}
"
        )
    }

    fn rules(&self) -> String {
        let [_, sign_ins, calls, ..] = self.watched;
        let to = self.to();
        let input = match self.email {
            Some(_) => MAIL,
            None => "",
        };
        let mut text = String::new();
        if sign_ins || calls {
            text += "\nrules:\n";
        }
        if sign_ins {
            text += &format!(
                "  sign-ins:\n    preset: console-sign-in       # wherever AWS logs them\n{input}    to: {to}\n"
            );
        }
        if calls {
            text += &format!(
                "  calls:
    services:                     # `all`, or names of calls
      iam: [CreateUser, DeleteUser, CreateAccessKey, AttachUserPolicy, AttachRolePolicy]
      ec2: [AuthorizeSecurityGroupIngress, RunInstances, TerminateInstances]
      s3: [PutBucketPolicy, DeleteBucket]
{input}    to: {to}
"
            );
        }
        text
    }

    fn endpoints(&self) -> String {
        let [.., true, _] = self.watched else {
            return String::new();
        };
        let to = self.to();
        format!(
            "
endpoints:
  elastalert:
    route: POST /elastalert
    token: {{ sha256: {NOBODYS_TOKEN} }}    # an example: `alertctl token` creates your own
    to: {to}
"
        )
    }

    fn trail(&self) -> String {
        let to = self.to();
        match self.watched {
            [.., true] => format!(
                "
trail:                            # EventBridge receives sign-ins and API calls only while a trail logs
  bucket: {{ expire_after_days: 365 }}
  keep_logging: true              # if anyone stops it, it is started again
  to: {to}
"
            ),
            [_, true, ..] | [_, _, true, ..] => {
                "\n# EventBridge receives sign-ins and API calls only while a trail logs. If the account \
                     has none:\n# trail: {}\n"
                    .to_owned()
            }
            _ => String::new(),
        }
    }
}
