# pairs.awk: rows of rows.awk, and the genres of films, become pairs of a past and a film: the one that was
# seen, and one drawn at random that was not the next.
#
#     awk -F '\t' -f pairs.awk films.tsv rows.tsv > pairs.tsv
#
# -v only='^f2[0-3]' keeps the films whose name matches, -v but='^f2[0-3]' those whose name does not.
BEGIN {
  OFS = "\t"
  print "history", "film", "genres", "liked"
}
function write(history, film, liked) {
  if ((only == "" || film ~ only) && (but == "" || film !~ but)) print history, film, genres[film], liked
}
NR == FNR { genres[$1] = $2; name[films++] = $1; next }
FNR == 1 { next }
{
  drawn = (drawn * 1103 + 12345) % 65536         # the same draws with every awk
  other = name[int(drawn / 65536 * films)]
  while (other == $3 || (only != "" && other !~ only) || (but != "" && other ~ but)) {
    drawn = (drawn * 1103 + 12345) % 65536
    other = name[int(drawn / 65536 * films)]
  }
  if ((only != "" && $3 !~ only) || (but != "" && $3 ~ but)) next
  write($2, $3, 1)
  write($2, other, 0)
}
