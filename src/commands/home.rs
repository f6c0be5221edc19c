//! Where a stack is, and what it uses there that somebody else owns.

use std::cell::OnceCell;

use super::Access;
use crate::aws::Fault;
use crate::blueprint::{Home, Names};
use crate::output::Failure;
use crate::resource::kms::key;
use crate::stack::{Stack, Trail};

impl Access {
    /// The region and, if needed, the account of `stack`. The account is looked up only if it makes a
    /// difference: during the other reads that costs nothing, but before them it is a round trip.
    pub(super) async fn place(&self, stack: &Stack) -> Result<Home<'_>, Fault> {
        let elsewhere = stack.trail.as_ref().and_then(Trail::account);
        Ok(match elsewhere {
            Some(_) => self.aws.scope().await?.into(),
            None => self.region().into(),
        })
    }

    /// The same with what AWS knows: the key of somebody else that `stack` uses.
    pub(super) async fn home(&self, stack: &Stack) -> Result<Home<'_>, Failure> {
        self.refuse_hub(stack).await?;
        Ok(Home {
            key: self.existing_key(stack).await?,
            ..self.place(stack).await?
        })
    }

    /// The hub hears its own account by rules on the default bus. A spoke there would send everything a second time.
    async fn refuse_hub(&self, stack: &Stack) -> Result<(), Failure> {
        let Some(organization) = &stack.organization else {
            return Ok(());
        };
        let here = &self.aws.scope().await?.account;
        let targets = organization
            .targets
            .iter()
            .map(|target| ("targets", &target.account));
        let accounts = organization.accounts.iter().map(|account| ("accounts", account));
        let mut named = targets.chain(accounts).filter(|(_, account)| *account == here);
        match named.next() {
            Some((section, _)) => Err(Failure::new(
                format!(
                    "`organization.{section}` names {here}, the account of the stack itself: its events would arrive twice"
                ),
                format!("remove {here} from `{section}`: the stack hears its own account anyway"),
            )),
            None => Ok(()),
        }
    }

    /// The ARN of the key of somebody else that `stack` uses, if it does.
    pub(super) async fn existing_key(&self, stack: &Stack) -> Result<Option<&str>, Failure> {
        let arn = self.key_named_by(stack).await?;
        match (&stack.key.existing, arn) {
            (Some(_), None) => Err(Failure::new(
                format!(
                    "there is no key `{}` in {}",
                    Names::of(stack).key(),
                    self.region()
                ),
                "correct `key.existing`, or remove it, so that the stack makes a key of its own",
            )),
            (_, arn) => Ok(arn),
        }
    }

    /// The ARN of the existing key that `stack` names; `None` if it names none, or there is no such key.
    async fn key_named_by(&self, stack: &Stack) -> Result<Option<&str>, Fault> {
        if stack.key.existing.is_none() {
            return Ok(None);
        }
        let name = Names::of(stack).key();
        if let Some(arn) = self.keys.get(&name) {
            return Ok(Some(arn));
        }
        let arn = key::arn_of(&self.aws, &name).await?;
        Ok(arn.map(|arn| self.keys.put(name, arn)))
    }

    /// The region and account of an earlier version of the stack. Nothing that it names need exist any more.
    pub(super) async fn former_home(&self, stack: &Stack) -> Result<Home<'_>, Fault> {
        Ok(Home {
            key: self.key_named_by(stack).await?,
            ..self.place(stack).await?
        })
    }
}

/// ARNs of keys by their names, as they were looked up. None is taken out again, so each can be lent.
#[derive(Debug, Default)]
pub(super) struct Keys(OnceCell<Box<(String, String, Keys)>>);

impl Keys {
    fn get(&self, name: &str) -> Option<&str> {
        let (known, arn, others) = &**self.0.get()?;
        match known == name {
            true => Some(arn),
            false => others.get(name),
        }
    }

    fn put(&self, name: String, arn: String) -> &str {
        match self.0.get().map(Box::as_ref) {
            Some((known, arn, _)) if *known == name => arn,
            Some((_, _, others)) => others.put(name, arn),
            None => &self.0.get_or_init(|| Box::new((name, arn, Self::default()))).1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_arn() {
        let keys = Keys::default();
        assert_eq!(keys.get("alias/new"), None);
        for name in ["alias/new", "alias/old", "alias/new"] {
            assert_eq!(
                keys.put(name.to_owned(), format!("arn of {name}")),
                format!("arn of {name}")
            );
        }
        assert_eq!(keys.get("alias/new"), Some("arn of alias/new"));
        assert_eq!(keys.get("alias/old"), Some("arn of alias/old"));
        assert_eq!(keys.get("alias/other"), None);
    }
}
