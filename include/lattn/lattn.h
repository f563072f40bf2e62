#ifndef LATTN_LATTN_H
#define LATTN_LATTN_H

/* Everything that liblattn offers. */
#include <lattn/address.h>
#include <lattn/batch.h>
#include <lattn/bench.h>
#include <lattn/certificate.h>
#include <lattn/emission.h>
#include <lattn/frame.h>
#include <lattn/layout.h>
#include <lattn/learner.h>
#include <lattn/limits.h>
#include <lattn/link.h>
#include <lattn/model.h>
#include <lattn/names.h>
#include <lattn/query.h>
#include <lattn/secret.h>
#include <lattn/service.h>
#include <lattn/spectrum.h>
#include <lattn/state.h>
#include <lattn/status.h>
#include <lattn/tasks.h>
#include <lattn/transcript.h>
#include <lattn/version.h>
#include <lattn/wire.h>

#endif
