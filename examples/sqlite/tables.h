/* tables.h: functions of SQL that give tables. */
#ifndef TABLES_H
#define TABLES_H

#include "models.h"

/* Registers aq_top and aq_attention, as users of the models. A status of SQLite's. */
int tables_register(sqlite3 *db, struct models *models);

#endif
