//! The one way a call to AWS is made: paced, its refusal read, its action named.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures::FutureExt;
use tokio::sync::{OnceCell, OwnedMutexGuard};

use super::batch::Batch;
use super::connect::Connection;
use super::discovery::{self, Tagged};
use super::fault::{Fault, Result};
use super::pace::Pace;
use super::retry::{self, Memory};
use super::run::Run;
use super::text::Scope;

/// An account and region that a stack is read from and written to.
///
/// A kind of resource sees one region only; [`Aws::at`] leads from the stack's home to the others.
#[derive(Debug)]
pub struct Aws {
    pub connection: Connection,
    /// The stack's name: the value of its ownership tag.
    pub stack: String,
    /// The user agreed to lose what is in a bucket that is deleted.
    pub may_empty_buckets: bool,
    /// What this run is known by to others on the same stack.
    pub run: Run,
    pace: Pace,
    /// What decides which refusals pass.
    pub memory: Rc<Memory>,
    // Refusals are remembered too: every kind asks, and one answer is enough.
    identity: Arc<OnceCell<Result<Identity>>>,
    scope: OnceCell<Scope>,
    tagged: OnceCell<Result<Vec<Tagged>>>,
    answers: Mutex<HashMap<String, Answer>>,
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    pub(super) batches: Mutex<HashMap<&'static str, Arc<Batch>>>,
    elsewhere: Mutex<HashMap<String, Rc<Aws>>>,
}

/// Whose credentials these are.
#[derive(Debug)]
struct Identity {
    partition: String,
    account: String,
    arn: String,
}

/// What one question came to, of the type that its asker knows.
type Answer = Rc<OnceCell<Result<Rc<dyn Any>>>>;

impl Aws {
    /// The stack `stack` over `connection`; makes no call yet.
    pub fn new(connection: Connection, stack: impl Into<String>) -> Self {
        Self {
            connection,
            stack: stack.into(),
            may_empty_buckets: false,
            run: Run::new(),
            pace: Pace::default(),
            memory: Rc::default(),
            identity: Arc::default(),
            scope: OnceCell::new(),
            tagged: OnceCell::new(),
            answers: Mutex::default(),
            locks: Mutex::default(),
            batches: Mutex::default(),
            elsewhere: Mutex::default(),
        }
    }

    /// The same stack and connection with nothing remembered: for observing once more.
    pub fn afresh(self) -> Self {
        let Self {
            may_empty_buckets,
            memory,
            ..
        } = self;
        Self {
            may_empty_buckets,
            memory,
            ..Self::new(self.connection, self.stack)
        }
    }

    /// The same stack in another region. Pace, locks and what is remembered are a region's own; the account
    /// is asked for once.
    pub fn at(&self, region: &str) -> Rc<Self> {
        let mut elsewhere = self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        let there = elsewhere.entry(region.to_owned()).or_insert_with(|| {
            let there = Self {
                identity: self.identity.clone(),
                memory: self.memory.clone(),
                may_empty_buckets: self.may_empty_buckets,
                run: self.run.clone(),
                ..Self::new(self.connection.in_region(region), self.stack.clone())
            };
            Rc::new(there)
        });
        there.clone()
    }

    /// The stack `stack` over the same connection.
    pub fn of_stack(self, stack: &str) -> Self {
        let memory = self.memory;
        Self {
            memory,
            ..Self::new(self.connection, stack)
        }
    }

    /// Makes one call, again and again while its refusal is one that passes ([`super::retry`]): each time waits for
    /// its turn where AWS limits the action, and reads a refusal into a [`Fault`].
    ///
    /// `action` is the IAM action, such as `sns:CreateTopic`.
    pub async fn call<T, E, F>(&self, action: &'static str, send: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        // Boxed: the compiler limits how deep the futures of all kinds nest.
        let call = self.patiently(async || self.attempt(action, send()).await);
        call.boxed_local().await
    }

    /// Repeats `call` by the same policy: where the refusal stands inside an answer that says "done".
    pub async fn patiently<T>(&self, call: impl AsyncFnMut() -> Result<T>) -> Result<T> {
        retry::patiently(&self.memory, self.connection.tell(), call).await
    }

    /// Makes one call once.
    pub async fn attempt<T, E>(
        &self,
        action: &'static str,
        send: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.pace.turn(action).await;
        // Boxed: it is what makes the futures of calls large, and they nest.
        let answer = self
            .connection
            .aloud(action, Box::pin(send))
            .await
            .map_err(|error| self.connection.place(Fault::from_sdk(action, error)))?;
        self.memory.answered(action);
        Ok(answer)
    }

    /// The ARN of whose credentials these are.
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
                .and_then(|arn| arn.split(':').nth(1))
                .unwrap_or("aws");
            Ok(Identity {
                partition: partition.to_owned(),
                account: identity.account().unwrap_or_default().to_owned(),
                arn: identity.arn().unwrap_or_default().to_owned(),
            })
        };
        self.identity.get_or_init(ask).await
    }

    /// Partition, region and account, asked for once.
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

    /// The answer to `question`, asked once for this region: for lists that several kinds read.
    ///
    /// # Panics
    /// When two askers expect answers of different types: a defect that any run would show.
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

    /// What [`Self::once`] was answered to `question`; `None` where it was not asked, or refused.
    pub fn answered<T: 'static>(&self, question: &str) -> Option<Rc<T>> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.get(question)?.get()?.as_ref().ok()?;
        answer.clone().downcast().ok()
    }

    /// Everything that carries this stack's ownership tag, listed once.
    pub async fn tagged(&self) -> Result<&[Tagged]> {
        // Boxed: every kind's observation holds this future, and the compiler limits how deep they nest.
        let list = || discovery::list(self).boxed_local();
        let listed = self.tagged.get_or_init(list).await;
        // Whichever kind hears of it first, it is about all of them.
        let listed = listed.as_ref().map(Vec::as_slice);
        listed.map_err(|fault| fault.clone().of(String::new))
    }

    /// The ARNs of what carries this stack's tag by now, as the index of tags has it: asked once more.
    pub async fn indexed(&self) -> Result<Vec<String>> {
        let tagged = discovery::by_tag(self).await?;
        Ok(tagged.into_iter().map(|tagged| tagged.arn).collect())
    }

    /// The names in the ARNs of what carries this stack's tag: of `service`, behind `prefix`.
    pub async fn tagged_names(&self, service: &str, prefix: &str) -> Result<Vec<&str>> {
        let tagged = self.tagged().await?.iter();
        let tagged = tagged.filter(|tagged| tagged.service() == service);
        Ok(tagged
            .filter_map(|tagged| tagged.resource().strip_prefix(prefix))
            .collect())
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

/// All pages of a list: `ask` takes the token of the page and gives its items and the next token.
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
    /// The stack `mission` in account 123456789012, eu-west-1, where `tagged` is all that carries its tag.
    pub(crate) fn mocked(tagged: Vec<Tagged>, put: impl FnOnce(&mut super::Clients)) -> Self {
        let aws = Self::new(Connection::mocked(put), "mission");
        let scope = Scope {
            partition: "aws".into(),
            region: "eu-west-1".into(),
            account: "123456789012".into(),
        };
        aws.scope.set(scope).expect("set once");
        aws.tagged.set(Ok(tagged)).expect("set once");
        aws
    }

    /// The same with another region, where `tagged` is all that carries the stack's tag.
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
