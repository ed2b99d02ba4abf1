/* format.c: the canonical layout of a source. It works on tokens, not on the tree: where lines break is the
 * author's choice and stays; spaces, indents, blank lines and redundant `;` are ours. Columns that the author
 * aligned stay aligned. */
#include "grammar/parse.h"
#include "grammar/parser.h"

#include <string.h>

enum { INDENT = 2, COMMENT_GAP = 2 };

struct token {
  int kind;            /* GR_T_* */
  struct gr_span span; /* of a comment: without trailing blanks */
  int column;          /* in the source, code points from 0 */
  bool prefix;         /* a sign or a star that belongs to what follows */
  bool tight; /* an operator without spaces: in [ ] products, around `..` sums as well, as in x[i-1..2*i, 4*D]
               */
};

/* A place within a line that may be aligned with the lines around it. */
enum cell { CELL_NONE, CELL_ASSIGN, CELL_KIND };

struct line {
  size_t first, count; /* its tokens, without the comment */
  ptrdiff_t comment;   /* token, or -1 */
  bool blank_before;
  bool trails; /* the comment stands in the column of comments after code */
  int level;   /* indents */
  enum cell cell;
  size_t cell_token;
  int cell_pad, comment_pad; /* spaces beyond the usual */
};

struct layout {
  struct token *tokens;
  size_t token_count, token_capacity;
  struct line *lines;
  size_t line_count, line_capacity;
};

/* ---- reading ---- */

static int add_token(struct layout *layout, struct token token) {
  if (rt_grow((void **)&layout->tokens, &layout->token_capacity, layout->token_count + 1, sizeof token)
      != RT_OK)
    return RT_NO_MEMORY;
  layout->tokens[layout->token_count++] = token;
  return RT_OK;
}

static int count_columns(const char *text, uint32_t begin, uint32_t end) {
  int columns = 0;
  for (uint32_t k = begin; k < end; k++) columns += (text[k] & 0xC0) != 0x80;
  return columns;
}

static bool ends_value(int kind) { return gr_ends_statement(kind) && kind != GR_T_RETURN; }

static int read_tokens(struct layout *layout, struct gr_parser *parser) {
  const char *text = parser->source->text;
  int column = 0, previous = 0;
  uint32_t counted = 0;
  for (;;) {
    GR_YYSTYPE value;
    struct gr_span span;
    int kind = gr_yylex(&value, &span, parser);
    if (parser->error->code) return parser->error->code;
    if (kind == GR_T_YYEOF) return RT_OK;
    column += count_columns(text, counted, span.begin);
    counted = span.begin;
    if (kind == GR_T_COMMENT)
      while (strchr(" \t\r", text[span.end - 1])) span.end--;
    bool prefix = (kind == GR_T_MINUS || kind == GR_T_TIMES) && !ends_value(previous);
    if (add_token(layout, (struct token){kind, span, column, prefix, false}) != RT_OK)
      return rt_no_memory(parser->error);
    if (kind == GR_T_LINE)
      column = 0, counted = span.end;
    else if (kind != GR_T_COMMENT)
      previous = kind;
  }
}

/* A `;` says nothing at the end of a line or of a block. */
static bool is_redundant(const struct layout *layout, size_t k) {
  if (layout->tokens[k].kind != GR_T_END) return false;
  if (k + 1 == layout->token_count) return true;
  int next = layout->tokens[k + 1].kind;
  return next == GR_T_LINE || next == GR_T_COMMENT || next == GR_T_RBRACE;
}

static struct line *add_line(struct layout *layout) {
  if (rt_grow((void **)&layout->lines, &layout->line_capacity, layout->line_count + 1, sizeof *layout->lines)
      != RT_OK)
    return NULL;
  struct line *line = &layout->lines[layout->line_count++];
  *line = (struct line){.first = layout->token_count, .comment = -1};
  return line;
}

static bool opens(int kind) { return kind == GR_T_LPAREN || kind == GR_T_LBRACKET || kind == GR_T_LBRACE; }
static bool closes(int kind) { return kind == GR_T_RPAREN || kind == GR_T_RBRACKET || kind == GR_T_RBRACE; }

