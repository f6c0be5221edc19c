//! `alertctl list`.

use std::process::ExitCode;

use serde_json::json;

use super::{App, Outcome};
use crate::aws::stacks::{FoundStack, stacks};

/// Lists the stacks of the account.
pub async fn run(app: &App) -> Outcome {
    let access = app.access("", None).await?;
    let scope = access.aws.scope().await?;
    let found = stacks(&access.aws).await?;
    let (account, region) = (&scope.account, &scope.region);
    app.out.result(
        || text(&found, account, region),
        || {
            json!({
                "version": 1,
                "account": account,
                "region": region,
                "stacks": found.iter().map(|stack| json!({
                    "stack": stack.name, "home": stack.home, "roles": stack.roles, "resources": stack.resources,
                })).collect::<Vec<_>>(),
            })
        },
    )?;
    Ok(ExitCode::SUCCESS)
}

fn text(found: &[FoundStack], account: &str, region: &str) -> String {
    if found.is_empty() {
        return format!("no stack in account {account}, as far as roles and the resources in {region} show");
    }
    let mut rows = vec![["stack", "home region", "roles", &format!("in {region}")].map(str::to_owned)];
    rows.extend(found.iter().map(|stack| {
        let home = stack.home.clone().unwrap_or_else(|| "?".to_owned());
        [
            stack.name.clone(),
            home,
            stack.roles.to_string(),
            stack.resources.to_string(),
        ]
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let lines = rows.iter().map(|[name, home, roles, here]| {
        let [first, second, third] = widths;
        format!("{name:first$}  {home:second$}  {roles:>third$}  {here}")
    });
    let lines: Vec<_> = lines.collect();
    format!("account {account}\n\n{}", lines.join("\n"))
}
