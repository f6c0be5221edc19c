//! Events as AWS sends them, to try rules with.

use jiff::Timestamp;
use serde_json::Value;

/// An event that can be sent by its name.
#[derive(Debug)]
pub struct Sample {
    pub name: &'static str,
    /// What it tells, in a few words.
    pub about: &'static str,
    /// Where AWS sends it; `None` where that is anywhere.
    pub region: Option<&'static str>,
    /// JSON in which `{region}`, `{time}` and `{trail}` stand for where, when and which.
    text: &'static str,
}

/// What a global service and the console log to.
const GLOBAL: Option<&str> = Some("us-east-1");

/// Every sample, by name.
pub const SAMPLES: [Sample; 9] = [
    Sample {
        name: "acm-request-certificate",
        about: "a certificate was requested (CloudTrail)",
        region: None,
        text: include_str!("samples/acm-request-certificate.json"),
    },
    Sample {
        name: "console-sign-in",
        about: "a user signed in to the console without MFA (CloudTrail)",
        region: GLOBAL,
        text: include_str!("samples/console-sign-in.json"),
    },
    Sample {
        name: "console-sign-in-failed",
        about: "a wrong password at the console (CloudTrail)",
        region: GLOBAL,
        text: include_str!("samples/console-sign-in-failed.json"),
    },
    Sample {
        name: "ec2-state",
        about: "an instance was stopped",
        region: None,
        text: include_str!("samples/ec2-state.json"),
    },
    Sample {
        name: "ecs-run-task",
        about: "a task was started by somebody signed in through SSO (CloudTrail)",
        region: None,
        text: include_str!("samples/ecs-run-task.json"),
    },
    Sample {
        name: "guardduty-finding",
        about: "GuardDuty found something to worry about",
        region: None,
        text: include_str!("samples/guardduty-finding.json"),
    },
    Sample {
        name: "iam-create-user",
        about: "a user was created (CloudTrail)",
        region: GLOBAL,
        text: include_str!("samples/iam-create-user.json"),
    },
    Sample {
        name: "root-sign-in",
        about: "the root user signed in to the console (CloudTrail)",
        region: GLOBAL,
        text: include_str!("samples/root-sign-in.json"),
    },
    Sample {
        name: "stop-logging",
        about: "a trail was turned off (CloudTrail)",
        region: None,
        text: include_str!("samples/stop-logging.json"),
    },
];

/// The sample with this name.
pub fn find(name: &str) -> Option<&'static Sample> {
    SAMPLES.iter().find(|sample| sample.name == name)
}

impl Sample {
    /// Whether the event is about a trail.
    pub fn names_a_trail(&self) -> bool {
        self.text.contains("{trail}")
    }

    /// The event, as if it happened now in `region`, to the trail with this name or ARN.
    pub fn event(&self, region: &str, trail: Option<&str>) -> Value {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let text = self
            .text
            .replace("{region}", region)
            .replace("{time}", &now)
            .replace("{trail}", trail.unwrap_or("mission-trail"));
        serde_json::from_str(&text).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sample_is_an_event_of_its_region_with_nothing_left_to_fill_in() {
        for sample in &SAMPLES {
            let event = sample.event("eu-west-1", None);
            assert!(
                event["source"].as_str().unwrap().starts_with("aws."),
                "{}",
                sample.name
            );
            assert_eq!(event["region"], "eu-west-1", "{}", sample.name);
            let text = event.to_string();
            for hole in ["{region}", "{time}", "{trail}"] {
                assert!(!text.contains(hole), "{}: {text}", sample.name);
            }
        }
    }

    #[test]
    fn the_samples_stand_in_order_and_no_file_is_forgotten() {
        assert!(SAMPLES.is_sorted_by_key(|sample| sample.name));
        let files = std::fs::read_dir("src/local/samples").unwrap();
        assert_eq!(files.count(), SAMPLES.len());
    }
}
