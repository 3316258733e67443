#include "cloud/bus/nats_bus.hpp"

#include "cloud/bus/bus_subjects.hpp"
#include "cloud/bus/libnats.hpp"
#include "libs/base/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <future>
#include <mutex>
#include <netinet/in.h>
#include <optional>
#include <set>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace evergrass::cloud {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(shown_nats, has_no_passwords) {
    EXPECT_EQ(shown_nats("nats://me:secret@a:1,nats://b:2"), "nats://a:1,nats://b:2");
    EXPECT_EQ(shown_nats("nats://a"), "nats://a");
}

int free_port() {
    const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(probe, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(probe);
    return ntohs(address.sin_port);
}

bool accepts(int port) {
    const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const bool is_there =
        ::connect(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(probe);
    return is_there;
}

// A nats-server of the test's own; the same port and stream at every start.
class nats_server {
public:
    nats_server() {
        std::string pattern = testing::TempDir() + "evergrass-nats-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    ~nats_server() {
        kill();
        std::filesystem::remove_all(folder_);
    }

    static std::string program() {
        for (const auto* each :
             {"/usr/sbin/nats-server", "/usr/bin/nats-server", "/usr/local/bin/nats-server"}) {
            if (std::filesystem::exists(each)) {
                return each;
            }
        }
        return {};
    }
    void start() {
        const auto path = program();
        const auto port = std::to_string(port_);
        process_ = ::fork();
        if (process_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            const int nowhere = ::open("/dev/null", O_RDWR);
            ::dup2(nowhere, 1);
            ::dup2(nowhere, 2);
            ::execl(path.c_str(), path.c_str(), "-a", "127.0.0.1", "-p", port.c_str(), "-js", "-sd",
                    folder_.c_str(), nullptr);
            ::_exit(127);
        }
        while (!accepts(port_)) {
            std::this_thread::sleep_for(10ms);
        }
    }
    void kill() {
        if (process_ > 0) {
            ::kill(process_, SIGKILL);
            ::waitpid(process_, nullptr, 0);
            process_ = 0;
        }
    }
    std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }

private:
    std::string folder_;
    const int port_ = free_port();
    pid_t process_ = 0;
};

// Collects what a bus hears.
class heard_list {
public:
    bus::hearer hearer() {
        return [this](bus::position at, std::string_view bytes) {
            const std::lock_guard hold(mutex_);
            heard_.push_back(std::to_string(at) + " " + std::string(bytes));
            changed_.notify_all();
        };
    }
    std::vector<std::string> first(std::size_t count) {
        std::unique_lock hold(mutex_);
        changed_.wait(hold, [&] { return heard_.size() >= count; });
        return heard_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> heard_;
};

class nats_bus_test : public testing::Test {
protected:
    void SetUp() override {
        if (nats_server::program().empty()) {
            GTEST_SKIP() << "nats-server is not installed";
        }
        if (const auto loaded = load_libnats(); !loaded) {
            GTEST_SKIP() << loaded.error().message();
        }
        server_.start();
    }

    std::unique_ptr<nats_bus> connect(const std::string& node) {
        nats_settings settings;
        settings.url = server_.url();
        settings.fleet = "f";
        settings.node = node;
        // JetStream begins a moment after the port is open.
        for (;;) {
            auto made = nats_bus::connect(settings, logger());
            if (made) {
                return std::move(*made);
            }
            std::this_thread::sleep_for(20ms);
        }
    }
    // Waits until it is kept.
    static bus::position keep(bus& with, const std::string& topic, const std::string& bytes) {
        std::promise<bus::position> kept;
        with.keep(message_subject("f", topic), bytes,
                  [&](const result<bus::position>& at) { kept.set_value(at ? *at : 0); });
        return kept.get_future().get();
    }

    nats_server server_;
};

TEST_F(nats_bus_test, hears_what_all_keep_in_one_order_and_what_they_say) {
    auto first = connect("first");
    auto second = connect("second");
    EXPECT_EQ(first->ends()->last, 0U);
    EXPECT_EQ(keep(*first, "a", "before"), 1U);
    heard_list one;
    heard_list two;
    ASSERT_TRUE(first->begin(0, one.hearer()));
    ASSERT_TRUE(second->begin(1, two.hearer()));
    EXPECT_EQ(keep(*second, "b", "x"), 2U);
    EXPECT_EQ(keep(*first, "c", "y"), 3U);
    EXPECT_THAT(one.first(3), ElementsAre("1 before", "2 x", "3 y"));
    EXPECT_THAT(two.first(2), ElementsAre("2 x", "3 y"));
    first->say(live_subject("f", "a"), "now");
    EXPECT_EQ(one.first(4).back(), "0 now");
    EXPECT_EQ(two.first(3).back(), "0 now");
    EXPECT_EQ(second->ends()->last, 3U);
}

TEST_F(nats_bus_test, reads_again_what_was_kept_with_a_subject) {
    auto it = connect("it");
    for (const auto* topic : {"a/1", "b/1", "a/2/x", "a/3", "a/4"}) {
        keep(*it, topic, topic);
    }
    const auto found = it->read(1, 4, message_filter("f", "a/+"));
    ASSERT_TRUE(found) << found.error().message();
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().at, 4U);
    EXPECT_EQ(found->front().bytes, "a/3");
    EXPECT_EQ(it->read(0, 5, message_filter("f", "a/#"))->size(), 4U);
    EXPECT_TRUE(it->read(0, 5, message_filter("f", "c"))->empty());
}

TEST_F(nats_bus_test, goes_on_when_the_server_was_killed_and_loses_nothing_that_was_kept) {
    auto it = connect("it");
    heard_list heard;
    ASSERT_TRUE(it->begin(0, heard.hearer()));
    EXPECT_EQ(keep(*it, "a", "1"), 1U);
    heard.first(1);
    server_.kill();
    while (it->is_connected()) {
        std::this_thread::sleep_for(5ms);
    }
    std::promise<bus::position> kept;
    for (const auto* each : {"2", "3", "4"}) {
        it->keep(message_subject("f", "a"), each, [&, each](const result<bus::position>& at) {
            if (*each == '4') {
                kept.set_value(at ? *at : 0);
            }
        });
    }
    server_.start();
    EXPECT_EQ(kept.get_future().get(), 4U);
    EXPECT_THAT(heard.first(4), ElementsAre("1 1", "2 2", "3 3", "4 4"));
}

// Takes turns, and keeps them until it is asked to end them.
class turns {
public:
    bus::turn_hearer hearer() {
        return [this](std::string_view bytes, mqtt::share_turn_ptr turn) {
            const std::lock_guard hold(mutex_);
            all_.emplace_back(std::string(bytes), std::move(turn));
            changed_.notify_all();
        };
    }
    std::vector<std::string> first(std::size_t count) {
        std::unique_lock hold(mutex_);
        changed_.wait(hold, [&] { return all_.size() >= count; });
        return names();
    }
    std::vector<std::string> now() {
        const std::lock_guard hold(mutex_);
        return names();
    }
    // What comes next, done with.
    std::string take() {
        first(1);
        const std::lock_guard hold(mutex_);
        const auto one = std::move(all_.front());
        all_.erase(all_.begin());
        one.second->done();
        return one.first;
    }
    // All that are here go on.
    void drop() {
        std::vector<std::pair<std::string, mqtt::share_turn_ptr>> all;
        const std::lock_guard hold(mutex_);
        all.swap(all_);
    }

private:
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& [bytes, turn] : all_) {
            all.push_back(bytes);
        }
        return all;
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::pair<std::string, mqtt::share_turn_ptr>> all_;
};

