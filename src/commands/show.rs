//! `alertctl show`.

use std::process::ExitCode;

use serde_json::json;

use super::endpoints::{self, Endpoint};
use super::planned::look;
use super::{App, Outcome, addresses, saved};
use crate::blueprint;
use crate::cli::{Adopt, ShowArgs, Showable};
use crate::output::Failure;

pub async fn run(app: &App, args: &ShowArgs) -> Outcome {
    match args.what {
        Showable::Plan => saved::show(app, &args.path, args.detail),
        Showable::Endpoint => {
            let endpoint = existing(app, args).await?;
            let document = || json!({ "version": 1, "endpoint": endpoint });
            app.out.result(|| endpoint.url.clone(), document)?;
            Ok(ExitCode::SUCCESS)
        }
        Showable::ElastalertRule => {
            let endpoint = existing(app, args).await?;
            let rule = elastalert(&endpoint);
            let document = || json!({ "version": 1, "endpoint": endpoint, "rule": rule });
            app.out.result(|| rule.clone(), document)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The chosen endpoint, as it exists in the account.
async fn existing(app: &App, args: &ShowArgs) -> Result<Endpoint, Failure> {
    let loaded = app.load(&args.path).await?;
    let stack = &loaded.stack;
    let keys: Vec<_> = stack.endpoints.keys().cloned().collect();
    let has_buttons = args.what == Showable::Endpoint && stack.with_buttons().next().is_some();
    let buttons = has_buttons.then(|| blueprint::ACTIONS.to_owned());
    let key = chosen(&keys, buttons, args.endpoint.as_deref())?;
    let access = app.access(&stack.stack, stack.region.as_deref()).await?;
    let addresses = addresses::resolve(app, stack, &access, addresses::Missing::LeaveOut).await?;
    let graph = blueprint::graph(stack, access.home(stack).await?, &addresses);
    let plan = look(&access.aws, &graph, &Adopt::default()).await?;
    let existing = endpoints::of(stack, &access.aws, &plan.known);
    existing
        .into_iter()
        .find(|endpoint| endpoint.key == key)
        .ok_or_else(|| {
            let apply = app.again(["apply".to_owned(), args.path.display().to_string()]);
            Failure::new(
                format!("endpoint `{key}` does not exist yet, so it has no URL"),
                format!("`{apply}` creates it"),
            )
        })
}

/// The key of the chosen endpoint: of those with `keys` in the stack file, or of that for `buttons`, which nobody wrote there.
fn chosen(keys: &[String], buttons: Option<String>, asked: Option<&str>) -> Result<String, Failure> {
    let all: Vec<_> = keys.iter().cloned().chain(buttons.clone()).collect();
    let listed = all.join(", ");
    match (asked, keys, buttons) {
        (Some(asked), ..) if all.iter().any(|key| key == asked) => Ok(asked.to_owned()),
        (None, [only], _) => Ok(only.clone()),
        (None, [], Some(buttons)) => Ok(buttons),
        (_, [], None) => Err(Failure::new(
            "the stack has no endpoint",
            "add one below `endpoints:` in the stack file",
        )),
        (Some(asked), ..) => Err(Failure::new(
            format!("the stack has no endpoint `{asked}`"),
            format!("it has: {listed}"),
        )),
        (None, ..) => Err(Failure::new(
            "the stack has several endpoints",
            format!("name one with --endpoint: {listed}"),
        )),
    }
}

/// The lines of an ElastAlert2 rule that posts to the endpoint. `post` sends only the fields of the match, so
/// the rule's name is added. <https://elastalert2.readthedocs.io/en/latest/alerts.html#http-post>
fn elastalert(Endpoint { url, .. }: &Endpoint) -> String {
    format!(
        "\
# Lines for an ElastAlert2 rule, with either of its HTTP alerters. ElastAlert2 puts the token in from its own
# environment: start it with ALERTCTL_TOKEN set to what `alertctl token` printed.
alert: [post]
http_post_url: \"{url}\"
http_post_headers:
  Authorization: \"Bearer $ALERTCTL_TOKEN\"
http_post_static_payload:
  rule: \"the name of this rule\"
http_post_all_values: true
http_post_timeout: 30

# The same with `post2`, whose payload is a template: {{{{ field }}}} stands for a field of the match.
# alert: [post2]
# http_post2_url: \"{url}\"
# http_post2_headers:
#   Authorization: \"Bearer $ALERTCTL_TOKEN\"
# http_post2_payload:
#   rule: \"the name of this rule\"
# http_post2_all_values: true
# http_post2_timeout: 30
"
    )
}

#[cfg(test)]
mod tests {
    use serde_yaml::Value;

    use super::*;

    #[test]
    fn the_only_endpoint_of_the_file_needs_no_name() {
        let keys = |keys: &[&str]| -> Vec<String> { keys.iter().map(|&key| key.into()).collect() };
        let buttons = || Some(blueprint::ACTIONS.to_owned());
        let chosen = |all: &[&str], buttons, asked| chosen(&keys(all), buttons, asked).ok();
        assert_eq!(chosen(&["hook"], buttons(), None).as_deref(), Some("hook"));
        assert_eq!(chosen(&[], buttons(), None), buttons());
        assert_eq!(chosen(&["hook"], buttons(), Some(blueprint::ACTIONS)), buttons());
        assert_eq!(chosen(&["hook", "other"], buttons(), None), None);
        assert_eq!(chosen(&["hook"], None, Some(blueprint::ACTIONS)), None);
        assert_eq!(chosen(&[], None, None), None);
    }

    #[test]
    fn both_rules_are_yaml_with_url_token_and_name() {
        let url = "https://a1b2c3d4.execute-api.eu-west-1.amazonaws.com/elastalert";
        let text = elastalert(&Endpoint {
            key: "elastalert".into(),
            method: "POST".into(),
            url: url.into(),
        });
        let (post, post2) = text.split_once("\n\n").unwrap();
        // All lines of the second block are commented out, except that its first line is a real comment.
        let post2: Vec<_> = post2.lines().skip(1).map(|line| &line[2..]).collect();
        for (alerter, prefix, rule) in [
            ("post", "http_post", post),
            ("post2", "http_post2", &*post2.join("\n")),
        ] {
            let rule: Value = serde_yaml::from_str(rule).unwrap();
            assert_eq!(rule["alert"][0], alerter);
            assert_eq!(rule[format!("{prefix}_url")], url);
            assert_eq!(
                rule[format!("{prefix}_headers")]["Authorization"],
                "Bearer $ALERTCTL_TOKEN"
            );
            assert_eq!(rule[format!("{prefix}_all_values")], true);
        }
        assert!(post.contains("http_post_static_payload:\n  rule:"), "{post}");
    }
}
