"""Made pictures, their boxes, and how detections are held against them."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from stetho.article.detection import (
    BOX,
    CANVAS,
    CELL,
    FEATURES,
    GRID,
    OBJECT,
    OBJECTS,
    Scenes,
    Score,
    detect,
    detector,
    loss,
    overlap,
    scenes,
)

SURE = 20.0  # a logit


def made() -> Scenes:
    digits = torch.rand(20, 64, generator=torch.Generator().manual_seed(1)) + 0.1
    return scenes(digits, torch.arange(20) % 10, 8, seed=0)


def right_answers(wanted: Scenes) -> Tensor:
    """Outputs of a detector that knows the truth, written cell by cell."""
    output = torch.zeros(len(wanted.boxes), FEATURES, GRID, GRID)
    output[:, OBJECT] = -SURE
    for n, (boxes, labels) in enumerate(zip(wanted.boxes.tolist(), wanted.labels.tolist())):
        for (left, top, right, bottom), label in zip(boxes, labels):
            x, y = (left + right) / 2 / CELL, (top + bottom) / 2 / CELL
            column, row = int(x), int(y)
            answer = output[n, :, row, column]
            for place, part in enumerate((x - column, y - row)):
                part = min(max(part, 1e-6), 1 - 1e-6)
                answer[place] = math.log(part / (1 - part))
            answer[2] = math.log((right - left) / CELL)
            answer[3] = math.log((bottom - top) / CELL)
            answer[OBJECT] = SURE
            answer[5 + label] = SURE
    return output


def test_overlap_of_boxes() -> None:
    a = torch.tensor([[0.0, 0.0, 2.0, 2.0]])
    b = torch.tensor([[1.0, 0.0, 3.0, 2.0], [0.0, 0.0, 2.0, 2.0], [5.0, 5.0, 6.0, 6.0]])
    # shared 1 · 2 = 2 of 4 + 4 − 2 = 6; all of it; nothing
    assert overlap(a, b)[0].tolist() == pytest.approx([1 / 3, 1.0, 0.0])


def test_harmonic_mean_of_what_is_right_and_what_is_found() -> None:
    # precision 3/4, recall 3/6: 2 · 3/4 · 1/2 / (3/4 + 1/2) = 0.6
    assert Score(right=3, detected=4, there=6).f1 == pytest.approx(0.6)


def test_digits_stand_in_their_boxes_alone() -> None:
    wanted = made()
    for picture, boxes in zip(wanted.pictures, wanted.boxes.int().tolist()):
        empty = torch.ones(CANVAS, CANVAS, dtype=torch.bool)
        for left, top, right, bottom in boxes:
            assert (picture[0, top:bottom, left:right] > 0).all()
            assert empty[top:bottom, left:right].all(), "two digits overlap"
            empty[top:bottom, left:right] = False
        assert (picture[0][empty] == 0).all()


def test_the_truth_is_detected_and_costs_nothing() -> None:
    wanted = made()
    output = right_answers(wanted)
    score = detect(output, wanted)
    assert score == Score(8 * OBJECTS, 8 * OBJECTS, 8 * OBJECTS)
    assert float(loss(output, wanted)) < 1e-6


def test_a_wrong_box_or_class_is_not_right() -> None:
    wanted = made()
    output = right_answers(wanted)
    assert detect(output.roll(1, 1), wanted).right < 8 * OBJECTS
    wide = output.clone()
    wide[:, BOX][:, 2:] += math.log(2)  # twice as wide and as high: a quarter of it is shared
    assert detect(wide, wanted).right == 0
    other = Scenes(wanted.pictures, wanted.boxes, (wanted.labels + 1) % 10)
    assert detect(output, other).right == 0


def test_the_detector_answers_for_each_cell_and_leaves_random_state() -> None:
    before = torch.random.get_rng_state()
    output = detector("leaky_relu:negative_slope=0.1", seed=0)(made().pictures)
    assert output.shape == (8, FEATURES, GRID, GRID)
    assert torch.equal(torch.random.get_rng_state(), before)
