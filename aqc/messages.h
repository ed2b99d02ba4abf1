/* messages.h: what goes to the standard error: errors with their place and a hint, and remarks. */
#ifndef AQC_MESSAGES_H
#define AQC_MESSAGES_H

#include <aq.h>
#include <stdio.h>

/* Call it once, before any message. Under AQ_JSON messages are objects, one to a line. */
void messages_init(enum aq_form form);

/* Prints the message and returns its code. */
int message_print(const aq_message *message);
/* The same for a message of the command itself. hint may be NULL. Returns code. */
int message_fail(int code, const char *hint, const char *format, ...) __attribute__((format(printf, 3, 4)));
int message_no_memory(void);
/* Prints a warning; not under AQ_JSON, where the result lists warnings. */
void message_warning(const aq_message *message);
/* Prints the warnings of a program without errors, and returns how many there are. */
size_t message_warnings(const aq_program *program);
/* The same as a list of a tree, where there are any. */
void message_warnings_facts(aq_shown *shown, const aq_program *program);
/* A message as an object of a tree, {"code": …, …, "hint": …}. */
void message_facts(aq_shown *shown, const char *key, const aq_message *message);
/* Writes the tree to the standard error as a line of JSON, and frees it. */
void message_object(aq_shown *shown);
/* Prints a line; not under AQ_JSON. */
void message_remark(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints a line that should not be missed; under AQ_JSON an object {"remark": …}. */
void message_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_note(const aq_message *message);

/* A value of a metric, "0.9712"; "-" where there is none: the rows have nothing that it counts. */
enum { VALUE_TEXT = 32 };
const char *value_text(char out[static VALUE_TEXT], double value);

#endif
