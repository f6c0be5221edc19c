//! Operations on the instances of a set: begun under an id that a later run finds again, and waited for.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_cloudformation::types::{
    OperationResultFilter, OperationResultFilterName, StackSetOperation, StackSetOperationAction as Action,
    StackSetOperationResultStatus as Result_, StackSetOperationResultSummary,
    StackSetOperationStatus as Status, StackSetOperationSummary,
};
use tokio::time::{Instant, sleep};

use super::calls::{Deed, Set};
use super::failures::Failure;
use crate::aws::call::pages;
use crate::aws::fault::{found, spoken};
use crate::aws::secret::fingerprint;
use crate::resource::{Context, Fault, Result};

/// How the ids of our operations begin.
const OURS: &str = "alertctl-";
/// How long alertctl waits without any progress. CloudFormation itself goes on for up to 36 hours.
const STUCK: Duration = Duration::from_secs(60 * 60);
/// The shortest time between two counts of the results, and how much longer each of their pages makes it.
const COUNT: Duration = Duration::from_secs(5);
const COUNT_PAGE: Duration = Duration::from_secs(2);
/// The longest pause between two looks at an operation.
const LONGEST: Duration = Duration::from_secs(10);
/// How often a list of results is read until it has as many failures as the operation counted: it lags behind.
const LOOKS: u32 = 6;

/// The operations of one set, as one step sees them.
pub(super) struct Operations<'a> {
    pub set: Set<'a>,
    pub cx: &'a Context<'a>,
    /// The newest ones, when first asked for.
    recent: RefCell<Option<Vec<StackSetOperationSummary>>>,
}

impl<'a> Operations<'a> {
    pub fn of(set: Set<'a>, cx: &'a Context<'a>) -> Self {
        Self {
            set,
            cx,
            recent: RefCell::default(),
        }
    }

    /// Begins `deed`, or finds it running: its id follows from the set and the deed. If it already ended, this is the next
    /// attempt. Returns the operation's id.
    pub async fn start(&self, deed: &Deed) -> Result<String> {
        let stem = stem(self.set.name, deed);
        if self.recent.borrow().is_none() {
            let recent = newest(&self.set).await?;
            self.recent.replace(Some(recent));
        }
        let (last, running) = attempts(self.recent.borrow().iter().flatten(), &stem);
        if let Some(id) = running {
            return Ok(id);
        }
        let mut attempt = last + 1;
        loop {
            let id = format!("{stem}-{attempt}");
            match self.set.begin(&id, deed).await {
                Err(fault) if fault.is(&["OperationIdAlreadyExistsException"]) => {
                    // The answer to this call was lost, or an older attempt is no longer in the list.
                    if self
                        .describe(&id)
                        .await?
                        .is_some_and(|operation| is_open(operation.status()))
                    {
                        return Ok(id);
                    }
                    attempt += 1;
                }
                Err(fault) if fault.is(&["OperationInProgressException"]) => {
                    self.let_others_end(fault).await?
                }
                result => return result,
            }
        }
    }

    /// The operations that have not ended, whoever began them.
    pub async fn open(&self) -> Result<Vec<String>> {
        let newest = newest(&self.set).await?.into_iter();
        let open = newest.filter(|operation| is_open(operation.status()));
        Ok(open.filter_map(|operation| operation.operation_id).collect())
    }

    /// Stops what our own runs began, and waits until nothing runs.
    pub async fn stop_ours(&self) -> Result<()> {
        let open = self.open().await?;
        for id in open.iter().filter(|id| id.starts_with(OURS)) {
            self.set.stop(id).await?;
        }
        for id in open {
            self.ended(&id).await?;
        }
        Ok(())
    }

    /// CloudFormation takes one operation at a time from a set without managed execution.
    async fn let_others_end(&self, refused: Fault) -> Result<()> {
        let open = self.open().await?;
        if open.is_empty() {
            // The list lags behind.
            sleep(COUNT).await;
            return match self.open().await?.is_empty() {
                true => Err(refused.hint(
                    "wait until the operation on the stack set has ended, then run the same command again",
                )),
                false => Ok(()),
            };
        }
        for id in open {
            self.ended(&id).await?;
        }
        Ok(())
    }

