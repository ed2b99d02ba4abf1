# misuse_calls.awk: with declarations.awk, from aq.h and the headers that it includes, calls of every function
# with every kind of bad argument. Each argument takes in turn all values that test_misuse.c has for its type,
# VALUE_<type>[], while the others are good, which is number 0; then all are bad at once. A type that is not
# in test_misuse.c does not compile: whoever adds one to aq.h says there what a bad one is.
# What a function gives back to be freed is freed; what it puts somewhere, end() frees.
# Arrays that a function reads have types of their own, given_size_t_p of "const size_t *begin".
# "const struct aq_curve *curve" is aq_curve_p, "enum aq_form form" aq_form, "const char *const *text" char_list.
function type_of(parameter, stars, count, word, k, type, list, of_given) {
  of_given = parameter ~ /const (size_t|double|float|int32_t) \*/
  list = parameter ~ /\*const \*/
  stars = gsub(/\*/, " ", parameter)
  count = split(parameter, word, / +/)
  for (k = 1; k < count; k++) # the last word is the name
    if (word[k] !~ /^(const|struct|enum|)$/) type = type (type ? "_" : "") word[k]
  if (of_given) type = "given_" type
  return type (list ? "_list" : stars == 1 ? "_p" : stars == 2 ? "_pp" : "")
}

# A NULL handle is AQ_USAGE; but a tree of facts that is NULL is one that had no memory.
function declared(result, name, list, count, parameter, k, calls, sizes, type, is_status, handle, made, texts) {
  if (name ~ /_free$/) return
  count = list == "void" ? 0 : split(list, parameter, /,/)
  if (parameter[count] ~ /\.\.\./) count--
  for (k = 1; k <= count; k++) {
    type = type_of(parameter[k])
    if (type == "char_pp" && texts++) type = "other_char_pp" # a place of its own
    calls = calls (k > 1 ? ", " : "") "VALUE_" type "[p[" k - 1 "]]"
    sizes = sizes "COUNT(VALUE_" type "), "
    if (k == 1) handle = type ~ /^aq_(program|model|trainer|session|report|rows|externs|vectors|function|pool)_p$/
  }
  is_status = result ~ /^ *int *$/
  made = result !~ /const/ && match(result, /aq_[a-z]+ \*/) ? substr(result, RSTART, RLENGTH - 2) "_free" : ""
  print "static void try_" name "(void) {"
  print "  const size_t sizes[] = {" sizes "1};"
  print "  size_t p[MOST + 1] = {0};"
  print "  for (size_t k = 0; pick(k, sizes, " count ", p); k++) {"
  print "    begin(\"" name "\", p, " count ");"
  print "    " (is_status ? "int status = " : made ? made "(" : "(void)") name "(" calls ")" (made ? ")" : "") ";"
  print "    end(" (is_status ? "status" : "0") ", " (is_status && handle ? "p[0] == 1" : "false") ");"
  print "  }"
  print "}"
  names = names "    {\"" name "\", try_" name "},\n"
}

BEGIN { print "/* Made by misuse_calls.awk. */" }
END { print "static const struct { const char *name; void (*run)(void); } functions[] = {\n" names "};" }
