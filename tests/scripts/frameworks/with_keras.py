"""Keras on torch: its own layers, activations and optimizer."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np
import torch
from keras import layers

keras.utils.set_random_seed(0)
model = keras.Sequential(
    [
        layers.Input((8,)),
        layers.Dense(32, activation="relu", name="first"),
        layers.Dense(32, name="second"),
        layers.Activation("gelu", name="bent"),
        layers.Dense(32, activation="selu", name="third"),
        layers.Dense(4, name="head"),
    ]
)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(optimizer=keras.optimizers.Adam(0.01), loss=loss)
x = np.random.default_rng(0).standard_normal((256, 8)).astype("float32")
y = (x[:, 0] > 0) + 2 * (x[:, 1] > 0)
model.fit(x, y, epochs=3, batch_size=32, verbose=0)
torch.save([torch.tensor(value) for value in model.get_weights()], sys.argv[1])
