//! Mocked services for the tests of the kinds: records the calls in order, and refuses calls on request.

use std::collections::{HashMap, VecDeque};
use std::error::Error;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use aws_smithy_mocks::{MockResponse, Rule, RuleBuilder};
use aws_smithy_runtime_api::client::result::CreateUnhandledError;
use aws_smithy_types::error::ErrorMetadata;

use crate::aws::Scope;
use crate::aws::tags::Tagged;
use crate::resource::{Aws, Changes, Context, Known, NodeId, Output, Presence, Resource, Tags, tags};

/// The recorded calls of one test, and the refusals that are still to be returned.
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    log: Vec<String>,
    /// By operation, one entry for each call. `None` lets the call pass.
    refusals: HashMap<&'static str, VecDeque<Option<(&'static str, String)>>>,
}

impl Script {
    /// Refuses the next `times` calls of `operation`.
    pub fn refuse(&self, operation: &'static str, times: usize, code: &'static str, text: &str) -> &Self {
        let mut inner = self.0.lock().unwrap();
        let queue = inner.refusals.entry(operation).or_default();
        queue.extend(std::iter::repeat_n(Some((code, text.to_owned())), times));
        drop(inner);
        self
    }

    /// Lets `times` calls of `operation` pass before the next refusal.
    pub fn pass(&self, operation: &'static str, times: usize) -> &Self {
        let mut inner = self.0.lock().unwrap();
        let queue = inner.refusals.entry(operation).or_default();
        queue.extend(std::iter::repeat_n(None, times));
        drop(inner);
        self
    }

    /// All calls, one line each: the operation, and what the `tell` of its rule returned for the request.
    pub fn log(&self) -> Vec<String> {
        self.0.lock().unwrap().log.clone()
    }

    /// Forgets the calls so far.
    pub fn forget(&self) {
        self.0.lock().unwrap().log.clear();
    }

    /// Adds a line for a call that is not answered by a rule of [`Script::rule`].
    pub fn note(&self, line: &str) {
        self.0.lock().unwrap().log.push(line.to_owned());
    }

    /// How often `operation` was called.
    pub fn count(&self, operation: &str) -> usize {
        let called = |line: &&String| line.split(' ').next() == Some(operation);
        self.log().iter().filter(called).count()
    }

    /// Answers `operation` with `answer` after its refusals are used up.
    pub fn rule<I, O, E>(
        &self,
        operation: &'static str,
        builder: RuleBuilder<I, O, E>,
        tell: impl Fn(&I) -> String + Send + Sync + 'static,
        answer: impl Fn(&I) -> O + Send + Sync + 'static,
    ) -> Rule
    where
        I: Debug + Send + Sync + 'static,
        O: Debug + Send + Sync + 'static,
        E: CreateUnhandledError + Error + Debug + Send + Sync + 'static,
    {
        self.rule_or(operation, builder, tell, move |request| Ok(answer(request)))
    }

    /// Like [`Script::rule`], but `answer` may return a refusal, as code and text.
    pub fn rule_or<I, O, E>(
        &self,
        operation: &'static str,
        builder: RuleBuilder<I, O, E>,
        tell: impl Fn(&I) -> String + Send + Sync + 'static,
        answer: impl Fn(&I) -> Result<O, (&'static str, String)> + Send + Sync + 'static,
    ) -> Rule
    where
        I: Debug + Send + Sync + 'static,
        O: Debug + Send + Sync + 'static,
        E: CreateUnhandledError + Error + Debug + Send + Sync + 'static,
    {
        let script = self.clone();
        builder.then_compute_response(move |request| {
            let line = format!("{operation} {}", tell(request));
            let mut inner = script.0.lock().unwrap();
            inner.log.push(line.trim_end().to_owned());
            let refusal = inner
                .refusals
                .get_mut(operation)
                .and_then(VecDeque::pop_front)
                .flatten();
            drop(inner);
            match refusal.map_or_else(|| answer(request), Err) {
                Ok(answer) => MockResponse::Output(answer),
                Err((code, text)) => {
                    let meta = ErrorMetadata::builder().code(code).message(text);
                    let source = "refused by the test".into();
                    MockResponse::Error(E::create_unhandled_error(source, Some(meta.build())))
                }
            }
        })
    }
}

/// Account 123456789012 in eu-west-1, as in [`Aws::mocked`].
pub fn scope() -> Scope {
    Scope {
        partition: "aws".into(),
        region: "eu-west-1".into(),
        account: "123456789012".into(),
    }
}

pub fn node(kind: &'static str, key: &str) -> NodeId {
    let key = key.to_owned();
    NodeId { kind, key }
}

/// The scope, and the outputs (ARN and unique id) of these nodes.
pub fn known(outputs: &[(&str, &str, &str)]) -> Known {
    let output = |(node, arn, id): &(&str, &str, &str)| {
        let (arn, id) = ((*arn).to_owned(), (*id).to_owned());
        ((*node).to_owned(), Output { arn, id })
    };
    Known {
        scope: scope(),
        outputs: outputs.iter().map(output).collect(),
    }
}

/// The context of a step with these known outputs.
pub fn step(aws: &Aws, known: Known) -> Context<'_> {
    let mut cx = Context::mocked(aws, scope());
    cx.known = known;
    cx
}

/// The tags of the node `id` of the stack `mission`.
pub fn owned(id: &NodeId) -> Tags {
    tags::owned("mission", id, &Tags::new())
}

/// An entry of the list of tagged resources.
pub fn tagged(arn: &str, tags: Tags) -> Tagged {
    let arn = arn.to_owned();
    Tagged { arn, tags }
}

/// The changes that the plan would show.
pub fn changes<R: Resource>(desired: &R, live: &R::Live, known: &Known) -> Changes {
    desired
        .fields_beside(live, known)
        .difference(&R::live_fields(live), R::IMMUTABLE)
}

/// The names of the fields that differ.
pub fn names(changes: &Changes) -> Vec<String> {
    changes.iter().map(|change| change.field.clone()).collect()
}

/// The live state of a resource that belongs to the stack.
#[track_caller]
pub fn ours<L: std::fmt::Debug>(presence: &Presence<L>) -> &L {
    match presence {
        Presence::Ours(live) => live,
        other => panic!("not ours: {other:?}"),
    }
}
