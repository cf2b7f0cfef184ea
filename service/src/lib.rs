//! What every process of SBA shares: configuration, telemetry, the NATS connection, heartbeat, health, shutdown.

pub mod config;
pub mod log;