/* The last token of a line that is code; kept tokens have been read. */
static int last_code(const struct layout *layout, const struct line *line, size_t kept) {
  bool skip = line->comment >= 0 && line->count > 0;
  return layout->tokens[kept - 1 - skip].kind;
}

/* Takes the line ends and the redundant `;` out of the tokens and writes down where lines begin. A `{` on a
 * line of its own joins the line above. */
static int split_lines(struct layout *layout) {
  struct line *line = NULL;
  size_t kept = 0;
  int ends = 2; /* line ends since the last token */
  for (size_t k = 0; k < layout->token_count; k++) {
    struct token token = layout->tokens[k];
    if (token.kind == GR_T_LINE) {
      ends++;
      continue;
    }
    if (is_redundant(layout, k)) continue;
    bool joins = token.kind == GR_T_LBRACE && line && line->comment < 0;
    if (!line || (ends > 0 && !joins)) {
      bool blank = line && ends > 1 && !closes(token.kind) && !opens(last_code(layout, line, kept));
      if (!(line = add_line(layout))) return RT_NO_MEMORY;
      line->first = kept;
      line->blank_before = blank;
    }
    ends = 0;
    if (token.kind == GR_T_COMMENT)
      line->comment = (ptrdiff_t)kept;
    else
      line->count++;
    layout->tokens[kept++] = token;
  }
  layout->token_count = kept;
  return RT_OK;
}

/* ---- indents ---- */

struct open_bracket {
  int kind, level;
  bool entries;
}; /* entries: of data, train, with, divided by commas */

struct nesting {
  struct open_bracket open[GR_DEPTH];
  int count;
  int previous; /* the last token that is no comment */
};

static void follow(struct nesting *nesting, int kind, int level) {
  if (opens(kind) && nesting->count < GR_DEPTH) {
    int before = nesting->previous;
    bool entries =
        kind == GR_T_LBRACE && (before == GR_T_WITH || before == GR_T_DATA || before == GR_T_TRAIN);
    nesting->open[nesting->count++] = (struct open_bracket){kind, level, entries};
  } else if (closes(kind) && nesting->count > 0) {
    nesting->count--;
  }
  nesting->previous = kind;
}

/* Whether a new line goes on with the statement of the line above. */
static bool continues(const struct nesting *nesting) {
  const struct open_bracket *inner = nesting->count > 0 ? &nesting->open[nesting->count - 1] : NULL;
  int previous = nesting->previous;
  if (previous == 0 || previous == GR_T_END || opens(previous) || gr_ends_statement(previous)) return false;
  if (inner && inner->kind != GR_T_LBRACE) return false;
  return !(inner && inner->entries && previous == GR_T_COMMA);
}

static int level_of(const struct layout *layout, const struct line *line, const struct nesting *nesting) {
  int leading = 0;
  while ((size_t)leading < line->count && closes(layout->tokens[line->first + (size_t)leading].kind))
    leading++;
  if (leading > 0) return leading <= nesting->count ? nesting->open[nesting->count - leading].level : 0;
  int level = nesting->count > 0 ? nesting->open[nesting->count - 1].level + 1 : 0;
  return level + continues(nesting);
}

/* Not the remainder: n%-1 would read as a percentage. */
static bool is_product(int kind) {
  return kind == GR_T_TIMES || kind == GR_T_DIVIDE || kind == GR_T_QUOTIENT;
}

static bool is_sum(int kind) { return kind == GR_T_PLUS || kind == GR_T_MINUS; }

/* The operators on both sides of a `..`, as far as its operands go. */
static void tighten_range(struct layout *layout, size_t dots) {
  for (int step = -1; step <= 1; step += 2) {
    int depth = 0;
    for (size_t k = dots + (size_t)step; k < layout->token_count;
         k += (size_t)step) { /* below 0 wraps around and ends */
      struct token *token = &layout->tokens[k];
      bool inward = step < 0 ? closes(token->kind) : opens(token->kind),
           outward = step < 0 ? opens(token->kind) : closes(token->kind);
      if (depth == 0
          && (outward || token->kind == GR_T_COMMA || token->kind == GR_T_IN || token->kind == GR_T_LBRACE))
        break;
      depth += inward - outward;
      if (depth == 0 && !token->prefix && (is_product(token->kind) || is_sum(token->kind)))
        token->tight = true;
    }
  }
}

