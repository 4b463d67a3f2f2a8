//! Writes sample images of two captcha crates as `ANSWER_n.png`, for `crates/captcha/attack`.

use base64::{Engine, prelude::BASE64_STANDARD};
use captcha::Difficulty;
use captcha_rs::CaptchaBuilder;
use std::{env, error::Error, fs, io::Cursor, path::Path};

type Sample = (String, Vec<u8>);
type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [peer, count, folder] = arguments.as_slice() else {
        return Err("usage: peers captcha|captcha-rs COUNT DIR".into());
    };
    let draw = match peer.as_str() {
        "captcha" => medium,
        "captcha-rs" => builder,
        _ => return Err(format!("no such peer: {peer}").into()),
    };
    fs::create_dir_all(folder)?;
    for n in 0..count.parse::<u32>()? {
        let (answer, image) = draw()?;
        fs::write(Path::new(folder).join(format!("{answer}_{n}.png")), image)?;
    }
    Ok(())
}

/// Crate `captcha`: 4 to 6 characters.
fn medium() -> Outcome<Sample> {
    Ok(captcha::generate(Difficulty::Medium).as_tuple().ok_or("captcha returned no image")?)
}

/// Crate `captcha-rs` with its defaults. Clients get a JPEG of quality 40, so the sample keeps the JPEG artifacts.
fn builder() -> Outcome<Sample> {
    let captcha = CaptchaBuilder::new().build();
    let url = captcha.to_base64();
    let (_, jpeg) = url.split_once(',').ok_or("captcha-rs returned no data URL")?;
    let mut png = Cursor::new(Vec::new());
    image::load_from_memory(&BASE64_STANDARD.decode(jpeg)?)?.write_to(&mut png, image::ImageFormat::Png)?;
    Ok((captcha.text, png.into_inner()))
}
