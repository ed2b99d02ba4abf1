/* messages.h: what goes to the standard error: errors with their place and a hint, and remarks. */
#ifndef AQC_MESSAGES_H
#define AQC_MESSAGES_H

#include <aq.h>
#include <stdio.h>

/* Once, before any message. json: errors are JSON objects, one per line. */
void messages_init(bool json);

/* Prints the message and returns its code. */
int message_print(const aq_message *message);
/* The same for a message of the command itself. hint may be NULL. Returns code. */
int message_fail(int code, const char *hint, const char *format, ...) __attribute__((format(printf, 3, 4)));
int message_no_memory(void);
/* A warning with its place; nothing under --json, which lists them elsewhere. */
void message_warning(const aq_message *message);
/* The members of a message as an object, {"code": …, …, "hint": …}. */
void message_json(FILE *out, const aq_message *message);
/* A line that is no error; nothing under --json. */
void message_remark(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What should be known although it is no error; under --json an object {"remark": …}. */
void message_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_note(const aq_message *message);

#endif
