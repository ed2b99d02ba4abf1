#!/bin/sh
# check-server.sh: examples/embed/server, built by its own Makefile, asked by many clients at once: answers
# are those of aqc, a row that takes too long has an error for an answer, and SIGTERM ends it.
set -u
. "${AQ_SOURCE:-.}/tests/embed_host.sh"
build_host server
server=
holder=
trap 'kill $server $holder 2> /dev/null; rm -rf "$work"' EXIT
verdict "the clients are compiled" \
  "$(${CC:-cc} -std=gnu11 -O1 -Wall -Wextra -Werror -pthread -o clients \
    "$source/tests/server/clients.c" 2>&1)"

train_topics
{ tail -n +2 topic.tsv | cut -f1; printf '%s\n' 'the soup train' 'salt' 'no word of it' ''; } > lines
aqc predict topic.aqm lines --format tsv --header no --json --batch 1 --threads 1 > answers 2> log ||
  verdict 'aqc predicts' "$(cat log)"

# begin SECONDS: starts a server and waits until it listens.
begin() {
  ./server topic.aqm socket "$1" > server.log 2>&1 &
  server=$!
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    grep -q ready server.log && return
    sleep 0.1
  done
  verdict 'the server listens' "$(cat server.log; echo 'it does not')"
}
# end: asks it to stop; `ended` is what is wrong with that.
end() {
  kill -TERM "$server"
  wait "$server"
  code=$?
  server=
  ended=$(
    [ "$code" = 0 ] || echo "exit code $code"
    [ ! -e socket ] || echo 'the socket is still there'
    grep -v '^ready$' server.log
  )
}

# is NAME WANTED GOT
is() { verdict "$1" "$([ "$2" = "$3" ] || printf 'wanted:\n%s\ngot:\n%s' "$2" "$3")"; }

# ---- many at once ----

begin 20
verdict 'many clients at once get the answers of aqc' \
  "$(./clients socket lines answers 24 20 | grep -v '^4800 answers, 0 wrong$')"
is 'a bad row has an error for an answer, and the connection goes on' \
  '{"error":"is UTF-16, and data are read as UTF-8"}
'"$(head -n 1 answers)" "$({ printf '\377\376\n'; head -n 1 lines; } | ./clients socket)"
is 'so has a line that is too long' '{"error":"the line is too long"}
'"$(head -n 1 answers)" \
  "$({ head -c 70000 /dev/zero | tr '\0' x; echo; head -n 1 lines; } | ./clients socket)"
./clients socket hold 300 > held 2>&1 &
holder=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do grep -q held held && break; sleep 0.1; done
is 'one connection too many is told so' '{"error":"there are too many connections"}' \
  "$(head -n 1 lines | ./clients socket 2>&1)"
end
verdict 'SIGTERM ends it while connections are open' "$ended"
kill "$holder"
holder=

# One that sends rows as long as the server takes them, and reads no answer.
begin 20
python3 - > deaf 2>&1 <<'END' &
import itertools, socket, time
s = socket.socket(socket.AF_UNIX)
s.connect("socket")
s.settimeout(1)
try:
    for _ in itertools.count():
        s.sendall(b"soup\n" * 1000)
except TimeoutError:
    print("full", flush=True)
time.sleep(60)
END
holder=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do grep -q full deaf && break; sleep 0.5; done
from=$(date +%s)
end
verdict 'a client that reads no answer does not keep it from ending' \
  "$(cat deaf | grep -v full; echo "$ended"; [ $(($(date +%s) - from)) -le 5 ] || echo 'it took too long')"
kill "$holder"
holder=

# ---- deadlines ----

begin 0.1
{ head -n 1 lines; yes soup | head -n 13000 | tr '\n' ' '; echo; sed -n 2p lines; } > long
is 'a row over its deadline has an error, and those before and behind it their answers' \
  "$(head -n 1 answers; echo '{"error":"the row took longer than it may"}'; sed -n 2p answers)" \
  "$(./clients socket < long)"
./clients socket lines answers 4 100000 > last 2>&1 &
client=$!
sleep 0.3
end
verdict 'SIGTERM ends it while rows come in' "$ended"
wait "$client" 2> /dev/null

# ---- what cannot be ----

# refused ARGUMENT…: what the server says, and its exit code.
refused() { ./server "$@" 2>&1; echo "exit code $?"; }
is 'a model that is not there' 'server: none.aqm: cannot be read: No such file or directory
exit code 66' "$(refused none.aqm socket)"
touch taken
is 'a path that is taken' 'server: taken: Address already in use
exit code 73' "$(refused topic.aqm taken)"
is 'a deadline that is none' 'usage: server MODEL.aqm SOCKET [SECONDS]
exit code 64' "$(refused topic.aqm socket never)"
echo "1..$count"
