#!/bin/sh
# check-examples.sh: the examples' data is what their generators write, byte for byte, and is what their
# READMEs say.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "check-examples: $*" >&2; exit 1; }

# The generators check what they write and exit with 1 when it is not as it should be.
regenerate() {   # regenerate FOLDER GENERATOR FILE...
  folder=$1 generator=$2
  shift 2
  mkdir "$work/$folder"
  ${CC:-cc} -std=c11 -O1 -o "$work/$folder/$generator" "$top/examples/$folder/$generator.c" -lm
  "$work/$folder/$generator" "$work/$folder" > /dev/null
  for file in "$@"; do
    diff -rq "$work/$folder/$file" "$top/examples/$folder/$file" || fail "examples/$folder/$file is not what $generator.c writes"
  done
}
regenerate sentiment reviews train.tsv dev.tsv test.tsv
regenerate retrieval scenes train.tsv dev.tsv test.tsv
regenerate shakespeare fables train.txt dev.txt
regenerate tags sentences train.tsv dev.tsv test.tsv
regenerate support desk train.tsv dev.tsv answers.tsv turns-train.tsv turns-dev.tsv
regenerate pairs pairs train.tsv dev.tsv
regenerate pretrain shop texts.tsv train.tsv dev.tsv test.tsv
regenerate finance headlines train.tsv dev.tsv test.tsv stream.txt
regenerate translate sentences train.tsv dev.tsv test.tsv
regenerate recommend events events.tsv films.tsv
regenerate regression shopping train.tsv dev.tsv test.tsv
regenerate digits strokes train.tsv dev.tsv
regenerate vqa things train.tsv dev.tsv pictures
regenerate retrieve captions train.tsv dev.tsv pictures
regenerate fusion products train.tsv dev.tsv pictures
regenerate speech words   # 500 sounds, which are not kept
regenerate fashion clothes train-images.idx train-labels.idx dev-images.idx dev-labels.idx

# label_counts FILE POSITIVE NEGATIVE
label_counts() {
  awk -F'\t' -v file="$1" -v positive="$2" -v negative="$3" '
    NR == 1 { if ($0 != "text\tlabel") bad = "header"; next }
    NF != 2 || $1 == "" { bad = "line " NR }
    { count[$2]++ }
    END { if (count["positive"] != positive || count["negative"] != negative || NR != 1 + positive + negative) bad = "counts"
          if (bad) { print file ": " bad; exit 1 } }' "$1" || fail "$1 is not a file of balanced reviews"
}
cd "$top/examples/sentiment"
label_counts train.tsv 3000 3000
label_counts dev.tsv 400 400
label_counts test.tsv 400 400
label_counts natural.tsv 117 117
twice=$(cut -f1 train.tsv dev.tsv test.tsv natural.tsv | grep -vx text | tr A-Z a-z | sort | uniq -d | head -3)
[ -z "$twice" ] || fail "a sentence stands twice: $twice"

cd "$top/examples/retrieval"
for file in train.tsv dev.tsv test.tsv; do
  awk -F'\t' 'NR == 1 { if ($0 != "tokens\tquery\tanswer") exit 1; next }
    split($1, items, " ") != 6 || split($2, numbers, " ") != 16 || $1 !~ "-" $3 "( |$)" { exit 1 }' "$file" ||
    fail "examples/retrieval/$file has a row that is no scene of 6, query of 16 and answer"
done
twice=$(cut -f1 train.tsv dev.tsv test.tsv | grep -vx tokens | sort | uniq -d | head -3)
[ -z "$twice" ] || fail "a scene stands twice: $twice"
# learns PROGRAM TRAIN VALID GOAL: is the goal reached, in seconds?
learns() {
  "${AQC:-aqc}" train "$1" "$2" --valid "$3" --until "$4" --threads 1 -q -o "$work/model.aqm" 2>&1 |
    grep -q 'was reached' || fail "examples/$1 does not reach $4"
}
cd "$top/examples"
grep -v oos support/dev.tsv > "$work/in-scope.tsv"
learns support/intents.aq support/train.tsv "$work/in-scope.tsv" accuracy=0.95
learns support/answers.aq support/train.tsv "$work/in-scope.tsv" recall@1=0.95
learns support/turns.aq support/turns-train.tsv support/turns-dev.tsv accuracy=0.95
learns pairs/pairs.aq pairs/train.tsv pairs/dev.tsv accuracy=0.95
learns digits/digits.aq digits/train.tsv digits/dev.tsv accuracy=0.97
learns paint/frequency.aq digits/train.tsv digits/dev.tsv bits_per_dim=1.95
learns fashion/fashion.aq fashion/train-images.idx fashion/dev-images.idx accuracy=0.85
if "${AQC:-aqc}" doctor --json | grep -q '"png":null'; then
  echo "aq was built without libpng: what reads pictures is left out"
else
  learns vqa/vqa.aq vqa/train.tsv vqa/dev.tsv accuracy=0.6
  learns retrieve/retrieve.aq retrieve/train.tsv retrieve/dev.tsv recall@1=0.6
  learns fusion/fusion.aq fusion/train.tsv fusion/dev.tsv r2=0.9
fi
if "${AQC:-aqc}" doctor --json | grep -Eq '"(sound|spectrum)":null'; then
  echo "aq was built without libsndfile or kissfft: what reads sounds is left out"
else
  learns speech/digits.aq "$work/speech/train.tsv" "$work/speech/dev.tsv" accuracy=0.95
fi
echo "the examples' data is as generated"
