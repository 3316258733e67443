#include "libs/rt/session_store.hpp"

#include "libs/base/epoch.hpp"
#include "libs/rt/server_tls.hpp"
#include "libs/rt/tls_parts.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <ctime>
#include <utility>

namespace evergrass::rt {
namespace {

using time = session_store::time;

time now() {
    return std::chrono::system_clock::now();
}

// --- DER ----------------------------------------------------------------------------------------

constexpr unsigned char sequence_tag = 0x30;
constexpr unsigned char peer_tag = 0xA3;  // [3] of SSL_SESSION_ASN1

struct element {
    std::string_view whole;
    std::string_view content;
};

unsigned byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

// The first one, of a tag and length of the usual forms; nullopt at anything else.
std::optional<element> next_element(std::string_view bytes) {
    if (bytes.size() < 2) {
        return std::nullopt;
    }
    std::size_t head = 2;
    std::size_t length = byte_at(bytes, 1);
    if (length >= 0x80) {
        const auto count = length & 0x7FU;
        if (count == 0 || count > 3 || bytes.size() < head + count) {
            return std::nullopt;
        }
        length = 0;
        for (std::size_t i = 0; i < count; ++i) {
            length = length << 8U | byte_at(bytes, head + i);
        }
        head += count;
    }
    if (bytes.size() - head < length) {
        return std::nullopt;
    }
    return element{bytes.substr(0, head + length), bytes.substr(head, length)};
}

std::string sequence_of(std::string_view content) {
    std::string all(1, static_cast<char>(sequence_tag));
    if (content.size() < 0x80) {
        all.push_back(static_cast<char>(content.size()));
    } else {
        all.push_back('\x83');
        for (const unsigned shift : {16U, 8U, 0U}) {
            all.push_back(static_cast<char>(content.size() >> shift & 0xFFU));
        }
        // The shortest form is the only one (X.690 10.1).
        while (all[2] == '\0') {
            all.erase(2, 1);
            all[1] = static_cast<char>(byte_at(all, 1) - 1);
        }
    }
    return all.append(content);
}

// --- OpenSSL's calls ----------------------------------------------------------------------------

std::string der_of(SSL_SESSION* session) {
    const int size = i2d_SSL_SESSION(session, nullptr);
    if (size <= 0) {
        return {};
    }
    std::string der(static_cast<std::size_t>(size), '\0');
    auto* out = reinterpret_cast<unsigned char*>(der.data());
    i2d_SSL_SESSION(session, &out);
    return der;
}

time to_time(const ASN1_TIME* when) {
    std::tm parts{};
    return when != nullptr && ASN1_TIME_to_tm(when, &parts) == 1 ? nearest_wall_time(timegm(&parts))
                                                                 : time::max();
}

// A session has begun, or goes on with a new id. A failure here only means a full handshake later.
int keep_session(SSL* handle, SSL_SESSION* session) {
    try {
        const auto& rules = detail::rules_of(SSL_get_SSL_CTX(handle));
        session_store::entry fresh;
        if (auto* leaf = SSL_SESSION_get0_peer(session)) {
            fresh.certificate_id = detail::certificate_id(leaf);
            fresh.certificate_ends = to_time(X509_get0_notAfter(leaf));
            SSL_SESSION_set1_ticket_appdata(session, fresh.certificate_id.data(),
                                            fresh.certificate_id.size());
        } else {
            fresh.certificate_id = detail::certificate_id_of(session);
        }
        auto state = without_certificate(der_of(session));
        unsigned size = 0;
        const auto* const id = reinterpret_cast<const char*>(SSL_SESSION_get_id(session, &size));
        if (state && size > 0) {
            fresh.state = std::move(*state);
            fresh.ends = now() + std::chrono::seconds(SSL_SESSION_get_timeout(session));
            rules.sessions->put({id, size}, std::move(fresh), now());
        }
    } catch (...) {  // must not cross OpenSSL's C frames
    }
    return 0;  // no reference is kept
}

bool may_come_back(const detail::client_rules& rules, const session_store::entry& known) {
    if (known.certificate_id.empty()) {
        return rules.authentication != client_auth::required;
    }
    return (!rules.admit_again || rules.admit_again(known.certificate_id)) &&
           (!rules.verify_chain || known.certificate_ends > now());
}

SSL_SESSION* find_session(SSL* handle, const unsigned char* id, int size, int* copy) {
    *copy = 0;
    try {
        const auto& rules = detail::rules_of(SSL_get_SSL_CTX(handle));
        const auto known = rules.sessions->find(
            {reinterpret_cast<const char*>(id), static_cast<std::size_t>(size)}, now());
        if (!known || !may_come_back(rules, *known)) {
            return nullptr;
        }
        const auto* der = reinterpret_cast<const unsigned char*>(known->state.data());
        return d2i_SSL_SESSION(nullptr, &der, static_cast<long>(known->state.size()));
    } catch (...) {
        return nullptr;
    }
}

}  // namespace

void session_store::put(std::string_view id, entry fresh, time at) {
    const std::lock_guard lock(mutex_);
    while (!by_age_.empty()) {
        const auto oldest = entries_.find(*by_age_.front());
        if (oldest->second.ends > at && entries_.size() < most_) {
            break;
        }
        by_age_.pop_front();
        entries_.erase(oldest);
    }
    const auto [at_id, is_new] = entries_.insert_or_assign(std::string(id), std::move(fresh));
    if (is_new) {
        by_age_.push_back(&at_id->first);
    }
}

std::optional<session_store::entry> session_store::find(std::string_view id, time at) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(std::string(id));
    if (found == entries_.end() || found->second.ends <= at) {
        return std::nullopt;
    }
    return found->second;
}

std::size_t session_store::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

std::optional<std::string> without_certificate(std::string_view session_der) {
    const auto outer = next_element(session_der);
    if (!outer || byte_at(session_der, 0) != sequence_tag ||
        outer->whole.size() != session_der.size()) {
        return std::nullopt;
    }
    std::string kept;
    for (auto rest = outer->content; !rest.empty();) {
        const auto next = next_element(rest);
        if (!next) {
            return std::nullopt;
        }
        if (byte_at(rest, 0) != peer_tag) {
            kept += next->whole;
        }
        rest.remove_prefix(next->whole.size());
    }
    return sequence_of(kept);
}

tls_sessions::tls_sessions(std::size_t most) : store_(std::make_shared<session_store>(most)) {}

void detail::use_session_store(SSL_CTX* context) {
    SSL_CTX_set_session_cache_mode(
        context, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL | SSL_SESS_CACHE_NO_AUTO_CLEAR);
    SSL_CTX_sess_set_new_cb(context, keep_session);
    SSL_CTX_sess_set_get_cb(context, find_session);
}

std::string detail::certificate_id_of(const SSL_SESSION* session) {
    void* data = nullptr;
    std::size_t size = 0;
    // It takes no const session, and changes nothing.
    SSL_SESSION_get0_ticket_appdata(const_cast<SSL_SESSION*>(session), &data, &size);
    return {static_cast<const char*>(data), size};
}

}  // namespace evergrass::rt
