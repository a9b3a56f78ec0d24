"""A spec → a network with torch's own parts, as scripts build them."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.data import Task
from zoo.spec import Spec


class Exponential(nn.Module):
    """exp, which some build deep networks of."""

    def forward(self, z: Tensor) -> Tensor:
        return torch.exp(z)


FUNCTIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.1),
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softplus": nn.Softplus,
    "hardtanh": nn.Hardtanh,
    "exp": Exponential,
}


def build(spec: Spec, task: Task) -> nn.Module:
    """The network with its weights; the caller has set the seed."""
    body, features = FAMILIES[spec.family](spec, task)
    head = nn.Linear(features, task.outputs)
    hidden = [m for m in body.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    with torch.no_grad():
        for module in hidden:
            _initialise(module, spec)
        for module in body.modules():
            if isinstance(module, nn.RNNBase) and spec.gain != 1:
                for name, parameter in module.named_parameters():
                    if name.startswith("weight"):
                        parameter.mul_(spec.gain)
    return nn.Sequential(body, head)


def _initialise(module: nn.Linear | nn.Conv2d, spec: Spec) -> None:
    fan_in = module.weight[0].numel()
    if spec.init == "fitted":
        rectifier = spec.function in ("relu", "leaky_relu", "elu", "gelu", "silu", "softplus")
        if rectifier:
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        else:
            nn.init.xavier_normal_(module.weight)
        nn.init.zeros_(module.bias)
    elif spec.init == "normal":
        nn.init.normal_(module.weight, std=1 / math.sqrt(fan_in))
        nn.init.zeros_(module.bias)
    module.weight.mul_(spec.gain)
    module.bias.add_(spec.bias)


class Raise(nn.Module):
    """Where NaN comes from: once `on`, a logarithm or a division that is not guarded."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind, self.on = kind, False

    def forward(self, x: Tensor) -> Tensor:
        if not self.on:
            return x
        small = x - x.amin()  # 0 somewhere
        return small.log() * small if self.kind == "logarithm" else x / small * small


def _mlp(spec: Spec, task: Task) -> tuple[nn.Module, int]:
    parts: list[nn.Module] = []
    features = task.x.shape[1]
    for place in range(spec.depth):
        parts.append(nn.Linear(features, spec.width))
        parts += _norm(spec, spec.width, 1)
        parts.append(FUNCTIONS[spec.function]())
        if place == 0 and spec.nan in ("logarithm", "division"):
            parts.append(Raise(spec.nan))
        features = spec.width
    return nn.Sequential(*parts), features


def _norm(spec: Spec, width: int, dims: int) -> list[nn.Module]:
    if spec.norm == "batch":
        return [nn.BatchNorm1d(width) if dims == 1 else nn.BatchNorm2d(width)]
    if spec.norm == "layer":
        return [nn.LayerNorm(width) if dims == 1 else nn.GroupNorm(1, width)]
    return []


class Mean(nn.Module):
    """Images → the mean over positions; sequences → the mean over time."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3)) if x.ndim == 4 else x.mean(1)


def _cnn(spec: Spec, task: Task) -> tuple[nn.Module, int]:
    parts: list[nn.Module] = []
    channels = 1
    for place in range(spec.depth):
        parts.append(nn.Conv2d(channels, spec.width, 3, padding=1))
        parts += _norm(spec, spec.width, 2)
        parts.append(FUNCTIONS[spec.function]())
        if place == spec.depth // 2:
            parts.append(nn.MaxPool2d(2))
        channels = spec.width
    return nn.Sequential(*parts, nn.Flatten()), channels * 16


class Block(nn.Module):
    """A residual block of two layers."""

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        width, conv = spec.width, spec.data == "images"

        def layer() -> nn.Module:
            return nn.Conv2d(width, width, 3, padding=1) if conv else nn.Linear(width, width)

        dims = 2 if conv else 1
        self.inner = nn.Sequential(
            layer(),
            *_norm(spec, width, dims),
            FUNCTIONS[spec.function](),
            layer(),
            *_norm(spec, width, dims),
        )
        self.function = FUNCTIONS[spec.function]()

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x + self.inner(x))


def _resnet(spec: Spec, task: Task) -> tuple[nn.Module, int]:
    blocks = [Block(spec) for _ in range(spec.depth)]
    if spec.data == "images":
        stem: nn.Module = nn.Conv2d(1, spec.width, 3, padding=1)
        return nn.Sequential(stem, *blocks, Mean()), spec.width
    return nn.Sequential(nn.Linear(task.x.shape[1], spec.width), *blocks), spec.width


class Recurrent(nn.Module):
    """A recurrent layer whose last output is used."""

    def __init__(self, spec: Spec, features: int) -> None:
        super().__init__()
        kind = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[spec.family]
        self.layer = kind(features, spec.width, spec.depth, batch_first=True)
        if spec.family == "lstm" and spec.init == "fitted":  # a forget gate that begins open
            with torch.no_grad():
                for name, parameter in self.layer.named_parameters():
                    if name.startswith("bias_ih"):
                        parameter[spec.width : 2 * spec.width] += 3.0
        if spec.family == "rnn" and spec.init == "fitted":
            nn.init.orthogonal_(self.layer.weight_hh_l0)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)[0][:, -1]


def _recurrent(spec: Spec, task: Task) -> tuple[nn.Module, int]:
    return Recurrent(spec, task.x.shape[2]), spec.width


class MLPBlock(nn.Module):
    """A transformer block written by hand, pre-norm."""

    def __init__(self, spec: Spec, causal: bool) -> None:
        super().__init__()
        width = spec.width
        self.causal = causal
        normed = spec.norm != "none"
        self.norm1 = nn.LayerNorm(width) if normed else nn.Identity()
        self.norm2 = nn.LayerNorm(width) if normed else nn.Identity()
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.function = FUNCTIONS[spec.function]()

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        shaped = self.qkv(self.norm1(x)).view(batch, length, 3, 4, width // 4)
        q, k, v = shaped.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        x = x + self.proj(mixed.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(self.function(self.up(self.norm2(x))))


class Transformer(nn.Module):
    """Of patches (mean at the end) or of characters (an answer at each)."""

    def __init__(self, spec: Spec, task: Task) -> None:
        super().__init__()
        self.text = task.kind == "text"
        self.embed = (
            nn.Embedding(task.outputs, spec.width)
            if self.text
            else nn.Linear(task.x.shape[2], spec.width)
        )
        self.position = nn.Parameter(0.02 * torch.randn(1, task.x.shape[1], spec.width))
        self.blocks = nn.Sequential(*[MLPBlock(spec, self.text) for _ in range(spec.depth)])
        self.norm = nn.LayerNorm(spec.width) if spec.norm != "none" else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.blocks(self.embed(x) + self.position))
        return y if self.text else y.mean(1)


def _transformer(spec: Spec, task: Task) -> tuple[nn.Module, int]:
    return Transformer(spec, task), spec.width


FAMILIES: dict[str, Callable[[Spec, Task], tuple[nn.Module, int]]] = {
    "mlp": _mlp,
    "cnn": _cnn,
    "resnet": _resnet,
    "rnn": _recurrent,
    "lstm": _recurrent,
    "gru": _recurrent,
    "vit": _transformer,
    "gpt": _transformer,
}
