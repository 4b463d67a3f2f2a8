#!/usr/bin/env python3
"""Writes sample pictures of other captchas, one folder each, as ANSWER_n.png."""

import argparse
import random
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

from captcha.image import ImageCaptcha
from PIL import Image, ImageDraw, ImageFilter, ImageFont

HERE = Path(__file__).resolve().parent
CRATES = HERE.parent / "benches" / "peers"

# These captchas have no fixed alphabet. Most services use digits and letters without look-alikes.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 4
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"


def random_word(rng: random.Random) -> str:
    return "".join(rng.choice(ALPHABET) for _ in range(LENGTH))


def image_captcha(answer: str, _: random.Random) -> Image.Image:
    """Draws PyPI `captcha` with its defaults."""
    return ImageCaptcha().generate_image(answer)


def colour(rng: random.Random, low: int, high: int) -> tuple[int, int, int]:
    return rng.randint(low, high), rng.randint(low, high), rng.randint(low, high)


def tutorial(answer: str, rng: random.Random) -> Image.Image:
    """Draws a picture with Pillow, as in tutorials for Flask: one typeface, upright characters side by side in random
    dark colours on white, some dots and lines, a slight blur."""
    picture = Image.new("RGB", (160, 60), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.truetype(FONT, 36)
    for _ in range(200):
        draw.point((rng.randrange(160), rng.randrange(60)), fill=colour(rng, 64, 255))
    for i, character in enumerate(answer):
        draw.text((10 + 36 * i, 6 + rng.randint(-4, 4)), character, font=font, fill=colour(rng, 32, 127))
    for _ in range(5):
        ends = [(rng.randrange(160), rng.randrange(60)) for _ in range(2)]
        draw.line(ends, fill=colour(rng, 64, 200), width=1)
    return picture.filter(ImageFilter.GaussianBlur(0.7))


def write_python(folder: Path, count: int, picture: Callable[[str, random.Random], Image.Image]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(folder.name)
    for n in range(count):
        answer = random_word(rng)
        picture(answer, rng).save(folder / f"{answer}_{n}.png")


def write_npm(folder: Path, count: int) -> None:
    for command in (["npm", "ci", "--silent"], ["node", "draw.js", str(count), str(folder)]):
        subprocess.run(command, cwd=HERE / "svg", check=True)


def write_crate(folder: Path, count: int) -> None:
    cargo = ["cargo", "run", "--release", "--quiet", "--locked", "--bin", "peers", "--"]
    command = [*cargo, folder.name, str(count), str(folder)]
    subprocess.run(command, cwd=CRATES, check=True)


PEERS: dict[str, Callable[[Path, int], None]] = {
    "pillow": partial(write_python, picture=tutorial),
    "pypi-captcha": partial(write_python, picture=image_captcha),
    "svg-captcha": write_npm,
    "captcha": write_crate,
    "captcha-rs": write_crate,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--only", nargs="+", choices=PEERS, default=list(PEERS))
    args = parser.parse_args()
    for name in args.only:
        PEERS[name](args.folder.resolve() / name, args.count)


if __name__ == "__main__":
    main()
