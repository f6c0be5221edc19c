//! The relay, built for Lambda and packed by the build script.

use std::io::{Cursor, Write as _};

use alertctl_relay::SETTINGS_FILE;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256};
use zip::write::{SimpleFileOptions, ZipWriter};

/// The zip without settings: one static executable `bootstrap` for `provided.al2023`, x86_64.
pub const ZIP: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/relay.zip"));

/// [`ZIP`] with `settings` beside the executable; the same bytes for the same settings.
pub fn with_settings(settings: &str) -> Vec<u8> {
    let entry = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    let append = || -> zip::result::ZipResult<Vec<u8>> {
        let mut writer = ZipWriter::new_append(Cursor::new(ZIP.to_vec()))?;
        writer.start_file(SETTINGS_FILE, entry)?;
        writer.write_all(settings.as_bytes())?;
        Ok(writer.finish()?.into_inner())
    };
    append().unwrap_or_else(|error| unreachable!("the zip made by the build script: {error}"))
}

/// What Lambda reports as `CodeSha256` of a function with this zip: SHA-256 in Base64.
pub fn sha256(zip: &[u8]) -> String {
    BASE64_STANDARD.encode(Sha256::digest(zip))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn settings_lie_beside_the_executable() {
        let zip = with_settings("{}");
        assert_eq!(sha256(&zip), sha256(&with_settings("{}")));
        assert_ne!(sha256(&zip), sha256(&with_settings("{ }")));
        let mut archive = zip::ZipArchive::new(Cursor::new(&zip)).unwrap();
        let mut names: Vec<_> = archive
            .file_names()
            .map(|name| name.unwrap().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, ["bootstrap", "settings.json"]);
        let mut text = String::new();
        archive
            .by_name(SETTINGS_FILE)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "{}");
        let executable = archive.by_name("bootstrap").unwrap();
        assert_eq!(executable.unix_mode().map(|mode| mode & 0o777), Some(0o755));
    }
}
