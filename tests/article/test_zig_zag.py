"""The same network in other coordinates: what centring changes, and what not."""

from __future__ import annotations

import torch

from stetho.article.claims.c6_zig_zag import centre
from stetho.article.networks import mlp


def test_centring_leaves_what_the_network_computes() -> None:
    plain, centred = (mlp("relu", 3, 16, seed=0, inputs=8).double() for _ in range(2))
    x = torch.randn(5, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    centre(centred, 0.4)
    torch.testing.assert_close(centred(x), plain(x), rtol=0, atol=1e-12)
    # the head reads a − 0.4 where it read a
    read = (model[:-1](x) for model in (plain, centred))
    torch.testing.assert_close(next(read) - next(read), torch.full((5, 16), 0.4).double())
