/* attend_html.c: attention maps as one page that needs nothing else. */
#include "aqc/attend.h"

#include <math.h>

static void html_text(FILE *out, const char *text) {
  for (; *text; text++) {
    if (*text == '<')
      fputs("&lt;", out);
    else if (*text == '>')
      fputs("&gt;", out);
    else if (*text == '&')
      fputs("&amp;", out);
    else if (*text == '"')
      fputs("&quot;", out);
    else
      fputc(*text, out);
  }
}

static const char head[] =
    "<!doctype html>\n"
    "<html lang=\"en\">\n"
    "<meta charset=\"utf-8\">\n"
    "<title>attention</title>\n"
    "<style>\n"
    "body { font: 14px/1.4 sans-serif; margin: 2em; color: #222; background: #fff }\n"
    "h2 { font-size: 15px; margin: 2em 0 .5em }\n"
    "table { border-collapse: collapse }\n"
    "th { font-weight: normal; text-align: right; padding: 1px 6px; white-space: pre }\n"
    "thead th { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; padding: 6px 1px }\n"
    "td { min-width: 2.6em; height: 2em; text-align: center; font-size: 11px; border: 1px solid #fff }\n"
    "td.strong { color: #fff }\n"
    "td.none { color: #bbb }\n"
    "</style>\n";

static void print_cell(FILE *out, double weight, double most) {
  double share = most > 0 && isfinite(weight) ? fabs(weight) / most : 0;
  const char *class = weight == 0 ? " class=\"none\"" : share > 0.55 ? " class=\"strong\"" : "";
  fprintf(out, "<td%s style=\"background:rgba(%s,%.3f)\" title=\"%.6g\">%.2f", class,
          weight < 0 ? "170,30,30" : "20,70,170", share, weight, weight);
}

static void print_label(FILE *out, const char *const *tokens, size_t k) {
  char buffer[24];
  fputs("<th>", out);
  html_text(out, view_label(tokens, k, buffer));
}

static void print_head(FILE *out, const aq_map *map, const double *weight, double most) {
  fputs("<table>\n<thead><tr><th>", out);
  for (size_t key = 0; key < map->columns; key++) print_label(out, map->key, key);
  fputs("\n<tbody>\n", out);
  for (size_t query = 0; query < map->rows; query++) {
    fputs("<tr>", out);
    if (map->rows > 1)
      print_label(out, map->query, query);
    else
      fputs("<th>", out);
    for (size_t key = 0; key < map->columns; key++) print_cell(out, weight[query * map->columns + key], most);
    fputc('\n', out);
  }
  fputs("</table>\n", out);
}

static void print_map(FILE *out, const aq_map *map) {
  size_t size = map->rows * map->columns;
  double most = 0;
  for (size_t k = 0; k < map->heads * size; k++)
    if (isfinite(map->weight[k])) most = fmax(most, fabs(map->weight[k]));
  for (size_t h = 0; h < map->heads; h++) {
    fputs("<h2>", out);
    html_text(out, map->name);
    if (map->heads > 1) fprintf(out, ", head %zu of %zu", h + 1, map->heads);
    fputs("</h2>\n", out);
    print_head(out, map, map->weight + h * size, most);
  }
}

void attend_html(const struct view *view, FILE *out) {
  fputs(head, out);
  for (size_t index = 0; view_next(view, &index); index++) {
    aq_map map = aq_session_map(view->session, index);
    print_map(out, &map);
  }
}
