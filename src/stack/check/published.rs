//! Checks whether AWS publishes a metric with this name: an alarm on any other one never gets data.

use super::Checker;
use super::aws_metrics::{Namespace, namespace, namespaces};
use crate::stack::file::problem::Problem;
use crate::stack::model::Metric;

/// Prefix of the namespaces of AWS services. `PutMetricData` refuses it for others, so such a metric either
/// comes from AWS or does not exist. Nothing is known about other namespaces.
const OF_AWS: &str = "AWS/";

/// Checks namespace, name and dimensions of a metric at `path`, of an alarm or of a query. AWS adds metrics
/// faster than a list can follow, so an unknown name is only a warning.
pub(super) fn check<'n>(
    checker: &mut Checker<'_>,
    path: &[&str],
    metric: &Metric,
    dimensions: impl Iterator<Item = &'n String>,
) {
    let at = |key: &'static str| [path, &[key]].concat();
    let shown = metric.namespace.escape_debug();
    let Some(known) = namespace(&metric.namespace) else {
        if let Some(other) = namespaces().find(|known| known.eq_ignore_ascii_case(&metric.namespace)) {
            let message = format!("AWS publishes no metric in `{shown}`");
            let problem = Problem::warning(checker.at(&at("metric")), message);
            let problem = problem.label(format!("did you mean `{other}`?"));
            checker.report(problem.help(format!("write `{other} {}`", metric.name.escape_debug())));
        } else if let Some(service) = metric.namespace.strip_prefix(OF_AWS) {
            let problem = Problem::warning(
                checker.at(&at("metric")),
                format!("`{shown}` is not a namespace known of AWS"),
            );
            let services = namespaces().filter_map(|name| name.strip_prefix(OF_AWS));
            checker.report(match similar(service, services) {
                Some(near) => problem
                    .label(format!("did you mean `{OF_AWS}{near}`?"))
                    .help(format!(
                        "write `{OF_AWS}{near} {}`, or keep it if AWS added it recently",
                        metric.name.escape_debug()
                    )),
                None => problem.help(LOOK_UP),
            });
        }
        return;
    };
    let Namespace {
        dimensions: known_dimensions,
        metrics,
    } = known;
    if !metrics.is_empty() && !metrics.contains(&metric.name.as_str()) {
        let message = format!(
            "`{}` is not a metric known of {shown}",
            metric.name.escape_debug()
        );
        let problem = Problem::warning(checker.at(&at("metric")), message);
        checker.report(match similar(&metric.name, metrics.into_iter()) {
            Some(near) => problem.label(format!("did you mean `{near}`?")).help(format!(
                "write `{shown} {near}`, or keep it if AWS added it recently"
            )),
            None => problem.help(LOOK_UP),
        });
    }
    for name in dimensions {
        if known_dimensions.is_empty() || known_dimensions.contains(&name.as_str()) {
            continue;
        }
        let place = checker.key(&[path, &["dimensions", name.as_str()]].concat());
        let message = format!("`{}` is not a dimension known of {shown}", name.escape_debug());
        let problem = Problem::warning(place, message);
        checker.report(match similar(name, known_dimensions.iter().copied()) {
            Some(near) => problem
                .label(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`, or keep it if AWS added it recently")),
            None => problem.help(format!(
                "its metrics have: {}; keep it if AWS added it recently",
                known_dimensions.join(", ")
            )),
        });
    }
}

/// Advice for a name that is not similar to any known one.
const LOOK_UP: &str = "copy namespace and name from the CloudWatch console; keep it if AWS added it recently";

/// The known name that a word was probably meant to be: one with few different letters. Metric names often end
/// alike and service names are short, so a common beginning or end is not enough.
fn similar<'n>(word: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let word = word.to_lowercase();
    let far = |name: &&str| strsim::damerau_levenshtein(&word, &name.to_lowercase());
    let near = known.min_by_key(far)?;
    (far(&near) <= 1 + word.len() / 6).then_some(near)
}
