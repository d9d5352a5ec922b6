"""A step of the training of networks on pictures in PyTorch, as benches/training.rs measures it: prints the median of three
in milliseconds.

usage: compare_torch_training.py [EDGE ...]
"""

import statistics
import sys
import time

import torch
from torch import nn

BATCH = 32


def head(features, units, dropout):
    layers = [nn.Flatten()]
    for n in units:
        layers += [nn.Linear(features, n), nn.ReLU(), nn.Dropout(dropout)]
        features = n
    return layers + [nn.Linear(features, 1)]


def convolutions(edge):
    layers, inputs = [], 1
    for n in [32, 64, 64, 128]:
        layers += [nn.Conv2d(inputs, n, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        inputs = n
    return nn.Sequential(*layers, *head(128 * (edge // 16) ** 2, [128], 0.2)), (BATCH, 1, edge, edge)


def transferred(edge, frozen):
    features = 128 * (edge // 4) ** 2
    if frozen:
        return nn.Sequential(*head(features, [512, 256], 0.5)), (BATCH, features)
    layers, inputs = [], 3
    for n, pooled in [(64, False), (64, True), (128, False), (128, True)]:
        layers += [nn.Conv2d(inputs, n, 3, padding=1), nn.ReLU()] + ([nn.MaxPool2d(2)] if pooled else [])
        inputs = n
    return nn.Sequential(*layers, *head(features, [512, 256], 0.5)), (BATCH, 3, edge, edge)


def step(network, shape, steps):
    x, target = torch.rand(shape), torch.rand(BATCH, 1)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    times = []
    for _ in range(steps + 2):
        start = time.perf_counter()
        optimiser.zero_grad()
        ((network(x) - target) ** 2).mean().backward()
        optimiser.step()
        times.append(time.perf_counter() - start)
    return sum(times[2:]) / steps


def main():
    torch.manual_seed(1)
    for edge in [int(n) for n in sys.argv[1:]] or [64, 128]:
        for name, (network, shape), steps in [
            ("convolutions", convolutions(edge), 20),
            ("transferred, kept", transferred(edge, True), 20),
            ("transferred, trained on", transferred(edge, False), 3),
        ]:
            median = statistics.median(step(network, shape, steps) for _ in range(3))
            print(f"{edge} px, {name}: {1e3 * median:.1f} ms a step of {BATCH}")
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads")


main()
