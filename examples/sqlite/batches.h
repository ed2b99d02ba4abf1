/* batches.h: many rows at once. */
#ifndef BATCHES_H
#define BATCHES_H

#include "models.h"

/* Registers aq_predict_all, as a user of the models. A status of SQLite's. */
int batches_register(sqlite3 *db, struct models *models);

#endif
