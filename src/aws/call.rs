//! The one way a call to AWS is made: paced, its refusal read, its action named.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::sync::{OnceCell, OwnedMutexGuard};

use super::connect::Connection;
use super::discovery::{self, Tagged};
use super::fault::{Fault, Result};
use super::pace::Pace;
use super::text::Scope;

/// An account and region that a stack is read from and written to.
#[derive(Debug)]
pub struct Aws {
    pub connection: Connection,
    /// The stack's name: the value of its ownership tag.
    pub stack: String,
    pace: Pace,
    // Refusals are remembered too: every kind asks, and one answer is enough.
    scope: OnceCell<Result<Scope>>,
    tagged: OnceCell<Result<Vec<Tagged>>>,
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl Aws {
    /// The stack `stack` over `connection`; makes no call yet.
    pub fn new(connection: Connection, stack: impl Into<String>) -> Self {
        Self {
            connection,
            stack: stack.into(),
            pace: Pace::default(),
            scope: OnceCell::new(),
            tagged: OnceCell::new(),
            locks: Mutex::default(),
        }
    }

    /// The same stack and connection with nothing remembered: for observing once more.
    pub fn afresh(self) -> Self {
        Self::new(self.connection, self.stack)
    }

    /// The stack `stack` over the same connection.
    pub fn of_stack(self, stack: &str) -> Self {
        Self::new(self.connection, stack)
    }

    /// Makes one call: waits for its turn where AWS limits the action, then reads a refusal into a [`Fault`].
    ///
    /// `action` is the IAM action, such as `sns:CreateTopic`.
    pub async fn call<T, E>(
        &self,
        action: &'static str,
        send: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.pace.turn(action).await;
        send.await
            .map_err(|error| self.connection.place(Fault::from_sdk(action, error)))
    }

    /// Partition, region and account, asked for once.
    pub async fn scope(&self) -> Result<&Scope> {
        let ask = async || {
            let send = self.connection.clients.sts.get_caller_identity().send();
            let identity = self.call("sts:GetCallerIdentity", send).await?;
            let partition = identity
                .arn()
                .and_then(|arn| arn.split(':').nth(1))
                .unwrap_or("aws");
            Ok(Scope {
                partition: partition.to_owned(),
                region: self.connection.region.clone(),
                account: identity.account().unwrap_or_default().to_owned(),
            })
        };
        self.scope.get_or_init(ask).await.as_ref().map_err(Fault::clone)
    }

    /// Everything that carries this stack's ownership tag, listed once.
    pub async fn tagged(&self) -> Result<&[Tagged]> {
        let listed = self.tagged.get_or_init(|| discovery::list(self)).await;
        listed.as_ref().map(Vec::as_slice).map_err(Fault::clone)
    }

    /// Holds the lock `name`: for changes that AWS wants one after the other.
    pub async fn exclusive(&self, name: &str) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            locks.entry(name.to_owned()).or_default().clone()
        };
        lock.lock_owned().await
    }
}

#[cfg(test)]
impl Aws {
    /// The stack `mission` in account 123456789012, eu-west-1, where `tagged` is all that carries its tag.
    pub(crate) fn mocked(tagged: Vec<Tagged>, put: impl FnOnce(&mut super::Clients)) -> Self {
        let aws = Self::new(Connection::mocked(put), "mission");
        let scope = Scope {
            partition: "aws".into(),
            region: "eu-west-1".into(),
            account: "123456789012".into(),
        };
        aws.scope.set(Ok(scope)).expect("set once");
        aws.tagged.set(Ok(tagged)).expect("set once");
        aws
    }
}
