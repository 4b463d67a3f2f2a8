//! Encodes samples as a minimal WAV file, which contains only the header and the samples.

use super::voices::RATE;

/// Bytes of the RIFF header, the format chunk for uncompressed samples, and the header of the data chunk.
const HEADER: u32 = 44;
/// Bytes of the name and the length at the start of the file. The length field does not count them.
const NAME_AND_LENGTH: u32 = 8;
const UNCOMPRESSED: u16 = 1;
const MONO: u16 = 1;
/// Bits per sample. Samples are unsigned, and 128 is silence. The quantization noise is 40 dB below the babble.
const BITS: u16 = 8;

/// Returns the header for an even number of samples. An odd number would need a padding byte.
pub(super) fn header(samples: u32) -> Vec<u8> {
    let mut header = Vec::with_capacity((HEADER + samples) as usize);
    header.extend(b"RIFF");
    header.extend((HEADER - NAME_AND_LENGTH + samples).to_le_bytes());
    header.extend(b"WAVEfmt ");
    header.extend(16_u32.to_le_bytes());
    header.extend(UNCOMPRESSED.to_le_bytes());
    header.extend(MONO.to_le_bytes());
    header.extend(RATE.to_le_bytes());
    // Bytes per second, and bytes per sample for all channels.
    header.extend(RATE.to_le_bytes());
    header.extend(1_u16.to_le_bytes());
    header.extend(BITS.to_le_bytes());
    header.extend(b"data");
    header.extend(samples.to_le_bytes());
    header
}

/// Returns a complete file. The loudest sample is always scaled to `PEAK`.
pub(super) fn encode(samples: &[f32]) -> Vec<u8> {
    /// Loudest sample, of at most 127: half a decibel below the maximum of the format.
    const PEAK: f32 = 120.0;
    /// 1.5 x 2^23, which rounds, plus 128, which is silence.
    const ROUNDING: f32 = 12_582_912.0 + 128.0;
    // Positive floats have the same order as their bits, and the processor compares four integers at once.
    let loudest = f32::from_bits(samples.iter().map(|sample| sample.abs().to_bits()).max().unwrap_or_default());
    let gain = PEAK / loudest.max(f32::MIN_POSITIVE);
    let mut wav = header(samples.len() as u32);
    // A float this large has no room for a fraction, so its last byte is the rounded sample. A cast to an integer would
    // be slower, because it checks each sample for NaN.
    wav.extend(samples.iter().map(|sample| (sample * gain + ROUNDING).to_bits() as u8));
    wav
}
