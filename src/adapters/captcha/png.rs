//! From bits to a file.

use png::{BitDepth, ColorType, DeflateCompression, Encoder, EncodingError, Filter};

/// A PNG of one bit per pixel, whose two colours are a palette, and nothing but what a PNG must have. Nothing is compressed: a picture
/// half of whose pixels are inverted hardly shrinks, and a file whose length is always the same says nothing of what it shows.
pub(super) fn encode(width: u32, height: u32, colours: [u8; 6], rows: &[u8]) -> Result<Vec<u8>, EncodingError> {
    // The rows, a byte for the filter of each, and less than 150 bytes of frame.
    let mut file = Vec::with_capacity(rows.len() + height as usize + 150);
    let mut encoder = Encoder::new(&mut file, width, height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::One);
    encoder.set_palette(colours.to_vec());
    encoder.set_deflate_compression(DeflateCompression::NoCompression);
    encoder.set_filter(Filter::NoFilter);
    encoder.write_header()?.write_image_data(rows)?;
    Ok(file)
}
