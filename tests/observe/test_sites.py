"""Sites are seen however the function is called, with both gradients exact."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from stetho import activations
from stetho.activations.modules import build


class Custom(nn.Module):
    """A sigmoid that somebody wrote by hand."""

    def forward(self, x):
        return 1 / (1 + torch.exp(-x))


class Net(nn.Module):
    """Three layers; `apply` is how the activation is called."""

    def __init__(self, apply, width=16):
        super().__init__()
        torch.manual_seed(1)
        self.first = nn.Linear(8, width)
        self.second = nn.Linear(width, width)
        self.head = nn.Linear(width, 4)
        self.apply_ = apply

    def forward(self, x):
        x = self.apply_(self.first(x))
        return self.head(self.apply_(self.second(x)))


def train(model, steps=1, parameters=None):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    torch.manual_seed(2)
    x, y = torch.randn(32, 8) * 2, torch.randint(0, 4, (32,))
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model


SIGMOIDS = {
    "module": nn.Sigmoid(),
    "torch": torch.sigmoid,
    "functional": F.sigmoid,
    "method": lambda x: x.sigmoid(),
    "in place": lambda x: x.sigmoid_(),
    "torch in place": torch.sigmoid_,
    "special": torch.special.expit,
    "by hand": Custom(),
}


def autograd_answer():
    """z, a, ∂L/∂a and ∂L/∂z of the same network by retain_grad."""
    model = Net(torch.sigmoid)
    torch.manual_seed(2)
    x, y = torch.randn(32, 8) * 2, torch.randint(0, 4, (32,))
    z1 = model.first(x)
    a1 = torch.sigmoid(z1)
    z2 = model.second(a1)
    a2 = torch.sigmoid(z2)
    for tensor in (z1, a1, z2, a2):
        tensor.retain_grad()
    F.cross_entropy(model.head(a2), y).backward()
    return [(z1, a1), (z2, a2)]


@pytest.mark.parametrize("spelling", SIGMOIDS)
def test_every_spelling_gives_the_same_numbers(observed, spelling):
    with observed() as sink:
        train(Net(SIGMOIDS[spelling]))
    sites = [one for one in sink.seen if not one.discarded]
    assert [one.function for one in sites] == ["sigmoid", "sigmoid"]
    for one, (z, a) in zip(sites, autograd_answer(), strict=True):
        torch.testing.assert_close(one.z, z.detach())
        torch.testing.assert_close(one.a, a.detach())
        torch.testing.assert_close(one.up, a.grad)
        torch.testing.assert_close(one.down, z.grad)


def test_names_say_module_function_and_count(observed):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.act = nn.ReLU()
            self.fc = nn.Linear(8, 8)

        def forward(self, x):
            x = self.act(self.fc(x))
            x = self.act(self.fc(x))
            return F.gelu(x) + F.gelu(self.fc(x))

    with observed() as sink:
        train(nn.Sequential(Block(), nn.Linear(8, 4)))
    assert sink.names() == ["0.act/relu", "0.act/relu#1", "0/gelu", "0/gelu#1"]


def test_one_relu_used_four_times_and_in_place(observed):
    class Four(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(4))
            self.act = nn.ReLU(inplace=True)
            self.head = nn.Linear(8, 4)

        def forward(self, x):
            for layer in self.layers:
                x = self.act(layer(x))
            return self.head(x)

    with observed() as sink:
        train(Four(), steps=2)
    four = ["act/relu", "act/relu#1", "act/relu#2", "act/relu#3"]
    assert sink.names() == four * 2
    assert [site.layer for site in sink.sites] == [f"layers.{i}" for i in range(4)]
    for one in sink.seen:
        torch.testing.assert_close(one.a, one.z.clamp(min=0))
        torch.testing.assert_close(one.down, one.up * (one.z > 0))


def test_composite_module_counts_once_and_is_recognised(observed):
    class NewGELU(nn.Module):
        def forward(self, x):
            return 0.5 * x * (1 + torch.tanh(0.7978845608 * (x + 0.044715 * x.pow(3))))

    class Swish(nn.Module):
        def __init__(self):
            super().__init__()
            self.gate = nn.Sigmoid()

        def forward(self, x):
            return x * self.gate(x)

    class Strange(nn.Module):
        def forward(self, x):
            return torch.where(x > 0, x, 0.3 * torch.sin(x))

    layers = []
    for act in (NewGELU(), Swish(), Strange()):
        layers += [nn.Linear(8, 8), act]
    with observed() as sink:
        model = train(nn.Sequential(*layers, nn.Linear(8, 4)), steps=2)
    expected = ["1/gelu_tanh", "3/silu", "5/Strange"]
    assert sink.names() == expected * 2
    assert [site.name for site in sink.sites] == expected
    assert [site.function.known for site in sink.sites] == [True, True, False]
    del model


def test_the_second_model_of_a_class_names_its_composite_sites_without_a_count(observed):
    class Wrapped(nn.Module):
        def forward(self, x):
            return F.silu(x)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.act, self.head = nn.Linear(8, 8), Wrapped(), nn.Linear(8, 4)

        def forward(self, x):
            return self.head(self.act(self.first(x)))

    models = [Model(), Model()]
    optimizer = torch.optim.SGD([p for m in models for p in m.parameters()], lr=0.1)
    with observed() as sink:
        for _ in range(2):
            sum(model(torch.randn(4, 8)).square().mean() for model in models).backward()
            optimizer.step()
    assert set(sink.names()) == {"act/silu", "Model#1:act/silu"}


def test_gradients_of_a_custom_module_match_autograd(observed):
    class Strange(nn.Module):
        def forward(self, x):
            return torch.where(x > 0, x, 0.3 * torch.sin(x))

    with observed() as sink:
        train(Net(Strange()))
    for one in sink.seen:
        slope = torch.where(one.z > 0, torch.ones_like(one.z), 0.3 * torch.cos(one.z))
        torch.testing.assert_close(one.down, one.up * slope)


SMOOTH = [r for r in activations.catalogue() if not r.gate and r.name != "identity"]


@pytest.mark.parametrize("record", SMOOTH, ids=lambda record: record.name)
@pytest.mark.parametrize("as_module", [True, False])
def test_both_gradients_are_exact_for_every_function_of_the_catalogue(observed, record, as_module):
    """∂L/∂z = φ'(z) ∂L/∂a, also where z goes in by several ways (softsign, a drawn slope)."""
    function = build(record)
    with observed() as sink:
        train(Net(function if as_module else function.forward))
    for one in sink.seen:
        slope = one.down.double() / one.up.double()
        if record.random:
            assert bool((slope[one.z > 0] == 1).all())
            drawn = slope[one.z < 0]
            expected = -record.draw(torch.full((100_000,), -1.0, dtype=torch.float64))
            assert float(drawn.mean()) == pytest.approx(float(expected.mean()), abs=0.25)
            assert float(drawn.std()) == pytest.approx(float(expected.std()), rel=0.3)
        else:
            torch.testing.assert_close(one.down, one.up * record.slope(one.z), rtol=2e-5, atol=1e-7)


