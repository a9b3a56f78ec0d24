#!/usr/bin/env bash
# The main job on real data: sick networks are diagnosed, healthy ones left in peace.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

show() {
    printf '\n\033[1m$ %s\033[0m\n' "$*"
    "$@"
}

echo "Four networks on real data that ships with scikit-learn and Python; watch what stetho says."
show stetho run -o "$folder/deep_sigmoid.stetho" --json "$folder/deep_sigmoid.json" examples/deep_sigmoid.py
show stetho run -o "$folder/dying_relu.stetho" examples/dying_relu.py
show stetho run -o "$folder/healthy_cnn.stetho" examples/healthy_cnn.py
show stetho run -o "$folder/tiny_gpt.stetho" examples/tiny_gpt.py
show stetho explain dead-units

cp "$folder/deep_sigmoid.stetho" demo.stetho
echo
echo "The first run is kept. Print its report again with:  .venv/bin/stetho report demo.stetho"
echo "And watch your own script with:                      .venv/bin/stetho run your_script.py"
