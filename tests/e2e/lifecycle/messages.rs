//! What Slack refuses for good ends in the dead-letter queue; what it refuses for now arrives later.

use super::*;

#[tokio::test]
async fn a_message_that_slack_refuses_to_take_ends_in_the_dead_letter_queue() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    let slack = Slack::answering("404 Not Found");
    world.set(
        "SLACK_WEBHOOK_URL",
        &format!("http://127.0.0.1:{}/services/T0/B0/broken", slack.port),
    );
    let (endpoint, inbox) = world.up();
    let aws = clients(&endpoint, "ap-northeast-2").await;
    world.ok(&["apply", "--local", "--yes"]);
    let topic = "arn:aws:sns:ap-northeast-2:000000000000:mission-sns";
    aws.sns
        .publish()
        .topic_arn(topic)
        .message("nobody hears this")
        .send()
        .await
        .unwrap();
    let queue = aws
        .sqs
        .get_queue_url()
        .queue_name("mission-lambda-dead-letters")
        .send()
        .await
        .unwrap();
    let queue = queue.queue_url.unwrap();
    eventually("the dead letter", async || {
        let send = aws.sqs.get_queue_attributes().queue_url(&queue);
        let answer = send
            .attribute_names(QueueAttributeName::All)
            .send()
            .await
            .unwrap();
        answer.attributes.unwrap()[&QueueAttributeName::ApproximateNumberOfMessages] == "1"
    })
    .await;
    assert_eq!(slack.posts.load(Ordering::Relaxed), 1);
    let letter = aws
        .sqs
        .receive_message()
        .queue_url(&queue)
        .visibility_timeout(0)
        .send()
        .await
        .unwrap();
    let [letter] = letter.messages() else {
        panic!("{letter:?}")
    };
    let letter = letter.body().unwrap();
    assert!(
        letter.contains("nobody hears this") && letter.contains("404 Not Found"),
        "{letter}"
    );
    assert!(!letter.contains("broken"), "the webhook's secret: {letter}");
    assert!(world.messages(&inbox).is_empty());
    // The loss of its messages is reported.
    let destroyed = world.ok(&["destroy", "--local", "--yes"]);
    assert!(
        destroyed.stderr.contains("held about 1 undelivered message"),
        "{}",
        destroyed.stderr
    );
}

/// Nobody does anything: the message waits in the stack's retry queue, and is posted from there.
#[tokio::test]
async fn a_message_that_slack_does_not_take_now_arrives_by_itself() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    let slack = Slack::answering_at_first(6, "503 Service Unavailable");
    world.set(
        "SLACK_WEBHOOK_URL",
        &format!("http://127.0.0.1:{}/services/T0/B0/away", slack.port),
    );
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, "ap-northeast-2").await;
    world.ok(&["apply", "--local", "--yes"]);
    let topic = "arn:aws:sns:ap-northeast-2:000000000000:mission-sns";
    let publish = aws.sns.publish().topic_arn(topic).message("it can wait");
    publish.send().await.unwrap();
    // One attempt with five retries, and one attempt from the queue.
    eventually("the message", async || slack.posts.load(Ordering::Relaxed) == 7).await;
    eventually("the log", async || {
        let logs = world.run(&["logs", "stack.yaml", "--local", "--output", "json"]);
        let outcomes = |word: &str| logs.stdout.matches(&format!("\"outcome\":\"{word}\"")).count();
        (outcomes("deferred"), outcomes("delivered")) == (1, 1)
    })
    .await;
    let queues = world.ok(&["redrive", "stack.yaml", "--local", "--list"]);
    assert!(
        queues.stdout.contains("no dead letters") || queues.stdout.contains("empty"),
        "{}",
        queues.all()
    );
}

/// A webhook server that always sends the same response.
struct Slack {
    pub(super) port: u16,
    pub(super) posts: Arc<AtomicUsize>,
}

impl Slack {
    pub(super) fn answering(status: &'static str) -> Self {
        Self::answering_at_first(usize::MAX, status)
    }

    /// Answers the first `count` posts with `status`, and takes those after them.
    pub(super) fn answering_at_first(refused: usize, status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let posts = Arc::new(AtomicUsize::new(0));
        let count = posts.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 65_536]);
                let status = match count.fetch_add(1, Ordering::Relaxed) < refused {
                    true => status,
                    false => "200 OK",
                };
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
            }
        });
        Self { port, posts }
    }
}
