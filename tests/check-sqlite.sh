#!/bin/sh
# check-sqlite.sh: the extension of examples/sqlite, loaded into Debian's sqlite3: its answers are those of
# aqc, and whatever is wrong is an error of that statement.
set -u
source=$(cd "${AQ_SOURCE:-.}" && pwd)
build=$(cd "${AQ_BUILD:-.}" && pwd)
skip() { echo "1..0 # SKIP $*"; exit 0; }
command -v sqlite3 > /dev/null || skip 'there is no sqlite3 (Debian: sqlite3)'
command -v "${CC:-cc}" > /dev/null || skip 'there is no C compiler'
[ -z "${AQ_SANITIZED:-}" ] || skip 'sqlite3 has no sanitizers, and loads no library that has'
[ -e "$build/.libs/libaq.so" ] || skip 'no shared library was built'
echo '#include <sqlite3ext.h>' | ${CC:-cc} -E - > /dev/null 2>&1 ||
  skip 'there is no sqlite3ext.h, so examples/sqlite is not built (Debian: libsqlite3-dev)'

. "$source/tests/verdict.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
flags="-std=c11 -D_POSIX_C_SOURCE=200809L -O1 -Wall -Wextra -Werror -I$source/libaq"
link="-L$build/.libs -laq -Wl,-rpath,$build/.libs"
# shellcheck disable=SC2086
verdict "the extension is compiled without a warning" \
  "$(${CC:-cc} $flags -shared -fPIC -o aq_sqlite.so "$source"/examples/sqlite/*.c $link 2>&1)"

# ---- models ----

cat > topic.aq <<'AQ'
dim D = 8
data { text: words[T <= 8, V], topic: class[C] }
model topic(text) -> topic {
  x = embed(text, D)
  near = self_attention(x)
  v = mean(near, T)
  w = linear(v, 3)
  return linear(tanh(w), C)
}
AQ
cat > both.aq <<'AQ'
dim D = 4
data { title: words[S], text: words[T], topic: class[C], kind: class[K], stars: number }
model both(title, text) -> topic, kind, stars {
  x = concat(mean(embed(title, D), S), mean(embed(text, D), T))
  return linear(x, C), linear(x, K), linear(x, 1)[0]
}
AQ
cat > tagger.aq <<'AQ'
dim D = 4
data { text: words[T], tags: tags[T, C] }
model tagger(text) -> tags { return linear(embed(text, D), C) }
AQ
cat > write.aq <<'AQ'
dim D = 4
data { text: words[T, V] }
model write(text) -> next(text) { return linear(embed(text, D), V) }
AQ
cat > price.aq <<'AQ'
dim D = 4
data { text: words[T], weight_kg: number, price: number }
model price(text, weight_kg) -> price {
  v = mean(embed(text, D), T)
  return linear(v, 1)[0] + weight_kg
}
AQ
cat > pair.aq <<'AQ'
dim D = 4
data { both: wordpiece[T <= 20, V](vocab = "pieces.txt", from = [ask, say]), label: class[C] }
model pair(both) -> label {
  v = mean(embed(both, D), T)
  return linear(v, C)
}
AQ
printf '%s\n' '[PAD]' '[UNK]' '[CLS]' '[SEP]' '[MASK]' red blue > pieces.txt
printf '%s\t%s\t%s\n' ask say label red blue odd blue blue even > pair.tsv
cat > several.aq <<'AQ'
dim D = 4
data { text: words[T], query: vector[N], topics: labels[C] }
model several(text, query) -> topics { return linear(concat(mean(embed(text, D), T), query), C) }
AQ
printf '%s\t%s\t%s\n' text query topics 'a b' '1 2' 'one|two' 'c' '0 1' two > several.tsv
printf '%s\t%s\n' text topic 'bread and salt' food 'soup with bread' food 'a train to town' travel \
  'the night train' travel > topic.tsv
printf '%s\t%s\t%s\t%s\t%s\n' title text topic kind stars bread 'bread and salt' food other 3 \
  soup 'soup with bread' other new 4.5 > both.tsv
