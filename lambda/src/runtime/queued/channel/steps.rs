//! The steps of incidents that wait together.

use super::Waiting;
use std::collections::BTreeMap;

/// The steps of each incident in the order in which they happened, at the places that these messages have: a service that
/// keeps incidents apart would end one that began anew.
pub(super) fn as_they_happened(waiting: Vec<Waiting>) -> Vec<Waiting> {
    let mut steps: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, one) in waiting.iter().enumerate() {
        if let Some(incident) = one.item.notice.incident() {
            steps.entry(incident.key).or_default().push(place);
        }
    }
    let mut places: Vec<usize> = (0..waiting.len()).collect();
    for of_one in steps.values() {
        let mut sorted = of_one.clone();
        sorted.sort_by_key(|place| waiting.get(*place).and_then(|one| one.item.notice.time()));
        for (place, from) in of_one.iter().zip(sorted) {
            if let Some(place) = places.get_mut(*place) {
                *place = from;
            }
        }
    }
    let mut waiting: Vec<_> = waiting.into_iter().map(Some).collect();
    let taken = places
        .into_iter()
        .filter_map(|place| waiting.get_mut(place)?.take());
    taken.collect()
}

/// The last step of each incident, with the earlier ones that it stands for. A step without a time stands for itself.
pub(super) fn newest(waiting: Vec<Waiting>) -> Vec<Waiting> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut newest: Vec<Waiting> = Vec::with_capacity(waiting.len());
    for mut one in waiting {
        let incident = one
            .item
            .notice
            .incident()
            .filter(|incident| incident.at.is_some());
        let Some(incident) = incident else {
            newest.push(one);
            continue;
        };
        match places.get(&incident.key).and_then(|place| newest.get_mut(*place)) {
            Some(other) => {
                if one.item.notice.incident().map(|one| one.at)
                    >= other.item.notice.incident().map(|one| one.at)
                {
                    std::mem::swap(other, &mut one);
                }
                other.follow(one);
            }
            None => {
                places.insert(incident.key, newest.len());
                newest.push(one);
            }
        }
    }
    newest
}
