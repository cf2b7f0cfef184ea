//! `sba key list`.

use std::process::ExitCode;

use super::Asked;
use crate::operate::{Table, time};

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    asked: Asked,
}

pub(super) async fn run(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let client = args.asked.client()?;
    let mut table = Table::new(&["key", "status", "roles", "until", "name"]);
    for number in 1.. {
        let page = client.keys(number).await?;
        let more = page.has_next();
        for key in page.data {
            if args.asked.json {
                println!("{}", serde_json::to_string(&key)?);
                continue;
            }
            table.row([key.key_id.to_string(), key.status, key.roles.join(","), time(key.expires_at), key.name]);
        }
        if !more {
            break;
        }
    }
    if !table.is_empty() {
        print!("{table}");
    }
    Ok(ExitCode::SUCCESS)
}
