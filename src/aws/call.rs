//! The single place that makes calls to AWS: it paces them, reads their errors and names their IAM actions.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use alertctl_relay::ArnParts;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures::FutureExt;
use tokio::sync::{OnceCell, OwnedMutexGuard};

use super::batch::Batches;
use super::connect::Connection;
use super::fault::{Fault, Result};
use super::memory::Memory;
use super::pace::Pace;
use super::retry;
use super::run::Run;
use super::tags::Tagged;
use super::text::Scope;

/// The account and region that a stack is read from and written to.
///
/// A kind of resource sees one region only. [`Aws::at`] gives the stack in another region.
#[derive(Debug)]
pub struct Aws {
    pub connection: Connection,
    /// The stack's name: the value of its ownership tag.
    pub stack: String,
    /// The user agreed to lose the contents of buckets that are deleted.
    pub may_empty_buckets: bool,
    /// The whole stack is to be deleted, and with it what is not of the stack file: mute rules of `alertctl mute`.
    pub takes_ad_hoc: bool,
    /// Identifies this run to other runs on the same stack.
    pub run: Run,
    pace: Pace,
    /// What the run has learned so far. It decides which refusals are retried.
    pub memory: Rc<Memory>,
    // Errors are cached too: every kind asks, and one answer is enough.
    identity: Arc<OnceCell<Result<Identity>>>,
    scope: OnceCell<Scope>,
    pub(super) tagged: OnceCell<Result<Vec<Tagged>>>,
    answers: Mutex<HashMap<String, Answer>>,
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// The names that wait for calls that accept many.
    pub batches: Batches,
    elsewhere: Mutex<HashMap<String, Rc<Aws>>>,
}

/// The identity of the credentials.
#[derive(Debug)]
struct Identity {
    partition: String,
    account: String,
    arn: String,
}

/// The cached answer to one question. Its type is known to the code that asks.
type Answer = Rc<OnceCell<Result<Rc<dyn Any>>>>;

impl Aws {
    /// The stack `stack` over `connection`. Makes no call yet.
    pub fn new(connection: Connection, stack: impl Into<String>) -> Self {
        Self {
            connection,
            stack: stack.into(),
            may_empty_buckets: false,
            takes_ad_hoc: false,
            run: Run::new(),
            pace: Pace::default(),
            memory: Rc::default(),
            identity: Arc::default(),
            scope: OnceCell::new(),
            tagged: OnceCell::new(),
            answers: Mutex::default(),
            locks: Mutex::default(),
            batches: Batches::default(),
            elsewhere: Mutex::default(),
        }
    }

    /// The same stack and connection with empty caches, to observe again.
    pub fn afresh(self) -> Self {
        let Self {
            may_empty_buckets,
            takes_ad_hoc,
            memory,
            ..
        } = self;
        Self {
            may_empty_buckets,
            takes_ad_hoc,
            memory,
            ..Self::new(self.connection, self.stack)
        }
    }

    /// The same stack in another region. Each region has its own pace, locks and caches. The account is looked up
    /// only once.
    pub fn at(&self, region: &str) -> Rc<Self> {
        let mut elsewhere = self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        let there = elsewhere.entry(region.to_owned()).or_insert_with(|| {
            let there = Self {
                identity: self.identity.clone(),
                may_empty_buckets: self.may_empty_buckets,
                takes_ad_hoc: self.takes_ad_hoc,
                ..self.over(self.connection.in_region(region))
            };
            Rc::new(there)
        });
        there.clone()
    }

    /// The same stack and run over another connection, with nothing known yet.
    pub(super) fn over(&self, connection: Connection) -> Self {
        Self {
            memory: self.memory.clone(),
            run: self.run.clone(),
            ..Self::new(connection, self.stack.clone())
        }
    }

    /// The stack `stack` over the same connection.
    pub fn of_stack(self, stack: &str) -> Self {
        let memory = self.memory;
        Self {
            memory,
            ..Self::new(self.connection, stack)
        }
    }

    /// Makes one call, and retries it as long as [`super::retry`] says. Each attempt waits until the rate limit of
    /// the action allows it. An error is read into a [`Fault`].
    ///
    /// `action` is the IAM action, such as `sns:CreateTopic`.
    pub async fn call<T, E, F>(&self, action: &'static str, send: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        // Boxed, because the compiler limits how deeply futures may nest.
        let call = self.patiently(async || self.attempt(action, send()).await);
        call.boxed_local().await
    }

    /// Retries `call` by the same policy. For calls that report a refusal inside a successful answer.
    pub async fn patiently<T>(&self, call: impl AsyncFnMut() -> Result<T>) -> Result<T> {
        retry::patiently(&self.memory, self.connection.announce(), call).await
    }

    /// Makes one call without retries.
    pub async fn attempt<T, E>(
        &self,
        action: &'static str,
        send: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        // Boxed, because this future makes the futures of calls large, and they nest.
        let mut answer = None;
        let send = async { answer = Some(send.await.map_err(|error| Fault::from_sdk(action, error))) };
        self.send(action, Box::pin(send)).await;
        let answer = answer.unwrap_or_else(|| unreachable!("the call was waited for"));
        if answer.is_ok() {
            self.memory.answered(action);
        }
        answer.map_err(|fault| self.connection.place(fault))
    }

