"""RNN, GRU and their cells, stepped by hand."""

import torch
from state import seed, tell
from torch import nn

seed()
rnn = nn.RNN(4, 8, nonlinearity="relu", bidirectional=True)
gru = nn.GRU(16, 8)
cell = nn.GRUCell(8, 8)
last = nn.LSTMCell(8, 4)
nets = nn.ModuleList([rnn, gru, cell, last])
optimizer = torch.optim.RMSprop(nets.parameters(), lr=0.01)
for _ in range(6):
    sequence, hidden = gru(rnn(torch.randn(5, 10, 4))[0])
    state = hidden[0]
    pair = None
    for row in sequence:
        state = cell(row, state)
        pair = last(state, pair)
    loss = pair[0].square().mean() + torch.tanh(state).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
tell(nets, optimizer)
