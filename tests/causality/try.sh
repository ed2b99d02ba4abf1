# try.sh leaks|causal: checks each program of that list, and says which is not as it should be.
while IFS= read -r line; do
  case $line in "#"*) continue ;; esac
  words=${line%% | *}
  body=$line
  [ "$1" = leaks ] && body=${line#* | }
  { cat tests/causality/top.aq; echo "model m(text) -> next(text) {"; echo "  x = embed(text, D)"
    echo "  $body"; echo "  return linear(z, V)"; echo "}"; echo "loss cross_entropy"; } > one.aq
  aqc check one.aq > out 2>&1
  code=$?
  if [ "$1" = causal ]; then [ $code = 0 ] || echo "refused: $body: $(head -1 out)"
  elif [ $code = 0 ]; then echo "accepted: $body"
  elif ! grep -q "next(text) sees" out || ! grep -q "$words" out; then
    echo "for another reason: $body: $(head -1 out)"
  fi
done < "tests/causality/$1.txt"
