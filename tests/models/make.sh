#!/bin/sh
# make.sh FOLDER...: trains each program FOLDER/NAME.aq with a model on FOLDER/NAME.tsv and writes the model
# (NAME.aqm) and what it predicts for these rows (NAME.out). Run from here, with the aqc to be released in PATH.
# Only for a new version: models of released versions are never made again.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for folder do
  for program in "$folder"/*.aq; do
    name=${program%.aq}
    [ -f "$name.tsv" ] || continue   # an import
    set --
    [ "$(basename "$name")" = sentences ] && set -- -D D=6
    aqc train "$program" "$name.tsv" -o "$work/m.aqm" --precision f64 --threads 1 --quiet "$@" > "$work/log"
    cp "$work/m.aqm" "$name.aqm"
    aqc predict "$name.aqm" "$name.tsv" --precision f64 --json --threads 1 --quiet > "$name.out"
    rm -f "$work"/*
  done
done
