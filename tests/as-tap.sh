#!/bin/sh
# as-tap.sh SCRIPT: runs a test script. One that speaks TAP is passed on as it is; of any other, the exit code decides:
# 0 passed, 77 skipped (its last line says why), anything else failed.
output=$(sh "$1" 2>&1)
code=$?
if printf '%s\n' "$output" | grep -q '^1\.\.[0-9]'; then
  printf '%s\n' "$output"
  exit $code
fi
printf '%s\n' "$output" | sed 's/^/# /'
echo 1..1
case $code in
  0) echo "ok 1 - $(basename "$1")" ;;
  77) echo "ok 1 - $(basename "$1") # SKIP $(printf '%s\n' "$output" | tail -n 1)" ;;
  *) echo "not ok 1 - $(basename "$1"): exit code $code" ;;
esac
