#!/usr/bin/env python3
"""Trains a small network on labelled samples. After each epoch it prints how many unseen pictures the network solves,
and so shows how many samples and minutes an attacker needs."""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR

from network import STRIDE, Reader
from pictures import grey
from samples import load, normal, opened, rate

LINES = {"one_line": 1, "two_lines": 2}
# Pixels. Each picture is shifted at random by at most this distance in each epoch: the cheapest way to more samples.
SHIFT = 4


@dataclass(frozen=True)
class Labelled:
    """Pictures and the index of each character. Pictures are bytes: 50,000 of them as floats would need 5 GB."""

    pictures: Tensor
    labels: Tensor


def read(folder: Path, alphabet: str, limit: int | None) -> Labelled:
    samples = load(folder)[:limit]
    first = grey(samples[0].picture)
    size = -(-first.width // STRIDE) * STRIDE, -(-first.height // STRIDE) * STRIDE
    pictures = torch.empty(len(samples), 1, size[1], size[0], dtype=torch.uint8)
    for i, sample in enumerate(samples):
        # `sample.picture` would keep a second copy of each picture in memory.
        picture = grey(opened(sample.path)).resize(size)
        pictures[i, 0] = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8).view(size[1], size[0])
    labels = [[alphabet.index(character) for character in normal(sample.answer)] for sample in samples]
    return Labelled(pictures, torch.tensor(labels))


def alphabet_of(folder: Path) -> str:
    return "".join(sorted(set("".join(normal(sample.answer) for sample in load(folder)))))


def as_input(pictures: Tensor) -> Tensor:
    """Normalises each picture to zero mean and unit deviation: its colours contain no information."""
    values = pictures.float()
    mean, deviation = values.mean((2, 3), keepdim=True), values.std((2, 3), keepdim=True)
    return (values - mean) / (deviation + 1)


def shifted(pictures: Tensor) -> Tensor:
    dy, dx = torch.randint(-SHIFT, SHIFT + 1, (2,)).tolist()
    return pictures.roll((dy, dx), (2, 3))


def train_epoch(
    reader: Reader, data: Labelled, batch: int, optimiser: torch.optim.Optimizer, schedule: LRScheduler
) -> float:
    reader.train()
    losses = []
    for chosen in torch.randperm(len(data.labels)).split(batch):
        output = reader(shifted(as_input(data.pictures[chosen])))
        loss = nn.functional.cross_entropy(output.flatten(0, 1), data.labels[chosen].flatten(), label_smoothing=0.05)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


@torch.no_grad()
def solved(reader: Reader, data: Labelled) -> tuple[int, int]:
    """Returns the number of words that are completely right, and the number of right characters."""
    reader.eval()
    right = [
        reader(as_input(pictures)).argmax(2) == labels
        for pictures, labels in zip(data.pictures.split(200), data.labels.split(200))
    ]
    hits = torch.cat(right)
    return int(hits.all(1).sum()), int(hits.sum())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path, metavar="TRAIN_DIR")
    parser.add_argument(
        "test", type=Path, nargs="+", metavar="TEST_DIR", help="unseen samples; folders may have different settings"
    )
    parser.add_argument("--style", choices=LINES, default="two_lines")
    parser.add_argument("--use", type=int, help="number of training samples (all)")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=0.003, help="highest learning rate")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    args = arguments()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    alphabet = alphabet_of(args.train)
    data, unseen = read(args.train, alphabet, args.use), {folder: read(folder, alphabet, None) for folder in args.test}
    length = data.labels.shape[1]
    reader = Reader(tuple(data.pictures.shape[2:]), length, LINES[args.style], len(alphabet))
    optimiser = torch.optim.AdamW(reader.parameters(), lr=args.rate, weight_decay=0.01)
    steps = args.epochs * -(-len(data.labels) // args.batch)
    schedule = OneCycleLR(optimiser, args.rate, total_steps=steps)
    print(f"{len(data.labels)} samples of {length} out of {alphabet}, {args.threads} thread(s)")
    start = time.monotonic()
    for epoch in range(1, args.epochs + 1):
        loss = train_epoch(reader, data, args.batch, optimiser, schedule)
        minutes = (time.monotonic() - start) / 60
        print(f"epoch {epoch:3}  {minutes:6.1f} min  loss {loss:.3f}", flush=True)
        for folder, samples in unseen.items():
            count, (words, characters) = len(samples.labels), solved(reader, samples)
            solved_words, solved_characters = rate(words, count), rate(characters, count * length)
            print(f"  {folder.name}: words {solved_words}  characters {solved_characters}", flush=True)


if __name__ == "__main__":
    main()
