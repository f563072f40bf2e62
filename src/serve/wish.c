#include "serve/wish.h"

uint64_t wish_ask(struct wish *wish)
{
    if (!wish_is_open(wish))
        wish->asked++;
    return wish->asked;
}

int wish_is_open(const struct wish *wish)
{
    return wish->asked > wish->begun;
}

void wish_begin(struct wish *wish)
{
    wish->begun = wish->asked;
}

int wish_end(struct wish *wish)
{
    int is_news = wish->ended < wish->begun;

    wish->ended = wish->begun;
    return is_news;
}

int wish_has_ended(const struct wish *wish, uint64_t ticket)
{
    return wish->ended >= ticket;
}
