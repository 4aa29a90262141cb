#!/usr/bin/env bash
# Compares Voltherd with its peers: makes their environment (.venv-peers), runs everyone, writes docs/peers-benchmark.md.
# Needs Voltherd's own environment (make setup). Arguments go to compare.py: `run.sh --cars 50` is a quick one.
set -euo pipefail
cd "$(dirname "$0")/../.."
ours=${VENV:-.venv}/bin
peers=.venv-peers
wanted=tools/bench_peers/requirements.txt

[ -x "$ours/python" ] || { echo "error: no environment in ${VENV:-.venv}; run 'make setup' first" >&2; exit 2; }
if ! cmp -s "$wanted" "$peers/.installed"; then
    echo "peers: environment in $peers"
    rm -rf "$peers"
    "$ours/uv" venv --quiet --python "$ours/python" "$peers"
    echo '*' > "$peers/.gitignore"
    "$ours/uv" pip install --quiet --python "$peers/bin/python" -r "$wanted"
    cp "$wanted" "$peers/.installed"
fi
exec "$ours/python" tools/bench_peers/compare.py --peers "$peers/bin/python" --out "${OUT:-docs/peers-benchmark.md}" "$@"
