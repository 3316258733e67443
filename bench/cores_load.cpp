// Many cores against one service: each keeps its two connections, the poll for deployments and
// MQTT, as greengrassd does, and takes a deployment without carrying it out. Prints a JSON object a
// line: what stands, at each change, at most ten times a second. Ends when its standard input does.

#include "edge/deployment/service_client.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/json.hpp"
#include "libs/http/client.hpp"
#include "libs/mqtt/client.hpp"
#include "libs/pki/pki.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace evergrass;
namespace asio = boost::asio;
using namespace std::chrono_literals;

struct wanted {
    std::string host = "127.0.0.1";
    std::uint16_t mqtt_port = 0;
    std::uint16_t https_port = 0;
    std::string ca_file;
    std::string cores_file;  // {"key": PEM, "cores": [{"thing", "certificate": PEM}]}
};

struct counts {
    std::size_t mqtt = 0;       // connected and subscribed
    std::size_t polling = 0;    // the service has answered this connection's first poll
    std::size_t deployed = 0;   // deployments told to have succeeded
    std::size_t certified = 0;  // have a certificate for their local MQTT server
    std::size_t refused = 0;    // polls, reports and connections that failed
    std::string last_refusal;

    bool operator==(const counts&) const = default;
};

json::object to_json(const counts& c) {
    return {{"mqtt", c.mqtt},           {"polling", c.polling}, {"deployed", c.deployed},
            {"certified", c.certified}, {"refused", c.refused}, {"lastRefusal", c.last_refusal}};
}

// greengrassd's (edge::agent_settings).
constexpr int poll_seconds = 50;
constexpr auto first_retry = 500ms;
constexpr auto max_retry = 60'000ms;

using tls_source = std::function<result<std::shared_ptr<rt::tls_context>>()>;

class simulated_core {
public:
    simulated_core(asio::io_context& io, const wanted& w, std::string thing, const std::string& csr,
                   const tls_source& tls, std::mt19937& random, counts& shared)
        : thing_(std::move(thing)),
          csr_(csr),
          random_(random),
          counts_(shared),
          service_(io.get_executor(), {w.host, w.https_port, thing_, tls}),
          mqtt_(io.get_executor(), mqtt_options(w, thing_, tls), logger()) {
        mqtt_.on_state = [this](bool connected, std::string_view reason) {
            if (!connected) {
                set(subscribed_, counts_.mqtt, false);
                refuse(std::string(reason));
            } else if (known_) {
                set(subscribed_, counts_.mqtt, true);
            }
        };
        mqtt_.subscribe("cores/" + thing_ + "/orders", mqtt::qos::at_least_once,
                        [this](result<mqtt::qos> granted) {
                            known_ = static_cast<bool>(granted);
                            set(subscribed_, counts_.mqtt, known_);
                        });
    }

    void start_mqtt() { mqtt_.start(); }

    asio::awaitable<void> poll() {
        auto retry = std::chrono::milliseconds(first_retry);
        for (;;) {
            if (auto went = co_await round(); went) {
                retry = first_retry;
                continue;
            } else {
                refuse(went.error().message());
            }
            set(linked_, counts_.polling, false);
            service_.drop_connection();
            std::uniform_int_distribution<std::int64_t> jitter(retry.count() / 2, retry.count());
            co_await rt::sleep_for(std::chrono::milliseconds(jitter(random_)));
            retry = std::min<std::chrono::milliseconds>(retry * 2, max_retry);
        }
    }

private:
    static mqtt::client_options mqtt_options(const wanted& w, const std::string& thing,
                                             const tls_source& tls) {
        mqtt::client_options options;
        options.endpoint.host = w.host;
        options.endpoint.port = w.mqtt_port;
        options.tls = tls;
        options.client_id = thing + "-c00";
        options.operation_timeout = 30s;
        return options;
    }

