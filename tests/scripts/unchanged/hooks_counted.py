"""How many hooks and modes there are while a step is taken, as a script may ask."""

import torch
from state import GLOBAL_HOOKS, own_hooks, seed, tell
from torch import nn
from torch.nn.modules import module as hooks
from torch.overrides import _get_current_function_mode_stack

seed()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 8)
        self.outer = nn.Linear(8, 1)

    def forward(self, x):
        z = self.inner(x)
        a = torch.relu(z)
        print("forward", own_hooks(), len(_get_current_function_mode_stack()), z._backward_hooks)
        return self.outer(a)


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    out = model(torch.randn(8, 4))
    print("global", [len(getattr(hooks, name) or ()) for name in GLOBAL_HOOKS[1:]])
    loss = out.square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
tell(model, optimizer)
