#include "libs/rt/tls_channel.hpp"

#include "libs/rt/session_store.hpp"
#include "libs/rt/tls_parts.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

namespace evergrass::rt {
namespace {

// OpenSSL's view of a tls_wire: reads take from its input, writes append to its output.
int read_wire(BIO* bio, char* into, std::size_t size, std::size_t* count) {
    BIO_clear_retry_flags(bio);
    auto* wire = static_cast<tls_wire*>(BIO_get_data(bio));
    if (wire == nullptr || wire->input.empty()) {
        BIO_set_retry_read(bio);
        *count = 0;
        return 0;
    }
    *count = std::min(size, wire->input.size());
    std::memcpy(into, wire->input.data(), *count);
    wire->input.remove_prefix(*count);
    return 1;
}

int write_wire(BIO* bio, const char* bytes, std::size_t size, std::size_t* count) {
    BIO_clear_retry_flags(bio);
    auto* wire = static_cast<tls_wire*>(BIO_get_data(bio));
    if (wire == nullptr) {
        return 0;
    }
    try {
        wire->output.append(bytes, size);
    } catch (const std::bad_alloc&) {
        return 0;  // must not cross OpenSSL's frames
    }
    *count = size;
    return 1;
}

long control_wire(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// Made once a process and never changed.
const BIO_METHOD* wire_method() {
    static const BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tls_wire");
        if (made == nullptr) {
            throw std::bad_alloc();
        }
        BIO_meth_set_read_ex(made, read_wire);
        BIO_meth_set_write_ex(made, write_wire);
        BIO_meth_set_ctrl(made, control_wire);
        return made;
    }();
    return method;
}

void use(SSL* handle, tls_wire& wire) {
    BIO_set_data(SSL_get_rbio(handle), &wire);
}

// What others left there would be taken for our failure. Clearing costs much more than looking.
void forget_errors() {
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
}

}  // namespace

tls_channel::tls_channel(SSL_CTX* context, role side) : handle_(SSL_new(context)) {
    BIO* bio = handle_ == nullptr ? nullptr : BIO_new(wire_method());
    if (bio == nullptr) {
        SSL_free(handle_);
        throw std::bad_alloc();
    }
    BIO_set_init(bio, 1);
    SSL_set_bio(handle_, bio, bio);
    if (side == role::server) {
        SSL_set_accept_state(handle_);
    } else {
        SSL_set_connect_state(handle_);
    }
}

tls_channel::~tls_channel() {
    SSL_free(handle_);
}

tls_channel::tls_channel(tls_channel&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), last_error_(other.last_error_) {}

tls_channel::progress tls_channel::outcome(int returned) {
    switch (SSL_get_error(handle_, returned)) {
        case SSL_ERROR_NONE:
            return progress::done;
        case SSL_ERROR_WANT_READ:
            return progress::wants_input;
        case SSL_ERROR_ZERO_RETURN:
            return progress::closed;
        default:
            last_error_ = ERR_peek_last_error();
            ERR_clear_error();
            return progress::failed;
    }
}

tls_channel::progress tls_channel::handshake(tls_wire& wire) {
    use(handle_, wire);
    forget_errors();
    return outcome(SSL_do_handshake(handle_));
}

// One record a call of SSL_read; the call that would only say that no more has come is left out.
tls_channel::read_result tls_channel::read(tls_wire& wire, char* into, std::size_t size) {
    use(handle_, wire);
    forget_errors();
    read_result all;
    while (!wire.input.empty() || SSL_pending(handle_) > 0) {
        if (all.count == size) {
            all.state = progress::full;
            return all;
        }
        std::size_t count = 0;
        const int returned = SSL_read_ex(handle_, into + all.count, size - all.count, &count);
        if (returned != 1) {
            const auto state = outcome(returned);
            if (state != progress::wants_input) {
                all.state = state;
            }
            return all;
        }
        all.count += count;
    }
    return all;
}

bool tls_channel::write(tls_wire& wire, std::string_view plain) {
    use(handle_, wire);
    forget_errors();
    while (!plain.empty()) {
        std::size_t count = 0;
        const int returned = SSL_write_ex(handle_, plain.data(), plain.size(), &count);
        if (returned != 1) {
            outcome(returned);
            return false;
        }
        plain.remove_prefix(count);
    }
    return true;
}

void tls_channel::close(tls_wire& wire) {
    use(handle_, wire);
    forget_errors();
    SSL_shutdown(handle_);
    forget_errors();
}

std::string tls_channel::failure() const {
    if (auto text = detail::explain_tls_failure(last_error_, handle_); !text.empty()) {
        return text;
    }
    const char* reason = ERR_reason_error_string(last_error_);
    return reason == nullptr ? std::string("TLS failed") : std::string("TLS failed: ") + reason;
}

std::optional<std::string> tls_channel::peer_certificate_id() const {
    if (const auto* certificate = SSL_get0_peer_certificate(handle_)) {
        return detail::certificate_id(certificate);
    }
    auto id = resumed() ? detail::certificate_id_of(SSL_get0_session(handle_)) : std::string();
    return id.empty() ? std::nullopt : std::optional(std::move(id));
}

std::string tls_channel::alpn() const {
    return detail::agreed_protocol(handle_);
}

bool tls_channel::resumed() const {
    return SSL_session_reused(handle_) == 1;
}

std::string tls_channel::version() const {
    return SSL_get_version(handle_);
}

}  // namespace evergrass::rt
