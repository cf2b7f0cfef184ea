//! Asking before something is done that cannot be taken back, or to many at once.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use super::Refusal;

/// Asks whether to go on, unless `yes` was said on the command line.
///
/// # Errors
/// [`Refusal::Unconfirmed`] for any answer but yes, and where there is nobody to ask.
pub fn confirm(question: &str, yes: bool) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Err(Refusal::Unconfirmed.into());
    }
    eprint!("{question} [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Refusal::Unconfirmed.into()),
    }
}
