#ifndef BESIDE_H
#define BESIDE_H

#include <limits.h>

/*
 * The lattnd that was installed or built with us, or else the name by which a shell would find one.
 *
 * room  for a path; the result may lie there
 */
const char *beside_daemon(char room[PATH_MAX]);

#endif
