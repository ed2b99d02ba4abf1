/* runs.c: what columns of runs have in common, of words or of characters. */
#include "runtime/io/data_internal.h"

int io_settle_runs(struct io_settings *set, const struct io_runs *usual, struct rt_error *error) {
  int64_t *least = &set->own[IO_MIN_N], *most = &set->own[IO_MAX_N];
  if (!*least) *least = *most && *most < usual->least ? *most : usual->least;
  if (!*most) *most = *least > usual->most ? *least : usual->most;
  if (*least <= *most) return RT_OK;
  return rt_fail(error, RT_USAGE, "%s of %lld to %lld %s: min_n is at most max_n", usual->runs,
                 (long long)*least, (long long)*most, usual->items);
}

int io_tokenise_runs(const struct io_column *column, enum io_token_kind kind, const struct io_field *text,
                     struct io_tokens *tokens, struct rt_error *error) {
  const struct io_tokeniser tokeniser = {
      .kind = kind, .min_n = column->set.own[IO_MIN_N], .max_n = column->set.own[IO_MAX_N]};
  return io_tokenise(&tokeniser, text->text, text->length, tokens, error);
}
