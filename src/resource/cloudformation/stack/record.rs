//! What the hub's bus remembers of the stacks in other accounts: one tag for each. There is no other place in the hub's
//! account that tells of a stack whose target has left the stack file.

use std::rc::Rc;

use crate::aws::fault::REFUSED;
use crate::aws::tags::{NODE_TAG, SPOKE_TAG};
use crate::resource::eventbridge::{self, EVENT_BUS, bus_arn, tags_of};
use crate::resource::{Aws, Fault, NodeId, Result, Tags};

/// The kind of the stacks that are remembered.
pub(super) const KIND: &str = "cloudformation-stack";

/// The key of the hub's bus; no key in a stack file contains a dot.
pub const BUS_KEY: &str = "organization.members";

/// Where a stack of the hub is in another account, and with which role it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub account: String,
    pub region: String,
    /// The role's name, with its path if it has one.
    pub role: String,
    /// The name of the stack there.
    pub name: String,
}

impl Place {
    /// The key of the tag.
    pub fn key(&self) -> String {
        format!("{SPOKE_TAG}{}:{}", self.account, self.region)
    }

    /// The value of the tag: role and name.
    pub fn value(&self) -> String {
        format!("{} {}", self.role, self.name)
    }

    /// Reads a tag. `None` for any other tag, and for one that somebody else wrote over.
    fn read(key: &str, value: &str) -> Option<Self> {
        let (account, region) = key.strip_prefix(SPOKE_TAG)?.split_once(':')?;
        let (role, name) = value.split_once(' ')?;
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let is_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let whole = is_account && !region.is_empty() && region.chars().all(is_region);
        (whole && !role.is_empty() && !name.is_empty()).then(|| Self {
            account: account.to_owned(),
            region: region.to_owned(),
            role: role.to_owned(),
            name: name.to_owned(),
        })
    }

    /// True if both are the same stack, whichever role reaches it.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.account, &self.region, &self.name) == (&other.account, &other.region, &other.name)
    }

    /// The node of the stack.
    pub fn id(&self) -> NodeId {
        NodeId {
            kind: KIND,
            key: format!("{}.{}", self.account, self.region),
        }
    }

    /// For messages: `stack mission-organization in account 444455556666, eu-central-1`.
    pub fn said(&self) -> String {
        format!("stack {} in account {}, {}", self.name, self.account, self.region)
    }
}

/// A stack that the bus remembers.
#[derive(Debug, Clone)]
pub struct Record {
    pub place: Place,
    /// The ARN of the bus.
    pub bus: String,
}

impl Record {
    /// What to do if the account can no longer be reached, as it has left the organization or was closed.
    pub fn forget(&self, region: &str) -> String {
        format!(
            "if the account is no longer yours, have the hub forget this stack: `aws events untag-resource --region \
             {region} --resource-arn {} --tag-keys {}`",
            self.bus,
            self.place.key()
        )
    }
}

/// The stacks that these tags of a bus tell of.
pub fn of(tags: &Tags) -> Vec<Place> {
    let read = |(key, value): (&String, &String)| Place::read(key, value);
    tags.iter().filter_map(read).collect()
}

/// The question whose answer is what [`all`] found.
const ALL: &str = "the stacks that the hub's bus remembers";

/// The stacks that the hub's bus remembers, according to the bus itself: the index of tags lags. `wanted` are the names
/// of buses of the stack file. Any other bus of the hub is found in the index, so a stack without one makes no call here.
pub async fn all(aws: &Aws, wanted: &[&str]) -> Result<Rc<Vec<Record>>> {
    aws.once(ALL, async || read(aws, wanted).await).await
}

