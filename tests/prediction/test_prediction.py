"""What theory predicts of real networks, against what is measured in them."""

from __future__ import annotations

import math

import pytest
import torch
import transformers
from torch import nn

import stetho
import stetho.prediction
from acceptance.test_hugging_face import FAMILIES
from stetho import activations
from stetho.activations.modules import build
from stetho.errors import UsageError
from stetho.prediction import compare_stacks, predict
from stetho.prediction.compare import compare
from stetho.theory.shifted import through

FUNCTIONS = [r.name for r in activations.catalogue() if not r.gate and r.name != "identity"]


@pytest.fixture(autouse=True)
def strict(monkeypatch):
    monkeypatch.setenv("STETHO_STRICT", "1")
    torch.manual_seed(0)


def network(depth, width, act, conv=False, norm=None, dropout=0.0):
    layers, channels = [], 3 if conv else width
    for _ in range(depth):
        layers.append(
            nn.Conv2d(channels, width, 3, padding=1) if conv else nn.Linear(channels, width)
        )
        channels = width
        if norm is not None:
            layers.append(norm(width))
        layers.append(build(activations.get(act)))
        if dropout:
            layers.append(nn.Dropout(dropout))
    tail = [nn.AdaptiveAvgPool2d(1), nn.Flatten()] if conv else []
    return nn.Sequential(*layers, *tail, nn.Linear(width, 10))


def batch(width, conv=False):
    x = torch.randn(16, 3, 8, 8) if conv else torch.randn(64, width)
    return x, torch.randint(0, 10, (len(x),))


def both(model, data):
    return compare(predict(model, data), stetho.check(model, data).run)


NETWORKS = [(10, 128, False), (30, 64, False), (6, 16, True)]


def test_the_bands_hold_what_they_claim_over_functions_depths_and_inits(capsys):
    """Over every function of the catalogue and three initialisations: 95 % claimed."""
    inside = {"z": 0, "gradient": 0}
    valid = flagged = 0
    for depth, width, conv in NETWORKS:
        for name in FUNCTIONS:
            for init in ("default", "he", "critical"):
                model, data = network(depth, width, name, conv), batch(width, conv)
                if init != "default":
                    stetho.init_(model, data[0], init)
                prediction = predict(model, data)
                compared = compare(prediction, stetho.check(model, data).run)
                for site, row in zip(prediction.sites, compared.rows, strict=True):
                    if not row.valid:
                        flagged += 1
                        continue
                    valid += 1
                    inside["z"] += site.z_band[0] <= row.z_std <= site.z_band[1]
                    inside["gradient"] += site.band[0] <= row.grad_rms <= site.band[1]
    with capsys.disabled():
        shares = ", ".join(f"{name} {count / valid:.1%}" for name, count in inside.items())
        print(f"\ninside the 95 % band: {shares} of {valid} sites; {flagged} flagged")
    assert inside["z"] / valid > 0.95
    assert inside["gradient"] / valid > 0.93
    assert flagged < 0.25 * (valid + flagged)


class Residual(nn.Module):
    def __init__(self, width, norm):
        super().__init__()
        self.norm, self.a, self.b = norm(width), nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x):
        return x + self.b(torch.relu(self.a(self.norm(x))))


def residual(norm):
    return nn.Sequential(*[Residual(128, norm) for _ in range(8)], nn.Linear(128, 10))


