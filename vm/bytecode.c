/* bytecode.c: modules as .aqb bytes.
 *
 *     bytes 0..3     "aqb" and the version of the format
 *           4..11    a hash of the list of ops, whose numbers the instructions are written in
 *           12..19   how many bytes follow the header
 *           20..27   XXH3 of those
 *           28..     the module
 *
 * There is one function for each struct of module.h. It reads as well as writes (stream.h), and the order of
 * its lines is the format. */
#include "vm/signature.h"
#include "vm/stream.h"

#include <string.h>
#include <xxhash.h>

enum { VERSION = 23, HEADER = 28 /* bytes */ };

/* ---- dims ---- */

static void stream_symbol(struct vm_stream *s, struct vm_symbol *symbol) {
  uint8_t kind = (uint8_t)symbol->kind;
  const char *name = symbol->name;
  stream_text(s, &name);
  stream_u8(s, &kind);
  stream_i64(s, &symbol->value);
  stream_i64(s, &symbol->limit);
  stream_i64(s, &symbol->least);
  stream_u32(s, &symbol->of);
  if (!s->reading) return;
  s->failed |= !name || kind > VM_FLOOR || symbol->value < -1 || symbol->limit < 0 || symbol->least < 0;
  symbol->kind = kind;
  symbol->name = (char *)(uintptr_t)name;
}

static void stream_symbols(struct vm_stream *s, struct vm_dims *dims) {
  uint32_t count = (uint32_t)dims->symbol_count;
  stream_u32(s, &count);
  for (uint32_t i = 0; i < count && !s->failed; i++) {
    struct vm_symbol symbol = {0};
    if (!s->reading) symbol = dims->symbol[i];
    stream_symbol(s, &symbol);
    if (!s->reading || s->failed) continue;
    if (vm_dims_add_symbol(dims, symbol.name, symbol.kind, symbol.value) == UINT32_MAX)
      s->failed = s->no_memory = true;
    else {
      dims->symbol[i].limit = symbol.limit;
      dims->symbol[i].least = symbol.least;
      dims->symbol[i].of = symbol.of;
    }
  }
}

static void stream_terms(struct vm_stream *s, struct vm_term *term, uint32_t *count,
                         struct vm_factor (*room)[VM_MAX_FACTORS]) {
  stream_u32(s, count);
  s->failed |= *count > VM_MAX_TERMS;
  for (uint32_t t = 0; t < *count && !s->failed; t++) {
    if (s->reading) term[t].factor = room[t];
    stream_i64(s, &term[t].numerator);
    stream_i64(s, &term[t].denominator);
    stream_u32(s, &term[t].factor_count);
    s->failed |= term[t].factor_count > VM_MAX_FACTORS;
    for (uint32_t k = 0; k < term[t].factor_count && !s->failed; k++) {
      stream_u32(s, &term[t].factor[k].symbol);
      stream_i32(s, &term[t].factor[k].power);
    }
  }
}

/* Reading builds each dim again, so that the table is in normal form whatever the file says. Each must get
 * the number that it has in the file. */
static void stream_dims(struct vm_stream *s, struct vm_dims *dims) {
  struct vm_term term[VM_MAX_TERMS] = {0};
  struct vm_factor room[VM_MAX_TERMS][VM_MAX_FACTORS];
  uint32_t count = (uint32_t)dims->poly_count, terms;
  stream_symbols(s, dims);
  stream_u32(s, &count);
  for (uint32_t i = 0; i < count && !s->failed; i++) {
    if (!s->reading) {
      terms = dims->poly[i].term_count;
      stream_terms(s, dims->poly[i].term, &terms, NULL);
      continue;
    }
    stream_terms(s, term, &terms, room);
    if (!s->failed) s->failed = vm_dim_of_terms(dims, term, terms) != i;
    s->no_memory |= dims->exhausted;
  }
}

/* ---- the parts ---- */