printf 'text\ttags\nthe train\tD N\na fast train\tD A N\n' > tagger.tsv
printf 'text\nthe train is late\nthe soup is hot\n' > write.tsv
printf 'text\tweight_kg\tprice\nbread\t0.5\t2\nsoup\t1.5\t4\n' > price.tsv
cat > seen.aq <<'AQ'
data { picture: image[2, 2, 1], shade: class[C] }
head look(x: [P, W]) -> [W] { query = param[W]; key = x; value = x }
model seen(picture) -> shade {
  v = look(patches(picture, 1))
  return linear(v, C)
}
AQ
printf '\0\0\10\3\0\0\0\2\0\0\0\2\0\0\0\2\0\1\2\3\374\375\376\377' > two.idx
printf '%s\t%s\n' picture shade two.idx#0 dark two.idx#1 light > seen.tsv
cat > marks.aq <<'AQ'
data { picture: image[2, 2, 1], marks: labels[C] }
model marked(picture) -> marks { return linear(reshape(picture, [4]), C) }
AQ
printf '%s\t%s\n' picture marks two.idx#0 'a|b' two.idx#1 b > marks.tsv
for name in seen marks topic both tagger write price pair several; do
  aqc train $name.aq $name.tsv --epochs 3 -q --threads 1 -o $name.aqm > log 2>&1 ||
    verdict "$name is trained" "$(cat log)"
done
tail -n +2 topic.tsv | cut -f1 > texts.txt

# sql STATEMENT…: what SQLite says of them
sql() {
  sqlite3 "${database:-:memory:}" '.load ./aq_sqlite' "$@" 2>&1 |
    sed 's/^Error: //; s/^Runtime error near line [0-9]*: //; s/^Error: near line [0-9]*: //;
      s/^stepping, //; s/^in prepare, //'
}
# is NAME WANTED STATEMENT…
is() {
  is_name=$1 wanted=$2
  shift 2
  got=$(sql "$@")
  if [ "$got" = "$wanted" ]; then
    verdict "$is_name" ''
  else
    verdict "$is_name" "$(printf 'wanted:\n%s\ngot:\n%s' "$wanted" "$got")"
  fi
}

# ---- answers ----

database=rows.db
sql "CREATE TABLE t(text)" ".import texts.txt t" > log
is 'a label is the one that aqc predicts' "$(aqc predict topic.aqm texts.txt --format lines)" \
  "SELECT aq_predict('topic.aqm', text) FROM t"
is 'probabilities are those that aqc writes' \
  "$(aqc predict topic.aqm texts.txt --format lines --proba | sed 's/.*travel=//' |
    awk '{printf "%.4f\n", $1}')" \
  "SELECT printf('%.4f', aq_proba('topic.aqm', 'travel', text)) FROM t"
# Of each row by itself, as SQLite asks: a product of several rows may be rounded otherwise.
each=$((128 / $(wc -l < texts.txt)))
vectors=$(while read -r text; do
  printf '%s\n' "$text" > one.txt
  aqc embed topic.aqm one.txt --fn v --format lines -o v.safetensors --threads 1 > log 2>&1
  tail -c $each v.safetensors
done < texts.txt | od -An -v -tx1 | tr -d ' \n')
is 'a vector is the one that aqc embeds' "$vectors" \
  "SELECT lower(group_concat(hex(aq_embed_of('topic.aqm', 'v', text)), '')) FROM t"
unset database
is 'the only vector, by its name too, and of the texts alone that it needs' '1|1|16' \
  "SELECT aq_embed('price.aqm', 'bread') = aq_embed_of('price.aqm', 'v', 'bread'),
          aq_embed('price.aqm', 'bread') = aq_embed('price.aqm', 'bread', 0.5),
          length(aq_embed('price.aqm', 'bread'))"
is 'which of two vectors' 'topic names 2 vectors: say which
hint: topic names the vectors v, w, as in the option function = w' "SELECT aq_embed('topic.aqm', 'bread')"
cat > turns.sql <<'SQL'
CREATE TABLE kept AS SELECT x, aq_embed_of('topic.aqm', 'v', x) v, aq_embed_of('topic.aqm', 'w', x) w
  FROM (SELECT 'bread' x UNION SELECT 'the night train' UNION SELECT 'soup');
SELECT sum(v = aq_embed_of('topic.aqm', 'v', x)), sum(w = aq_embed_of('topic.aqm', 'w', x)), min(length(w))
  FROM kept;
