#!/bin/sh
# make.sh FOLDER...: trains each program FOLDER/NAME.aq that has no model yet on FOLDER/NAME.tsv, and writes the
# model (NAME.aqm) and what it predicts for these rows (NAME.out). Run from here, with the aqc to be released in
# PATH. Models of released versions are never made again; before, delete NAME.aqm to make it anew.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for folder do
  for program in "$folder"/*.aq; do
    name=${program%.aq}
    [ -f "$name.tsv" ] || continue   # an import
    [ -f "$name.aqm" ] && continue
    set -- --precision f64
    case $(basename "$name") in
      sentences) set -- "$@" -D D=6 ;;
      floats) set -- --precision f32 ;;
    esac
    # In its folder, where the files are that it names.
    (cd "$folder" && base=${name##*/} \
      && aqc train "$base.aq" "$base.tsv" -o "$work/m.aqm" --threads 1 --quiet "$@" > "$work/log")
    cp "$work/m.aqm" "$name.aqm"
    aqc predict "$name.aqm" "$name.tsv" --precision f64 --json --threads 1 --quiet > "$name.out"
    rm -f "$work"/*
  done
done
