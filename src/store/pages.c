/*
 * The layout of LMDB's files, as version 0.9 writes them on 64 bits, in the order of bytes of the
 * machine:
 *
 *     page    u64 number, u16 -, u16 kind, then
 *             of a tree: u16 end of the offsets, u16 start of the nodes; offsets of nodes, u16
 *             of a value that is larger than a page: u32 pages that it takes
 *     node    u16 low, u16 high, u16 flags, u16 bytes of the key; the key; the value
 *             of a leaf: low and high are the length of the value, flags say where it lies
 *             of a branch: low, high and flags are the number of the page below
 *     meta    pages 0 and 1, the newer one holds: u32 magic, u32 version, u64 -, u64 -, the tree of
 *             free pages, the main tree, u64 last page, u64 transaction
 *     tree    u32 -, u16 flags, u16 depth, u64 branches, leaves, pages of large values, entries,
 *             root
 *
 * The keys of the main tree are names, those of all others numbers. A free list is a value under
 * the transaction that freed: u64 how many, then so many page numbers.
 */
#include "store/pages.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "store/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PAGE_HEAD = 16,
    NODE_HEAD = 8,
    TREE_BYTES = 48,
    META_MAGIC = 16,
    META_VERSION = 20,
    META_FREE = 40,
    META_MAIN = 88,
    META_LAST = 136,
    META_TRANSACTION = 144,
    META_BYTES = 152,
    METAS = 2,
    KIND_BRANCH = 1,
    KIND_LEAF = 2,
    KIND_LARGE = 4,
    KIND_META = 8,
    NODE_LARGE = 1,
    NODE_TREE = 2,
    FLAG_NUMBERS = 0x08,
    FLAG_OWN_FILE = 0x4000,
    VERSION = 1,
    DEPTH_MAX = 32, /* LMDB's own */
    PAGE_BYTES_MIN = 512,
    PAGE_BYTES_MAX = 65536
};

#define MAGIC 0xBEEFC0DEu
#define NO_PAGE UINT64_MAX

struct tree {
    uint16_t flags;
    uint16_t depth;
    uint64_t branches;
    uint64_t leaves;
    uint64_t larges;
    uint64_t entries;
    uint64_t root;
};

/*
 * bytes      the file
 * last       number of the last page in use
 * used       a byte for each page up to it: has a place been found that it belongs to?
 */
struct pages {
    const unsigned char *bytes;
    size_t length;
    size_t page_bytes;
    uint64_t last;
    uint64_t transaction;
    unsigned char *used;
    struct lattn_complaint *minor;
    struct lattn_complaint *complaint;
};

static uint16_t get_16(const unsigned char *at)
{
    uint16_t number;

    memcpy(&number, at, sizeof number);
    return number;
}

static uint32_t get_32(const unsigned char *at)
{
    uint32_t number;

    memcpy(&number, at, sizeof number);
    return number;
}

static uint64_t get_64(const unsigned char *at)
{
    uint64_t number;

    memcpy(&number, at, sizeof number);
    return number;
}

static struct tree get_tree(const unsigned char *at)
{
    return (struct tree){
        .flags = get_16(at + 4),
        .depth = get_16(at + 6),
        .branches = get_64(at + 8),
        .leaves = get_64(at + 16),
        .larges = get_64(at + 24),
        .entries = get_64(at + 32),
        .root = get_64(at + 40),
    };
}

static enum lattn_status refuse(const struct pages *pages, uint64_t page, const char *why)
{
    return complain(pages->complaint, LATTN_DAMAGED, "page %" PRIu64 " of data.mdb is damaged: %s",
                    page, why);
}

/* Note the first thing that only matters to whoever writes. */
static void note(const struct pages *pages, uint64_t page, const char *why)
{
    if (pages->minor->text[0] == '\0')
        (void)complain(pages->minor, LATTN_DAMAGED, "page %" PRIu64 " of data.mdb is damaged: %s",
                       page, why);
}

/* The pages first .. first + count - 1 get their purpose. Returns 0 where one cannot. */
static int claim(const struct pages *pages, uint64_t first, uint64_t count)
{
    if (first < METAS || first > pages->last || count > pages->last - first + 1 ||
        (first + count) * pages->page_bytes > pages->length)
        return 0;
    for (uint64_t page = first; page < first + count; page++) {
        if (pages->used[page])
            return 0;
        pages->used[page] = 1;
    }
    return 1;
}

