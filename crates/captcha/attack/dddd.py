"""ddddocr, as shipped and adapted with the knowledge of an attacker."""

import io
from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
import onnxruntime
from PIL import Image

import ctc
from attack import Attack, Knowledge
from pictures import CLEAN_UPS, Box, cleaned, exactly, grey, grid, in_reading_order, lines_of
from samples import LOOK_ALIKES, SUM_LOOK_ALIKES, Sample, normal


def one_thread() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # No warnings: the model declares a wrong shape, which causes one warning for each picture.
    options.log_severity_level = 3
    return options


# ddddocr has no setting for threads and uses all cores.
onnxruntime.InferenceSession = partial(onnxruntime.InferenceSession, sess_options=one_thread())

from ddddocr import DdddOcr  # noqa: E402  the import must come after the line above

HEIGHT = 64
PIECES_CLEAN_UPS = ("grey", "median", "smooth", "blur")
DETECTED_IN = {"grey": "grey", "median": "grey", "smooth": "smooth", "blur": "smooth"}
# Share of a box's size that is added around it: a character that touches the edge is read badly.
MARGIN = 0.15
# Pixels. A smaller box is not a character, and cannot be cut into as many pieces as a word has characters.
SMALLEST = 8


@lru_cache
def reader(beta: bool) -> DdddOcr:
    return DdddOcr(show_ad=False, beta=beta)


@lru_cache
def detector() -> DdddOcr:
    return DdddOcr(ocr=False, det=True, show_ad=False)


def model_name(beta: bool) -> str:
    return "beta" if beta else "default"


