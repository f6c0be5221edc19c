//! The five questions of `alertctl init`, and the stack file that follows from the answers.

use std::path::Path;

use super::{App, FLAG};
use crate::commands::language;
use crate::output::Failure;
use crate::stack::{NOBODYS_INSTANCE, NOBODYS_TOKEN, modeline, parse};
use alertctl_relay::Locale;

/// What can be watched, in the words of the question.
const WATCHED: [&str; 5] = [
    "an alarm on a metric",
    "sign-ins to the console",
    "API calls",
    "alerts by HTTP, such as ElastAlert2's",
    "a trail that stays on",
];

/// The text of an email about a call, instead of the event's JSON.
const MAIL: &str = "    input:                        # words of the e-mail; a channel gets the whole event
      paths: { who: $.detail.userIdentity.arn, call: $.detail.eventName, region: $.region, time: $.time }
      template: '\"<who> called <call> (<region>, <time>)\"'
";

/// What somebody wants alerts about, and where to send them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    pub stack: String,
    pub region: String,
    /// Label of a Slack channel.
    pub slack: Option<String>,
    /// The chosen entries of [`WATCHED`].
    pub watched: [bool; 5],
    pub email: Option<String>,
    pub locale: Locale,
}

/// Asks the questions on the terminal.
pub fn ask(app: &App, path: &Path) -> Result<Answers, Failure> {
    let out = app.out;
    let folder = std::path::absolute(path).ok();
    let folder = folder.as_deref().and_then(Path::parent).and_then(Path::file_name);
    let name = folder
        .map(|name| key(&name.to_string_lossy()))
        .filter(|name| !name.is_empty());
    let stack = out.answer(
        "Name of the stack?",
        name.as_deref().unwrap_or("alerts"),
        FLAG,
        |answer| valid(&format!("stack: {answer:?}"), answer),
    )?;
    let region = app.global.region.clone();
    let region = region.or_else(|| {
        ["AWS_REGION", "AWS_DEFAULT_REGION"]
            .iter()
            .find_map(|name| std::env::var(name).ok())
    });
    let region = out.answer(
        "AWS region?",
        region.as_deref().unwrap_or("us-east-1"),
        FLAG,
        |answer| valid(&format!("stack: a\nregion: {answer:?}"), answer),
    )?;
    let all = WATCHED
        .iter()
        .enumerate()
        .map(|(at, what)| format!("  {}  {what}\n", at + 1));
    let question = format!(
        "What to watch? Numbers, such as 1,2\n{} ",
        all.collect::<String>().trim_end()
    );
    let watched = out.answer(&question, "1", FLAG, watched)?;
    let slack = out.answer(
        "Slack channel? `-` for none",
        "#alerts",
        FLAG,
        |answer| match answer {
            "-" => Ok(None),
            label => valid(
                &format!("stack: a\nchannels: {{ slack: {{ label: {label:?}, webhook: {{ env: A }} }} }}"),
                label,
            )
            .map(Some),
        },
    )?;
    let email = out.answer("E-mail address? `-` for none", "-", FLAG, |answer| match answer {
        "-" if slack.is_none() => {
            Err("alerts need a recipient, and there is no Slack channel either".to_owned())
        }
        "-" => Ok(None),
        address => valid(
            &format!("stack: a\ntopics: {{ t: {{ subscriptions: [{{ email: {address:?} }}] }} }}"),
            address,
        )
        .map(Some),
    })?;
    Ok(Answers {
        stack,
        region,
        slack,
        watched,
        email,
        locale: language::of_environment(),
    })
}

/// Turns a directory's name into a stack name.
fn key(name: &str) -> String {
    let kept: String = name
        .to_lowercase()
        .chars()
        .map(|one| if one.is_ascii_alphanumeric() { one } else { '-' })
        .collect();
    let begun = kept.trim_start_matches(|one: char| !one.is_ascii_lowercase());
    begun
        .chars()
        .take(40)
        .collect::<String>()
        .trim_end_matches('-')
        .to_owned()
}

/// The answer, if a stack file with it is valid; otherwise what is wrong with it.
fn valid(text: &str, answer: &str) -> Result<String, String> {
    match parse("answer", text) {
        Ok(_) => Ok(answer.to_owned()),
        Err(problems) => {
            let reports = problems.reports();
            // The help contains the rule that the answer violates.
            let first = reports.into_iter().next().map(|report| match report.help {
                Some(help) => format!("{}: {help}", report.message),
                None => report.message,
            });
            Err(first.unwrap_or_else(|| "this answer is not valid".to_owned()))
        }
    }
}

fn watched(answer: &str) -> Result<[bool; 5], String> {
    let mut watched = [false; 5];
    for word in answer.split([',', ' ']).filter(|word| !word.is_empty()) {
        let number = word
            .parse::<usize>()
            .ok()
            .and_then(|number| number.checked_sub(1));
        match number.and_then(|at| watched.get_mut(at)) {
            Some(one) => *one = true,
            None => return Err(format!("`{word}` is not a number from 1 to 5")),
        }
    }
    match watched.contains(&true) {
        true => Ok(watched),
        false => Err("choose at least one thing to watch".to_owned()),
    }
}

