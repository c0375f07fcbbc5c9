#include "plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    char *text = calloc(1, 65536);
    if (text != NULL && fread(text, 1, 65535, file) == 0) text[0] = '\0';
    fclose(file);
    return text;
}

static char *make_label(const cJSON *row, size_t *size) {
    const cJSON *pad = cJSON_GetObjectItem(row, "pad");
    *size = (pad ? (size_t)pad->valueint : 0) + 32;
    char *label = malloc(*size);
    if (label != NULL) memset(label, 'x', *size);
    return label;
}

struct row plain_row(const char *name) {
    struct row row = {NULL, NULL, NULL, 0};
    char *text = read_file("spec/bench/rows.json");
    const cJSON *found = cJSON_GetObjectItem(cJSON_Parse(text), name);
    free(text);
    if (found == NULL) {
        fprintf(stderr, "spec/bench/rows.json has no row %s\n", name);
        exit(2);
    }
    row.changes = cJSON_GetObjectItem(found, "changes");
    row.id = cJSON_GetObjectItem(found, "id")->valuestring;
    row.label = make_label(found, &row.label_size);
    return row;
}

/* The number is at the end, behind what pads the label. */
static const char *number_label(struct row *row, int number) {
    char text[32];
    int length = snprintf(text, sizeof text, "nightly %07d", number);
    size_t end = row->label_size - 1;
    memcpy(row->label + end - length, text, (size_t)length);
    row->label[end] = '\0';
    return row->label + (row->label_size == 32 ? end - length : 0);
}

static char *make_body(struct row *row, int number) {
    cJSON *body = cJSON_Duplicate(row->changes, 1);
    cJSON *label = cJSON_CreateString(number_label(row, number));
    cJSON_ReplaceItemInObject(body, "label", label);
    char *text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    return text;
}

static size_t receive(char *bytes, size_t size, size_t count, void *data) {
    struct exchange *exchange = data;
    size_t length = size * count;
    char *grown =
        realloc(exchange->answer, exchange->answer_length + length + 1);
    if (grown == NULL) return 0;
    memcpy(grown + exchange->answer_length, bytes, length);
    exchange->answer = grown;
    exchange->answer_length += length;
    grown[exchange->answer_length] = '\0';
    return length;
}

static void set_authorities(CURL *easy, const char *ca_file) {
    if (strcmp(ca_file, "bundle") == 0) {
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    } else if (strcmp(ca_file, "directory") == 0) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    } else {
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    }
}

CURL *plain_handle(const struct service *service) {
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PATCH");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, service->user_agent);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 30000L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
    set_authorities(easy, service->ca_file);
    return easy;
}

static struct curl_slist *make_headers(const char *token) {
    char authorization[512];
    snprintf(authorization, sizeof authorization, "Authorization: Bearer %s",
             token);
    struct curl_slist *headers = curl_slist_append(NULL, authorization);
    headers = curl_slist_append(headers, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Accept: application/json");
    return curl_slist_append(headers, "Expect:");
}

void plain_begin(struct exchange *exchange, const struct service *service,
                 struct row *row, int number) {
    char url[512];
    CURL *easy = exchange->easy;
    snprintf(url, sizeof url, "%s/datastore/%s", service->base_url, row->id);
    exchange->answer = NULL;
    exchange->answer_length = 0;
    exchange->headers = make_headers(service->token);
    exchange->body = make_body(row, number);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, exchange->body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
}

int plain_end(struct exchange *exchange, CURLcode result) {
    long status = 0;
    curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    cJSON *datastore = cJSON_Parse(exchange->answer ? exchange->answer : "");
    int good = result == CURLE_OK && status == 200 &&
               cJSON_GetObjectItem(datastore, "id") != NULL;
    cJSON_Delete(datastore);
    free(exchange->answer);
    free(exchange->body);
    curl_slist_free_all(exchange->headers);
    return good;
}

double plain_cpu(void) {
    return (double)clock() * 1e6 / CLOCKS_PER_SEC;
}

void plain_report(double cpu, int updates) {
    char line[256];
    FILE *file = fopen("/proc/self/status", "r");
    printf("%.3f\n", updates > 0 ? cpu / updates : 0);
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0) printf("%d\n", atoi(line + 6));
    }
    if (file != NULL) fclose(file);
}