static void stream_type(struct vm_stream *s, struct vm_type *type) {
  stream_u8(s, &type->dtype);
  stream_u8(s, &type->batched);
  stream_u8(s, &type->rank);
  stream_u32(s, &type->of);
  s->failed |= type->rank > RT_MAX_RANK;
  for (int a = 0; a < type->rank && !s->failed; a++) stream_u32(s, &type->dim[a]);
}

/* Of the file that weights or words came from the last name is kept: where it was is nothing that a module
 * needs, and nobody else's business. */
static void stream_file(struct vm_stream *s, const char **file) {
  const char *slash = s->reading || !*file ? NULL : strrchr(*file, '/'), *name = slash ? slash + 1 : NULL;
  stream_text(s, name ? &name : file);
}

static void stream_param(struct vm_stream *s, struct vm_param *param) {
  uint8_t kind = (uint8_t)param->init.kind;
  stream_text(s, &param->name);
  stream_type(s, &param->type);
  stream_u8(s, &kind);
  if (s->reading) param->init.kind = kind;
  stream_f64(s, &param->init.a);
  stream_f64(s, &param->init.b);
  stream_file(s, &param->init.file);
  stream_text(s, &param->init.tensor);
  stream_bool(s, &param->init.transposed);
  stream_bool(s, &param->init.by_head);
  stream_bool(s, &param->frozen);
  stream_bool(s, &param->decay);
  stream_f64(s, &param->lr);
  stream_f64(s, &param->weight_decay);
}

/* A kind is written as its name and the number of its axes. What no kind has is a fault. */
static void stream_kind(struct vm_stream *s, const struct io_kind **kind) {
  const char *name = *kind ? (*kind)->name : NULL;
  uint8_t axes = *kind ? (uint8_t)io_kind_most_axes(*kind) : 0;
  stream_text(s, &name);
  stream_u8(s, &axes);
  if (!s->reading) return;
  *kind = name ? io_kind_with_axes(name, axes) : NULL;
  if (name && !*kind) s->failed = true;
}

static void stream_column(struct vm_stream *s, struct io_column *column) {
  const char *name = column->name, *source = column->source, *second = column->second;
  if (s->reading) *column = IO_COLUMN_DEFAULTS;
  stream_text(s, &name);
  stream_kind(s, &column->kind);
  stream_text(s, &source);
  stream_text(s, &second);
  stream_i32(s, &column->number);
  stream_i32(s, &column->pair);
  for (int o = 0; column->kind && o < column->kind->options; o++) {
    const struct io_option *option = &column->kind->option[o];
    const char **text = option->type == IO_OPTION_TEXT ? io_option_text(option, &column->set) : NULL;
    if (text && (text == &column->set.vocab || text == &column->set.merges))
      stream_file(s, text);
    else if (text)
      stream_text(s, text);
    else
      stream_i64(s, io_option_number(option, &column->set));
    if (option->type == IO_OPTION_WORD_OR_NUMBER) stream_f64(s, &column->set.number);
  }
  if (!s->reading) return;
  column->name = (char *)(uintptr_t)name;
  column->source = (char *)(uintptr_t)source;
  column->second = (char *)(uintptr_t)second;
}

static void stream_input(struct vm_stream *s, struct vm_input *input) {
  stream_text(s, &input->name);
  stream_type(s, &input->type);
  stream_i64(s, &input->vocabulary);
  stream_i64(s, &input->length);
  stream_bool(s, &input->is_target);
  stream_bool(s, &input->matched);
  stream_bool(s, &input->spelled);
  stream_bool(s, &input->shifted);
}

/* The column of an input, by number. NO_COLUMN: the input is an argument of a run. */
enum { NO_COLUMN = -1 };
static void stream_column_of(struct vm_stream *s, const struct vm_module *m, struct vm_input *input) {
  int32_t column = input->column ? vm_column_of(m, input) : NO_COLUMN;
  stream_i32(s, &column);
  if (!s->reading || column == NO_COLUMN) return;
  s->failed |= column < 0 || (uint32_t)column >= m->column_count;
  if (s->failed) return;
  input->column = &m->column[column];
  input->name = input->column->name;
}

static void stream_output(struct vm_stream *s, struct vm_output *output) {
  stream_text(s, &output->name);
  stream_i32(s, &output->target);
  stream_text(s, &output->loss);
  stream_text(s, &output->link);
}

