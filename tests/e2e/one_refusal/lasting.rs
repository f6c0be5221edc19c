//! What lasts is told well, and the next run without it brings everything in order.

use super::*;

/// Calls that a run does without where they are refused, and why. Those of some deeds or some refusals only are in
/// [`is_done_without`].
const WITHOUT: &[(&str, &str)] = &[
    (
        "iam:SimulatePrincipalPolicy",
        "it tells beforehand what would be refused, and the call itself tells it, too",
    ),
    (
        "iam:TagRole",
        "as the mark of a run at work: who may change a stack need not be one who may tag roles",
    ),
    (
        "iam:GetRole",
        "as the look for other runs' marks: who may not look does without the mark",
    ),
    (
        "iam:UntagRole",
        "the mark that stays is told of, and passed by next time",
    ),
    (
        "apigateway:GetApis",
        "of a stack without an endpoint; what it may have had is in the index of tags",
    ),
    (
        "cloudtrail:DescribeTrails",
        "of a stack without a trail; AWS itself has trails in the index of tags",
    ),
    (
        "lambda:AddPermission",
        "of the statement that stands in for one being replaced, where a function's policy is full",
    ),
];

/// Calls about no resource of its own: lists, and who calls.
const OF_NOTHING: &[&str] = &[
    "sts:GetCallerIdentity",
    "tag:GetResources",
    "iam:ListRoles",
    "lambda:ListEventSourceMappings",
    "kms:ListKeys",
    "kms:ListAliases",
    "apigateway:GetApis",
    "cloudtrail:DescribeTrails",
    "logs:DescribeMetricFilters",
];

/// True if a run does without what `said` refuses, and need not tell.
fn is_done_without(deed: Deed, action: &str, said: &Said) -> bool {
    match action {
        // The answer to a HEAD request is a mere 400: the same is asked with ListObjectsV2, which answers.
        "s3:ListBucket" => said.status == 400,
        // It asks whether the bucket holds files, and there is no bucket yet.
        "s3:ListBucketVersions" => deed == Deed::Create,
        _ => WITHOUT.iter().any(|(without, _)| *without == action),
    }
}

struct Case {
    request: Request,
    said: &'static Said,
}

/// What became of one refusal.
enum Outcome {
    /// The run made no such call this time.
    Missed,
    /// It went on without, and did all of it.
    Without,
    Reported,
    Wrong(String),
}

/// What is wrong with what a user reads of the refusal.
fn flaw(stderr: &str, action: &str, said: &Said) -> Option<String> {
    // A HEAD request hears the status only.
    let status = format!("{action}: Http{}", said.status);
    let code = format!("{action}: {}", said.code);
    let mut lines = stderr.lines();
    let is_told = |line: &&str| {
        let shown = line.contains(&code) || (action == "s3:ListBucket" && line.contains(&status));
        line.starts_with("error: ") && shown
    };
    let Some(line) = lines.find(is_told) else {
        return Some(format!("no error with `{code}`"));
    };
    let about = line.split(action).next().unwrap().trim_start_matches("error: ");
    if !about.contains(['/', '(', '`']) && !about.starts_with("arn:") && !OF_NOTHING.contains(&action) {
        return Some(format!("no resource: {line}"));
    }
    if action != "s3:ListBucket" && !line.contains(&said.words(action)) {
        return Some(format!("not AWS's words: {line}"));
    }
    let help = lines.next().and_then(|line| line.strip_prefix("  help: "));
    if help.is_none_or(str::is_empty) {
        return Some(format!("no help: {line}"));
    }
    None
}

