#!/bin/sh
# catalogue.sh AQC: the attention variants of the standard library as Markdown, which doc/attention.md holds.
# An entry is a comment with indented lines, and the definitions below it: "# Name: what it does (source).",
# then "#   the formula" and "#   the use". A formula goes on in a line that is indented by two more. The use
# is what a program says: slots, which are filled in a plain head, or statements that end in z = …; AQC
# explains it, and so tells how it runs.
# With PROGRAMS=FOLDER in the environment the programs made of the uses stay there.
set -eu
aqc=$(command -v "$1")
case $aqc in /*) ;; *) aqc=$PWD/$aqc ;; esac
cd "$(dirname "$0")"
set -- scores.aq masks.aq weights.aq aggregation.aq fusion.aq
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
programs=${PROGRAMS:-$folder}

# One entry N is N.title, N.prose, N.formula, N.use and N.program; a section is N.section.
awk -v folder="$folder" '
  function file(kind) { return sprintf("%s/%03d.%s", folder, count, kind) }
  function put(kind, text) { printf "%s\n", text > file(kind); close(file(kind)) }
  function capital(text) { return toupper(substr(text, 1, 1)) substr(text, 2) }
  function forget() { prose = formula = use = comment = "" }
  function entry(   name) {
    if (formula == "") return
    flush()
    count++
    name = prose
    sub(/:.*/, "", name)
    sub(/^[^:]*: */, "", prose)
    put("title", name)
    put("prose", capital(prose))
    put("formula", formula)
    put("use", use)
  }
  function flush() {
    if (program != "") put("program", program)
    program = ""
  }
  FNR == 1 { entry(); flush(); header = 1; body = 0; forget(); count++ }
  header && /^#/ {
    line = substr($0, 3)
    if (FNR == 1) sub(/^[a-z]*\.aq: /, "", line)
    intro = intro (FNR == 1 ? "" : " ") line
    next
  }
  header {
    name = FILENAME
    sub(/\.aq$/, "", name)
    put("section", capital(name) "\n\n" capital(intro))
    intro = ""
    header = 0
    next
  }
  !body && /^#     / && formula != "" && use == "" { formula = formula " " substr($0, 7); next }
  !body && /^#   / {
    line = substr($0, 5)
    if (formula == "") formula = line; else use = use (use == "" ? "" : "\n") line
    next
  }
  !body && /^# / { prose = prose (prose == "" ? "" : " ") substr($0, 3); comment = comment $0 "\n"; next }
  !body && /^(fn|head)/ {
    alone = formula == ""
    entry()
    if (alone) program = program "\n\n" comment $0; else program = $0
    body = /\{$/
    forget()
    next
  }
  body { program = program "\n" $0; if ($0 == "}") body = 0; next }
  { entry(); forget() }
  END { entry(); flush() }' "$@"

# The program of a use: its slots in a plain head, or its own z.
program() {
  awk '
    /^(query|key|value|score|mask|norm|drop) = / { slots = slots "    " $0 "\n"; next }
    { text = text "  " $0 "\n" }
    END {
      print "dim D = 8, H = 2, K = D / H\n\ndata {\n  text: words[T]\n  other: words[P]\n  label: class[C]\n}\n"
      print "model variant(text, other) -> label {\n  x = embed(text, D)"
      all = text slots
      if (all ~ /[( ]y[,)]|pairs/) print "  y = embed(other, D)"
      if (all ~ /pairs/) print "  pairs = expand(x, [T, P, D]) * expand(y, [T, P, D])"
      if (all ~ /d\[/) print "  d = floor(range(T) / 3)"
      if (all ~ /m\[/) print "  m = floor(range(T) / 2)"
      printf "%s", text
      if (slots != "") printf "  z = heads(x, x, H, K) with {\n%s  }\n", slots
      print "  return linear(mean(tanh(reshape(z, [T, D])), T), C)\n}"
    }' "$1"
}

# How the heads of a program run, by its explanation.
run_of() {
  "$aqc" explain "$1" --json > "$folder/explained" || { cat "$folder/explained" >&2; exit 1; }
  case $(cat "$folder/explained") in
    *'"lowering":"materialised"'*) echo materialised ;;
    *'"lowering":"blocks"'*) echo blocks ;;
    *'"lowering":"row-buffered"'*) echo row-buffered ;;
    *'"lowering":"fused"'*) echo fused ;;
    *'"heads":[]'*) echo "without scores" ;;
    *) echo "no lowering in the explanation of $1" >&2; exit 1 ;;
  esac
}

