#!/bin/sh
# check-predict.sh: examples/embed/predict, built by its own Makefile: its answers are those of aqc, and what
# is wrong is a message and the exit code of its kind.
set -u
. "${AQ_SOURCE:-.}/tests/embed_host.sh"
build_host predict

train_topics

# is NAME WANTED GOT
is() { verdict "$1" "$([ "$2" = "$3" ] || printf 'wanted:\n%s\ngot:\n%s' "$2" "$3")"; }

printf '%s\n' 'the soup train' 'salt' '' 'no word of it' > lines
aqc predict topic.aqm lines --format tsv --header no --top 1 --threads 1 |
  awk -F '[\t=]' '{ printf "%s\t%.4f\n", $1, $3 }' | paste - lines > wanted
is 'its answers are those of aqc' "$(cat wanted)" \
  "$(./predict topic.aqm 'the soup train' 'salt' '' 'no word of it' 2>&1)"
is 'without texts it says how it is called' "usage: predict MODEL TEXT...
64" "$(./predict topic.aqm 2>&1; echo $?)"
is 'a file that is not there' 'predict: cannot be read: No such file or directory
66' "$(./predict none.aqm x 2>&1; echo $?)"
is 'a text that is none' 'predict: row 2, column `text`: byte 0xff (byte 1) is not valid UTF-8
65' "$(./predict topic.aqm x "$(printf '\377')" 2>&1; echo $?)"
echo "1..$count"
