#ifndef STORE_SWEEP_H
#define STORE_SWEEP_H

#include <lattn/status.h>

#include "store/volume.h"

/*
 * Remove what the head does not need: pieces of checkpoints that it does not name, and records at
 * or before the oldest one that it does. Some in each transaction, and patiently.
 *
 * Returns as volume_commit; what was not removed yet does no harm.
 */
enum lattn_status sweep(struct volume *volume, struct lattn_complaint *complaint);

#endif
