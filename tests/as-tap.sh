#!/bin/sh
# as-tap.sh TEST: runs a test script or program and sees to it that its output is TAP as automake reads it. Of
# a test that does not speak TAP, the exit code decides: 0 passed, 77 skipped (its last line says why),
# anything else failed. AQ_EMULATOR runs programs that are for another processor.
case $1 in
  *.sh) output=$(sh "$1" 2>&1) ;;
  *) output=$(${AQ_EMULATOR:-} "$1" 2>&1) ;;
esac
code=$?
if printf '%s\n' "$output" | grep -q '^1\.\.[0-9]'; then
  # cmocka writes a skipped test as `not ok N # SKIP name`.
  printf '%s\n' "$output" | sed 's/^not ok \([0-9]*\) # SKIP \(.*\)/ok \1 - \2 # SKIP/'
  exit $code
fi
printf '%s\n' "$output" | sed 's/^/# /'
echo 1..1
case $code in
  0) echo "ok 1 - $(basename "$1")" ;;
  77) echo "ok 1 - $(basename "$1") # SKIP $(printf '%s\n' "$output" | tail -n 1)" ;;
  *) echo "not ok 1 - $(basename "$1"): exit code $code" ;;
esac
