# manual.awk: the pages of section 3 from the headers: libaq(3) from aq.h, and one for each part of it, such as
# aq_session(3). A comment describes what is declared behind it, so on a page it stands behind that. For every
# function there is a page that leads to the one of its header: aq_session_new(3).
#   awk -v out=FOLDER -v version=0.1.0 -f doc/manual.awk libaq/aq*.h

function escaped(line) {
  gsub(/\\/, "\\e", line)
  gsub(/-/, "\\-", line)
  if (line ~ /^[.']/) line = "\\\\\\&" line
  return line
}

# "aq_session.h: a model answers: … A part of aq.h" names the page.
function begin_page(comment, name, k, about) {
  name = comment
  sub(/\.h:.*/, "", name)
  about = comment
  sub(/^[^:]*: */, "", about)
  page = name == "aq" ? "libaq" : name
  rest = ""
  if ((k = index(about, "\n\n"))) {
    rest = substr(about, k + 2)
    about = substr(about, 1, k - 1)
  }
  gsub(/\n/, " ", about)
  sub(/[.:,;]? *[Aa]? ?[Pp]art of aq\.h.*$/, "", about)
  sub(/\.$/, "", about)
  file = out "/" page ".3"
  print ".\\\" Made from " name ".h by manual.awk." > file
  print ".TH " toupper(page) " 3 \"\" \"aq " version "\" \"libaq\"" > file
  print ".SH NAME\n" page " \\- " escaped(about) > file
  print ".SH SYNOPSIS\n.nf\n.B #include <aq.h>\n" > file
  print "cc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs aq)\n.fi\n.SH DESCRIPTION" > file
  pages[++page_count] = page
  abouts[page] = about
  write_text(rest)
}

# Lines that begin with four spaces are shown as they stand.
function write_text(text, line, count, k, verbatim) {
  count = split(text, line, "\n")
  for (k = 1; k <= count; k++) {
    if (line[k] ~ /^    / && !verbatim) { print ".PP\n.nf" > file; verbatim = 1 }
    if (line[k] !~ /^    / && line[k] != "" && verbatim) { print ".fi" > file; verbatim = 0 }
    if (line[k] == "") print verbatim ? "" : ".PP" > file
    else print escaped(line[k]) > file
  }
  if (verbatim) print ".fi" > file
}

function flush_code() {
  if (code != "") {
    print ".PP\n.nf" > file
    write_code(code)
    print ".fi" > file
    if (said != "") {
      print ".RS 4" > file
      write_text(said)
      print ".RE" > file
    }
  } else if (said != "") {
    print ".PP" > file
    write_text(said)
  }
  code = said = ""
}

function write_code(text, line, count, k) {
  count = split(text, line, "\n")
  for (k = 1; k <= count; k++) print line[k] ~ /^[a-z].*\(/ ? "\\fB" escaped(line[k]) "\\fR" : escaped(line[k]) > file
}

function end_page() {
  flush_code()
  files[page] = file
}

FILENAME ~ /aq_extern\.h$/ { next } # for libraries that aq calls
FNR == 1 {
  if (page) end_page()
  page = ""
  comment = said = code = cplusplus = skipped = ""
  depth = 0
}
/^#ifdef __cplusplus/ { cplusplus = 1 }
cplusplus || skipped {
  if (/^#endif/) cplusplus = 0
  skipped = /\\$/ && skipped
  next
}
/^#/ && !comment { skipped = /\\$/; next }

# A comment that stands for itself, of one line or more.
depth == 0 && !comment && /^\/\*/ {
  if (page) flush_code()
  comment = 1
  text = ""
}
comment {
  line = $0
  ended = sub(/ *\*\/.*$/, "", line)
  sub(/^\/\* ?/, "", line)
  sub(/^ \* ?/, "", line)
  text = text (text == "" ? "" : "\n") line
  if (!ended) next
  comment = 0
  if (!page) begin_page(text)
  else if (text ~ /^---- .* ----$/) {
    gsub(/^---- | ----$/, "", text)
    print ".SH " toupper(escaped(text)) > file
  } else said = text
  next
}

/^ *$/ && depth == 0 { if (page) flush_code(); next }
{
  line = $0
  code = code (code == "" ? "" : "\n") line
  bare = line
  gsub(/\/\*[^*]*\*\//, "", bare)
  depth += gsub(/\{/, "{", bare) - gsub(/\}/, "}", bare)
  if (bare ~ /^[a-z].*aq_[a-z0-9_]+\(/ && bare !~ /^typedef/ && match(bare, /aq_[a-z0-9_]+\(/))
    lead[substr(bare, RSTART, RLENGTH - 1)] = page
}

END {
  end_page()
  for (k = 1; k <= page_count; k++) {
    file = files[pages[k]]
    print ".SH SEE ALSO" > file
    if (pages[k] == "libaq")
      for (n = 1; n <= page_count; n++)
        if (pages[n] != "libaq") print ".TP\n.BR " pages[n] " (3)\n" escaped(abouts[pages[n]]) > file
    print (pages[k] == "libaq" ? ".PP\n" : ".BR libaq (3),\n") ".BR aqc (1)" > file
    close(file)
  }
  for (name in lead)
    if (!(name in abouts)) print ".so man3/" lead[name] ".3" > (out "/" name ".3")
}
