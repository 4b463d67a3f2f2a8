"""tesseract, a reader for printed pages, with a whitelist."""

import io
import os
import subprocess
from functools import partial

from PIL import Image

from attack import Attack, Knowledge
from pictures import CLEAN_UPS, cleaned, grey
from samples import Sample

# Page segmentation modes: block, line, scattered text, raw line.
MODES = (6, 7, 11, 13)


def tesseract(pages: list[Image.Image], mode: int, alphabet: str) -> list[str]:
    """Reads all pages in one run, because loading its model takes longer than reading a picture."""
    book = io.BytesIO()
    pages[0].save(book, "TIFF", save_all=True, append_images=pages[1:])
    command = ["tesseract", "stdin", "stdout", "--psm", str(mode), "-c", f"tessedit_char_whitelist={alphabet}"]
    one_thread = os.environ | {"OMP_THREAD_LIMIT": "1"}
    done = subprocess.run(command, input=book.getvalue(), capture_output=True, check=True, env=one_thread)
    return done.stdout.decode().split("\f")[: len(pages)]


def read(samples: list[Sample], mode: int, clean_up: str, knowledge: Knowledge) -> list[str]:
    pages = [grey(cleaned(sample, clean_up)) for sample in samples]
    return tesseract(pages, mode, knowledge.alphabet)


def read_halves(samples: list[Sample], clean_up: str, knowledge: Knowledge) -> list[str]:
    """Reads line by line: the upper half, then the lower half."""
    pages = []
    for sample in samples:
        page = grey(cleaned(sample, clean_up))
        middle = page.height // 2
        pages += [page.crop((0, 0, page.width, middle)), page.crop((0, middle, page.width, page.height))]
    texts = tesseract(pages, 7, knowledge.alphabet)
    return [upper + lower for upper, lower in zip(texts[::2], texts[1::2], strict=True)]


def attacks(knowledge: Knowledge, lines: int) -> list[Attack]:
    whole = [
        Attack("tesseract", f"psm {mode}, {clean_up}", partial(read, mode=mode, clean_up=clean_up, knowledge=knowledge))
        for mode in MODES
        for clean_up in CLEAN_UPS
    ]
    if lines == 1:
        return whole
    return whole + [
        Attack("tesseract", f"halves, {clean_up}", partial(read_halves, clean_up=clean_up, knowledge=knowledge))
        for clean_up in CLEAN_UPS
    ]
