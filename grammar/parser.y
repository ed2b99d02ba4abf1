/* parser.y: the grammar of aq. It builds the tree of ast.h through the functions of ast.c and does nothing
 * else; all memory is the arena's, so a parse that is given up needs no destructors. */
%require "3.8"
%define api.pure full
%define api.prefix {gr_yy}
%define api.token.prefix {GR_T_}
%define api.location.type {struct gr_span}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param {struct gr_parser *parser}

%code requires {
#include "grammar/parse.h"
}

%code provides {
int gr_yylex(GR_YYSTYPE *value, GR_YYLTYPE *span, struct gr_parser *parser);  /* lexer.l */
}

%union {
  const char *text;
  struct gr_node *node;
  struct gr_list *list;
}

%code {
#include <stdio.h>
/* The stack begins small and grows in the arena (recover.c). yyparse() == 2: bison had no memory for its
 * look-ahead. */
#define YYINITDEPTH 100
#define YYMAXDEPTH GR_STACK
#define MOVE(stack, used, depth) \
  *(stack) = gr_move_stack(parser, *(stack), (size_t)(used), (depth) * sizeof **(stack))
#define yyoverflow(message, states, states_used, values, values_used, spans, spans_used, depth) \
  do { \
    size_t larger = gr_larger_stack(parser, (size_t)*(depth)); \
    MOVE(states, states_used, larger), MOVE(values, values_used, larger), MOVE(spans, spans_used, larger); \
    if (larger && !parser->error->code) *(depth) = (long)larger; \
  } while (0)
#define YYMALLOC rt_alloc
#define YYFREE rt_free

#define YYLLOC_DEFAULT(current, rhs, n) \
  ((current) = (n) > 0 ? gr_span_join(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, n)) \
                       : (struct gr_span){YYRHSLOC(rhs, 0).source, YYRHSLOC(rhs, 0).end, \
                                          YYRHSLOC(rhs, 0).end})

/* Every action is one of these: a builder that returned NULL has left its error, and the parser recovers from
 * it. */
#define MAKE(target, value) \
  do { \
    if (!((target) = (value))) { \
      if (gr_must_stop(parser)) YYABORT; \
      YYERROR; \
    } \
  } while (0)
#define LIST(...) gr_list_of(parser, __VA_ARGS__)
#define ADD(list, node) gr_list_add(parser, list, node)
#define LEAF(kind, span, text) gr_leaf(parser, GR_##kind, span, text)
#define NODE(kind, span, ...) gr_node(parser, GR_##kind, span, __VA_ARGS__)
#define SEQ(kind, span, list) gr_seq(parser, GR_##kind, span, list)

static void gr_yyerror(GR_YYLTYPE *span, struct gr_parser *parser, const char *message);
}

%token <text> NAME "a name" NUMBER "a number" STRING "a string"
%token IMPORT "`import`" AS "`as`" DIM "`dim`" CONST "`const`" DATA "`data`" FN "`fn`" HEAD "`head`"
%token MODEL "`model`" LOSS "`loss`" TRAIN "`train`"
%token EXTERN "`extern`" RETURN "`return`" FOR "`for`" IN "`in`" IF "`if`" ELSE "`else`" WITH "`with`"
%token PARAM "`param`"
%token INSTANCE "`instance`" AND "`and`" OR "`or`" NOT "`not`" OF "`of`"
%token LE "`<=`" GE "`>=`" EQ "`==`" NE "`!=`" LT "`<`" GT "`>`" PLUS "`+`" MINUS "`-`"
%token TIMES "`*`" DIVIDE "`/`" QUOTIENT "`//`" MODULO "`%`"
%token MATMUL "`@`" POWER "`^`" PRIME "`'`" DOT "`.`" LPAREN "`(`" LBRACKET "`[`"
%token ARROW "`->`" ASSIGN "`=`" COMMA "`,`" RPAREN "`)`" RBRACKET "`]`" COLON "`:`" DOTS "`..`"
%token ELLIPSIS "`...`"
%token END "a new line" LBRACE "`{`" RBRACE "`}`"
%token COMMENT LINE   /* verbatim reading only, never seen by this grammar */
%token SETTING   /* comes before a text that is no program but a setting, as the command line gives one */
%token YYEOF 0 "the end of the file"