def test_z_used_twice_counts_only_the_path_through_the_function(observed):
    class Skip(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.head = nn.Linear(8, 8), nn.Linear(8, 4)

        def forward(self, x):
            z = self.fc(x)
            return self.head(z + torch.tanh(z))

    with observed() as sink:
        train(Skip())
    (one,) = sink.seen
    torch.testing.assert_close(one.down, one.up * (1 - torch.tanh(one.z) ** 2))


def test_modules_that_are_no_activation_are_no_site(observed):
    class RMSNorm(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(8))

        def forward(self, x):
            return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight

    class LayerScale(nn.Module):
        def __init__(self):
            super().__init__()
            self.gamma = nn.Parameter(torch.ones(8))

        def forward(self, x):
            return x * self.gamma

    class Noise(nn.Module):
        def forward(self, x):
            return x + torch.randn_like(x).abs()

    body = [nn.Linear(8, 8), RMSNorm(), LayerScale(), Noise(), nn.Dropout(0.1), nn.Softmax(-1)]
    with observed() as sink:
        train(nn.Sequential(*body, nn.Linear(8, 4)))
    assert sink.names() == []


def test_output_functions_are_told_from_hidden_ones(observed):
    model = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 4), nn.Sigmoid())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with observed(models=[model]) as sink:
        F.binary_cross_entropy(model(torch.randn(5, 8)), torch.rand(5, 4)).backward()
        optimizer.step()
    assert {site.name: site.output for site in sink.sites} == {"1/tanh": False, "3/sigmoid": True}
    assert sink.sites[0].feeds == ("2",)


