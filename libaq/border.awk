# border.awk: with declarations.awk, what stands between a host and the library. Every function of aq.h is
# defined as lib_aq_…, because `names` writes a macro for each, which all of libaq/ is compiled with. What is
# called aq_… is written here: it enters the library's own arithmetic and locale (runtime/mode.h), calls the
# other, and leaves again. So a function that somebody adds to a header cannot be forgotten. Functions with
# any number of arguments stay what they are.
function name_of(parameter, count, word) {
  gsub(/\*/, " ", parameter)
  count = split(parameter, word, / +/)
  return word[count]
}

function declared(result, name, list, count, parameter, k, passed, gives) {
  if (list ~ /\.\.\./) return
  if (names) {
    print "#define " name " lib_" name
    return
  }
  count = list ~ /^ *void *$/ ? 0 : split(list, parameter, /,/)
  for (k = 1; k <= count; k++) passed = passed (k > 1 ? ", " : "") name_of(parameter[k])
  gives = result !~ /^ *void *$/
  print result "lib_" name "(" list ");"
  print result name "(" list ") {"
  print "  struct rt_mode mode = rt_mode_enter();"
  print "  " (gives ? result "given = " : "") "lib_" name "(" passed ");"
  print "  rt_mode_leave(&mode);"
  print (gives ? "  return given;\n" : "") "}"
}
BEGIN {
  print "/* Made by border.awk. */"
  if (!names) print "#include \"libaq/aq.h\"\n#include \"runtime/mode.h\"\n"
}