    /// Waits until the operation has ended. Returns where it failed.
    pub async fn failures(&self, id: &str) -> Result<Vec<Failure>> {
        let Some(operation) = self.ended(id).await? else {
            return Ok(Vec::new());
        };
        let counted = operation
            .status_details()
            .and_then(|details| details.failed_stack_instances_count());
        let succeeded = operation.status() == Some(&Status::Succeeded);
        if succeeded && counted == Some(0) {
            return Ok(Vec::new());
        }
        let counted = usize::try_from(counted.unwrap_or_default()).unwrap_or_default();
        let mut failures = self.failed(id).await?;
        let mut looks = 1;
        while failures.len() < counted && looks < LOOKS {
            sleep(COUNT_PAGE).await;
            failures = self.failed(id).await?;
            looks += 1;
        }
        if failures.is_empty() && !(succeeded && counted == 0) {
            let status = operation.status().map_or("no status", Status::as_str);
            let reason = operation.status_reason().unwrap_or_default();
            failures.push(Failure {
                account: String::new(),
                region: String::new(),
                reason: format!("{status} {reason}").trim_end().to_owned(),
                operation: id.to_owned(),
            });
        }
        Ok(failures)
    }

    async fn failed(&self, id: &str) -> Result<Vec<Failure>> {
        let filter = OperationResultFilter::builder()
            .name(OperationResultFilterName::OperationResultStatus)
            .values(Result_::Failed.as_str());
        let results = results(&self.set, id, Some(filter.build())).await?.into_iter();
        let failed = results.filter(|result| result.status == Some(Result_::Failed));
        Ok(failed
            .map(|result| Failure {
                account: result.account.unwrap_or_default(),
                region: result.region.unwrap_or_default(),
                reason: result.status_reason.unwrap_or_default(),
                operation: id.to_owned(),
            })
            .collect())
    }

    async fn describe(&self, id: &str) -> Result<Option<StackSetOperation>> {
        let request = self
            .set
            .client()
            .describe_stack_set_operation()
            .stack_set_name(self.set.name)
            .operation_id(id)
            .call_as(self.set.call_as.to_sdk());
        let described = self.set.aws.call("cloudformation:DescribeStackSetOperation", || {
            request.clone().send()
        });
        Ok(found(described.await)?.and_then(|answer| answer.stack_set_operation))
    }

    /// The operation once it has ended, telling meanwhile how far it is. `None` if CloudFormation has forgotten it.
    pub async fn ended(&self, id: &str) -> Result<Option<StackSetOperation>> {
        let begun = Instant::now();
        let (mut moved, mut count) = (begun, Count::default());
        loop {
            let Some(operation) = self.describe(id).await? else {
                return Ok(None);
            };
            if !is_open(operation.status()) {
                return Ok(Some(operation));
            }
            if operation.status() == Some(&Status::Queued) {
                self.cx
                    .progress("queued behind another operation of the stack set");
            } else if count.is_due() && begun.elapsed() >= COUNT {
                let results = results(&self.set, id, None).await?;
                if count.take(&results) {
                    moved = Instant::now();
                }
                self.cx.progress(&count.text());
            }
            if moved.elapsed() > STUCK {
                return Err(self.stuck(id, &count));
            }
            sleep((begun.elapsed() / 12).clamp(Duration::from_millis(100), LONGEST)).await;
        }
    }

    fn stuck(&self, id: &str, count: &Count) -> Fault {
        let (name, region, option) = (
            self.set.name,
            &self.set.aws.connection.region,
            self.set.call_as.option(),
        );
        let who = match id.starts_with(OURS) {
            true => "",
            false => ", which alertctl did not begin,",
        };
        let text = format!(
            "operation {id} of stack set `{name}`{who} made no progress for {}: {}",
            spoken(STUCK),
            count.text()
        );
        Fault::new("cloudformation:DescribeStackSetOperation", "Timeout", text).hint(format!(
            "CloudFormation goes on by itself, for up to 36 hours: run the same command again to wait for it, look at it with `aws \
             cloudformation describe-stack-set-operation --region {region} --stack-set-name {name} --operation-id {id}{option}`, or end \
             it with `aws cloudformation stop-stack-set-operation --region {region} --stack-set-name {name} --operation-id {id}{option}`"
        ))
    }
}

/// The 100 newest operations of a set, newest first.
pub(super) async fn newest(set: &Set<'_>) -> Result<Vec<StackSetOperationSummary>> {
    let request = set
        .client()
        .list_stack_set_operations()
        .stack_set_name(set.name)
        .max_results(100)
        .call_as(set.call_as.to_sdk());
    let listed = set
        .aws
        .call("cloudformation:ListStackSetOperations", || request.clone().send());
    Ok(listed.await?.summaries.unwrap_or_default())
}

