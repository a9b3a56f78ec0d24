"""A small vision transformer out of torch's own encoder layers, on digits cut into patches."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(int(sys.argv[1]))
x, y = load_digits(return_X_y=True)
x = torch.tensor((x - x.mean()) / x.std(), dtype=torch.float32).view(-1, 8, 8)
patches = x.unfold(1, 2, 2).unfold(2, 2, 2).reshape(len(x), 16, 4)
y = torch.tensor(y)


class ViT(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.embed = nn.Linear(4, width)
        self.position = nn.Parameter(0.02 * torch.randn(1, 16, width))
        layer = nn.TransformerEncoderLayer(
            width, 4, 2 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 10))

    def forward(self, x):
        return self.head(self.encoder(self.embed(x) + self.position).mean(1))


net = ViT()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3)
for _ in range(6):
    for idx in torch.randperm(len(x)).split(64):
        loss = nn.functional.cross_entropy(net(patches[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
print(f"accuracy {(net(patches).argmax(1) == y).float().mean():.3f}")