static void indent(struct layout *layout) {
  struct nesting nesting = {.count = 0};
  for (size_t k = 0; k < layout->line_count; k++) {
    struct line *line = &layout->lines[k];
    line->level = level_of(layout, line, &nesting);
    for (size_t t = line->first; t < line->first + line->count; t++) {
      struct token *token = &layout->tokens[t];
      bool in_brackets = nesting.count > 0 && nesting.open[nesting.count - 1].kind == GR_T_LBRACKET;
      token->tight = token->tight || (in_brackets && !token->prefix && is_product(token->kind));
      /* No tensor is multiplied by a number with @: this is recall@10. */
      if (token->kind == GR_T_MATMUL && t + 1 < layout->token_count && token[1].kind == GR_T_NUMBER)
        token->tight = true;
      if (token->kind == GR_T_DOTS) tighten_range(layout, t);
      follow(&nesting, token->kind, line->level);
    }
  }
}

/* ---- spaces within a line ---- */

static bool tight_before(int kind) {
  switch (kind) {
    case GR_T_COMMA:
    case GR_T_END:
    case GR_T_RPAREN:
    case GR_T_RBRACKET:
    case GR_T_COLON:
    case GR_T_PRIME:
    case GR_T_DOT:
    case GR_T_ELLIPSIS:
    case GR_T_POWER: return true;
    default: return false;
  }
}

static bool space_between(const struct token *left, const struct token *right) {
  if (right->prefix && right->kind == GR_T_MINUS && left->kind == GR_T_MINUS)
    return true; /* `--` is not an operator */
  if (left->prefix || left->tight || right->tight || tight_before(right->kind)) return false;
  switch (left->kind) {
    case GR_T_LPAREN:
    case GR_T_LBRACKET:
    case GR_T_DOT:
    case GR_T_POWER:
    case GR_T_DOTS: return false;
    default: break;
  }
  if (right->kind == GR_T_DOTS) return !ends_value(left->kind);
  if (right->kind == GR_T_LPAREN) return !ends_value(left->kind);
  if (right->kind == GR_T_LBRACKET)
    return !ends_value(left->kind) && left->kind != GR_T_PARAM && left->kind != GR_T_HEAD;
  return true;
}

/* Writes a line's tokens from..to-1; with out NULL only counts their columns. */
static int write_tokens(const struct layout *layout, size_t from, size_t to, struct rt_text *out) {
  int columns = 0;
  for (size_t k = from; k < to; k++) {
    const struct token *token = &layout->tokens[k];
    const char *text = token->span.source->text;
    if (k > from && space_between(token - 1, token)) {
      columns++;
      if (out) rt_text_puts(out, " ");
    }
    columns += count_columns(text, token->span.begin, token->span.end);
    if (out) rt_text_add(out, text + token->span.begin, token->span.end - token->span.begin);
  }
  return columns;
}

/* ---- alignment ---- */

/* The first `=` of a line that is within no bracket of the line, or the kind of a column of data. */
static void find_cell(const struct layout *layout, struct line *line) {
  const struct token *token = layout->tokens + line->first;
  if (line->count > 2 && token[0].kind == GR_T_NAME && token[1].kind == GR_T_COLON) {
    line->cell = CELL_KIND;
    line->cell_token = line->first + 2;
    return;
  }
  int depth = 0;
  for (size_t k = 0; k < line->count; k++) {
    depth += opens(token[k].kind) - closes(token[k].kind);
    if (token[k].kind != GR_T_ASSIGN || depth != 0 || k == 0) continue;
    line->cell = CELL_ASSIGN;
    line->cell_token = line->first + k;
    return;
  }
}

static bool cells_meet(const struct layout *layout, const struct line *a, const struct line *b) {
  return !b->blank_before && a->cell != CELL_NONE && a->cell == b->cell && a->level == b->level
         && layout->tokens[a->cell_token].column == layout->tokens[b->cell_token].column;
}

static int cell_width(const struct layout *layout, const struct line *line) {
  return write_tokens(layout, line->first, line->cell_token, NULL);
}

