/*
 * Many updates at once without Lua: curl_multi_socket_action over epoll, each
 * transfer with a handle of its own, which its next update uses again.
 *   baseline_many ROW COUNT BASE_URL TOKEN CA_FILE USER_AGENT IN_FLIGHT
 * A first update on each handle, which connects, is not counted.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "plain.h"

#define IN_FLIGHT_MAX 256

struct many {
    CURLM *multi;
    int epoll;
    struct service service;
    struct row row;
    struct exchange exchanges[IN_FLIGHT_MAX];
    int begun, done, wanted;
    int failed;
};

static int watch(CURL *easy, curl_socket_t socket, int what, void *data,
                 void *known) {
    struct many *many = data;
    struct epoll_event event = {.events = 0, .data = {.fd = socket}};
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(many->epoll, EPOLL_CTL_DEL, socket, NULL);
        return 0;
    }
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    int action = known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(many->epoll, action, socket, &event) != 0) {
        epoll_ctl(many->epoll, EPOLL_CTL_ADD, socket, &event);
    }
    curl_multi_assign(many->multi, socket, many);
    return 0;
}

static void begin(struct many *many, struct exchange *exchange) {
    plain_begin(exchange, &many->service, &many->row, many->begun++);
    curl_multi_add_handle(many->multi, exchange->easy);
}

static void end(struct many *many, CURL *easy, CURLcode result) {
    char *data = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &data);
    struct exchange *exchange = (struct exchange *)(void *)data;
    curl_multi_remove_handle(many->multi, easy);
    if (!plain_end(exchange, result)) many->failed++;
    many->done++;
    if (many->begun < many->wanted) begin(many, exchange);
}

static void end_completed(struct many *many) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(many->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        end(many, message->easy_handle, message->data.result);
    }
}

static int bits_of(uint32_t events) {
    int bits = 0;
    if (events & EPOLLIN) bits |= CURL_CSELECT_IN;
    if (events & EPOLLOUT) bits |= CURL_CSELECT_OUT;
    if (events & (EPOLLERR | EPOLLHUP)) bits |= CURL_CSELECT_ERR;
    return bits;
}

static void turn(struct many *many) {
    struct epoll_event events[64];
    long milliseconds = -1;
    int running;
    curl_multi_timeout(many->multi, &milliseconds);
    int count = epoll_wait(many->epoll, events, 64, (int)milliseconds);
    for (int i = 0; i < count; i++) {
        curl_multi_socket_action(many->multi, events[i].data.fd,
                                 bits_of(events[i].events), &running);
    }
    if (count == 0) {
        curl_multi_socket_action(many->multi, CURL_SOCKET_TIMEOUT, 0,
                                 &running);
    }
    end_completed(many);
}

static void run(struct many *many, int in_flight, int updates) {
    many->begun = many->done = 0;
    many->wanted = updates;
    for (int i = 0; i < in_flight && i < updates; i++) {
        begin(many, &many->exchanges[i]);
    }
    while (many->done < many->wanted) turn(many);
}

int main(int count, char **values) {
    static struct many many;
    if (count < 8) return 2;
    int updates = atoi(values[2]), in_flight = atoi(values[7]);
    if (in_flight < 1 || in_flight > IN_FLIGHT_MAX) return 2;
    many.service =
        (struct service){values[3], values[4], values[5], values[6]};
    many.row = plain_row(values[1]);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    many.epoll = epoll_create1(EPOLL_CLOEXEC);
    many.multi = curl_multi_init();
    curl_multi_setopt(many.multi, CURLMOPT_SOCKETFUNCTION, watch);
    curl_multi_setopt(many.multi, CURLMOPT_SOCKETDATA, &many);
    curl_multi_setopt(many.multi, CURLMOPT_MAXCONNECTS, (long)in_flight);
    for (int i = 0; i < in_flight; i++) {
        many.exchanges[i].easy = plain_handle(&many.service);
    }
    run(&many, in_flight, in_flight);
    double start = plain_cpu();
    run(&many, in_flight, updates);
    plain_report(plain_cpu() - start, updates);
    for (int i = 0; i < in_flight; i++) {
        curl_easy_cleanup(many.exchanges[i].easy);
    }
    curl_multi_cleanup(many.multi);
    return many.failed > 0;
}
