#!/bin/sh
# check-online.sh: examples/embed/online, built by its own Makefile, learns from a stream: it predicts better
# as it goes, and goes on after a stop as if there had been none.
set -u
. "${AQ_SOURCE:-.}/tests/embed_host.sh"
build_host online

# ---- it learns ----

./online whole < stream.tsv > whole.out 2> whole.err
verdict 'a whole stream' "$(echo "$?" | grep -v '^0$'; cat whole.err)"
verdict 'the last lines are predicted well, the first are not' \
  "$(awk '/^line/ { if (!n++) first = $3; last = $3 }
      END { if (!(n == 8 && first < 0.7 && last > 0.9)) print n " lines, from " first " to " last }' whole.out)"
verdict 'aqc predicts with what it keeps' \
  "$(printf 'the saw is blunt\nwater the rose\nmore salt into the soup\n' |
    aqc predict whole.aqm --format lines - | tr '\n' ' ' | grep -v '^workshop garden kitchen $')"

# ---- it goes on ----

head -n 192 stream.tsv | ./online parts > parts.out 2>&1
tail -n +193 stream.tsv | ./online parts >> parts.out 2>&1
verdict 'a stop changes nothing' "$(cmp whole.aqm parts.aqm; cmp whole.ckpt parts.ckpt; cmp whole.count parts.count;
  grep -v '^goes on behind line 192$' parts.out | cut -d, -f1,2 > a; cut -d, -f1,2 whole.out > b; cmp a b 2>&1)"
mkfifo pipe
./online stopped < pipe > stopped.out 2>&1 &
host=$!
exec 3> pipe
head -n 100 stream.tsv >&3
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  [ -e stopped.count ] && break
  sleep 0.1
done
kill -TERM "$host"
wait "$host"
code=$?
exec 3>&-
verdict 'SIGTERM ends it, and it has saved' \
  "$([ $code = 0 ] || echo "it ended with $code"; grep -Ev '^(96|100) ' stopped.count)"
rm parts.ckpt
./online parts < stream.tsv > log 2>&1
verdict 'a part of what it keeps is not enough' \
  "$([ $? = 66 ] || echo 'it did not fail'; grep -v 'parts.aqm is there, but not all that belongs to it' log)"

# ---- lines that are none ----

{ head -n 70 stream.tsv; echo 'no topic'; printf 'music\ta song\n'; } | ./online bad > bad.out 2> bad.err
verdict 'lines that cannot be learned are told and left out' \
  "$(grep -v -e 'line 71 has no tab' -e 'line 72 is about `music`, which was not among the first lines' bad.err
    [ "$(wc -l < bad.err)" = 2 ] || echo 'not two lines'; grep -v '^70 ' bad.count)"
./online none < /dev/null > log 2>&1
verdict 'a stream of nothing' "$([ $? != 0 ] || echo 'it did not fail'; grep -v 'there are no\|they have none\|hint' log)"
printf 'a\tb\na\tc\n' | ./online one > log 2>&1
verdict 'a stream of one topic' \
  "$([ $? = 65 ] || echo 'it did not fail'; grep -v 'the same class, "a", in all rows\|hint' log)"
echo "1..$count"
