#ifndef SERVE_EXPLAIN_H
#define SERVE_EXPLAIN_H

#include "serve/config.h"

#include <stdio.h>

/*
 * Write what a configuration will cost, from formulas: memory, work per pair, bounds. Its dim must
 * be known. Allocates nothing of it.
 */
void explain_print(const struct config *config, FILE *out);

#endif
