//! The relay, built for Lambda and packed by the build script.

/// The zip to upload: one static executable `bootstrap` for `provided.al2023`, x86_64.
pub const ZIP: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/relay.zip"));

/// SHA-256 of [`ZIP`] in Base64, which is what Lambda reports as `CodeSha256` of a function.
pub const SHA256: &str = env!("ALERTCTL_RELAY_SHA256");
