#!/usr/bin/env python3
"""Writes sample pictures of captchas that others use, one folder each, as ANSWER_n.png."""

import argparse
import random
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

from captcha.image import ImageCaptcha
from PIL import Image, ImageDraw, ImageFilter, ImageFont

HERE = Path(__file__).resolve().parent
CRATES = HERE.parent.parent / "benches" / "peers"

# The captchas leave the choice to their users. Digits and letters without those that look alike is what most take.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 4
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"


def word(chance: random.Random) -> str:
    return "".join(chance.choice(ALPHABET) for _ in range(LENGTH))


def image_captcha(answer: str, _: random.Random) -> Image.Image:
    """PyPI `captcha` with its defaults."""
    return ImageCaptcha().generate_image(answer)


def colour(chance: random.Random, low: int, high: int) -> tuple[int, int, int]:
    return chance.randint(low, high), chance.randint(low, high), chance.randint(low, high)


def tutorial(answer: str, chance: random.Random) -> Image.Image:
    """What tutorials for Flask draw with Pillow: one typeface, upright characters in dark random colours side by side on
    white, some dots and lines, a slight blur."""
    picture = Image.new("RGB", (160, 60), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.truetype(FONT, 36)
    for _ in range(200):
        draw.point((chance.randrange(160), chance.randrange(60)), fill=colour(chance, 64, 255))
    for i, character in enumerate(answer):
        draw.text((10 + 36 * i, 6 + chance.randint(-4, 4)), character, font=font, fill=colour(chance, 32, 127))
    for _ in range(5):
        ends = [(chance.randrange(160), chance.randrange(60)) for _ in range(2)]
        draw.line(ends, fill=colour(chance, 64, 200), width=1)
    return picture.filter(ImageFilter.GaussianBlur(0.7))


def of_python(folder: Path, count: int, picture: Callable[[str, random.Random], Image.Image]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(folder.name)
    for n in range(count):
        answer = word(chance)
        picture(answer, chance).save(folder / f"{answer}_{n}.png")


def of_npm(folder: Path, count: int) -> None:
    for command in (["npm", "ci", "--silent"], ["node", "draw.js", str(count), str(folder)]):
        subprocess.run(command, cwd=HERE / "svg", check=True)


def of_crate(folder: Path, count: int) -> None:
    command = ["cargo", "run", "--release", "--quiet", "--locked", "--bin", "peers", "--", folder.name, str(count), str(folder)]
    subprocess.run(command, cwd=CRATES, check=True)


PEERS: dict[str, Callable[[Path, int], None]] = {
    "pillow": partial(of_python, picture=tutorial),
    "pypi-captcha": partial(of_python, picture=image_captcha),
    "svg-captcha": of_npm,
    "captcha": of_crate,
    "captcha-rs": of_crate,
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
