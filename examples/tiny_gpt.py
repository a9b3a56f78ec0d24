"""GPT-2's architecture, made small, on the text of Python's own standard library. All is well."""

import argparse
import inspect
import textwrap

import torch
from transformers import GPT2Config, GPT2LMHeadModel

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=150)
arguments = parser.parse_args()

torch.manual_seed(0)
text = inspect.getsource(argparse) + inspect.getsource(textwrap)
characters = sorted(set(text))
index = {character: i for i, character in enumerate(characters)}
tokens = torch.tensor([index[character] for character in text])

config = GPT2Config(
    vocab_size=len(characters),
    n_positions=64,
    n_embd=64,
    n_layer=3,
    n_head=4,
    bos_token_id=None,
    eos_token_id=None,
)
model = GPT2LMHeadModel(config)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
for step in range(arguments.steps):
    starts = torch.randint(0, len(tokens) - 64, (16,))
    batch = torch.stack([tokens[start : start + 64] for start in starts])
    loss = model(batch, labels=batch).loss
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 50 == 49:
        print(f"step {step + 1}: loss {loss:.2f}")
