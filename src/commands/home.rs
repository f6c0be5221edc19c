//! Where a stack is, and what it uses there that somebody else owns.

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
        let arn = self.key.get_or_try_init(|| self.key_named_by(stack)).await?;
        match (&stack.key.existing, arn) {
            (Some(_), None) => Err(Failure::new(
                format!(
                    "there is no key `{}` in {}",
                    Names::of(stack).key(),
                    self.region()
                ),
                "correct `key.existing`, or remove it, so that the stack makes a key of its own",
            )),
            (_, arn) => Ok(arn.as_deref()),
        }
    }

    /// The ARN of the existing key that `stack` names; `None` if it names none, or there is no such key.
    async fn key_named_by(&self, stack: &Stack) -> Result<Option<String>, Fault> {
        if stack.key.existing.is_none() {
            return Ok(None);
        }
        let name = Names::of(stack).key();
        let ask = async || key::arn_of(&self.aws, &name).await;
        let arn = self.aws.once(format!("existing-key/{name}"), ask).await?;
        Ok(Option::clone(&arn))
    }

    /// The region and account of an earlier version of the stack. Nothing that it names need exist any more.
    pub(super) async fn former_home(&self, stack: &Stack) -> Result<Home<'_>, Fault> {
        let key = self
            .former_key
            .get_or_try_init(|| self.key_named_by(stack))
            .await?;
        Ok(Home {
            key: key.as_deref(),
            ..self.place(stack).await?
        })
    }
}
