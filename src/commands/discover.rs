//! Asks AWS for the elements of `for_each`.

use std::collections::{BTreeMap, BTreeSet};

use super::App;
use crate::aws::concurrently;
use crate::aws::discovery::{self, Tagged};
use crate::output::Failure;
use crate::stack::{Ciphertexts, Discovered, Found, Input, Loaded, load_from};

/// Most elements that are named for people.
const NAMED: usize = 10;

impl App {
    /// The stack with what its `for_each` finds in the account, if they ask AWS. `loaded` is the stack with examples instead.
    pub(super) async fn discovered(
        &self,
        input: Input,
        loaded: Loaded,
        ciphertexts: Ciphertexts,
    ) -> Result<Loaded, Failure> {
        if loaded.asked.is_empty() {
            return Ok(loaded);
        }
        let stack = &loaded.stack;
        let access = self.access(&stack.stack, stack.region.as_deref()).await?;
        let queries: BTreeSet<_> = loaded.asked.iter().map(|asked| &asked.query).collect();
        let found: BTreeMap<_, _> = concurrently(queries, async |query| {
            let found = discovery::of_type(&access.aws, query.resource_type(), &query.tags).await?;
            let found = found.into_iter().map(|Tagged { arn, tags }| Found { arn, tags });
            Ok((query.clone(), found.collect()))
        })
        .await?;
        let input = Input {
            discovered: Discovered::By(found),
            ..input
        };
        let loaded = load_from(&input, ciphertexts)?;
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
        Ok(loaded)
    }
}
