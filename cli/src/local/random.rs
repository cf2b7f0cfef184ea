//! Names and passwords that nobody can guess.

/// 128 random bits in hexadecimal, after a letter: never taken for a number by a configuration parser.
pub(super) fn word() -> String {
    format!("r{:032x}", rand::random::<u128>())
}
