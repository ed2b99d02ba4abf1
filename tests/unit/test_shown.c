/* test_shown.c: the tree of facts, and its writers: text, JSON, pages. */
#include "tests/unit/rationed_memory.h"
#include "libaq/aq.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static char *write_as(const aq_shown *shown, enum aq_form form) {
  char *text, *copy;
  assert_int_equal(aq_shown_write(shown, form, &text), AQ_OK);
  copy = strdup(text);
  aq_text_free(text);
  return copy;
}

static void assert_text(const aq_shown *shown, enum aq_form form, const char *expected) {
  char *text = write_as(shown, form);
  assert_string_equal(text, expected);
  free(text);
}

static void assert_page_has(const aq_shown *shown, const char *part) {
  char *text = write_as(shown, AQ_HTML);
  if (!strstr(text, part)) fail_msg("no `%s` in the page\n%s", part, strstr(text, "</style>"));
  free(text);
}

static void assert_page_lacks(const aq_shown *shown, const char *part) {
  char *text = write_as(shown, AQ_HTML), *body = strstr(text, "</style>");
  assert_non_null(body);
  if (strstr(body, part)) fail_msg("`%s` is in the page\n%s", part, body);
  free(text);
}

/* One fact of each kind, once in every form. */
static void facts_are_said_in_every_form(void **state) {
  (void)state;
  const double numbers[] = {1, 0.5};
  aq_shown *s = aq_shown_new(true);
  aq_shown_title(s, "a title");
  aq_shown_text(s, "name", "name", "ann");
  aq_shown_whole(s, "rows", "rows", -3);
  aq_shown_real(s, "loss", "mean loss", 0.25);
  aq_shown_flag(s, "fits", "fits", true);
  aq_shown_numbers(s, "pair", numbers, 2);
  aq_shown_text(s, "silent", NULL, "only in JSON");
  aq_shown_begin(s, "part");
  aq_shown_say(s, "the %s part", "second");
  aq_shown_whole(s, "bytes", "size", 2000);
  aq_shown_say(s, "2 kB");
  aq_shown_end(s);
  aq_shown_note(s, NULL, "the end");
  assert_text(s, AQ_JSON,
              "{\"name\": \"ann\", \"rows\": -3, \"loss\": 0.25, \"fits\": true, \"pair\": [1, 0.5], "
              "\"silent\": \"only in JSON\", \"part\": {\"bytes\": 2000}}");
  assert_text(s, AQ_TEXT,
              "name       ann\nrows       -3\nmean loss  0.2500\nfits       yes\n\nthe second part\n"
              "  size  2 kB\nthe end\n");
  assert_page_has(s, "<title>a title</title>\n<h1>a title</h1>");
  assert_page_has(s, "<tr><th>mean loss<td>0.2500\n");
  assert_page_has(s, "<h2>the second part</h2>");
  assert_page_has(s, "<tr><th>size<td>2 kB\n");
  assert_page_has(s, "<p>the end</p>");
  assert_page_lacks(s, "only in JSON");
  aq_shown_free(s);
}

static void compact_json_has_no_spaces(void **state) {
  (void)state;
  aq_shown *outer = aq_shown_new(false), *inner = aq_shown_new(true);
  aq_shown_whole(inner, "a", NULL, 1);
  aq_shown_whole(inner, "b", NULL, 2);
  aq_shown_list(outer, "list");
  aq_shown_whole(outer, NULL, NULL, 1);
  aq_shown_whole(outer, NULL, NULL, 2);
  aq_shown_end(outer);
  aq_shown_tree(outer, "tree", inner);
  assert_text(outer, AQ_JSON, "{\"list\":[1,2],\"tree\":{\"a\": 1, \"b\": 2}}");
  aq_shown_free(outer);
  aq_shown_free(inner);
}