static void stream_line(struct vm_stream *s, struct vm_line *line) {
  stream_text(s, &line->file);
  stream_text(s, &line->text);
  stream_u32(s, &line->line);
  stream_u32(s, &line->column);
  stream_text(s, &line->name);
}

static void stream_amount(struct vm_stream *s, struct rt_amount *amount) {
  stream_i64(s, &amount->steps);
  stream_f64(s, &amount->number);
}

static void stream_settings(struct vm_stream *s, struct vm_settings *settings) {
  stream_text(s, &settings->optimizer);
  stream_f64(s, &settings->learning_rate);
  stream_f64(s, &settings->weight_decay);
  for (int k = 0; k < RT_MOST_SETTINGS; k++) stream_f64(s, &settings->optimizer_setting[k]);
  stream_f64(s, &settings->clip);
  stream_f64(s, &settings->average);
  stream_text(s, &settings->schedule);
  for (int k = 0; k < RT_MOST_SETTINGS; k++) stream_amount(s, &settings->schedule_setting[k]);
  stream_amount(s, &settings->warmup);
  stream_i64(s, &settings->batch);
  stream_i64(s, &settings->epochs);
  stream_i64(s, &settings->patience);
  stream_i64(s, &settings->seed);
  stream_text(s, &settings->metric);
}

/* ---- lane programs and heads ---- */

static void stream_instr_lanes(struct vm_stream *s, struct lane_instr *instr) {
  stream_u8(s, &instr->op);
  stream_u8(s, &instr->out_class);
  stream_u8(s, &instr->out);
  stream_u8(s, &instr->a);
  stream_u8(s, &instr->b);
  stream_u8(s, &instr->c);
}

static void stream_lanes(struct vm_stream *s, struct lane_program *program) {
  uint32_t inputs = (uint32_t)program->input_count, outputs = (uint32_t)program->output_count;
  uint32_t registers = (uint32_t)program->register_count, instrs = (uint32_t)program->instr_count;
  uint32_t constants = (uint32_t)program->constant_count;
  stream_u32(s, &inputs);
  stream_u32(s, &outputs);
  stream_u32(s, &registers);
  s->failed |= inputs > LANE_MAX_INPUTS || outputs > LANE_MAX_OUTPUTS || registers > LANE_MAX_REGISTERS;
  for (uint32_t k = 0; k < inputs && !s->failed; k++) {
    stream_u8(s, &program->input_class[k]);
    stream_u8(s, &program->input_axes[k]);
  }
  for (uint32_t k = 0; k < outputs && !s->failed; k++) stream_u8(s, &program->output[k]);
  const struct lane_instr *instr = program->instr;
  const double *constant = program->constant;
  STREAM_EACH(s, instr, instrs, stream_instr_lanes);
  STREAM_EACH(s, constant, constants, stream_f64);
  s->failed |= instrs > INT32_MAX || constants > INT32_MAX;
  if (!s->reading || s->failed) return;
  program->input_count = (int)inputs;
  program->output_count = (int)outputs;
  program->register_count = (int)registers;
  program->instr_count = (int)instrs;
  program->constant_count = (int)constants;
  program->instr = instr;
  program->constant = constant;
}

static void stream_slot(struct vm_stream *s, const struct lane_program **program) {
  bool present = *program != NULL;
  stream_bool(s, &present);
  if (!present || s->failed) {
    if (s->reading) *program = NULL;
    return;
  }
  const struct lane_program *slot = *program;
  STREAM_ALL(s, slot, 1, stream_lanes);
  if (s->reading) *program = slot;
}

static void stream_operand(struct vm_stream *s, struct attend_operand *operand) {
  uint8_t rank = (uint8_t)operand->rank;
  stream_u8(s, &rank);
  s->failed |= rank > RT_MAX_RANK;
  for (int a = 0; a < rank && !s->failed; a++) stream_u8(s, &operand->role[a]);
  if (s->reading) operand->rank = s->failed ? 0 : rank;
}

