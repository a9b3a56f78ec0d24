"""Targets, modes and output functions that leave nothing to learn, and their twins."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import stetho
from stetho.record import Severity


@pytest.fixture(autouse=True)
def seeded(monkeypatch):
    monkeypatch.setenv("STETHO_STRICT", "1")
    torch.manual_seed(0)


def diagnosed(model, loss_of, steps=120, rate=1e-2, before=lambda: None):
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    with stetho.watch(model) as watched:
        for _ in range(steps):
            before()
            optimizer.zero_grad()
            loss_of(model).backward()
            optimizer.step()
    return watched.result.diagnosis


def alarms(diagnosis):
    return [one.rule for one in diagnosis.findings if one.severity > Severity.NOTE]


def lead(diagnosis):
    return diagnosis.findings[0].rule if diagnosis.findings else ""


def mlp(outputs, *more):
    return nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, outputs), *more)


def batch(count=32):
    x = torch.randn(count, 6)
    return x, (x[:, 0] * x[:, 1] > 0).long()


# -- targets ---------------------------------------------------------------------------------------


def test_labels_of_one_class_are_told_though_the_loss_falls():
    def loss(model):
        x, _ = batch()
        return F.cross_entropy(model(x), torch.full((32,), 2))

    found = diagnosed(mlp(4), loss)
    assert lead(found) == "constant-targets"
    assert found.findings[0].severity is Severity.FAULT
    assert "class 2 of 4" in found.findings[0].message


def test_labels_of_one_class_by_nll():
    def loss(model):
        return F.nll_loss(F.log_softmax(model(batch()[0]), 1), torch.zeros(32, dtype=torch.long))

    assert lead(diagnosed(mlp(3), loss)) == "constant-targets"


def test_the_first_place_of_a_contrastive_loss_is_no_constant_target():
    """As in MoCo: the right answer stands first, whatever the sample."""

    def loss(model):
        x, _ = batch()
        one, other = F.normalize(model(x)), F.normalize(model(x + 0.1 * torch.randn_like(x)))
        right = (one * other).sum(1, keepdim=True)
        wrong = one @ other.roll(1, 0).T
        scores = torch.cat([right, wrong], 1) / 0.1
        return F.cross_entropy(scores, torch.zeros(len(x), dtype=torch.long))

    assert "constant-targets" not in alarms(diagnosed(mlp(8), loss))


def sequences(padding):
    tokens = torch.randint(1, 9, (16, 40))
    tokens[:, 40 - padding :] = 0
    return tokens


@pytest.mark.parametrize(
    ("padding", "ignored", "told"),
    [(34, -100, True), (34, 0, False), (8, -100, False)],
    ids=["padded", "ignored", "short"],
)
def test_padding_that_outweighs_the_rest_is_told(padding, ignored, told):
    model = nn.Sequential(nn.Embedding(9, 16), nn.Linear(16, 24), nn.ReLU(), nn.Linear(24, 9))

    def loss(model):
        x = sequences(padding)
        return F.cross_entropy(model(x).transpose(1, 2), x, ignore_index=ignored)

    assert ("padded-targets" in alarms(diagnosed(model, loss, steps=40))) is told


# -- output functions ------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [1, -1])
def test_a_softmax_over_one_unit_is_a_constant(axis):
    def loss(model):
        x, y = batch()
        return F.binary_cross_entropy(model(x), y[:, None].float())

    found = diagnosed(mlp(1, nn.Softmax(axis)), loss)
    assert lead(found) == "misfit-loss"
    assert "over an axis with a single entry" in found.findings[0].message


def test_a_softmax_over_the_samples_is_told():
    def loss(model):
        x, y = batch()
        return F.nll_loss(torch.log_softmax(model(x), 0), y)

    found = diagnosed(mlp(2), loss)
    assert "misfit-loss" in alarms(found)
    assert any("over the samples of the batch" in one.message for one in found.findings)


def test_a_softmax_over_the_columns_of_similarities_is_not():
    """As in CLIP: each sample is to be told from all others, in both directions."""

    def loss(model):
        x, _ = batch()
        alike = F.normalize(model(x)) @ F.normalize(model(x + 0.1 * torch.randn_like(x))).T
        return F.nll_loss(torch.log_softmax(10 * alike, 0), torch.arange(len(x)))

    assert "misfit-loss" not in alarms(diagnosed(mlp(8), loss))


# -- modes -----------------------------------------------------------------------------------------


def normalised(depth=2):
    layers = []
    for inputs in [6] + [24] * (depth - 1):
        layers += [nn.Linear(inputs, 24), nn.BatchNorm1d(24), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(24, 2))


def supervised(model):
    x, y = batch()
    return F.cross_entropy(model(x), y)


def test_a_deep_network_in_eval_mode_from_the_start_is_told():
    found = diagnosed(normalised(depth=12).eval(), supervised, rate=1e-3)
    assert lead(found) == "eval-mode"
    assert "0 and 1, so nothing is normalised" in found.findings[0].message


def test_a_network_in_train_mode_is_quiet():
    assert alarms(diagnosed(normalised(), supervised)) == []


def test_statistics_that_are_kept_in_fine_tuning_are_a_note():
    model = normalised()
    with torch.no_grad():
        for _ in range(50):
            model(batch()[0])
    model.eval()
    found = diagnosed(model, supervised, steps=200)
    assert "eval-mode" not in alarms(found)
    assert "eval-mode" in [one.rule for one in found.findings]


# -- dropout ---------------------------------------------------------------------------------------


def dropping(share):
    layers = [nn.Linear(6, 24), nn.ReLU(), nn.Dropout(share), nn.Linear(24, 24), nn.ReLU()]
    return nn.Sequential(*layers, nn.Dropout(share), nn.Linear(24, 2))


def test_dropout_of_nearly_everything_leads():
    found = diagnosed(dropping(0.97), supervised)
    assert lead(found) == "heavy-dropout"
    assert "97 % of the input of layer 3" in found.findings[0].message


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_usual_dropout_is_not_mentioned(share):
    found = diagnosed(dropping(share), supervised, steps=300)
    assert "heavy-dropout" not in [one.rule for one in found.findings]


def test_dropout_in_eval_mode_counts_for_nothing():
    found = diagnosed(dropping(0.97).eval(), supervised, steps=300)
    assert "heavy-dropout" not in [one.rule for one in found.findings]


# -- weights that no module holds ------------------------------------------------------------------


class Table(nn.Module):
    """Weights of three kinds, in what `hold` makes of a list of them."""

    def __init__(self, hold):
        super().__init__()
        self.parts = hold([nn.Parameter(0.3 * torch.randn(6, 8)) for _ in range(3)])
        self.out = nn.Linear(24, 2)

    def forward(self, x):
        return self.out(torch.cat([torch.tanh(x @ part) for part in self.parts], 1))


@pytest.mark.parametrize(("hold", "told"), [(list, True), (nn.ParameterList, False)])
def test_weights_in_a_plain_list_are_told(hold, told):
    found = diagnosed(Table(hold), supervised)
    assert ("untrained-weights" in alarms(found)) is told
    assert any("No module holds them either" in one.message for one in found.findings) is told


def test_an_input_that_asks_for_a_gradient_is_no_weight():
    model = mlp(2)

    def loss(model):
        x, y = batch()
        x.requires_grad_()
        score = F.cross_entropy(model(x), y)
        (slope,) = torch.autograd.grad(score, x, create_graph=True)
        return score + 0.1 * slope.square().sum(1).mean()

    assert "untrained-weights" not in [one.rule for one in diagnosed(model, loss).findings]


# -- what tells samples apart ----------------------------------------------------------------------


class Reader(nn.Module):
    """Reads the class of a list from its first item; padding is token 9."""

    def __init__(self, invert):
        super().__init__()
        self.embed, self.out = nn.Embedding(10, 16), nn.Linear(16, 3)
        self.invert = invert

    def forward(self, tokens):
        valid = (tokens != 9) != self.invert
        x = self.embed(tokens) * valid[..., None]
        return self.out(x.sum(1) / valid.sum(1, keepdim=True))


def lists(count=32):
    tokens = torch.full((count, 8), 9)
    label = torch.randint(0, 3, (count,))
    tokens[:, 0], tokens[:, 1:4] = label, torch.randint(3, 9, (count, 3))
    return tokens, label


@pytest.mark.parametrize(("invert", "told"), [(True, True), (False, False)])
def test_a_mask_that_keeps_the_padding_loses_the_input(invert, told):
    def loss(model):
        tokens, label = lists()
        return F.cross_entropy(model(tokens), label)

    found = diagnosed(Reader(invert), loss, steps=200)
    assert (lead(found) == "lost-input") is told
    assert ("lost-input" in alarms(found)) is told
    assert "labels" not in [cause for one in found.findings[:1] for cause in one.cause]


class Placed(nn.Module):
    """Which of two tokens comes first? With places or, as in bags of words, without."""

    def __init__(self, uses):
        super().__init__()
        self.embed, self.place = nn.Embedding(4, 16), nn.Embedding(4, 16)
        self.hidden, self.out = nn.Linear(16, 32), nn.Linear(32, 2)
        self.uses = uses

    def forward(self, tokens):
        x = self.embed(tokens)
        if self.uses:
            x = x * (1 + self.place(torch.arange(4)))
        return self.out(torch.relu(self.hidden(x)).mean(1))


@pytest.mark.parametrize(("uses", "told"), [(False, True), (True, False)])
def test_weights_that_forward_never_uses_are_told(uses, told):
    def loss(model):
        tokens = torch.rand(64, 4).argsort(1)
        first = (tokens == 0).int().argmax(1) < (tokens == 1).int().argmax(1)
        return F.cross_entropy(model(tokens), first.long())

    found = diagnosed(Placed(uses), loss, steps=300)
    assert ("unused-weights" in [one.rule for one in found.findings]) is told
    assert (alarms(found) == []) is uses
