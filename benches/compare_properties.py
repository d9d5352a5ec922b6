"""Times other programs on the map that `cargo bench --bench properties -- MAP.npy` writes: the tortuosity of phase 0 along
one axis by TauFactor and by PoreSpy, and the absorption of a patterned layer by grcwa. What is not installed is left out.

usage: compare_properties.py MAP.npy
"""

import sys
import time

import numpy as np


def timed(name, work):
    start = time.perf_counter()
    result = work()
    print(f"{name:<72} {time.perf_counter() - start:9.3f} s   {result}")


def taufactor(pores):
    import taufactor

    solver = taufactor.Solver(pores[:, :, None].astype(np.uint8), device="cpu")
    solver.solve(verbose=False)
    return f"D_eff {np.ravel(solver.D_eff)[0]:.6f}"


def porespy(pores):
    import porespy

    found = porespy.simulations.tortuosity_fd(im=pores.astype(bool), axis=0)
    return f"D_eff {1 / found.formation_factor:.6f}"


def grcwa(pores):
    import grcwa

    n = pores.shape[0]
    obj = grcwa.obj(225, [1024, 0], [0, 1024], 1 / 600, 0.0, 0.0, verbose=0)
    obj.Add_LayerUniform(0, 1.0)
    obj.Add_LayerGrid(200, n, n)
    obj.Add_LayerUniform(0, 1.0)
    obj.Init_Setup()
    obj.GridLayer_geteps(np.where(pores, 1.0 + 0j, (4.28 + 0.54j) ** 2).flatten())
    obj.MakeExcitationPlanewave(1, 0, 0, 0, order=0)
    reflected, transmitted = obj.RT_Solve(normalize=1)
    return f"{obj.nG} orders, absorbed {1 - reflected - transmitted:.5f}"


pores = np.load(sys.argv[1]) == 0
for name, work in [
    ("TauFactor, one axis", taufactor),
    ("PoreSpy tortuosity_fd, one axis", porespy),
    ("grcwa, one polarisation", grcwa),
]:
    for _ in range(2):
        try:
            timed(name, lambda: work(pores))
        except ImportError as missing:
            print(f"{name:<72} left out: {missing}")
