//! The file around the sound: the plainest WAV there is, with nothing in it but the samples.

use super::voices::RATE;

/// RIFF header, format chunk of uncompressed samples (16 bytes), header of the data.
const HEADER: u32 = 44;
/// What a header counts is the bytes behind its own name and length.
const BEFORE_COUNTING: u32 = 8;
const UNCOMPRESSED: u16 = 1;
const MONO: u16 = 1;
/// Unsigned, 128 being silence. The steps lie 40 dB below the babble.
const BITS: u16 = 8;

/// For this many samples; an even number, or the chunk would need a byte more.
pub(super) fn header(samples: u32) -> Vec<u8> {
    let mut header = Vec::with_capacity((HEADER + samples) as usize);
    header.extend(b"RIFF");
    header.extend((HEADER - BEFORE_COUNTING + samples).to_le_bytes());
    header.extend(b"WAVEfmt ");
    header.extend(16_u32.to_le_bytes());
    header.extend(UNCOMPRESSED.to_le_bytes());
    header.extend(MONO.to_le_bytes());
    header.extend(RATE.to_le_bytes());
    // Bytes a second, and bytes a sample of all channels.
    header.extend(RATE.to_le_bytes());
    header.extend(1_u16.to_le_bytes());
    header.extend(BITS.to_le_bytes());
    header.extend(b"data");
    header.extend(samples.to_le_bytes());
    header
}

/// A whole file. The loudest sample comes to `PEAK`, whatever it was.
pub(super) fn encode(samples: &[f32]) -> Vec<u8> {
    /// Of 127 steps either way: half a decibel below the most that the form can hold.
    const PEAK: f32 = 120.0;
    /// 1.5 x 2^23, and the 128 of silence.
    const ROUNDING: f32 = 12_582_912.0 + 128.0;
    // Without their sign, floats are ordered as their bits are; and of whole numbers the machine compares four at once.
    let loudest = f32::from_bits(samples.iter().map(|sample| sample.abs().to_bits()).max().unwrap_or_default());
    let gain = PEAK / loudest.max(f32::MIN_POSITIVE);
    let mut wav = header(samples.len() as u32);
    // Beside a number this large, a float has no room for a fraction: its last byte is the rounded sample. A
    // conversion asks of each whether it is a number at all.
    wav.extend(samples.iter().map(|sample| (sample * gain + ROUNDING).to_bits() as u8));
    wav
}