%type <list> items item dims consts columns params param_list outputs entries entry_list statement_list
%type <list> names results extern_params extern_list
%type <list> arguments argument_list with_entries slot dim_list limit_list index_list value_list
%type <node> dim const import import_as data column fn head head_dim model loss train setting extern param
%type <node> extern_param extern_type library gradient type_opt type result_opt default_opt body
%type <node> output entry block statement let for if else_opt return result given value expr conjunction
%type <node> negation comparison chain sum product
%type <node> unary power operand postfix primary path argument
%type <node> with_opt with_entry shape shape_item list_item data_shape_opt limit index range
%type <text> order sum_op product_op loss_name

%%

file
  : %empty          { MAKE(parser->root, SEQ(FILE, @$, NULL)); }
  | items           { MAKE(parser->root, SEQ(FILE, @$, $1)); }
  | items END       { MAKE(parser->root, SEQ(FILE, @1, $1)); }
  | SETTING setting { MAKE(parser->root, NODE(FILE, @2, 1, $2)); }
  ;

setting
  : TRAIN DOT entry  { MAKE($$, NODE(TRAIN, @$, 1, $3)); }
  | argument
  | loss_name        { MAKE($$, NODE(ARG, @$, 1, LEAF(NAME, @1, $1))); }
  ;

/* `loss` as a name: the metric, as in metric = loss, or a part of a path. */
loss_name
  : LOSS             { $$ = "loss"; }
  ;

items
  : item
  | items END item  { MAKE($$, gr_list_join(parser, $1, $3)); }
  ;

item
  : DIM dims        { $$ = $2; }
  | CONST consts    { $$ = $2; }
  | import          { MAKE($$, LIST(1, $1)); }
  | data            { MAKE($$, LIST(1, $1)); }
  | fn              { MAKE($$, LIST(1, $1)); }
  | head            { MAKE($$, LIST(1, $1)); }
  | model           { MAKE($$, LIST(1, $1)); }
  | loss            { MAKE($$, LIST(1, $1)); }
  | train           { MAKE($$, LIST(1, $1)); }
  | extern          { MAKE($$, LIST(1, $1)); }
  | error
      {
        if (!gr_recover(parser, yychar)) YYABORT;
        if (yychar != GR_T_YYEOF) yyclearin;
        yyerrok;
        MAKE($$, LIST(0));
      }
  ;

/* ---- items ---- */

import
  : IMPORT STRING import_as
      { parser->imports = true; MAKE($$, gr_named(NODE(IMPORT, @$, 1, $3), $2, @2)); }
  ;

import_as
  : %empty                 { $$ = NULL; }
  | AS NAME                { MAKE($$, LEAF(NAME, @2, $2)); }
  ;

dims
  : dim                    { MAKE($$, LIST(1, $1)); }
  | dims COMMA dim         { MAKE($$, ADD($1, $3)); }
  ;

dim
  : NAME ASSIGN expr       { MAKE($$, gr_named(NODE(DIM, @$, 1, $3), $1, @1)); }
  ;

consts
  : const                  { MAKE($$, LIST(1, $1)); }
  | consts COMMA const     { MAKE($$, ADD($1, $3)); }
  ;

const
  : NAME ASSIGN expr       { MAKE($$, gr_named(NODE(CONST, @$, 1, $3), $1, @1)); }
  ;

data
  : DATA LBRACE columns RBRACE          { MAKE($$, SEQ(DATA, @$, $3)); }
  | DATA LBRACE columns divider RBRACE  { MAKE($$, SEQ(DATA, @$, $3)); }
  ;

divider
  : END
  | COMMA
  ;

columns
  : column                 { MAKE($$, LIST(1, $1)); }
  | columns divider column { MAKE($$, ADD($1, $3)); }
  ;

