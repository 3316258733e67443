#include "apps/doctor/endpoint_facts.hpp"
#include "apps/doctor/way_to_server.hpp"
#include "libs/pki/openssl.hpp"
#include "libs/pki/pki.hpp"
#include "libs/rt/held_key.hpp"
#include "libs/rt/tls.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <netdb.h>
#include <poll.h>

namespace evergrass::doctor {
namespace {

using pki::detail::freed_by;
using context_ptr = std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>>;
using ssl_ptr = std::unique_ptr<SSL, freed_by<SSL_free>>;

// MQTT 3.1.1 and 5: as the first packet it ends the connection [MQTT-3.1.0-1].
constexpr std::string_view ping_request = {"\xC0\0", 2};

// The address itself, when it is one, else what the system finds.
void look_up(endpoint_facts& e) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* all = nullptr;
    const int failed = ::getaddrinfo(e.place.host.c_str(), nullptr, &wanted, &all);
    if (failed != 0) {
        e.resolve_error = failed == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(failed);
        return;
    }
    for (const auto* one = all; one != nullptr; one = one->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (::getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0,
                          NI_NUMERICHOST) == 0) {
            e.addresses.emplace_back(text.data());
        }
    }
    ::freeaddrinfo(all);
}

// What the verification found, and went on all the same.
struct verification {
    int verdict = X509_V_OK;
};

int note_and_go_on(int good, X509_STORE_CTX* context) {
    const auto* ssl = static_cast<SSL*>(
        X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* noted = static_cast<verification*>(SSL_get_app_data(ssl));
    if (good == 0 && noted->verdict == X509_V_OK) {
        noted->verdict = X509_STORE_CTX_get_error(context);
    }
    return 1;
}

void trust(SSL_CTX* context, const std::string& pem) {
    const auto bio = pki::detail::read_only(pem);
    auto* store = SSL_CTX_get_cert_store(context);
    while (auto certificate =
               pki::detail::x509_ptr(PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr))) {
        X509_STORE_add_cert(store, certificate.get());
    }
    ERR_clear_error();
}

bool is_about_our_certificate(unsigned long reason) {
    switch (ERR_GET_REASON(reason)) {
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
            return true;
        default:
            return false;
    }
}

std::string words_for(unsigned long reason) {
    const boost::system::error_code code(static_cast<int>(reason),
                                         boost::asio::error::get_ssl_category());
    auto text = rt::explain_tls_failure(code, nullptr);
    return text.empty() ? code.message() : text;
}

enum class step { done, refused, ended, late };

// A conversation over TLS on a socket that doesn't block.
class conversation {
public:
    conversation(ssl_ptr ssl, int descriptor, std::chrono::seconds limit)
        : ssl_(std::move(ssl)), descriptor_(descriptor), limit_(limit) {}

    SSL* ssl() const { return ssl_.get(); }
    unsigned long reason() const { return reason_; }

    step shake_hands() {
        return carry_out([this] { return SSL_connect(ssl_.get()); });
    }
    step send(std::string_view bytes) {
        return carry_out(
            [&] { return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())); });
    }
    // Some bytes, up to 4 KiB.
    step receive(std::string& bytes) {
        bytes.resize(4096);
        int got = 0;
        const auto how = carry_out([&] {
            return got = SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
        });
        bytes.resize(how == step::done ? static_cast<std::size_t>(got) : 0);
        return how;
    }

private:
    template <class Operation>
    step carry_out(Operation operation) {
        const auto until = std::chrono::steady_clock::now() + limit_;
        for (;;) {
            ERR_clear_error();
            const int outcome = operation();
            if (outcome > 0) {
                return step::done;
            }
            const int why = SSL_get_error(ssl_.get(), outcome);
            if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
                if (!wait(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until)) {
                    return step::late;
                }
                continue;
            }
            reason_ = why == SSL_ERROR_SSL ? ERR_peek_last_error() : 0;
            return reason_ != 0 && is_about_our_certificate(reason_) ? step::refused : step::ended;
        }
    }

    bool wait(short what, mono_time until) const {
        for (;;) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                until - std::chrono::steady_clock::now());
            pollfd one{descriptor_, what, 0};
            const int ready =
                left.count() <= 0 ? 0 : ::poll(&one, 1, static_cast<int>(left.count()));
            if (ready < 0 && errno == EINTR) {
                continue;
            }
            return ready > 0;
        }
    }

    ssl_ptr ssl_;
    int descriptor_;
    std::chrono::seconds limit_;
    unsigned long reason_ = 0;
};

