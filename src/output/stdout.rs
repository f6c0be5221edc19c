//! Standard output: only this module writes results, and a result that cannot be written is an error.

use std::borrow::Cow;
use std::io::{self, ErrorKind};
use std::thread::sleep;
use std::time::Duration;

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};

use super::Failure;

/// A result could not be written, or not completely: a full disk, a closed descriptor.
#[derive(Debug, thiserror::Error)]
#[error("standard output cannot be written: {0}")]
pub struct Unwritten(io::Error);

impl From<Unwritten> for Failure {
    fn from(unwritten: Unwritten) -> Self {
        Self::new(
            unwritten.to_string(),
            "the output is incomplete: free some space or send it elsewhere, then run the command again",
        )
    }
}

/// Writes `text` and a line end. Returns false once the reader has closed the pipe (`| head`), which is not an
/// error.
pub(super) fn print(text: &str) -> Result<bool, Unwritten> {
    match output().and_then(|output| write(output, text)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Unwritten(error)),
    }
}

/// Writes something that is shown only once. Here a closed pipe is an error, and so is the null device, which
/// Rust's runtime also uses to replace a closed standard output.
pub(super) fn print_once(text: &str) -> Result<(), Unwritten> {
    let written = output().and_then(|output| match is_null(&output) {
        true => Err(io::Error::other("it is closed, or /dev/null")),
        false => write(output, text),
    });
    written.map_err(Unwritten)
}

/// Standard output without [`io::stdout`], which reports success for a write to a descriptor that cannot be
/// written.
#[cfg(unix)]
fn output() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd as _;
    io::stdout().as_fd().try_clone_to_owned().map(Into::into)
}

/// On other systems only [`io::stdout`] knows how a console accepts text.
#[cfg(not(unix))]
fn output() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}

#[cfg(unix)]
fn is_null(file: &std::fs::File) -> bool {
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    let device = |metadata: io::Result<std::fs::Metadata>| {
        let metadata = metadata.ok()?;
        metadata.file_type().is_char_device().then(|| metadata.rdev())
    };
    let here = device(file.metadata());
    here.is_some() && here == device(std::fs::metadata("/dev/null"))
}

/// The null device is not detected here.
#[cfg(not(unix))]
fn is_null(_output: &io::Stdout) -> bool {
    false
}

fn write(mut output: impl RawStream, text: &str) -> io::Result<()> {
    let mut shown = match AutoStream::choice(&output) {
        ColorChoice::Never => Cow::Owned(anstream::adapter::strip_str(text).to_string()),
        _ => Cow::Borrowed(text),
    };
    if !shown.ends_with('\n') {
        shown.to_mut().push('\n');
    }
    let mut rest = shown.as_bytes();
    while !rest.is_empty() {
        match output.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => rest = &rest[written..],
            // Another process that shares the pipe may have made it non-blocking.
            Err(error) if error.kind() == ErrorKind::WouldBlock => sleep(Duration::from_millis(10)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    output.flush()
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    fn opened(path: &str) -> File {
        File::options().write(true).open(path).unwrap()
    }

    #[test]
    fn a_full_disk_is_told_and_a_read_only_descriptor_too() {
        let full = write(opened("/dev/full"), "text").unwrap_err();
        assert_eq!(full.kind(), ErrorKind::StorageFull);
        let read_only = File::open("/dev/null").unwrap();
        assert!(write(read_only, "text").is_err());
        write(opened("/dev/null"), "text").unwrap();
    }

    #[test]
    fn the_null_device_is_known() {
        assert!(is_null(&opened("/dev/null")));
        assert!(!is_null(&opened("/dev/full")));
        assert!(!is_null(&tempfile::tempfile().unwrap()));
    }

    #[test]
    fn a_line_has_one_end_and_no_colour_in_a_file() {
        use std::io::{Read as _, Seek as _};
        let mut file = tempfile::tempfile().unwrap();
        write(file.try_clone().unwrap(), "\u{1b}[31mred\u{1b}[0m").unwrap();
        write(file.try_clone().unwrap(), "two\n").unwrap();
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "red\ntwo\n");
    }
}
