/*
 * A hash table with chains, threaded by a list from the key idle longest to the newest. A key with
 * its symbols is one allocation: the struct, then window symbols, then the text.
 */
#include "tasks/contexts.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

enum { BUCKETS_MIN = 64 };

enum lattn_status contexts_init(struct contexts *contexts, int32_t window, size_t count_max)
{
    assert(window >= 1 && count_max >= 1);
    *contexts = (struct contexts){.window = window, .count_max = count_max};
    contexts->buckets = memory_zeroed(BUCKETS_MIN, sizeof(struct context *));
    if (contexts->buckets == NULL)
        return LATTN_NO_MEMORY;
    contexts->buckets_count = BUCKETS_MIN;
    return LATTN_OK;
}

void contexts_done(struct contexts *contexts)
{
    struct context *context = contexts->oldest;

    while (context != NULL) {
        struct context *newer = context->newer;

        memory_release(context);
        context = newer;
    }
    memory_release(contexts->buckets);
    *contexts = (struct contexts){0};
}

/* FNV-1a, 64 bits. */
static uint64_t key_hash(const char *key)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);

    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * UINT64_C(0x100000001B3);
    return hash;
}

static struct context **bucket(const struct contexts *contexts, uint64_t hash)
{
    return &contexts->buckets[hash & (contexts->buckets_count - 1)];
}

static void list_append(struct contexts *contexts, struct context *context)
{
    context->newer = NULL;
    context->older = contexts->newest;
    if (contexts->newest != NULL)
        contexts->newest->newer = context;
    else
        contexts->oldest = context;
    contexts->newest = context;
}

static void list_remove(struct contexts *contexts, struct context *context)
{
    if (context->older != NULL)
        context->older->newer = context->newer;
    else
        contexts->oldest = context->newer;
    if (context->newer != NULL)
        context->newer->older = context->older;
    else
        contexts->newest = context->older;
}

static void forget_oldest(struct contexts *contexts)
{
    struct context *context = contexts->oldest;
    struct context **link = bucket(contexts, context->hash);

    while (*link != context)
        link = &(*link)->chain;
    *link = context->chain;
    list_remove(contexts, context);
    memory_release(context);
    contexts->count--;
}

static enum lattn_status buckets_double(struct contexts *contexts)
{
    struct context **buckets = memory_zeroed(2 * contexts->buckets_count, sizeof(struct context *));

    if (buckets == NULL)
        return LATTN_NO_MEMORY;
    memory_release(contexts->buckets);
    contexts->buckets = buckets;
    contexts->buckets_count *= 2;
    for (struct context *context = contexts->oldest; context != NULL; context = context->newer) {
        struct context **link = bucket(contexts, context->hash);

        context->chain = *link;
        *link = context;
    }
    return LATTN_OK;
}

static struct context *context_make(int32_t window, const char *key, uint64_t hash)
{
    size_t symbols = (size_t)window * sizeof(int32_t);
    size_t text = strlen(key) + 1;
    char *memory = memory_raw(sizeof(struct context) + symbols + text, 1);
    struct context *context = (struct context *)(void *)memory;

    if (memory == NULL)
        return NULL;
    *context = (struct context){
        .hash = hash,
        .symbols = (int32_t *)(void *)(memory + sizeof *context),
        .key = memory + sizeof *context + symbols,
    };
    memcpy(memory + sizeof *context + symbols, key, text);
    return context;
}

static enum lattn_status context_add(struct contexts *contexts, const char *key, uint64_t hash,
                                     struct context **ret_context)
{
    struct context *context;
    struct context **link;

    if (contexts->count == contexts->buckets_count && buckets_double(contexts) != LATTN_OK)
        return LATTN_NO_MEMORY;
    context = context_make(contexts->window, key, hash);
    if (context == NULL)
        return LATTN_NO_MEMORY;
    if (contexts->count == contexts->count_max)
        forget_oldest(contexts);
    link = bucket(contexts, hash);
    context->chain = *link;
    *link = context;
    list_append(contexts, context);
    contexts->count++;
    *ret_context = context;
    return LATTN_OK;
}

enum lattn_status contexts_find(struct contexts *contexts, const char *key,
                                struct context **ret_context)
{
    uint64_t hash = key_hash(key);
    struct context *context = *bucket(contexts, hash);

    while (context != NULL && (context->hash != hash || strcmp(context->key, key) != 0))
        context = context->chain;
    if (context == NULL)
        return context_add(contexts, key, hash, ret_context);
    list_remove(contexts, context);
    list_append(contexts, context);
    *ret_context = context;
    return LATTN_OK;
}

void contexts_push(const struct contexts *contexts, struct context *context, int32_t symbol)
{
    if (context->count == contexts->window) {
        context->count--;
        memmove(context->symbols, context->symbols + 1,
                (size_t)context->count * sizeof *context->symbols);
    }
    context->symbols[context->count++] = symbol;
}
