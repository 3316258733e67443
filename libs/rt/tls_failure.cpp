#include "libs/rt/tls_parts.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>

namespace evergrass::rt::detail {
namespace {

std::string explain_verification(long verdict, bool is_server) {
    if (is_server) {
        return verdict == X509_V_ERR_CERT_REJECTED
                   ? std::string("the client's certificate is not admitted here")
                   : std::string("the client's certificate was not accepted: ") +
                         X509_verify_cert_error_string(verdict);
    }
    switch (verdict) {
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return "the server's certificate is not signed by a CA in the CA file; check that the "
                   "CA file belongs to this server";
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return "the server's certificate is for another host name; connect by a name that the "
                   "certificate holds";
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "the server's certificate has expired; check this machine's clock too";
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "the server's certificate is not valid yet; check this machine's clock";
        default:
            return std::string("the server's certificate was not accepted: ") +
                   X509_verify_cert_error_string(verdict);
    }
}

std::string refused(bool is_server, const char* alert) {
    const auto whose = is_server ? "the client refused our certificate (alert: "
                                 : "the server refused our certificate (alert: ";
    return std::string(whose) + alert + ")" +
           (is_server ? "; its CA file does not hold the CA that signed it"
                      : "; check that it is the right one, active and registered there");
}

std::string explain_reason(int reason, bool is_server) {
    switch (reason) {
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
            return refused(is_server, "bad certificate");
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
            return refused(is_server, "certificate unknown");
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
            return refused(is_server, "certificate expired");
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
            return refused(is_server, "certificate revoked");
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
            return refused(is_server, "unknown CA");
        case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
            return refused(is_server, "access denied");
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
            return "the server demands a client certificate and got none";
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return "the client showed no certificate";
        case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        case SSL_R_NO_SHARED_CIPHER:
            return "no common TLS version, cipher suite or accepted certificate (alert: handshake "
                   "failure)";
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        case SSL_R_UNSUPPORTED_PROTOCOL:
            return "no common TLS version; 1.2 or 1.3 is wanted";
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_HTTP_REQUEST:
            return "the other side does not speak TLS on this port";
        default:
            return {};
    }
}

}  // namespace

std::string explain_tls_failure(unsigned long reason, const SSL* handle) {
    const bool is_server = handle != nullptr && SSL_is_server(handle) == 1;
    // A session that is resumed has no verdict of its own.
    if (handle != nullptr && SSL_session_reused(handle) == 0) {
        const long verdict = SSL_get_verify_result(handle);
        if (verdict != X509_V_OK) {
            return explain_verification(verdict, is_server);
        }
    }
    return explain_reason(ERR_GET_REASON(reason), is_server);
}

}  // namespace evergrass::rt::detail
