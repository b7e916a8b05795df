//! The one TLS provider of the process.

use std::sync::Once;

/// Installs ring as rustls' provider, once. Every HTTP client here is built without a provider of its
/// own and panics when none is installed, so whoever builds one calls this first.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // Refused only when somebody else installed one before; then there is one, which is the point.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
