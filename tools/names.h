#ifndef NAMES_H
#define NAMES_H

#include "client.h"

#include <lattn/model.h>

/*
 * Ask the daemon for its learner's sizes and names, as a model without heads. No other request may
 * be under way.
 *
 * ret_model  out  given; NULL where nothing has been learned yet
 *
 * Returns VERB_DONE; otherwise says why not and returns VERB_REFUSED.
 */
enum verb_exit names_fetch(struct client *client, struct lattn_model **ret_model);

/*
 * The same in steps: the request, and what its answer says.
 *
 * Returns LATTN_OK; LATTN_NAME where the daemon refuses, with the reason in the reply; LATTN_FIELD
 * or LATTN_NO_MEMORY.
 */
struct lattn_request names_request(void);
enum lattn_status names_read(const struct lattn_reply *reply, struct lattn_model **ret_model);

/* The name of a coordinate or output of the model, "" where it has none. */
const char *names_coordinate(const struct lattn_model *model, int32_t coordinate);
const char *names_output(const struct lattn_model *model, int32_t output);

#endif
