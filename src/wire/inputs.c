/*
 * Arrays of inputs: what certify and suggest ask about, and what suggest answers.
 */
#include "wire/inputs.h"

#include <lattn/limits.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "wire/line.h"

size_t inputs_numbers_bound(const struct scan *scan)
{
    struct scan ahead = *scan;
    size_t count = 1;

    ahead.complaint = NULL;
    (void)scan_skip(&ahead);
    for (const char *at = scan->at; at < ahead.at; at++)
        count += *at == ',' || *at == '[';
    return count;
}

/* Where the next input and its tokens go. */
struct inputs_reader {
    const char *name;
    struct lattn_item *item;
    double *numbers;
};

static enum lattn_status input_read_field(struct scan *scan, int32_t field, void *arg)
{
    struct inputs_reader *reader = arg;

    if (reader->item->z != NULL)
        return complain(scan->complaint, LATTN_FIELD, "z and t come together");
    return field == 0 ? line_read_tokens(scan, reader->numbers, reader->item)
                      : line_read_ones(scan, reader->numbers, reader->item);
}

static enum lattn_status input_read(struct scan *scan, int64_t index, void *arg)
{
    static const char *const words[] = {"z", "t", NULL};
    struct inputs_reader *reader = arg;
    struct lattn_complaint why;
    enum lattn_status status;

    *reader->item = (struct lattn_item){.weight = 1};
    status = scan_object(scan, "an input", words, SCAN_STRANGERS_PASSED, input_read_field, reader);
    if (status == LATTN_OK && reader->item->z == NULL)
        status = complain(scan->complaint, LATTN_FIELD, "z is missing");
    if (status == LATTN_OK) {
        reader->numbers += lattn_item_numbers(reader->item);
        reader->item++;
        return LATTN_OK;
    }
    if (scan->complaint == NULL)
        return status;
    why = *scan->complaint;
    return complain(scan->complaint, status, "%s[%jd]: %.200s", reader->name, (intmax_t)index,
                    why.text);
}

enum lattn_status inputs_read(struct scan *scan, const char *name, struct lattn_item **ret_items,
                              size_t *ret_count)
{
    struct inputs_reader reader = {.name = name};
    struct lattn_item *items;
    size_t count, bytes;
    enum lattn_status status = scan_count_within(scan, name, LATTN_INPUTS_MAX, &count);

    if (status != LATTN_OK)
        return status;
    bytes = count * sizeof *items + inputs_numbers_bound(scan) * sizeof(double);
    items = memory_raw(bytes, 1);
    if (items == NULL)
        return LATTN_NO_MEMORY;
    reader.item = items;
    reader.numbers = (double *)(items + count);
    status = scan_array(scan, name, input_read, &reader);
    if (status != LATTN_OK) {
        memory_release(items);
        return status;
    }
    *ret_items = items;
    *ret_count = count;
    return LATTN_OK;
}
