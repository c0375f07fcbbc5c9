/* Prints which libcurl a program gets here, and that one's TLS library:
 * "7.88.1 OpenSSL/3.0.20". For `make matrix`. */
#include <stdio.h>

#include <curl/curl.h>

int main(void) {
    const curl_version_info_data *about = curl_version_info(CURLVERSION_NOW);
    return printf("%s %s\n", about->version, about->ssl_version) < 0;
}
