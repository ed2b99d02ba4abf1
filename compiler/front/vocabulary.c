/* vocabulary.c: a name is a vocabulary: columns that say the same one behind their shape learn it together.
 */
#include "compiler/front/arguments.h"
#include "runtime/io/vocab.h"

#include <string.h>

/* Two columns with one vocabulary of that name. */
struct pair {
  const struct gr_node *first, *second;
  const char *name;
};

/* What one column says of the vocabulary holds for all that have it. */
static int agree(struct cc_context *c, const struct pair *pair, const char *option, int64_t *a, int64_t *b) {
  const struct gr_node *first = pair->first, *second = pair->second;
  if (*a && *b && *a != *b) {
    gr_fail(c->error, second->span,
            "`%s` and `%s` have one vocabulary, %s, but its %s is %lld there and %lld here", first->text,
            second->text, pair->name, option, (long long)*a, (long long)*b);
    gr_note(c->error, first->span, "`%s` is declared here", first->text);
    return c->error->code;
  }
  *a = *b = *a ? *a : *b;
  return RT_OK;
}

static int agree_text(struct cc_context *c, const struct pair *pair, const char **a, const char **b) {
  const struct gr_node *first = pair->first, *second = pair->second;
  if (*a && *b && strcmp(*a, *b) != 0) {
    gr_fail(c->error, second->span, "`%s` and `%s` have one vocabulary, %s, but it is given in two ways",
            first->text, second->text, pair->name);
    gr_note(c->error, first->span, "`%s` is declared here", first->text);
    return c->error->code;
  }
  *a = *b = *a ? *a : *b;
  return RT_OK;
}

/* Words that labels share their vocabulary with are names of things, which have one way of being read. */
static int read_as_written(struct cc_context *c, const struct pair *pair, const struct io_column *words) {
  struct io_settings set = words->set;
  for (int o = 0; o < words->kind->options; o++) {
    const struct io_option *option = &words->kind->option[o];
    bool says = option->type == IO_OPTION_SWITCH || option->type == IO_OPTION_CHOICE;
    if (!says || *io_option_number(option, &set) == 0) continue;
    gr_fail(
        c->error, pair->first->span,
        "the words of `%s` and the labels of `%s` have one vocabulary, %s: such words are read as they are "
        "written, between spaces, and have no `%s`",
        pair->first->text, pair->second->text, pair->name, option->name);
    gr_note(c->error, pair->second->span, "`%s` is declared here", pair->second->text);
    return c->error->code;
  }
  return RT_OK;
}

static int share(struct cc_context *c, const struct gr_node *first, const struct gr_node *second,
                 const struct vm_input *first_input, const struct vm_input *second_input) {
  struct io_column *a = first_input->column, *b = second_input->column;
  const char *name = c->module->dims.symbol[first_input->vocabulary].name;
  if (!io_kinds_share(a->kind, b->kind)) {
    gr_fail(c->error, second->span, "%s is the vocabulary of `%s`, %s; %s cannot have the same one", name,
            first->text, a->kind->name, b->kind->name);
    gr_note(c->error, first->span, "`%s` is declared here", first->text);
    rt_hint(c->error, "give `%s` a name of its own; one name is one vocabulary", second->text);
    return c->error->code;
  }
  const struct pair pair = {first, second, name};
  int status = agree(c, &pair, "min_count", &a->set.min_count, &b->set.min_count);
  if (status == RT_OK) status = agree(c, &pair, "max_size", &a->set.max_size, &b->set.max_size);
  if (status == RT_OK) status = agree_text(c, &pair, &a->set.labels, &b->set.labels);
  if (status == RT_OK) status = agree_text(c, &pair, &a->set.vocab, &b->set.vocab);
  if (status == RT_OK) status = agree_text(c, &pair, &a->set.merges, &b->set.merges);
  if (status != RT_OK || a->kind->labels == b->kind->labels) return status;
  status = read_as_written(c, a->kind->labels ? &(struct pair){second, first, name} : &pair,
                           a->kind->labels ? b : a);
  if (status != RT_OK || (!a->set.min_count && !a->set.max_size)) return status;
  gr_fail(c->error, second->span,
          "`%s` and `%s` have one vocabulary, %s: %s would leave words out, and so labels of `%s`",
          first->text, second->text, name, a->set.min_count ? "min_count" : "max_size",
          a->kind->labels ? first->text : second->text);
  gr_note(c->error, first->span, "`%s` is declared here", first->text);
  return c->error->code;
}

int cc_check_labels(struct cc_context *c, const struct gr_node *column, const struct cc_setting *labels,
                    struct vm_input *input) {
  struct io_vocab *vocab;
  struct rt_error why = {0};
  int64_t count;
  if (!labels->arg) return RT_OK;
  int status = io_vocab_from_labels(&vocab, labels->text, &why);
  if (status == RT_NO_MEMORY) return cc_out_of_memory(c);
  if (status != RT_OK) {
    gr_fail(c->error, labels->arg->span, "%s", why.text);
    rt_hint(c->error, "labels are separated by commas, as in labels = \"bad, so-so, good\"");
    return c->error->code;
  }
  const int there = vocab->count, beside = input->column->kind->beside;
  io_vocab_free(vocab);
  const vm_dim entries_dim = vm_input_dim(input, io_kind_most_axes(input->column->kind) - 1);
  if (!vm_dim_value(&c->module->dims, entries_dim, NULL, &count, NULL) && count - beside != there)
    return gr_fail(c->error, labels->arg->span, "these are %d labels, but `%s` has %lld", there, column->text,
                   (long long)count - beside);
  if (input->vocabulary >= 0) { /* as many entries as there are labels, for what is asked of sizes */
    struct vm_symbol *entries = &c->module->dims.symbol[input->vocabulary];
    entries->least = entries->limit = there + beside;
  }
  input->column->set.labels = labels->text;
  return RT_OK;
}

int cc_share_vocabularies(struct cc_context *c, const struct gr_node *data, struct vm_input *declared) {
  for (int k = 0; k < data->count; k++)
    for (int i = 0; i < k; i++) {
      if (declared[i].vocabulary < 0 || declared[i].vocabulary != declared[k].vocabulary) continue;
      int status = share(c, data->child[i], data->child[k], &declared[i], &declared[k]);
      if (status != RT_OK) return status;
    }
  return RT_OK;
}

int cc_check_next(struct cc_context *c, const struct gr_node *outputs) {
  const struct vm_module *m = c->module;
  for (uint32_t o = 0; o < m->output_count; o++) {
    const struct vm_input *next = &m->input[m->output[o].target];
    for (uint32_t i = 0; next->shifted && i < m->input_count; i++) {
      if (m->input[i].vocabulary != next->vocabulary || !m->input[i].column->kind->labels) continue;
      gr_fail(c->error, outputs->child[o]->span,
              "next(%s) predicts where the text ends as well, but `%s` has the same vocabulary, %s, and "
              "labels have no end",
              next->name, m->input[i].name, m->dims.symbol[next->vocabulary].name);
      rt_hint(c->error, "give `%s` and `%s` vocabularies of different names", next->name, m->input[i].name);
      return c->error->code;
    }
  }
  return RT_OK;
}
