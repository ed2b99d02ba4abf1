/* explain_given.c: what a command line gave instead of what the program says: sizes, consts, alternatives. */
#include "libaq/explain/explain.h"
#include "runtime/io/json.h"

/* "D=64", or with a name of its own "read.score=s". */
static void add(aq_shown *shown, struct rt_text *line, const json_t *given) {
  const char *name = json_string_value(json_object_get(given, "name")),
             *text = json_string_value(json_object_get(given, "text"));
  struct rt_text one = {0};
  rt_text_printf(&one, "%s%s%s", name ? name : "", name ? "=" : "", text ? text : "");
  rt_text_printf(line, "%s%s", line->length ? ", " : "", one.data ? one.data : "");
  aq_shown_text(shown, NULL, NULL, one.data);
  if (one.failed) shown_fail(shown, RT_NO_MEMORY);
  rt_text_free(&one);
}

void explain_given(aq_shown *shown, const char *source) {
  json_t *json = source ? json_loads(source, 0, NULL) : NULL, *list = json_object_get(json, "defines"),
         *given;
  struct rt_text line = {0};
  size_t k;
  if (json_array_size(list)) {
    aq_shown_list(shown, "given");
    json_array_foreach(list, k, given) add(shown, &line, given);
    aq_shown_end(shown);
    if (line.failed)
      shown_fail(shown, RT_NO_MEMORY);
    else
      aq_shown_note(shown, "given", "%s", line.data);
  }
  rt_text_free(&line);
  json_decref(json);
}
