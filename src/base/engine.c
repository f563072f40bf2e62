/*
 * The engine in a word.
 */
#include <lattn/learner.h>

const char *lattn_engine_text(enum lattn_engine engine)
{
    return engine == LATTN_ENGINE_GRAM ? "gram" : "rls";
}
