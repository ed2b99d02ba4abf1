/* look_forms.c: how a field is written: a date, or a number with commas. */
#include <string.h>

#include "runtime/io/look_internal.h"

/* What is left of a field. */
struct rest {
  const char *at, *end;
};

static size_t digits_of(const struct rest *r) {
  const char *p = r->at;
  while (p < r->end && *p >= '0' && *p <= '9') p++;
  return (size_t)(p - r->at);
}

/* A whole number of `least` to `most` digits; -1: there is none. */
static int take_whole(struct rest *r, size_t least, size_t most) {
  const size_t count = digits_of(r);
  int number = 0;
  if (count < least || count > most) return -1;
  for (size_t k = 0; k < count; k++) number = 10 * number + (r->at[k] - '0');
  r->at += count;
  return number;
}

static bool take(struct rest *r, const char *any_of) {
  if (r->at == r->end || !strchr(any_of, *r->at)) return false;
  r->at++;
  return true;
}

/* 2024-05-31, 31.05.2024, 5/31/2024: the year has four digits, and one mark stands twice. */
static bool take_day(struct rest *r) {
  const bool year_first = digits_of(r) == 4;
  int number[3];
  char mark[2] = {0};
  for (int k = 0; k < 3; k++) {
    const bool year = k == (year_first ? 0 : 2);
    number[k] = year ? take_whole(r, 4, 4) : take_whole(r, 1, 2);
    if (number[k] < 0) return false;
    if (k == 2) break;
    if (k == 0 && r->at < r->end) mark[0] = *r->at;
    if (!take(r, k == 0 ? "-./" : mark)) return false;
  }
  const int a = number[year_first ? 1 : 0], b = number[year_first ? 2 : 1];
  return a >= 1 && b >= 1 && a <= 31 && b <= 31 && (a <= 12 || b <= 12);
}

/* 12:41, 12:41:07.25 PM, 12:41Z, 12:41:00+02:00 */
static bool take_time(struct rest *r) {
  if (take_whole(r, 1, 2) < 0 || !take(r, ":") || take_whole(r, 2, 2) < 0) return false;
  if (take(r, ":") && take_whole(r, 2, 2) < 0) return false;
  if (take(r, ".")) r->at += digits_of(r);
  while (take(r, " ")) continue;
  if (take(r, "AaPp")) return take(r, "Mm");
  if (take(r, "+-")) return take_whole(r, 2, 4) >= 0 && (!take(r, ":") || take_whole(r, 2, 2) >= 0);
  take(r, "Zz");
  return true;
}

bool io_look_is_date(const char *text, size_t length) {
  struct rest r = {text, text + length};
  if (!take_day(&r)) return false;
  if (r.at < r.end && (!take(&r, " Tt") || !take_time(&r))) return false;
  return r.at == r.end;
}

bool io_look_has_commas(const char *text, size_t length) {
  struct rest r = {text, text + length};
  size_t groups = 0, first, after = 0;
  bool threes = true;
  take(&r, "+-");
  first = digits_of(&r);
  r.at += first;
  while (first && take(&r, ",")) {
    after = digits_of(&r);
    threes = threes && after == 3;
    r.at += after;
    groups++;
  }
  if (groups == 0 || after == 0) return false;
  if (groups > 1 && (!threes || first > 3)) return false;
  if (threes && first <= 3 && take(&r, ".")) r.at += digits_of(&r);
  return r.at == r.end;
}
