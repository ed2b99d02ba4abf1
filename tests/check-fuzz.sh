#!/bin/sh
# check-fuzz.sh: every fuzz target on its corpus, on the programs and tables of this project, and on changed
# copies of them. Says TAP. AQ_FUZZ_CHANGED=N tries N changed copies instead of a few, AQ_FUZZ_SEED=N others
# than the usual ones.
set -u
source=${AQ_SOURCE:-.} build=${AQ_BUILD:-.}
corpus=$source/tests/fuzz/corpus seed=${AQ_FUZZ_SEED:-1}
count=0

# replay TARGET CHANGED FILE...
replay() {
  target=$1 changed=${AQ_FUZZ_CHANGED:-$2}
  shift 2
  count=$((count + 1))
  if output=$("$build/tests/fuzz/fuzz_$target" -changed="$changed" -seed="$seed" "$corpus/$target" "$@" 2>&1); then
    echo "ok $count - $target: $output"
  else
    echo "not ok $count - $target"
    printf '%s\n' "$output" | tail -n 40 | sed 's/^/# /'
  fi
}

replay source 300 "$source"/tests/programs/*.aq "$source"/examples/*/*.aq "$source"/stdlib/*.aq
replay data 2000
replay safetensors 20000
replay bytecode 2000
replay vocabulary 3000
replay extern 5000
replay sound 5000
replay image 5000
echo "1..$count"