SELECT aq_embed_of('topic.aqm', 'w', CAST(x'ff' AS TEXT));
SELECT aq_embed_of('topic.aqm', 'u', 'bread');
SELECT sum(w = aq_embed_of('topic.aqm', 'w', x)) FROM kept;
SQL
is 'vectors by turns, and after errors' '3|3|12
byte 0xff (byte 1 of text 1) is not valid UTF-8
the model topic has no value and calls no function `u`
hint: topic names the vectors v, w, as in the option function = w
3' '.read turns.sql'
is 'several outputs are a JSON object' 'text|text|real' \
  "SELECT typeof(p ->> 'topic'), typeof(p ->> '\$.kind'), typeof(p ->> 'stars')
   FROM (SELECT aq_predict('both.aqm', 'bread', 'soup') p)"
is 'the object is JSON for functions of JSON' 'object' \
  "SELECT json_type(json_array(aq_predict('both.aqm', 'bread', 'soup')), '\$[0]')"
is 'a number is a number, and numbers may be texts' 'real|1' \
  "SELECT typeof(aq_predict('price.aqm', 'bread', 0.5)),
          aq_predict('price.aqm', 'bread', 0.5) = aq_predict('price.aqm', 'bread', '0.5')"
is 'tags have spaces between them' "$(echo 'a fast train' | aqc predict tagger.aqm - --format lines)" \
  "SELECT aq_predict('tagger.aqm', 'a fast train')"
is 'tags of what a table would read in another way' \
  "$(echo 'a ",b c' | aqc predict tagger.aqm - --format lines)" \
  "SELECT aq_predict('tagger.aqm', 'a \",b
c')"
is 'a text that goes on: the next token' "$(echo 'the train' | aqc predict write.aqm - --format lines)|1.0" \
  "SELECT aq_predict('write.aqm', 'the train'), round(sum(probability), 5)
   FROM aq_top('write.aqm', 99, 'the train')"
is 'several labels' "$(printf 'text\tquery\na b\t1 2\n' | aqc predict several.aqm -)|2" \
  "SELECT aq_predict('several.aqm', 'a b', '1 2'), count(*) FROM aq_top('several.aqm', 9, 'a b', '1 2')"
is 'a column of two texts' '1|16|1' \
  "SELECT answer = aq_predict('pair.aqm', 'red', 'blue'), length(aq_embed('pair.aqm', 'red', 'blue')), id
   FROM aq_predict_all('pair.aqm', 'SELECT 1, ''red'', ''blue''')"
is 'a model may be a BLOB' 1 \
  "SELECT aq_predict(readfile('topic.aqm'), 'bread') = aq_predict('topic.aqm', 'bread')"
is 'NULL gives NULL' '1|1|1|0' \
  "SELECT aq_predict('topic.aqm', NULL) IS NULL, aq_proba('topic.aqm', NULL, 'a') IS NULL,
          aq_embed('price.aqm', NULL) IS NULL, (SELECT count(*) FROM aq_top('topic.aqm', 1, NULL))"

