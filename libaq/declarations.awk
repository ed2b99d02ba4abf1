# declarations.awk: reads headers, without their comments, and calls declared(result, name, list) for every
# function that they declare: "int ", "aq_model_save", "const aq_model *model, const char *path". Another
# script beside it says what is to be done with one.
FILENAME ~ /aq_extern\.h$/ { next } # for libraries that aq calls
/^ *#/ && !comment { next }
{
  line = $0
  while (line != "") {
    if (comment) {
      end = index(line, "*/")
      if (!end) { line = ""; continue }
      line = substr(line, end + 2)
      comment = 0
    }
    begin = index(line, "/*")
    if (!begin) { text = text " " line; line = ""; continue }
    text = text " " substr(line, 1, begin - 1)
    line = substr(line, begin + 2)
    comment = 1
  }
}

function each_declaration(count, statement, n, s, name, result, list) {
  count = split(text, statement, /[;{}]/)
  for (n = 1; n <= count; n++) {
    s = statement[n]
    sub(/ AQ_FORMAT\(.*\)/, "", s)
    if (s ~ /typedef|\( *\*/ || !match(s, /aq_[a-z0-9_]+\(/)) continue
    name = substr(s, RSTART, RLENGTH - 1)
    list = substr(s, RSTART + RLENGTH)
    sub(/\) *$/, "", list)
    result = substr(s, 1, RSTART - 1)
    sub(/^ */, "", result)
    gsub(/  +/, " ", list)
    declared(result, name, list)
  }
}
END { each_declaration() }