static void nothing_is_an_empty_form(void **state) {
  (void)state;
  aq_shown *s = aq_shown_new(false);
  assert_text(s, AQ_JSON, "{}");
  assert_text(s, AQ_TEXT, "");
  assert_page_has(s, "<h1>aq</h1>\n");
  aq_shown_list(s, "list");
  aq_shown_end(s);
  aq_shown_begin(s, "object");
  aq_shown_end(s);
  aq_shown_numbers(s, "numbers", NULL, 0);
  aq_shown_numbers(s, "none", NULL, 5);
  aq_shown_end(s);
  aq_shown_end(s); /* of nothing */
  aq_shown_text(s, "text", "text", NULL);
  assert_text(s, AQ_JSON, "{\"list\":[],\"object\":{},\"numbers\":[],\"none\":[],\"text\":null}");
  assert_text(s, AQ_TEXT, "");
  aq_shown_free(s);
}

/* JSON has null for what is no number; text has - for NaN, and says what else it is. */
static void numbers_that_are_none(void **state) {
  (void)state;
  const double numbers[] = {NAN, INFINITY, -INFINITY};
  aq_shown *s = aq_shown_new(false);
  aq_shown_real(s, "nan", "nan", -NAN);
  aq_shown_real(s, "inf", "inf", -INFINITY);
  aq_shown_numbers(s, "all", numbers, 3);
  assert_text(s, AQ_JSON, "{\"nan\":null,\"inf\":null,\"all\":[null,null,null]}");
  assert_text(s, AQ_TEXT, "nan  -\ninf  -inf\n");
  aq_shown_free(s);
}

static void json_numbers_read_back_the_same(void **state) {
  (void)state;
  const double numbers[] = {0.1, 1e-300, 1.7976931348623157e308, 5e-324, -0.0, 1 / 3.0, 123456789012345680.0};
  aq_shown *s = aq_shown_new(true);
  aq_shown_numbers(s, "n", numbers, sizeof numbers / sizeof *numbers);
  char *text = write_as(s, AQ_JSON), *at = strchr(text, '[');
  for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
    double read = strtod(at + 1, &at);
    assert_memory_equal(&read, &numbers[k], sizeof read);
  }
  free(text);
  aq_shown_free(s);
}

/* Strings that would end what they stand in, or reach the terminal. */
static const char *const hostile[] = {"\"}, {\"",
                                      "back\\slash",
                                      "</title><script>alert(1)</script>",
                                      "a & b &lt;",
                                      "tab\tline\nreturn\r",
                                      "\x1b[31mred\x1b[0m\x07\x7f",
                                      "\xff\xc0\xaf\xed\xa0\x80",
                                      "\xe2\x80\xae turned",
                                      "魚 naïve \xf0\x9f\x90\x9f",
                                      "%s%n%d"};

static void hostile_strings_stay_strings(void **state) {
  (void)state;
  for (size_t k = 0; k < sizeof hostile / sizeof *hostile; k++) {
    aq_shown *s = aq_shown_new(false);
    aq_shown_title(s, "%s", hostile[k]);
    aq_shown_begin(s, hostile[k]);
    aq_shown_say(s, "%s", hostile[k]);
    aq_shown_text(s, hostile[k], hostile[k], hostile[k]);
    aq_shown_note(s, hostile[k], "%s", hostile[k]);
    aq_shown_end(s);
    char *json = write_as(s, AQ_JSON), *text = write_as(s, AQ_TEXT), *page = write_as(s, AQ_HTML);
    json_t *read = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(json_object_size(read), 1);
    json_decref(read);
    for (const char *at = json; *at; at++) assert_true((unsigned char)*at >= 0x20);
    for (const char *at = text; *at; at++)
      assert_true((unsigned char)*at >= 0x20 || *at == '\n' || *at == '\t');
    assert_null(strstr(text, "\xe2\x80\xae"));
    assert_null(strchr(page, '\x1b'));
    assert_null(strstr(page, "<script>"));
    free(json);
    free(text);
    free(page);
    aq_shown_free(s);
  }
}

