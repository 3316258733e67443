#pragma once

#include "libs/rt/server_tls.hpp"
#include "libs/rt/test_certificates.hpp"
#include "libs/rt/tls_channel.hpp"
#include "libs/rt/tls_parts.hpp"

#include <openssl/ssl.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

// Two TLS channels back to back in memory.
namespace evergrass::rt::testing {

// A client's context, for tests that choose what old or odd clients do.
class client_tls {
public:
    explicit client_tls(const tls_identity* identity = nullptr, int newest = TLS1_3_VERSION,
                        int oldest = TLS1_2_VERSION)
        : context_(SSL_CTX_new(TLS_client_method())) {
        SSL_CTX_set_security_level(context_, oldest < TLS1_2_VERSION ? 0 : 1);
        SSL_CTX_set_min_proto_version(context_, oldest);
        SSL_CTX_set_max_proto_version(context_, newest);
        if (identity != nullptr) {
            detail::use_identity(context_, *identity).value();
        }
        SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT);
        SSL_CTX_set_app_data(context_, this);
        SSL_CTX_sess_set_new_cb(context_, [](SSL* handle, SSL_SESSION* fresh) {
            auto* self = static_cast<client_tls*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(handle)));
            SSL_SESSION_free(self->session_);
            self->session_ = fresh;
            return 1;
        });
    }
    ~client_tls() {
        SSL_SESSION_free(session_);
        SSL_CTX_free(context_);
    }
    client_tls(const client_tls&) = delete;
    client_tls& operator=(const client_tls&) = delete;

    SSL_CTX* handle() { return context_; }
    SSL_SESSION* session() { return session_; }  // of the last ticket, or null

private:
    SSL_CTX* context_;
    SSL_SESSION* session_ = nullptr;
};

class tls_pair {
public:
    using progress = tls_channel::progress;

    tls_pair(const server_tls& tls, client_tls& from)
        : server(tls.handle(), tls_channel::role::server),
          client(from.handle(), tls_channel::role::client) {
        if (from.session() != nullptr) {
            SSL_set_session(client.handle(), from.session());
        }
    }

    // The server's outcome. `piece`: so many bytes reach it at a time.
    progress shake_hands(std::size_t piece = SIZE_MAX) {
        for (int step = 0; step < 20'000; ++step) {
            if (client_state == progress::wants_input) {
                client_state = client.handshake(at_client);
                carry(at_client.output, to_server_);
            }
            if (server_state == progress::wants_input) {
                const auto count = std::min(piece, to_server_.size());
                const auto bytes = to_server_.substr(0, count);
                to_server_.erase(0, count);
                at_server.input = bytes;
                server_state = server.handshake(at_server);
                if (server_state != progress::failed) {
                    // What came with the end of the handshake and is no part of it.
                    to_server_.insert(0, at_server.input);
                }
                carry(at_server.output, to_client_);
            }
            hear();
            const bool over = server_state != progress::wants_input;
            if (over && (client_state != progress::wants_input || to_client_.empty())) {
                return server_state;
            }
        }
        throw std::logic_error("the handshake does not end");
    }

    // What the client gets of it.
    std::string server_says(std::string_view plain) {
        if (!server.write(at_server, plain)) {
            throw std::logic_error("the server cannot write");
        }
        carry(at_server.output, to_client_);
        hear();
        return std::exchange(client_got, {});
    }

    std::string client_encrypts(std::string_view plain) {
        if (!client.write(at_client, plain)) {
            throw std::logic_error("the client cannot write");
        }
        return std::exchange(at_client.output, {});
    }

    tls_channel server;
    tls_channel client;
    tls_wire at_server;
    tls_wire at_client;
    progress server_state = progress::wants_input;
    progress client_state = progress::wants_input;
    std::string client_got;

private:
    static void carry(std::string& from, std::string& to) {
        to += from;
        from.clear();
    }

    void hear() {
        const auto bytes = std::exchange(to_client_, {});
        at_client.input = bytes;
        if (client_state == progress::wants_input) {
            client_state = client.handshake(at_client);
        }
        char into[1024];
        bool more = client_state == progress::done;
        while (more) {
            const auto got = client.read(at_client, into, sizeof into);
            client_got.append(into, got.count);
            more = got.state == progress::full;
            if (got.state == progress::failed || got.state == progress::closed) {
                client_state = got.state;
            }
        }
        at_client.input = {};
        carry(at_client.output, to_server_);
    }

    std::string to_server_;
    std::string to_client_;
};

}  // namespace evergrass::rt::testing
