//! Asks AWS for the elements of `for_each`.

use std::collections::{BTreeMap, BTreeSet};

use super::App;
use crate::aws::concurrently;
use crate::aws::discovery;
use crate::aws::tags::Tagged;
use crate::output::Failure;
use crate::stack::{Asks, Discovered, Found, Loaded};

/// Most elements that are named for people.
const NAMED: usize = 10;

impl App {
    /// What a stack asks AWS for; asks nothing if the stack does not.
    pub(super) async fn discover(&self, asks: &Asks) -> Result<Discovered, Failure> {
        if asks.queries.is_empty() {
            return Ok(Discovered::Unasked);
        }
        let access = self.access(&asks.stack, asks.region.as_deref()).await?;
        let queries: BTreeSet<_> = asks.queries.iter().collect();
        let found: BTreeMap<_, _> = concurrently(queries, async |query| {
            let found = discovery::of_type(&access.aws, query.resource_type(), &query.tags).await?;
            let found = found.into_iter().map(|Tagged { arn, tags }| Found { arn, tags });
            Ok((query.clone(), found.collect()))
        })
        .await?;
        Ok(Discovered::By(found))
    }

    /// Says what was found.
    pub(super) fn tell_found(&self, loaded: &Loaded) {
        for asked in &loaded.asked {
            let named: Vec<_> = asked.found.iter().take(NAMED).map(String::as_str).collect();
            let more = asked.found.len().saturating_sub(NAMED);
            let named = match (named.is_empty(), more) {
                (true, _) => ": it makes nothing".to_owned(),
                (_, 0) => format!(": {}", named.join(", ")),
                (_, more) => format!(": {} and {more} more", named.join(", ")),
            };
            let (by, query, count) = (&asked.by, &asked.query, asked.found.len());
            let text = format!("`{by}` finds {count} of {query}{named}");
            match count {
                0 => self.out.warn(&text),
                _ => self.out.say(&text),
            }
        }
    }
}