TEST_F(nats_bus_test, gives_each_message_of_a_share_to_one_of_those_who_take_part) {
    turns one;
    turns two;
    auto first = connect("first");
    auto second = connect("second");
    ASSERT_TRUE(first->share("$share/g/a/+", false, one.hearer()));
    ASSERT_TRUE(second->share("$share/g/a/+", false, two.hearer()));
    std::set<std::string> wanted;
    for (int i = 0; i < 20; ++i) {
        keep(*first, "a/1", std::to_string(i));
        keep(*second, "b/1", "of nobody");
        wanted.insert(std::to_string(i));
        first->say(live_subject("f", "a/2"), "said " + std::to_string(i));
        wanted.insert("said " + std::to_string(i));
    }
    std::vector<std::string> came;
    const auto collect = [&] {
        came = one.now();
        const auto more = two.now();
        came.insert(came.end(), more.begin(), more.end());
        return came.size();
    };
    while (collect() < wanted.size()) {
        std::this_thread::sleep_for(5ms);
    }
    EXPECT_EQ(std::set(came.begin(), came.end()), wanted);
    EXPECT_EQ(came.size(), wanted.size());
    EXPECT_FALSE(one.now().empty());
    EXPECT_FALSE(two.now().empty());
}

TEST_F(nats_bus_test, gives_what_one_drops_or_leaves_behind_to_another) {
    turns one;
    turns two;
    turns three;
    auto first = connect("first");
    auto second = connect("second");
    ASSERT_TRUE(first->share("$share/g/a", false, one.hearer()));
    for (const auto* each : {"1", "2", "3"}) {
        keep(*first, "a", each);
    }
    EXPECT_THAT(one.first(3), ElementsAre("1", "2", "3"));
    EXPECT_EQ(one.take(), "1");
    ASSERT_TRUE(second->share("$share/g/a", false, two.hearer()));
    first->unshare("$share/g/a");
    one.drop();
    EXPECT_THAT(two.first(2), testing::UnorderedElementsAre("2", "3"));
    // Without a word of it, as after kill -9.
    auto third = connect("third");
    ASSERT_TRUE(third->share("$share/g/a", false, three.hearer()));
    second->stop();
    EXPECT_THAT(three.first(2), testing::UnorderedElementsAre("2", "3"));
    EXPECT_TRUE(one.now().empty());
}

