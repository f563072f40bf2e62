#include "base/complaint.h"

#include <string.h>

enum { PATH_BYTES_MAX = 100 };

enum lattn_status complaint_blame(struct lattn_complaint *complaint, enum lattn_status status,
                                  const char *path, const char *why)
{
    size_t length = strlen(path);
    const char *tail = length > PATH_BYTES_MAX ? path + length - PATH_BYTES_MAX : path;

    return complain(complaint, status, "%s: %.150s", tail,
                    why[0] != '\0' ? why : lattn_status_text(status));
}
