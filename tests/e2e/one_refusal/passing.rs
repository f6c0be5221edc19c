//! What passes ends no run.

use super::*;

/// Which refusal each action gets in one run; each of its requests gets it once.
type Round = BTreeMap<String, &'static Said>;

/// What became of one round.
struct Outcome {
    /// Action and refusal, and how many requests got it.
    met: HashMap<(String, &'static str), usize>,
    wrong: Option<String>,
}

/// All rounds in which each refusal of each action has its turn.
fn rounds(plain: &Plain) -> Vec<Round> {
    let made: BTreeSet<_> = plain.kinds();
    let of = |action: &str| -> Vec<&'static Said> {
        let said = Said::of(action).filter(|said| match said.meaning {
            Meaning::Passes => true,
            Meaning::PassesAfter(after) => made.contains(after),
            Meaning::Lasts => false,
        });
        said.collect()
    };
    let said: Vec<_> = made.iter().map(|action| (*action, of(action))).collect();
    let most = said.iter().map(|(_, said)| said.len()).max().unwrap_or_default();
    let round = |turn: usize| {
        let one =
            |(action, said): &(&str, Vec<&'static Said>)| Some(((*action).to_owned(), *said.get(turn)?));
        said.iter().filter_map(one).collect()
    };
    (0..most).map(round).collect()
}

fn attempt(place: &Place, deed: Deed, plain: &Plain, round: &Round) -> Outcome {
    let account = place.account();
    deed.prepare(&account);
    let met = Arc::new(Mutex::new(HashMap::new()));
    let judge = {
        let (round, met) = (round.clone(), met.clone());
        let (made, refused) = (Mutex::new(HashSet::new()), Mutex::new(HashSet::new()));
        move |arrival: &Arrival<'_>| {
            let action = arrival.action.to_owned();
            let turn = match round.get(&action) {
                Some(said) => match said.meaning {
                    Meaning::PassesAfter(after) => made.lock().unwrap().contains(after),
                    _ => true,
                },
                None => false,
            };
            if turn && refused.lock().unwrap().insert(arrival.digest()) {
                let said = round[&action];
                let name = (action.clone(), said.code);
                *met.lock().unwrap().entry(name).or_default() += 1;
                return said.fate(&action);
            }
            made.lock().unwrap().insert(action);
            Fate::Pass
        }
    };
    let proxy = Proxy::meeting(&place.endpoint, judge);
    let ran = account.run_by(&proxy.url, deed.args());
    let wrong = if ran.code != 0 {
        Some(errors(&ran).to_owned())
    } else if deed == Deed::Plan
        && without_ids(&ran.stdout, &account.id) != without_ids(&plain.ran.stdout, &plain.account)
    {
        Some(format!(
            "another plan:\n{}\ninstead of:\n{}",
            ran.stdout, plain.ran.stdout
        ))
    } else {
        deed.left(&account, plain)
    };
    let met = met.lock().unwrap().clone();
    Outcome { met, wrong }
}

/// Has each request of the deed refused by each of its refusals that pass; of `every` round one where a sample will do.
fn passes(place: &Place, deed: Deed, every: usize) -> usize {
    let plain = Plain::record(place, deed);
    let every = if all() { 1 } else { every };
    let rounds: Vec<_> = rounds(&plain).into_iter().step_by(every).collect();
    let outcomes = place.each(&rounds, |round| attempt(place, deed, &plain, round));
    let pairs: usize = outcomes.iter().flat_map(|outcome| outcome.met.values()).sum();
    let kinds: HashSet<_> = outcomes.iter().flat_map(|outcome| outcome.met.keys()).collect();
    let mut wrong = Vec::new();
    for (round, outcome) in rounds.iter().zip(&outcomes) {
        let Some(text) = &outcome.wrong else { continue };
        let said = round
            .iter()
            .map(|(action, said)| format!("{action} {}", said.code));
        let said: Vec<_> = said.collect();
        wrong.push(format!("{deed:?}, {}:\n{text}", said.join(", ")));
    }
    let name = place.subject.name;
    println!(
        "{name}, {deed:?}: {pairs} requests refused in {} rounds, {} actions with a refusal each, {} rounds ended",
        rounds.len(),
        kinds.len(),
        wrong.len()
    );
    counted(&wrong)
}

#[test]
fn cloudwatch_slack() {
    whole_life(Subject::bundled("cloudwatch-slack"), 5, passes);
}

#[test]
fn trail_guard() {
    whole_life(Subject::bundled("trail-guard"), 5, passes);
}

#[test]
#[ignore = "of the whole campaign: ALERTCTL_REFUSALS=all, with --ignored"]
fn elastalert_email() {
    whole_life(Subject::bundled("elastalert-email"), 1, passes);
}

#[test]
#[ignore = "of the whole campaign: ALERTCTL_REFUSALS=all, with --ignored"]
fn every_kind() {
    whole_life(Subject::every_kind(), 1, passes);
}

#[test]
#[ignore = "of the whole campaign: ALERTCTL_REFUSALS=all, with --ignored"]
fn full() {
    whole_life(Subject::bundled("full"), 1, passes);
}
