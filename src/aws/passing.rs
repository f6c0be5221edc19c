//! The temporary refusals: what AWS answers when it is busy, or does not see yet what already exists.
//!
//! One table for all calls, by service, code and message. Sources: the error lists of the services' API references,
//! the texts that the Terraform provider for AWS waits for, and refusals recorded on AWS.

use std::time::Duration;

use super::deed::Deed;
use super::fault::Fault;
use super::memory::Memory;

/// How long one call is retried.
pub const LIMIT: Duration = Duration::from_secs(5 * 60);
/// How long a role, policy, key or topic may stay invisible somewhere after its creation (eventual consistency).
const UNSEEN: Duration = Duration::from_secs(2 * 60);

/// Calls that create another resource each time. After a lost answer they are not simply sent again: their kinds
/// first look for what the call may have created.
const MAKES_ANOTHER: &[&str] = &[
    "kms:CreateKey",
    "apigateway:CreateApi",
    "apigateway:CreateIntegration",
    "apigateway:CreateRoute",
];

/// One row of the table.
struct Passing {
    service: &'static str,
    codes: &'static [&'static str],
    /// The message must contain one of these, ignoring case. Empty: any message.
    words: &'static [&'static str],
    /// The message must contain none of these.
    not: &'static [&'static str],
    deeds: &'static [Deed],
    /// Only if this run changed something of that service.
    after: Option<&'static str>,
    /// Only if IAM said beforehand that the call is allowed.
    permitted: bool,
    limit: Duration,
}

