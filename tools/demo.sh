#!/usr/bin/env bash
# The main job on real data: a sick network is diagnosed, cured by trials, and diagnosed again.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=stetho-runs/demo
script=examples/deep_sigmoid.py
bold='' plain=''
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; fi

show() {
    printf '\n%s$ %s%s\n' "$bold" "$*" "$plain"
    "$@"
}
last_accuracy() { grep -o 'accuracy [0-9.]*' "$1" | tail -n 1; }

mkdir -p $runs
echo "A deep sigmoid network on scikit-learn's digits does not learn. First: why not?"
show stetho run -o $runs/before.stetho --html $runs/before.html $script | tee $runs/before.txt

echo
echo "Second: which activation function should it use? A race inside the unchanged script."
show stetho choose -o $runs/race.stetho --json $runs/choice.json --html $runs/choice.html \
    --candidates relu,leaky_relu,elu,gelu --steps 100 $script

winner=$(python -c "import json; form = json.load(open('$runs/choice.json'))
print(next(row['recipe'] for row in form['candidates'] if row['name'] == form['winner']))")
echo
echo "Third: the same script, unchanged, with the winner in its hidden sites."
show stetho run --with "$winner" -o $runs/after.stetho --html $runs/after.html $script |
    tee $runs/after.txt
show stetho compare $runs/before.stetho $runs/after.stetho

echo
echo "As the author wrote it:  $(last_accuracy $runs/before.txt)"
echo "With $winner:  $(last_accuracy $runs/after.txt)"
echo
echo "A healthy network must be left in peace:"
show stetho run -o $runs/healthy.stetho examples/healthy_cnn.py

echo
echo "Look at it:              $runs/before.html, $runs/choice.html, $runs/after.html"
echo "The same for programs:   $runs/choice.json"
echo "Your own script:         .venv/bin/stetho run your_script.py"
echo "                         .venv/bin/stetho choose your_script.py"
