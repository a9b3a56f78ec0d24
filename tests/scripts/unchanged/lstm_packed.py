"""An LSTM over packed sequences of several lengths."""

import torch
from state import seed, tell
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

seed()
lstm = nn.LSTM(6, 16, num_layers=2, batch_first=True, dropout=0.2)
head = nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 3))
optimizer = torch.optim.Adam([*lstm.parameters(), *head.parameters()], lr=0.01)
for step in range(8):
    lengths = torch.randint(1, 9, (12,)).sort(descending=True).values
    packed = pack_padded_sequence(torch.randn(12, 8, 6), lengths, batch_first=True)
    out, _ = pad_packed_sequence(lstm(packed)[0], batch_first=True)
    loss = nn.functional.cross_entropy(head(out.mean(1)), torch.randint(0, 3, (12,)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(step, loss.item())
tell(lstm, head, optimizer)