# A picture of the same points as two.idx#0.
png='89504E470D0A1A0A0000000D494844520000000200000002080000000057DD52F8000000114944415478010106'
png="x'${png}00F9FF000001000203001100079A1C9E7F0000000049454E44AE426082'"
if ! aqc doctor | grep -q 'without libpng'; then
  is 'a BLOB is the file of an image' '1|1|1|4' \
    "SELECT aq_predict('seen.aqm', $png) = aq_predict('seen.aqm', 'two.idx#0'),
       aq_proba('seen.aqm', 'dark', $png) = aq_proba('seen.aqm', 'dark', 'two.idx#0'),
       aq_embed_of('seen.aqm', 'v', $png) = aq_embed_of('seen.aqm', 'v', 'two.idx#0'),
       (SELECT count(*) FROM aq_attention('seen.aqm', $png))"
  is 'several labels of a BLOB' "1" \
    "SELECT aq_predict('marks.aqm', $png) = aq_predict('marks.aqm', 'two.idx#0')"
  is 'a damaged one is an error' "column \`picture\`: it is a GIF; an image is a PNG or a JPEG file" \
    "SELECT aq_predict('seen.aqm', x'47494638396100')"
  is 'a BLOB is no name of a file' "column \`picture\`: it is neither a PNG nor a JPEG file" \
    "SELECT aq_predict('seen.aqm', CAST('two.idx#0' AS BLOB))"
  for f in "aq_embed_of('seen.aqm', 'v', x'47')" "aq_proba('seen.aqm', 'dark', x'47')" \
    "label FROM aq_top('seen.aqm', 1, x'47')" "head FROM aq_attention('seen.aqm', x'47')"; do
    is "one row has no number: $f" "column \`picture\`: it is neither a PNG nor a JPEG file" "SELECT $f"
  done
  png2=$(echo "$png" | sed "s/'/''/g") # in a query that is a text
  all="SELECT 1, $png2 UNION ALL SELECT 2, ''two.idx#0'' UNION ALL SELECT 3, NULL UNION ALL SELECT 4, $png2"
  is 'BLOBs, names and NULL in a batch' '1:1,2:1,3:,4:1' \
    "SELECT group_concat(id || ':' || coalesce(answer = aq_predict('seen.aqm', $png), ''))
     FROM aq_predict_all('seen.aqm', '$all')"
  is 'more BLOBs than are answered at once' '200|1' \
    "SELECT count(answer), min(answer) = max(answer) FROM aq_predict_all('seen.aqm', 'WITH RECURSIVE
       k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 200) SELECT i, $png2 FROM k')"
  is 'a BLOB of a batch that is no file' \
    "row 103 of the query: column \`picture\`: it is a GIF; an image is a PNG or a JPEG file" \
    "SELECT count(answer) FROM aq_predict_all('seen.aqm', 'WITH RECURSIVE
       k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 200)
       SELECT i, CASE i WHEN 100 THEN NULL WHEN 103 THEN x''47494638396100'' ELSE $png2 END FROM k')"
  is 'a BLOB and a text too many' "2 fields, where the model's columns are picture" \
    "SELECT aq_predict('seen.aqm', $png, 'x')"
fi

# ---- tables ----

is 'the best labels' 'topic|1.0|2' \
  "SELECT min(output), round(sum(probability), 6), count(*)
   FROM aq_top('topic.aqm', 9223372036854775807, 'bread')"
is 'the best is what is predicted, for each row of a join in either order' '2|2' \
  "SELECT sum(label = aq_predict('topic.aqm', text)), count(*)
   FROM aq_top('topic.aqm', 1, text), (SELECT 'bread' text, 1 model, 1 k UNION SELECT 'a train', 2, 2)"
is 'the best of each output' 'kind|1
stars|0
topic|1' "SELECT o.value, (SELECT count(*) FROM aq_top('both.aqm', 1, 'bread', 'soup') WHERE output = o.value)
  FROM json_each('[\"kind\",\"stars\",\"topic\"]') o"
is 'weights of a query sum to 1, and tokens have their names' 'topic.near|soup|3|1.0
topic.near|with|3|1.0
topic.near|bread|3|1.0' \
  "SELECT head, query, count(key), round(sum(weight), 5) FROM aq_attention('topic.aqm', 'soup with bread')
   GROUP BY head, h, i ORDER BY i"
is 'two walks over attention at once' '81' \
  "SELECT count(*) FROM aq_attention('topic.aqm', 'soup with bread') a, aq_attention('topic.aqm', 'a b c') b"
is 'another model, and another call, while a table is read' '9' \
  "SELECT sum(length(aq_predict('topic.aqm', query)) > 1 AND length(aq_predict('tagger.aqm', key)) = 1)
   FROM aq_attention('topic.aqm', 'soup with bread')"

# ---- batches ----

cat > many.sql <<'SQL'
CREATE TABLE many(id INTEGER PRIMARY KEY, text, title, kg);
WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 1100)
INSERT INTO many SELECT k, CASE k % 4 WHEN 0 THEN NULL WHEN 1 THEN 'soup "' || k || '", bread' WHEN 2 THEN 'a train
to ' || k ELSE '' END, 'bread ' || k, k / 8.0 FROM n;
SQL
database=many.db
sql '.read many.sql'
for name in topic tagger write; do
  is "batches of $name answer as single calls do" '1100|1100|275' \
    "SELECT count(*), sum(answer IS aq_predict('$name.aqm', text)), sum(answer IS NULL)
     FROM aq_predict_all('$name.aqm', 'SELECT id, text FROM many') JOIN many USING (id)"
