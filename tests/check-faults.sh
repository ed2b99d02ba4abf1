#!/bin/sh
# check-faults.sh: small inputs that once went wrong, kept beside the project (../shared/faults): each must be
# right or be refused now. Says TAP; skipped where they are not. Tests of the same kinds that need nothing
# from outside are in the .test files.
set -u
. "${AQ_SOURCE:-.}/tests/verdict.sh"
faults=${AQ_SOURCE:-.}/../shared/faults
[ -d "$faults" ] || { echo "there is no ../shared/faults"; exit 77; }
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cp -R "$faults/." "$folder" && chmod -R u+w "$folder" && cd "$folder" || exit 1
# Spellings that have changed since.
sed -i 's/cross_multi_head(q, p, H)/multi_head(q, H, p)/
  s/decoder_layer(x, H, 2 \* D)/encoder_layer(x, H, 2 * D) with { mask = j <= i }/' ./*/*.aq ./*/*/*.aq
AQC=aqc; export AQC
unset OPENBLAS_NUM_THREADS

# lines PATTERN N: does the output hold N lines like that? Otherwise a problem.
lines() {
  found=$(printf '%s\n' "$output" | grep -cE -e "$1")
  [ "$found" -eq "$2" ] || printf '%s\n' "$found lines instead of $2 like: $1"
}
run() { output=$(sh "$1/run.sh" 2>&1); }
# check FILE: what `aqc check` says of it; code is its exit code.
check() { output=$(cd "$(dirname "$1")" && aqc check "$(basename "$1")" 2>&1); code=$?; }
# refused NAME FILE PATTERN, accepted NAME FILE PATTERN
refused() {
  check "$2"
  [ $code -eq 65 ] && verdict "$1" "$(lines "$3" 1)" || verdict "$1" "exit code $code: $output"
}
accepted() {
  check "$2"
  [ $code -eq 0 ] && verdict "$1" "$(lines "$3" 1)" || verdict "$1" "exit code $code: $output"
}

run 02-minus-inf-rows
verdict "rows of -inf: every normaliser trains to the same loss" "$(lines '^loss 1\.09' 9; lines 'wrong|finite' 0)"
run 03-where-gradient
verdict "where: what is not taken spoils no gradient" "$(lines '^rc=0' 2; lines 'wrong' 0)"
run 04-schedule-last-step
verdict "schedules: 1, 1.5, 2 and 6.5" "$(lines 'linear  .* by (1|1\.5|2|6\.5)$' 4; lines 'cosine  .* by (1|1\.5|2|6\.5)$' 4)"
run 05-loss-arguments-ignored
verdict "losses take what they declare" "$(lines 'p\.aq: ok' 3; lines 'p\.aq:[0-9]+:[0-9]+:' 4; lines 'weight. of .cross_entropy. is a list' 1)"
refused "losses: several arguments that there are not" 20-checked-but-wrong/01-loss-arguments-ignored.aq '.topic. has no value here'
/usr/bin/python3 -c 'import numpy' 2>/dev/null && {
  run 06-initialiser-names
  verdict "initialisers take what they declare" "$(lines 'has no argument called' 4; lines 'goes from 5 to 0' 1)"
}
run 07-probability-targets
verdict "targets that are no probabilities are bad rows" "$(lines '^d\.tsv:[0-9]+:2: ' 7; lines '^rc=65' 4; lines '^with validation rc=65' 3)"
run 08-cut-texts
verdict "cut texts are told, and taggers answer every word" \
  "$(lines '60 of 60 texts are longer than 2 words' 2; lines 'accuracy +0\.8000 +10' 1; lines '<cut> <cut>$' 1)"
