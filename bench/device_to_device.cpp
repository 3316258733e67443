#include "edge/devices/device_server.hpp"
#include "libs/mqtt/codec.hpp"
#include "libs/rt/held_key.hpp"
#include "libs/rt/stream.hpp"
#include "libs/rt/test_certificates.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

// Device to device at QoS 0 over mutual TLS: our local server against mosquitto, one after the
// other on this machine, under the same load from the same generator. The generator keeps a bounded
// number of messages under way, so neither server may drop any. Prints messages delivered per
// second, the server's CPU time for each, and the ratios.
namespace {

using namespace evergrass;
namespace asio = boost::asio;
using asio::use_awaitable;

constexpr std::size_t most_subscribers = 50;
constexpr std::size_t payload_bytes = 64;
constexpr std::size_t batch = 20;
constexpr std::size_t window = 1'000;

struct credentials {
    rt::testing::test_ca ca;
    rt::tls_identity server = ca.issue("core", {"127.0.0.1"});
    std::vector<rt::tls_identity> devices;  // the first one publishes

    credentials() {
        for (std::size_t i = 0; i <= most_subscribers; ++i) {
            devices.push_back(ca.issue("device-" + std::to_string(i)));
        }
    }
};

std::string thing(std::size_t number) {
    return "device-" + std::to_string(number);
}

std::string thing_arn(std::size_t number) {
    return "arn:aws:iot:us-east-1:123456789012:thing/" + thing(number);
}

// A server in a process of its own, ended with this object.
class server_process {
public:
    server_process(pid_t pid, std::uint16_t port) : pid_(pid), port_(port) {}
    server_process(const server_process&) = delete;
    server_process& operator=(const server_process&) = delete;
    ~server_process() {
        kill(pid_, SIGTERM);
        waitpid(pid_, nullptr, 0);
    }
    std::uint16_t port() const { return port_; }

    double cpu_seconds() const {
        std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
        std::string text((std::istreambuf_iterator<char>(file)), {});
        std::istringstream fields(text.substr(text.rfind(')') + 2));
        std::string skipped;
        for (int i = 0; i < 11; ++i) {
            fields >> skipped;
        }
        double user = 0;
        double system = 0;
        fields >> user >> system;
        return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
    }

private:
    pid_t pid_;
    std::uint16_t port_;
};

[[noreturn]] void serve(const credentials& keys, int port_out) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    asio::io_context io(1);
    edge::router router{logger()};
    std::vector<contract::subscription> subscriptions;
    std::vector<contract::group_member> members;
    for (std::size_t i = 0; i <= most_subscribers; ++i) {
        subscriptions.push_back({std::to_string(i), thing_arn(0), "bench/#", thing_arn(i)});
        members.push_back(
            {std::to_string(i), thing_arn(i),
             "arn:aws:iot:us-east-1:123456789012:cert/" + rt::testing::id_of(keys.devices[i]),
             false});
    }
    router.set_table(edge::routing_table::build(subscriptions).value());
    edge::device_server_settings settings;
    settings.address = "127.0.0.1";
    settings.port = 0;
    edge::device_server server(io.get_executor(), settings, router, logger());
    server.admit(members);
    const auto identity = rt::held(keys.server);
    if (!identity || !server.use_certificate(*identity) || !server.open()) {
        _exit(1);
    }
    const auto port = server.port();
    if (write(port_out, &port, sizeof port) != sizeof port) {
        _exit(1);
    }
    const auto work = asio::make_work_guard(io);
    io.run();
    _exit(0);
}

std::unique_ptr<server_process> start_ours(const credentials& keys) {
    int ends[2];
    if (pipe(ends) != 0) {
        throw std::runtime_error("no pipe");
    }
    const auto pid = fork();
    if (pid == 0) {
        serve(keys, ends[1]);
    }
    close(ends[1]);
    std::uint16_t port = 0;
    const bool told = read(ends[0], &port, sizeof port) == sizeof port;
    close(ends[0]);
    auto started = std::make_unique<server_process>(pid, port);
    if (!told) {
        throw std::runtime_error("our server did not start");
    }
    return started;
}

