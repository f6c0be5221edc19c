//! A stack is at home in one region. Its roles are visible in all regions, and their tags name that region.

use std::collections::BTreeSet;

use super::Observation;
use crate::aws::fault::REFUSED;
use crate::aws::{Aws, Fault};
use crate::resource::kinds::kind;
use crate::resource::{Home, Regions, Result, iam};

/// Returns an error if the stack of `aws` is at home in another region than that of `aws`. For commands that do not
/// observe the stack.
///
/// # Errors
/// That error, or an error from IAM.
pub async fn refuse_elsewhere(aws: &Aws) -> Result<()> {
    match iam::role::home(aws).await? {
        Some(home) if home != aws.connection.region => Err(elsewhere(aws, &home)),
        _ => Ok(()),
    }
}

/// The error for using the stack of `aws`, whose home region is `home`, from the region of `aws`.
pub(super) fn elsewhere(aws: &Aws, home: &str) -> Fault {
    let (stack, connection) = (&aws.stack, &aws.connection);
    let text = format!(
        "stack `{stack}` is at home in {home}, but the region is {}, set by {}",
        connection.region, connection.region_from
    );
    Fault::new("iam:ListRoles", REFUSED, text).hint(format!(
        "nothing was changed: run it with `--region {home}`, or write `region: {home}` in the stack file; to \
         create it in another region, choose another name or destroy this stack first"
    ))
}

impl Observation {
    /// The home region of the stack, if it is not the region that was observed.
    pub(super) fn home(&self) -> Option<String> {
        let here = &self.scope.region;
        let (mut tagged, mut seeming) = (BTreeSet::new(), BTreeSet::new());
        for (id, live) in self.owned() {
            match (kind(id.kind).about)(live).home {
                Some(Home::Is(region)) => tagged.insert(region),
                Some(Home::Seems(region)) => seeming.insert(region),
                None => continue,
            };
        }
        // Roles of older versions do not name a home region. If two copies of a stack exist in two regions, each took
        // the roles from the other: neither copy may be locked out of its own region.
        let homes = match tagged.is_empty() {
            true if self.lives_here() => return None,
            true => seeming,
            false => tagged,
        };
        homes.first().filter(|_| !homes.contains(here)).cloned()
    }

    /// Whether the stack has any resource that belongs to this region. A resource for rules of another region has
    /// that region in its id, and does not count.
    fn lives_here(&self) -> bool {
        self.owned()
            .any(|(id, _)| kind(id.kind).handling.regions != Regions::Global && id.region().is_none())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::rc::Rc;

    use super::*;
    use crate::resource::any::AnyLive;
    use crate::resource::cloudwatch::alarm::{CloudwatchAlarm, Live as Alarm};
    use crate::resource::iam::role::{IamRole, Live as Role};
    use crate::resource::iam::role_policy::{IamRolePolicy, Live as RolePolicy};
    use crate::resource::tests::script::{node, scope};
    use crate::resource::{NodeId, Presence, Resource};

    type Found = (NodeId, AnyLive);

    /// An observation in eu-west-1.
    fn seen(orphans: Vec<Found>) -> Observation {
        Observation {
            scope: scope(),
            wanted: HashMap::new(),
            orphans,
            warnings: Vec::new(),
        }
    }

    fn role(home: Option<&str>) -> Found {
        let live: AnyLive = Rc::new(Role::at_home("mission-relay-role", home));
        (node(IamRole::KIND, "relay"), live)
    }

    /// A policy about a log group and a queue of `region`, and a trail of another region.
    fn policy(region: &str) -> Found {
        let arns = [
            format!("arn:aws:logs:{region}:1:log-group:/aws/lambda/mission-relay:*"),
            format!("arn:aws:sqs:{region}:1:mission-relay-dead-letters"),
            "arn:aws:cloudtrail:us-east-2:1:trail/theirs".to_owned(),
        ];
        let statements = arns.map(|arn| serde_json::json!({ "Effect": "Allow", "Resource": [arn] }));
        let policy = serde_json::json!({ "Statement": statements });
        let live: AnyLive = Rc::new(RolePolicy::of("mission-relay-role", "relay", policy));
        (node(IamRolePolicy::KIND, "relay"), live)
    }

    fn alarm(key: &str) -> Found {
        (
            node(CloudwatchAlarm::KIND, key),
            Rc::new(Alarm::named("mission-cpu")),
        )
    }

    #[test]
    fn what_a_role_says_of_its_home_counts_before_all_else() {
        let home = |found| seen(found).home();
        assert_eq!(home(vec![role(Some("eu-west-1"))]), None);
        assert_eq!(home(vec![role(Some("us-west-2"))]).as_deref(), Some("us-west-2"));
        // A policy and an alarm that a run in the wrong region created here.
        let found = vec![role(Some("us-west-2")), policy("eu-west-1"), alarm("cpu")];
        assert_eq!(home(found).as_deref(), Some("us-west-2"));
        assert_eq!(home(vec![role(Some("eu-west-1")), policy("us-west-2")]), None);
        assert_eq!(home(Vec::new()), None);
    }

    #[test]
    fn roles_that_do_not_say_it_yet_are_known_by_what_they_may_touch_where_nothing_else_is() {
        let home = |found| seen(found).home();
        assert_eq!(
            home(vec![role(None), policy("us-west-2")]).as_deref(),
            Some("us-west-2")
        );
        assert_eq!(home(vec![role(None), policy("eu-west-1")]), None);
        assert_eq!(home(vec![role(None)]), None);
        // Two copies made by older versions: each may go on, and the first to apply gets the home region.
        assert_eq!(home(vec![role(None), policy("us-west-2"), alarm("cpu")]), None);
        // A resource for rules of this region belongs to a stack that is at home elsewhere.
        assert!(home(vec![role(None), policy("us-west-2"), alarm("cpu@eu-west-1")]).is_some());
    }

    #[test]
    fn a_strangers_role_says_nothing() {
        let (id, live) = role(Some("us-west-2"));
        let mut seen = seen(Vec::new());
        seen.wanted.insert(id, Presence::Foreign(live));
        assert_eq!(seen.home(), None);
    }

    #[test]
    fn the_refusal_says_who_named_the_wrong_region_and_what_to_do() {
        let fault = elsewhere(&Aws::mocked(Vec::new(), |_| {}), "us-west-2");
        assert_eq!(
            fault.to_string(),
            "stack `mission` is at home in us-west-2, but the region is eu-west-1, set by the stack file"
        );
        assert!(fault.hint.unwrap().contains("`--region us-west-2`"));
    }
}