static void hostile_strings_are_spelt_out(void **state) {
  (void)state;
  aq_shown *s = aq_shown_new(false);
  aq_shown_text(s, "v", "v", "\x1b[31m\t\xff\xe2\x80\xae");
  aq_shown_note(s, NULL, "%s", "two\nlines \x07");
  assert_text(s, AQ_TEXT, "v  \\x1b[31m\\t\\xff\\u202e\ntwo\nlines \\x07\n");
  assert_text(s, AQ_JSON, "{\"v\":\"\\u001b[31m\\u0009\xef\xbf\xbd\\u202e\"}");
  assert_page_has(s, "<td>\\x1b[31m\\t\\xff\\u202e\n");
  aq_shown_free(s);
}

static const unsigned char points[] = {0, 64, 128, 255, 9, 9};
static const aq_image picture = {sizeof picture, 2, 3, 1, points};
static const size_t places[] = {0, 1, 2};
static const aq_grid grid = {sizeof grid, "photo", 1, 3, places, 0, 0, 0.5, 1.0 / 3, &picture};

static aq_map map_over_picture(const aq_grid *const *grids) {
  static const double weight[] = {0.25, 0, 0.75, 1, -0.5, NAN};
  return (aq_map){.size = sizeof(aq_map),
                  .name = "head",
                  .heads = 1,
                  .rows = 2,
                  .columns = 3,
                  .weight = weight,
                  .key_grid = grids,
                  .key_grids = 1};
}

static void weights_are_drawn_over_a_picture(void **state) {
  (void)state;
  const aq_grid *const grids[] = {&grid};
  const aq_map map = map_over_picture(grids);
  char *png;
  size_t length;
  aq_shown *s = aq_shown_new(false);
  aq_shown_map(s, "m", &map);
  assert_text(s, AQ_TEXT,
              "head, at 1 x 3 places of photo\n1 to 0.75         2 to 1.00\n"
              "░░· ██            ██▒▒·\n\n");
  assert_text(
      s, AQ_JSON,
      "{\"m\":{\"name\":\"head\",\"mixing\":false,\"heads\":1,\"rows\":2,\"columns\":3,\"queries\":null,"
      "\"keys\":null,\"key_grids\":[{\"column\":\"photo\",\"rows\":1,\"columns\":3,\"place\":[0,1,2]}],"
      "\"weight\":[0.25,0,0.75,1,-0.5,null]}}");
  assert_page_has(s, "<rect class=\"heat\" x=\"2.00\" y=\"0.00\" width=\"1.00\" height=\"1.00\" "
                     "fill-opacity=\"0.70\"><title>row 1, column 3: 0.7500</title></rect>");
  assert_int_equal(aq_shown_png(s, &png, &length), AQ_OK);
  assert_true(length > 8);
  assert_memory_equal(png, "\x89PNG", 4);
  aq_text_free(png);
  aq_shown_terminal(s, 80, true);
  assert_text(s, AQ_TEXT,
              "\033[1mhead\033[0m, at 1 x 3 places of photo\n1 to 0.75         2 to 1.00\n"
              "\033[0;38;5;88m▀▀\033[0;38;5;234m▀▀\033[0;38;5;229m▀▀\033[0m            "
              "\033[0;38;5;229m▀▀\033[0;38;5;160m▀▀\033[0;38;5;234m▀▀\033[0m\n\n");
  aq_shown_free(s);
}

static void a_grid_that_is_none_of_its_map_is_refused(void **state) {
  (void)state;
  static const size_t beyond[] = {0, 1, 3};
  aq_grid bad[] = {grid, grid, grid, grid};
  bad[0].place = beyond;
  bad[1].picture = NULL;
  bad[2].rows = SIZE_MAX / 2;
  bad[3].size = 8;
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    const aq_grid *const grids[] = {&bad[k]};
    const aq_map map = map_over_picture(grids);
    char *text;
    aq_shown *s = aq_shown_new(false);
    aq_shown_map(s, NULL, &map);
    assert_int_equal(aq_shown_write(s, AQ_TEXT, &text), AQ_USAGE);
    aq_shown_free(s);
  }
}

static aq_map small_map(void) {
  static const double weight[] = {0.25, 0, 0.75, 1, -0.5, NAN};
  static const char *const words[] = {"魚", "<b>", "c"};
  static const char *const queries[] = {"one", "two"};
  return (aq_map){.size = sizeof(aq_map),
                  .name = "head",
                  .heads = 1,
                  .rows = 2,
                  .columns = 3,
                  .weight = weight,
                  .query = queries,
                  .key = words};
}

