//! What no type can say: addresses, names that refer to each other, files that must be there.

use std::net::SocketAddr;

use super::Settings;
use super::layers::Layers;
use super::walk::Walk;

/// Notes every fault of meaning.
pub(super) fn check(settings: &Settings, layers: &Layers, walk: &mut Walk) {
    if settings.listen.parse::<SocketAddr>().is_err() {
        let what = format!("`{}` is not an address to listen on", settings.listen);
        walk.fault(layers, "listen", what, "write address:port, as in `127.0.0.1:9095`".into());
    }
}
