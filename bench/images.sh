#!/bin/sh
# images.sh: PNG files of 64 x 64 points that a table names: how many are read and decoded in a second, and
# how many a small network learns from, beside PyTorch with Pillow; and the memory that a training of 3,500
# and of 35,000 files takes at most.
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

# ours FILES EPOCHS: seconds, and kilobytes at most.
ours() {
  "$PYTHON" -c 'import resource, subprocess, sys, time
begin = time.time()
subprocess.run(sys.argv[1:], check=True)
print(time.time() - begin, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' \
    "$AQC" train "$here/images.aq" "$work/$1/rows.tsv" --files-from "$DATA/easy_vqa" --epochs "$2" \
    --threads "$threads" --hold 1% -q -o "$work/images.aqm" 2>&1 | tail -1
}

table 3500
ours 3500 1 > "$work/one"
ours 3500 5 > "$work/five"
peer "$here/images_torch.py" "$work/3500/rows.tsv" 4 "$threads" > "$work/torch"
cat "$work/one" "$work/five" | awk -v n=3500 '{ t[NR] = $1 }
  END { each = (t[2] - t[1]) / 4
        printf "{\"read\": %.0f, \"train\": %.0f}\n", n / (t[1] - each), n / each }' > "$work/aq"
say "aq     images in a second: $(cat "$work/aq")"
say "torch  images in a second: $(cat "$work/torch")"
for part in read train; do
  say "ratio of $part: $(ratio "$(field $part < "$work/aq")" "$(field $part < "$work/torch")")"
done
table 35000
ours 35000 1 > "$work/many"
cat "$work/one" "$work/many" | awk '{ mb[NR] = $2 / 1024 }
  END { printf "memory at most: %.0f MB for 3,500 files, %.0f MB for 35,000\n", mb[1], mb[2] }'
