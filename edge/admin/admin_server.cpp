#include "edge/admin/admin_server.hpp"

#include "edge/admin/admin_answers.hpp"
#include "edge/admin/json_answer.hpp"
#include "edge/admin/socket_address.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/http/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace evergrass::edge {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using boost::system::error_code;

namespace {

constexpr std::size_t max_body_bytes = 9 * 1024 * 1024;  // a payload of 6 MiB in base64
constexpr std::size_t max_connections = 64;
constexpr std::chrono::milliseconds pause_after_failure{200};

http::server_options server_options() {
    http::server_options options;
    options.max_body_bytes = max_body_bytes;
    options.max_connections = max_connections;
    return options;
}

// The socket's mode keeps others out; a descriptor that was handed on would not.
bool may_ask(int connection) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == ::geteuid());
}

}  // namespace

class admin_server::implementation
    : public std::enable_shared_from_this<admin_server::implementation> {
public:
    implementation(asio::any_io_executor executor, std::filesystem::path socket, router& messages,
                   std::function<core_snapshot()> snapshot, invoker invoke, logger log,
                   developer develop)
        : path_(std::move(socket)),
          messages_(messages),
          snapshot_(std::move(snapshot)),
          invoke_(std::move(invoke)),
          develop_(std::move(develop)),
          log_(log),
          acceptor_(executor),
          pause_(executor),
          server_(
              server_options(), [this](http::request r) { return answer(this, std::move(r)); },
              log) {}

    result<void> open() {
        if (auto made = make_directories(path_.parent_path(), 0755); !made) {
            return made;
        }
        // Made under another name and renamed: whoever finds admin.sock can use it, and a dead one
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
        for (const auto& session : std::exchange(developments_, {})) {
            if (const auto open = session.lock()) {
                open->close();
            }
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
        error_code failed;
        if (!may_ask(socket.native_handle())) {
            log_.warn("A stranger's connection to the core's socket was refused.");
            return;
        }
        const int descriptor = socket.release(failed);
        if (failed) {
            return;
        }
        rt::plain_connection connection{rt::tcp_socket(acceptor_.get_executor()), "admin.sock"};
        connection.socket.assign(asio::ip::tcp::v4(), descriptor, failed);
        if (failed) {
            ::close(descriptor);
            return;
        }
        server_.serve(std::move(connection));
    }

    // `self` outlives its server's requests: stop() waits for them, and ~server cuts them.
    static asio::awaitable<http::response> answer(implementation* self, http::request asked) {
        if (asked.path() == "/dev" && asked.method == "POST" && self->develop_) {
            co_return self->develop(asked.body);
        }
        if (asked.path() != "/invoke" || asked.method != "POST") {
            co_return admin_answer(asked, self->messages_, self->snapshot_());
        }
        auto wanted = read_invocation(asked.body);
        if (!wanted) {
            co_return invocation_answer(wanted.error());
        }
        co_return invocation_answer(co_await self->invoke_(std::move(*wanted)));
    }

    http::response develop(const std::string& body) {
        auto order = read_development(body);
        if (!order) {
            return json_response(400, {{"message", order.error().context}});
        }
        auto begun =
            begin_development(acceptor_.get_executor(), std::move(*order), develop_, invoke_);
        std::erase_if(developments_, [](const auto& one) { return one.expired(); });
        developments_.push_back(std::move(begun.session));
        return std::move(begun.response);
    }

    std::filesystem::path path_;
    router& messages_;
    std::function<core_snapshot()> snapshot_;
    invoker invoke_;
    developer develop_;
    std::vector<std::weak_ptr<development_session>> developments_;
    logger log_;
    stream_protocol::acceptor acceptor_;
    asio::steady_timer pause_;
    http::server server_;
};

admin_server::admin_server(asio::any_io_executor executor, std::filesystem::path socket,
                           router& messages, std::function<core_snapshot()> snapshot,
                           invoker invoke, logger log, developer develop)
    : implementation_(std::make_shared<implementation>(
          std::move(executor), std::move(socket), messages, std::move(snapshot), std::move(invoke),
          std::move(log), std::move(develop))) {}

admin_server::~admin_server() {
    implementation_->close();
}

result<void> admin_server::open() {
    return implementation_->open();
}

asio::awaitable<void> admin_server::stop() {
    return implementation::stop(implementation_);
}

}  // namespace evergrass::edge
