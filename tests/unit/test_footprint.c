#include "serve/footprint.h"

#include "core/cost.h"
#include "serve/bounds.h"
#include "serve/tls.h"

#include <criterion/criterion.h>

static struct config config_of(int32_t d)
{
    struct config config = {.frame_bytes_max = (size_t)16 << 20,
                            .clients_max = 100,
                            .output_bytes_max = (size_t)64 << 20};

    config.learner.dim = d;
    return config;
}

Test(footprint, adds_up)
{
    struct config config = config_of(8);
    struct footprint f = footprint_of(&config, 2);
    size_t rest = f.process + f.judging + f.image + f.block + f.queue + f.answers + f.request +
                  f.input + f.output + f.clients + f.web;

    cr_assert_eq(f.total, f.state + rest + rest / 8);
    cr_assert_eq(f.input, (size_t)64 << 20, "four times the longest message");
    cr_assert_geq(f.state, 3 * cost_of(8, 2).state_bytes);
    cr_assert_geq(f.judging, 2 * cost_of(8, 2).judging_bytes);
}

Test(footprint, grows_with_each_setting_by_what_it_allows)
{
    struct config config = config_of(8);
    size_t before = footprint_of(&config, 1).total;

    config.access.tls_cert = "a certificate";
    cr_assert_geq(footprint_of(&config, 1).total - before, 100 * TLS_SESSION_BYTES);
    before = footprint_of(&config, 1).total;
    config.clients_max += 1000;
    cr_assert_geq(footprint_of(&config, 1).total - before, 1000 * INPUT_BYTES_OWN);
    before = footprint_of(&config, 1).total;
    config.output_bytes_max += 1 << 20;
    cr_assert_geq(footprint_of(&config, 1).total - before, 1 << 20);
    before = footprint_of(&config, 1).total;
    config.frame_bytes_max += 1 << 20;
    cr_assert_geq(footprint_of(&config, 1).total - before, (8 + 4) << 20);
    before = footprint_of(&config, 1).total;
    config.state_dir = "state";
    cr_assert_geq(footprint_of(&config, 1).total - before, 8 * config.frame_bytes_max);
    before = footprint_of(&config, 1).total;
    config.http.host[0] = 'h';
    cr_assert_geq(footprint_of(&config, 1).total - before, 256 * 32 << 10);
    before = footprint_of(&config, 1).total;
    config.learner.bias = 1;
    cr_assert_geq(footprint_of(&config, 1).total - before,
                  3 * (cost_of(9, 1).state_bytes - cost_of(8, 1).state_bytes));
}