TEST_F(nats_bus_test, keeps_what_waits_for_a_share_while_nobody_takes_part_over_a_kill) {
    turns before;
    turns after;
    auto it = connect("it");
    ASSERT_TRUE(it->share("$share/g/a", false, before.hearer()));
    ASSERT_TRUE(it->share("$share/g/a", true, before.hearer()));  // somebody with a session
    keep(*it, "a", "1");
    EXPECT_EQ(before.take(), "1");
    it->unshare("$share/g/a");
    keep(*it, "a", "2");
    server_.kill();
    while (it->is_connected()) {
        std::this_thread::sleep_for(5ms);
    }
    server_.start();
    keep(*it, "a", "3");
    ASSERT_TRUE(it->keep_shares({"$share/g/a"}));
    ASSERT_TRUE(it->share("$share/g/a", false, after.hearer()));
    EXPECT_THAT(after.first(2), ElementsAre("2", "3"));
    EXPECT_EQ(after.take(), "2");
    EXPECT_EQ(after.take(), "3");
    ASSERT_TRUE(it->keep_shares({}));
    const auto no_share = it->share("a", false, after.hearer());
    ASSERT_FALSE(no_share);
    EXPECT_EQ(no_share.error().code, errc::invalid_input);
}

TEST_F(nats_bus_test, gives_up_what_waits_when_it_is_stopped) {
    auto it = connect("it");
    server_.kill();
    while (it->is_connected()) {
        std::this_thread::sleep_for(5ms);
    }
    std::optional<error> why;
    it->keep(message_subject("f", "a"), "1",
             [&](const result<bus::position>& at) { why = at.error(); });
    it->stop();
    ASSERT_TRUE(why);
    EXPECT_EQ(why->code, errc::closed);
    why.reset();
    it->keep(message_subject("f", "a"), "1",
             [&](const result<bus::position>& at) { why = at.error(); });
    EXPECT_EQ(why->code, errc::closed);
}

TEST_F(nats_bus_test, that_cannot_be_reached_says_so) {
    nats_settings settings;
    settings.url = "nats://me:secret@127.0.0.1:" + std::to_string(free_port());
    settings.fleet = "f";
    settings.node = "n";
    const auto made = nats_bus::connect(settings, logger());
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, errc::unavailable);
    EXPECT_EQ(made.error().context.find("secret"), std::string::npos);
    EXPECT_NE(made.error().context.find("cannot be reached"), std::string::npos);
}

}  // namespace
}  // namespace evergrass::cloud