/* ---- trees ---------------------------------------------------------------------------------- */

/*
 * A walk through one tree.
 *
 * found    what was counted so far
 * has_key  a leaf was met; `key` is the last number, and the next one is larger
 * takes    called for each leaf node
 */
struct walk {
    const struct pages *pages;
    struct tree tree;
    struct tree found;
    int has_key;
    uint64_t key;
    enum lattn_status (*takes)(struct walk *walk, uint64_t page, const unsigned char *node);
};

static size_t node_value_length(const unsigned char *node)
{
    return get_16(node) | (size_t)get_16(node + 2) << 16;
}

static uint64_t node_child(const unsigned char *node)
{
    return get_16(node) | (uint64_t)get_16(node + 2) << 16 | (uint64_t)get_16(node + 4) << 32;
}

/* Bytes that a node takes on its page, a multiple of 2; more than a page if that is absurd. */
static size_t node_bytes(const unsigned char *node, int is_leaf)
{
    size_t bytes = NODE_HEAD + (size_t)get_16(node + 6);

    if (is_leaf)
        bytes += get_16(node + 4) & NODE_LARGE ? sizeof(uint64_t) : node_value_length(node);
    return (bytes + 1) & ~(size_t)1;
}

/* The nodes lie within the page and fill it from where they start to its end. */
static enum lattn_status check_nodes(const struct pages *pages, uint64_t number, int is_leaf)
{
    const unsigned char *page = pages->bytes + number * pages->page_bytes;
    size_t offsets_end = get_16(page + 12), start = get_16(page + 14), filled = 0;

    if (offsets_end < PAGE_HEAD + 2 || offsets_end % 2 != 0 || offsets_end > start ||
        start > pages->page_bytes)
        return refuse(pages, number, "it has no nodes");
    for (size_t at = PAGE_HEAD; at < offsets_end; at += 2) {
        size_t offset = get_16(page + at), bytes;

        if (offset < start || offset + NODE_HEAD > pages->page_bytes)
            return refuse(pages, number, "a node lies outside");
        bytes = node_bytes(page + offset, is_leaf);
        if (bytes > pages->page_bytes - offset)
            return refuse(pages, number, "a node does not fit");
        filled += bytes;
    }
    if (filled != pages->page_bytes - start)
        return refuse(pages, number, "its nodes do not fill it");
    return LATTN_OK;
}

static enum lattn_status check_page(const struct pages *pages, uint64_t number, int is_leaf)
{
    const unsigned char *page = pages->bytes + number * pages->page_bytes;

    if (!claim(pages, number, 1))
        return refuse(pages, number, "it lies outside, or has two purposes");
    if (get_64(page) != number || get_16(page + 10) != (is_leaf ? KIND_LEAF : KIND_BRANCH))
        return refuse(pages, number, "it is another page");
    return check_nodes(pages, number, is_leaf);
}

static enum lattn_status check_order(struct walk *walk, uint64_t number, const unsigned char *node)
{
    uint64_t key;

    if (!(walk->tree.flags & FLAG_NUMBERS))
        return LATTN_OK;
    if (get_16(node + 6) != sizeof key)
        return refuse(walk->pages, number, "a key is no number");
    key = get_64(node + NODE_HEAD);
    if (walk->has_key && key <= walk->key)
        return refuse(walk->pages, number, "its keys are in disorder");
    walk->has_key = 1;
    walk->key = key;
    return LATTN_OK;
}

static enum lattn_status walk_leaf(struct walk *walk, uint64_t number)
{
    const unsigned char *page = walk->pages->bytes + number * walk->pages->page_bytes;
    enum lattn_status status = LATTN_OK;

    walk->found.leaves++;
    for (size_t at = PAGE_HEAD; at < get_16(page + 12) && status == LATTN_OK; at += 2) {
        const unsigned char *node = page + get_16(page + at);

        walk->found.entries++;
        status = check_order(walk, number, node);
        if (status == LATTN_OK)
            status = walk->takes(walk, number, node);
    }
    return status;
}

