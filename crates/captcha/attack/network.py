"""A small network that reads a whole picture and returns all characters at once."""

import torch
from torch import Tensor, nn
from torch.nn import functional

# Each side is halved four times. A place of the last layer depends on about 75 pixels, which is wider than a character.
CHANNELS = (24, 48, 96, 160)
STRIDE = 16


def block(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.MaxPool2d(2),
        nn.Conv2d(before, after, 3, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )


def places(length: int, lines: int) -> list[tuple[float, float]]:
    """Returns the expected position of each character, as shares of width and height."""
    columns = -(-length // lines)
    return [((k % columns + 0.5) / columns, (k // columns + 0.5) / lines) for k in range(length)]


def expectation(length: int, lines: int, rows: int, columns: int) -> Tensor:
    """Returns how likely each place is for each character before training: a bell curve around the expected one."""
    y = (torch.arange(rows) + 0.5) / rows
    x = (torch.arange(columns) + 0.5) / columns
    width, height = 0.5 / -(-length // lines), 0.5 / lines
    bells = [
        -(((x[None, :] - cx) / width) ** 2 + ((y[:, None] - cy) / height) ** 2) / 2
        for cx, cy in places(length, lines)
    ]
    return torch.stack(bells).flatten(1)


class Reader(nn.Module):
    """Network with a head for each character, which learns the position of the character. All heads share the shapes of
    the characters, so that the attacker needs fewer samples."""

    def __init__(self, size: tuple[int, int], length: int, lines: int, classes: int) -> None:
        super().__init__()
        height, width = size
        self.first = nn.Sequential(
            nn.Conv2d(1, CHANNELS[0], 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(CHANNELS[0]),
            nn.ReLU(inplace=True),
        )
        self.blocks = nn.Sequential(*(block(a, b) for a, b in zip(CHANNELS, CHANNELS[1:])))
        self.look = nn.Conv2d(CHANNELS[-1], length, 1)
        self.place = nn.Parameter(expectation(length, lines, height // STRIDE, width // STRIDE))
        self.name = nn.Sequential(
            nn.Linear(CHANNELS[-1], 128), nn.ReLU(inplace=True), nn.Dropout(0.1), nn.Linear(128, classes)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Maps (batch, 1, height, width) to (batch, characters, classes). Height and width are multiples of 16."""
        features = self.blocks(self.first(pictures))
        weights = functional.softmax(self.look(features).flatten(2) + self.place, dim=2)
        return self.name(weights @ features.flatten(2).transpose(1, 2))
