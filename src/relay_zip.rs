//! The relay, built for Lambda and packed by the build script or before it.

use std::io::{Cursor, Write as _};

use alertctl_relay::SETTINGS_FILE;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;
use zip::write::{SimpleFileOptions, ZipWriter};

/// The zip without settings. It holds one static executable `bootstrap` for `provided.al2023` on x86_64, and
/// `relay.json`, which says what the executable was built from.
pub const ZIP: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/relay.zip"));

/// The relay's version.
pub const VERSION: &str = env!("ALERTCTL_RELAY_VERSION");

/// Digest in hex of everything that the executable was built from. Every build of the same sources has the same
/// digest.
pub const SOURCES_SHA256: &str = env!("ALERTCTL_RELAY_SHA256");

/// [`ZIP`] with the file `settings` beside the executable. The same settings give the same bytes.
///
/// The result has two parts: the head, which is most of the zip and a slice of [`ZIP`], and the rest.
pub fn with_settings(settings: &str) -> (&'static [u8], Vec<u8>) {
    let entry = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    let append = || -> zip::result::ZipResult<_> {
        // The appended entry overwrites the central directory, which moves behind it.
        let shared = ZipArchive::new(Cursor::new(ZIP))?.central_directory_start();
        let (head, _) = ZIP.split_at(usize::try_from(shared).unwrap_or(ZIP.len()));
        let mut writer = ZipWriter::new_append(Cursor::new(ZIP.to_vec()))?;
        writer.start_file(SETTINGS_FILE, entry)?;
        writer.write_all(settings.as_bytes())?;
        Ok((head, writer.finish()?.into_inner().split_off(head.len())))
    };
    append().unwrap_or_else(|error| unreachable!("the zip made by the build script: {error}"))
}

/// SHA-256 in Base64 of the zip that these parts make up: Lambda reports it as `CodeSha256` of the function.
pub fn sha256<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut digest = Sha256::new();
    parts.into_iter().for_each(|part| digest.update(part));
    BASE64_STANDARD.encode(digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn settings_lie_beside_the_executable() {
        let digest = |settings| {
            let (head, tail) = with_settings(settings);
            sha256([head, &tail])
        };
        assert_eq!(digest("{}"), digest("{}"));
        assert_ne!(digest("{}"), digest("{ }"));
        let (head, tail) = with_settings("{}");
        assert!(tail.len() < 1000, "{} bytes are held twice", tail.len());
        let zip = [head, &tail].concat();
        let mut archive = ZipArchive::new(Cursor::new(&zip)).unwrap();
        let mut names: Vec<_> = archive
            .file_names()
            .map(|name| name.unwrap().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, ["bootstrap", "relay.json", "settings.json"]);
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
