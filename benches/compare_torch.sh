#!/usr/bin/env bash
# The time and memory of one loss and gradient at pool3, here and in PyTorch, in turn on the same cores: the table of
# docs/performance.md. Needs a Python with PyTorch (python3, or the one that PYTHON names) and nothing else at work beside it.
#
# usage: benches/compare_torch.sh [SIZE …]
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
if ! "$python" -c 'import torch' 2>/dev/null; then
    echo "$python has no PyTorch; install it (pip install torch), or name a Python that has it: PYTHON=… $0" >&2
    exit 1
fi
sizes=("$@")
[ ${#sizes[@]} -gt 0 ] || sizes=(64 128 256 512 1024)
cargo build --release
echo "| image | Microwright | PyTorch | ratio | Microwright's peak memory | PyTorch's | ratio |"
echo "|---|---|---|---|---|---|---|"
for n in "${sizes[@]}"; do
    ours=0 theirs=0
    for _ in 1 2 3; do
        # The table's row: size, median, least, GFLOP/s, windows, planned memory, peak memory with its unit.
        row=$(target/release/microwright bench --device cpu --size "$n" | awk -v n="$n" '$1 == n')
        ours=$(awk -v sum="$ours" '{ print sum + $2 / 3 }' <<<"$row")
        our_peak=$(awk '{ print $(NF - 1) * ($NF == "GiB" ? 1024 : 1) }' <<<"$row")
        read -r median their_peak version threads <<<"$("$python" benches/compare_torch.py "$n")"
        theirs=$(awk -v sum="$theirs" -v m="$median" 'BEGIN { print sum + m / 3 }')
    done
    awk -v n="$n" -v a="$ours" -v b="$theirs" -v p="$our_peak" -v q="$their_peak" 'BEGIN {
        printf "| %d × %d | %.0f ms | %.0f ms | %.2f | %.0f MiB | %.0f MiB | %.2f |\n", n, n, a, b, a / b, p, q, p / q
    }'
done
echo "(the mean of three medians of seven, taken in turn; PyTorch $version, $threads threads)"