static void maps_are_drawn(void **state) {
  (void)state;
  aq_map map = small_map();
  aq_shown *s = aq_shown_new(true);
  aq_shown_map(s, "map", &map);
  assert_text(s, AQ_JSON,
              "{\"map\": {\"name\": \"head\", \"mixing\": false, \"heads\": 1, \"rows\": 2, \"columns\": 3, "
              "\"queries\": [\"one\", \"two\"], \"keys\": [\"魚\", \"<b>\", \"c\"], "
              "\"weight\": [0.25, 0, 0.75, 1, -0.5, null]}}");
  assert_text(s, AQ_TEXT, "head\n       魚   <b>     c\none ▒ .25     · █ .75\ntwo █ 1.0 ▓-.50 ░   ?\n\n");
  assert_page_has(s, "<h2>head</h2>");
  assert_page_has(s, "<th>&lt;b&gt;");
  assert_page_has(s, "<td class=\"n\" style=\"--w:0.500\" title=\"-0.500000\">-0.50");
  aq_shown_terminal(s, 12, true); /* room for one column beside the names */
  char *text = write_as(s, AQ_TEXT);
  assert_non_null(strstr(text, "\033[1mhead\033[0m\n"));
  assert_null(strstr(text, "魚   <b>"));
  free(text);
  aq_shown_free(s);
}

/* A mix is bars; without tokens rows and columns are numbered; of several heads each has its number. */
static void maps_of_other_shapes(void **state) {
  (void)state;
  const double weight[] = {1, 0.5, 0.25, 0.75};
  aq_map mix = {.size = sizeof mix,
                .name = "mix",
                .is_mixing = true,
                .heads = 1,
                .rows = 1,
                .columns = 2,
                .weight = weight},
         empty =
             {.size = sizeof empty, .name = "empty", .heads = 1, .rows = 3, .columns = 0, .weight = weight},
         heads = {.size = sizeof heads, .name = "h", .heads = 2, .rows = 1, .columns = 2, .weight = weight};
  aq_shown *s = aq_shown_new(false);
  aq_shown_map(s, "mix", &mix);
  aq_shown_map(s, "empty", &empty);
  aq_shown_map(s, "heads", &heads);
  aq_shown_map(s, "none", NULL);
  char *text = write_as(s, AQ_TEXT);
  assert_non_null(strstr(text, "mix\n1   1.000 ████████████████████████████████████████\n2   0.500 ████"));
  assert_non_null(strstr(text, "h, head 2 of 2\n"));
  free(text);
  assert_page_has(s, "<th>2<td>0.500<td><i style=\"width:50.0%\">");
  aq_shown_free(s);
}

/* Two lines over five places; one has a gap, and a number that stands alone. */
static aq_curve small_curve(void) {
  static const double at[] = {1, 2, 3, 4, 5}, falls[] = {4, 3, 2, 1, 0}, gap[] = {2, NAN, 1, INFINITY, -1};
  static const char *const key[] = {"a", "b"}, *const name[] = {"<training>", "other"};
  static const double *const value[] = {falls, gap};
  return (aq_curve){.size = sizeof(aq_curve),
                    .title = "loss & more",
                    .about = "How it <went>.",
                    .key = "epoch",
                    .place = "epoch",
                    .at = at,
                    .count = 5,
                    .line_key = key,
                    .line_name = name,
                    .line_value = value,
                    .line_count = 2,
                    .marked = 4,
                    .mark = "kept"};
}

