"""The published and derived numbers that theory must give, to the digits given."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from stetho import activations
from stetho.errors import UsageError
from stetho.theory import (
    MeanField,
    critical,
    gain,
    half_stable,
    moments,
    phase_diagram,
    resolve,
    tailored_slope,
)

# φ: 1/√E φ², 1/std φ, E φ'², E φ'²/E φ² at q = 1
TABLE = {
    "relu": (1.414214, 1.712859, 0.5, 1),
    "leaky_relu:0.01": (1.414143, 1.704832, 0.50005, 1),
    "leaky_relu:0.18181818181818182": (1.391402, 1.561762, 0.516529, 1),
    "prelu": (1.371989, 1.504610, 0.53125, 1),
    "elu": (1.245198, 1.270843, 0.668102, 1.035905),
    "selu": (1, 1, 1.071575, 1.071575),
    "gelu": (1.533530, 1.700926, 0.455851, 1.072032),
    "silu": (1.676532, 1.787187, 0.379482, 1.066634),
    "mish": (1.486848, 1.592025, 0.479084, 1.059118),
    "hardswish": (1.736657, 1.813871, 0.358532, 1.081323),
    "tanh": (1.592537, 1.592537, 0.464403, 1.177807),
    "softplus": (1.041867, 1.919126, 0.293379, 0.318459),
    "sigmoid": (1.846229, 4.801313, 0.044836, 0.152827),
}


@pytest.mark.parametrize("name", TABLE)
def test_gains_at_unit_variance(name):
    forward, variance, slope, ratio = TABLE[name]
    got = moments(activations.get(name), 1.0)
    assert gain(name) == pytest.approx(forward, abs=6e-7)
    assert gain(name, "variance") == pytest.approx(variance, abs=6e-7)
    assert got.slope == pytest.approx(slope, abs=6e-7)
    assert gain(name, "backward") == pytest.approx(got.slope**-0.5)
    assert got.slope / got.second == pytest.approx(ratio, abs=6e-7)


# σ_b²: σ_w², q* on tanh's critical line
CRITICAL = {
    0.01: (1.424205, 0.273301),
    0.05: (1.760955, 0.570048),
    0.1: (1.986073, 0.805799),
    0.3: (2.505127, 1.461169),
}


@pytest.mark.parametrize("sigma_b2", CRITICAL)
def test_critical_line_of_tanh(sigma_b2):
    assert critical(activations.get("tanh"), sigma_b2) == pytest.approx(
        CRITICAL[sigma_b2], abs=6e-7
    )


@pytest.mark.parametrize(
    ("sigma_w2", "q", "chi", "scale"),
    [
        (1.3, 0.315316, 0.880164, 7.834),
        (1.5, 0.418037, 0.938636, 15.79),
        (2.5, 1.063958, 1.133516, 11.80),
    ],
)
def test_fixed_points_and_depth_scales_of_tanh(sigma_w2, q, chi, scale):
    field = MeanField(activations.get("tanh"), sigma_w2, 0.05)
    assert field.fixed_point() == pytest.approx(q, abs=6e-7)
    assert field.slope(field.fixed_point()) == pytest.approx(chi, abs=6e-7)
    assert field.depth_scale == pytest.approx(scale, rel=5e-4)
    assert field.trainable_depth == pytest.approx(6 * scale, rel=5e-4)


def test_half_stable_points():
    assert half_stable(activations.get("gelu")) == pytest.approx((3 + 17**0.5) / 2, rel=1e-9)
    assert half_stable(activations.get("silu")) == pytest.approx(14.320174, abs=6e-7)


def test_randomised_leaky_relu_in_training_and_in_evaluation():
    assert gain("rrelu") == pytest.approx(1.376117, abs=6e-7)
    assert gain("rrelu_paper") == pytest.approx(1.385641, abs=6e-7)
    # N(0, 1): E α² = 1, so E φ² = (1 + 1) / 2
    assert gain("rrelu_article") == pytest.approx(1)
    # in evaluation: leaky ReLUs of the mean slope 11/48, 1/5.5 and 0
    for name, slope in (("rrelu", 11 / 48), ("rrelu_paper", 1 / 5.5), ("rrelu_article", 0)):
        assert gain(name, training=False) == pytest.approx((2 / (1 + slope**2)) ** 0.5)


def resnet101(c, layer):
    """The residual network of Deep Kernel Shaping's published example: blocks of three layers."""
    for blocks in (3, 4, 23, 3):
        for place in range(blocks):
            shortcut = layer(c) if place == 0 else c
            c = 0.36 * shortcut + 0.64 * layer(layer(layer(c)))  # shortcut weight 0.6, squared
    return layer(c)


def test_tailored_leaky_relu_of_deep_kernel_shaping():
    # Zhang, Botev and Martens 2022: η = 0.75
    slope, scale = tailored_slope(resnet101, 0.75)
    assert slope == pytest.approx(0.6291800290346146, abs=1e-9)
    assert scale == pytest.approx(1.196996549778802, abs=1e-9)
    assert gain(f"leaky_relu:{slope}") == pytest.approx(scale, rel=1e-12)


