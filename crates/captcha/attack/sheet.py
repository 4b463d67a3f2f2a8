#!/usr/bin/env python3
"""Writes a sheet of numbered pictures for a person to read. A separate text file contains the answers, so that the
person does not see them too early."""

import argparse
import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from samples import Sample, load

# Twice the size: each pixel becomes a square of four, without smoothing. This is about the size on a phone.
SCALE = 2
COLUMNS = 5
CAPTION = 22
GAP = 8


def sheet(samples: list[Sample]) -> Image.Image:
    width = max(sample.picture.width for sample in samples) * SCALE + GAP
    height = max(sample.picture.height for sample in samples) * SCALE + CAPTION + GAP
    result = Image.new("RGB", (COLUMNS * width, -(-len(samples) // COLUMNS) * height), "white")
    draw, font = ImageDraw.Draw(result), ImageFont.load_default(CAPTION - 4)
    for i, sample in enumerate(samples):
        x, y = i % COLUMNS * width, i // COLUMNS * height
        picture = sample.picture.convert("RGB")
        large = picture.resize((picture.width * SCALE, picture.height * SCALE), Image.Resampling.NEAREST)
        draw.text((x, y), str(i + 1), fill="black", font=font)
        result.paste(large, (x, y + CAPTION))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("out", type=Path, metavar="OUT.png")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="selects the pictures")
    args = parser.parse_args()
    samples = load(args.folder)
    chosen = random.Random(args.seed).sample(samples, min(args.count, len(samples)))
    sheet(chosen).save(args.out)
    answers = (f"{i} {sample.answer}\n" for i, sample in enumerate(chosen, start=1))
    args.out.with_suffix(".txt").write_text("".join(answers))


if __name__ == "__main__":
    main()
