#!/bin/sh
# check-hosts.sh: three hosts of examples/embed, each built by its own Makefile: a server for pictures that come
# as bytes, a learner that measures itself and keeps its best, and a plug-in with a budget of memory and time.
set -u
. "${AQ_SOURCE:-.}/tests/embed_host.sh"
server=
trap 'kill $server 2> /dev/null; rm -rf "$work"' EXIT

# is NAME WANTED GOT
is() { verdict "$1" "$([ "$2" = "$3" ] || printf 'wanted:\n%s\ngot:\n%s' "$2" "$3")"; }

# ---- learning with validation ----

build_host validate
./validate best.aqm < "$source/examples/embed/online/stream.tsv" > learned 2>&1
verdict 'it measures itself as it goes' \
  "$([ $? = 0 ] || cat learned; [ "$(grep -c '^line [0-9]*: [01]' learned)" = 9 ] || cat learned)"
verdict 'what it keeps was the best, or as good' \
  "$(awk '/ of / { last = $3 } /^best/ { best = $2 } END { if (!(best >= last && best > 0.9)) print best, last }' \
    learned)"
is 'the model is for anybody' 'garden' "$(echo 'water the rose' | aqc predict best.aqm --format lines -)"
is 'a stream of nothing' '64' "$(./validate none.aqm < /dev/null > log 2>&1; echo $?)"

# ---- a plug-in ----

build_host plugin
train_topics
is 'a plug-in answers, and leaves no byte' 'food
travel' "$(./plugin ./topic_plugin.so topic.aqm 10000000 5 'soup and bread' 'a night train' 2>&1)"
for bytes in 100 2000 20000 60000 100000; do
  is "a budget of $bytes bytes is too little, and nothing is left of it" 'out of memory' \
    "$(./plugin ./topic_plugin.so topic.aqm $bytes 5 'soup and bread' 2>&1 | sed 's/.*: //')"
done
is 'a deadline' 'this takes longer than the host allows' \
  "$(./plugin ./topic_plugin.so topic.aqm 10000000 0.0000001 soup 2>&1 | cut -d: -f2 | tr -d '\n' | sed 's/^ //')"
is 'what is no model' '3' "$(./plugin ./topic_plugin.so topic.tsv 10000000 5 soup > log 2>&1; echo $?)"

# ---- a server for pictures ----

build_host pictures
if aqc doctor | grep -q 'without libpng' || ! command -v /usr/bin/python3 > /dev/null; then
  echo "1..$count"
  exit 0
fi
cat > seen.aq <<'AQ'
data { picture: image[2, 2, 1], shade: class[C] }
model seen(picture) -> shade { return linear(reshape(picture, [4]), C) }
train { optimizer = adamw(lr = 0.1), epochs = 20 }
AQ
printf '\0\0\10\3\0\0\0\2\0\0\0\2\0\0\0\2\0\1\2\3\374\375\376\377' > two.idx
printf '%s\t%s\n' picture shade two.idx#0 dark two.idx#1 light > seen.tsv
aqc train seen.aq seen.tsv -q --threads 1 -o seen.aqm > log 2>&1 || verdict 'a model is trained' "$(cat log)"
./pictures seen.aqm socket > server.log 2>&1 &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  grep -q ready server.log && break
  sleep 0.1
done
/usr/bin/python3 "$source/tests/server/pictures.py" socket > said 2>&1
is 'bytes of pictures are answered, of many clients at once; others are told what is wrong' \
  'dark light 160
it is a damaged PNG file: it ends too soon
it is a GIF; an image is a PNG or a JPEG file
it is neither a PNG nor a JPEG file
column "picture" has no image in this row
it is 16384 x 16384 (height x width), which is too large' "$(cat said)"
kill -TERM "$server"
wait "$server"
is 'SIGTERM ends it' '0 ready' "$? $(cat server.log)"
server=
verdict 'its socket is gone' "$(ls socket 2> /dev/null)"
echo "1..$count"
