/* mbedtls_device PORT CA CERT KEY: what a device with mbedTLS does before it sends anything. It
   trusts the CA file alone, connects to 127.0.0.1 and expects "localhost" in the certificate.
   Prints "verified", or why not, and ends with 0 or 1. */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>

static int fails(const char* what, int code) {
    char text[200];
    mbedtls_strerror(code, text, sizeof text);
    printf("%s: %s\n", what, text);
    return 1;
}

int main(int count, char** arguments) {
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_net_context connection;
    mbedtls_ssl_config config;
    mbedtls_ssl_context tls;
    mbedtls_x509_crt trusted;
    mbedtls_x509_crt own;
    mbedtls_pk_context key;
    char why[400];
    int code;

    if (count != 5) {
        return fails("usage: mbedtls_device PORT CA CERT KEY", 0);
    }
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random);
    mbedtls_net_init(&connection);
    mbedtls_ssl_config_init(&config);
    mbedtls_ssl_init(&tls);
    mbedtls_x509_crt_init(&trusted);
    mbedtls_x509_crt_init(&own);
    mbedtls_pk_init(&key);
    code = mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0);
    if (code != 0) {
        return fails("random numbers", code);
    }
    code = mbedtls_x509_crt_parse_file(&trusted, arguments[2]);
    if (code != 0) {
        return fails(arguments[2], code);
    }
    code = mbedtls_x509_crt_parse_file(&own, arguments[3]);
    if (code != 0) {
        return fails(arguments[3], code);
    }
    code = mbedtls_pk_parse_keyfile(&key, arguments[4], NULL);
    if (code != 0) {
        return fails(arguments[4], code);
    }
    code = mbedtls_net_connect(&connection, "127.0.0.1", arguments[1], MBEDTLS_NET_PROTO_TCP);
    if (code != 0) {
        return fails("connect", code);
    }
    mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&config, &trusted, NULL);
    mbedtls_ssl_conf_own_cert(&config, &own, &key);
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
    mbedtls_ssl_setup(&tls, &config);
    mbedtls_ssl_set_hostname(&tls, "localhost");
    mbedtls_ssl_set_bio(&tls, &connection, mbedtls_net_send, mbedtls_net_recv, NULL);
    code = mbedtls_ssl_handshake(&tls);
    if (mbedtls_ssl_get_verify_result(&tls) != 0) {
        mbedtls_x509_crt_verify_info(why, sizeof why, "", mbedtls_ssl_get_verify_result(&tls));
        printf("%s", why);
        return 1;
    }
    if (code != 0) {
        return fails("handshake", code);
    }
    printf("verified\n");
    return 0;
}
