//! Checks HTTP endpoints: names, route, token, limits, message.

use super::channels::MAX_ENVIRONMENT;
use super::{Checker, destinations, is_name, template};
use crate::stack::file::problem::Problem;
use crate::stack::file::secret;
use crate::stack::model::{HttpEndpoint, HttpRoute};

const METHODS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// Longest template of a message, in characters.
const MAX_BODY: usize = 3000;
/// Estimated size of all other environment variables, names included.
const OTHER_VARIABLES: usize = 500;
/// Estimated size of one channel beside its encrypted address: the address's digest, its key and its label.
const CHANNEL: usize = 150;
/// Estimated size of a topic's ARN.
const TOPIC: usize = 100;

pub(super) fn check(checker: &mut Checker<'_>) {
    checker.section_keys("endpoints");
    let stack = checker.stack;
    for (key, endpoint) in &stack.endpoints {
        let at = |field: &'static str| ["endpoints", key.as_str(), field];
        if let Some(name) = &endpoint.name {
            let allowed = |character: char| !character.is_control();
            checker.text(&at("name"), name, 1..=128, allowed, "one line of text");
        }
        if let Some(name) = &endpoint.function {
            checker.text(
                &at("function"),
                name,
                1..=64,
                is_name,
                "letters, digits, `_` and `-`",
            );
        }
        if let Some(route) = &endpoint.route {
            check_route(checker, &at("route"), route);
        }
        token(checker, key, endpoint);
        throttle(checker, key, endpoint);
        checker.range(&at("body_limit_kb"), endpoint.body_limit_kb, 1..=1024, " KB");
        checker.range(&at("memory"), endpoint.memory, 128..=10_240, " MB");
        let message = ["endpoints", key, "message"];
        if let Some(subject) = &endpoint.message.subject {
            let path = [message.as_slice(), &["subject"]].concat();
            let allowed = |character: char| !character.is_control();
            checker.text(&path, subject, 1..=100, allowed, "one line of text");
            template::check(checker, &path, subject);
        }
        if let Some(body) = &endpoint.message.body {
            let path = [message.as_slice(), &["body"]].concat();
            checker.text(&path, body, 1..=MAX_BODY, |_| true, "anything");
            template::check(checker, &path, body);
        }
        environment(checker, key, endpoint);
        destinations::check(checker, &at("to"), &endpoint.to, false);
        if checker.is_empty(&at("to")) {
            let message = format!("the endpoint `{}` notifies nobody", key.escape_debug());
            let problem = Problem::error(checker.key(&["endpoints", key]), message);
            checker.report(problem.help("add `to: [topic]` or `to: [channel]`"));
        }
    }
}

/// The function gets templates, topics and addresses in environment variables, which are limited to 4 KB.
fn environment(checker: &mut Checker<'_>, key: &str, endpoint: &HttpEndpoint) {
    let templates = [&endpoint.message.subject, &endpoint.message.body];
    let templates: usize = templates.into_iter().flatten().map(String::len).sum();
    let destinations = endpoint.to.iter().map(|to| match checker.stack.channels.get(to) {
        Some(channel) => channel.size_in_environment() + CHANNEL,
        None => TOPIC,
    });
    let bytes = OTHER_VARIABLES + templates + destinations.sum::<usize>();
    if bytes > MAX_ENVIRONMENT {
        let message = format!(
            "the message and the destinations take up about {bytes} bytes of the function's environment"
        );
        let problem = Problem::error(checker.key(&["endpoints", key]), message);
        let problem = problem.label(format!("AWS allows {MAX_ENVIRONMENT} bytes"));
        checker.report(problem.help("shorten the message, or name one topic that leads to the channels"));
    }
}

/// The routes that API Gateway accepts in an HTTP API.
fn check_route(checker: &mut Checker<'_>, path: &[&str], route: &HttpRoute) {
    let HttpRoute { method, path: url } = route;
    if !METHODS.contains(&method.as_str()) {
        let message = format!("`{}` is not an HTTP method", method.escape_debug());
        let problem = Problem::error(checker.at(path), message);
        let known = METHODS.into_iter();
        checker.report(Checker::suggest(
            problem,
            method,
            known,
            "write `POST`, as ElastAlert and most others send",
        ));
    }
    if let Some((fact, help)) = path_fault(url) {
        checker.report(Problem::error(checker.at(path), fact).help(help));
    }
}

fn path_fault(url: &str) -> Option<(String, &'static str)> {
    let example = "write a path such as `/alerts` or `/alerts/{team}`";
    let Some(rest) = url.strip_prefix('/') else {
        return Some(("the path of a route begins with `/`".to_owned(), example));
    };
    let parts: Vec<_> = rest.split('/').collect();
    for (index, part) in parts.iter().enumerate() {
        let is_last = index + 1 == parts.len();
        let parameter = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        let (text, allowed) = match parameter {
            Some(name) => (name.strip_suffix('+').unwrap_or(name), "-._"),
            None => (*part, "-._~$@!*'+,;:="),
        };
        let is_fine = |c: char| c.is_ascii_alphanumeric() || allowed.contains(c);
        if parameter.is_some_and(|name| name.ends_with('+')) && !is_last {
            return Some((
                format!("`{part}` takes the rest of the path"),
                "put it at the end",
            ));
        }
        if text.is_empty() && !(is_last && parts.len() == 1) {
            return Some((
                "a part of the route's path is empty".to_owned(),
                "remove the extra `/`",
            ));
        }
        if let Some(wrong) = text.chars().find(|character| !is_fine(*character)) {
            return Some((
                format!("a route's path may not contain `{}`", wrong.escape_debug()),
                example,
            ));
        }
    }
    None
}

fn token(checker: &mut Checker<'_>, key: &str, endpoint: &HttpEndpoint) {
    let path = ["endpoints", key, "token", "sha256"];
    let digests = &endpoint.token.sha256;
    if checker.is_written(&path) && !(1..=2).contains(&digests.len()) {
        let message = format!(
            "an endpoint has one token, or two while they change, not {}",
            digests.len()
        );
        let problem = Problem::error(checker.key(&path), message);
        checker.report(problem.help("run `alertctl token` and write the digest it prints"));
    }
    if let [first, second] = digests.as_slice()
        && first == second
        && secret::is_digest(first)
    {
        let problem = Problem::error(
            checker.at(&[path.as_slice(), &["1"]].concat()),
            "this is the same token",
        );
        checker.report(problem.help("remove one of the two"));
    }
}

fn throttle(checker: &mut Checker<'_>, key: &str, endpoint: &HttpEndpoint) {
    let path = ["endpoints", key, "throttle"];
    let throttle = &endpoint.throttle;
    if !throttle.rate.is_finite() || throttle.rate <= 0.0 {
        let problem = Problem::error(
            checker.at(&[path.as_slice(), &["rate"]].concat()),
            "this rate lets no calls through",
        );
        checker.report(problem.help("write calls a second, such as `rate: 10`"));
    }
    if throttle.burst <= 0 {
        let problem = Problem::error(
            checker.at(&[path.as_slice(), &["burst"]].concat()),
            "this burst lets no calls through",
        );
        checker.report(problem.help("write how many calls may come at once, such as `burst: 20`"));
    }
}