column
  : NAME COLON NAME data_shape_opt
      { MAKE($$, LEAF(NAME, @3, $3)); MAKE($$, gr_named(NODE(COLUMN, @$, 2, $$, $4), $1, @1)); }
  | NAME COLON NAME data_shape_opt arguments
      {
        MAKE($$, LEAF(NAME, @3, $3));
        MAKE($5, gr_list_insert(parser, $5, 0, $$));
        MAKE($5, gr_list_insert(parser, $5, 1, $4));
        MAKE($$, gr_named(SEQ(COLUMN, @$, $5), $1, @1));
      }
  ;

data_shape_opt
  : %empty                        { $$ = NULL; }
  | LBRACKET limit_list RBRACKET  { MAKE($$, SEQ(SHAPE, @$, $2)); }
  ;

limit_list
  : limit                   { MAKE($$, LIST(1, $1)); }
  | limit_list COMMA limit  { MAKE($$, ADD($1, $3)); }
  ;

limit
  : sum
  | sum LE sum              { MAKE($$, gr_limit(parser, @$, $1, $3)); }
  | sum LE NAME LE sum
      { MAKE($$, LEAF(NAME, @3, $3)); MAKE($$, NODE(LIMIT, @$, 3, $$, $5, $1)); }
  ;

fn
  : FN NAME params result_opt body
      { MAKE($$, SEQ(PARAMS, @3, $3)); MAKE($$, gr_named(NODE(FN, @$, 3, $$, $4, $5), $2, @2)); }
  ;

body
  : block
  | ASSIGN value
      { MAKE($$, NODE(RETURN, @2, 1, $2)); MAKE($$, NODE(BLOCK, @2, 1, $$)); }
  ;

head
  : HEAD head_dim NAME params result_opt block
      { MAKE($$, SEQ(PARAMS, @4, $4)); MAKE($$, gr_named(NODE(HEAD, @$, 4, $$, $5, $6, $2), $3, @3)); }
  ;

head_dim
  : %empty                  { $$ = NULL; }
  | LBRACKET NAME RBRACKET  { MAKE($$, LEAF(NAME, @2, $2)); }
  ;

model
  : MODEL NAME params ARROW outputs block
      {
        MAKE($$, SEQ(PARAMS, @3, $3));
        struct gr_node *outputs;
        MAKE(outputs, SEQ(OUTPUTS, @5, $5));
        MAKE($$, gr_named(NODE(MODEL, @$, 3, $$, outputs, $6), $2, @2));
      }
  ;

outputs
  : output                  { MAKE($$, LIST(1, $1)); }
  | outputs COMMA output    { MAKE($$, ADD($1, $3)); }
  ;

output
  : NAME                    { MAKE($$, LEAF(NAME, @1, $1)); }
  | NAME arguments
      {
        MAKE($$, LEAF(NAME, @1, $1));
        MAKE($2, gr_list_insert(parser, $2, 0, $$));
        MAKE($2, ADD($2, NULL));
        MAKE($$, SEQ(CALL, @$, $2));
      }
  ;

loss
  : LOSS expr               { MAKE($$, NODE(LOSS, @$, 1, $2)); }
  ;

train
  : TRAIN entries           { MAKE($$, SEQ(TRAIN, @$, $2)); }
  ;

extern
  : EXTERN FN NAME extern_params ARROW extern_type library gradient
      { MAKE($$, SEQ(PARAMS, @4, $4)); MAKE($$, gr_named(NODE(EXTERN, @$, 4, $$, $6, $7, $8), $3, @3)); }
  ;

extern_params: LPAREN RPAREN { MAKE($$, LIST(0)); } | LPAREN extern_list RPAREN { $$ = $2; };

extern_list
  : extern_param                    { MAKE($$, LIST(1, $1)); }
  | extern_list COMMA extern_param  { MAKE($$, ADD($1, $3)); }
  ;

extern_param: NAME COLON extern_type  { MAKE($$, gr_named(NODE(PARAM, @$, 2, $3, NULL), $1, @1)); };

extern_type
  : shape                  { MAKE($$, NODE(TYPE, @$, 2, $1, NULL)); }
  | shape OF NAME          { MAKE($$, LEAF(NAME, @3, $3)); MAKE($$, NODE(TYPE, @$, 2, $1, $$)); }
  | shape OF NUMBER        { MAKE($$, gr_number(parser, @3, $3)); MAKE($$, NODE(TYPE, @$, 2, $1, $$)); }
  | NAME                   { MAKE($$, gr_number_type(parser, @1, $1)); }
  ;

