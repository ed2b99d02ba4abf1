#!/bin/sh
# images.sh: PNG files of 64 x 64 points that a table names: how many are read and decoded in a second of
# processor time, and how many a small network learns from, beside PyTorch with Pillow; and the memory that a
# training of 5,000, 15,000 and 35,000 files takes at most.
. "$(dirname "$0")/lib.sh"
need_torch
need "$DATA/easy_vqa/train.tsv"
"$PYTHON" -c 'import PIL' 2>/dev/null || { say "skipped: $PYTHON has no Pillow"; exit 0; }
threads=${THREADS:-2}

# table FILES: so many names, each of a file of its own, with the shape that is to be seen there.
table() {
  mkdir -p "$work/$1"
  awk -F'\t' '/\t(circle|rectangle|triangle)$/ && !seen[$1]++ { print $1 "\t" $3 }' \
    "$DATA/easy_vqa/train.tsv" > "$work/shapes"
  awk -F'\t' -v n="$1" '{ file[NR] = $1; label[NR] = $2 }
    END { for (k = 0; k < n; k++) print k ".png", file[k % NR + 1], label[k % NR + 1] }' "$work/shapes" |
    while read -r name file label; do
      ln -s "$DATA/easy_vqa/$file" "$work/$1/$name"
      printf '%s\t%s\n' "$name" "$label"
    done > "$work/rows"
  { printf 'image\tlabel\n'; cat "$work/rows"; } > "$work/$1/rows.tsv"
}

# ours PROGRAM FILES EPOCHS: seconds of processor time, and kilobytes at most.
ours() {
  "$PYTHON" -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)' \
    "$AQC" train "$1" "$work/$2/rows.tsv" --files-from "$DATA/easy_vqa" --epochs "$3" \
    --threads "$threads" -q -o "$work/images.aqm" 2>&1 | tail -1
}

# Of a program that computes next to nothing.
sed '/^model/,/^}/d' "$here/images.aq" > "$work/read.aq"
echo 'model read(image) -> label { return linear(image[0, 0], C) }' >> "$work/read.aq"
table 35
table 3500
for files in 35 3500; do ours "$work/read.aq" "$files" 1; done > "$work/reads"
for epochs in 1 5; do ours "$here/images.aq" 3500 "$epochs"; done > "$work/trains"
peer "$here/images_torch.py" "$work/3500/rows.tsv" 4 "$threads" > "$work/torch"
cat "$work/reads" "$work/trains" | awk '{ t[NR] = $1 }
  END { printf "{\"read\": %.0f, \"train\": %.0f}\n", 3465 / (t[2] - t[1]), 4 * 3500 / (t[4] - t[3]) }' \
  > "$work/aq"
say "aq     images in a second of processor time: $(cat "$work/aq")"
say "torch  images in a second of processor time: $(cat "$work/torch")"
for part in read train; do
  say "ratio of $part: $(ratio "$(field $part < "$work/aq")" "$(field $part < "$work/torch")")"
done
for files in 5000 15000 35000; do
  table "$files"
  ours "$here/images.aq" "$files" 1 |
    awk -v files="$files" '{ printf "memory at most, with %d files: %.0f MB\n", files, $2 / 1024 }'
done