static void curves_are_drawn(void **state) {
  (void)state;
  aq_curve curve = small_curve();
  aq_shown *s = aq_shown_new(false);
  aq_shown_curve(s, "curve", &curve);
  aq_shown_curve(s, "none", NULL);
  aq_shown_about(s, "Pages <alone>.");
  assert_text(s, AQ_JSON, "{\"curve\":{\"epoch\":[1,2,3,4,5],\"a\":[4,3,2,1,0],\"b\":[2,null,1,null,-1]}}");
  assert_text(s, AQ_TEXT, "loss & more\n  <training>  █▆▅▃▁  4 … 0\n  other       █ ▆ ▁  2 … -1\n");
  assert_page_has(s, "<b>loss &amp; more</b>");
  assert_page_has(s, "&lt;training&gt;</span>");
  assert_page_has(s, "<p class=\"about\">How it &lt;went&gt;.</p>");
  assert_page_has(s, "<p class=\"about\">Pages &lt;alone&gt;.</p>");
  assert_page_has(s, ">kept</text>");
  assert_page_has(s, "<title>epoch 5: -1</title>");
  char *page = write_as(s, AQ_HTML);
  const char *path = strstr(page, "<path class=\"curve s1\" d=\"M7"); /* behind that of the legend */
  assert_non_null(path);
  size_t starts = 0, lines = 0;
  for (path = strstr(path, "d=\"") + 3; *path != '"'; path++) {
    starts += *path == 'M';
    lines += *path == 'L';
  }
  assert_int_equal(starts, 3);
  assert_int_equal(lines, 0);
  free(page);
  aq_shown_free(s);
}

/* Whatever the numbers, axes have some ticks, and every coordinate is a number within the drawing. */
static void curves_of_any_numbers(void **state) {
  (void)state;
  static const double set[][3] = {{0, 0, 0},           {NAN, NAN, NAN},   {1e300, -1e300, 0},
                                  {1e-300, 2e-300, 0}, {5, 5 + 1e-12, 5}, {DBL_MAX, 1, -DBL_MAX},
                                  {INFINITY, 1, 2},    {-3, -2, -1e9}};
  static const double at[][3] = {{1, 2, 3}, {0, 0.5, 1}, {7, 7, 7}, {1, 1e9, 2e9}};
  for (size_t k = 0; k < sizeof set / sizeof *set; k++)
    for (size_t place = 0; place < sizeof at / sizeof *at; place++)
      for (size_t count = 0; count <= 3; count++) {
        const char *const name = "y";
        const double *const value = set[k];
        aq_curve curve = {.size = sizeof curve,
                          .title = "t",
                          .at = at[place],
                          .count = count,
                          .line_key = &name,
                          .line_name = &name,
                          .line_value = &value,
                          .line_count = 1};
        aq_shown *s = aq_shown_new(false);
        aq_shown_curve(s, "c", &curve);
        char *page = write_as(s, AQ_HTML), *text = write_as(s, AQ_TEXT);
        const char *drawn = strstr(page, "<svg class=\"plot\"");
        size_t ticks = 0;
        assert_non_null(drawn);
        assert_null(strstr(drawn, "nan"));
        assert_null(strstr(drawn, "inf\""));
        for (const char *tick = drawn; (tick = strstr(tick, "class=\"rule\"")); tick++) ticks++;
        assert_in_range(ticks, 1, 12);
        free(page);
        free(text);
        aq_shown_free(s);
      }
}

static void trees_nest_up_to_a_limit(void **state) {
  (void)state;
  for (int depth = 60; depth <= 100000; depth = depth < 100 ? depth + 20 : depth * 1000) {
    aq_shown *s = aq_shown_new(false);
    char *text;
    for (int k = 0; k < depth; k++) aq_shown_list(s, "a");
    for (int form = AQ_TEXT; form <= AQ_HTML; form++) {
      assert_int_equal(aq_shown_write(s, (enum aq_form)form, &text), depth < 64 ? AQ_OK : AQ_USAGE);
      aq_text_free(text);
    }
    aq_shown_free(s);
  }
}

static void a_tree_within_itself_is_refused(void **state) {
  (void)state;
  aq_shown *s = aq_shown_new(false);
  char *text;
  aq_shown_tree(s, "again", s);
  aq_shown_tree(s, "and again", s);
  assert_int_equal(aq_shown_write(s, AQ_JSON, &text), AQ_USAGE);
  assert_null(text);
  aq_shown_free(s);
}

