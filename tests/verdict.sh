# verdict.sh: what the check scripts share. Read in with `.` in the folder of the project.
count=0

# verdict NAME PROBLEMS: the case passes when there are no problems; otherwise the first lines of them are shown.
verdict() {
  count=$((count + 1))
  if [ -z "$2" ]; then
    echo "ok $count - $1"
  else
    echo "not ok $count - $1"
    printf '%s\n' "$2" | head -n 60 | sed 's/^/# /'
  fi
}

# is_generated FILE: a build in the tree of the sources wrote it.
is_generated() {
  case $1 in
    grammar/lexer.[ch] | grammar/parser.[ch] | compiler/source/stdlib_data.c | config.h) return 0 ;;
    aqc/verb_list.h | runtime/columns/column_list.h | tests/unit/misuse_calls.h) return 0 ;;
    libaq/border.c | libaq/border_names.h) return 0 ;;
  esac
  return 1
}
