/* open.h: opens programs and models as the settings say. Each function returns an exit code; when it is not
 * 0, it has said why, and the handle is NULL. */
#ifndef AQC_OPEN_H
#define AQC_OPEN_H

#include "aqc/options.h"

/* The program, also when it has errors, for its diagnostics; NULL: there is none. */
int read_program(const char *path, const struct settings *settings, aq_program **program);
/* After the first error was printed: says how many more there are. */
void remark_more_errors(const char *path, aq_program *program);
int open_program(const char *path, const struct settings *settings, aq_program **program);
int open_model(const char *path, const struct settings *settings, aq_model **model); /* a trained one, .aqm */
/* A model in any form: .aqm, .aqb, or a program to be compiled. */
int open_any(const char *path, const struct settings *settings, aq_model **model);
/* Options of evaluating and predicting as the settings say them. */
aq_eval_options eval_options(const struct settings *settings);
/* AQ_OK, or AQ_USAGE when --threshold is no probability. */
int check_threshold(const struct settings *settings);
/* A session of a trained model. */
int open_session(aq_model *model, const struct settings *settings, aq_session **session);
/* Writes fields of a row into names, each once, as "text, label": those that the model reads, those without
 * the text that it writes, or all, with targets. Returns how many. */
enum fields { FIELDS_READ, FIELDS_UNWRITTEN, FIELDS_ALL };
int model_fields(const aq_model *model, enum fields which, char *names, size_t size);
/* Field `number` of those for predicting, from 0. */
const char *model_field(const aq_model *model, int number);
/* Refuses to write a result over one of the inputs, or over a text in a folder that is one. option: the one
 * that names the output, "-o". output and input may be NULL. */
int refuse_overwriting(const char *option, const char *output, const char *input);
/* The same of --weights, a model or a folder with files of pretrained weights. */
int refuse_overwriting_weights(const char *option, const char *output, const char *weights);
/* The same of the files that the program names (aq_program_file). */
int refuse_overwriting_named(const char *option, const char *output, const aq_program *program);
/* The same of a program that is not open yet. One with errors is not judged here. */
int refuse_overwriting_of(const char *option, const char *output, const char *path);

#endif
