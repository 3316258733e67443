#include "libs/http/local_server.hpp"

#include "libs/base/file.hpp"
#include "libs/base/socket_address.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace evergrass::http {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds pause_after_failure{200};

// The socket's mode keeps others out; a descriptor that was handed on would not. nullopt: a
// stranger's.
std::optional<uid_t> who_asks(int connection) {
    ucred peer{};
    socklen_t size = sizeof peer;
    const bool known = ::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
    return known && (peer.uid == 0 || peer.uid == ::geteuid()) ? std::optional(peer.uid)
                                                               : std::nullopt;
}

}  // namespace

class local_server::implementation
    : public std::enable_shared_from_this<local_server::implementation> {
public:
    implementation(asio::any_io_executor executor, std::filesystem::path socket,
                   server_options options, handler handle, logger log)
        : path_(std::move(socket)),
          log_(log),
          acceptor_(executor),
          pause_(executor),
          server_(options, std::move(handle), log) {}

    result<void> open() {
        if (auto made = make_directories(path_.parent_path(), 0755); !made) {
            return made;
        }
        // Made under another name and renamed: whoever finds the socket can use it, and a dead one
        // gives way.
        const auto fresh = path_.parent_path() / "admin.new";
        ::unlink(fresh.c_str());
        auto address = socket_address::of(fresh);
        if (!address) {
            return address.error();
        }
        error_code failed;
        acceptor_.open(stream_protocol(), failed);
        if (!failed) {
            acceptor_.bind(stream_protocol::endpoint(address->text()), failed);
        }
        if (!failed) {
            acceptor_.listen(asio::socket_base::max_listen_connections, failed);
        }
        if (failed) {
            return error{failed, "cannot listen on " + path_.string()};
        }
        if (::chmod(fresh.c_str(), 0600) != 0 || ::rename(fresh.c_str(), path_.c_str()) != 0) {
            return errno_error("cannot put the socket at " + path_.string());
        }
        asio::co_spawn(acceptor_.get_executor(), accept_loop(shared_from_this()), asio::detached);
        return {};
    }

    void close() {
        if (acceptor_.is_open()) {
            ::unlink(path_.c_str());
            error_code ignored;
            acceptor_.close(ignored);
            pause_.cancel();
        }
    }

    static asio::awaitable<void> stop(std::shared_ptr<implementation> self) {
        self->close();
        co_await self->server_.stop(std::chrono::milliseconds(0));
    }

private:
    static asio::awaitable<void> accept_loop(std::shared_ptr<implementation> self) {
        while (self->acceptor_.is_open()) {
            error_code failed;
            stream_protocol::socket socket(self->acceptor_.get_executor());
            co_await self->acceptor_.async_accept(
                socket, asio::redirect_error(asio::use_awaitable, failed));
            if (!self->acceptor_.is_open()) {
                co_return;
            }
            if (failed) {  // no descriptors are left: they come back
                self->pause_.expires_after(pause_after_failure);
                co_await self->pause_.async_wait(asio::redirect_error(asio::use_awaitable, failed));
                continue;
            }
            self->serve(std::move(socket));
        }
    }

    // The HTTP server reads and writes streams of sockets, whatever their family; Asio keeps the
    // family in the socket's type only.
    void serve(stream_protocol::socket socket) {
        const auto user = who_asks(socket.native_handle());
        if (!user) {
            log_.warn("A stranger's connection to the local socket was refused.",
                      {{"socket", path_.string()}});
            return;
        }
        error_code failed;
        const int descriptor = socket.release(failed);
        if (failed) {
            return;
        }
        rt::plain_connection connection{rt::tcp_socket(acceptor_.get_executor()),
                                        "local:" + std::to_string(*user)};
        connection.socket.assign(asio::ip::tcp::v4(), descriptor, failed);
        if (failed) {
            ::close(descriptor);
            return;
        }
        server_.serve(std::move(connection));
    }

    std::filesystem::path path_;
    logger log_;
    stream_protocol::acceptor acceptor_;
    asio::steady_timer pause_;
    server server_;
};

local_server::local_server(asio::any_io_executor executor, std::filesystem::path socket,
                           server_options options, handler handle, logger log)
    : implementation_(std::make_shared<implementation>(
          std::move(executor), std::move(socket), options, std::move(handle), std::move(log))) {}

local_server::~local_server() {
    implementation_->close();
}

result<void> local_server::open() {
    return implementation_->open();
}

void local_server::close() {
    implementation_->close();
}

asio::awaitable<void> local_server::stop() {
    return implementation::stop(implementation_);
}

}  // namespace evergrass::http