    // One as greengrassd's: the first poll of a link does not wait.
    asio::awaitable<result<void>> round() {
        auto answer = co_await service_.poll_deployment(last_, linked_ ? poll_seconds : 0);
        const bool none_yet = !answer && answer.error().code == errc::not_found;
        if (!answer && !none_yet) {
            co_return answer.error();
        }
        set(linked_, counts_.polling, true);
        if (none_yet || !answer->deployment) {
            co_return result<void>();
        }
        const auto manifest = contract::parse_manifest(answer->deployment->manifest_text);
        if (!manifest) {
            co_return manifest.error();
        }
        edge::status_report told;
        told.deployment_id = manifest->deployment_id;
        for (const auto* status : {"InProgress", "Success"}) {
            told.status = status;
            if (auto taken = co_await service_.report(told); !taken) {
                co_return taken;
            }
        }
        last_ = told.deployment_id;
        ++counts_.deployed;
        if (!certified_) {
            co_return co_await take_certificate(manifest->group_id);
        }
        co_return result<void>();
    }

    asio::awaitable<result<void>> take_certificate(std::string group_id) {
        http::request ask;
        ask.method = "POST";
        ask.target = "/evergrass/v1/cores/" + thing_ + "/server-certificate";
        ask.headers.set("content-type", "application/json");
        ask.body = json::serialize(json::object{
            {"groupId", group_id}, {"csr", csr_}, {"names", json::array{"127.0.0.1"}}});
        auto connection = service_.connection();
        if (!connection) {
            co_return connection.error();
        }
        auto answer = co_await (*connection)->send(std::move(ask));
        if (!answer) {
            co_return answer.error();
        }
        if (answer->status != 200) {
            co_return error{errc::invalid_input, "server-certificate: " + answer->body};
        }
        certified_ = true;
        ++counts_.certified;
        co_return result<void>();
    }

    void refuse(std::string why) {
        ++counts_.refused;
        counts_.last_refusal = std::move(why);
    }

    static void set(bool& state, std::size_t& count, bool to) {
        if (state != to) {
            state = to;
            to ? ++count : --count;
        }
    }

    const std::string thing_;
    const std::string& csr_;
    std::mt19937& random_;
    counts& counts_;
    edge::service_client service_;
    mqtt::client mqtt_;
    std::string last_;
    bool subscribed_ = false;
    bool known_ = false;
    bool linked_ = false;
    bool certified_ = false;
};

asio::awaitable<void> tell(const counts& now) {
    counts told;
    bool first = true;
    for (;;) {
        if (first || now != told) {
            told = now;
            first = false;
            std::cout << json::serialize(to_json(told)) << std::endl;
        }
        co_await rt::sleep_for(100ms);
    }
}

int run(const wanted& w) {
    const auto file = read_file(w.cores_file, std::size_t{1} << 30).value();
    const auto document = parse_json(file).value();
    const auto ca = read_file(w.ca_file).value();
    const std::string key(document.at("key").as_string());
    const auto csr = pki::make_csr("core", {"127.0.0.1"}, key).value();
    asio::io_context io(1);
    std::mt19937 random(1);
    counts now;
    std::deque<simulated_core> cores;
    for (const auto& one : document.at("cores").as_array()) {
        rt::tls_client_options tls;
        tls.ca_pem = ca;
        tls.identity = {std::string(one.at("certificate").as_string()), key};
        const auto context = rt::make_client_context(tls).value();
        cores.emplace_back(
            io, w, std::string(one.at("thing").as_string()), csr,
            [context] { return result<std::shared_ptr<rt::tls_context>>(context); }, random, now);
    }
    for (auto& core : cores) {
        core.start_mqtt();
        asio::co_spawn(io, core.poll(), asio::detached);
    }
    asio::co_spawn(io, tell(now), asio::detached);
    asio::posix::stream_descriptor input(io, ::dup(STDIN_FILENO));
    char unused = 0;
    input.async_read_some(asio::buffer(&unused, 1),
                          [&io](boost::system::error_code, std::size_t) { io.stop(); });
    io.run();
    // Ten thousand farewells are not what is measured.
    std::cout.flush();
    std::_Exit(EXIT_SUCCESS);
}

}  // namespace

int main(int argc, char** argv) {
    wanted w;
    CLI::App app("cores_load: the connections of many cores to one service");
    app.add_option("--host", w.host);
    app.add_option("--mqtt-port", w.mqtt_port)->required();
    app.add_option("--https-port", w.https_port)->required();
    app.add_option("--ca-file", w.ca_file)->required();
    app.add_option("--cores", w.cores_file)->required();
    CLI11_PARSE(app, argc, argv);
    return run(w);
}
