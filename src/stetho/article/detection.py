"""Digits → pictures with boxes to be found; a detector's outputs → its loss, detections, score.

Two digits of 8 to 12 pixels stand on each picture of 24 by 24, in two different quarters. The
detector divides the picture into 6 by 6 cells of 4 pixels; each cell answers for the digit whose
centre lies in it (Redmon et al. 2016, You Only Look Once).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stetho import activations
from stetho.activations.modules import build


class Block(nn.Sequential):
    """Convolution, batch normalisation, function; half the size with a stride of 2."""

    def __init__(
        self, make: Callable[[], nn.Module], fan_in: int, fan_out: int, kernel: int, stride: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(fan_in, fan_out, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(fan_out)
        self.act = make()


class Residual(nn.Module):
    """x + a wide block of a narrow block of x."""

    def __init__(self, make: Callable[[], nn.Module], width: int) -> None:
        super().__init__()
        self.narrow = Block(make, width, width // 2, 1)
        self.wide = Block(make, width // 2, width, 3)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.wide(self.narrow(x))
        return out


def detector(function: str, seed: int) -> nn.Sequential:
    """From pictures to a grid of cells a quarter their size; random state is left as it was."""
    record = activations.get(function)

    def make() -> nn.Module:
        return build(record)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential()
        model.add_module("stem", Block(make, 1, 8, 3, stride=2))
        model.add_module("early", Residual(make, 8))
        model.add_module("down", Block(make, 8, 24, 3, stride=2))
        model.add_module("late", Residual(make, 24))
        model.add_module("last", Block(make, 24, 64, 3))
        model.add_module("head", nn.Conv2d(64, FEATURES, 1))
    return model


CANVAS, CELL, SMALL, LARGE = 24, 4, 8, 12  # pixels
GRID, QUARTER = CANVAS // CELL, CANVAS // 2
OBJECTS, CLASSES = 2, 10  # digits on a picture; kinds of digits
BOX = slice(0, 4)  # of a cell's outputs: centre x, y in the cell; log of width, height over CELL
OBJECT = 4  # the logit of "a digit's centre lies here"
FEATURES = 5 + CLASSES
OVERLAP = 0.5  # intersection over union from which a box counts as right
BOX_WEIGHT = 5.0  # of the box in the loss, as in YOLO


@dataclass(frozen=True, slots=True)
class Scenes:
    """Pictures, and what there is on them."""

    pictures: Tensor  # (n, 1, CANVAS, CANVAS), 0 … 1
    boxes: Tensor  # (n, OBJECTS, 4): left, top, right, bottom in pixels
    labels: Tensor  # (n, OBJECTS)


@dataclass(frozen=True, slots=True)
class Score:
    """Of detections held against the truth: box, and class, must be right."""

    right: int
    detected: int
    there: int

    @property
    def f1(self) -> float:
        """Harmonic mean of the share of detections that are right and of digits that are found."""
        return 2 * self.right / (self.detected + self.there)


def scenes(digits: Tensor, labels: Tensor, count: int, seed: int) -> Scenes:
    """Pictures made of digits (samples, 64) that are drawn at random, as are size and place."""
    draw = torch.Generator().manual_seed(seed)

    def up_to(highest: int) -> int:
        return int(torch.randint(highest + 1, (1,), generator=draw))

    pictures = torch.zeros(count, 1, CANVAS, CANVAS)
    boxes = torch.zeros(count, OBJECTS, 4)
    rows = torch.randint(len(digits), (count, OBJECTS), generator=draw)
    for n in range(count):
        for k, quarter in enumerate(torch.randperm(4, generator=draw)[:OBJECTS].tolist()):
            size = SMALL + up_to(LARGE - SMALL)
            left = QUARTER * (quarter % 2) + up_to(QUARTER - size)
            top = QUARTER * (quarter // 2) + up_to(QUARTER - size)
            digit = digits[rows[n, k]].reshape(1, 1, 8, 8)
            drawn = F.interpolate(digit, size=(size, size), mode="bilinear")
            pictures[n, 0, top : top + size, left : left + size] = drawn[0, 0]
            boxes[n, k] = torch.tensor([left, top, left + size, top + size])
    return Scenes(pictures, boxes, labels[rows])


def loss(output: Tensor, wanted: Scenes) -> Tensor:
    """Of outputs (n, FEATURES, GRID, GRID): is there a digit, where in the cell, which one?"""
    cells = output.permute(0, 2, 3, 1)
    row, column, box = _wanted(wanted.boxes)
    picture = torch.arange(len(output))[:, None].expand_as(row)
    there = torch.zeros(cells.shape[:3])
    there[picture, row, column] = 1.0
    answering = cells[picture, row, column]
    found = F.binary_cross_entropy_with_logits(cells[..., OBJECT], there)
    kind = F.cross_entropy(answering[..., 5:].flatten(0, 1), wanted.labels.flatten())
    return found + kind + BOX_WEIGHT * F.mse_loss(_squashed(answering[..., BOX]), box)


def detect(output: Tensor, wanted: Scenes) -> Score:
    """Where a cell says that there is a digit, its box and its likeliest class."""
    cells = output.permute(0, 2, 3, 1)
    right = detected = 0
    for answers, boxes, labels in zip(cells, wanted.boxes, wanted.labels, strict=True):
        row, column = (answers[..., OBJECT] > 0).nonzero(as_tuple=True)
        found = _boxes(answers[row, column, BOX], row, column)
        kinds = answers[row, column, 5:].argmax(-1)
        fits = (overlap(found, boxes) >= OVERLAP) & (kinds[:, None] == labels)
        right += int(fits.any(0).sum())  # a digit that two cells claim is right once
        detected += len(row)
    return Score(right, detected, wanted.labels.numel())


def overlap(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of each box of a (n, 4) with each of b (m, 4)."""
    start = torch.maximum(a[:, None, :2], b[None, :, :2])
    end = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = (end - start).clamp(min=0).prod(-1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(-1) for boxes in (a, b)]
    return shared / (areas[0][:, None] + areas[1][None, :] - shared)


def _squashed(box: Tensor) -> Tensor:
    """A cell's raw outputs as the loss sees them: the centre stays in the cell."""
    return torch.cat([box[..., :2].sigmoid(), box[..., 2:]], -1)


def _wanted(boxes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Row and column of the cell that answers for each box, and what it is to say."""
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2 / CELL
    size = (boxes[..., 2:] - boxes[..., :2]) / CELL
    cell = centre.floor()
    said = torch.cat([centre - cell, size.log()], -1)
    return cell[..., 1].long(), cell[..., 0].long(), said


def _boxes(answers: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """Raw outputs of cells → left, top, right, bottom in pixels."""
    box = _squashed(answers)
    centre = (box[:, :2] + torch.stack([column, row], -1)) * CELL
    half = box[:, 2:].clamp(max=3).exp() * CELL / 2
    return torch.cat([centre - half, centre + half], -1)
