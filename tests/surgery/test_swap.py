"""Swaps take effect, touch nothing else, keep or match what they should, and can be taken back."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import stetho
from stetho.errors import UsageError


@pytest.fixture(autouse=True)
def strict(monkeypatch):
    monkeypatch.setenv("STETHO_STRICT", "1")
    torch.manual_seed(0)


class Block(nn.Module):
    """As in torchvision's ResNet: one ReLU, in place, used twice."""

    def __init__(self, width=8):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(out)) + x)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.layers = nn.Sequential(Block(), Block())
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        return self.fc(self.layers(self.stem(x)).mean((2, 3)))


class Functional(nn.Module):
    """Functions only, in place and as a method among them."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(16, 32), nn.Linear(32, 32), nn.Linear(32, 32)
        self.d = nn.Linear(32, 4)

    def forward(self, x):
        x = F.relu(self.a(x))
        x = self.b(x).relu()
        x = self.c(x)
        F.relu(x, inplace=True)
        return self.d(x)


def gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=64, n_positions=32, n_embd=32, n_layer=2, n_head=4, bos_token_id=None
    )
    return GPT2LMHeadModel(config)


def tokens():
    ids = torch.randint(0, 64, (4, 16))
    return {"input_ids": ids, "labels": ids}


def mlp():
    return nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4))


MODELS = {
    "mlp": (
        lambda: nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4)),
        (64, 16),
        "relu",
    ),
    "resnet": (ResNet, (16, 3, 8, 8), "relu"),
    "functional": (Functional, (64, 16), "relu"),
    "gpt2": (gpt2, None, "gelu_tanh"),
}


def made(name):
    make, shape, function = MODELS[name]
    return make(), tokens() if shape is None else torch.randn(shape), function


def functions(model, batch):
    return [site.function.name for site in stetho.check(model, batch).run.sites]


def output(model, batch):
    model.eval()
    with torch.no_grad():
        return model(**batch).logits if isinstance(batch, dict) else model(batch)


@pytest.mark.parametrize("name", MODELS)
def test_every_site_changes_and_nothing_else(name):
    model, batch, function = made(name)
    before = functions(model, batch)
    weights = copy.deepcopy(model.state_dict())
    surgery = stetho.swap(model, function, "elu")
    assert functions(model, batch) == ["elu" if f == function else f for f in before]
    assert all(torch.equal(weights[key], value) for key, value in model.state_dict().items())
    assert len(surgery) >= 1
    assert "→" in str(surgery)


@pytest.mark.parametrize("name", MODELS)
def test_there_and_back_is_the_same_model_bit_for_bit(name):
    model, batch, function = made(name)
    expected, kinds = output(model, batch), functions(model, batch)
    stetho.swap(model, function, "elu")
    assert not torch.equal(output(model, batch), expected)
    stetho.swap(model, "elu", function)
    assert torch.equal(output(model, batch), expected)
    assert functions(model, batch) == kinds


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("init", ["keep", "match", "critical"])
def test_undo_gives_everything_back(name, init):
    model, batch, function = made(name)
    expected, weights = output(model, batch), copy.deepcopy(model.state_dict())
    hooks = len(model._forward_hooks)
    surgery = stetho.swap(model, function, "tanh", init=init, batch=batch)
    surgery.undo()
    surgery.undo()
    assert torch.equal(output(model, batch), expected)
    assert all(torch.equal(weights[key], value) for key, value in model.state_dict().items())
    assert len(model._forward_hooks) == hooks


def deviations(model, batch):
    return [stats.z_std for stats in stetho.check(model, batch).run.probes[0].sites.values()]


@pytest.mark.parametrize("name", ["mlp", "functional", "gpt2"])
@pytest.mark.parametrize("to", ["elu", "tanh", "sigmoid"])
def test_match_keeps_the_variance_of_every_pre_activation(name, to):
    model, batch, function = made(name)
    before = deviations(model.eval(), batch)
    stetho.swap(model, function, to, init="match", batch=batch)
    assert deviations(model.eval(), batch) == pytest.approx(before, rel=2e-3)


@pytest.mark.parametrize("to", ["elu", "tanh", "sigmoid"])
def test_match_in_a_residual_network_stays_within_the_band_of_theory(to):
    # z is normalised, or the sum of what is with what came before: no weight to scale
    model, batch, function = made("resnet")
    bands = [site.z_band for site in stetho.predict(model, batch).sites]
    stetho.swap(model, function, to, init="match", batch=batch)
    for (low, high), now in zip(bands, deviations(model, batch), strict=True):
        assert low <= now <= high


def test_critical_puts_every_site_at_the_functions_resting_length():
    layers = [m for _ in range(8) for m in (nn.Linear(64, 64), nn.ReLU())]
    model, batch = nn.Sequential(*layers, nn.Linear(64, 4)), torch.randn(256, 64)
    surgery = stetho.swap(model, "relu", "tanh", init="critical", batch=batch)
    assert any("tanh is critical only with biases" in note for note in surgery.notes)
    # q* = .570048 on tanh's critical line at σ_b² = .05
    assert deviations(model, batch) == pytest.approx([0.570048**0.5] * 8, rel=2e-3)


def test_a_deep_sigmoid_network_is_cured_by_the_swap_that_the_diagnosis_names():
    layers = [m for _ in range(12) for m in (nn.Linear(64, 64), nn.Sigmoid())]
    model, batch = nn.Sequential(*layers, nn.Linear(64, 4)), torch.randn(64, 64)
    y = torch.randint(0, 4, (64,))
    sick = stetho.check(model, (batch, y)).diagnosis
    assert "vanishing-gradient" in [f.rule for f in sick.findings]
    stetho.swap(model, "sigmoid", "relu", init="critical", batch=batch)
    cured = stetho.check(model, (batch, y)).diagnosis
    assert "vanishing-gradient" not in [f.rule for f in cured.findings]


def test_a_module_that_serves_many_places_is_replaced_by_one():
    act = nn.ReLU()
    model = nn.Sequential(nn.Linear(4, 4), act, nn.Linear(4, 4), act, nn.Linear(4, 2))
    stetho.swap(model, "relu", "prelu")
    assert model[1] is model[3]
    assert isinstance(model[1], nn.PReLU)


def test_torch_encoder_layers_swap_in_evaluation_too():
    layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
    model = nn.Sequential(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)).eval()
    x = torch.randn(2, 5, 16)
    with torch.no_grad():
        before = model(x)
        surgery = stetho.swap(model, "relu", "tanh")
        assert not torch.allclose(model(x), before)
        surgery.undo()
        assert torch.equal(model(x), before)


def test_all_functions_are_those_of_one_number():
    model = nn.Sequential(nn.Linear(8, 8), nn.Identity(), nn.Tanh(), nn.Linear(8, 8), nn.GLU())
    stetho.swap(model, "*", "elu")
    assert [type(m).__name__ for m in model] == ["Linear", "Identity", "ELU", "Linear", "GLU"]
    assert model(torch.randn(2, 8)).shape == (2, 4)


def test_a_fused_kernel_that_nobody_asked_for_is_left_alone():
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    stetho.swap(nn.Sequential(layer, nn.Tanh()), "tanh", "elu")
    assert layer.activation_relu_or_gelu == 1


def test_a_learned_slope_is_of_the_models_type_and_where_it_cannot_learn_that_is_said():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU()).double()
    surgery = stetho.swap(model, "relu", "prelu")
    assert model(torch.randn(2, 4, dtype=torch.float64)).dtype == torch.float64
    assert any("no parameter of the model" in note for note in surgery.notes)


def test_gradients_flow_through_a_swap_in_place():
    model = Functional()
    stetho.swap(model, "relu", "silu")
    model(torch.randn(8, 16)).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("relu", "swish"), "did you mean silu"),
        (("rleu", "elu"), "did you mean relu"),
        (("relu", "swiglu"), "gate"),
        (("relu", "elu", "sideways"), "keep, match, critical"),
        (("relu", "elu", "match"), "batch"),
    ],
)
def test_refusals(arguments, says):
    with pytest.raises(UsageError, match=says):
        stetho.swap(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), *arguments)


# -- initialisation --------------------------------------------------------------------------------


class Backwards(nn.Module):
    """Registered in the opposite order of their use."""

    def __init__(self):
        super().__init__()
        self.out = nn.Linear(256, 4)
        self.second = nn.Linear(256, 256)
        self.first = nn.Linear(256, 256)

    def forward(self, x):
        return self.out(torch.tanh(self.second(F.leaky_relu(self.first(x), 0.2))))


@pytest.mark.parametrize(
    ("method", "first", "second", "out"),
    [
        # gains: leaky .2 √(2/1.04) = 1.386750; tanh 1.592537; none 1. Fan-in 256: / 16
        ("he", 1.386750 / 16, 1.592537 / 16, 1 / 16),
        # tanh is centred, so its variance gain is the same; leaky .2 by 1/std φ = 1.578107
        ("lecun", stetho.gain("leaky_relu:0.2", "variance") / 16, 1.592537 / 16, 1 / 16),
        # fan-out is 256 too, but 4 behind `out`: no activation there, and gain 1 over fan-in
        ("glorot", 1.386750 / 16, 1.592537 / 16, 1 / 16),
    ],
)
def test_init_gives_each_layer_the_gain_of_what_follows_it(method, first, second, out):
    model = Backwards()
    stetho.init_(model, torch.randn(32, 256), method)
    for layer, expected in ((model.first, first), (model.second, second), (model.out, out)):
        # 256 × 256 draws: a deviation is right to 1/√(2 · 65536) = 0.3 %; of `out` to 2 %
        assert float(layer.weight.std()) == pytest.approx(
            expected, rel=0.1 if layer is model.out else 0.015
        )
        assert not layer.bias.any()


def test_lsuv_gives_every_site_unit_variance():
    model = nn.Sequential(
        *[m for _ in range(6) for m in (nn.Linear(48, 48), nn.GELU())], nn.Linear(48, 4)
    )
    batch = torch.randn(256, 48) * 3 + 1
    stetho.init_(model, batch, "lsuv")
    assert deviations(model, batch) == pytest.approx([1.0] * 6, rel=2e-3)


def test_init_is_undone_and_refuses():
    model, batch = Backwards(), torch.randn(4, 256)
    before = copy.deepcopy(model.state_dict())
    stetho.init_(model, batch, "critical").undo()
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    with pytest.raises(UsageError, match="he, glorot, lecun, critical, lsuv"):
        stetho.init_(model, batch, "best")
    with pytest.raises(UsageError, match="none was met"):
        stetho.init_(nn.Sequential(nn.ReLU()), torch.randn(4, 4, requires_grad=True))


# -- normalisation ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_a_normalisation_is_inserted_and_taken_out(kind):
    model = nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 4))
    x = torch.randn(32, 16) * 100
    before = model(x)
    surgery = stetho.insert_norm(model, ["0"], kind)
    z = []
    model[1].register_forward_pre_hook(lambda module, args: z.append(args[0]))
    model(x)
    assert float(z[0].std()) == pytest.approx(1, rel=0.05)
    assert "0.stetho_norm.weight" in model.state_dict()
    surgery.undo()
    assert torch.equal(model(x), before)
    assert "0.stetho_norm.weight" not in model.state_dict()


def test_normalisations_of_convolutions_and_sequences():
    conv = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
    stetho.insert_norm(conv, ["0"])
    assert isinstance(conv[0].stetho_norm, nn.BatchNorm2d)
    sequence = nn.Sequential(nn.Linear(6, 8), nn.ReLU())
    stetho.insert_norm(sequence, ["0"])
    assert sequence(torch.randn(2, 5, 6)).shape == (2, 5, 8)
    with pytest.raises(UsageError, match="expected the path of a layer"):
        stetho.insert_norm(conv, ["7"])
    with pytest.raises(UsageError, match="linear layer or a convolution"):
        stetho.insert_norm(conv, ["1"])
