#include "base/random.h"

#include <math.h>

uint64_t random_bits(struct random *random)
{
    uint64_t z = random->state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

double random_uniform(struct random *random)
{
    return (double)(random_bits(random) >> 11) * 0x1p-53;
}

uint32_t random_below(struct random *random, uint32_t bound)
{
    return (uint32_t)(random_uniform(random) * bound);
}

void random_normals(struct random *random, double *normals, int64_t count)
{
    for (int64_t i = 0; i < count; i += 2) {
        /* u1 lies in (0, 1], so that its logarithm is finite. */
        double u1 = ((double)(random_bits(random) >> 11) + 1) * 0x1p-53;
        double angle = 2 * M_PI * random_uniform(random);
        double radius = sqrt(-2 * log(u1));

        normals[i] = radius * cos(angle);
        if (i + 1 < count)
            normals[i + 1] = radius * sin(angle);
    }
}
