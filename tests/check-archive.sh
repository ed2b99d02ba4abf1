#!/bin/sh
# check-archive.sh: what others build from. The source archive builds without flex and bison; aq.pc links a
# program with the shared library by -laq alone, and with libaq.a.
set -u
source=$(cd "${AQ_SOURCE:-.}" && pwd)
build=$(cd "${AQ_BUILD:-.}" && pwd)
. "$source/tests/verdict.sh"
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work" || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL # of the make that runs the tests

# ---- aq.pc ----

# What it says, as if the library were installed where it was built.
flags() {
  PKG_CONFIG_PATH="$build/libaq" pkg-config --define-variable=libdir="$build/.libs" \
    --define-variable=includedir="$source/libaq" "$@" aq | sed 's/ *$//'
}

cat > host.c <<'C'
#include <aq.h>
#include <stdio.h>
int main(void) {
  const char text[] = "fn f(x: [T]) -> [T] = tanh(x)\n";
  const float x[] = {0, 1};
  const int64_t size[] = {2};
  const aq_tensor argument = {.data = x, .rank = 1, .size = size};
  aq_program *program;
  aq_function *function;
  int status = aq_program_new("f.aq", text, sizeof text - 1, NULL, &program);
  status = status ? status : aq_function_new(program, NULL, &function);
  status = status ? status : aq_function_run(function, &argument, 1, 0);
  if (!status) printf("%s\n", ((const float *)aq_function_value(function, 0).data)[1] > 0.76f ? "fine" : "?");
  return status;
}
C

if ! command -v pkg-config > /dev/null || ! command -v "${CC:-cc}" > /dev/null; then
  verdict 'aq.pc # SKIP there is no pkg-config, or no C compiler' ''
elif [ -n "${AQ_SANITIZED:-}" ]; then
  verdict 'aq.pc # SKIP programs would have to be built with sanitizers' ''
else
  verdict 'aq.pc gives a path and -laq to who links the shared library' \
    "$([ "$(flags --libs)" = "-L$build/.libs -laq" ] || flags --libs)"
  verdict 'aq.pc gives a path to who includes aq.h' \
    "$([ "$(flags --cflags)" = "-I$source/libaq" ] || flags --cflags)"
  verdict 'aq.pc has libraries alone for who links libaq.a' \
    "$(flags --static --libs-only-other | grep -v '^-pthread$')"
  # shellcheck disable=SC2046
  [ -e "$build/.libs/libaq.so" ] && verdict 'a program links with libaq.so' \
    "$(${CC:-cc} -o shared host.c $(flags --cflags --libs) -Wl,-rpath,"$build/.libs" 2>&1 && ./shared | grep -v '^fine$')"
  # shellcheck disable=SC2046
  [ -e "$build/.libs/libaq.a" ] && verdict 'a program links with libaq.a' \
    "$(${CC:-cc} -o static host.c -I"$source/libaq" $(flags --static --libs | sed 's/-laq/-l:libaq.a/') 2>&1 &&
      ./static | grep -v '^fine$')"
fi

# ---- the manual ----

verdict 'every function has a page of section 3' "$(sed -n 's/^ *\(aq_[a-z0-9_]*\);$/\1/p' "$source/libaq/libaq.map" |
  while read -r name; do
    page=$build/doc/man3/$name.3
    lead=$(sed -n 's/^\.so man3/man3/p' "$page" 2>&1)
    grep -q "$name" "$build/doc/${lead:-man3/$name.3}" 2> /dev/null || echo "$name has none"
  done)"
verdict 'they are installed where man looks for them' \
  "$(make -s -C "$build" install-data-hook prefix=/else mandir=/man DESTDIR="$work/installed" 2>&1
    cmp "$build/doc/man3/libaq.3" "$work/installed/man/man3/libaq.3" 2>&1)"
verdict 'aq.pc has the prefix that make install is given' \
  "$(grep '^prefix=' "$work/installed/else/lib/pkgconfig/aq.pc" 2>&1 | grep -vx 'prefix=/else')"
if command -v groff > /dev/null; then
  verdict 'the pages are well formed' \
    "$(cd "$build/doc/man3" && for page in $(grep -L '^\.so ' ./*.3); do groff -k -man -ww -z "$page" 2>&1; done |
      grep -v 'cannot adjust line\|break .*adjust')"
fi

# ---- the archive ----

# All commands but two.
mkdir bin
IFS=:
for folder in $PATH; do
  for command in "$folder"/*; do
    name=${command##*/}
    case $name in flex | bison | lex | yacc | '*') ;; *) [ -e "bin/$name" ] || ln -s "$command" "bin/$name" ;; esac
  done
done
unset IFS
make -s -C "$build" distdir distdir="$work/aq" > make.log 2>&1
verdict 'the archive has what flex and bison write' \
  "$(for file in parser.c parser.h lexer.c lexer.h; do [ -e "aq/grammar/$file" ] || { echo "no $file"; tail -n 3 make.log; }; done)"
mkdir -p tree
chmod -R a-w aq
verdict 'it is configured without flex and bison' \
  "$(cd tree && { PATH=$work/bin ../aq/configure --quiet CC="${CC:-cc}" > ../configure.log 2>&1 || tail -n 5 ../configure.log; })"
verdict 'its parser is built without flex and bison' \
  "$(cd tree && { PATH=$work/bin make -s grammar/libgrammar.la grammar/libgenerated.la > ../make.log 2>&1 || tail -n 5 ../make.log; })"
echo "1..$count"
