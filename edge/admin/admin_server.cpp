#include "edge/admin/admin_server.hpp"

#include "edge/admin/admin_answers.hpp"
#include "edge/admin/json_answer.hpp"
#include "libs/http/local_server.hpp"

#include <utility>
#include <vector>

namespace evergrass::edge {

namespace asio = boost::asio;

namespace {

constexpr std::size_t max_body_bytes = 9 * 1024 * 1024;  // a payload of 6 MiB in base64
constexpr std::size_t max_connections = 64;

http::server_options server_options() {
    http::server_options options;
    options.max_body_bytes = max_body_bytes;
    options.max_connections = max_connections;
    return options;
}

}  // namespace

class admin_server::implementation
    : public std::enable_shared_from_this<admin_server::implementation> {
public:
    implementation(asio::any_io_executor executor, std::filesystem::path socket, router& messages,
                   std::function<core_snapshot()> snapshot, invoker invoke, logger log,
                   developer develop, admin_server::shadow_answerer shadows, deployer deploy)
        : executor_(executor),
          messages_(messages),
          snapshot_(std::move(snapshot)),
          invoke_(std::move(invoke)),
          develop_(std::move(develop)),
          shadows_(std::move(shadows)),
          deploy_(std::move(deploy)),
          server_(
              executor, std::move(socket), server_options(),
              [this](http::request r) { return answer(this, std::move(r)); }, std::move(log)) {}

    result<void> open() { return server_.open(); }

    void close() {
        server_.close();
        for (const auto& session : std::exchange(developments_, {})) {
            if (const auto open = session.lock()) {
                open->close();
            }
        }
    }

    static asio::awaitable<void> stop(std::shared_ptr<implementation> self) {
        self->close();
        co_await self->server_.stop();
    }

private:
    // `self` outlives its server's requests: stop() waits for them, and ~server cuts them.
    static asio::awaitable<http::response> answer(implementation* self, http::request asked) {
        if (asked.path() == "/dev" && asked.method == "POST" && self->develop_) {
            co_return self->develop(asked.body);
        }
        if (asked.path() == "/shadow" && asked.method == "POST" && self->shadows_) {
            co_return co_await self->shadows_(std::move(asked.body));
        }
        if (asked.path() == "/deploy" && asked.method == "POST" && self->deploy_) {
            auto order = read_deploy_order(asked.body);
            if (!order) {
                co_return deploy_answer(order.error());
            }
            auto deployed = co_await self->deploy_(std::move(*order));
            co_return deploy_answer(deployed);
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
        auto begun = begin_development(executor_, std::move(*order), develop_, invoke_);
        std::erase_if(developments_, [](const auto& one) { return one.expired(); });
        developments_.push_back(std::move(begun.session));
        return std::move(begun.response);
    }

    asio::any_io_executor executor_;
    router& messages_;
    std::function<core_snapshot()> snapshot_;
    invoker invoke_;
    developer develop_;
    admin_server::shadow_answerer shadows_;
    deployer deploy_;
    std::vector<std::weak_ptr<development_session>> developments_;
    http::local_server server_;
};

admin_server::admin_server(asio::any_io_executor executor, std::filesystem::path socket,
                           router& messages, std::function<core_snapshot()> snapshot,
                           invoker invoke, logger log, developer develop, shadow_answerer shadows,
                           deployer deploy)
    : implementation_(std::make_shared<implementation>(
          std::move(executor), std::move(socket), messages, std::move(snapshot), std::move(invoke),
          std::move(log), std::move(develop), std::move(shadows), std::move(deploy))) {}

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