def test_origin_of_z_through_normalisation_and_residual(observed):
    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
            self.bn1 = nn.BatchNorm2d(4)
            self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
            self.bn2 = nn.BatchNorm2d(4)
            self.head = nn.Linear(4, 4)

        def forward(self, x):
            x = F.relu(self.bn1(self.conv1(x.view(-1, 1, 2, 4))))
            x = F.relu(self.bn2(self.conv2(x)) + x)
            return self.head(x.mean((2, 3)))

    with observed() as sink:
        train(Residual())
    first, second = sink.sites
    assert (first.layer, first.norm, first.bias, first.residual) == (
        "conv1",
        "bn1",
        "bn1.bias",
        False,
    )
    assert (second.layer, second.norm, second.residual) == ("conv2", "bn2", True)
    assert [one.from_conv for one in sink.seen] == [True, True]
    assert sink.seen[0].shift is not None
    assert sink.seen[1].shift is None, "behind a residual sum the shift is not added last"
    before_norm = {p.name for p in sink.parameters if p.before_norm}
    assert before_norm == {"conv1.bias", "conv2.bias"}


def test_in_place_on_a_slice_is_said_not_to_be_seen(observed):
    class Slice(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.head = nn.Linear(8, 8), nn.Linear(8, 4)

        def forward(self, x):
            z = self.fc(x)
            z[:, :4].relu_()
            return self.head(z)

    with observed() as sink:
        train(Slice())
    assert sink.names() == []
    assert any("in place" in sentence for sentence in sink.unseen_sentences)


WRITTEN_OUT = {
    "where": lambda z: torch.where(z > 0, z, 0.1 * z),
    "maximum": lambda z: torch.maximum(z, 0.1 * z),
    "sin": lambda z: torch.sin(30 * z),
    "exp": lambda z: 1 - torch.exp(-z * z),
}


@pytest.mark.parametrize("name", WRITTEN_OUT)
def test_a_function_written_out_between_two_layers_is_said_not_to_be_seen(observed, name):
    with observed() as sink:
        train(Net(WRITTEN_OUT[name]), steps=2)
    assert sink.names() == []
    (sentence,) = {s for s in sink.unseen_sentences if "second" in s}
    assert f"({name})" in sentence
    assert len(set(sink.unseen_sentences)) == 2, "the first and the second use of it"


@pytest.mark.parametrize("spelling", [lambda z: z, lambda z: z + 0.1 * z, torch.relu])
def test_what_bends_nothing_unknown_is_passed_over_in_silence(observed, spelling):
    with observed() as sink:
        train(Net(spelling))
    assert sink.unseen_sentences == []


def test_no_grad_and_evaluation_are_not_watched(observed):
    model = Net(torch.relu)
    with observed() as sink:
        train(model)
        with torch.no_grad():
            model(torch.randn(3, 8))
    assert len(sink.seen) == 2


def test_fused_recurrent_kernels_are_named(observed):
    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.head = nn.LSTM(8, 8, batch_first=True), nn.Linear(8, 4)

        def forward(self, x):
            return self.head(self.lstm(x.view(-1, 1, 8))[0][:, -1])

    with observed() as sink:
        train(Tagger())
    assert [layer.kind for layer in sink.layers] == ["recurrent", "linear"]
    assert any("lstm" in sentence for sentence in sink.unseen_sentences)


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointing_counts_each_site_once(observed, reentrant):
    from torch.utils.checkpoint import checkpoint

    class Inner(nn.Module):
        def __init__(self, second):
            super().__init__()
            self.second = second

        def forward(self, h):
            return torch.sigmoid(self.second(torch.sigmoid(h)))

    class Checked(Net):
        def __init__(self, apply):
            super().__init__(apply)
            self.inner = Inner(self.second)

        def forward(self, x):
            x = checkpoint(self.inner, self.first(x), use_reentrant=reentrant)
            return self.head(x)

    with observed() as sink:
        train(Checked(torch.sigmoid))
    with_gradients = [one for one in sink.seen if one.down is not None]
    assert len(with_gradients) == 2
    for one, (z, a) in zip(with_gradients, autograd_answer(), strict=True):
        torch.testing.assert_close(one.up, a.grad)
        torch.testing.assert_close(one.down, z.grad)