static void stream_row(struct vm_stream *s, struct attend_row *row) {
  stream_u8(s, &row->reduce);
  stream_bool(s, &row->backward);
  stream_f64(s, &row->parameter);
  stream_slot(s, &row->program);
}

static void stream_plan(struct vm_stream *s, struct attend_plan *plan) {
  uint8_t extras = (uint8_t)plan->extra_count, rows = (uint8_t)plan->row_count;
  stream_bool(s, &plan->softmax);
  stream_operand(s, &plan->query);
  stream_operand(s, &plan->key);
  stream_operand(s, &plan->value);
  stream_operand(s, &plan->out);
  stream_u8(s, &extras);
  s->failed |= extras > ATTEND_MAX_EXTRAS;
  for (int k = 0; k < extras && !s->failed; k++) {
    stream_operand(s, &plan->extra[k]);
    stream_bool(s, &plan->wants_grad[k]);
  }
  if (s->reading) plan->extra_count = s->failed ? 0 : extras;
  stream_slot(s, &plan->score);
  stream_slot(s, &plan->mask);
  stream_slot(s, &plan->drop);
  stream_slot(s, &plan->score_grad);
  uint32_t score_end = (uint32_t)plan->score_end;
  stream_u32(s, &score_end);
  stream_u8(s, &plan->score_register);
  s->failed |= score_end > INT32_MAX;
  if (s->reading) plan->score_end = s->failed ? 0 : (int)score_end;
  stream_u8(s, &rows);
  s->failed |= rows > ATTEND_MAX_ROWS;
  for (int k = 0; k < rows && !s->failed; k++) stream_row(s, &plan->row[k]);
  if (s->reading) plan->row_count = s->failed ? 0 : rows;
}

/* ---- functions ---- */

static void stream_value(struct vm_stream *s, struct vm_value *value) {
  uint8_t place = (uint8_t)value->place;
  stream_type(s, &value->type);
  stream_u8(s, &place);
  stream_u32(s, &value->index);
  s->failed |= place > VM_IN_ARGUMENT;
  if (s->reading) value->place = place;
}

static void stream_instr(struct vm_stream *s, struct vm_instr *instr) {
  stream_u16(s, &instr->op);
  stream_u16(s, &instr->in_count);
  stream_u16(s, &instr->out_count);
  STREAM_ALL(s, instr->in, instr->in_count, stream_u32);
  STREAM_ALL(s, instr->out, instr->out_count, stream_u32);
  s->failed |= instr->op >= OP_COUNT;
  for (int k = 0; !s->failed && k < vm_op_attr_count(instr->op); k++) stream_i64(s, &instr->attr[k]);
  stream_f64(s, &instr->real);
  stream_u32(s, &instr->line);
}

static void stream_gradient(struct vm_stream *s, struct vm_gradient *gradient) {
  stream_u32(s, &gradient->param);
  stream_u32(s, &gradient->value);
  stream_u32(s, &gradient->ids);
}

static void stream_function(struct vm_stream *s, struct vm_function *f) {
  stream_text(s, &f->name);
  STREAM_EACH(s, f->argument, f->argument_count, stream_type);
  stream_u32(s, &f->slot_count);
  STREAM_EACH(s, f->value, f->value_count, stream_value);
  STREAM_EACH(s, f->instr, f->instr_count, stream_instr);
  STREAM_EACH(s, f->output, f->output_count, stream_u32);
  STREAM_ALL(s, f->output_name, f->output_count, stream_text);
  STREAM_EACH(s, f->gradient, f->gradient_count, stream_gradient);
}

static void stream_head(struct vm_stream *s, struct vm_head *head) {
  stream_text(s, &head->name);
  stream_u8(s, &head->axes);
  stream_u8(s, &head->lowering);
  stream_text(s, &head->why);
}

static void stream_mix(struct vm_stream *s, struct vm_mix *mix) {
  stream_text(s, &mix->name);
  STREAM_EACH(s, mix->weighed, mix->weighed_count, stream_text);
}