done
is 'batches of several outputs' '1100|1100' \
  "SELECT sum(answer ->> 'topic' IS p ->> 'topic' AND answer ->> 'kind' IS p ->> 'kind'),
          sum((answer ->> 'stars') - (p ->> 'stars') BETWEEN -1e-5 AND 1e-5 OR text IS NULL)
   FROM (SELECT *, aq_predict('both.aqm', title, text) p
         FROM aq_predict_all('both.aqm', 'SELECT id, title, text FROM many') JOIN many USING (id))"
is 'batches of numbers' '825|real|1' \
  "SELECT count(answer), max(typeof(answer)), max(abs(answer - aq_predict('price.aqm', text, kg))) < 1e-5
   FROM aq_predict_all('price.aqm', 'SELECT id, text, kg FROM many') JOIN many USING (id)"
is 'a batch of what a batch says' '5' "SELECT count(*) FROM aq_predict_all('topic.aqm',
  'SELECT id, aq_predict(''topic.aqm'', answer) FROM aq_predict_all(''topic.aqm'',
     ''SELECT id, text FROM many LIMIT 5'')')"
is 'a batch of no rows' '0' "SELECT count(*) FROM aq_predict_all('topic.aqm', 'SELECT 1, 2 WHERE 0')"
is 'a bad row of a batch' 'row 702 of the query: byte 0xff (byte 1 of text 1) is not valid UTF-8' \
  "SELECT count(*) FROM aq_predict_all('topic.aqm',
     'SELECT id, iif(id = 702, CAST(x''ff'' AS TEXT), text) FROM many')"
is 'a BLOB in a batch' 'row 3 of the query: text 1 is a BLOB
hint: CAST(… AS TEXT) makes a text of it' \
  "SELECT count(*) FROM aq_predict_all('topic.aqm', 'SELECT id, iif(id = 3, x''61'', text) FROM many')"
is 'a query with too few columns' 'the query has 1 column, and needs 2: one to tell rows apart, and the texts '"\
that the model reads" "SELECT * FROM aq_predict_all('topic.aqm', 'SELECT text FROM many')"
is 'a query that is none' 'the query: near "FOO": syntax error' \
  "SELECT * FROM aq_predict_all('topic.aqm', 'FOO')"
is 'a query that fails on its way' 'the query: integer overflow' \
  "SELECT count(*) FROM aq_predict_all('topic.aqm', 'SELECT abs(-9223372036854775807 - (id > 600)), text FROM many')"
is 'a query that changes rows' 'the query changes the database: DELETE FROM many RETURNING id, text' \
  "SELECT * FROM aq_predict_all('topic.aqm', 'DELETE FROM many RETURNING id, text')"
is 'two queries' 'the query is not one statement: SELECT 1, 2; SELECT 3, 4' \
  "SELECT * FROM aq_predict_all('topic.aqm', 'SELECT 1, 2; SELECT 3, 4')"
is 'no query' "aq_predict_all needs a model and a query, as in aq_predict_all('m.aqm', 'SELECT id, text FROM t')" \
  "SELECT * FROM aq_predict_all('topic.aqm')"
unset database

# ---- wrong ways ----

is 'no such file' 'nothing.aqm: cannot be read: No such file or directory' \
  "SELECT aq_predict('nothing.aqm', 'x')"
is 'the model behind the text' "a fine day: cannot be read: No such file or directory
hint: the model stands before the texts, and 'topic.aqm' is one" "SELECT aq_predict('a fine day', 'topic.aqm')"
is 'a table with the model behind the text' "a fine day: cannot be read: No such file or directory
hint: the model stands before the texts, and 'topic.aqm' is one" \
  "SELECT label FROM aq_top('a fine day', 2, 'topic.aqm')"
is 'a BLOB that is no model' 'the BLOB: is not a valid safetensors file: it is shorter than 8 bytes
hint: a model is what `aqc train … -o MODEL.aqm` writes' "SELECT aq_predict(x'0011', 'x')"
is 'a model that is NULL' "there is no model: the argument is NULL
hint: give the path of a model file, or its bytes as a BLOB, as readfile('m.aqm') does" \
  "SELECT aq_predict((SELECT 'm.aqm' WHERE 0), 'x')"
