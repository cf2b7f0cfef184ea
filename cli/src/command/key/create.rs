//! `sba key create`.

use std::process::ExitCode;

use sba_subjects::role::Role;

use super::Asked;
use crate::operate::time;

#[derive(Debug, clap::Args)]
pub(super) struct CreateArgs {
    #[command(flatten)]
    asked: Asked,
    /// What people call it.
    name: String,
    /// A role: viewer, member or tenant_admin. May be given several times.
    #[arg(long = "role", default_value = "member")]
    roles: Vec<Role>,
    /// How long it is good, e.g. 90d; as long as the gateway has it where nothing is named.
    #[arg(long)]
    ttl: Option<humantime::Duration>,
}

pub(super) async fn run(args: &CreateArgs) -> anyhow::Result<ExitCode> {
    let roles: Vec<String> = args.roles.iter().map(ToString::to_string).collect();
    let ttl = args.ttl.map(|ttl| ttl.as_secs());
    let made = args.asked.client()?.create_key(&args.name, &roles, ttl).await?;
    if args.asked.json {
        println!("{}", serde_json::to_string(&made)?);
        return Ok(ExitCode::SUCCESS);
    }
    // Alone on standard output, so that a script can take it from there.
    eprintln!("Key {} is good until {}. This is its text; it is not told again.", made.key_id, time(made.expires_at));
    println!("{}", made.key.unwrap_or_default());
    Ok(ExitCode::SUCCESS)
}