async fn read(aws: &Aws, wanted: &[&str]) -> Result<Vec<Record>> {
    let hub = format!("{}/{BUS_KEY}", EVENT_BUS);
    let tagged = aws.tagged().await?.iter();
    let hubs = tagged.filter(|bus| bus.service() == "events" && bus.tags.get(NODE_TAG) == Some(&hub));
    let mut names: Vec<_> = hubs
        .filter_map(|bus| bus.resource().strip_prefix("event-bus/"))
        .collect();
    names.extend(wanted);
    names.sort_unstable();
    names.dedup();
    let mut records = Vec::new();
    for name in names {
        let bus = bus_arn(aws, name).await?;
        let tags = tags_of(aws, &bus).await?;
        let Some(tags) = (*tags).as_ref().filter(|tags| aws.owns(tags)) else {
            continue;
        };
        records.extend(of(tags).into_iter().map(|place| Record {
            place,
            bus: bus.clone(),
        }));
    }
    Ok(records)
}

/// Has the bus remember the stack. Before the stack is made: a run that is killed in between leaves a record of nothing,
/// which the next run removes, and never a stack that nothing tells of.
pub async fn put(aws: &Aws, bus: &str, place: &Place) -> Result<()> {
    let _alone = aws.exclusive(bus).await;
    eventbridge::tag(aws, bus, &[(place.key(), place.value())].into()).await
}

/// Has the bus forget the stack, after it was deleted. It is a success if the bus is gone.
pub async fn remove(aws: &Aws, bus: &str, place: &Place) -> Result<()> {
    let _alone = aws.exclusive(bus).await;
    crate::aws::fault::gone(eventbridge::untag(aws, bus, vec![place.key()]).await)
}

/// An error if the bus `name` with these tags remembers a stack that this run has not looked at, because the index did not
/// list the bus yet: without the bus, nothing would tell of that stack any more.
pub fn none_unseen(aws: &Aws, name: &str, tags: &Tags) -> Result<()> {
    let seen = aws.answered::<Vec<Record>>(ALL).unwrap_or_default();
    let is_seen = |place: &Place| seen.iter().any(|record| record.place.is_same(place));
    let Some(place) = of(tags).into_iter().find(|place| !is_seen(place)) else {
        return Ok(());
    };
    let text = format!(
        "the bus {name} stays, because events still come from {}",
        place.said()
    );
    Err(Fault::new("events:DeleteEventBus", REFUSED, text).hint(
        "run the same command again: AWS's index of tags lags behind, and did not lead to that stack yet",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            account: "444455556666".into(),
            region: "eu-central-1".into(),
            role: "ops/alertctl-deploy".into(),
            name: "mission-organization".into(),
        }
    }

    #[test]
    fn a_place_is_read_back_as_it_was_written_and_nothing_else_is() {
        let place = place();
        assert_eq!(Place::read(&place.key(), &place.value()), Some(place.clone()));
        // In tag values, AWS allows letters, digits, white space and `_.:/=+-@`.
        let taken = |c: char| c.is_ascii_alphanumeric() || " _.:/=+-@".contains(c);
        assert!(place.key().chars().chain(place.value().chars()).all(taken));
        for (key, value) in [
            ("alertctl:stack", "a b"),
            ("alertctl:spoke:", "a b"),
            ("alertctl:spoke:4444:eu-central-1", "a b"),
            ("alertctl:spoke:444455556666", "a b"),
            ("alertctl:spoke:444455556666:", "a b"),
            ("alertctl:spoke:444455556666:eu.central", "a b"),
            ("alertctl:spoke:444455556666:eu-central-1", "a"),
            ("alertctl:spoke:444455556666:eu-central-1", ""),
            ("alertctl:spoke:444455556666:eu-central-1", " b"),
        ] {
            assert_eq!(Place::read(key, value), None, "{key} {value}");
        }
    }

    #[test]
    fn a_bus_that_remembers_a_stack_unknown_to_the_run_stays() {
        let aws = Aws::mocked(Vec::new(), |_| {});
        let tags = [(place().key(), place().value())].into();
        none_unseen(&aws, "bus", &Tags::new()).unwrap();
        let text = none_unseen(&aws, "bus", &tags).unwrap_err().to_string();
        assert!(text.contains("account 444455556666, eu-central-1"), "{text}");
        let record = Record {
            place: place(),
            bus: String::new(),
        };
        aws.knows(ALL.to_owned(), vec![record]);
        none_unseen(&aws, "bus", &tags).unwrap();
    }
}
