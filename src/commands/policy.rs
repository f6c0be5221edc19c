//! `alertctl policy`: the permissions of the stack's roles, and those that the tool itself needs.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use serde_json::{Value, json};

use super::{App, Outcome};
use crate::aws::Scope;
use crate::blueprint::{self, Address, Addresses};
use crate::cli::PolicyArgs;
use crate::engine::graph::Graph;
use crate::operate::permissions::{Bound, Command, Permission, documents, grants, needed};
use crate::output::Failure;
use crate::resource::inventory;
use crate::stack::{SecretSource, Stack};

mod check;
mod roles;
mod target;
mod text;

pub async fn run(app: &App, args: &PolicyArgs) -> Outcome {
    if args.import {
        let document = for_import();
        app.out.result(
            || format!("{document:#}"),
            || json!({ "version": 1, "policies": [{ "name": "alertctl-import", "document": document }] }),
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let loaded = app.load_offline(&args.file.path, false)?;
    let stack = &loaded.stack;
    if args.check {
        return check::run(app, args, stack).await;
    }
    let scope = scope(app, args, stack).await?;
    let graph = graph(stack, &scope);
    if let Some(account) = &args.target {
        let roles = target::of(&stack.stack, &graph, &scope, account)?;
        app.out.result(
            || target::text(account, &roles),
            || json!({ "version": 1, "stack": stack.stack, "account": account, "roles": roles }),
        )?;
    } else if args.deployer {
        let commands = commands(args);
        let permissions = needed(&stack.stack, &graph, &scope, &commands);
        let title = text::title(&stack.stack, &scope, &commands);
        app.out.result(
            || text::permissions(&title, &permissions, &commands),
            || deployer_json(stack, &scope, &commands, &permissions),
        )?;
    } else {
        let roles = roles::of(&graph, &scope);
        app.out.result(
            || roles::text(&stack.stack, &scope, &roles),
            || {
                json!({ "version": 1, "stack": stack.stack, "account": scope.account, "region": scope.region,
                       "roles": roles })
            },
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The policy for who imports an account.
fn for_import() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Sid": "Import", "Effect": "Allow", "Action": inventory::ACTIONS, "Resource": "*" }],
    })
}

/// The requested commands; all of them if none is given.
fn commands(args: &PolicyArgs) -> Vec<Command> {
    let asked = [
        (args.plan && !args.backtest, Command::Plan),
        (args.backtest, Command::PlanWithBacktest),
        (args.apply, Command::Apply),
        (args.destroy && !args.delete_trail_logs, Command::Destroy),
        (args.delete_trail_logs, Command::DestroyWithLogs),
    ];
    let mut commands: Vec<_> = asked
        .iter()
        .filter_map(|(asked, command)| asked.then_some(*command))
        .collect();
    let named = args.plan || args.apply || args.destroy;
    if !named {
        if !args.backtest {
            commands.push(Command::Plan);
        }
        commands.push(Command::Apply);
        if !args.delete_trail_logs {
            commands.push(Command::Destroy);
        }
        commands.sort_unstable();
    }
    commands
}

/// The account and region of the policy.
async fn scope(app: &App, args: &PolicyArgs, stack: &Stack) -> Result<Scope, Failure> {
    match &args.account {
        Some(account) => Ok(Scope::of(account, app.written_region(stack)?)),
        None => {
            let access = app.access(&stack.stack, stack.region.as_deref()).await?;
            Ok(access.aws.scope().await?.clone())
        }
    }
}

/// The stack without its actual addresses, which make no difference here.
fn graph(stack: &Stack, scope: &Scope) -> Graph {
    let address = |address: &SecretSource| match address {
        SecretSource::Encrypted { ciphertext, .. } => Address::Ciphertext(ciphertext.clone()),
        SecretSource::Env(_) => Address::NotAtHand,
    };
    let channels = stack.channels.iter();
    let addresses: Addresses = channels
        .map(|(key, settings)| (key.clone(), address(&settings.address)))
        .collect();
    blueprint::graph(stack, scope, &addresses)
}

fn deployer_json(
    stack: &Stack,
    scope: &Scope,
    commands: &[Command],
    permissions: &BTreeSet<Permission>,
) -> Value {
    let documents = documents(&grants(permissions));
    let several = documents.len() > 1;
    let named = documents.iter().enumerate().map(|(index, document)| {
        let number = if several {
            format!("-{}", index + 1)
        } else {
            String::new()
        };
        json!({ "name": format!("alertctl-{}-deployer{number}", stack.stack), "document": document })
    });
    let mut merged: BTreeMap<_, (BTreeSet<Command>, &str)> = BTreeMap::new();
    for permission in permissions {
        let what = (&permission.resource, permission.action, &permission.conditions);
        let (using, why) = merged.entry(what).or_default();
        using.extend(users(permission, commands));
        *why = (*why).max(permission.why);
    }
    let condition =
        |(operator, key, value): &Bound| json!({ "operator": operator, "key": key, "value": value });
    let rows = merged.into_iter().map(|((resource, action, conditions), (using, why))| {
        let conditions: Vec<_> = conditions.iter().map(condition).collect();
        json!({
            "action": action, "resource": resource, "conditions": conditions, "commands": using, "why": why,
        })
    });
    let rows: Vec<_> = rows.collect();
    json!({
        "version": 1,
        "stack": stack.stack,
        "account": scope.account,
        "region": scope.region,
        "commands": commands,
        "policies": named.collect::<Vec<_>>(),
        "permissions": rows,
    })
}

/// Which of `commands` use the permission.
fn users(permission: &Permission, commands: &[Command]) -> Vec<Command> {
    let using = |command: &&Command| command.phases().contains(&permission.phase);
    commands.iter().filter(using).copied().collect()
}
