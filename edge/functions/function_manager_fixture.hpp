#pragma once

#include "edge/functions/function_manager.hpp"
#include "libs/base/file.hpp"
#include "libs/http/client.hpp"
#include "libs/rt/stream.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdlib.h>

// The function manager with real Python processes and real connections on a port that the system
// picks. Its tests wait for events (log lines, messages, states), never for time.
namespace evergrass::edge {

namespace asio = boost::asio;

constexpr std::chrono::seconds patience{
    60};  // of a test for an event; sanitizers and loaded machines are slow

inline std::string arn_of(const std::string& name) {
    return "arn:aws:lambda:us-east-1:123456789012:function:" + name + ":1";
}

// Takes what is published to the cloud, for the tests to read.
struct cloud : sink {
    std::vector<message> messages;
    std::optional<drop_reason> refuse;

    std::optional<drop_reason> deliver(const endpoint&, const endpoint&,
                                       const message& m) override {
        if (!refuse) {
            messages.push_back(m);
        }
        return refuse;
    }
};

class function_manager_test : public testing::Test {
protected:
    function_manager_test() {
        std::string pattern = (std::filesystem::temp_directory_path() / "functionsXXXXXX").string();
        root = ::mkdtemp(pattern.data());
        settings.ggc_root = root;
        settings.runtime_dir = EVERGRASS_RUNTIME_DIR;
        settings.ipc_port = 0;
        settings.region = "us-east-1";
        settings.account = "123456789012";
        settings.core_thing = "test-core";
        settings.iot_host = "iot.invalid";
        settings.gg_host = "gg.invalid";
    }

    ~function_manager_test() override {
        if (manager) {
            run(manager->stop());
        }
        messages.set_sink(endpoint_kind::function, nullptr);
        messages.set_sink(endpoint_kind::cloud, nullptr);
        manager.reset();
        std::filesystem::remove_all(root);
    }

    // REQUIRES: not called twice.
    void start(bool allow_root = true) {
        settings.allow_root = allow_root;
        manager = std::make_unique<function_manager>(io.get_executor(), settings, messages,
                                                     logger::to_stderr(log_level::error));
        ASSERT_TRUE(manager->open());
        messages.set_sink(endpoint_kind::function, manager.get());
        messages.set_sink(endpoint_kind::cloud, &to_cloud);
    }

    contract::function function(const std::string& name, const std::string& code,
                                bool pinned = true) {
        const auto directory = root / "deployment" / "lambda" / arn_of(name);
        std::filesystem::create_directories(directory);
        std::ofstream(directory / "code.py") << code;
        contract::function f;
        f.arn = arn_of(name);
        f.runtime = "python3.7";
        f.handler = "code.handler";
        f.artifact = "00";
        f.pinned = pinned;
        f.isolation_mode = contract::isolation::no_container;
        f.identity = {::getuid(), ::getgid()};
        f.timeout_seconds = 30;
        return f;
    }

    // Everything flows from functions to the cloud and, on to/<name>, from the cloud to functions.
    void route(const std::vector<std::string>& names) {
        std::vector<contract::subscription> all;
        for (const auto& name : names) {
            all.push_back({name + "-out", arn_of(name), "#", "cloud"});
            all.push_back({name + "-in", "cloud", "to/" + name, arn_of(name)});
        }
        messages.set_table(routing_table::build(all).value());
    }
    void send(const std::string& name, const std::string& payload) {
        messages.publish({endpoint_kind::cloud, ""},
                         {"to/" + name, std::make_shared<const std::string>(payload)});
    }

    template <class T>
    T run(asio::awaitable<T> work) {
        std::optional<T> value;
        asio::co_spawn(io, std::move(work), [&value](std::exception_ptr e, T result) {
            if (e) {
                std::rethrow_exception(e);
            }
            value = std::move(result);
        });
        wait_until([&value] { return value.has_value(); }, "a coroutine to end");
        return std::move(*value);
    }
    void run(asio::awaitable<void> work) {
        bool done = false;
        asio::co_spawn(io, std::move(work), [&done](std::exception_ptr e) {
            if (e) {
                std::rethrow_exception(e);
            }
            done = true;
        });
        wait_until([&done] { return done; }, "a coroutine to end");
    }
    std::vector<function_failure> apply(std::vector<contract::function> functions) {
        return run(manager->apply(std::move(functions), {}));
    }

    // Runs the executor until the condition holds, looking after each event.
    void wait_until(const std::function<bool()>& condition, const char* what) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        io.restart();
        while (!condition()) {
            if (io.run_one_until(deadline) == 0) {
                throw std::runtime_error(std::string("waited in vain for ") + what);
            }
        }
    }
    // The text of the nth message that came to the cloud.
    std::string message_at(std::size_t index) {
        wait_until([&] { return to_cloud.messages.size() > index; }, "a message");
        return *to_cloud.messages[index].payload;
    }
    std::string log_of(const std::string& name) const {
        const auto text = read_file(root / "var/log/user/us-east-1/123456789012" / (name + ".log"));
        return text ? *text : std::string{};
    }
    function_status status_of(const std::string& name) const {
        for (auto& s : manager->status()) {
            if (s.arn == arn_of(name)) {
                return s;
            }
        }
        return {};
    }

    http::response request(std::string method, std::string target,
                           std::vector<std::pair<std::string, std::string>> headers = {},
                           std::string body = {}) {
        http::client_options options;
        options.host = "127.0.0.1";
        options.port = manager->ipc_port();
        http::client client(io.get_executor(), options);
        http::request r;
        r.method = std::move(method);
        r.target = std::move(target);
        for (auto& [name, value] : headers) {
            r.headers.add(name, value);
        }
        r.body = std::move(body);
        return run(client.send(std::move(r))).value();
    }

    asio::io_context io;
    router messages{logger{}};
    cloud to_cloud;
    std::filesystem::path root;
    function_settings settings;
    std::unique_ptr<function_manager> manager;
};

}  // namespace evergrass::edge