    /// Waits for the action's turn, then for `call`. Compiled once for all calls.
    async fn send(&self, action: &str, mut call: Pin<Box<dyn Future<Output = ()> + '_>>) {
        self.pace.turn(action).await;
        self.connection.aloud(action, call.as_mut()).await;
    }

    /// The ARN of the identity that makes the calls.
    pub async fn caller(&self) -> Result<&str> {
        match self.identity().await {
            Ok(identity) => Ok(&identity.arn),
            Err(fault) => Err(fault.clone()),
        }
    }

    async fn identity(&self) -> &Result<Identity> {
        let ask = async || {
            let request = self.connection.clients.sts.get_caller_identity();
            let identity = self
                .call("sts:GetCallerIdentity", || request.clone().send())
                .await?;
            let partition = identity
                .arn()
                .map(|arn| ArnParts::of(arn).partition)
                .filter(|partition| !partition.is_empty())
                .unwrap_or("aws");
            Ok(Identity {
                partition: partition.to_owned(),
                account: identity.account().unwrap_or_default().to_owned(),
                arn: identity.arn().unwrap_or_default().to_owned(),
            })
        };
        self.identity.get_or_init(ask).await
    }

    /// Partition, region and account, looked up once.
    pub async fn scope(&self) -> Result<&Scope> {
        let in_region = async || match self.identity().await {
            Ok(Identity {
                partition, account, ..
            }) => Ok(Scope {
                partition: partition.clone(),
                region: self.connection.region.clone(),
                account: account.clone(),
            }),
            Err(fault) => Err(fault.clone()),
        };
        self.scope.get_or_try_init(in_region).await
    }

    /// The answer to `question`, asked once for this region. For lists that several kinds read.
    ///
    /// # Panics
    /// If two callers expect answers of different types: a bug that any run would show.
    pub async fn once<T: 'static>(
        &self,
        question: impl Into<String>,
        ask: impl AsyncFnOnce() -> Result<T>,
    ) -> Result<Rc<T>> {
        let answer = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.entry(question.into()).or_default().clone()
        };
        let ask = async || ask().await.map(|answer| Rc::new(answer) as Rc<dyn Any>);
        let answer = answer.get_or_init(ask).await.clone()?;
        Ok(answer.downcast().expect("one question has one type of answer"))
    }

    /// The cached answer to `question` of [`Self::once`]. `None` if it was not asked yet or failed.
    pub fn answered<T: 'static>(&self, question: &str) -> Option<Rc<T>> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.get(question)?.get()?.as_ref().ok()?;
        answer.clone().downcast().ok()
    }

    /// Takes the lock `name`. For changes that AWS accepts only one at a time.
    pub async fn exclusive(&self, name: &str) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            locks.entry(name.to_owned()).or_default().clone()
        };
        lock.lock_owned().await
    }
}

/// All pages of a list. `ask` gets a page token and returns the page's items and the next token.
pub async fn pages<T>(
    ask: impl AsyncFn(Option<String>) -> Result<(Vec<T>, Option<String>)>,
) -> Result<Vec<T>> {
    let (mut all, mut token) = ask(None).await?;
    while token.as_ref().is_some_and(|token| !token.is_empty()) {
        let (page, next) = ask(token).await?;
        all.extend(page);
        token = next;
    }
    Ok(all)
}

#[cfg(test)]
impl Aws {
    /// Gives the answer to `question` of [`Self::once`] in advance.
    pub(crate) fn knows<T: 'static>(&self, question: String, answer: T) {
        let answer = OnceCell::new_with(Some(Ok(Rc::new(answer) as Rc<dyn Any>)));
        let mut answers = self.answers.lock().expect("no test panicked with it");
        answers.insert(question, Rc::new(answer));
    }

    /// The stack `mission` in account 123456789012, eu-west-1. Only `tagged` carries its tag.
    pub(crate) fn mocked(tagged: Vec<Tagged>, put: impl FnOnce(&mut super::Clients)) -> Self {
        Self::new(Connection::mocked(put), "mission").knowing(tagged)
    }

    /// The same stack in account 123456789012, eu-west-1, where only `tagged` carries its tag. For a stack that has
    /// asked nothing yet.
    pub(crate) fn knowing(self, tagged: Vec<Tagged>) -> Self {
        let scope = Scope {
            partition: "aws".into(),
            region: "eu-west-1".into(),
            account: "123456789012".into(),
        };
        self.scope.set(scope).expect("set once");
        self.tagged.set(Ok(tagged)).expect("set once");
        self
    }

    /// Adds another region, where only `tagged` carries the stack's tag.
    pub(crate) fn and_in(
        self,
        region: &str,
        tagged: Vec<Tagged>,
        put: impl FnOnce(&mut super::Clients),
    ) -> Self {
        let mut there = Self::mocked(tagged, put);
        there.connection.region = region.to_owned();
        there.scope.get_mut().expect("set above").region = region.to_owned();
        let elsewhere = self.elsewhere.lock().expect("no test panicked with it");
        { elsewhere }.insert(region.to_owned(), Rc::new(there));
        self
    }
}