std::uint16_t free_port() {
    asio::io_context io;
    return asio::ip::tcp::acceptor(io, {asio::ip::make_address("127.0.0.1"), 0})
        .local_endpoint()
        .port();
}

std::unique_ptr<server_process> start_mosquitto(const credentials& keys,
                                                const std::filesystem::path& dir) {
    std::ofstream(dir / "ca.pem") << keys.ca.pem;
    std::ofstream(dir / "cert.pem") << keys.server.chain_pem;
    std::ofstream(dir / "key.pem") << keys.server.key_pem;
    const auto port = free_port();
    std::ofstream(dir / "mosquitto.conf")
        << "listener " << port << " 127.0.0.1\ncafile " << (dir / "ca.pem").string()
        << "\ncertfile " << (dir / "cert.pem").string() << "\nkeyfile "
        << (dir / "key.pem").string()
        << "\nrequire_certificate true\nallow_anonymous true\nmax_queued_messages 0\n"
           "set_tcp_nodelay true\nuser root\nlog_dest none\npersistence false\n";
    const auto pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("mosquitto", "mosquitto", "-c", (dir / "mosquitto.conf").c_str(), nullptr);
        _exit(127);
    }
    return std::make_unique<server_process>(pid, port);
}

// One run: a publisher, its subscribers, and how far each has come.
class load {
public:
    load(asio::io_context& io, const credentials& keys, std::uint16_t port, std::size_t subscribers,
         std::size_t messages)
        : keys_(keys), port_(port), messages_(messages), received_(subscribers), turn_(io) {
        mqtt::publish_head head;
        head.topic = "bench/topic";
        head.payload_bytes = payload_bytes;
        mqtt::encode_publish_head(packet_, mqtt::protocol_version::v3_1_1, head);
        packet_.append(payload_bytes, 'x');
        turn_.expires_at(asio::steady_timer::time_point::max());
    }

    static asio::awaitable<void> subscriber(load* self, std::size_t number) {
        auto connection = co_await connect(self, number + 1);
        std::string request;
        mqtt::subscribe_packet wanted;
        wanted.id = 1;
        wanted.requests.push_back({"bench/#", {}});
        mqtt::encode_subscribe(request, mqtt::protocol_version::v3_1_1, wanted);
        co_await asio::async_write(*connection.stream, asio::buffer(request), use_awaitable);
        std::array<char, 5> suback;
        co_await asio::async_read(*connection.stream, asio::buffer(suback), use_awaitable);
        ++self->ready_;
        std::vector<char> buffer(64 * 1024);
        std::size_t bytes = 0;
        while (self->received_[number] < self->messages_) {
            bytes +=
                co_await connection.stream->async_read_some(asio::buffer(buffer), use_awaitable);
            self->received_[number] = bytes / self->packet_.size();
            self->turn_.cancel();
        }
        ++self->finished_;
    }

    static asio::awaitable<void> publisher(load* self) {
        auto connection = co_await connect(self, 0);
        self->ready_ += 1;
        while (self->ready_ <= self->received_.size()) {
            co_await self->wait();
        }
        std::string bytes;
        for (std::size_t i = 0; i < batch; ++i) {
            bytes += self->packet_;
        }
        self->began_ = std::chrono::steady_clock::now();
        for (std::size_t sent = 0; sent < self->messages_; sent += batch) {
            while (sent >= self->slowest() + window) {
                co_await self->wait();
            }
            co_await asio::async_write(*connection.stream, asio::buffer(bytes), use_awaitable);
        }
        while (self->finished_ < self->received_.size()) {
            co_await self->wait();
        }
        self->took_ = std::chrono::steady_clock::now() - self->began_;
    }

