//! TLS for the servers on loopback.

use std::sync::Arc;

use rustls::ServerConfig;

/// A configuration with a certificate for these names that nobody trusts, and the certificate in PEM.
pub(crate) fn self_signed(names: &[&str]) -> (Arc<ServerConfig>, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], made.signing_key.into())
        .unwrap();
    (Arc::new(config), made.cert.pem())
}