# What the overview shows of a use: its slots, or the z that it comes to.
shown() {
  if grep -q '^z = ' "$1"; then grep '^z = ' "$1"; else grep -E '^(query|key|value|score|mask|norm|drop) = ' "$1"; fi
}

anchor() { tr 'A-Z ' 'a-z-' < "$1" | tr -cd 'a-z0-9\n-'; }

# wrapped PREFIX: each line broken at 110 characters, counted without the second and later bytes of UTF-8.
wrapped() {
  LC_ALL=C awk -v prefix="$1" '
    function width(text) { gsub(/[\200-\277]/, "", text); return length(text) }
    {
      line = prefix
      for (k = 1; k <= NF; k++) {
        if (k > 1 && width(line " " $k) > 110) { print line; line = prefix $k } else line = line (k > 1 ? " " : "") $k
      }
      print NF ? line : ""
    }'
}

for use in "$folder"/*.use; do
  n=${use%.use}
  program "$use" > "$programs/$(anchor "$n.title").aq"
  run_of "$programs/$(anchor "$n.title").aq" > "$n.run"
done

cat <<'END'
# Attention, variant by variant

<!-- Made by stdlib/catalogue.sh from the comments in stdlib/: change them, not this page. -->

What the standard library has, each with its formula, how a program uses it, its definition, and how it runs.
Everything here is written in aq and can be written differently in a program of one's own: see [head:
programmable attention](language.md#head-programmable-attention). In the formulas s is q_i·k_j, the product of
a query and a key, i the position of the query, j that of the key, h the number of the head. Below each
formula stand its use and its definition. A use that consists of slots stands behind `with`, of a head or of a
function that calls one, and goes on from what the head says; several may be joined:

```text
z = multi_head(x, H) with {
  score = softcap(score + alibi(i, j, h, H), 30)
  mask = causal(i, j) and window(i, j, 256)
}
```

In a head of one's own a score begins with `s / sqrt(K)` instead.

*Fused* variants never hold the matrix of scores, in neither direction: memory is linear in the length.
*Row-buffered* ones hold the scores of a few queries at a time, and so do *blocks*, as tensors; *materialised*
ones hold the whole matrix. `aqc explain` says the same of any program, and why.
END
for item in "$folder"/*.title "$folder"/*.section; do echo "$item"; done | sort | while read -r item; do
  n=${item%.*}
  case $item in
    *.section) printf '\n**%s**\n\n| variant | in a program | runs |\n|---|---|---|\n' "$(head -1 "$item")" ;;
    *)
      uses=$(shown "$n.use" | sed 's/|/\\|/g; s/.*/`&`/' | paste -s -d '~' | sed 's/~/<br>/g')
      printf '| [%s](#%s) | %s | %s |\n' "$(cat "$item")" "$(anchor "$item")" "$uses" "$(cat "$n.run")"
      ;;
  esac
done
for item in "$folder"/*.title "$folder"/*.section; do echo "$item"; done | sort | while read -r item; do
  n=${item%.*}
  case $item in
    *.section) printf '\n## %s\n' "$(wrapped '' < "$item")" ;;
    *)
      printf '\n### %s\n\n' "$(cat "$item")"
      printf '%s *%s.*\n' "$(cat "$n.prose")" "$(cat "$n.run")" | wrapped ''
      printf '\n%s\n\n```text\n%s\n```\n' "$(wrapped '> ' < "$n.formula")" "$(cat "$n.use")"
      if [ -f "$n.program" ]; then printf '```text\n%s\n```\n' "$(cat "$n.program")"; fi ;;
  esac
done