static void stream_run(struct vm_stream *s, struct vm_run *run) {
  stream_u32(s, &run->input);
  stream_u8(s, &run->rank);
  stream_u32(s, &run->at);
  s->failed |= run->rank < 1 || run->rank > 2;
  for (int k = 0; k < run->rank && !s->failed; k++) {
    stream_u8(s, &run->axis[k]);
    stream_u32(s, &run->count[k]);
    stream_u32(s, &run->start[k]);
    stream_u32(s, &run->step[k]);
  }
}

static void stream_map(struct vm_stream *s, struct vm_map *map) {
  STREAM_EACH(s, map->row.run, map->row.count, stream_run);
  STREAM_EACH(s, map->column.run, map->column.count, stream_run);
}

static void stream_requirement(struct vm_stream *s, struct vm_requirement *r) {
  stream_u32(s, &r->dim);
  stream_u8(s, &r->kind);
  stream_text(s, &r->what);
  stream_text(s, &r->file);
  stream_u32(s, &r->line);
  stream_u32(s, &r->column);
  stream_text(s, &r->text);
}

/* Of a library the last name is kept; where it was is for those to say who allow it. */
static void stream_native(struct vm_stream *s, struct vm_native *native) {
  stream_text(s, &native->name);
  stream_text(s, &native->signature);
  stream_file(s, &native->library);
  stream_bool(s, &native->is_gradient);
  stream_u32(s, &native->gradient);
  stream_text(s, &native->file);
  stream_u32(s, &native->line);
  stream_u32(s, &native->column);
  if (!s->reading || s->failed) return;
  struct vm_native_signature *parsed = rt_arena_alloc(s->arena, sizeof *parsed);
  if (!parsed) s->failed = s->no_memory = true;
  if (parsed && vm_native_parse(native->signature, parsed, NULL) != RT_OK) s->failed = true;
  native->parsed = parsed;
}

static void stream_kept(struct vm_stream *s, struct vm_kept *kept) {
  stream_u32(s, &kept->start);
  stream_u32(s, &kept->next);
  stream_i64(s, &kept->most);
  stream_u32(s, &kept->rows);
}

static void stream_continuing(struct vm_stream *s, struct vm_continuing *c) {
  stream_i64(s, &c->before);
  STREAM_EACH(s, c->kept, c->kept_count, stream_kept);
  stream_text(s, &c->why);
  stream_text(s, &c->file);
  stream_u32(s, &c->line);
  stream_u32(s, &c->column);
  stream_text(s, &c->text);
}

static void stream_module(struct vm_stream *s, struct vm_module *m) {
  stream_text(s, &m->name);
  stream_dims(s, &m->dims);
  STREAM_EACH(s, m->param, m->param_count, stream_param);
  STREAM_EACH(s, m->column, m->column_count, stream_column);
  STREAM_EACH(s, m->input, m->input_count, stream_input);
  for (uint32_t i = 0; i < m->input_count && !s->failed; i++) stream_column_of(s, m, &m->input[i]);
  STREAM_EACH(s, m->output, m->output_count, stream_output);
  STREAM_EACH(s, m->line, m->line_count, stream_line);
  STREAM_EACH(s, m->head, m->head_count, stream_head);
  STREAM_EACH(s, m->mix, m->mix_count, stream_mix);
  STREAM_EACH(s, m->map, m->map_count, stream_map);
  STREAM_EACH(s, m->requirement, m->requirement_count, stream_requirement);
  STREAM_EACH(s, m->native, m->native_count, stream_native);
  stream_settings(s, &m->settings);
  stream_continuing(s, &m->continuing);
  STREAM_EACH(s, m->lanes, m->lanes_count, stream_lanes);
  STREAM_EACH(s, m->attend, m->attend_count, stream_plan);
  STREAM_ALL(s, m->head_name, m->attend_count, stream_text);
  STREAM_EACH(s, m->function, m->function_count, stream_function);
}

/* ---- whole files ---- */

