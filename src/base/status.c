#include <lattn/model.h>
#include <lattn/status.h>

const char *lattn_status_word(enum lattn_status status)
{
    switch (status) {
#define STATUS_WORD(name, number, word, sentence)                                                  \
    case LATTN_##name:                                                                             \
        return word;
        LATTN_STATUS_TABLE(STATUS_WORD)
#undef STATUS_WORD
    }
    return "unknown";
}

const char *lattn_status_text(enum lattn_status status)
{
    switch (status) {
#define STATUS_SENTENCE(name, number, word, sentence)                                              \
    case LATTN_##name:                                                                             \
        return sentence;
        LATTN_STATUS_TABLE(STATUS_SENTENCE)
#undef STATUS_SENTENCE
    }
    return "unknown status";
}

const char *lattn_decomposition_text(enum lattn_decomposition decomposition)
{
    switch (decomposition) {
    case LATTN_DECOMPOSITION_NONE:
        return NULL;
    case LATTN_DECOMPOSITION_SVD:
        return "svd";
    case LATTN_DECOMPOSITION_FEWEST:
        return "fewest";
    }
    return NULL;
}
