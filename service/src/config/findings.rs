//! What is wrong with values whose types are right.

use std::{fmt, ops::RangeInclusive, path::Path};

use super::ConfigError;

/// One setting that cannot be used as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The setting, e.g. `nats.replicas`.
    pub key: String,
    /// What was found and what was expected, without the name of the setting.
    pub problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.problem)
    }
}

/// Collects findings of one section, so that a person sees all of them at once.
#[derive(Debug)]
pub(super) struct Findings<'a> {
    section: &'static str,
    all: &'a mut Vec<Finding>,
}

/// All findings as one error; none is none.
pub(super) fn report(all: Vec<Finding>) -> Result<(), ConfigError> {
    if all.is_empty() { Ok(()) } else { Err(ConfigError::Check(all)) }
}

impl<'a> Findings<'a> {
    pub(super) fn new(section: &'static str, all: &'a mut Vec<Finding>) -> Self {
        Self { section, all }
    }

    pub(super) fn add(&mut self, field: &str, problem: impl Into<String>) {
        let key = format!("{}.{field}", self.section);
        self.all.push(Finding { key, problem: problem.into() });
    }

    pub(super) fn require(&mut self, field: &str, holds: bool, problem: &str) {
        if !holds {
            self.add(field, problem);
        }
    }

    pub(super) fn range<T: PartialOrd + fmt::Display>(&mut self, field: &str, value: T, allowed: RangeInclusive<T>) {
        if !allowed.contains(&value) {
            let (low, high) = allowed.into_inner();
            self.add(field, format!("is {value}, expected {low} to {high}"));
        }
    }

    /// A file that must be readable when the process starts; unset is fine.
    pub(super) fn file(&mut self, field: &str, path: Option<&Path>) {
        if let Some(path) = path
            && let Err(error) = std::fs::File::open(path)
        {
            self.add(field, format!("the file {path:?} cannot be read: {error}"));
        }
    }

    pub(super) fn socket(&mut self, field: &str, address: &str) {
        if address.parse::<std::net::SocketAddr>().is_err() {
            let expected = "expected an address and a port such as 127.0.0.1:8080";
            self.add(field, format!("is {address:?}, {expected}"));
        }
    }

    pub(super) fn scheme(&mut self, field: &str, url: &str, schemes: &[&str]) {
        if !schemes.iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme)) {
            let shown = url.chars().take(40).collect::<String>();
            self.add(field, format!("is {shown:?}, expected {}…", schemes.join("… or ")));
        }
    }
}
