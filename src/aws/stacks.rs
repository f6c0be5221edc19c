//! The stacks of an account, found without their files.

use std::collections::BTreeMap;

use aws_sdk_resourcegroupstagging::types::TagFilter;

use super::call::Aws;
use super::concurrently::concurrently;
use super::discovery::indexed;
use super::fault::Result;
use super::roles;
use super::tags::STACK_TAG;

/// A stack that has resources in the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundStack {
    pub name: String,
    /// Its own region, as far as its roles say it.
    pub home: Option<String>,
    /// Its roles, which are visible in all regions.
    pub roles: usize,
    /// Its other resources in the region that was looked at, as far as the tagging index knows them.
    pub resources: usize,
}

/// All stacks: those with a role, wherever they are at home, and those with resources in the region of `aws`; by name.
///
/// # Errors
/// IAM or the tagging index does not answer.
pub async fn stacks(aws: &Aws) -> Result<Vec<FoundStack>> {
    let (roles, resources) = futures::try_join!(by_roles(aws), by_tags(aws))?;
    let mut all: BTreeMap<String, FoundStack> = BTreeMap::new();
    let entry = |all: &mut BTreeMap<String, FoundStack>, name: &str, change: &dyn Fn(&mut FoundStack)| {
        let found = all.entry(name.to_owned()).or_insert_with(|| FoundStack {
            name: name.to_owned(),
            home: None,
            roles: 0,
            resources: 0,
        });
        change(found);
    };
    for (name, home, count) in roles {
        entry(&mut all, &name, &|found| {
            found.roles = count;
            found.home.clone_from(&home);
        });
    }
    for (name, count) in resources {
        entry(&mut all, &name, &|found| found.resources = count);
    }
    Ok(all.into_values().collect())
}

/// Each stack with a role: its name, its home region, and the number of its roles. IAM's list does not contain tags, so one
/// role of each stack is asked.
async fn by_roles(aws: &Aws) -> Result<Vec<(String, Option<String>, usize)>> {
    let mut stacks: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for role in roles::under(aws, roles::ALL).await? {
        let name = role
            .path
            .strip_prefix(roles::ALL)
            .unwrap_or_default()
            .trim_end_matches('/');
        if !name.is_empty() {
            stacks.entry(name.to_owned()).or_default().push(role.role_name);
        }
    }
    concurrently(stacks, async |(name, roles)| {
        let home = match roles.first() {
            Some(role) => roles::home(aws, role).await?,
            None => None,
        };
        Ok((name, home, roles.len()))
    })
    .await
}

/// The number of resources of each stack in the region of `aws`.
async fn by_tags(aws: &Aws) -> Result<BTreeMap<String, usize>> {
    let filter = TagFilter::builder().key(STACK_TAG).build();
    let request = aws.connection.clients.tagging.get_resources();
    let mut stacks = BTreeMap::new();
    for mut resource in indexed(aws, request.tag_filters(filter)).await? {
        if let Some(name) = resource.tags.remove(STACK_TAG) {
            *stacks.entry(name).or_default() += 1;
        }
    }
    Ok(stacks)
}
