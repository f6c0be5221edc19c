//! Makes the package's zip, and checks a zip that was made elsewhere.

use std::io::{Cursor, Read as _, Write as _};

use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime, ZipArchive};

use crate::{Identity, Profile, Result};

/// The name of the executable that Lambda starts.
const BOOTSTRAP: &str = "bootstrap";
/// The file that says what the executable was built from.
const ABOUT: &str = "relay.json";

/// Packs `executable` so that Lambda can read it, and without timestamps: the same executable gives the same bytes.
///
/// # Errors
/// None in practice: the zip is written to memory.
pub fn pack(executable: &[u8], identity: &Identity, profile: Profile) -> Result<Vec<u8>> {
    let level = match profile {
        Profile::Relay => 9,
        // Much faster, and the zip is a quarter larger.
        Profile::RelayDev => 1,
    };
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(
        BOOTSTRAP,
        options.compression_level(Some(level)).unix_permissions(0o755),
    )?;
    writer.write_all(executable)?;
    writer.start_file(ABOUT, options.unix_permissions(0o644))?;
    writer.write_all(identity.json().as_bytes())?;
    Ok(writer.finish()?.into_inner())
}

/// Checks that `zip` is a package of the relay `identity`: an executable that Lambda can start, built from these
/// sources.
///
/// # Errors
/// Says what is wrong with the package, as a phrase that continues after the name of the file.
pub fn check(zip: &[u8], identity: &Identity) -> Result<()> {
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(|error| format!("is no zip: {error}"))?;
    let mut read = |name: &str| -> Result<(Vec<u8>, Option<u32>)> {
        let mut entry = archive
            .by_name(name)
            .map_err(|_| format!("holds no `{name}`: it is no package of the relay"))?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        Ok((bytes, entry.unix_mode()))
    };
    let (about, _) = read(ABOUT)?;
    let (executable, mode) = read(BOOTSTRAP)?;
    if archive.len() != 2 {
        return Err(format!("holds other files than `{BOOTSTRAP}` and `{ABOUT}`").into());
    }
    if mode.is_none_or(|mode| mode & 0o111 != 0o111) {
        return Err(format!("holds a `{BOOTSTRAP}` that may not be run").into());
    }
    linux(&executable).map_err(|why| format!("holds a `{BOOTSTRAP}` that {why}"))?;
    if about != identity.json().as_bytes() {
        let about = String::from_utf8_lossy(&about).trim().to_owned();
        return Err(format!(
            "was built from other sources: it holds {about}, and the sources here are {}; build it again from this \
             checkout",
            identity.json().trim()
        )
        .into());
    }
    Ok(())
}

/// Checks that `elf` is a static executable for Linux on x86-64.
fn linux(elf: &[u8]) -> std::result::Result<(), &'static str> {
    /// Type of the program header that names a loader.
    const PT_INTERP: u64 = 3;
    let number = |at: u64, width: usize| -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = elf.get(at..at.checked_add(width)?)?;
        Some(
            bytes
                .iter()
                .rev()
                .fold(0, |number, byte| number << 8 | u64::from(*byte)),
        )
    };
    // 64-bit, little-endian.
    if !elf.starts_with(b"\x7fELF\x02\x01") {
        return Err("is no 64-bit ELF file");
    }
    // <https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html>
    let (kind, machine) = (number(16, 2), number(18, 2));
    if !matches!(kind, Some(2 | 3)) || machine != Some(62) {
        return Err("is no executable for x86-64");
    }
    let headers = (number(32, 8), number(54, 2), number(56, 2));
    let (Some(table), Some(size), Some(count)) = headers else {
        return Err("is cut short");
    };
    for index in 0..count {
        match number(table.saturating_add(index * size), 4) {
            Some(PT_INTERP) => return Err("is not static: it wants a loader"),
            Some(_) => {}
            None => return Err("is cut short"),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            version: "0.1.0".to_owned(),
            sha256: "ab".repeat(32),
        }
    }

    /// The head of an ELF file for `machine` with one program header of this type.
    fn elf(machine: u8, header: u8) -> Vec<u8> {
        let mut elf = vec![0; 64 + 56];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        (elf[16], elf[18], elf[32], elf[54], elf[56]) = (3, machine, 64, 56, 1);
        elf[64] = header;
        elf
    }

    #[test]
    fn a_package_is_what_it_was_packed_from() {
        let pack = |profile| pack(&elf(62, 1), &identity(), profile).unwrap();
        assert_eq!(pack(Profile::Relay), pack(Profile::Relay));
        for profile in [Profile::Relay, Profile::RelayDev] {
            check(&pack(profile), &identity()).unwrap();
        }
    }

    #[test]
    fn what_lambda_could_not_run_or_is_of_other_sources_is_refused() {
        let refused = |zip: &[u8]| check(zip, &identity()).unwrap_err().to_string();
        let packed = |elf: &[u8]| pack(elf, &identity(), Profile::Relay).unwrap();
        for (elf, why) in [
            (elf(183, 1), "is no executable for x86-64"),
            (elf(62, 3), "is not static"),
            (elf(62, 1)[..62].to_vec(), "is cut short"),
            (b"MZ".to_vec(), "is no 64-bit ELF file"),
        ] {
            let said = refused(&packed(&elf));
            assert!(said.contains(why), "{said}");
        }
        assert!(refused(b"text").starts_with("is no zip"));

        let other = Identity {
            version: "0.2.0".to_owned(),
            ..identity()
        };
        let said = refused(&pack(&elf(62, 1), &other, Profile::Relay).unwrap());
        assert!(
            said.contains("was built from other sources") && said.contains("0.2.0"),
            "{said}"
        );

        let mut writer = ZipWriter::new_append(Cursor::new(packed(&elf(62, 1)))).unwrap();
        writer
            .start_file("settings.json", SimpleFileOptions::default())
            .unwrap();
        let said = refused(&writer.finish().unwrap().into_inner());
        assert!(said.contains("other files"), "{said}");

        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer
            .start_file(BOOTSTRAP, SimpleFileOptions::default())
            .unwrap();
        let said = refused(&writer.finish().unwrap().into_inner());
        assert!(said.contains("holds no `relay.json`"), "{said}");
    }
}
