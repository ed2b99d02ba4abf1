/* vtab.h: what the functions whose values are tables share. */
#ifndef VTAB_H
#define VTAB_H

#include <sqlite3ext.h>

int vtab_disconnect(sqlite3_vtab *table);
/* Makes a cursor of `size` bytes, all 0, which begins with a sqlite3_vtab_cursor. */
int vtab_open_cursor(size_t size, sqlite3_vtab_cursor **made);
/* The arguments of a function are values of hidden columns, of which `first` is the first and `most` are
 * there. Asks for all that are given: bit k of *given is argument k. SQLITE_CONSTRAINT: one is known only in
 * another order of the tables. */
int vtab_take_arguments(sqlite3_index_info *info, int first, int most, unsigned *given);

#endif