/// What came of an operation in each account and region.
async fn results(
    set: &Set<'_>,
    id: &str,
    filter: Option<OperationResultFilter>,
) -> Result<Vec<StackSetOperationResultSummary>> {
    let list = set
        .client()
        .list_stack_set_operation_results()
        .stack_set_name(set.name)
        .operation_id(id)
        .max_results(100)
        .set_filters(filter.map(|filter| vec![filter]))
        .call_as(set.call_as.to_sdk());
    pages(async |token| {
        let request = list.clone().set_next_token(token);
        let page = set.aws.call("cloudformation:ListStackSetOperationResults", || {
            request.clone().send()
        });
        let page = page.await?;
        Ok((page.summaries.unwrap_or_default(), page.next_token))
    })
    .await
}

/// The accounts in which an operation did something.
pub(super) async fn reached(set: &Set<'_>, id: &str) -> Result<BTreeSet<String>> {
    let results = results(set, id, None).await?.into_iter();
    Ok(results.filter_map(|result| result.account).collect())
}

/// How the ids of the attempts at `deed` begin.
fn stem(set: &str, deed: &Deed) -> String {
    let wanted = serde_json::to_string(deed).unwrap_or_default();
    format!("{OURS}{}", fingerprint(&format!("{set} {wanted}")))
}

/// Whether an attempt at `deed` has not ended.
pub(super) fn is_running(operations: &[StackSetOperationSummary], set: &str, deed: &Deed) -> bool {
    attempts(operations.iter(), &stem(set, deed)).1.is_some()
}

/// The id of an operation of others, such as auto-deployment's, that still makes instances. One of alertctl's own makes those
/// that it names and no more, and one that changes or deletes makes none.
pub(super) fn underway(operations: &[StackSetOperationSummary]) -> Option<String> {
    let mut open = operations.iter().filter(|one| {
        matches!(one.status(), Some(Status::Running | Status::Queued))
            && one.action() == Some(&Action::Create)
    });
    let of_others = open.find(|one| !one.operation_id().is_some_and(|id| id.starts_with(OURS)))?;
    of_others.operation_id.clone()
}

/// The ids of the attempts at `deed` that succeeded, in the order of `operations`.
pub(super) fn succeeded<'o>(
    operations: &'o [StackSetOperationSummary],
    set: &str,
    deed: &Deed,
) -> Vec<&'o str> {
    let stem = stem(set, deed);
    let succeeded = operations
        .iter()
        .filter(|one| one.status == Some(Status::Succeeded));
    let ids = succeeded.filter_map(|one| one.operation_id.as_deref());
    ids.filter(|id| id.strip_prefix(&stem).is_some_and(|rest| rest.starts_with('-')))
        .collect()
}

/// The number of the last attempt that has ended, and the id of one that has not.
fn attempts<'o>(
    operations: impl Iterator<Item = &'o StackSetOperationSummary>,
    stem: &str,
) -> (u32, Option<String>) {
    let mut last = 0;
    for operation in operations {
        let id = operation.operation_id.as_deref().unwrap_or_default();
        let number = id.strip_prefix(stem).and_then(|rest| rest.strip_prefix('-'));
        let Some(number) = number.and_then(|number| number.parse().ok()) else {
            continue;
        };
        if is_open(operation.status()) {
            return (last, Some(id.to_owned()));
        }
        last = last.max(number);
    }
    (last, None)
}

fn is_open(status: Option<&Status>) -> bool {
    matches!(status, Some(Status::Running | Status::Queued | Status::Stopping))
}

/// How far an operation is.
#[derive(Default)]
struct Count {
    done: usize,
    failed: usize,
    all: usize,
    taken: Option<Instant>,
}

impl Count {
    /// Large operations are counted less often, so that the calls a minute stay the same.
    fn is_due(&self) -> bool {
        let pages = u32::try_from(self.all / 100).unwrap_or(u32::MAX);
        let pause = COUNT.max(COUNT_PAGE.saturating_mul(pages));
        self.taken.is_none_or(|taken| taken.elapsed() >= pause)
    }

    /// Whether more is done than before.
    fn take(&mut self, results: &[StackSetOperationResultSummary]) -> bool {
        let of = |wanted: Result_| {
            let with = |one: &&StackSetOperationResultSummary| one.status.as_ref() == Some(&wanted);
            results.iter().filter(with).count()
        };
        let failed = of(Result_::Failed);
        let done = of(Result_::Succeeded) + failed + of(Result_::Cancelled);
        let moved = done != self.done || results.len() != self.all;
        (self.done, self.failed, self.all) = (done, failed, results.len());
        self.taken = Some(Instant::now());
        moved
    }

    fn text(&self) -> String {
        let failed = match self.failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        format!("{} of {} (accounts × regions) done{failed}", self.done, self.all)
    }
}
