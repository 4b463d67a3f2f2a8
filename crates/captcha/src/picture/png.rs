//! Encodes bits as a PNG file (PNG, third edition, W3C 2025) in microseconds, without compression and without filters.

use simd_adler32::adler32;

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// One bit per pixel, an index into the palette, the only methods of compression and filtering that PNG has, no
/// interlacing.
const FORMAT: [u8; 5] = [1, 3, 0, 0, 0];
/// Header of a zlib stream (RFC 1950): deflate with a window of 32 kB, fastest compression.
const ZLIB: [u8; 2] = [0x78, 0x01];
/// Largest size of a stored block, in bytes (RFC 1951).
const BLOCK: usize = 65_535;
/// Upper limit of the bytes in a file that are not pixels.
const OVERHEAD: usize = 128;

/// Returns a PNG with one bit per pixel, two colours and only the required chunks. Each row begins with the byte of its
/// filter, 0. The data are not compressed: a picture with half of its pixels inverted hardly gets smaller, and the size
/// of a file reveals nothing if all files have the same size.
pub(super) fn encode(width: u32, height: u32, colours: [u8; 6], rows: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(rows.len() + OVERHEAD);
    file.extend_from_slice(&SIGNATURE);
    chunk(&mut file, *b"IHDR", |file| {
        file.extend_from_slice(&width.to_be_bytes());
        file.extend_from_slice(&height.to_be_bytes());
        file.extend_from_slice(&FORMAT);
    });
    chunk(&mut file, *b"PLTE", |file| file.extend_from_slice(&colours));
    chunk(&mut file, *b"IDAT", |file| store(file, rows));
    chunk(&mut file, *b"IEND", |_| ());
    file
}

/// Appends a chunk: length, name, data, and a checksum of name and data.
fn chunk(file: &mut Vec<u8>, name: [u8; 4], data: impl FnOnce(&mut Vec<u8>)) {
    let start = file.len();
    file.extend_from_slice(&[0; 4]);
    file.extend_from_slice(&name);
    data(file);
    let length = (file.len() - start - 8) as u32;
    file[start..start + 4].copy_from_slice(&length.to_be_bytes());
    let checksum = crc32fast::hash(&file[start + 4..]);
    file.extend_from_slice(&checksum.to_be_bytes());
}

/// Appends the rows as a zlib stream of stored blocks.
fn store(file: &mut Vec<u8>, rows: &[u8]) {
    file.extend_from_slice(&ZLIB);
    let mut blocks = rows.chunks(BLOCK).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        file.push(u8::from(blocks.peek().is_none()));
        file.extend_from_slice(&length.to_le_bytes());
        file.extend_from_slice(&(!length).to_le_bytes());
        file.extend_from_slice(block);
    }
    file.extend_from_slice(&adler32(&rows).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::ImageFormat;

    /// A small picture, the default size, the largest size of the settings, and one of several blocks.
    #[test]
    fn pictures_of_any_size_can_be_decoded() {
        for (width, height) in [(8, 1), (192, 144), (384, 288), (800, 1_000)] {
            let bytes = width as usize / 8;
            let rows: Vec<u8> = (0..height as usize)
                .flat_map(|y| std::iter::once(0).chain((0..bytes).map(move |x| (x * 31 + y * 17) as u8)))
                .collect();
            let file = encode(width, height, [1, 2, 3, 4, 5, 6], &rows);
            let picture = image::load_from_memory_with_format(&file, ImageFormat::Png).unwrap().into_rgb8();
            assert_eq!((picture.width(), picture.height()), (width, height));
            for (x, y, pixel) in picture.enumerate_pixels() {
                let byte = (x as usize / 8 * 31 + y as usize * 17) as u8;
                let ink = byte >> (7 - x % 8) & 1 == 1;
                assert_eq!(pixel.0, if ink { [4, 5, 6] } else { [1, 2, 3] }, "{x} {y} of {width}x{height}");
            }
        }
    }
}