/*
 * All that is below a page; `depth` levels are left, 1 for a leaf. A branch says from which key on
 * the next page counts, and sends whoever looks for one by that: so it must be right. The recursion
 * is no deeper than LMDB's trees can be.
 */
static enum lattn_status walk_page(struct walk *walk, uint64_t number, int depth)
{
    const unsigned char *page = walk->pages->bytes + number * walk->pages->page_bytes;
    enum lattn_status status = check_page(walk->pages, number, depth == 1);

    if (status != LATTN_OK)
        return status;
    if (depth == 1)
        return walk_leaf(walk, number);
    walk->found.branches++;
    for (size_t at = PAGE_HEAD; at < get_16(page + 12) && status == LATTN_OK; at += 2) {
        const unsigned char *node = page + get_16(page + at);

        if (at > PAGE_HEAD && get_16(node + 6) != sizeof(uint64_t))
            return refuse(walk->pages, number, "a key is no number");
        if (at > PAGE_HEAD && walk->has_key && get_64(node + NODE_HEAD) <= walk->key)
            return refuse(walk->pages, number, "its keys are in disorder");
        if (at > PAGE_HEAD) {
            walk->has_key = 1;
            walk->key = get_64(node + NODE_HEAD) - 1;
        }
        status = walk_page(walk, node_child(node), depth - 1);
    }
    return status;
}

static enum lattn_status walk_tree(struct walk *walk)
{
    const struct tree *tree = &walk->tree, *found = &walk->found;
    uint64_t root = tree->root;
    enum lattn_status status;

    if (root == NO_PAGE)
        return tree->entries == 0 && tree->depth == 0
                   ? LATTN_OK
                   : refuse(walk->pages, 0, "a tree without a root has entries");
    if (tree->depth < 1 || tree->depth > DEPTH_MAX)
        return refuse(walk->pages, root, "its tree has an absurd depth");
    status = walk_page(walk, root, tree->depth);
    if (status != LATTN_OK)
        return status;
    if (found->branches != tree->branches || found->leaves != tree->leaves ||
        found->larges != tree->larges || found->entries != tree->entries)
        return refuse(walk->pages, root, "its tree has not what it should have");
    return LATTN_OK;
}

/* ---- values --------------------------------------------------------------------------------- */

/* A value that has pages of its own. What their head says matters only once they are freed. */
static enum lattn_status take_value(struct walk *walk, uint64_t number, const unsigned char *node)
{
    const struct pages *pages = walk->pages;
    unsigned flags = get_16(node + 4);
    uint64_t first, count;
    const unsigned char *head;

    if (flags == 0)
        return LATTN_OK;
    if (flags != NODE_LARGE)
        return refuse(pages, number, "a value is of an unknown kind");
    first = get_64(node + NODE_HEAD + get_16(node + 6));
    count = (PAGE_HEAD - 1 + node_value_length(node)) / pages->page_bytes + 1;
    if (!claim(pages, first, count))
        return refuse(pages, number, "a value lies outside, or where another one is");
    head = pages->bytes + first * pages->page_bytes;
    if (get_64(head) != first || get_16(head + 10) != KIND_LARGE || get_32(head + 12) != count)
        note(pages, first, "it does not know its length");
    walk->found.larges += count;
    return LATTN_OK;
}

/* In the main tree: a table of ours, which is a tree of its own, or the head, which is none. */
static enum lattn_status take_table(struct walk *walk, uint64_t number, const unsigned char *node)
{
    const unsigned char *value = node + NODE_HEAD + get_16(node + 6);
    struct walk table = {.pages = walk->pages, .takes = take_value};

    if (get_16(node + 4) == 0)
        return LATTN_OK;
    if (get_16(node + 4) != NODE_TREE || node_value_length(node) != TREE_BYTES)
        return refuse(walk->pages, number, "a table is none");
    table.tree = get_tree(value);
    if (table.tree.flags != FLAG_NUMBERS)
        return refuse(walk->pages, number, "a table is not one of ours");
    return walk_tree(&table);
}

/* A list of free pages. They must be free, and it must end. */
static enum lattn_status take_list(struct walk *walk, uint64_t number, const unsigned char *node)
{
    const struct pages *pages = walk->pages;
    const unsigned char *list = node + NODE_HEAD + get_16(node + 6);
    uint64_t larges = walk->found.larges, count;
    enum lattn_status status = take_value(walk, number, node);

