//! A stack about as large as one region of an account allows.

use std::fmt::Write as _;

/// Rules. A bus allows 300.
pub const RULES: usize = 290;
pub const ALARMS: usize = 200;

/// The stack `large`: 290 rules with their targets and 200 alarms, some 800 resources.
pub fn stack_file() -> String {
    let mut text = String::from(
        "stack: large\nregion: ap-northeast-2\nkey: { deletion_window_days: 7 }\n\
         channels:\n  project: { webhook: { env: SLACK_WEBHOOK_URL } }\n\
         topics:\n  alerts: { to: [project] }\nrules:\n",
    );
    for n in 0..RULES {
        let pattern = format!(
            "{{ source: [aws.s3], detail-type: [Object Created], detail: {{ bucket: {{ name: [uploads-{n:03}] }} }} }}"
        );
        writeln!(
            text,
            "  upload-{n:03}:\n    pattern: {pattern}\n    to: [project]"
        )
        .unwrap();
    }
    text.push_str("alarms:\n");
    for n in 0..ALARMS {
        writeln!(
            text,
            "  cpu-{n:03}:\n    metric: AWS/EC2 CPUUtilization\n    dimensions: {{ InstanceId: i-{n:017x} }}\n    \
             statistic: Average\n    period: 60\n    threshold: \">= 50\"\n    evaluation_periods: 1\n    to: [alerts]"
        )
        .unwrap();
    }
    text
}