def test_a_tailored_slope_does_what_it_is_for():
    slope, _ = tailored_slope(50, 0.9)
    field = MeanField(activations.get("leaky_relu", negative_slope=slope), 2 / (1 + slope**2))
    c = 0.0
    for _ in range(50):
        c = field.correlation(c, 1.0)
    assert c == pytest.approx(0.9, abs=1e-6)
    with pytest.raises(UsageError, match="too shallow"):
        tailored_slope(1, 0.9)
    with pytest.raises(UsageError, match="between 0 and 1"):
        tailored_slope(50, 1.5)


# -- closed forms ----------------------------------------------------------------------------------


@pytest.mark.parametrize("q", [1e-6, 0.01, 1.0, 30.0, 1e6])
@pytest.mark.parametrize("alpha", [0.0, 0.01, 0.3, 1.0, -0.5])
def test_leaky_relu_in_closed_form(q, alpha):
    got = moments(activations.get("leaky_relu", negative_slope=alpha), q)
    assert got.mean == pytest.approx((1 - alpha) * math.sqrt(q / (2 * math.pi)), rel=1e-12)
    assert got.second == pytest.approx(q * (1 + alpha**2) / 2, rel=1e-12)
    assert got.slope == pytest.approx((1 + alpha**2) / 2, rel=1e-12)


@pytest.mark.parametrize("q", [1e-6, 0.01, 1.0, 30.0, 1e6])
def test_gelu_in_closed_form(q):
    # E zΦ(z) = q / √(2π(1 + q)); E z²Φ(z)² by parts, with E Φ² = 1/4 + asin(q/(1+q)) / 2π
    got = moments(activations.get("gelu"), q)
    assert got.mean == pytest.approx(q / math.sqrt(2 * math.pi * (1 + q)), rel=1e-11)
    s = math.asin(q / (1 + q)) / (2 * math.pi)
    second = q * (0.25 + s) + q**2 / (math.pi * (1 + q) * math.sqrt(1 + 2 * q))
    assert got.second == pytest.approx(second, rel=1e-10)


def test_softplus_and_sigmoid_know_each_other():
    # softplus' = σ, so the slope's second moment of one is the second moment of the other
    for q in (0.1, 1.0, 10.0):
        softplus, sigmoid = (moments(activations.get(n), q) for n in ("softplus", "sigmoid"))
        assert softplus.slope == pytest.approx(sigmoid.second, rel=1e-8)  # threshold 20 in torch
        # Stein: E z softplus(z) = q E σ(z) = q / 2
        assert sigmoid.mean == pytest.approx(0.5, abs=1e-13)


@pytest.mark.parametrize("record", activations.catalogue(), ids=lambda record: record.name)
@pytest.mark.parametrize("q", [1e-4, 0.3, 1.0, 50.0])
def test_stated_error_bounds_hold_against_a_brute_force_sum(record, q):
    if record.gate:
        pytest.skip("a gate has two inputs")
    got = moments(record, q)
    # Midpoints of 2 million cells over ±12 deviations, cut at no kink: error about cell² / 24.
    cells = 2_000_000
    u = (torch.arange(cells, dtype=torch.float64) + 0.5) * (24 / cells) - 12
    weight = torch.exp(-u * u / 2) * (24 / cells) / math.sqrt(2 * math.pi)
    z = u * math.sqrt(q)
    for mine, values in (
        (got.mean, record.phi(z)),
        (got.second, record.phi(z) ** 2),
        (got.slope, record.slope(z) ** 2),
    ):
        size = float((values.abs() * weight).sum())
        rough = 3e-5 * size if record.kinks else 1e-8 * size + 1e-12
        assert abs(mine - float((values * weight).sum())) <= got.error + rough
    assert got.error < 1e-9 * max(1.0, q, q * q)


def test_wide_networks_agree_with_the_length_map_and_chi():
    torch.manual_seed(0)
    width = 4000
    for name in ("tanh", "gelu", "elu"):
        record = activations.get(name)
        z = torch.randn(width, 8, dtype=torch.float64) * math.sqrt(0.7)
        weight = torch.randn(width, width, dtype=torch.float64) * math.sqrt(1.6 / width)
        after = weight @ record.phi(z) + math.sqrt(0.1) * torch.randn(width, 1)
        field = MeanField(record, 1.6, 0.1)
        # variance of a mean over 4000 × 8 elements: a relative error of √(2 / 4000) per sample
        assert float(after.square().mean()) == pytest.approx(field.length(0.7), rel=0.04)
        gradient = torch.randn(width, 8, dtype=torch.float64)
        back = (weight.T @ gradient) * record.slope(z)
        assert float(back.square().mean()) == pytest.approx(field.slope(0.7), rel=0.04)


