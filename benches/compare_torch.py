"""One loss and gradient of the Gram matrices of VGG-19 up to pool3 in PyTorch, with random kernels (the numbers make no
difference to the time): prints the median in milliseconds and the peak memory of the process in MiB.

usage: compare_torch.py SIZE [EVALUATIONS]
"""

import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F

CHANNELS = [[64, 64], [128, 128], [256, 256, 256, 256]]


def network():
    """Kernels and biases of each block of convolutions; a mean pooling follows each block."""
    inputs = 3
    blocks = []
    for block in CHANNELS:
        layers = []
        for outputs in block:
            scale = (2.0 / (9 * inputs)) ** 0.5
            layers.append((scale * torch.randn(outputs, inputs, 3, 3), torch.zeros(outputs)))
            inputs = outputs
        blocks.append(layers)
    return blocks


def grams(image, blocks):
    """Gram matrices behind the first convolution and every pooling, divided by their positions."""
    found = []
    x = image - 120.0
    for n, block in enumerate(blocks):
        for k, (kernels, bias) in enumerate(block):
            x = F.relu(F.conv2d(x, kernels, bias, padding=1))
            if n == 0 and k == 0:
                found.append(gram(x))
        x = F.avg_pool2d(x, 2)
        found.append(gram(x))
    return found


def gram(x):
    features = x.flatten(2)[0]
    return features @ features.T / features.shape[1]


def main():
    size = int(sys.argv[1])
    evaluations = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    torch.manual_seed(1)
    blocks = network()
    with torch.no_grad():
        targets = grams(255 * torch.rand(1, 3, size, size), blocks)
    image = (255 * torch.rand(1, 3, size, size)).requires_grad_()
    times = []
    for _ in range(evaluations + 2):
        start = time.perf_counter()
        image.grad = None
        pairs = zip(grams(image, blocks), targets)
        loss = sum(((g - t) ** 2).sum() / (t**2).sum() for g, t in pairs)
        loss.backward()
        times.append(1e3 * (time.perf_counter() - start))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(f"{statistics.median(times[2:]):.1f} {peak:.0f} {torch.__version__} {torch.get_num_threads()}")


main()