is 'a path with a NUL' 'the path of the model has a NUL in it, behind topic.aqm' \
  "SELECT aq_predict('topic.aqm' || char(0), 'x')"
is 'too many texts' "2 fields, where the model's columns are text" "SELECT aq_predict('topic.aqm', 'a', 'b')"
is 'too many texts for tags' "2 fields, where the model's columns are text" \
  "SELECT aq_predict('tagger.aqm', 'a', 'b')"
is 'too few texts' "1 field, where the model's columns are title, text" "SELECT aq_predict('both.aqm', 'a')"
is 'no texts for a vector' "0 fields, where the model's columns are text" "SELECT aq_embed('topic.aqm')"
is 'too few texts for a vector' 'this vector needs other texts than the 1 that are given
hint: give it all 2 that the model reads' "SELECT aq_embed('pair.aqm', 'red')"
is 'no arguments' 'this function needs a model and the texts' "SELECT aq_predict()"
is 'a NUL in a text' 'a NUL byte (byte 2 of text 1), where text should be' \
  "SELECT aq_predict('topic.aqm', 'a' || char(0))"
is 'a BLOB for a text' 'text 1 is a BLOB
hint: CAST(… AS TEXT) makes a text of it' "SELECT aq_predict('topic.aqm', x'61')"
is 'bytes that are no UTF-8' 'byte 0xff (byte 1 of text 1) is not valid UTF-8' \
  "SELECT aq_predict('tagger.aqm', CAST(x'ff' AS TEXT))"
for bytes in 80 c0af e0809f eda080 f08fbfbf f4908080 f5808080 61c3 61e282 61f09f98 61ff; do
  case $bytes in 61??*) at=2 ;; *) at=1 ;; esac
  bad=$(echo "$bytes" | cut -c $((2 * at - 1))-$((2 * at)))
  is "no UTF-8: $bytes" "byte 0x$bad (byte $at of text 1) is not valid UTF-8" \
    "SELECT aq_predict('topic.aqm', CAST(x'$bytes' AS TEXT))"
done
is 'characters of two, three and four bytes' 1 \
  "SELECT aq_predict('topic.aqm', 'ß€😀􏿿 é') IS NOT NULL"
is 'a label that is misspelt' 'the model has no label `fod`
hint: did you mean `food`?' "SELECT aq_proba('topic.aqm', 'fod', 'a')"
is 'a label of several outputs' 'several outputs have the label `other`
hint: say which, as in '"'topic=other'" "SELECT aq_proba('both.aqm', 'other', 'a', 'b')"
is 'a label with its output' '1.0' \
  "SELECT round(aq_proba('both.aqm', 'topic=other', 'a', 'b')
                + aq_proba('both.aqm', 'topic=food', 'a', 'b'), 6)"
is 'no labels' 'the model predicts price, of which there are no probabilities of labels' \
  "SELECT * FROM aq_top('price.aqm', 1, 'bread', 1)"
is 'no such vector' 'the model topic has no value and calls no function `z`
hint: topic names the vectors v, w, as in the option function = w' "SELECT aq_embed_of('topic.aqm', 'z', 'a')"
for k in 0 -1 1.5 "'many'" NULL; do
  is "k is $k" "k is how many labels to give, a whole number from 1 on, not $(echo "$k" | tr -d "'")" \
    "SELECT * FROM aq_top('topic.aqm', $k, 'a')"
done
is 'a table without arguments' 'aq_top needs a model, the number of labels, and the texts' \
  "SELECT * FROM aq_top"
cat > two.sql <<'SQL'
SELECT aq_predict('x.aqm', 'a');
SELECT aq_predict('topic.aqm', 'a') IS NOT NULL;
SQL
is 'an error ends the statement, not the connection' 'x.aqm: cannot be read: No such file or directory
1' '.read two.sql'
is 'views of a file call nothing' 'unsafe use of aq_predict()' \
  "CREATE VIEW v AS SELECT aq_predict('topic.aqm', 'a')" "SELECT * FROM v"

