//! The relay under a local AWS that enforces its role.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{CONTEXT, FUNCTION, POLICY, QUEUE, ROLE, clients, list, role_policy};
use crate::support::World;
use alertctl::aws::connect::Clients;
use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_sqs::types::QueueAttributeName;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::{Value, json};

const RETRIES: &str = "mission-retries";
const ALARM: &str = "mission-cpu-alarm";

/// A message takes well under a second here; a busy machine may take longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Actions of the relay's policy without which a message that Slack takes at once arrives. The local AWS writes a function's
/// log itself, and reads queues for it, whatever the role allows; and the relay sends to a queue only what has to wait.
const NOT_NEEDED: [&str; 7] = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
];

#[tokio::test]
async fn the_relay_works_with_its_role_and_without_any_action_of_it_no_more() {
    let world = World::new();
    let (endpoint, inbox) = world.up();
    world.bundled("cloudwatch-slack");
    world.edit(|text| text.replace("    to: [alerts] ", "    ok: false\n    to: [alerts] "));
    world.ok(&["apply", "--local", "--yes"]);
    let _enforcing = Enforcing::instead_of(&world, &endpoint);
    let aws = clients(&endpoint);
    let mut trial = Trial {
        world: &world,
        inbox: &inbox,
        aws: &aws,
        messages: 0,
        parked: 0,
        round: 0,
    };

    let whole = without_context(role_policy(&aws).await);
    trial.with(&whole).await;
    assert_eq!(trial.fire().await, End::Arrived, "with the whole policy");

    for action in actions(&whole) {
        trial.with(&without_action(&whole, &action)).await;
        let end = trial.fire().await;
        match NOT_NEEDED.contains(&action.as_str()) {
            true => assert_eq!(end, End::Arrived, "without {action}, which is enforced by now"),
            false => assert_eq!(end, End::Waits, "without {action}"),
        }
    }

    // What the relay may not let wait fails its invocation, and Lambda makes it a dead letter.
    let nothing = without_action(&without_action(&whole, "kms:Decrypt"), "sqs:SendMessage");
    trial.with(&nothing).await;
    assert_eq!(trial.fire().await, End::Parked, "with no permission at all");

    // Permission for another key is not enough.
    let other = whole.to_string().replace(":key/", ":key/00000000-");
    trial.with(&serde_json::from_str(&other).unwrap()).await;
    assert_eq!(trial.fire().await, End::Waits, "with another key");

    trial.with(&whole).await;
    assert_eq!(trial.fire().await, End::Arrived, "with the whole policy again");
}

/// The result of an alarm that fired.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// Its message is in the inbox.
    Arrived,
    /// Its message waits in the retry queue: IAM may not have spread a new permission yet.
    Waits,
    /// Its message is in the dead-letter queue, after all retries.
    Parked,
}

/// The relay under changing policies.
struct Trial<'a> {
    world: &'a World,
    inbox: &'a str,
    aws: &'a Clients,
    messages: usize,
    parked: usize,
    round: i32,
}

