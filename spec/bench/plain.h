/*
 * What the plain C programs share: the requests of spec/bench/rows.json, built
 * anew for each update with cJSON and curl_slist, with the bytes that truto
 * sends; and what they tell about themselves.
 */
#ifndef BENCH_PLAIN_H
#define BENCH_PLAIN_H

#include <stddef.h>

#include <cjson/cJSON.h>
#include <curl/curl.h>

struct service {
    const char *base_url;
    const char *token;
    const char *ca_file; /* "bundle", "directory": the system's */
    const char *user_agent;
};

struct row {
    const cJSON *changes;
    const char *id;
    char *label; /* with room for the number of an update */
    size_t label_size;
};

/* One request and its answer. */
struct exchange {
    CURL *easy;
    struct curl_slist *headers;
    char *body;
    char *answer;
    size_t answer_length;
};

/* Ends the program where the row is not there. */
struct row plain_row(const char *name);

/* A handle with all that stays the same from update to update. */
CURL *plain_handle(const struct service *service);

/* Builds the request of one update and gives it to the handle. */
void plain_begin(struct exchange *exchange, const struct service *service,
                 struct row *row, int number);

/* Whether the answer is a datastore; frees what the exchange held. */
int plain_end(struct exchange *exchange, CURLcode result);

/* Of all threads of this process, in microseconds. */
double plain_cpu(void);

/* Prints microseconds of CPU an update, and KiB of peak memory. */
void plain_report(double cpu, int updates);

#endif