fn attempt(place: &Place, deed: Deed, plain: &Plain, case: &Case) -> Outcome {
    let account = place.account();
    deed.prepare(&account);
    let action = case.request.action.as_str();
    let chosen = Mutex::new((0, None));
    let met = Arc::new(Mutex::new(false));
    let judge = {
        let (request, said, met) = (case.request.clone(), case.said, met.clone());
        move |arrival: &Arrival<'_>| {
            if arrival.action != request.action {
                return Fate::Pass;
            }
            let mut chosen = chosen.lock().unwrap();
            let (seen, digest) = &mut *chosen;
            if digest.is_none() && *seen == request.nth {
                *digest = Some(arrival.digest());
                *met.lock().unwrap() = true;
            }
            *seen += 1;
            // For good: each time that it is sent.
            match *digest == Some(arrival.digest()) {
                true => said.fate(&request.action),
                false => Fate::Pass,
            }
        }
    };
    let proxy = Proxy::meeting(&place.endpoint, judge);
    let ran = account.run_by(&proxy.url, deed.args());
    let what = format!("{deed:?}, {}: {}", case.request, case.said.code);
    let wrong = |text: String| Outcome::Wrong(format!("{what}: {text}\n{}", errors(&ran)));
    if !*met.lock().unwrap() {
        return Outcome::Missed;
    }
    let went_on = ran.code == 0;
    if went_on {
        // What `destroy` cannot look for by its name it finds by its tags, and says so.
        let warned = ran.stderr.lines().any(|line| {
            line.starts_with("warning: ") && line.contains(&format!("{action}: {}", case.said.code))
        });
        if !warned && !is_done_without(deed, action, case.said) {
            return wrong("nobody heard of it".to_owned());
        }
    } else if ran.code != 1 {
        return wrong(format!("exit code {}", ran.code));
    } else if let Some(flaw) = flaw(&ran.stderr, action, case.said) {
        return wrong(flaw);
    }
    if !went_on {
        let again = account.run(deed.args());
        if again.code != 0 {
            return wrong(format!("the next run failed:\n{}", errors(&again)));
        }
    }
    // The local AWS has neither APIs nor trails in its index of tags. AWS has, and `destroy` then fails to list them.
    let is_listed_by_aws = action.starts_with("apigateway:Get") || action == "cloudtrail:DescribeTrails";
    if went_on && deed == Deed::Destroy && is_listed_by_aws {
        return Outcome::Without;
    }
    match deed.left(&account, plain) {
        Some(left) => wrong(left),
        None if went_on => Outcome::Without,
        None => Outcome::Reported,
    }
}

/// Tries every case, or so many of them where a sample will do.
fn lasts(place: &Place, deed: Deed, sample: usize) -> usize {
    let plain = Plain::record(place, deed);
    let mut requests = Request::all(&plain.actions);
    requests.sort();
    let mut cases: Vec<_> = requests
        .iter()
        .flat_map(|request| {
            let said = Said::of(&request.action).filter(|said| !said.passes());
            // Each call may be denied; the rest of what an action may be told is told of its first call.
            let said = said.filter(|said| request.nth == 0 || said.denies());
            said.map(|said| Case {
                request: request.clone(),
                said,
            })
        })
        .collect();
    if !all() {
        let step = (cases.len() / sample).max(1);
        cases = cases.into_iter().step_by(step).collect();
    }
    let outcomes = place.each(&cases, |case| attempt(place, deed, &plain, case));
    let count = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| is(outcome)).count();
    let wrong: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Wrong(text) => Some(text.clone()),
            _ => None,
        })
        .collect();
    let name = place.subject.name;
    println!(
        "{name}, {deed:?}: {} refusals told, {} done without, {} not met, {} wrong",
        count(|outcome| matches!(outcome, Outcome::Reported)),
        count(|outcome| matches!(outcome, Outcome::Without)),
        count(|outcome| matches!(outcome, Outcome::Missed)),
        wrong.len()
    );
    counted(&wrong)
}

#[test]
fn cloudwatch_slack() {
    whole_life(Subject::bundled("cloudwatch-slack"), 5, lasts);
}

#[test]
#[ignore = "of the whole campaign: ALERTCTL_REFUSALS=all, with --ignored"]
fn elastalert_email() {
    whole_life(Subject::bundled("elastalert-email"), 1, lasts);
}

#[test]
#[ignore = "of the whole campaign: ALERTCTL_REFUSALS=all, with --ignored"]
fn trail_guard() {
    whole_life(Subject::bundled("trail-guard"), 1, lasts);
}

#[test]
#[ignore = "of the whole campaign: ALERTCTL_REFUSALS=all, with --ignored"]
fn every_kind() {
    whole_life(Subject::every_kind(), 1, lasts);
}
