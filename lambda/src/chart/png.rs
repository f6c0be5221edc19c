//! The PNG format, as far as a picture without transparency needs it.
//! <https://www.w3.org/TR/png-3/>

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use std::io::Write as _;

const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];
/// Eight bits a channel, red green blue, and the only methods of compression, filtering and order that there are.
const FORMAT: [u8; 5] = [8, 2, 0, 0, 0];
/// Each row begins with its filter: none.
const UNFILTERED: u8 = 0;

/// A picture whose rows `draw` writes one by one, three bytes a pixel.
pub(super) fn encode(width: i32, height: i32, draw: impl Fn(i32, &mut [u8])) -> Vec<u8> {
    let mut row = vec![0; 3 * usize::try_from(width).unwrap_or_default()];
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    for y in 0..height {
        draw(y, &mut row);
        // Memory takes everything.
        let _ = packed
            .write_all(&[UNFILTERED])
            .and_then(|()| packed.write_all(&row));
    }
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &FORMAT].concat();
    let mut png = SIGNATURE.to_vec();
    chunk(&mut png, b"IHDR", &head);
    chunk(&mut png, b"IDAT", &packed.finish().unwrap_or_default());
    chunk(&mut png, b"IEND", &[]);
    png
}

/// Length, kind, content and checksum.
fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], content: &[u8]) {
    // A picture has far less than four gibibytes.
    png.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
    png.extend(kind);
    png.extend(content);
    let mut sum = Crc::new();
    sum.update(kind);
    sum.update(content);
    png.extend(sum.sum().to_be_bytes());
}