static void align_cells(struct layout *layout) {
  for (size_t k = 0; k < layout->line_count; k++) find_cell(layout, &layout->lines[k]);
  for (size_t k = 0, end; k < layout->line_count; k = end) {
    int widest = cell_width(layout, &layout->lines[k]);
    for (end = k + 1;
         end < layout->line_count && cells_meet(layout, &layout->lines[end - 1], &layout->lines[end]);
         end++) {
      int width = cell_width(layout, &layout->lines[end]);
      if (width > widest) widest = width;
    }
    if (layout->lines[k].cell == CELL_NONE) continue;
    for (size_t j = k; j < end; j++)
      layout->lines[j].cell_pad = widest - cell_width(layout, &layout->lines[j]);
  }
}

static int line_width(const struct layout *layout, const struct line *line) {
  if (line->count == 0) return 0;
  return line->level * INDENT + write_tokens(layout, line->first, line->first + line->count, NULL)
         + line->cell_pad;
}

static bool comments_meet(const struct layout *layout, const struct line *a, const struct line *b) {
  return !b->blank_before && a->trails && b->comment >= 0
         && layout->tokens[a->comment].column == layout->tokens[b->comment].column;
}

static void align_comments(struct layout *layout) {
  for (size_t k = 0, end; k < layout->line_count; k = end) {
    struct line *line = &layout->lines[k];
    end = k + 1;
    line->trails = line->comment >= 0 && line->count > 0;
    if (!line->trails) continue;
    int widest = line_width(layout, line);
    for (; end < layout->line_count && comments_meet(layout, &layout->lines[end - 1], &layout->lines[end]);
         end++) {
      int width = line_width(layout, &layout->lines[end]);
      if (width > widest) widest = width;
      layout->lines[end].trails = true;
    }
    for (size_t j = k; j < end; j++)
      layout->lines[j].comment_pad = widest - line_width(layout, &layout->lines[j]);
  }
}

/* ---- writing ---- */

static void write_spaces(struct rt_text *out, int count) {
  for (int k = 0; k < count; k++) rt_text_puts(out, " ");
}

static void write_line(const struct layout *layout, const struct line *line, struct rt_text *out) {
  size_t end = line->first + line->count, middle = line->cell == CELL_NONE ? end : line->cell_token;
  if (line->blank_before) rt_text_puts(out, "\n");
  if (line->count > 0 || !line->trails) write_spaces(out, line->level * INDENT);
  write_tokens(layout, line->first, middle, out);
  if (middle < end) {
    write_spaces(out, line->cell_pad + 1);
    write_tokens(layout, middle, end, out);
  }
  if (line->comment >= 0) {
    const struct gr_span span = layout->tokens[line->comment].span;
    if (line->trails) write_spaces(out, line->comment_pad + COMMENT_GAP);
    rt_text_add(out, span.source->text + span.begin, span.end - span.begin);
  }
  rt_text_puts(out, "\n");
}

static int read_layout(struct layout *layout, struct gr_file *file, struct rt_error *error) {
  struct gr_parser *parser = rt_zalloc(1, sizeof *parser);
  if (!parser) return rt_no_memory(error);
  parser->file = file;
  parser->arena = &file->arena;
  parser->verbatim = true;
  int status = gr_lexer_begin(parser, gr_whole(file->source), error);
  if (status == RT_OK) status = read_tokens(layout, parser);
  gr_lexer_end(parser);
  rt_free(parser);
  if (status == RT_OK && split_lines(layout) != RT_OK) status = rt_no_memory(error);
  return status;
}

int gr_format(const char *name, const char *text, size_t length, struct rt_text *out,
              struct rt_error *error) {
  struct rt_error own = {0};
  if (!error) error = &own;
  struct gr_file *file = gr_parse(name, text, length, error); /* only programs are laid out */
  if (!file) return error->code;
  struct layout layout = {0};
  int status = read_layout(&layout, file, error);
  if (status == RT_OK) {
    indent(&layout);
    align_cells(&layout);
    align_comments(&layout);
    for (size_t k = 0; k < layout.line_count; k++) write_line(&layout, &layout.lines[k], out);
    if (out->failed) status = rt_no_memory(error);
  }
  rt_free(layout.tokens);
  rt_free(layout.lines);
  gr_file_free(file);
  return status;
}
