/*
 * What an update costs without Lua: the same request in a plain loop over one
 * curl_easy handle, as a C programmer would write it, TLS verified, the body
 * made and the answer parsed with cJSON. Prints CPU microseconds a request.
 *   baseline BASE_URL TOKEN CA_FILE COUNT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <curl/curl.h>

struct answer {
    char *bytes;
    size_t length;
};

static size_t receive(char *bytes, size_t size, size_t count, void *data) {
    struct answer *answer = data;
    size_t length = size * count;
    char *grown = realloc(answer->bytes, answer->length + length + 1);
    if (grown == NULL) return 0;
    memcpy(grown + answer->length, bytes, length);
    answer->bytes = grown;
    answer->length += length;
    grown[answer->length] = '\0';
    return length;
}

static char *make_body(int number) {
    char label[32];
    cJSON *body = cJSON_CreateObject();
    cJSON *config = cJSON_AddObjectToObject(body, "config");
    snprintf(label, sizeof label, "nightly %d", number);
    cJSON_AddStringToObject(config, "bucket", "exports-2027");
    cJSON_AddStringToObject(config, "region", "eu-central-1");
    cJSON_AddStringToObject(config, "access_key_id", "AKIAEXAMPLE");
    cJSON_AddStringToObject(config, "secret_access_key", "a secret key");
    cJSON_AddStringToObject(body, "label", label);
    char *text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    return text;
}

static int update(CURL *easy, const char *url, int number) {
    struct answer answer = {NULL, 0};
    long status = 0;
    char *body = make_body(number);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
    CURLcode result = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    cJSON *datastore = cJSON_Parse(answer.bytes ? answer.bytes : "");
    int done = result == CURLE_OK && status == 200 &&
               cJSON_GetObjectItem(datastore, "id") != NULL;
    cJSON_Delete(datastore);
    free(answer.bytes);
    free(body);
    return done;
}

int main(int count, char **values) {
    char url[512], authorization[512];
    struct curl_slist *headers = NULL;
    if (count < 5) return 2;
    int updates = atoi(values[4]);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *easy = curl_easy_init();
    snprintf(url, sizeof url, "%s/datastore/ds_s3", values[1]);
    snprintf(authorization, sizeof authorization, "Authorization: Bearer %s",
             values[2]);
    headers = curl_slist_append(headers, authorization);
    headers = curl_slist_append(headers, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Accept: application/json");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PATCH");
    curl_easy_setopt(easy, CURLOPT_CAINFO, values[3]);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 30000L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
    if (!update(easy, url, 0)) return 1; /* connects; not counted */
    clock_t start = clock();
    for (int i = 0; i < updates; i++) {
        if (!update(easy, url, i)) return 1;
    }
    printf("%.3f\n", (double)(clock() - start) * 1e6 / CLOCKS_PER_SEC /
                         updates);
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0) printf("%d\n", atoi(line + 6));
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    return 0;
}
