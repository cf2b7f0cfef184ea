//! `sba token`.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use sba_gateway::auth::{Claims, KeyPair, Role, mint};
use sba_service::{
    clock::{Clock as _, SystemClock},
    ids::TimeOrderedIds,
};
use sba_subjects::id::{TenantId, UserId};
use uuid::Uuid;

use super::Configured;

#[derive(Debug, clap::Args)]
pub(super) struct TokenArgs {
    #[command(flatten)]
    configured: Configured,
    /// The tenant; none for an operator, who belongs to no tenant.
    #[arg(long)]
    tenant: Option<Uuid>,
    /// The user; a new one where none is named.
    #[arg(long)]
    user: Option<Uuid>,
    /// A role: viewer, member, tenant_admin or operator. May be given several times.
    #[arg(long = "role", default_value = "member")]
    roles: Vec<Role>,
    /// Instead of a token, make an issuer's key pair in this folder: issuer.pem and issuer.pub.pem.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["tenant", "user"])]
    new_issuer: Option<PathBuf>,
}

pub(super) fn run(args: &TokenArgs) -> anyhow::Result<ExitCode> {
    if let Some(folder) = &args.new_issuer {
        return new_issuer(folder);
    }
    let auth = args.configured.load()?.auth;
    let path = auth.private_key.context("auth.private_key is not set")?;
    let key = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let now = SystemClock.now_millis() / 1_000;
    let claims = Claims {
        iss: auth.issuer,
        aud: auth.audience,
        iat: now,
        exp: now + auth.token_ttl_seconds,
        tenant_id: args.tenant.map(TenantId::from_uuid),
        user_id: args.user.map_or_else(|| TimeOrderedIds::shared(SystemClock::shared()).make(), UserId::from_uuid),
        roles: args.roles.clone(),
    };
    println!("{}", mint(&key, &claims)?);
    Ok(ExitCode::SUCCESS)
}

fn new_issuer(folder: &Path) -> anyhow::Result<ExitCode> {
    let pair = KeyPair::generate()?;
    fs::create_dir_all(folder)?;
    for (name, text, mode) in [("issuer.pem", &pair.private_pem, 0o600), ("issuer.pub.pem", &pair.public_pem, 0o644)] {
        let path = folder.join(name);
        let file = fs::OpenOptions::new().create_new(true).write(true).mode(mode).open(&path);
        let mut file = file.with_context(|| format!("{} could not be made", path.display()))?;
        file.write_all(text.as_bytes())?;
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}
