/* judge_tags.c: compares the tags of texts with the truth, word by word and text by text. */
#include "libaq/judge/judge.h"

/* The index of a tag, by its number in the data; RT_BAD_DATA unless it has one. */
static int class_of(struct rep_report *report, const struct io_intern *unseen, int32_t label, size_t *index,
                    struct rt_error *error) {
  *index = (size_t)label;
  if (label < 0 && -1 - label < unseen->count) return lib_unseen_class(report, unseen, label, index, error);
  if (label >= 0 && *index < report->model_classes) return RT_OK;
  return rt_fail(error, RT_BAD_DATA, "a tag is number %d of %zu", label, report->model_classes);
}

/* Word k of the text, whose number in the batch is `word`; behind what was answered it has no answer. */
static int judge_word(struct lib_judge *judge, uint32_t o, const struct tag_scores *s, int64_t word,
                      size_t truth, struct rt_error *error) {
  struct lib_judge_text *text = &judge->of_text;
  struct rep_report *report = &judge->report[o];
  text->truth[text->count] = truth;
  text->said[text->count] = word < 0 ? SIZE_MAX : (size_t)judge->tags[o].path[word];
  size_t said = text->said[text->count++];
  if (word < 0) return rep_add_unanswered(report, truth, error);
  return rep_add_class(report, truth, said, s->score + word * s->classes, (size_t)s->classes, error);
}

static int judge_text(struct lib_judge *judge, uint32_t o, struct lib_batch batch, int64_t text,
                      const struct tag_scores *s, struct rt_error *error) {
  struct lib_judge_text *of = &judge->of_text;
  const struct io_values *v = &batch.data->values[judge->feed.column[judge->module->output[o].target]];
  const int64_t row = batch.row[text];
  int64_t words = io_payload_count(&v->of, row), answered = io_row_length(v, row), first = s->first[text];
  const int32_t *ids = io_payload_ids(&v->of) + io_payload_begin(&v->of, row);
  of->count = 0;
  if (s->first[text + 1] - first != answered)
    return rt_fail(error, RT_BAD_DATA, "the model has answers for %lld words of %lld",
                   (long long)(s->first[text + 1] - first), (long long)answered);
  if (rt_grow((void **)&of->truth, &of->truth_capacity, (size_t)words + 1, sizeof *of->truth)
      || rt_grow((void **)&of->said, &of->said_capacity, (size_t)words + 1, sizeof *of->said))
    return rt_no_memory(error);
  for (int64_t k = 0; k < words; k++) {
    size_t truth;
    int status = class_of(&judge->report[o], &v->unseen, ids[k], &truth, error);
    if (status == RT_OK) status = judge_word(judge, o, s, k < answered ? first + k : -1, truth, error);
    if (status != RT_OK) return status;
  }
  rep_add_tags(&judge->report[o], of->truth, of->said, of->count);
  lib_hardest_tags(judge, o, lib_hard_place(judge, batch, text), s->score + first * s->classes, answered);
  return RT_OK;
}

int lib_judge_tags(struct lib_judge *judge, struct lib_batch batch, uint32_t o, struct rt_error *error) {
  struct tag_scores scores;
  int status = lib_judge_tag_answers(judge, batch, o, &scores, error);
  for (int64_t e = 0; e < batch.count && status == RT_OK; e++)
    status = judge_text(judge, o, batch, e, &scores, error);
  return status;
}
