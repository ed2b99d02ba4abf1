/* vtab.c: what the functions whose values are tables share. */
#include <string.h>

#include "vtab.h"
SQLITE_EXTENSION_INIT3

int vtab_disconnect(sqlite3_vtab *table) {
  sqlite3_free(table);
  return SQLITE_OK;
}

int vtab_open_cursor(size_t size, sqlite3_vtab_cursor **made) {
  *made = sqlite3_malloc64(size);
  if (!*made) return SQLITE_NOMEM;
  memset(*made, 0, size);
  return SQLITE_OK;
}

int vtab_take_arguments(sqlite3_index_info *info, int first, int most, unsigned *given) {
  unsigned later = 0;
  *given = 0;
  for (int k = 0; k < info->nConstraint; k++) {
    int argument = info->aConstraint[k].iColumn - first;
    if (argument < 0 || argument >= most || info->aConstraint[k].op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    unsigned bit = 1u << argument;
    if (!info->aConstraint[k].usable) later |= bit;
    if (!info->aConstraint[k].usable || (*given & bit)) continue;
    *given |= bit;
    info->aConstraintUsage[k].argvIndex = argument + 1;
    info->aConstraintUsage[k].omit = 1;
  }
  return later & ~*given ? SQLITE_CONSTRAINT : SQLITE_OK;
}
