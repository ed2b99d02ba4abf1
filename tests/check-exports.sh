#!/bin/sh
# check-exports.sh: the shared library exports what aq.h declares, under a version, and not a name more; nor
# does the archive.
set -u
library=${AQ_BUILD:-.}/.libs/libaq.so
headers=${AQ_SOURCE:-.}/libaq/aq*.h # aq.h includes the others
if [ ! -e "$library" ] || ! command -v nm > /dev/null; then
  echo '1..0 # SKIP no shared library was built, or there is no nm'
  exit 0
fi
# Functions and data with a version node, without the node's own symbol.
exported=$(nm -D --defined-only "$library" | awk '$2 != "A" {print $3}' | sort)
# Sanitizers add names of their own.
exported=$(printf '%s\n' "$exported" | grep -vE '^(__(asan|ubsan|tsan|odr)|_init|_fini|__bss_start|_edata|_end)')
# shellcheck disable=SC2086
declared=$(awk -f "${AQ_SOURCE:-.}/libaq/declarations.awk" -f "${AQ_SOURCE:-.}/libaq/names.awk" $headers | sort -u)

problems=$(for name in $declared; do
  printf '%s\n' "$exported" | grep -qxF "$name@@AQ_0.1" || echo "$name is declared in aq.h but not exported"
done
for name in $exported; do
  printf '%s\n' "$declared" | grep -qxF "${name%%@*}" || echo "$name is exported but not declared in aq.h"
done)
if [ -n "$declared" ] && [ -z "$problems" ]; then
  echo 'ok 1 - exports are what aq.h declares'
else
  echo 'not ok 1 - exports are what aq.h declares'
  printf '%s\n' "${problems:-aq.h declares nothing}" | sed 's/^/# /'
fi

# Of the archive, which is one object of them all.
archive=${AQ_BUILD:-.}/.libs/libaq.a
if [ ! -e "$archive" ] || ! command -v objcopy > /dev/null; then
  echo 'ok 2 - the archive has no other names # SKIP there is no archive, or no objcopy'
else
  names=$(nm -g --defined-only "$archive" | awk 'NF == 3 {print $3}' | grep -vE '^__(asan|ubsan|tsan|odr)' | sort)
  others=$(printf '%s\n' "$names" | grep -v '^aq_')
  if [ -n "$names" ] && [ -z "$others" ]; then
    echo 'ok 2 - the archive has no other names'
  else
    echo 'not ok 2 - the archive has no other names'
    printf '%s\n' "${others:-it has none}" | head -n 20 | sed 's/^/# /'
  fi
fi
echo '1..2'