run 09-longer-than-the-table
verdict "a text that is too long for a table is a bad row" "$(lines '^long\.tsv:62:1: .* at most 16' 3; lines 'skip rc=0' 3; lines ' axis ' 0)"
run 10-numbers-beyond-float
verdict "numbers beyond float are bad rows" "$(lines '^big\.tsv:3:1: ' 3; lines '^rc=65' 3; lines '(^|[^a-z])-?inf|null' 0)"
run 11-first-line
verdict "one line out for each line in" "$(lines 'first text is .*lines out 2' 3; lines 'first line is no UTF-8, skip: rc=0 lines out 2' 1; lines 'nothing at all: rc=0 lines out 0' 1)"
run 12-generate-newline
output=$(printf '%s\n' "$output" | grep -v -e '^abc: cannot be read' -e '^hint: ') # a prompt has an option now
verdict "the newline of echo belongs to no prompt" "$([ "$(printf '%s\n' "$output" | sort -u | wc -l)" -eq 1 ] || echo "$output")"
run 13-options-without-effect
verdict "options without effect are refused" "$(lines 'top is for classes' 3; lines 'no probabilities of classes' 1; lines 'give validation data.*or do without patience' 1; lines 'a=0\.9' 1)"
/usr/bin/python3 -c 'import numpy' 2>/dev/null && {
  run 14-whole-numbers-in-float
  verdict "positions are whole numbers" "$(lines 'rows wrong: 0 ' 6)"
}
run 17-predict-by-position
verdict "predict says that it goes by position" "$(lines 'no header line: columns taken by position' 3; lines 'looks like a header' 2)"
run 18-load-by-position
verdict "tables are loaded by words" "$(lines '^rc=0' 1)"

wrong=20-checked-but-wrong
refused "declared results are proven" $wrong/02-result-not-proven.aq ':1:20: the result of .a. should be \[T, D\]'
refused "head[H] has the axis H outside" $wrong/03-head-axis-depends-on-slot.aq ':9:20: .*this is \[T, H, D\]'
refused "an argument given twice" $wrong/04-argument-twice.aq ':2:24: .*given twice'
refused "a slot given twice" $wrong/05-slot-twice-in-with.aq 'filled twice'
refused "nearly a slot" $wrong/06-slot-typo-in-head.aq 'no slot called .drops'
accepted "a shared class" $wrong/08-shared-class-name.aq ': ok$'
accepted "what rows must be like" $wrong/09-check-then-stop.aq 'at least 4 words: .x\[3\].'
refused "out of range for every T" $wrong/10-out-of-range-for-every-T.aq 'no element T in an axis of T'
refused "the range of alpha" $wrong/12-entmax-alpha.aq 'from 1\.01 to 2\.5'
accepted "a product with further axes" $wrong/13-matmul-prose.aq ': ok$'
accepted "a star in a body" $wrong/15-star-in-body.aq ': ok$'
refused "a slot inside if" $wrong/17-slot-in-if.aq ':6:14: the slot .mask. cannot stand inside'
refused "two dims of one name" $wrong/18-same-text-other-dim.aq 'D of lib\.aq'
accepted "a sequence within a step" $wrong/19-scan-whole-sequence.aq ': ok$'
refused "extern" $wrong/21-extern.aq ':1:1: .*extern'
refused "attend without H" $wrong/23-attend-without-H.aq ':2:22: .*argument .H'
accepted "the last word" $wrong/25-last-word.aq 'at least 1 word'
refused "a limit that divides by 0" 22-hostile/00-src-crash/crash.aq ':6:24: '
refused "a limit that is no number" 22-hostile/00-src-crash/nan-limit.aq ':3:20: '
refused "loops that unroll without end" 22-hostile/02-unroll/loop_nested.aq ':2:50: .*2000000'
refused "calls that double" 22-hostile/02-unroll/expfn.aq '2000000 expressions'
accepted "dims as numbers in slots" 21-slots/dim_in_t5_bias.aq ': ok$'
accepted "dims as numbers in the library" 21-slots/dim_in_contextual_positions.aq ': ok$'
output=$(cd 21-slots && aqc gradcheck poly8.aq 2>&1)
verdict "a derivative with many results" "$(lines 'wrong|results to keep' 0; lines 'm\.z\.value\.W' 1)"
(cd 18-load-by-position && aqc train first.aq first.tsv -q -o "$folder/words.aqm") > /dev/null
output=$(aqc predict words.aqm 18-load-by-position/first.tsv > /dev/null && aqc predict words.aqm 22-hostile/10-lone-cr/lone_cr_file.tsv 2>&1; echo "rc=$?")
verdict "bare carriage returns are no empty file" "$(lines '^rc=65' 1)"
echo "1..$count"