    if (status != LATTN_OK)
        return status;
    if (walk->found.larges > larges)
        list = pages->bytes + get_64(list) * pages->page_bytes + PAGE_HEAD;
    if (node_value_length(node) < sizeof count || walk->key > pages->transaction)
        return refuse(pages, number, "a list of free pages is none");
    count = get_64(list);
    if (count > node_value_length(node) / sizeof count - 1)
        return refuse(pages, number, "a list of free pages does not end");
    for (uint64_t i = 1; i <= count; i++) {
        uint64_t page = get_64(list + i * sizeof page);

        if (page < METAS || page > pages->last || pages->used[page] ||
            (i > 1 && page >= get_64(list + (i - 1) * sizeof page)))
            return refuse(pages, number, "a page in use is said to be free");
        pages->used[page] = 1;
    }
    return LATTN_OK;
}

/* ---- the file ------------------------------------------------------------------------------- */

static enum lattn_status check_meta(const struct pages *pages, uint64_t number)
{
    const unsigned char *page = pages->bytes + number * pages->page_bytes;
    struct tree spare = get_tree(page + META_FREE), names = get_tree(page + META_MAIN);

    if (get_64(page) != number || get_16(page + 10) != KIND_META ||
        get_32(page + META_MAGIC) != MAGIC || get_32(page + META_FREE) != pages->page_bytes)
        return refuse(pages, number, "it does not say what it is");
    if (get_32(page + META_VERSION) != VERSION)
        return complain(pages->complaint, LATTN_OTHER_VERSION, "data.mdb has version %u of LMDB",
                        get_32(page + META_VERSION));
    if ((spare.flags & ~FLAG_OWN_FILE) != FLAG_NUMBERS || names.flags != 0)
        return refuse(pages, number, "its trees are of another kind");
    return LATTN_OK;
}

/* Is it the node of the head? */
static int is_head(const unsigned char *node)
{
    size_t length = sizeof VOLUME_HEAD_NAME - 1;

    return get_16(node + 4) == 0 && get_16(node + 6) == length &&
           memcmp(node + NODE_HEAD, VOLUME_HEAD_NAME, length) == 0 &&
           node_value_length(node) >= VOLUME_HEAD_TRANSACTION + sizeof(uint64_t);
}

/*
 * Does a meta page lead to a head of its own transaction? A store has one from its second on, but
 * for a compact copy, which numbers its only one anew.
 */
static enum lattn_status check_stamp(const struct pages *pages, uint64_t number)
{
    const unsigned char *meta = pages->bytes + number * pages->page_bytes, *page;
    uint64_t root = get_tree(meta + META_MAIN).root, transaction = get_64(meta + META_TRANSACTION);

    if (transaction < METAS)
        return LATTN_OK;
    if (root < METAS || root >= pages->length / pages->page_bytes)
        return refuse(pages, number, "it leads nowhere");
    page = pages->bytes + root * pages->page_bytes;
    if (get_16(page + 10) != KIND_LEAF || check_nodes(pages, root, 1) != LATTN_OK)
        return refuse(pages, number, "it leads nowhere");
    for (size_t at = PAGE_HEAD; at < get_16(page + 12); at += 2) {
        const unsigned char *node = page + get_16(page + at);

        if (is_head(node) &&
            get_64(node + NODE_HEAD + get_16(node + 6) + VOLUME_HEAD_TRANSACTION) == transaction)
            return LATTN_OK;
    }
    return refuse(pages, number, "a transaction was lost");
}

/*
 * The pages 0 and 1 take turns, so that their transactions follow on each other; and LMDB leaves
 * alone what the older one leads to until it is overwritten. Otherwise the newer one may have been
 * lost, and a transaction with it.
 */
static enum lattn_status check_metas(struct pages *pages, const unsigned char **ret_newest)
{
    const unsigned char *page = pages->bytes;
    uint64_t transactions[METAS];
    enum lattn_status status = LATTN_OK;

