/*
 * What updates cost without Lua: the same requests in a plain loop over one
 * curl_easy handle, as a C programmer would write it.
 *   baseline ROW COUNT BASE_URL TOKEN CA_FILE USER_AGENT
 * The first update, which connects, is not counted; with a COUNT of 0 it is
 * all there is.
 */
#include <stdlib.h>

#include "plain.h"

int main(int count, char **values) {
    if (count < 7) return 2;
    int updates = atoi(values[2]);
    struct service service = {values[3], values[4], values[5], values[6]};
    struct row row = plain_row(values[1]);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct exchange exchange = {.easy = plain_handle(&service)};
    double start = 0;
    for (int i = 0; i <= updates; i++) {
        plain_begin(&exchange, &service, &row, i);
        if (!plain_end(&exchange, curl_easy_perform(exchange.easy))) return 1;
        if (i == 0) start = plain_cpu();
    }
    plain_report(plain_cpu() - start, updates);
    curl_easy_cleanup(exchange.easy);
    return 0;
}