impl Answers {
    /// The stack file; `schema` is where its schema is.
    pub fn text(&self, schema: &str) -> String {
        let Self {
            stack,
            region,
            slack,
            watched: [alarm, sign_ins, calls, http, trail],
            email,
            locale,
        } = self;
        let (locale, timezone) = language::written(*locale);
        let mut text = modeline(schema);
        text += &format!(
            "\
# Sources name their recipients in `to:`; the roles, policies, queues and functions in between are created for you.
# Every key: `alertctl schema`, or type one in an editor. Check: `alertctl validate`. See it: `alertctl graph`.

stack: {stack}                     # tag value and name prefix
region: {region}
locale: {locale}                        # language of the messages: en or ko
timezone: {timezone:<24}# of the times in them
"
        );
        if let Some(label) = slack {
            text += &format!(
                "
channels:
  slack:
    label: {label:?}
    webhook: {{ env: SLACK_WEBHOOK_URL }}    # `alertctl encrypt-hook --write` puts the encrypted URL here
"
            );
        }
        let to_topics = match (slack, email) {
            (Some(_), Some(_)) => "[alerts, mail]",
            (Some(_), None) => "[alerts]",
            (None, _) => "[mail]",
        };
        let to = match (slack, email) {
            (Some(_), Some(_)) => "[slack, mail]",
            (Some(_), None) => "[slack]",
            (None, _) => "[mail]",
        };
        let relayed = slack.is_some() && *alarm;
        if relayed || email.is_some() {
            text += "\ntopics:\n";
        }
        if relayed {
            text += "  alerts:\n    to: [slack]                   # alarms reach a channel through a topic\n";
        }
        if let Some(address) = email {
            text += &format!(
                "  mail:\n    subscriptions:\n      - email: {address:?}    # pending until the link in \
                 AWS's e-mail is opened\n"
            );
        }
        if *alarm {
            text += &format!(
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
    ok: {to_topics}
"
            );
        }
        let input = match email {
            Some(_) => MAIL,
            None => "",
        };
        if *sign_ins || *calls {
            text += "\nrules:\n";
        }
        if *sign_ins {
            text += &format!(
                "  sign-ins:\n    preset: console-sign-in       # wherever AWS logs them\n{input}    to: {to}\n"
            );
        }
        if *calls {
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
        if *http {
            text += &format!(
                "
endpoints:
  elastalert:
    route: POST /elastalert
    token: {{ sha256: {NOBODYS_TOKEN} }}    # an example: `alertctl token` creates your own
    to: {to}
"
            );
        }
        if *trail {
            text += &format!(
                "
trail:                            # EventBridge receives sign-ins and API calls only while a trail logs
  bucket: {{ expire_after_days: 365 }}
  keep_logging: true              # if anyone stops it, it is started again
  to: {to}
"
            );
        } else if *sign_ins || *calls {
            text += "\n# EventBridge receives sign-ins and API calls only while a trail logs. If the account \
                     has none:\n# trail: {}\n";
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::PLACEHOLDERS;

    /// Every combination of answers.
    fn all() -> impl Iterator<Item = Answers> {
        let ways = [
            ("#ops", None),
            ("#ops", Some("a@example.com")),
            ("", Some("a@example.com")),
        ];
        ways.into_iter().flat_map(|(slack, email)| {
            (1..32_u8).map(move |bits| Answers {
                stack: "mission".to_owned(),
                region: "eu-west-1".to_owned(),
                slack: Some(slack.to_owned()).filter(|slack| !slack.is_empty()),
                watched: std::array::from_fn(|at| bits & (1 << at) != 0),
                email: email.map(str::to_owned),
                locale: Locale::En,
            })
        })
    }

    #[test]
    fn every_answer_makes_a_valid_stack_with_no_more_to_do_than_what_is_ones_own() {
        for answers in all() {
            let text = answers.text("alertctl.schema.json");
            let loaded = parse("stack.yaml", &text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
            let mut warnings = loaded.warnings.iter();
            assert!(warnings.all(|one| one.is_example), "{text}");
            let placeholders = PLACEHOLDERS.iter().filter(|one| one.is_in(&text)).count();
            assert_eq!(loaded.warnings.len(), placeholders, "{text}");
            let stack = loaded.stack;
            let made = [
                !stack.alarms.is_empty(),
                stack.rules.contains_key("sign-ins"),
                stack.rules.contains_key("calls"),
                !stack.endpoints.is_empty(),
                stack.trail.is_some(),
            ];
            assert_eq!(made, answers.watched, "{text}");
        }
    }

    #[test]
    fn the_whole_file() {
        let answers = all().filter(|answers| answers.watched == [true; 5]).nth(1);
        insta::assert_snapshot!(
            answers
                .map(|answers| answers.text("alertctl.schema.json"))
                .unwrap_or_default()
        );
    }

    #[test]
    fn answers_are_read() {
        assert_eq!(watched("1, 3"), Ok([true, false, true, false, false]));
        for wrong in ["", "0", "6", "one", "1;2"] {
            assert!(watched(wrong).is_err(), "{wrong}");
        }
        for (folder, name) in [("My Project", "my-project"), ("42_ops.", "ops"), ("알림", "")] {
            assert_eq!(key(folder), name);
        }
        assert!(valid("stack: \"A\"", "A").is_err());
        assert!(valid("stack: a\nregion: \"Seoul\"", "Seoul").is_err());
    }
}
