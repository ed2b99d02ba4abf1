#!/bin/sh
# check-style.sh: C is as clang-format writes it by .clang-format, no line is wider than 110 columns, a status
# is compared by name, and a function has at most six parameters.
set -u
cd "${AQ_SOURCE:-.}" || exit 1
columns=110
# Other versions of clang-format break some lines in other places.
clang_format=14
. tests/verdict.sh

# files PATTERN...: the files of these names that people write.
files() {
  for pattern; do
    find . \( -name .git -o -name 'build*' -o -name _build -o -name autom4te.cache -o -name corpus \) -prune \
      -o -type f -name "$pattern" -print
  done | sed 's|^\./||' | sort | while read -r file; do is_generated "$file" || echo "$file"; done
}

name="C is as clang-format $clang_format writes it"
found=$(clang-format --version 2> /dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p')
if [ "$found" = $clang_format ]; then
  verdict "$name" "$(files '*.[ch]' | xargs clang-format --dry-run 2>&1 | grep -E 'warning|error' |
    sed 's/: \(warning\|error\): .*//; s/$/: run clang-format -i on this file/' | sort -u -t : -k 1,1)"
else
  count=$((count + 1))
  echo "ok $count - $name # SKIP ${found:+this is clang-format }${found:-there is no clang-format}"
fi

# RT_OK and AQ_OK are names, so that a reader need not know that they are 0.
# shellcheck disable=SC2046
verdict "a status is compared by name" \
  "$(grep -nE '!status\>[^.[-]|(\(|&& |\|\| )status( \?| &&| \|\||\))' \
     $(files '*.[chly]' | grep -vE '^(tests|examples)/') | grep -vE '[a-z_]\(status\)' |
     sed 's/$/   # say status == RT_OK, status != RT_OK (AQ_OK in aqc)/')"

# What aqc calls an option is said in aqc/own_words.c alone: hosts know it by the name of its field. Pages have
# style sheets of their own, and programs that are written are for aqc.
# shellcheck disable=SC2046
verdict "the library says \"the option bad_rows\", not --on-bad-row" \
  "$(grep -nE '"[^"]*--[a-z]' $(files '*.[chly]' | grep -E '^(libaq|runtime|vm|compiler)/' |
    grep -vE 'html\.c$') | grep -vE '/\*.*--|^[^:]*:[0-9]+: *\*|# aqc ')"

# crowded FILES...: the functions that take more than six parameters. A definition begins in the first column
# and its body with the first brace; its parameters are the last brackets before that, of KERNEL(name)(a, b)
# the second ones.
crowded() {
  awk '
    FNR == 1 { head = ""; comment = 0 }
    {
      text = $0
      gsub(/"([^"\\]|\\.)*"/, "", text)
      if (comment && !sub(/^.*\*\//, "", text)) next
      comment = 0
      gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, "", text)
      if (sub(/\/\*.*/, "", text)) comment = 1
      if (head == "") {
        if (text !~ /^[A-Za-z_]/) next
        from = FNR
      }
      head = head " " text
      end = match(head, /[{;]/)
      if (!end) next
      opens = substr(head, end, 1) == "{"
      head = substr(head, 1, end - 1)
      sub(/[ \t]+$/, "", head)
      depth = 0
      parameters = 1
      at = length(head)
      for (; opens && at > 0; at--) {
        c = substr(head, at, 1)
        if (c == ")") depth++
        else if (c == "(" && --depth == 0) break
        else if (c == "," && depth == 1) parameters++
        if (depth == 0) break
      }
      if (opens && parameters > 6) {
        name = substr(head, 1, at - 1)
        sub(/.*[ *]/, "", name)
        printf "%s:%d: %s has %d parameters, six are allowed: which struct is missing?\n", FILENAME, from, name, parameters
      }
      head = ""
    }' "$@"
}
# shellcheck disable=SC2046
verdict "a function has at most six parameters" \
  "$(crowded $(files '*.[chly]' | grep -E '^(runtime|vm|grammar|compiler|libaq|aqc)/'))"

# wide AWK FILES...: the lines that are too wide and for which the awk condition `held` holds. Columns are
# counted without the second and later bytes of UTF-8.
wide() {
  condition=$1
  shift
  LC_ALL=C awk -v columns=$columns '
    FNR == 1 { fence = 0; block = "" }
    FILENAME ~ /\.md$/ && /^ *```/ { fence = !fence; block = fence ? $1 : "" }
    FILENAME ~ /\.test$/ && /^(%%|\$ |--- )/ { block = /^--- (std|file)/ && !/\.aq$/ ? "data" : "" }
    { text = $0; gsub(/[\200-\277]/, "", text) }
    length(text) > columns && ('"$condition"') {
      printf "%s:%d: %d columns, %d are allowed\n", FILENAME, FNR, length(text), columns
    }' "$@"
}

# Lists of file names have no spaces in them, so that they may be split into words.
# shellcheck disable=SC2046
verdict "lines of C, its lists and aq" "$(wide 1 $(files '*.[chly]' '*.def' '*.aq'))"
# A row of a table, a link and what a command prints cannot be broken.
# shellcheck disable=SC2046
verdict "lines of documents" \
  "$(wide '!/^\|/ && block !~ /^```(text|console.*)?$/' $(files '*.md'))"
# Nor can what a command prints, a row of data, or what stands within quotes.
# shellcheck disable=SC2046
verdict "lines of tests" "$(wide 'block != "data" && !/[\047"]/' $(files '*.test'))"
echo "1..$count"
