#include "talk.h"
#include "verbs.h"

/* The verb where the library that speaks NATS was not there when lattn was built. */
enum verb_exit publish_run(int argc, char **argv)
{
    (void)argc;
    talk(argv[0], NULL, "this build has no NATS: libnats was missing when it was made");
    return VERB_REFUSED;
}
