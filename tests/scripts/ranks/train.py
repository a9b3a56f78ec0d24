"""A small network on a batch that is shared out: train.py HOW OUT.

HOW is plain, ddp, fsdp or flat.
"""

import os
import sys

import torch
import torch.distributed as dist
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.head = nn.Linear(8, 32), nn.Linear(32, 32), nn.Linear(32, 4)
        self.act = nn.GELU()

    def forward(self, x):
        x = torch.relu(self.first(x))
        return self.head(self.act(self.second(x)))


def prepared(how):
    torch.manual_seed(0)
    net = Net()
    if how == "ddp":
        return nn.parallel.DistributedDataParallel(net)
    if how == "flat":
        from torch.distributed.fsdp import FullyShardedDataParallel

        return FullyShardedDataParallel(net, device_id=torch.device("cpu"))
    if how == "fsdp":
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        mesh = init_device_mesh("cpu", (dist.get_world_size(),))
        for layer in (net.first, net.second, net.head):
            fully_shard(layer, mesh=mesh)
        fully_shard(net, mesh=mesh)
    return net


def whole(net, how):
    """The state of the network, gathered where it is shared out."""
    if how == "fsdp":
        return {name: value.full_tensor() for name, value in net.state_dict().items()}
    return getattr(net, "module", net).state_dict()


def main(how, out):
    rank, world = 0, 1
    if how != "plain":
        dist.init_process_group("gloo")
        rank, world = dist.get_rank(), dist.get_world_size()
    net = prepared(how)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(64, 8, generator=generator)
    y = (x[:, 0] > 0).long() + 2 * (x[:, 1] > 0).long()
    x, y = x.chunk(world)[rank], y.chunk(world)[rank]
    for _ in range(6):
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    state = whole(net, how)
    if rank == 0:
        torch.save(state, out)
        print("trained on", os.environ.get("WORLD_SIZE", "1"))
    if how != "plain":
        dist.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:3])