library: %empty { $$ = NULL; }
  | NAME STRING            { MAKE($$, gr_after(parser, LEAF(STRING, @2, $2), "from", $1, @1)); }
  ;

gradient: %empty { $$ = NULL; }
  | WITH NAME NAME         { MAKE($$, gr_after(parser, LEAF(NAME, @3, $3), "gradient", $2, @2)); }
  | WITH NAME ASSIGN NAME  { MAKE($$, gr_after(parser, LEAF(NAME, @4, $4), "gradient", $2, @2)); }
  ;

entries
  : LBRACE RBRACE                     { MAKE($$, LIST(0)); }
  | LBRACE entry_list RBRACE          { $$ = $2; }
  | LBRACE entry_list divider RBRACE  { $$ = $2; }
  ;

entry_list
  : entry                     { MAKE($$, LIST(1, $1)); }
  | entry_list divider entry  { MAKE($$, ADD($1, $3)); }
  ;

entry
  : NAME ASSIGN value         { MAKE($$, gr_named(NODE(ARG, @$, 1, $3), $1, @1)); }
  | NAME ASSIGN loss_name
      { MAKE($$, gr_named(NODE(ARG, @$, 1, LEAF(NAME, @3, $3)), $1, @1)); }
  ;

/* ---- parts of items ---- */

params
  : LPAREN RPAREN                   { MAKE($$, LIST(0)); }
  | LPAREN param_list RPAREN        { $$ = $2; }
  | LPAREN param_list COMMA RPAREN  { $$ = $2; }
  ;

param_list
  : param                   { MAKE($$, LIST(1, $1)); }
  | param_list COMMA param  { MAKE($$, ADD($1, $3)); }
  ;

param
  : NAME type_opt default_opt  { MAKE($$, gr_named(NODE(PARAM, @$, 2, $2, $3), $1, @1)); }
  | NAME ELLIPSIS type_opt     { MAKE($$, gr_named(NODE(PARAM, @$, 2, $3, NULL), $1, @1)); $$->number = 1; }
  ;

type_opt
  : %empty          { $$ = NULL; }
  | COLON type      { $$ = $2; }
  ;

result_opt
  : %empty          { $$ = NULL; }
  | ARROW type      { $$ = $2; }
  ;

default_opt
  : %empty          { $$ = NULL; }
  | ASSIGN value    { $$ = $2; }
  ;

type
  : shape           { MAKE($$, NODE(TYPE, @$, 2, $1, NULL)); }
  | shape OF sum    { MAKE($$, NODE(TYPE, @$, 2, $1, $3)); }
  ;

shape
  : LBRACKET RBRACKET           { MAKE($$, SEQ(SHAPE, @$, NULL)); }
  | LBRACKET dim_list RBRACKET  { MAKE($$, SEQ(SHAPE, @$, $2)); }
  ;

dim_list
  : shape_item                  { MAKE($$, LIST(1, $1)); }
  | dim_list COMMA shape_item   { MAKE($$, ADD($1, $3)); }
  ;

shape_item
  : sum
  | TIMES NAME                  { MAKE($$, gr_named(LEAF(STAR, @$, $2), $2, @2)); }
  ;

/* ---- statements ---- */

block
  : LBRACE RBRACE                     { MAKE($$, SEQ(BLOCK, @$, NULL)); }
  | LBRACE statement_list RBRACE      { MAKE($$, SEQ(BLOCK, @$, $2)); }
  | LBRACE statement_list END RBRACE  { MAKE($$, SEQ(BLOCK, @$, $2)); }
  ;

statement_list
  : statement                     { MAKE($$, LIST(1, $1)); }
  | statement_list END statement  { MAKE($$, ADD($1, $3)); }
  ;

statement
  : let
  | for
  | if
  | return
  ;

let
  : names ASSIGN given  { MAKE($1, ADD($1, $3)); MAKE($$, SEQ(LET, @$, $1)); }
  ;