@pytest.mark.parametrize("c", [0.0, 0.5, 0.9, 0.999])
def test_correlation_map_of_relu_is_the_arc_cosine_kernel(c):
    # Cho and Saul 2009: E = q/2π (√(1−c²) + c (π − acos c)), with E φ² = q/2
    field = MeanField(activations.get("relu"), 2.0)
    expected = (math.sqrt(1 - c * c) + c * (math.pi - math.acos(c))) / math.pi
    assert field.correlation(c, 1.0) == pytest.approx(expected, rel=1e-9)
    # its derivative: (π − acos c) / π
    assert field.correlation_slope(c, 1.0) == pytest.approx(1 - math.acos(c) / math.pi, rel=1e-7)


def test_correlation_of_tanh_by_monte_carlo():
    torch.manual_seed(0)
    field = MeanField(activations.get("tanh"), 2.5, 0.05)
    q, c = field.fixed_point(), 0.6
    u = torch.randn(2, 4_000_000, dtype=torch.float64) * math.sqrt(q)
    product = (torch.tanh(u[0]) * torch.tanh(c * u[0] + math.sqrt(1 - c * c) * u[1])).mean()
    assert field.correlation(c, q) == pytest.approx(
        (2.5 * float(product) + 0.05) / field.length(q), abs=2e-3
    )


@pytest.mark.parametrize(
    ("name", "sigma_w2"), [("relu", 2.0), ("leaky_relu:negative_slope=0.1", 2 / 1.01)]
)
def test_a_length_that_grows_by_the_biases_alone_has_no_end(name, sigma_w2):
    # He's weights keep q, so that each layer adds σ_b²: q, q + 0.1, q + 0.2, …
    field = MeanField(activations.get(name), sigma_w2, 0.1)
    assert field.length(5.0) == pytest.approx(5.1)
    assert field.fixed_point() == math.inf


def test_a_length_that_nearly_grows_for_ever_comes_to_rest():
    # q* = 0.1 / (1 − 0.999) = 100
    assert MeanField(activations.get("relu"), 1.998, 0.1).fixed_point() == pytest.approx(
        100.0, rel=1e-3
    )


def test_phase_diagram_agrees_with_single_points():
    tanh = activations.get("tanh")
    w, b = torch.linspace(0.5, 4, 100), torch.linspace(0.01, 0.5, 100)
    q, chi = phase_diagram(tanh, w, b)
    assert q.shape == chi.shape == (100, 100)
    for i, j in ((0, 0), (50, 20), (99, 99), (10, 70)):
        field = MeanField(tanh, float(w[j]), float(b[i]))
        assert float(q[i, j]) == pytest.approx(field.fixed_point(), rel=1e-6)
        assert float(chi[i, j]) == pytest.approx(field.slope(field.fixed_point()), rel=1e-6)
    explodes, _ = phase_diagram(activations.get("relu"), torch.tensor([1.0, 3.0]), b[:1])
    assert explodes[0].tolist() == [pytest.approx(0.02, rel=1e-6), math.inf]


# -- any function ----------------------------------------------------------------------------------


def swish_twice(z):
    return z * torch.sigmoid(2 * z)


@pytest.mark.parametrize(
    ("function", "same"),
    [
        (F.gelu, "gelu"),
        (torch.tanh, "tanh"),
        (nn.LeakyReLU(0.2), "leaky_relu:0.2"),
        (nn.ELU(alpha=0.5), "elu:0.5"),
        (nn.GELU(approximate="tanh"), "gelu_tanh"),
    ],
)
def test_functions_and_modules_are_known_by_their_record(function, same):
    assert gain(function) == gain(same)
    assert resolve(function).facts == activations.get(same).facts


def test_a_callable_of_ones_own_has_a_gain():
    # z σ(2z) = silu(2z) / 2: E φ² = E silu² at q = 4, over 4
    expected = (moments(activations.get("silu"), 4.0).second / 4) ** -0.5
    assert gain(swish_twice) == pytest.approx(expected, rel=1e-9)

    class Own(nn.Module):
        def forward(self, x):
            return swish_twice(x)

    assert gain(Own()) == pytest.approx(expected, rel=1e-9)


def test_learned_slopes_count_channel_by_channel():
    module = nn.PReLU(4)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([0.0, 0.5, -0.5, 1.0]))
    # mean α² = (0 + .25 + .25 + 1) / 4 = .375
    assert gain(module) == pytest.approx((2 / 1.375) ** 0.5)
    assert gain(nn.PReLU(init=0.4)) == pytest.approx(gain("leaky_relu:0.4"), rel=1e-6)


def test_refusals():
    with pytest.raises(UsageError, match="forward, variance, backward"):
        gain("relu", "sideways")
    with pytest.raises(UsageError, match="gate"):
        gain("swiglu")
    with pytest.raises(UsageError, match="0 or more"):
        gain("relu", q=-1.0)
    with pytest.raises(UsageError, match="elementwise"):
        gain(lambda z: torch.softmax(z, -1))