static void what_cannot_be_written(void **state) {
  (void)state;
  aq_shown *s = aq_shown_new(false);
  char *text;
  assert_int_equal(aq_shown_write(s, (enum aq_form)3, &text), AQ_USAGE);
  assert_int_equal(aq_shown_write(s, (enum aq_form) - 1, &text), AQ_USAGE);
  assert_int_equal(aq_shown_write(s, AQ_TEXT, NULL), AQ_USAGE);
  assert_int_equal(aq_shown_write(NULL, AQ_TEXT, &text), AQ_NO_MEMORY);
  aq_shown_free(s);
}

/* Wherever memory runs out, nothing crashes, and writing says so or is complete. */
static void memory_may_run_out_anywhere(void **state) {
  (void)state;
  aq_map map = small_map();
  aq_curve curve = small_curve();
  for (int form = AQ_TEXT; form <= AQ_HTML; form++)
    for (int room = 0, done = 0; !done; room++) {
      struct ration memory = {.left = room};
      char *text;
      aq_set_allocator(ration_resize, &memory);
      aq_shown *s = aq_shown_new(false);
      aq_shown_title(s, "title");
      aq_shown_text(s, "key", "label", "value");
      aq_shown_map(s, "map", &map);
      aq_shown_curve(s, "curve", &curve);
      int status = aq_shown_write(s, (enum aq_form)form, &text);
      assert_true(status == AQ_OK || (status == AQ_NO_MEMORY && !text));
      done = status == AQ_OK;
      aq_text_free(text);
      aq_shown_free(s);
      aq_set_allocator(NULL, NULL);
      assert_true(room < 1000);
    }
}

static void messages_are_formatted(void **state) {
  (void)state;
  aq_message message = {sizeof message, AQ_BAD_DATA, 3, 7, "a\x1b.aq", "no `x`", "3 | x\n", "is it y?"};
  char *text;
  assert_int_equal(aq_message_format(&message, AQ_ERROR, false, &text), AQ_OK);
  assert_string_equal(text, "a\\x1b.aq:3:7: no `x`\n3 | x\nhint: is it y?\n");
  aq_text_free(text);
  assert_int_equal(aq_message_format(&message, AQ_WARNING, true, &text), AQ_OK);
  assert_string_equal(text, "\033[1ma\\x1b.aq:3:7: \033[0m\033[33mwarning: no `x`\n\033[0m3 | x\n"
                            "\033[36mhint: \033[0mis it y?\n");
  aq_text_free(text);
  assert_int_equal(aq_message_format(&(aq_message){0}, AQ_REMARK, false, &text), AQ_USAGE);
  assert_int_equal(aq_message_format(&(aq_message){.size = sizeof message}, AQ_REMARK, false, &text), AQ_OK);
  assert_string_equal(text, "\n");
  aq_text_free(text);
  assert_int_equal(aq_message_format(NULL, AQ_ERROR, false, &text), AQ_USAGE);
  assert_int_equal(aq_message_format(&message, (enum aq_severity)9, false, &text), AQ_USAGE);
  assert_int_equal(aq_message_format(&message, AQ_ERROR, false, NULL), AQ_USAGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(facts_are_said_in_every_form),
      cmocka_unit_test(compact_json_has_no_spaces),
      cmocka_unit_test(nothing_is_an_empty_form),
      cmocka_unit_test(numbers_that_are_none),
      cmocka_unit_test(json_numbers_read_back_the_same),
      cmocka_unit_test(hostile_strings_stay_strings),
      cmocka_unit_test(hostile_strings_are_spelt_out),
      cmocka_unit_test(maps_are_drawn),
      cmocka_unit_test(maps_of_other_shapes),
      cmocka_unit_test(curves_are_drawn),
      cmocka_unit_test(curves_of_any_numbers),
      cmocka_unit_test(trees_nest_up_to_a_limit),
      cmocka_unit_test(a_tree_within_itself_is_refused),
      cmocka_unit_test(what_cannot_be_written),
      cmocka_unit_test(memory_may_run_out_anywhere),
      cmocka_unit_test(messages_are_formatted),
      cmocka_unit_test(weights_are_drawn_over_a_picture),
      cmocka_unit_test(a_grid_that_is_none_of_its_map_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