names
  : NAME                { struct gr_node *name; MAKE(name, LEAF(NAME, @1, $1)); MAKE($$, LIST(1, name)); }
  | names COMMA NAME    { struct gr_node *name; MAKE(name, LEAF(NAME, @3, $3)); MAKE($$, ADD($1, name)); }
  ;

for
  : FOR NAME IN sum DOTS sum block
      {
        MAKE($$, NODE(RANGE, gr_span_join(@4, @6), 2, $4, $6));
        MAKE($$, gr_named(NODE(FOR, @$, 2, $$, $7), $2, @2));
      }
  ;

if
  : IF expr block else_opt    { MAKE($$, NODE(IF, @$, 3, $2, $3, $4)); }
  ;

else_opt
  : %empty          { $$ = NULL; }
  | ELSE block      { $$ = $2; }
  | ELSE if         { $$ = $2; }
  ;

return
  : RETURN results  { MAKE($$, SEQ(RETURN, @$, $2)); }
  ;

results: result  { MAKE($$, LIST(1, $1)); } | results COMMA result  { MAKE($$, ADD($1, $3)); };

given: value | block;

result: value | NAME ASSIGN value  { MAKE($$, gr_named(NODE(ARG, @$, 1, $3), $1, @1)); };

/* ---- expressions, loosest first ---- */

value
  : expr
  | PARAM shape ASSIGN expr  { MAKE($$, NODE(PARAMETER, @$, 2, $2, $4)); }
  | INSTANCE path            { MAKE($$, NODE(INSTANCE, @$, 1, $2)); }
  ;

path
  : NAME                     { MAKE($$, LEAF(NAME, @1, $1)); }
  | path DOT NAME            { MAKE($$, gr_named(NODE(MEMBER, @$, 1, $1), $3, @3)); }
  ;

expr
  : conjunction
  | expr OR conjunction      { MAKE($$, gr_binary(parser, "or", $1, $3)); }
  ;

conjunction
  : negation
  | conjunction AND negation { MAKE($$, gr_binary(parser, "and", $1, $3)); }
  ;

negation
  : comparison
  | NOT negation             { MAKE($$, gr_named(NODE(UNARY, @$, 1, $2), "not", @$)); }
  ;

comparison
  : sum
  | chain
  ;

chain
  : sum order sum            { MAKE($$, gr_binary(parser, $2, $1, $3)); }
  | chain order sum          { MAKE($$, gr_chain(parser, $1, $2, $3)); }
  ;

order
  : LT { $$ = "<"; }  | LE { $$ = "<="; } | GT { $$ = ">"; }
  | GE { $$ = ">="; } | EQ { $$ = "=="; } | NE { $$ = "!="; }
  ;

sum
  : product
  | sum sum_op product       { MAKE($$, gr_binary(parser, $2, $1, $3)); }
  ;

sum_op
  : PLUS { $$ = "+"; } | MINUS { $$ = "-"; }
  ;

product
  : unary
  | product product_op unary { MAKE($$, gr_binary(parser, $2, $1, $3)); }
  ;

product_op: TIMES { $$ = "*"; } | DIVIDE { $$ = "/"; } | QUOTIENT { $$ = "//"; } | MODULO { $$ = "%"; }
          | MATMUL { $$ = "@"; };

unary
  : power
  | MINUS unary              { MAKE($$, gr_named(NODE(UNARY, @$, 1, $2), "-", @$)); }
  ;

power
  : operand
  | operand POWER unary      { MAKE($$, gr_binary(parser, "^", $1, $3)); }
  ;

operand
  : postfix
  | NUMBER                   { MAKE($$, gr_number(parser, @1, $1)); }
  | STRING                   { MAKE($$, LEAF(STRING, @1, $1)); }
  ;

postfix
  : primary
  | postfix PRIME            { MAKE($$, NODE(TRANSPOSE, @$, 1, $1)); }
  | postfix DOT NAME         { MAKE($$, gr_member(parser, @$, $1, $3, @3)); }
  | postfix DOT loss_name    { MAKE($$, gr_member(parser, @$, $1, $3, @3)); }
  | postfix LBRACKET index_list RBRACKET
      { MAKE($3, gr_list_insert(parser, $3, 0, $1)); MAKE($$, SEQ(INDEX, @$, $3)); }
  | postfix arguments with_opt
      {
        MAKE($2, gr_list_insert(parser, $2, 0, $1));
        MAKE($2, ADD($2, $3));
        MAKE($$, SEQ(CALL, @$, $2));
      }
  ;

