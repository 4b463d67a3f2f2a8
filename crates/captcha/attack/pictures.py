"""Steps of an attacker before reading a picture: clean-ups, and cutting the picture into pieces."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from samples import Sample

Box = tuple[int, int, int, int]


def grey(picture: Image.Image) -> Image.Image:
    """Returns the picture in grey on white. Without the white background, transparency would become black."""
    if picture.mode in ("RGBA", "LA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("L")


def upscaled(picture: Image.Image, factor: int = 2) -> Image.Image:
    return grey(picture).resize((picture.width * factor, picture.height * factor), Image.Resampling.BICUBIC)


def otsu(picture: Image.Image) -> int:
    """Returns the threshold that divides the grey values into the two most different groups."""
    counts = np.asarray(picture.histogram(), dtype=float)
    below = counts.cumsum()
    sums = (counts * np.arange(256)).cumsum()
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return int(np.nan_to_num(between).argmax())


def two_tone(picture: Image.Image) -> Image.Image:
    """Returns the picture in black on white. The tone with fewer pixels becomes black."""
    limit = otsu(picture)
    result = picture.point(lambda level: 255 if level > limit else 0)
    return ImageOps.invert(result) if np.asarray(result).mean() < 128 else result


def median(picture: Image.Image) -> Image.Image:
    return two_tone(upscaled(picture).filter(ImageFilter.MedianFilter(5)))


def smooth(picture: Image.Image) -> Image.Image:
    return upscaled(picture).filter(ImageFilter.GaussianBlur(3))


def blur(picture: Image.Image) -> Image.Image:
    return two_tone(smooth(picture))


def inverted(picture: Image.Image) -> Image.Image:
    return ImageOps.invert(grey(picture))


CLEAN_UPS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "raw": lambda picture: picture,
    "grey": grey,
    "upscaled": lambda picture: upscaled(picture, 3),
    "median": median,
    "smooth": smooth,
    "blur": blur,
    "inverted": inverted,
}


# A few hundred pictures of this size need about 50 MB.
@lru_cache(maxsize=512)
def cleaned(sample: Sample, clean_up: str) -> Image.Image:
    return CLEAN_UPS[clean_up](sample.picture)


def lines_of(picture: Image.Image) -> int:
    """Returns the number of lines: two if the width is less than 1.6 times the height."""
    return 2 if picture.width < 1.6 * picture.height else 1


def grid(size: tuple[int, int], columns: int, rows: int) -> list[Box]:
    """Returns cells of equal size in reading order."""
    width, height = size
    return [
        (width * x // columns, height * y // rows, width * (x + 1) // columns, height * (y + 1) // rows)
        for y in range(rows)
        for x in range(columns)
    ]


def in_reading_order(boxes: list[Box], lines: int) -> list[Box]:
    by_height = sorted(boxes, key=lambda box: box[1] + box[3])
    each = -(-len(boxes) // lines)
    rows = [by_height[start : start + each] for start in range(0, len(boxes), max(1, each))]
    return [box for row in rows for box in sorted(row)]


def exactly(boxes: list[Box], count: int) -> list[Box]:
    """Returns one box for each character: drops the smallest boxes, or cuts the widest boxes in two."""
    kept = sorted(boxes, key=area, reverse=True)[:count]
    while kept and len(kept) < count:
        widest = max(kept, key=lambda box: box[2] - box[0])
        left, top, right, bottom = widest
        kept.remove(widest)
        kept += [(left, top, (left + right) // 2, bottom), ((left + right) // 2, top, right, bottom)]
    return kept


def area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
