#ifndef CORE_CANONICAL_H
#define CORE_CANONICAL_H

#include "core/layer.h"

#include <lattn/model.h>
#include <lattn/status.h>

/*
 * Write a layer (plain coordinates) as the heads of a model, in a form that the function it
 * computes determines wherever it determines T: V_h and Q_h are the singular vectors of T unfolded
 * to (m d) x (d d) times sqrt(sigma_h), largest first, the largest entry of each V_h positive.
 *
 * One output leaves T open even so: the V_h are then made orthonormal and Q takes its least norm
 * before T is formed, by making V_k'Q_h symmetric in h and k.
 *
 * layer  in, lost;   model  in/out  of the same sizes: V, Q and sigma are written
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status canonical_write(struct layer *layer, struct lattn_model *model);

#endif
