/*
 * certify: is a domain determined? Inputs go to the daemon in batches, each as large as one request
 * takes; the bound is that of all of them together.
 */
#include "client.h"
#include "inputs.h"
#include "options.h"
#include "progress.h"
#include "reader.h"
#include "talk.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * One run.
 *
 * domain  of all batches; its undetermined inputs are told by their lines
 */
struct certify {
    struct client client;
    struct reader input;
    struct inputs batch;
    struct lattn_domain domain;
};

/* Put an input into the batch. Returns VERB_DONE, or says why not. */
static enum verb_exit input_take(struct certify *certify, const char *text, size_t length)
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status =
        inputs_take(&certify->batch, text, length, certify->input.number, &complaint);

    if (status == LATTN_OK || status == LATTN_MORE)
        return VERB_DONE;
    talk(certify->client.verb, NULL, "line %llu: %s", (unsigned long long)certify->input.number,
         complaint.text[0] ? complaint.text : lattn_status_text(status));
    return VERB_REFUSED;
}

/* Add what a batch showed to what is known. */
static void domain_add(struct certify *certify, const struct lattn_domain *batch)
{
    struct lattn_domain *all = &certify->domain;

    all->inputs += batch->inputs;
    all->determined += batch->determined;
    for (int32_t i = 0; i < batch->undetermined_count; i++)
        if (all->undetermined_count < LATTN_DOMAIN_FIRST_MAX &&
            batch->undetermined[i] < certify->batch.count)
            all->undetermined[all->undetermined_count++] =
                certify->batch.lines[batch->undetermined[i]];
    for (int32_t i = 0; i < batch->lacks_count; i++) {
        const struct lattn_lack *lack = &batch->lacks[i];
        int32_t place = 0;

        while (place < all->lacks_count && (all->lacks[place].columns != lack->columns ||
                                            strcmp(all->lacks[place].feature, lack->feature) != 0))
            place++;
        if (place < all->lacks_count)
            all->lacks[place].inputs += lack->inputs;
        else if (place < LATTN_LACKS_MAX)
            all->lacks[all->lacks_count++] = *lack;
    }
}

/* Ask for the batch at hand; it is empty afterwards. */
static enum verb_exit batch_ask(struct certify *certify)
{
    struct lattn_domain batch;
    struct lattn_reply reply;
    enum lattn_status status;
    enum verb_exit code;

    code = inputs_exchange(&certify->batch, certify->batch.count, &certify->client,
                           LATTN_METHOD_CERTIFY, 0, &reply);
    if (code != VERB_DONE)
        return code;
    if (reply.kind != LATTN_REPLY_RESULT)
        return inputs_refuse(&certify->batch, &certify->client, NULL, &reply);
    status = lattn_reply_domain(&reply, &batch);
    lattn_reply_done(&reply);
    if (status != LATTN_OK)
        return client_refuse(&certify->client, status);
    domain_add(certify, &batch);
    inputs_clear(&certify->batch);
    return VERB_DONE;
}

static enum verb_exit batches_ask(struct certify *certify)
{
    enum verb_exit code = VERB_DONE;
    enum lattn_status status;
    size_t length;
    char *text;

    while (code == VERB_DONE &&
           (status = reader_read(&certify->input, &text, &length)) != LATTN_MORE) {
        if (status != LATTN_OK) {
            talk(certify->client.verb, NULL, "line %llu: %s",
                 (unsigned long long)certify->input.number, lattn_status_text(status));
            return VERB_REFUSED;
        }
        if (!reader_is_blank(text, length))
            code = input_take(certify, text, length);
        if (code == VERB_DONE && inputs_are_enough(&certify->batch))
            code = batch_ask(certify);
        progress_show(certify->input.number, NULL);
    }
    if (certify->input.error != 0) {
        talk(certify->client.verb, "standard input", "%s", strerror(certify->input.error));
        return VERB_REFUSED;
    }
    if (code == VERB_DONE && certify->batch.count > 0)
        code = batch_ask(certify);
    return code;
}

static void domain_print(const struct lattn_domain *domain)
{
    unsigned long long undetermined = (unsigned long long)(domain->inputs - domain->determined);

    printf("%llu of %llu inputs are determined\n", (unsigned long long)domain->determined,
           (unsigned long long)domain->inputs);
    printf("at most %.3g %% of the domain is undetermined (95 %% confidence, if the inputs were "
           "drawn from it at random)\n",
           100 * lattn_stream_bound(domain->inputs, undetermined, 0.05));
    for (int32_t i = 0; i < domain->lacks_count; i++) {
        const struct lattn_lack *lack = &domain->lacks[i];

        if (lack->columns == 0)
            printf("  never seen: %s (%llu inputs)\n", lack->feature,
                   (unsigned long long)lack->inputs);
        else
            printf("  short: the component of %s, %lld of %lld directions (%llu inputs)\n",
                   lack->feature, (long long)lack->rank, (long long)lack->columns,
                   (unsigned long long)lack->inputs);
    }
    for (int32_t i = 0; i < domain->undetermined_count; i++)
        printf("  undetermined: line %llu\n", (unsigned long long)domain->undetermined[i]);
}

static enum verb_exit certify_run_on(struct certify *certify)
{
    enum verb_exit code;

    reader_init(&certify->input, STDIN_FILENO, READER_LINES, READER_BYTES_MAX);
    progress_begin(certify->client.verb, "lines", STDIN_FILENO, 0, PROGRESS_AT_END);
    code = batches_ask(certify);
    progress_end();
    if (code == VERB_DONE && certify->domain.inputs == 0) {
        talk(certify->client.verb, "standard input", "there is no input to certify");
        code = VERB_REFUSED;
    }
    if (code == VERB_DONE)
        domain_print(&certify->domain);
    reader_done(&certify->input);
    inputs_done(&certify->batch);
    return code;
}

enum verb_exit certify_run(int argc, char **argv)
{
    struct link_settings settings = {0};
    const struct options options = {
        .usage = "certify ADDR < inputs",
        .about = "Of the inputs, lines {\"z\": [[token], ...]} or {\"t\": [[i, ...], ...]} drawn "
                 "from a\ndomain at random, print how many are determined by what the daemon at "
                 "ADDR has\nlearned, what share of the domain may not be, and what is missing.",
        .link = &settings,
        .operands_count = 1,
    };
    enum options_outcome outcome = options_read(&options, argc, argv, &settings.address);
    struct certify *certify;
    enum verb_exit code;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    certify = calloc(1, sizeof *certify);
    if (certify == NULL) {
        talk(argv[0], NULL, "%s", strerror(errno));
        return VERB_REFUSED;
    }
    code = client_open(&certify->client, argv[0], &settings, LATTN_FORMAT_JSON);
    if (code == VERB_DONE) {
        code = certify_run_on(certify);
        client_close(&certify->client);
    }
    free(certify);
    return code;
}
