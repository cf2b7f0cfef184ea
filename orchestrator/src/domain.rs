//! The run, without any I/O.
//!
//! [`RunState::apply`](sba_subjects::state::RunState::apply) says what an event means, [`decide`] says which
//! events follow from an input. Whoever reads these two has read all that a run can do.

mod agent;
mod budget;
mod decide;
pub mod outlook;
mod timer;
mod turn;
mod workflow;

pub use agent::{Agent, AgentSettings, Prices, RunLimits};
pub use decide::{Action, Answer, Decision, Input, decide};
pub use timer::Timer;
pub use turn::{Stamp, Turn};
pub use workflow::{ModelCall, Piece, Source, Thought, WriteInput, hits, tidy};
