//! Digests as text.

use sha2::{Digest as _, Sha256};

/// Bytes in hexadecimal, lower-case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of several texts: 64 hexadecimal digits. Texts that are divided in another way have another digest.
pub(crate) fn hex_digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut sum = Sha256::new();
    for part in parts {
        sum.update(part.len().to_be_bytes());
        sum.update(part);
    }
    hex(&sum.finalize())
}
