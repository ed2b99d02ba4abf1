# embed_host.sh: what the checks of examples/embed share, read in with `.`. It skips them where no host can be
# built.
source=$(cd "${AQ_SOURCE:-.}" && pwd)
build=$(cd "${AQ_BUILD:-.}" && pwd)
skip() { echo "1..0 # SKIP $*"; exit 0; }
command -v "${CC:-cc}" > /dev/null || skip 'there is no C compiler'
[ -z "${AQ_SANITIZED:-}" ] || skip 'the host would have to be built with sanitizers'
[ -e "$build/.libs/libaq.so" ] || skip 'no shared library was built'
. "$source/tests/verdict.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL

# build_host NAME: builds examples/embed/NAME here by its own Makefile.
build_host() {
  cp "$source/examples/embed/$1"/* .
  verdict "the host is compiled without a warning" \
    "$(make -s CC="${CC:-cc}" CFLAGS='-O1 -Wall -Wextra -Werror' \
      AQ="-I$source/libaq -L$build/.libs -laq -Wl,-rpath,$build/.libs" "$1" 2>&1)"
}

# train_topics: topic.tsv, some short lines about food and travel, and topic.aqm, a model of them.
train_topics() {
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
}
