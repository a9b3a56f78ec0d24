"""Names of models → training loops of a known kind, on data made once."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

Step = Callable[[], None]


def mlp() -> tuple[nn.Module, torch.optim.Optimizer, Step]:
    """20 layers of 256 units with ReLU, batches of 256."""
    layers: list[nn.Module] = [nn.Linear(64, 256), nn.ReLU()]
    for _ in range(19):
        layers += [nn.Linear(256, 256), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(256, 10))
    return _classifier(model, torch.randn(256, 64), 10)


def cnn() -> tuple[nn.Module, torch.optim.Optimizer, Step]:
    """Four convolutions with batch normalisation on 28 × 28 images, batches of 64."""

    def block(a: int, b: int) -> list[nn.Module]:
        return [nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU()]

    body = [*block(1, 16), *block(16, 16), nn.MaxPool2d(2), *block(16, 32), *block(32, 32)]
    model = nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))
    return _classifier(model, torch.randn(64, 1, 28, 28), 10)


def gpt() -> tuple[nn.Module, torch.optim.Optimizer, Step]:
    """GPT-2's architecture: 4 layers, 4 heads, 128 wide; 16 sequences of 64 tokens."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(vocab_size=128, n_positions=64, n_embd=128, n_layer=4, n_head=4)
    model = GPT2LMHeadModel(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)
    tokens = torch.randint(0, 128, (16, 64))

    def step() -> None:
        optimizer.zero_grad()
        model(tokens, labels=tokens).loss.backward()
        optimizer.step()

    return model, optimizer, step


def resnet() -> tuple[nn.Module, torch.optim.Optimizer, Step]:
    """ResNet-18 (11 million weights) on 64 × 64 images, batches of 16."""
    from transformers import ResNetConfig, ResNetForImageClassification

    config = ResNetConfig(
        embedding_size=64,
        hidden_sizes=[64, 128, 256, 512],
        depths=[2, 2, 2, 2],
        layer_type="basic",
        num_labels=10,
    )
    model = ResNetForImageClassification(config)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    x, y = torch.randn(16, 3, 64, 64), torch.randint(0, 10, (16,))

    def step() -> None:
        optimizer.zero_grad()
        model(pixel_values=x, labels=y).loss.backward()
        optimizer.step()

    return model, optimizer, step


def bert() -> tuple[nn.Module, torch.optim.Optimizer, Step]:
    """BERT's architecture at half its width: 6 layers, 384 wide; 8 sequences of 128 tokens."""
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=1000,
        hidden_size=384,
        num_hidden_layers=6,
        num_attention_heads=6,
        intermediate_size=1536,
        num_labels=4,
    )
    model = BertForSequenceClassification(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)
    tokens, y = torch.randint(0, 1000, (8, 128)), torch.randint(0, 4, (8,))

    def step() -> None:
        optimizer.zero_grad()
        model(input_ids=tokens, labels=y).loss.backward()
        optimizer.step()

    return model, optimizer, step


def _classifier(
    model: nn.Module, x: torch.Tensor, classes: int
) -> tuple[nn.Module, torch.optim.Optimizer, Step]:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    y = torch.randint(0, classes, (len(x),))

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return model, optimizer, step


MODELS = {
    "MLP 20 × 256": mlp,
    "small CNN": cnn,
    "small GPT": gpt,
    "ResNet-18": resnet,
    "BERT, 6 layers": bert,
}
