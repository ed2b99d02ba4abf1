#!/bin/sh
# check-predict.sh: examples/embed/predict, built by its own Makefile: its answers are those of aqc, and what
# is wrong is a message and the exit code of its kind.
set -u
source=$(cd "${AQ_SOURCE:-.}" && pwd)
build=$(cd "${AQ_BUILD:-.}" && pwd)
skip() { echo "1..0 # SKIP $*"; exit 0; }
command -v "${CC:-cc}" > /dev/null || skip 'there is no C compiler'
[ -z "${AQ_SANITIZED:-}" ] || skip 'the program would have to be built with sanitizers'
[ -e "$build/.libs/libaq.so" ] || skip 'no shared library was built'

. "$source/tests/verdict.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL
cp "$source"/examples/embed/predict/* .
verdict "the program is compiled without a warning" \
  "$(make -s CC="${CC:-cc}" CFLAGS='-O1 -Wall -Wextra -Werror' \
    AQ="-I$source/libaq -L$build/.libs -laq -Wl,-rpath,$build/.libs" predict 2>&1)"

cat > topic.aq <<'AQ'
dim D = 8
data { text: words[T, V], topic: class[C] }
model topic(text) -> topic {
  x = embed(text, D)
  return linear(mean(x + self_attention(x), T), C)
}
train { optimizer = adamw(lr = 0.05), epochs = 20, batch = 4 }
AQ
printf '%s\t%s\n' text topic 'bread and salt' food 'soup with bread' food 'a train to town' travel \
  'the night train' travel 'salt in the soup' food 'a night in town' travel > topic.tsv
aqc train topic.aq topic.tsv -q --threads 1 -o topic.aqm > log 2>&1 ||
  verdict 'a model is trained' "$(cat log)"

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
