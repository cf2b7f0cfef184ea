//! The timers of a run.

use std::{fmt, str::FromStr};

use sba_subjects::name::TimerName;

/// What a timer of a run is for; its name says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The question of this step is not answered any more.
    Ask(u32),
    /// A cancelled run waits no longer for its tools.
    Grace,
    /// A paused run goes on by itself.
    Wake,
}

/// A name that no timer of this version has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownTimer;

impl Timer {
    /// The name as a subject carries it.
    #[must_use]
    pub fn name(self) -> Option<TimerName> {
        self.to_string().parse().ok()
    }
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask(step) => write!(f, "ask-{step}"),
            Self::Grace => f.write_str("grace"),
            Self::Wake => f.write_str("wake"),
        }
    }
}

impl FromStr for Timer {
    type Err = UnknownTimer;

    fn from_str(name: &str) -> Result<Self, UnknownTimer> {
        match name {
            "grace" => Ok(Self::Grace),
            "wake" => Ok(Self::Wake),
            _ => {
                let step = name.strip_prefix("ask-").and_then(|step| step.parse().ok());
                step.map(Self::Ask).ok_or(UnknownTimer)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_is_read_back_from_its_name() {
        for timer in [Timer::Ask(1), Timer::Ask(u32::MAX), Timer::Grace, Timer::Wake] {
            assert_eq!(timer.name().map(|name| name.as_str().parse()), Some(Ok(timer)));
        }
        for name in ["", "ask", "ask-", "ask-x", "ask--1", "later"] {
            assert_eq!(name.parse::<Timer>(), Err(UnknownTimer), "{name}");
        }
    }
}