# The library is there, and was allowed when the model was trained.
${CC:-cc} -O1 -shared -fPIC -I"$source/vm" -o libfilter.so "$source/examples/extern/filter.c" -lm
cp "$source/examples/extern/filter.aq" .
sed 's/\ttopic/\tlabel/' topic.tsv > label.tsv
aqc train filter.aq label.tsv --epochs 1 -q -o native.aqm --allow-ffi . > log 2>&1
got=$(sql "SELECT aq_predict('native.aqm', 'bread')" | sed -n '1s/.*: //p')
if [ "$got" = '`blur` is native code of libfilter.so, and that library is not allowed to run' ]; then
  verdict 'native code that a model asks for does not run' ''
else
  verdict 'native code that a model asks for does not run' "$got"
fi

# ---- models that change ----

cp topic.aqm now.aqm
cp price.aqm other.aqm
is 'a file that was replaced is loaded anew' 'text
real' "SELECT typeof(aq_predict('now.aqm', 'bread'))" '.shell mv other.aqm now.aqm' \
  "SELECT typeof(aq_predict('now.aqm', 'bread', 1))"
is 'more models than are kept, each twice' '40' \
  "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 40)
   SELECT sum(aq_predict(printf('%.*c', k % 20, '/') || '$work/topic.aqm', 'bread') IS NOT NULL) FROM n"

# ---- a host with threads ----

cat > host.c <<'C'
/* Two connections in two threads, each closed in the midst of a statement, and opened again. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
static void *work(void *unused) {
  for (int k = 0; k < 20; k++) {
    sqlite3 *db;
    sqlite3_stmt *all, *map;
    char *error = NULL;
    if (sqlite3_open(":memory:", &db) || sqlite3_enable_load_extension(db, 1)) return "not opened";
    if (sqlite3_load_extension(db, "./aq_sqlite", NULL, &error)) return error;
    if (sqlite3_prepare_v2(db, "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 99) "
                               "SELECT aq_predict('topic.aqm', 'soup ' || k) FROM n", -1, &all, NULL)
        || sqlite3_prepare_v2(db, "SELECT * FROM aq_attention('topic.aqm', 'soup with bread')", -1, &map,
                              NULL))
      return "not prepared";
    for (int row = 0; row < 50; row++)
      if (sqlite3_step(all) != SQLITE_ROW || (row < 9 && sqlite3_step(map) != SQLITE_ROW)) return "no row";
    sqlite3_close_v2(db); /* the statements keep it */
    if (sqlite3_step(all) != SQLITE_ROW) return "no row after closing";
    sqlite3_finalize(map);
    sqlite3_finalize(all);
  }
  return unused;
}
/* A query without an end is stopped by a handler. */
static int stop(void *calls) { return ++*(int *)calls > 100; }
static const char *interrupted(void) {
  sqlite3 *db;
  int calls = 0;
  char *error = NULL;
  sqlite3_open(":memory:", &db);
  sqlite3_enable_load_extension(db, 1);
  if (sqlite3_load_extension(db, "./aq_sqlite", NULL, &error)) return error;
  sqlite3_progress_handler(db, 1000, stop, &calls);
  int status = sqlite3_exec(db, "SELECT count(*) FROM aq_predict_all('topic.aqm', 'WITH RECURSIVE n(k) AS "
                                "(SELECT 1 UNION ALL SELECT k + 1 FROM n) SELECT k, ''soup'' FROM n')",
                            NULL, NULL, &error);
  sqlite3_free(error);
  return sqlite3_close(db) ? "not closed" : status == SQLITE_INTERRUPT ? NULL : "not interrupted";
}
int main(void) {
  const char *wrong = interrupted();
  if (wrong) puts(wrong);
  pthread_t thread[2];
  for (int k = 0; k < 2; k++) pthread_create(&thread[k], NULL, work, NULL);
  for (int k = 0; k < 2; k++) {
    void *problem;
    pthread_join(thread[k], &problem);
    if (problem) puts(problem);
  }
  return 0;
}
C
if ${CC:-cc} host.c -lsqlite3 -pthread -o host 2> log; then
  verdict 'two connections in two threads, closed in the midst of statements; a batch is interrupted' "$(./host 2>&1)"
else
  count=$((count + 1))
  echo "ok $count - two connections in two threads # SKIP host.c is not linked: $(tail -n 1 log)"
fi
echo "1..$count"
