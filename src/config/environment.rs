//! What of the orchestrator's own environment an agent sees: an allow-list, computed once. The documentation has the same list.

use std::collections::BTreeMap;

use orchestrator_core::domain::agent::Secret;

/// Variables that agents inherit where they are set.
pub const ALLOWED: [&str; 25] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// Prefixes of further ones.
pub const ALLOWED_PREFIXES: [&str; 1] = ["LC_"];

/// The allowed variables with their values. One whose value holds a secret of the orchestrator, or a proxy's password, is left out.
pub(super) fn of(variables: &BTreeMap<String, String>, secrets: &[Secret]) -> Vec<(String, String)> {
    let allowed = |name: &str| ALLOWED.contains(&name) || ALLOWED_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    let harmless = |name: &str, value: &str| {
        let tells = secrets.iter().any(|secret| !secret.expose().is_empty() && value.contains(secret.expose()));
        let proxy_with_password = name.to_ascii_lowercase().ends_with("_proxy") && value.contains('@');
        !tells && !proxy_with_password
    };
    variables
        .iter()
        .filter(|(name, value)| allowed(name) && harmless(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