primary
  : NAME                     { MAKE($$, LEAF(NAME, @1, $1)); }
  | LPAREN expr RPAREN       { $$ = $2; }
  | LBRACKET RBRACKET             { MAKE($$, SEQ(LIST, @$, NULL)); }
  | LBRACKET value_list RBRACKET  { MAKE($$, SEQ(LIST, @$, $2)); }
  | LBRACKET expr FOR NAME IN sum DOTS sum RBRACKET
      {
        MAKE($$, NODE(RANGE, gr_span_join(@6, @8), 2, $6, $8));
        MAKE($$, gr_named(NODE(EACH, @$, 2, $$, $2), $4, @4));
      }
  | PARAM shape              { MAKE($$, NODE(PARAMETER, @$, 2, $2, NULL)); }
  | LPAREN PARAM shape ASSIGN expr RPAREN
      { MAKE($$, NODE(PARAMETER, gr_span_join(@2, @5), 2, $3, $5)); }
  ;

value_list
  : list_item                   { MAKE($$, LIST(1, $1)); }
  | value_list COMMA list_item  { MAKE($$, ADD($1, $3)); }
  ;

list_item: expr | TIMES NAME  { MAKE($$, gr_named(LEAF(STAR, @$, $2), $2, @2)); };

arguments
  : LPAREN RPAREN                      { MAKE($$, LIST(0)); }
  | LPAREN argument_list RPAREN        { $$ = $2; }
  | LPAREN argument_list COMMA RPAREN  { $$ = $2; }
  ;

argument_list
  : argument                      { MAKE($$, LIST(1, $1)); }
  | argument_list COMMA argument  { MAKE($$, ADD($1, $3)); }
  ;

argument
  : value                    { MAKE($$, NODE(ARG, @$, 1, $1)); }
  | NAME ASSIGN value        { MAKE($$, gr_named(NODE(ARG, @$, 1, $3), $1, @1)); }
  ;

with_opt
  : %empty                                   { $$ = NULL; }
  | WITH LBRACE with_entries RBRACE          { MAKE($$, SEQ(WITH, @$, $3)); }
  | WITH LBRACE with_entries divider RBRACE  { MAKE($$, SEQ(WITH, @$, $3)); }
  ;

with_entries
  : with_entry                       { MAKE($$, LIST(1, $1)); }
  | with_entries divider with_entry  { MAKE($$, ADD($1, $3)); }
  ;

with_entry
  : slot ASSIGN given        { MAKE($$, gr_slot(parser, @$, $1, $3)); }
  ;

slot
  : NAME                { struct gr_node *name; MAKE(name, LEAF(NAME, @1, $1)); MAKE($$, LIST(1, name)); }
  | slot DOT NAME       { struct gr_node *name; MAKE(name, LEAF(NAME, @3, $3)); MAKE($$, ADD($1, name)); }
  ;

index_list
  : index                    { MAKE($$, LIST(1, $1)); }
  | index_list COMMA index   { MAKE($$, ADD($1, $3)); }
  ;

index
  : expr
  | range
  ;

range
  : sum DOTS sum             { MAKE($$, NODE(RANGE, @$, 2, $1, $3)); }
  | sum DOTS                 { MAKE($$, NODE(RANGE, @$, 2, $1, NULL)); }
  | DOTS sum                 { MAKE($$, NODE(RANGE, @$, 2, NULL, $2)); }
  | DOTS                     { MAKE($$, NODE(RANGE, @$, 2, NULL, NULL)); }
  ;

%%

/* Only for "memory exhausted", which gr_read reports. */
static void gr_yyerror(GR_YYLTYPE *span, struct gr_parser *parser, const char *message) {
  (void)span, (void)parser, (void)message;
}

#include "grammar/expected.h"