impl Passing {
    /// A refusal of any call of `service`.
    const fn of(service: &'static str, codes: &'static [&'static str]) -> Self {
        Self {
            service,
            codes,
            words: &[],
            not: &[],
            deeds: &[Deed::Reads, Deed::Changes, Deed::Deletes, Deed::Uses],
            after: None,
            permitted: false,
            limit: LIMIT,
        }
    }

    /// A refusal of calls that create, change or delete.
    const fn writing(service: &'static str, codes: &'static [&'static str]) -> Self {
        Self {
            deeds: &[Deed::Changes, Deed::Deletes],
            ..Self::of(service, codes)
        }
    }

    /// A refusal because something that another call just created is not visible yet.
    const fn unseen(service: &'static str, codes: &'static [&'static str]) -> Self {
        Self {
            deeds: &[Deed::Changes],
            limit: UNSEEN,
            ..Self::of(service, codes)
        }
    }

    const fn deleting(service: &'static str, codes: &'static [&'static str]) -> Self {
        Self {
            deeds: &[Deed::Deletes],
            ..Self::of(service, codes)
        }
    }

    const fn saying(self, words: &'static [&'static str]) -> Self {
        Self { words, ..self }
    }

    const fn but_not(self, not: &'static [&'static str]) -> Self {
        Self { not, ..self }
    }

    const fn after(self, service: &'static str) -> Self {
        Self {
            after: Some(service),
            ..self
        }
    }

    const fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    const fn permitted(self) -> Self {
        Self {
            permitted: true,
            ..self
        }
    }

    fn covers(&self, service: &str, deed: Deed, fault: &Fault, memory: &Memory) -> bool {
        let message = fault.message.to_lowercase();
        let holds = |words: &[&str]| words.iter().any(|word| message.contains(&word.to_lowercase()));
        self.service == service
            && self.deeds.contains(&deed)
            && fault.is(self.codes)
            && (self.words.is_empty() || holds(self.words))
            && !holds(self.not)
            && self.after.is_none_or(|service| memory.has_changed(service))
            && (!self.permitted || memory.is_permitted())
    }
}

const NOT_FOUND: &[&str] = &[
    "NotFound",
    "NotFoundException",
    "ResourceNotFound",
    "ResourceNotFoundException",
];
const DENIED: &[&str] = &["AccessDenied", "AccessDeniedException"];

/// What CloudFormation says of roles that were just made, in refusals and as the reason of a failed instance.
/// <https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/cloudformation/stack_set_instance.go>
const UNSEEN_ROLE: &[&str] = &[
    "AccountGate check failed",
    "is not authorized",
    "role has insufficient",
    "role with trust relationship",
    "The security token included in the request is invalid",
];

/// True if an instance of a stack set may have failed only because its roles were made a moment before.
pub fn is_unseen_role(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    UNSEEN_ROLE
        .iter()
        .any(|words| reason.contains(&words.to_lowercase()))
}

const TABLE: &[Passing] = &[
    // IAM: accepts one change of an entity at a time. A role's name is known before the role is available everywhere.
    Passing::of(
        "iam",
        &["ConcurrentModification", "ConcurrentModificationException"],
    ),
    Passing::writing(
        "iam",
        &[
            "EntityTemporarilyUnmodifiable",
            "EntityTemporarilyUnmodifiableException",
        ],
    ),
    Passing::unseen("iam", &["NoSuchEntity", "NoSuchEntityException"]).but_not(&["Scope ARN"]),
    Passing::unseen(
        "iam",
        &["MalformedPolicyDocument", "MalformedPolicyDocumentException"],
    )
    .saying(&["invalid principal"]),
    Passing::deleting("iam", &["DeleteConflict", "DeleteConflictException"]).within(UNSEEN),
    // KMS: eventually consistent. Created, tagged or restored keys take effect within five minutes.
    // https://docs.aws.amazon.com/kms/latest/developerguide/programming-eventual-consistency.html
    // https://docs.aws.amazon.com/kms/latest/developerguide/tag-authorization.html
    Passing::unseen("kms", NOT_FOUND),
    Passing::unseen("kms", &["MalformedPolicyDocumentException"]).saying(&["invalid principal"]),
    Passing::writing("kms", &["DisabledException"]).after("kms"),
    Passing::writing("kms", &["KMSInvalidStateException", "InvalidStateException"])
        .saying(&["pending deletion", "PendingDeletion", "is disabled", "Creating"])
        .but_not(&["is not pending deletion"])
        .after("kms"),
    Passing::writing("kms", DENIED).after("kms").permitted(),
    // SNS: accepts one change of a topic's tags at a time. A topic's tags outlive it for a while.
    Passing::writing("sns", &["StaleTag", "StaleTagException"]),
    // Calls that only list tags get this error too.
    Passing::of("sns", &["ConcurrentAccess", "ConcurrentAccessException"]),
    Passing::unseen("sns", NOT_FOUND),
    Passing::unseen("sns", &["InvalidParameter", "InvalidParameterException"])
        .saying(&["PrincipalNotFound", "invalid principal"]),
    // SQS: a name can be used again one minute after its queue was deleted.
    Passing::writing(
        "sqs",
        &[
            "QueueDeletedRecently",
            "AWS.SimpleQueueService.QueueDeletedRecently",
        ],
    ),
    Passing::unseen(
        "sqs",
        &["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"],
    ),
    Passing::unseen(
        "sqs",
        &["InvalidParameterValue", "InvalidParameterValueException"],
    )
    .saying(&["Dead letter target does not exist"]),
    // CloudWatch Logs.
    Passing::writing("logs", &["OperationAbortedException"]),
    Passing::unseen("logs", NOT_FOUND).after("logs"),
    Passing::unseen("logs", DENIED)
        .saying(&["no identity-based policy allows"])
        .after("logs")
        .within(Duration::from_secs(20)),
    // Lambda: accepts one change of a function at a time. Just created roles, keys and queues are not visible yet.
    Passing::writing("lambda", &["ResourceConflictException"]).but_not(&["already exist"]),
    Passing::writing("lambda", &["ResourceInUseException", "ResourceNotReadyException"]),
    Passing::unseen("lambda", NOT_FOUND),
    Passing::writing("lambda", &["EC2ThrottledException"]),
    Passing::writing("lambda", &["InvalidParameterValueException"]).saying(&[
        "throttled by EC2",
        "cannot be assumed by Lambda",
        "execution role does not have permissions",
        "does not have permissions to call",
        "KMS key is invalid for CreateGrant",
        "destination ARN",
        "NonExistentQueue",
        "Queue visibility timeout",
        "Function does not exist",
    ]),
    Passing::writing("lambda", DENIED)
        .saying(&["kms:"])
        .after("kms")
        .permitted(),
    // DynamoDB: accepts one change of a table, or of its tags, at a time, and only so many changes of an account's tables.
    // https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html#API_UpdateTable_Errors
    Passing::writing("dynamodb", &["ResourceInUseException"]).but_not(&["already exist"]),
    Passing::writing("dynamodb", &["LimitExceededException"]).saying(&["simultaneously", "being updated"]),
    Passing::unseen("dynamodb", NOT_FOUND).after("dynamodb"),
    // EventBridge.
    Passing::of(
        "events",
        &["ConcurrentModificationException", "InternalException"],
    ),
    Passing::unseen("events", NOT_FOUND).after("events"),
    Passing::unseen("events", &["ValidationException"]).saying(&["cannot be assumed by principal"]),
    Passing::deleting("events", &["ValidationException"])
        .saying(&["has rules"])
        .within(UNSEEN),
    // CloudWatch: a composite alarm does not see its children until a moment after their creation.
    Passing::writing("cloudwatch", &["ConcurrentModificationException"]),
    Passing::unseen("cloudwatch", NOT_FOUND).after("cloudwatch"),
    Passing::unseen("cloudwatch", &["ValidationError", "ValidationException"])
        .saying(&["do not exist", "does not exist"])
        .after("cloudwatch")
        .within(Duration::from_secs(30)),
    // A log alarm needs roles, which are not visible everywhere at once.
    Passing::unseen(
        "cloudwatch",
        &["InvalidParameterValue", "ValidationError", "ValidationException"],
    )
    .saying(&["assume"])
    .after("iam"),
    // CloudTrail checks the bucket, key, role and log group.
    Passing::writing("cloudtrail", &["ConflictException"]),
    Passing::unseen("cloudtrail", &["TrailNotFoundException"]).after("cloudtrail"),
    Passing::unseen("cloudtrail", &["S3BucketDoesNotExistException"]).after("s3"),
    Passing::unseen(
        "cloudtrail",
        &[
            "InsufficientS3BucketPolicyException",
            "InsufficientEncryptionPolicyException",
            "KmsKeyNotFoundException",
        ],
    ),
    Passing::unseen(
        "cloudtrail",
        &[
            "InvalidCloudWatchLogsLogGroupArnException",
            "InvalidCloudWatchLogsRoleArnException",
        ],
    )
    .saying(&["access denied"]),
    // CloudFormation: a set's newest state is not everywhere yet.
    Passing::writing("cloudformation", &["StaleRequestException"]),
    Passing::deleting("cloudformation", &["StackSetNotEmptyException"]).within(UNSEEN),
    Passing::unseen("cloudformation", &["ValidationError"]).saying(UNSEEN_ROLE),
    // S3.
    Passing::writing("s3", &["OperationAborted"]),
    Passing::unseen("s3", &["NoSuchBucket"]),
    Passing::unseen("s3", &["MalformedPolicy"]).saying(&["principal"]),
    // CloudFormation: accepts one operation on a stack at a time.
    Passing::writing("cloudformation", &["ValidationError"]).saying(&["_IN_PROGRESS state"]),
    // API Gateway: accepts one change of an API at a time.
    Passing::of("apigateway", &["ConflictException"]).saying(&[
        "concurrent modification",
        "try again later",
        "referenced by the following Routes",
    ]),
    Passing::unseen("apigateway", NOT_FOUND),
];

/// How long a call that failed with `fault` is retried. `None` if time does not help.
pub(super) fn limit(fault: &Fault, memory: &Memory) -> Option<Duration> {
    if fault.throttled() {
        return Some(LIMIT);
    }
    let (service, _) = fault.action.split_once(':')?;
    let deed = Deed::of(fault.action);
    if fault.ambiguous() {
        return (!MAKES_ANOTHER.contains(&fault.action)).then_some(LIMIT);
    }
    let row = TABLE
        .iter()
        .find(|row| row.covers(service, deed, fault, memory))?;
    Some(row.limit)
}

/// True if some row covers the refusal, regardless of the row's other conditions.
pub fn may_pass(fault: &Fault) -> bool {
    let codes = TABLE.iter().filter(|row| fault.action.starts_with(row.service));
    fault.throttled() || fault.ambiguous() || codes.into_iter().any(|row| fault.is(row.codes))
}

/// True if AWS rejected the request because of its time.
pub(super) fn is_wrong_clock(fault: &Fault) -> bool {
    fault.is(&["RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"])
        || (fault.is(&["SignatureDoesNotMatch", "InvalidSignatureException"])
            && super::hints::signed_at_another_time(&fault.message))
}

#[cfg(test)]
mod tests;
