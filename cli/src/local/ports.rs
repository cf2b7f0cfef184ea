//! Free ports.

use std::net::{Ipv4Addr, TcpListener};

use super::LocalError;

/// Picks `N` different ports that are free now.
///
/// Another program may take one before the server does, so whoever uses them starts the server again on others when it
/// ends at once, and checks that what answers is the server that was started.
pub(super) fn free<const N: usize>() -> Result<[u16; N], LocalError> {
    let mut ports = [0; N];
    // All are held until the last is picked, so that they differ.
    let mut held = Vec::with_capacity(N);
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(LocalError::io("no free port"))?;
        *port = listener.local_addr().map_err(LocalError::io("no free port"))?.port();
        held.push(listener);
    }
    Ok(ports)
}
