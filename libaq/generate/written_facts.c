/* written_facts.c: texts that were written, as trees of facts. */
#include <string.h>

#include "libaq/shown/shown_tree.h"
#include "libaq/generate/writing.h"
#include "runtime/io/utf8.h"

/* Bytes that are no text by themselves are shown as "\xNN", as in predictions. */
static void show_bytes(aq_shown *s, const char *key, const char *text, size_t length) {
  bool good = io_utf8_check(text, length) == length;
  struct rt_text out = {0};
  for (size_t k = 0; k < length; k++)
    if (!text[k] || (!good && (unsigned char)text[k] >= 0x80))
      rt_text_printf(&out, "\\x%02x", (unsigned)(unsigned char)text[k]);
    else
      rt_text_add(&out, text + k, 1);
  if (out.failed) shown_fail(s, RT_NO_MEMORY);
  aq_shown_text(s, key, NULL, out.data ? out.data : "");
  rt_text_free(&out);
}

static const char *const ended[] = {[AQ_ENDED_BY_MODEL] = "model",
                                    [AQ_ENDED_AT_LENGTH] = "length",
                                    [AQ_ENDED_AT_STOP] = "stop",
                                    [AQ_ENDED_BY_HOST] = "host"};

aq_shown *written_shown(const aq_written *written) {
  aq_shown *s = aq_shown_new(false);
  show_bytes(s, "text", written->text, written->length);
  aq_shown_list(s, "tokens");
  for (size_t k = 0; k < written->count; k++) {
    aq_shown_begin(s, NULL);
    show_bytes(s, "token", written->token[k]->text, written->token[k]->length);
    aq_shown_real(s, "log_probability", NULL, written->token[k]->log_probability);
    aq_shown_end(s);
  }
  aq_shown_end(s);
  aq_shown_real(s, "log_probability", NULL, written->log_probability);
  aq_shown_text(s, "ended", NULL, ended[written->ended]);
  return s;
}

int aq_session_written_shown(aq_session *session, size_t row, aq_shown **shown) {
  if (!shown) return AQ_USAGE;
  *shown = NULL;
  if (!session) return AQ_USAGE;
  struct rt_error *error = lib_begin(&session->message);
  const aq_written *written = aq_session_written(session, row);
  if (!written) return rt_fail(error, RT_USAGE, "no text was written for row %zu, counted from 0", row);
  *shown = written_shown(written);
  return *shown && !(*shown)->failed ? RT_OK : rt_no_memory(error);
}
