#!/bin/sh
# driver.sh DRIVER ARGUMENT...: automake's driver of tests, and after a test that failed, how to run it alone.
"$@"
code=$?
name='' log='' trs=''
while [ $# -gt 0 ]; do
  case $1 in
    --test-name) name=$2 ;;
    --log-file) log=$2 ;;
    --trs-file) trs=$2 ;;
    --) break ;;
  esac
  shift
done
if grep -qE '^:test-result: *(FAIL|ERROR|XPASS)' "$trs" 2> /dev/null; then
  echo "      alone: make check TESTS=$name; what it printed is in $log"
fi
exit $code
