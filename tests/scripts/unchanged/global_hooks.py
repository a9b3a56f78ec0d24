"""Global hooks of the user on all modules, and how many there are."""

import torch
from state import seed, tell
from torch import nn
from torch.nn.modules import module as hooks

seed()
log = []


def note(word):
    return lambda module, *rest: log.append(f"{word} {type(module).__name__}")


handles = [
    hooks.register_module_forward_pre_hook(note("before")),
    hooks.register_module_forward_hook(note("after")),
    hooks.register_module_full_backward_pre_hook(note("back")),
    hooks.register_module_full_backward_hook(note("backed")),
    hooks.register_module_module_registration_hook(lambda owner, name, part: log.append(name)),
    hooks.register_module_parameter_registration_hook(lambda owner, name, part: log.append(name)),
    hooks.register_module_buffer_registration_hook(lambda owner, name, part: log.append(name)),
]
model = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(5):
    loss = model(torch.randn(16, 8)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), len(log))
print(log[:40])
for handle in handles:
    handle.remove()
tell(model, optimizer, log)