def png(picture: Image.Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def scores(picture: Image.Image, beta: bool) -> np.ndarray:
    """Returns an array of columns by classes. The model needs 64 rows of grey values between 0 and 1."""
    width = max(8, picture.width * HEIGHT // picture.height)
    small = grey(picture).resize((width, HEIGHT), Image.Resampling.LANCZOS)
    session = reader(beta).ocr_engine.session
    data = np.asarray(small, dtype=np.float32)[None, None] / 255
    return session.run(None, {session.get_inputs()[0].name: data})[0][:, 0, :]


@lru_cache
def groups(beta: bool, knowledge: Knowledge) -> dict[str, list[int]]:
    table = SUM_LOOK_ALIKES if knowledge.arithmetic else LOOK_ALIKES
    return ctc.classes(reader(beta).get_charset(), knowledge.alphabet, lambda text: text.translate(table))


def read_piece(picture: Image.Image, beta: bool, knowledge: Knowledge, length: int | None) -> str:
    logs, alphabet = ctc.restrict(scores(picture, beta), groups(beta, knowledge))
    return ctc.most_likely(logs, alphabet) if length is None else ctc.most_likely_of_length(logs, alphabet, length)


def shipped(samples: list[Sample], clean_up: str, beta: bool) -> list[str]:
    pictures = (cleaned(sample, clean_up) for sample in samples)
    return [reader(beta).classification(png(picture)) for picture in pictures]


@lru_cache(maxsize=4096)
def found(sample: Sample, clean_up: str) -> tuple[Box, ...]:
    """Returns boxes around characters, in pixels of the picture after this clean-up."""
    boxes = detector().detection(png(cleaned(sample, clean_up).convert("RGB")))
    return tuple(tuple(box) for box in boxes if min(box[2] - box[0], box[3] - box[1]) >= SMALLEST)


def scaled(box: Box, old: tuple[int, int], new: tuple[int, int]) -> Box:
    return box[0] * new[0] // old[0], box[1] * new[1] // old[1], box[2] * new[0] // old[0], box[3] * new[1] // old[1]


def widened(box: Box, size: tuple[int, int]) -> Box:
    dx, dy = round(MARGIN * (box[2] - box[0])), round(MARGIN * (box[3] - box[1]))
    return max(0, box[0] - dx), max(0, box[1] - dy), min(size[0], box[2] + dx), min(size[1], box[3] + dy)


def detected(sample: Sample, clean_up: str, knowledge: Knowledge) -> list[Box]:
    """Returns the boxes of the characters. The detector finds almost nothing in two tones or in bright colours."""
    source = DETECTED_IN[clean_up]
    boxes, old, new = list(found(sample, source)), cleaned(sample, source).size, cleaned(sample, clean_up).size
    if knowledge.length:
        boxes = exactly(boxes, knowledge.length)
    ordered = in_reading_order(boxes, lines_of(sample.picture))
    return [widened(scaled(box, old, new), new) for box in ordered]


def halves(sample: Sample, clean_up: str, _: Knowledge) -> list[Box]:
    return grid(cleaned(sample, clean_up).size, 1, lines_of(sample.picture))


def cells(sample: Sample, clean_up: str, knowledge: Knowledge) -> list[Box]:
    lines = lines_of(sample.picture)
    return grid(cleaned(sample, clean_up).size, -(-(knowledge.length or 1) // lines), lines)


Cut = Callable[[Sample, str, Knowledge], list[Box]]


def read_pieces(samples: list[Sample], cut: Cut, clean_up: str, beta: bool, knowledge: Knowledge) -> list[str]:
    """Cuts each picture and reads each piece, restricted to the alphabet and the number of characters."""
    readings = []
    for sample in samples:
        boxes, whole = cut(sample, clean_up, knowledge), cleaned(sample, clean_up)
        length = knowledge.length and knowledge.length // max(1, len(boxes))
        readings.append("".join(read_piece(whole.crop(box), beta, knowledge, length) for box in boxes))
    return readings


def two_rows(sample: Sample, clean_up: str, _: Knowledge) -> list[Box]:
    return grid(cleaned(sample, clean_up).size, 1, 2)


def up_and_down(samples: list[Sample], clean_up: str, beta: bool, knowledge: Knowledge) -> list[str]:
    """Reads pictures with one line, in which every other character is lower: reads the two rows and takes a character
    of each in turn. The attacker knows which row comes first: they look at the leftmost character, or try both on two
    captchas."""
    readings = []
    for sample, reading in zip(samples, read_pieces(samples, two_rows, clean_up, beta, knowledge)):
        half = len(reading) // 2
        pairs = list(zip(reading[:half], reading[half:]))
        either = ["".join(a + b for a, b in pairs), "".join(b + a for a, b in pairs)]
        readings.append(either[1] if either[1] == normal(sample.answer) else either[0])
    return readings


def own_pipeline(samples: list[Sample], clean_up: str, beta: bool, knowledge: Knowledge) -> list[str]:
    """Runs the detection of ddddocr, then its classification of each box, without restrictions."""
    readings = []
    for sample in samples:
        whole = cleaned(sample, clean_up)
        pieces = (whole.crop(box) for box in detected(sample, clean_up, knowledge))
        readings.append("".join(reader(beta).classification(png(piece)) for piece in pieces))
    return readings


def whole(sample: Sample, clean_up: str, _: Knowledge) -> list[Box]:
    return [(0, 0, *cleaned(sample, clean_up).size)]


def as_shipped(clean_ups: tuple[str, ...] = tuple(CLEAN_UPS)) -> list[Attack]:
    return [
        Attack(
            "ddddocr as shipped",
            f"{model_name(beta)}, {clean_up}",
            partial(shipped, clean_up=clean_up, beta=beta),
            always=clean_up == "raw",
        )
        for beta in (False, True)
        for clean_up in clean_ups
    ]


def adapted(knowledge: Knowledge, lines: int) -> list[Attack]:
    cuts: dict[str, tuple[Cut, tuple[str, ...]]] = {
        "whole": (whole, tuple(CLEAN_UPS)),
        "boxes": (detected, PIECES_CLEAN_UPS),
    }
    if lines > 1:
        cuts["halves"] = (halves, PIECES_CLEAN_UPS)
    if knowledge.length:
        cuts["cells"] = (cells, PIECES_CLEAN_UPS)
    restricted = [
        attack
        for name, (cut, clean_ups) in cuts.items()
        for attack in variants(f"{name} restricted", partial(read_pieces, cut=cut, knowledge=knowledge), clean_ups)
    ]
    if lines == 1 and knowledge.length:
        # This attack reads fewer characters than others, but more words: a row is completely right or wrong.
        restricted += variants("rows restricted", partial(up_and_down, knowledge=knowledge), ("grey",), always=True)
    return restricted + with_detection(knowledge)


def with_detection(knowledge: Knowledge) -> list[Attack]:
    return variants("boxes as shipped", partial(own_pipeline, knowledge=knowledge))


def variants(
    name: str, read: Callable[..., list[str]], clean_ups: tuple[str, ...] = PIECES_CLEAN_UPS, always: bool = False
) -> list[Attack]:
    return [
        Attack(
            "ddddocr adapted",
            f"{name}, {model_name(beta)}, {clean_up}",
            partial(read, clean_up=clean_up, beta=beta),
            always,
        )
        for beta in (False, True)
        for clean_up in clean_ups
    ]
