#!/usr/bin/env bash
# The main job on real data: sick networks are diagnosed, healthy ones left in peace.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=stetho-runs/demo
bold='' plain=''
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; fi

show() {
    printf '\n%s$ %s%s\n' "$bold" "$*" "$plain"
    "$@"
}

mkdir -p $runs
echo "Four networks on real data that ships with scikit-learn and Python; watch what stetho says."
show stetho run -o $runs/deep_sigmoid.stetho --json stetho-runs/demo.json examples/deep_sigmoid.py
show stetho run -o $runs/dying_relu.stetho examples/dying_relu.py
show stetho run -o $runs/healthy_cnn.stetho examples/healthy_cnn.py
show stetho run -o $runs/tiny_gpt.stetho examples/tiny_gpt.py
show stetho explain dead-units

echo
echo "Print a report again:    .venv/bin/stetho report $runs/deep_sigmoid.stetho"
echo "The same for programs:   stetho-runs/demo.json"
echo "Watch your own script:   .venv/bin/stetho run your_script.py"
