#include "serve/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

int descriptors_fill_standard(void)
{
    int descriptor;

    do {
        descriptor = open("/dev/null", O_RDWR);
    } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    if (descriptor < 0)
        return -1;
    return close(descriptor);
}

int64_t descriptors_raise(void)
{
    struct rlimit limit;
    struct rlimit raised;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    raised = (struct rlimit){.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    return (int64_t)(setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised : limit).rlim_cur;
}
