/* truto.core: the module, put together. */
#include <pthread.h>

#include <curl/curl.h>

#include "background_module.h"
#include "client.h"
#include "compat.h"
#include "datastore.h"
#include "json.h"
#include "routes.h"
#include "secret.h"
#include "system.h"
#include "system_module.h"
#include "transfer.h"

static pthread_once_t started = PTHREAD_ONCE_INIT;
static CURLcode start_result;
static bool pinned;

/* Once in the process, never undone: other threads may use libcurl. */
static void start_process(void) {
    start_result = curl_global_init(CURL_GLOBAL_DEFAULT);
    pinned = system_pin_module();
    if (pinned) system_watch_forks();
}

/* Stack: [core, value] -> [core]. */
static void add(lua_State *L, const char *name) {
    lua_setfield(L, -2, name);
}

__attribute__((visibility("default"))) int luaopen_truto_core(lua_State *L);

int luaopen_truto_core(lua_State *L) {
    pthread_once(&started, start_process);
    if (start_result != CURLE_OK || !pinned) {
        return luaL_error(L, "truto.core cannot start: %s",
                          pinned ? curl_easy_strerror(start_result)
                                 : "the loader does not keep the module");
    }
    transfer_open(L);
    json_open(L);
    lua_newtable(L);
    secret_open(L);
    add(L, "secret");
    client_open(L);
    add(L, "client");
    datastore_open(L);
    add(L, "datastore");
    routes_open(L);
    add(L, "routes");
    background_module_open(L);
    add(L, "background");
    system_open(L);
    add(L, "system");
    json_push_reader(L);
    add(L, "json_read");
    lua_pushlightuserdata(L, NULL);
    add(L, "null");
    json_push_empty_array(L);
    add(L, "empty_array");
    lua_pushstring(L, curl_version_info(CURLVERSION_NOW)->version);
    add(L, "libcurl_version");
    return 1;
}
