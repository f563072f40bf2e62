#include "link.h"

#include <lattn/address.h>

#include <stdio.h>
#include <stdlib.h>

const struct link_file_name link_file_names[LINK_FILES_COUNT] = {
    [LINK_TLS_CA] = {"--tls-ca", "LATTN_TLS_CA",
                     "tls: who vouches for the daemon; default: system"},
    [LINK_TLS_CERT] = {"--tls-cert", "LATTN_TLS_CERT", "tls: the certificate to show"},
    [LINK_TLS_KEY] = {"--tls-key", "LATTN_TLS_KEY", "tls: its key"},
    [LINK_TOKEN_FILE] = {"--token-file", "LATTN_TOKEN_FILE", "the token to show is its first one"},
};

/* ---- which files are meant ----------------------------------------------------------------- */

/* Tokens go where nobody needs one as little as certificates without TLS. */
static int is_of_use(enum link_file file, enum lattn_address_kind kind)
{
    if (file == LINK_TOKEN_FILE)
        return kind == LATTN_ADDRESS_TCP || kind == LATTN_ADDRESS_TLS;
    return kind == LATTN_ADDRESS_TLS;
}

/* What an option names, or else the environment; that is for many calls, so it may be of no use. */
static enum lattn_status files_choose(struct link_settings *settings, enum lattn_address_kind kind,
                                      struct lattn_complaint *complaint)
{
    for (int file = 0; file < LINK_FILES_COUNT; file++) {
        const struct link_file_name *name = &link_file_names[file];
        const char *text = settings->files[file];

        if (text != NULL && !is_of_use((enum link_file)file, kind)) {
            snprintf(complaint->text, sizeof complaint->text, "%s does not go with this address",
                     name->option);
            return LATTN_ADDRESS;
        }
        if (text == NULL && is_of_use((enum link_file)file, kind))
            text = getenv(name->variable);
        settings->files[file] = text != NULL && text[0] != '\0' ? text : NULL;
    }
    if ((settings->files[LINK_TLS_CERT] == NULL) == (settings->files[LINK_TLS_KEY] == NULL))
        return LATTN_OK;
    snprintf(complaint->text, sizeof complaint->text, "--tls-cert and --tls-key come together");
    return LATTN_ADDRESS;
}

enum lattn_status link_open(struct lattn_link **ret_link, const struct link_settings *settings,
                            const char **ret_token_file, struct lattn_complaint *complaint)
{
    struct link_settings chosen = *settings;
    struct lattn_address address;
    struct lattn_link_settings way = {.address = settings->address};
    struct lattn_link *link = NULL;
    enum lattn_status status = lattn_link_address(settings->address, &address, complaint);

    if (status == LATTN_OK)
        status = files_choose(&chosen, address.kind, complaint);
    if (status != LATTN_OK)
        return status;
    way.ca_file = chosen.files[LINK_TLS_CA];
    way.certificate_file = chosen.files[LINK_TLS_CERT];
    way.key_file = chosen.files[LINK_TLS_KEY];
    status = lattn_link_open(&link, &way, complaint);
    if (status == LATTN_OK && chosen.files[LINK_TOKEN_FILE] != NULL)
        status = lattn_link_guard(link, complaint);
    if (status != LATTN_OK) {
        lattn_link_close(&link);
        return status;
    }
    *ret_link = link;
    *ret_token_file = chosen.files[LINK_TOKEN_FILE];
    return LATTN_OK;
}
