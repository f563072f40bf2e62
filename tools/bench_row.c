#include "bench_row.h"

static double value_of(const struct bench_row *row)
{
    switch (row->unit) {
    case BENCH_MS:
        return 1e3 * row->time.seconds;
    case BENCH_FLOPS:
    case BENCH_BYTES:
        return 1e-9 * row->count / row->time.seconds;
    case BENCH_PAIRS:
        break;
    }
    return row->count / row->time.seconds;
}

static const char *const unit_words[] = {"pairs/s", "ms", "GF/s", "GB/s"};
static const char *const bound_words[] = {"dgemm", "memory"};

void bench_row_print_head(FILE *file)
{
    fprintf(file, "%3s  %-20s%-7s%20s  %18s  %7s\n", "d", "stage", "engine", "median", "share of",
            "spread");
}

static void value_print(FILE *file, const struct bench_row *row)
{
    double value = value_of(row);

    fprintf(file, row->unit == BENCH_PAIRS ? "%12.0f" : "%12.4g", value);
    fprintf(file, " %-7s", unit_words[row->unit]);
}

void bench_row_print(FILE *file, const struct bench_row *row)
{
    fprintf(file, "%3d  %-20s%-7s", row->dim, row->stage, row->engine == NULL ? "-" : row->engine);
    value_print(file, row);
    fprintf(file, "  %9.2f %% %-6s  %5.0f %%%s\n", 100 * row->share, bound_words[row->bound],
            100 * row->time.spread, row->time.spread > BENCH_SPREAD_MAX ? "  noisy" : "");
}

void bench_row_print_json(FILE *file, const struct bench_row *row)
{
    fprintf(file, "{\"d\":%d,\"stage\":\"%s\",\"engine\":", row->dim, row->stage);
    fprintf(file, row->engine == NULL ? "null" : "\"%s\"", row->engine);
    fprintf(file, ",\"value\":%.17g,\"unit\":\"%s\",\"share\":%.17g,\"bound\":\"%s\"",
            value_of(row), unit_words[row->unit], row->share, bound_words[row->bound]);
    fprintf(file, ",\"spread\":%.17g,\"runs\":%d}", row->time.spread, row->time.runs);
}
