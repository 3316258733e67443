// Messages through a running core: from a device, by the route that its group has, to a device. One
// at a time, or so many a second (--rate), whatever becomes of those before. Prints one JSON
// object: how long the messages took, in microseconds.

#include "libs/base/file.hpp"
#include "libs/base/json.hpp"
#include "libs/mqtt/client.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace evergrass;
using time_point = std::chrono::steady_clock::time_point;

struct wanted {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8883;
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
    std::string client_id;
    std::string send_topic;
    std::string receive_topic;
    std::size_t messages = 10'000;
    std::size_t rate = 0;  // a second; 0: the next when one has come back
    std::size_t warm_up = 500;
    std::size_t payload_bytes = 64;
};

mqtt::client_options options_of(const wanted& w) {
    mqtt::client_options options;
    options.endpoint.host = w.host;
    options.endpoint.port = w.port;
    options.client_id = w.client_id;
    options.tls = [w] {
        rt::tls_client_options tls;
        tls.ca_pem = read_file(w.ca_file).value();
        tls.identity = {read_file(w.cert_file).value(), read_file(w.key_file).value()};
        return rt::make_client_context(tls);
    };
    return options;
}

class ping_pong {
public:
    ping_pong(boost::asio::io_context& io, const wanted& w)
        : io_(io), wanted_(w), client_(io.get_executor(), options_of(w), logger()), timer_(io) {
        client_.on_state = [](bool connected, std::string_view reason) {
            if (!connected) {
                std::cerr << "no connection: " << reason << "\n";
                std::exit(EXIT_FAILURE);
            }
        };
        client_.on_message = [this](const mqtt::publish_view&) { received(); };
        client_.subscribe(
            w.receive_topic, mqtt::qos::at_most_once, [this](result<mqtt::qos> granted) {
                if (!granted) {
                    std::cerr << "SUBSCRIBE was refused: " << granted.error().message() << "\n";
                    std::exit(EXIT_FAILURE);
                }
                next_ = std::chrono::steady_clock::now();
                send();
            });
        client_.start();
    }

    void report() {
        std::sort(micros_.begin(), micros_.end());
        const auto at = [&](double share) {
            return micros_[static_cast<std::size_t>(share *
                                                    static_cast<double>(micros_.size() - 1))];
        };
        std::cout << json::serialize(json::object{{"messages", micros_.size()},
                                                  {"p50_us", at(0.5)},
                                                  {"p99_us", at(0.99)},
                                                  {"max_us", micros_.back()}})
                  << std::endl;
    }

private:
    void send() {
        sent_at_.push_back(std::chrono::steady_clock::now());
        client_.publish(wanted_.send_topic, payload_, mqtt::qos::at_most_once, {});
        if (wanted_.rate != 0) {
            next_ += std::chrono::nanoseconds(1'000'000'000 / wanted_.rate);
            timer_.expires_at(next_);
            timer_.async_wait([this](const boost::system::error_code& failed) {
                if (!failed) {
                    send();
                }
            });
        }
    }

    // They come back in the order they were sent.
    void received() {
        const auto took = std::chrono::steady_clock::now() - sent_at_.front();
        sent_at_.pop_front();
        if (++received_ > wanted_.warm_up) {
            micros_.push_back(std::chrono::duration<double, std::micro>(took).count());
        }
        if (micros_.size() >= wanted_.messages) {
            io_.stop();
        } else if (wanted_.rate == 0) {
            send();
        }
    }

    boost::asio::io_context& io_;
    const wanted& wanted_;
    mqtt::client client_;
    std::shared_ptr<const std::string> payload_ = std::make_shared<const std::string>(
        "{\"n\":\"" + std::string(wanted_.payload_bytes - 8, 'x') + "\"}");
    boost::asio::steady_timer timer_;
    time_point next_;
    std::deque<time_point> sent_at_;
    std::size_t received_ = 0;
    std::vector<double> micros_;
};

}  // namespace

int main(int argc, char** argv) {
    wanted w;
    CLI::App app("round_trip: the time of one message at a time through a core");
    app.add_option("--host", w.host);
    app.add_option("--port", w.port)->required();
    app.add_option("--ca-file", w.ca_file)->required();
    app.add_option("--cert-file", w.cert_file)->required();
    app.add_option("--key-file", w.key_file)->required();
    app.add_option("--client-id", w.client_id)->required();
    app.add_option("--send", w.send_topic)->required();
    app.add_option("--receive", w.receive_topic)->required();
    app.add_option("--messages", w.messages);
    app.add_option("--rate", w.rate);
    CLI11_PARSE(app, argc, argv);

    boost::asio::io_context io;
    ping_pong run(io, w);
    io.run();
    run.report();
    return EXIT_SUCCESS;
}