STRUCTURES = {
    "batch norm, relu": lambda: network(10, 128, "relu", norm=nn.BatchNorm1d),
    "batch norm, tanh": lambda: network(10, 128, "tanh", norm=nn.BatchNorm1d),
    "layer norm, relu": lambda: network(10, 128, "relu", norm=nn.LayerNorm),
    "layer norm, gelu, dropout": lambda: network(8, 128, "gelu", norm=nn.LayerNorm, dropout=0.2),
    "residual, layer norm": lambda: residual(nn.LayerNorm),
    "residual, batch norm": lambda: residual(nn.BatchNorm1d),
    "convolutions, batch norm": lambda: network(6, 32, "relu", conv=True, norm=nn.BatchNorm2d),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_normalisation_residual_sums_and_dropout(name):
    model = STRUCTURES[name]()
    compared = both(model, batch(128, conv="conv" in name))
    for row in compared.rows:
        assert row.z_std == pytest.approx(row.z_predicted, rel=0.05)
        assert row.grad_rms == pytest.approx(row.grad_predicted, rel=0.4)
    assert compared.first_apart is None
    assert compared.modelled >= 0.8 * len(compared.rows)


def test_a_heavy_tailed_pre_activation_is_flagged():
    prediction = predict(network(12, 128, "silu", norm=nn.BatchNorm1d), batch(128))
    flagged = [site for site in prediction.sites if not site.valid]
    assert flagged
    assert "kurtosis" in flagged[0].why


@pytest.mark.parametrize("family", ["gpt2", "bert", "llama", "opt", "resnet"])
def test_architectures_that_nobody_here_wrote(family):
    config, name, settings, make, _, count = FAMILIES[family]
    model = getattr(transformers, name)(getattr(transformers, config)(**settings)).train()
    data = make()
    prediction = predict(model, data)
    rows = compare(prediction, stetho.check(model, data).run).rows
    assert len(rows) == count
    for row in rows:
        assert row.z_std == pytest.approx(row.z_predicted, rel=0.15)
        assert row.grad_rms == pytest.approx(row.grad_predicted, rel=0.5)
    if family != "resnet":
        assert "scaled_dot_product_attention" in prediction.unmodelled
        assert not any(site.valid for site in prediction.sites), "attention is named, not hidden"


def test_relu_scatters_as_hanin_and_nica_say():
    # E φ⁴ / (E φ²)² − 1 = (3/2) / (1/4) − 1; 3 E φ'⁴ / (E φ'²)² − 1 = 3 · (1/2) / (1/4) − 1
    got = through(activations.get("relu"), 0.0, 1.0, True)
    assert (got.spread, got.slope_spread) == pytest.approx((5, 5))
    assert got.elasticity == pytest.approx(1)
    assert got.slope_elasticity == pytest.approx(0, abs=1e-9)
    square = through(activations.get("squared_relu"), 0.0, 1.0, True)
    assert (square.elasticity, square.slope_elasticity) == pytest.approx((2, 1))


def test_a_mean_in_z_is_taken_into_account():
    # E max(z, 0) for z ~ N(1, 1): φ(1) + Φ(1) = .241971 + .841345
    got = through(activations.get("relu"), 1.0, 1.0, True)
    assert got.mean == pytest.approx(1.083316, abs=1e-6)
    assert got.slope == pytest.approx(0.841345, abs=1e-6)
    sigmoid = through(activations.get("sigmoid"), 2.0, 0.5, True)
    z = 2 + math.sqrt(0.5) * torch.randn(2_000_000, dtype=torch.float64)
    assert sigmoid.mean == pytest.approx(float(z.sigmoid().mean()), abs=1e-3)


def test_the_model_is_left_as_found():
    model = network(3, 32, "relu", norm=nn.BatchNorm1d, dropout=0.5)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    predict(model, (torch.zeros(8, 32), torch.zeros(8).long()))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not torch.overrides._get_current_function_mode_stack()


def test_another_function_can_be_asked_for_without_a_swap():
    model, data = network(8, 128, "sigmoid"), batch(128)
    as_it_is, as_relu = predict(model, data), predict(model, data, activation="relu")
    stetho.swap(model, "sigmoid", "relu")
    swapped = predict(model, data)
    assert as_relu.sites[0].grad_rms > 1e3 * as_it_is.sites[0].grad_rms
    for asked, real in zip(as_relu.sites, swapped.sites, strict=True):
        assert asked.slope_factor == pytest.approx(real.slope_factor, rel=1e-6)


def test_check_names_the_first_site_where_theory_and_measurement_part():
    model, data = network(6, 128, "relu"), batch(128)
    with torch.no_grad():  # rows that all point along what enters the third layer
        entering = model[:4](data[0]).mean(0)
        signs = torch.randn(128, 1).sign()
        model[4].weight.copy_(signs * entering / entering.norm())
    comparison = stetho.check(model, data).comparison
    assert comparison.first_apart == "5/relu"
    assert "They first part at 5/relu" in str(comparison)
    assert "z's deviation is" in comparison.why
    assert "kurtosis" in comparison.why


def test_depth_scale_is_that_of_the_layers_that_are_there():
    model = network(6, 256, "tanh")
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=math.sqrt(1.3 / 256))
            nn.init.normal_(layer.bias, std=math.sqrt(0.05))
    # σ_w² = 1.3, σ_b² = .05 for tanh: ξ = 7.834
    assert predict(model, batch(256)).depth_scale == pytest.approx(7.834, rel=0.25)


def test_stacks_are_compared_by_theory_alone():
    rows = {row.name: row for row in compare_stacks(["sigmoid", "relu", "elu", "tanh"], 50)}
    assert not rows["sigmoid"].fits
    assert rows["relu"].fits
    # √(E φ'²/E φ²) a layer, 49 layers: 1.017794^49 = 2.373
    assert rows["elu"].gradient == pytest.approx(1.0177942**49, rel=1e-4)
    assert rows["relu"].trainable_depth == math.inf
    with pytest.raises(UsageError, match="1 or more"):
        compare_stacks(["relu"], 0)


def test_batch_normalisation_in_evaluation_goes_by_what_it_saw_in_training():
    model, (x, y) = network(6, 128, "relu", norm=nn.BatchNorm1d), batch(128)
    model(3 * x)  # what the running means take in: not what evaluation will see
    model.eval()
    compared = both(model, (x, y))
    for row in compared.rows:
        assert row.z_std == pytest.approx(row.z_predicted, rel=0.1)
        assert row.grad_rms == pytest.approx(row.grad_predicted, rel=0.3)
    assert compared.rows[-1].z_std < 0.9, "it is not normalised here"


def test_a_fault_in_theory_is_told_and_the_check_up_stands(monkeypatch):
    def faulty(*args, **kwargs):
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(stetho.prediction, "predict", faulty)
    model, data = network(3, 16, "relu"), batch(16)
    with pytest.raises(ZeroDivisionError):
        stetho.check(model, data)
    monkeypatch.delenv("STETHO_STRICT")
    result = stetho.check(model, data)
    assert result.comparison is None
    assert len(result.run.sites) == 3
    (told,) = result.run.faults
    assert "a fault of ours" in told
    stetho.assert_healthy(model, data)  # asks measurement alone


def test_refusals():
    with pytest.raises(UsageError, match="gate swiglu"):
        predict(network(2, 8, "relu"), batch(8), activation="swiglu")
    with pytest.raises(UsageError, match="none was met"):
        predict(nn.Sequential(nn.Linear(4, 4)), torch.randn(2, 4))
    with pytest.raises(UsageError, match="did you mean"):
        predict(network(2, 8, "relu"), batch(8), activation="rleu")