impl Trial<'_> {
    /// Gives the role this policy and starts a new process for the function, because a warm one has already
    /// decrypted its webhook.
    async fn with(&mut self, policy: &Value) {
        self.round += 1;
        let put = self.aws.iam.put_role_policy().role_name(ROLE).policy_name(POLICY);
        put.policy_document(policy.to_string()).send().await.unwrap();
        start_anew(self.aws, FUNCTION, 30 + self.round).await;
    }

    /// Fires the alarm and waits until its message is in one of the two places.
    async fn fire(&mut self) -> End {
        for state in [StateValue::Ok, StateValue::Alarm] {
            let set = self
                .aws
                .cloudwatch
                .set_alarm_state()
                .alarm_name(ALARM)
                .state_value(state);
            set.state_reason(format!("round {}", self.round))
                .send()
                .await
                .unwrap();
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            if self.waiting().await > 0 {
                let url = self.url(RETRIES).await;
                self.aws.sqs.purge_queue().queue_url(url).send().await.unwrap();
                return End::Waits;
            }
            let (messages, parked) = (self.world.messages(self.inbox).len(), self.parked().await);
            if messages > self.messages {
                assert_eq!((messages, parked), (self.messages + 1, self.parked), "not once");
                self.messages = messages;
                return End::Arrived;
            }
            if parked > self.parked {
                self.parked = parked;
                return End::Parked;
            }
            assert!(
                Instant::now() < deadline,
                "round {}: neither arrived nor parked",
                self.round
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn parked(&self) -> usize {
        self.count(QUEUE, &[QueueAttributeName::ApproximateNumberOfMessages])
            .await
    }

    async fn waiting(&self) -> usize {
        let counts = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        self.count(RETRIES, &counts).await
    }

    async fn count(&self, queue: &str, counts: &[QueueAttributeName]) -> usize {
        let url = self.url(queue).await;
        let attributes = self.aws.sqs.get_queue_attributes().queue_url(url);
        let attributes = attributes.attribute_names(QueueAttributeName::All);
        let attributes = attributes.send().await.unwrap().attributes.unwrap();
        let count = |name| attributes.get(name).map_or(0, |count| count.parse().unwrap());
        counts.iter().map(count).sum()
    }

    async fn url(&self, queue: &str) -> String {
        let url = self.aws.sqs.get_queue_url().queue_name(queue);
        url.send().await.unwrap().queue_url.unwrap()
    }
}

/// Lets the next event start a new process of a function, for which it gets another `timeout` in seconds.
pub(super) async fn start_anew(aws: &Clients, function: &str, timeout: i32) {
    let change = aws.lambda.update_function_configuration();
    let change = change.function_name(function).timeout(timeout);
    change.send().await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = aws.lambda.get_function_configuration().function_name(function);
        let now = now.send().await.unwrap();
        if now
            .last_update_status()
            .is_some_and(|status| status.as_str() == "Successful")
        {
            return;
        }
        assert!(Instant::now() < deadline, "{now:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The world's local AWS, restarted with the same state and with enforcement.
pub(super) struct Enforcing(Child);

impl Enforcing {
    pub(super) fn instead_of(world: &World, endpoint: &str) -> Self {
        let status = world.json(&["local", "status"]);
        let pid = i32::try_from(status["status"]["emulator"]["pid"].as_i64().unwrap()).unwrap();
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap();
        let words = |text: &str| text.split_terminator('\0').map(str::to_owned).collect::<Vec<_>>();
        let (arguments, environment) = (words(&read("cmdline")), words(&read("environ")));
        let dir = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap();
        // It saves its state before it ends.
        kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
        let deadline = Instant::now() + PATIENCE;
        while answers(endpoint) {
            assert!(Instant::now() < deadline, "the local AWS does not end");
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::File::create(world.path().join("enforcing.log")).unwrap();
        let mut child = Command::new(&arguments[0])
            .args(&arguments[1..])
            .current_dir(dir)
            .env_clear()
            .envs(environment.iter().filter_map(|pair| pair.split_once('=')))
            .env("AUTH", "true")
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0)
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(b"go\n").unwrap();
        let enforcing = Self(child);
        while !answers(endpoint) {
            assert!(
                Instant::now() < deadline + PATIENCE,
                "the enforcing local AWS does not answer"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        enforcing
    }
}

impl Drop for Enforcing {
    fn drop(&mut self) {
        // The functions' processes belong to its group.
        let group = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
        let _ = self.0.wait();
    }
}

fn answers(endpoint: &str) -> bool {
    let address = endpoint.trim_start_matches("http://");
    std::net::TcpStream::connect(address).is_ok()
}

pub(super) fn actions(policy: &Value) -> Vec<String> {
    let statements = policy["Statement"].as_array().unwrap().iter();
    statements
        .flat_map(|statement| list(&statement["Action"]))
        .collect()
}

/// The policy without the one condition that the local AWS cannot evaluate.
pub(super) fn without_context(mut policy: Value) -> Value {
    let mut left_out = 0;
    for statement in policy["Statement"].as_array_mut().unwrap() {
        if statement["Condition"]["StringEquals"].get(CONTEXT).is_some() {
            statement.as_object_mut().unwrap().remove("Condition");
            left_out += 1;
        }
    }
    assert_eq!(left_out, 1, "{policy:#}");
    policy
}

/// The policy without one action; a statement with no other action is removed.
pub(super) fn without_action(policy: &Value, action: &str) -> Value {
    let mut policy = policy.clone();
    let statements = policy["Statement"].as_array_mut().unwrap();
    for statement in statements.iter_mut() {
        let rest: Vec<_> = list(&statement["Action"])
            .into_iter()
            .filter(|one| one != action)
            .collect();
        statement["Action"] = json!(rest);
    }
    statements.retain(|statement| !list(&statement["Action"]).is_empty());
    policy
}
