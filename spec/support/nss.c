/* For specs only, preloaded: a libcurl that says it was built with NSS. */
#include <dlfcn.h>

#include <curl/curl.h>

curl_version_info_data *curl_version_info(CURLversion version) {
    static curl_version_info_data changed;
    curl_version_info_data *(*real)(CURLversion);
    /* It comes with the module, so no search finds it behind this library. */
    void *library = dlopen("libcurl.so.4", RTLD_NOW);
    if (library == NULL) library = dlopen("libcurl-gnutls.so.4", RTLD_NOW);
    *(void **)&real = dlsym(library, "curl_version_info");
    changed = *real(version);
    changed.ssl_version = "(OpenSSL/3.0.19) NSS/3.87.1";
    return &changed;
}
