//! `sba key revoke`.

use std::process::ExitCode;

use uuid::Uuid;

use super::Asked;

#[derive(Debug, clap::Args)]
pub(super) struct RevokeArgs {
    #[command(flatten)]
    asked: Asked,
    /// The key's id; its text has it too, between the second and the third underscore.
    key: Uuid,
}

pub(super) async fn run(args: &RevokeArgs) -> anyhow::Result<ExitCode> {
    args.asked.client()?.revoke_key(args.key).await?;
    if args.asked.json {
        println!("{}", serde_json::json!({"key_id": args.key, "status": "revoked"}));
    } else {
        eprintln!("Key {} is revoked.", args.key);
    }
    Ok(ExitCode::SUCCESS)
}
