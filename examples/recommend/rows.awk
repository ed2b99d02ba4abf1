# rows.awk: events, sorted by user and time, become rows: what somebody saw last, and what came next.
#
#     sort -t "$(printf '\t')" -k 1,1 -k 4,4n events.tsv | awk -F '\t' -f rows.awk > rows.tsv
#
# An event is USER, ITEM, RATING, TIME; -v least=4 leaves out those below this rating, -v most=50 is how many
# items of the past a row has. The first event of a user has no past, and makes no row.
BEGIN {
  OFS = "\t"
  if (!most) most = 50
  print "user", "history", "film"
}
$3 + 0 < least { next }
$1 != user { user = $1; count = 0 }
{
  if (count) {
    history = ""
    for (k = count > most ? count - most + 1 : 1; k <= count; k++) history = history (history == "" ? "" : " ") past[k]
    print user, history, $2
  }
  past[++count] = $2
}
