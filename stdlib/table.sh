#!/bin/sh
# table.sh FILE...: the standard library as a Markdown table: each fn and head with the comment above it,
# without the indented lines, which are for catalogue.sh. doc/language.md holds what this writes.
set -eu
echo '| | |'
echo '|---|---|'
for file do
  awk '
    /^#   / { next }
    /^# / { comment = comment (comment == "" ? "" : " ") substr($0, 3); next }
    /^(fn|head)/ && !/[{]$/ && !/[])] = / && !/[)] [{]/ { open = $0; next }
    open != "" {
      sub(/^ +/, "")
      $0 = open " " $0
      open = /[{]$/ ? "" : $0
      if (open != "") next
    }
    /^(fn|head)/ {
      signature = $0
      if ($1 == "fn") sub(/^fn /, "", signature)
      if (match(signature, /[])] = /)) signature = substr(signature, 1, RSTART)   # fn f(x) = e
      if ($0 ~ /\{$/) { signature = $0; sub(/^fn /, "", signature); sub(/ \{$/, "", signature) }
      gsub(/\|/, "\\|", comment)
      printf "| `%s` | %s |\n", signature, comment
      comment = ""
      next
    }
    { comment = "" }' "$file"
done
