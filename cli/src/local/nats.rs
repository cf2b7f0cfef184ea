//! NATS servers in operator mode with JetStream, configured by the files in `nats/`.

mod cluster;
mod hub;
mod identity;
mod init;
mod node;
mod server;
mod shared;
mod site;

pub use self::cluster::NatsCluster;
pub use self::hub::HubAccount;
pub use self::init::init;
pub use self::server::{Durability, NatsServer};
pub(crate) use self::shared::SITE_VARIABLE;
pub use self::shared::shared;
pub use self::site::NatsSite;
pub(super) use self::site::write as write_private;
