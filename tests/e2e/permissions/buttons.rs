//! The functions of buttons under a local AWS that enforces their roles: the one behind the endpoint, and the relay, which does
//! what was asked for.

use std::time::{Duration, Instant};

use super::enforced::{Enforcing, PATIENCE, actions, start_anew, without_action, without_context};
use super::{clients_in, decoded};
use crate::buttons::{REGION, SECRET, STACK, bodies, press, ts};
use crate::support::World;
use crate::support::account::{applied, eventually};
use alertctl::aws::connect::Clients;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

const RELAY: &str = "hands-relay";
const BEHIND: &str = "hands-slack-actions";
const DEAD_LETTERS: &str = "hands-relay-dead-letters";

/// What becomes of a button that somebody presses.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// Who presses it is told that it does nothing now.
    Refused,
    Done,
    /// The message shows it, and its thread says that CloudWatch did not do its part.
    InPart,
    /// The relay fails, and Lambda makes the press a dead letter.
    Parked,
}

/// A function with the policy of its role.
struct Function {
    name: &'static str,
    role: String,
    policy: String,
    whole: Value,
}

impl Function {
    async fn of(aws: &Clients, name: &'static str) -> Self {
        let found = aws.lambda.get_function_configuration().function_name(name);
        let role = found.send().await.unwrap().role.unwrap();
        let role = role.rsplit('/').next().unwrap().to_owned();
        let policies = aws
            .iam
            .list_role_policies()
            .role_name(&role)
            .send()
            .await
            .unwrap();
        let [policy] = policies.policy_names() else {
            panic!("{policies:?}")
        };
        let document = aws.iam.get_role_policy().role_name(&role).policy_name(policy);
        let document = document.send().await.unwrap();
        Self {
            name,
            policy: policy.clone(),
            whole: without_context(decoded(document.policy_document())),
            role,
        }
    }
}

struct Trial<'a> {
    world: &'a World,
    inbox: &'a str,
    aws: &'a Clients,
    url: String,
    ts: String,
    incident: Value,
    parked: usize,
    round: i32,
}

impl Trial<'_> {
    async fn with(&mut self, function: &Function, policy: &Value) {
        self.round += 1;
        let put = self.aws.iam.put_role_policy().role_name(&function.role);
        let put = put
            .policy_name(&function.policy)
            .policy_document(policy.to_string());
        put.send().await.unwrap();
        start_anew(self.aws, function.name, 30 + self.round).await;
    }

    async fn press(&mut self, act: &str) -> End {
        let before = bodies(self.world, self.inbox).len();
        if press(&self.url, &self.ts, act, &self.incident, SECRET) != 200 {
            return End::Refused;
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let all = bodies(self.world, self.inbox);
            // The message is another one, and its thread has a line.
            if all.len() >= before + 2 {
                let line = all.last().unwrap().1.to_string();
                let in_part =
                    line.contains("CloudWatch does not mute") || line.contains("CloudWatch still mutes");
                return if in_part { End::InPart } else { End::Done };
            }
            let parked = self.parked_now().await;
            if parked > self.parked {
                self.parked = parked;
                return End::Parked;
            }
            assert!(Instant::now() < deadline, "round {}: nothing happens", self.round);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn parked_now(&self) -> usize {
        let url = self.aws.sqs.get_queue_url().queue_name(DEAD_LETTERS);
        let url = url.send().await.unwrap().queue_url.unwrap();
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let attributes = self.aws.sqs.get_queue_attributes().queue_url(url);
        let attributes = attributes.attribute_names(name.clone()).send().await.unwrap();
        attributes.attributes.unwrap()[&name].parse().unwrap()
    }
}

/// What becomes of a press without this action of a function. The local AWS writes a function's log itself and reads queues for
/// it, whatever the role allows, and the relay sends to a queue only what has to wait.
fn expected(function: &str, action: &str) -> End {
    match (function, action) {
        (BEHIND, "kms:Decrypt" | "lambda:InvokeFunction") => End::Refused,
        (RELAY, "kms:Decrypt" | "dynamodb:UpdateItem") => End::Parked,
        (RELAY, "cloudwatch:PutAlarmMuteRule" | "cloudwatch:DeleteAlarmMuteRule") => End::InPart,
        _ => End::Done,
    }
}

#[tokio::test]
async fn buttons_work_with_their_roles_and_without_any_action_of_them_no_more() {
    let (world, _) = applied(STACK, REGION).await;
    let (endpoint, inbox) = world.up();
    let url = world.ok(&["show", "endpoint", "--local"]).stdout;
    world.ok(&["local", "alarm", "hands-cpu"]);
    eventually("the alarm", async || bodies(&world, &inbox).len() == 1).await;
    let message = bodies(&world, &inbox).remove(0).1;
    let blocks = message["attachments"][0]["blocks"].as_array().unwrap();
    let incident = blocks.last().unwrap()["elements"][0]["value"].clone();
    let _enforcing = Enforcing::instead_of(&world, &endpoint);
    let aws = clients_in(REGION, &endpoint);
    let mut trial = Trial {
        world: &world,
        inbox: &inbox,
        aws: &aws,
        url: url.trim().to_owned(),
        ts: ts(&world, &inbox),
        incident,
        parked: 0,
        round: 0,
    };
    let functions = [Function::of(&aws, BEHIND).await, Function::of(&aws, RELAY).await];
    for function in &functions {
        trial.with(function, &function.whole).await;
    }
    for act in ["snooze_one_hour", "end_snooze"] {
        assert_eq!(trial.press(act).await, End::Done, "{act} with both policies");
    }
    for function in &functions {
        let mut needed = 0;
        for action in actions(&function.whole) {
            let end = expected(function.name, &action);
            // Who ends a snooze has to have one.
            let act = match action.as_str() {
                "cloudwatch:DeleteAlarmMuteRule" => {
                    assert_eq!(trial.press("snooze_one_hour").await, End::Done);
                    "end_snooze"
                }
                _ => "snooze_one_hour",
            };
            trial
                .with(function, &without_action(&function.whole, &action))
                .await;
            needed += usize::from(end != End::Done);
            assert_eq!(trial.press(act).await, end, "{} without {action}", function.name);
            trial.with(function, &function.whole).await;
        }
        let least = if function.name == BEHIND { 2 } else { 4 };
        assert_eq!(needed, least, "{:#}", function.whole);
    }
    assert_eq!(
        trial.press("end_snooze").await,
        End::Done,
        "with both policies again"
    );
}