context_ptr make_context(const endpoint_place& place, const own_identity& self, bool& shows) {
    context_ptr context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, note_and_go_on);
    trust(context.get(), self.ca_pem);
    shows = self.shown && rt::use_identity(context.get(), *self.shown);
    if (place.port == 443) {
        const std::string protocol =
            place.speaks == service_protocol::mqtt ? "x-amzn-mqtt-ca" : "x-amzn-http-ca";
        const auto wire = static_cast<char>(protocol.size()) + protocol;
        SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(wire.data()),
                                static_cast<unsigned>(wire.size()));
    }
    return context;
}

bool is_for(X509* certificate, const std::string& host) {
    boost::system::error_code not_numeric;
    const auto address = boost::asio::ip::make_address(host, not_numeric);
    if (not_numeric) {
        return X509_check_host(certificate, host.data(), host.size(), 0, nullptr) == 1;
    }
    return X509_check_ip_asc(certificate, address.to_string().c_str(), 0) == 1;
}

void note_certificate(SSL* ssl, const verification& noted, endpoint_facts& e) {
    const pki::detail::x509_ptr leaf(SSL_get1_peer_certificate(ssl));
    if (!leaf) {
        return;
    }
    e.shown_certificate = true;
    e.name_matches = is_for(leaf.get(), e.place.host);
    if (noted.verdict != X509_V_OK) {
        e.chain_error = X509_verify_cert_error_string(noted.verdict);
    }
    const pki::detail::bio_ptr bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), leaf.get());
    if (const auto info = pki::read_certificate(pki::detail::text_of(bio.get()))) {
        e.subject = info->common_name;
        e.issuer = info->issuer_common_name;
        e.names = info->names;
        e.not_before = info->not_before;
        e.not_after = info->not_after;
    }
}

void refuse(const conversation& with, endpoint_facts& e) {
    e.client = client_outcome::refused;
    e.client_error = words_for(with.reason());
}

// With TLS 1.3 the server's verdict on the client's certificate comes with its first bytes.
void hear_the_verdict(conversation& with, endpoint_facts& e) {
    const auto question =
        e.place.speaks == service_protocol::mqtt
            ? std::string(ping_request)
            : "GET / HTTP/1.1\r\nHost: " + e.place.host + "\r\nConnection: close\r\n\r\n";
    std::string answer;
    auto how = with.send(question);
    if (how == step::done) {
        how = with.receive(answer);
    }
    switch (how) {
        case step::refused:
            refuse(with, e);
            break;
        case step::late:
            e.client = client_outcome::silent;
            break;
        case step::done:
        case step::ended:  // as MQTT asks for
            e.client = client_outcome::accepted;
            e.server_time = date_of_answer(answer);
            break;
    }
    e.now = std::chrono::system_clock::now();
}

}  // namespace

endpoint_facts look_at_endpoint(const endpoint_place& place, const own_identity& self,
                                std::chrono::seconds limit) {
    endpoint_facts e;
    e.place = place;
    e.now = std::chrono::system_clock::now();
    if (self.proxy && self.proxy->serves(place.host, place.port)) {
        e.proxy = self.proxy->name();
    } else {
        look_up(e);
        if (!e.resolve_error.empty()) {
            return e;
        }
    }
    auto way =
        way_to_server::open(place.host, place.port, e.proxy.empty() ? nullptr : self.proxy, limit);
    if (!way) {
        e.connect_error = way.error().message();
        return e;
    }
    e.connected = true;

    bool shows = false;
    const auto context = make_context(place, self, shows);
    ssl_ptr ssl(SSL_new(context.get()));
    verification noted;
    SSL_set_app_data(ssl.get(), &noted);
    SSL_set_fd(ssl.get(), (*way)->descriptor());
    boost::system::error_code is_name;
    boost::asio::ip::make_address(place.host, is_name);
    if (is_name) {
        SSL_set_tlsext_host_name(ssl.get(), place.host.c_str());
    }
    conversation with(std::move(ssl), (*way)->descriptor(), limit);
    const auto how = with.shake_hands();
    e.tls_version = SSL_get_version(with.ssl());
    note_certificate(with.ssl(), noted, e);
    if (how == step::refused && e.shown_certificate) {
        refuse(with, e);
    } else if (how == step::late) {
        e.tls_error = "no answer to the handshake within " + std::to_string(limit.count()) + " s";
    } else if (how != step::done) {
        e.tls_error = with.reason() == 0 ? "the server closed the connection in the handshake"
                                         : words_for(with.reason());
    } else {
        e.secured = true;
        hear_the_verdict(with, e);
    }
    if (!shows) {  // a refusal says nothing of a certificate that was not shown
        e.secured = e.secured || e.client == client_outcome::refused;
        e.client = client_outcome::not_tried;
        e.client_error =
            self.why_none.empty() ? "certificate and key can't be used" : self.why_none;
    }
    return e;
}

}  // namespace evergrass::doctor