    double delivered_per_second() const {
        return static_cast<double>(messages_ * received_.size()) / took_.count();
    }

private:
    static asio::awaitable<rt::secure_connection> connect(load* self, std::size_t number) {
        rt::tls_client_options options;
        options.ca_pem = self->keys_.ca.pem;
        options.identity = self->keys_.devices[number];
        auto context = rt::make_client_context(options).value();
        rt::dial_options where;
        where.host = "127.0.0.1";
        where.port = self->port_;
        auto dialled = co_await rt::dial_tls(context, where);
        for (int attempt = 0; !dialled && attempt < 100; ++attempt) {  // it may still be starting
            co_await rt::sleep_for(std::chrono::milliseconds(20));
            dialled = co_await rt::dial_tls(context, where);
        }
        auto connection = std::move(dialled).value();
        mqtt::connect_packet hello;
        const auto id = thing(number);
        hello.client_id = id;
        std::string bytes;
        mqtt::encode_connect(bytes, hello);
        co_await asio::async_write(*connection.stream, asio::buffer(bytes), use_awaitable);
        std::array<char, 4> connack;
        co_await asio::async_read(*connection.stream, asio::buffer(connack), use_awaitable);
        co_return connection;
    }

    // Until some subscriber has come further.
    asio::awaitable<void> wait() {
        boost::system::error_code woken;
        turn_.expires_after(std::chrono::milliseconds(50));
        co_await turn_.async_wait(asio::redirect_error(use_awaitable, woken));
    }
    std::size_t slowest() const { return *std::min_element(received_.begin(), received_.end()); }

    const credentials& keys_;
    std::uint16_t port_;
    std::size_t messages_;
    std::string packet_;
    std::vector<std::size_t> received_;
    std::size_t ready_ = 0;
    std::size_t finished_ = 0;
    asio::steady_timer turn_;
    std::chrono::steady_clock::time_point began_;
    std::chrono::duration<double> took_{};
};

struct outcome {
    double per_second = 0;
    double cpu_microseconds = 0;  // of the server, for each message delivered
};

outcome measure(const credentials& keys, const server_process& server, std::size_t subscribers,
                std::size_t messages) {
    asio::io_context io(1);
    load run(io, keys, server.port(), subscribers, messages);
    const auto rethrow = [](std::exception_ptr thrown) {
        if (thrown) {
            std::rethrow_exception(thrown);
        }
    };
    for (std::size_t i = 0; i < subscribers; ++i) {
        asio::co_spawn(io, load::subscriber(&run, i), rethrow);
    }
    asio::co_spawn(io, load::publisher(&run), rethrow);
    const auto before = server.cpu_seconds();
    io.run();
    const auto cpu = server.cpu_seconds() - before;
    return {run.delivered_per_second(), cpu * 1e6 / static_cast<double>(messages * subscribers)};
}

void compare(const char* name, const credentials& keys, const std::filesystem::path& dir,
             std::size_t subscribers, std::size_t messages) {
    outcome peer;
    outcome ours;
    {
        const auto server = start_mosquitto(keys, dir);
        peer = measure(keys, *server, subscribers, messages);
    }
    {
        const auto server = start_ours(keys);
        ours = measure(keys, *server, subscribers, messages);
    }
    std::printf("%-22s %10.0f/s %7.2f us | mosquitto %10.0f/s %7.2f us | %5.2fx rate, %5.2fx CPU\n",
                name, ours.per_second, ours.cpu_microseconds, peer.per_second,
                peer.cpu_microseconds, ours.per_second / peer.per_second,
                ours.cpu_microseconds / peer.cpu_microseconds);
}

}  // namespace

int main() {
    std::signal(SIGPIPE, SIG_IGN);
    const credentials keys;
    std::string dir = (std::filesystem::temp_directory_path() / "evergrass-bench-XXXXXX").string();
    if (mkdtemp(dir.data()) == nullptr) {
        std::perror("mkdtemp");
        return 1;
    }
    int status = 0;
    try {
        compare("one pair", keys, dir, 1, 200'000);
        compare("one to 50", keys, dir, most_subscribers, 10'000);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "device_to_device: %s (is mosquitto installed?)\n", e.what());
        status = 1;
    }
    std::filesystem::remove_all(dir);
    return status;
}
