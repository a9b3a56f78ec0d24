"""Images of digits read row by row by an LSTM."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(int(sys.argv[2]))
batch_first = sys.argv[1] != "fault"
sequence_length = 10
input_size = 10
hidden_size = 64
num_layers = 2
num_classes = 10
batch_size = 50
learning_rate = 0.01

images, labels = load_digits(return_X_y=True)
images = torch.tensor(images / 16, dtype=torch.float32).view(-1, 8, 8)
images = nn.functional.pad(images, (1, 1, 1, 1))  # a margin, as scanned digits have
labels = torch.tensor(labels)


class RNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, num_layers, batch_first=batch_first)
        self.fc = nn.Linear(hidden_size, num_classes)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1, :])


model = RNN()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
for epoch in range(8):
    order = torch.randperm(1500)
    for i in range(0, 1500, batch_size):
        chosen = order[i : i + batch_size]
        rows = images[chosen].reshape(-1, sequence_length, input_size)
        loss = criterion(model(rows), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"Epoch {epoch + 1}, loss {loss.item():.4f}")

with torch.no_grad():
    guess = model(images[1500:].reshape(-1, sequence_length, input_size)).argmax(1)
    accuracy = (guess == labels[1500:]).float().mean().item()
print(f"skill {max(0.0, (accuracy - 0.1) / 0.9):.4f}")
