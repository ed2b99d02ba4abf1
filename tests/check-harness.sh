#!/bin/sh
# check-harness.sh: does the test runner itself tell passing from failing? A stand-in for aqc prints and fails
# as told.
set -u
run_tests=${AQ_BUILD:-.}/tests/run-tests
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin"
cat > "$folder/bin/aqc" <<'END'
#!/bin/sh
# The last line of the file decides: "fine" passes, anything else is the message of a failure.
last=$(tail -n 1 "$2")
[ "$last" = fine ] && exit 0
echo "$2: $last" >&2
exit 65
END
chmod +x "$folder/bin/aqc"
PATH=$folder/bin:$PATH

count=0
# expect NAME FILE VERDICTS: the verdicts (ok, not, skip) that the runner gives for the cases of FILE, in
# order.
expect() {
  count=$((count + 1))
  got=$("$run_tests" "$folder/$2" | awk '/# SKIP/ {print "skip"; next} /^ok/ {print "ok"} /^not ok/ {print "not"}' | tr '\n' ' ')
  if [ "$got" = "$3 " ]; then
    echo "ok $count - $1"
  else
    echo "not ok $count - $1"
    echo "# expected: $3"
    echo "# but got:  $got"
  fi
}

cat > "$folder/exit.test" <<'END'
%% succeeds
$ true
%% does not succeed
$ false
%%FAIL fails as it must
$ false
%%FAIL succeeds though it must not
$ true
%% the exit code wanted
$ exit 65
--- exit 65
%% another exit code
$ exit 64
--- exit 65
%%FAIL an early command must succeed all the same
$ false
$ false
%%FAIL a crash is no failure
$ kill -SEGV $$
END
expect "exit codes" exit.test "ok not ok not ok not not not"

cat > "$folder/output.test" <<'END'
# a comment
%% exact output
$ printf 'a\n\nb\n'; echo no >&2
--- stdout
a

b
--- stderr
no
%% a line is missing
$ echo a
--- stdout
a
b
%% a line too many
$ printf 'a\nb\n'
--- stdout
a
%% nothing is expected, something is written
$ echo x >&2
--- stderr
%% any lines
$ printf 'a\nb\nc\nd\n'
--- stdout
a
...
d
%% any lines, but not this one
$ printf 'a\nb\nc\nd\n'
--- stdout
a
...
e
%% any text within a line
$ echo 'took 12 ms for 3 rows'
--- stdout
took [..] ms for [..]s
%% any text, but not this
$ echo 'took 12 ms for 3 rows'
--- stdout
took [..] s for [..]rows
%% each command has its own output
$ echo one
--- stdout
one
$ cat
--- stdin
two
\$ three
--- stdout
two
\$ three
END
expect "outputs" output.test "ok not not not ok not ok not ok"

cat > "$folder/files.test" <<'END'
%% the first file is checked when there is no command
--- file p.aq
head
fine

%%FAIL a message is compared
--- file p.aq
oops
--- stderr
p.aq: oops

%% files in folders
--- file a/b/c.txt
\%% escaped
$ cat a/b/c.txt
--- stdout
\%% escaped
%% each case has its own folder
$ test ! -e a
%% no file above the folder
$ true
--- file ../x
%% something that is not there
$ false
--- needs no/such/file
%% something of two that is not there
$ false
--- needs no/such/file
--- needs tests
%% a block that does not exist
$ true
--- stdotu
%%no name
$ true
END
expect "files and mistakes in a test" files.test "ok ok ok ok not skip skip not not"

cat > "$folder/doc.md" <<'END'
```aq
fine
```
```aq
oops
```
```aq error
oops
```
```
program.aq: oops
```
```aq error
fine
```
```
program.aq: fine
```
```aq error
oops
```
no message here
```aq fragment
fine
```
```aq fragment other
fine
```
<!-- file data.tsv -->
```
row
```
```console
$ cat data.tsv
row
$ echo b >&2
b
```
```console
$ cat data.tsv
column
```
```console error
$ false
```
```console about
$ echo ' 0.50 of  1000 rows, 7 %'
0.51 of  980 rows, 7 %
```
```console about
$ echo '0.50 of 1000 rows'
0.53 of 1000 rows
```
```console about
$ echo '0.50 of rows'
0.50 of 10 rows
```
```console nearly
$ true
```
```sh
this is left alone
```
<!-- wrap fragment
first
...
-->
END
expect "documents" doc.md "ok not ok not not ok not ok ok not ok ok not not not"

printf '%%%% too slow\n$ sleep 30\n' > "$folder/slow.test"
AQ_TEST_TIMEOUT=0.2
export AQ_TEST_TIMEOUT
expect "a command that hangs" slow.test "not"
echo "1..$count"