/* Bytecode names ops by their number, which is another one in another list. So each list has its own hash. */
static uint64_t ops_hash(void) {
  XXH64_hash_t hash = 0;
  for (int op = 0; op < OP_COUNT; op++) {
    const char *const texts[] = {rt_op_info[op].name, rt_op_info[op].signature, rt_op_info[op].attributes};
    for (size_t i = 0; i < RT_COUNT(texts); i++)
      hash = XXH3_64bits_withSeed(texts[i], strlen(texts[i]) + 1, hash);
  }
  for (int op = 0; op < LANE_OP_COUNT; op++)
    hash = XXH3_64bits_withSeed(lane_op_name(op), strlen(lane_op_name(op)) + 1, hash);
  return hash;
}

struct header {
  uint32_t magic;
  uint64_t ops, length, checksum;
};

static uint32_t magic(void) { return 'a' | 'q' << 8 | 'b' << 16 | (uint32_t)VERSION << 24; }

static void stream_header(struct vm_stream *s, struct header *header) {
  stream_u32(s, &header->magic);
  stream_u64(s, &header->ops);
  stream_u64(s, &header->length);
  stream_u64(s, &header->checksum);
}

/* The copy is there because stream_module takes no const. Writing stores nothing through its pointers. */
int vm_module_write(const struct vm_module *module, struct rt_text *out, struct rt_error *error) {
  struct rt_text body = {0};
  struct vm_stream s = {.out = &body};
  struct vm_module copy = *module;
  stream_module(&s, &copy);
  struct header header = {magic(), ops_hash(), body.length, 0};
  if (!body.failed && !s.failed) header.checksum = XXH3_64bits(body.data, body.length);
  struct vm_stream front = {.out = out};
  stream_header(&front, &header);
  rt_text_add(out, body.data, body.length);
  bool no_memory = body.failed || out->failed, failed = s.failed;
  rt_text_free(&body);
  if (no_memory) return rt_no_memory(error);
  return failed ? rt_fail(error, RT_USAGE, "the program is too large to be written as bytecode") : RT_OK;
}

static int check_header(const struct header *header, const void *bytes, size_t length,
                        struct rt_error *error) {
  if (length < HEADER || (header->magic & 0xFFFFFF) != (magic() & 0xFFFFFF))
    return rt_fail(error, RT_BAD_DATA, "this is not aq bytecode");
  if (header->magic != magic() || header->ops != ops_hash()) {
    rt_fail(error, RT_BAD_DATA, "bytecode of another version of aq");
    rt_hint(error, "build it again from its source");
    return RT_BAD_DATA;
  }
  if (header->length != length - HEADER)
    return rt_fail(error, RT_BAD_DATA, "the bytecode is damaged: %s",
                   header->length > length - HEADER ? "its end is missing" : "it is too long");
  if (header->checksum != XXH3_64bits((const char *)bytes + HEADER, length - HEADER))
    return rt_fail(error, RT_BAD_DATA, "the bytecode is damaged: its checksum does not fit");
  return RT_OK;
}

bool vm_module_is_current(const void *bytes, size_t length) {
  struct vm_stream s = {.reading = true, .at = bytes, .end = (const uint8_t *)bytes + length};
  struct header header = {0};
  stream_header(&s, &header);
  return length >= HEADER && header.magic == magic() && header.ops == ops_hash();
}

static int read_body(struct vm_stream *s, struct vm_module *module, struct rt_error *error) {
  s->arena = &module->arena;
  stream_module(s, module);
  if (s->no_memory) return rt_no_memory(error);
  if (s->failed || s->at != s->end)
    return rt_fail(error, RT_BAD_DATA, "bad module: its parts do not fit together");
  return vm_verify(module, error);
}

struct vm_module *vm_module_read(const void *bytes, size_t length, struct rt_error *error) {
  struct vm_stream s = {.reading = true, .at = bytes, .end = (const uint8_t *)bytes + length};
  struct header header = {0};
  stream_header(&s, &header);
  if (check_header(&header, bytes, length, error) != RT_OK) return NULL;
  struct vm_module *module = vm_module_new();
  if (!module) {
    rt_no_memory(error);
    return NULL;
  }
  if (read_body(&s, module, error) == RT_OK) return module;
  vm_module_free(module);
  return NULL;
}