    for (uint64_t i = 0; i < METAS && status == LATTN_OK; i++, page += pages->page_bytes) {
        status = check_meta(pages, i);
        transactions[i] = get_64(page + META_TRANSACTION);
        if (status == LATTN_OK && transactions[i] % METAS != i)
            status = refuse(pages, i, "it is of another transaction");
        if (status == LATTN_OK)
            status = check_stamp(pages, i);
    }
    if (status != LATTN_OK)
        return status;
    if (transactions[0] + 1 != transactions[1] && transactions[1] + 1 != transactions[0])
        return refuse(pages, 0, "a transaction was lost");
    *ret_newest = pages->bytes + (transactions[1] > transactions[0] ? pages->page_bytes : 0);
    pages->transaction = get_64(*ret_newest + META_TRANSACTION);
    pages->last = get_64(*ret_newest + META_LAST);
    return LATTN_OK;
}

/* What is free only matters to whoever writes: what is wrong there is minor. */
static void check_free(struct pages *pages, const unsigned char *newest)
{
    struct lattn_complaint said = {""};
    struct pages again = *pages;
    struct walk walk = {.pages = &again, .tree = get_tree(newest + META_FREE), .takes = take_list};

    again.complaint = &said;
    if (walk_tree(&walk) != LATTN_OK && pages->minor->text[0] == '\0')
        *pages->minor = said;
    for (uint64_t page = METAS; page <= pages->last; page++)
        if (!pages->used[page])
            note(pages, page, "it has no purpose");
}

static enum lattn_status check_trees(struct pages *pages, const unsigned char *newest)
{
    struct walk walk = {.pages = pages, .tree = get_tree(newest + META_MAIN), .takes = take_table};
    enum lattn_status status;

    /* A last page behind the end of the file is never asked for, but a table of it would be. */
    if (pages->last < METAS || pages->last > pages->length / pages->page_bytes * 2)
        return refuse(pages, 0, "its last page is absurd");
    if (walk.tree.depth > 1)
        return refuse(pages, walk.tree.root, "there are too many tables");
    pages->used = memory_zeroed(pages->last + 1, 1);
    if (pages->used == NULL)
        return LATTN_NO_MEMORY;
    status = walk_tree(&walk);
    if (status == LATTN_OK)
        check_free(pages, newest);
    memory_release(pages->used);
    return status;
}

static enum lattn_status check_file(struct pages *pages)
{
    const unsigned char *newest;
    enum lattn_status status;

    if (pages->length >= META_BYTES)
        pages->page_bytes = get_32(pages->bytes + META_FREE);
    if (pages->page_bytes < PAGE_BYTES_MIN || pages->page_bytes > PAGE_BYTES_MAX ||
        (pages->page_bytes & (pages->page_bytes - 1)) != 0 ||
        pages->length < METAS * pages->page_bytes)
        return complain(pages->complaint, LATTN_DAMAGED, "data.mdb is no store");
    status = check_metas(pages, &newest);
    return status == LATTN_OK ? check_trees(pages, newest) : status;
}

static enum lattn_status refuse_file(int error, struct lattn_complaint *complaint)
{
    return complain(complaint, LATTN_INPUT_OUTPUT, "cannot read data.mdb: %s", strerror(error));
}

static enum lattn_status check_open_file(struct pages *pages, int file)
{
    struct stat found;
    enum lattn_status status;
    void *bytes;

    if (fstat(file, &found) != 0)
        return refuse_file(errno, pages->complaint);
    if (found.st_size == 0)
        return complain(pages->complaint, LATTN_DAMAGED, "data.mdb is empty");
    bytes = mmap(NULL, (size_t)found.st_size, PROT_READ, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED)
        return refuse_file(errno, pages->complaint);
    pages->bytes = bytes;
    pages->length = (size_t)found.st_size;
    status = check_file(pages);
    (void)munmap(bytes, pages->length);
    return status;
}

enum lattn_status pages_check(const char *path, struct lattn_complaint *ret_minor,
                              struct lattn_complaint *complaint)
{
    struct pages pages = {.minor = ret_minor, .complaint = complaint};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    enum lattn_status status;

    ret_minor->text[0] = '\0';
    if (file < 0)
        return refuse_file(errno, complaint);
    status = check_open_file(&pages, file);
    close(file);
    return status;
}
