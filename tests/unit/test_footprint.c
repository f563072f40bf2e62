#include "serve/footprint.h"

#include "core/cost.h"
#include "serve/bounds.h"
#include "serve/tls.h"

#include <criterion/criterion.h>
#include <string.h>

static struct config config_of(int32_t d)
{
    struct config config = {.frame_bytes_max = (size_t)16 << 20,
                            .clients_max = 100,
                            .output_bytes_max = (size_t)64 << 20};

    config.learner.dim = d;
    config.learner.forget = 1;
    return config;
}

Test(footprint, adds_up)
{
    struct config config = config_of(8);
    struct footprint f = footprint_of(&config, 2);
    size_t rest = f.process + f.judging + f.image + f.block + f.queue + f.answers + f.request +
                  f.input + f.output + f.clients + f.sources + f.web;

    cr_assert_eq(f.total, f.state + rest + rest / 8);
    cr_assert_eq(f.input, (size_t)64 << 20, "four times the longest message");
    cr_assert_geq(f.state, 3 * cost_of(8, 2, LATTN_ENGINE_RLS).state_bytes);
    cr_assert_geq(f.judging, 2 * cost_of(8, 2, LATTN_ENGINE_RLS).judging_bytes);
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
                  3 * (cost_of(9, 1, LATTN_ENGINE_RLS).state_bytes -
                       cost_of(8, 1, LATTN_ENGINE_RLS).state_bytes));
}

/* A message of the greatest length is fetched while one is learned and another one waits. */
Test(footprint, counts_batches_of_each_source)
{
    struct config config = config_of(8);
    struct footprint before = footprint_of(&config, 1), one, two;

    cr_assert_eq(before.sources, 0);
    config.sources_count = 1;
    one = footprint_of(&config, 1);
    cr_assert_geq(one.sources, (1 + 2 * 8) * config.frame_bytes_max);
    cr_assert_geq(one.total - before.total, one.sources);
    config.sources_count = 2;
    two = footprint_of(&config, 1);
    cr_assert_geq(two.sources - one.sources, (1 + 2 * 8) * config.frame_bytes_max);
    config.frame_bytes_max = 1000;
    cr_assert_geq(footprint_of(&config, 1).sources, (2 + 2 * 2 * 8) * (size_t)QUEUE_BYTES_SHARE,
                  "short ones come together");
}

Test(footprint, counts_a_root_that_is_derived)
{
    struct config config = config_of(8);
    struct cost cost = cost_of(8, 1, LATTN_ENGINE_RLS);
    size_t before = footprint_of(&config, 1).judging;

    config.learner.forget = 0.9;
    cr_assert_eq(footprint_of(&config, 1).judging - before, 2 * cost.shown_bytes);
    config.learner.forget = 1;
    config.learner.engine = LATTN_ENGINE_GRAM;
    cr_assert_eq(footprint_of(&config, 1).judging - before, 2 * cost.shown_bytes);
    cr_assert_geq(footprint_of(&config, 1).state, 3 * cost.state_bytes, "R comes first");
}

Test(footprint, holds_no_more_than_it_may)
{
    struct config config = config_of(16);

    config.learner.memory_max = 1 << 20;
    cr_assert_lt(footprint_of(&config, 1).state, 3 * (size_t)(2 << 20));
    config.learner.memory_max = (size_t)1 << 40;
    cr_assert_geq(footprint_of(&config, 1).state, 3 * cost_of(16, 1, LATTN_ENGINE_RLS).state_bytes);
}

/* d = 32: q (q + 1) / 2 x q numbers against p (p + 1) / 2, and both have C and weights. */
Test(footprint, tells_images_of_both_forms)
{
    size_t q = 528, p = 32 * q;

    cr_assert_eq(footprint_image(32, 1, LATTN_ENGINE_RLS), 8 * (p * (p + 1) / 2 + 2 * p));
    cr_assert_eq(footprint_image(32, 1, LATTN_ENGINE_GRAM),
                 8 * (q * (q + 1) / 2 * q + 2 * 32 * 32 + 2 * p));
}

static void refuses(const struct config *config, const char *text)
{
    struct lattn_complaint complaint = {""};

    cr_expect_eq(footprint_check(config, &complaint), LATTN_MEMORY_LIMIT);
    cr_expect_not_null(strstr(complaint.text, text), "%s: %s", text, complaint.text);
    cr_expect_lt(strlen(complaint.text), sizeof complaint.text - 1, "it is whole");
}

Test(footprint, checks_dense_tokens_against_the_limit)
{
    struct config config = config_of(8);

    cr_assert_eq(footprint_check(&config, NULL), LATTN_OK, "without a limit");
    config.learner.memory_max = cost_of(8, 1, LATTN_ENGINE_RLS).limited_bytes;
    cr_assert_eq(footprint_check(&config, NULL), LATTN_OK);
    config.learner.memory_max--;
    refuses(&config, "the largest dim that fits is 7");
    refuses(&config, "leave --dim out");
    refuses(&config, "8 p (p + 2 m)");
    config.learner.bias = 1;
    config.learner.dim = 7;
    refuses(&config, "the largest dim that fits is 6");
    config.learner.dim = 0;
    cr_assert_eq(footprint_check(&config, NULL), LATTN_OK, "whatever comes");
    config.learner.dim = 256;
    config.learner.bias = 0;
    config.learner.outputs = 1024;
    config.learner.memory_max = 1;
    refuses(&config, "the largest dim that fits is 0");
}

Test(footprint, names_the_engine_that_fits)
{
    struct config config = config_of(32);

    config.learner.memory_max = cost_of(28, 1, LATTN_ENGINE_RLS).limited_bytes;
    refuses(&config, "is 28, 32 by --engine gram");
    config.learner.engine = LATTN_ENGINE_GRAM;
    cr_assert_eq(footprint_check(&config, NULL), LATTN_OK);
    config.learner.memory_max = (size_t)256 << 20;
    refuses(&config, "4 q^2 (q + 1)");
}
