"""A subprocess and a forked process in the middle of a training, one of which trains too."""

import os
import subprocess
import sys

import torch
from state import seed, tell
from torch import nn

CHILD = "import sys; print('child', sys.argv[1:], 'stetho' in sys.modules)"

seed()
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(4):
    loss = model(torch.randn(8, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
    if step == 1:
        done = subprocess.run([sys.executable, "-c", CHILD, "x"], capture_output=True, text=True)
        print(done.stdout, done.returncode)
    if step == 2:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            with torch.no_grad():
                print("forked", model(torch.ones(1, 4)).item(), flush=True)
            os._exit(3)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
tell(model, optimizer)
