//! Tags are changed by two calls: one takes off what left the file, one puts on what is new. Whatever breaks at either
//! of them, for whichever kind, the next run brings the tags to what the file says, and no key stays for ever.

use std::process::Stdio;

use alertctl::aws::connect::Clients;
use rustix::process::Signal;

use super::*;
use crate::support::inventory::past;
use crate::support::strike::Signaller;

/// What breaks at a call.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Refused,
    KilledBefore,
    KilledAfter,
}

const FAULTS: [Fault; 3] = [Fault::Refused, Fault::KilledBefore, Fault::KilledAfter];

/// The tags of the stack file, of which the second change of a case is the first one's way back.
const TAGS: [(&str, &str, &str); 2] = [(BEFORE, "leaves", "comes"), (AFTER, "comes", "leaves")];

fn is_tagging(action: &str) -> bool {
    let (_, call) = action.split_once(':').unwrap();
    call.to_lowercase().contains("tag") && !said::is_read(call)
}

/// Applies `file`; what breaks does so at `request`. Whether it was made, and the exit code.
fn apply(place: &Place, account: &Account<'_>, file: &str, request: &Request, fault: Fault) -> (bool, Ran) {
    let (signaller, met) = (Signaller::default(), Arc::new(Mutex::new(None)));
    let judge = {
        let (signaller, met, request) = (signaller.clone(), met.clone(), request.clone());
        let comes = request.comes();
        move |arrival: &Arrival<'_>| {
            let mut met = met.lock().unwrap();
            let first = comes(arrival.index, arrival.action) && met.is_none();
            if first {
                *met = Some(arrival.digest());
            }
            match fault {
                Fault::Refused if *met == Some(arrival.digest()) => {
                    let denied = Said::of(&request.action).find(|said| said.denies());
                    denied.unwrap().fate(&request.action)
                }
                Fault::KilledBefore if first => Fate::Before(signaller.send(Signal::KILL)),
                Fault::KilledAfter if first => Fate::After(signaller.send(Signal::KILL)),
                _ => Fate::Pass,
            }
        }
    };
    let proxy = Proxy::meeting(&place.endpoint, judge);
    let mut command = place
        .world
        .command_at(&proxy.url, &account.id, &["apply", file, "--yes"]);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    signaller.runs(child.id());
    let ran = Ran::of(child.wait_with_output().unwrap());
    proxy.quiet();
    let met = met.lock().unwrap().is_some();
    (met, ran)
}

/// What of the stack's has other tags than the file says, of all kinds that have tags.
fn other_tags(place: &Place, account: &Account<'_>, there: &str, gone: &str) -> Vec<String> {
    let index = Proxy::indexing(&place.endpoint);
    let mut wrong = Vec::new();
    let mut judge = |what: &str, keys: Vec<String>| {
        let has = |key: &str| keys.iter().any(|one| one == key);
        if !has(there) || has(gone) {
            wrong.push(format!("{what}: {keys:?}"));
        }
    };
    for region in place.subject.regions {
        let found = past(&index.url, &account.id, region, async |config| {
            let aws = Clients::new(&config);
            let filter = aws_sdk_resourcegroupstagging::types::TagFilter::builder();
            let filter = filter.key("alertctl:stack").values("every").build();
            let pages = aws.tagging.get_resources().tag_filters(filter).into_paginator();
            let items: Vec<_> = pages.items().send().collect::<Result<_, _>>().await.unwrap();
            let mut found = Vec::new();
            for one in items {
                let arn = one.resource_arn().unwrap().to_owned();
                let mut keys: Vec<_> = one.tags().iter().map(|tag| tag.key().to_owned()).collect();
                // The local AWS lists APIs with the tags that they were made with.
                if arn.contains(":apigateway:") {
                    let tags = aws.apigateway.get_tags().resource_arn(&arn).send().await.unwrap();
                    keys = tags
                        .tags()
                        .into_iter()
                        .flatten()
                        .map(|(key, _)| key.clone())
                        .collect();
                }
                found.push((arn, keys));
            }
            found
        });
        assert!(!found.is_empty(), "{region}");
        found.into_iter().for_each(|(arn, keys)| judge(&arn, keys));
    }
    let roles = past(&place.endpoint, &account.id, subject::HOME, async |config| {
        let iam = Clients::new(&config).iam;
        let mut roles = Vec::new();
        let list = iam
            .list_roles()
            .path_prefix("/alertctl/every/")
            .send()
            .await
            .unwrap();
        for role in list.roles() {
            let tags = iam
                .list_role_tags()
                .role_name(role.role_name())
                .send()
                .await
                .unwrap();
            let keys = tags.tags().iter().map(|tag| tag.key().to_owned()).collect();
            roles.push((role.role_name().to_owned(), keys));
        }
        roles
    });
    assert!(!roles.is_empty());
    roles.into_iter().for_each(|(name, keys)| judge(&name, keys));
    wrong
}

#[test]
fn a_change_of_tags_is_finished_whatever_breaks_between_its_calls() {
    let place = Place::new(Subject::every_kind_retagged());
    let plain = Plain::record(&place, Deed::Update);
    let mut requests = Request::all(&plain.actions);
    requests.retain(|request| is_tagging(&request.action));
    requests.sort();
    let actions: BTreeSet<_> = requests.iter().map(|request| request.action.as_str()).collect();
    assert!(actions.len() > 15, "{actions:?}");
    let cases = requests
        .iter()
        .flat_map(|request| FAULTS.map(|fault| (request, fault)));
    let cases: Vec<_> = cases.collect();
    let step = if all() { 1 } else { cases.len() / 12 };
    let cases: Vec<_> = cases.into_iter().step_by(step).collect();
    // An account for many cases: each begins where the one before ended.
    let parts: Vec<_> = cases.chunks(cases.len().div_ceil(6)).collect();
    let wrong = place.each(&parts, |cases| {
        let account = place.account();
        account.ok(Deed::Create.args());
        let mut wrong = Vec::new();
        let mut turn = 1;
        for (request, fault) in *cases {
            let (file, there, gone) = TAGS[turn];
            let what = format!("{fault:?} at {request}, towards {file}");
            let (met, ran) = apply(&place, &account, file, request, *fault);
            let ended = match fault {
                _ if !met => ran.code == 0,
                // Who must not tag roles does without the mark of a run at work.
                Fault::Refused if request.action.ends_with("Role") => ran.code <= 1,
                Fault::Refused => ran.code == 1,
                Fault::KilledBefore | Fault::KilledAfter => ran.code == -1,
            };
            if !ended {
                wrong.push(format!("{what}: exit code {}\n{}", ran.code, ran.all()));
            }
            account.ok(&["apply", file, "--yes"]);
            let plan = account.run(&["plan", file, "--detailed-exitcode"]);
            let others = other_tags(&place, &account, there, gone);
            if plan.code != 0 || !others.is_empty() {
                wrong.push(format!("{what}\n{}\n{others:#?}", plan.all()));
            }
            turn = 1 - turn;
        }
        wrong
    });
    let wrong = wrong.concat();
    println!("tags: {} cases, {} wrong", cases.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
