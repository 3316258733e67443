#include "libs/log_store/group_committer.hpp"
#include "libs/log_store/log.hpp"
#include "libs/log_store/real_file_system.hpp"
#include "libs/mqtt/session_journal.hpp"

#include <algorithm>
#include <atomic>
#include <benchmark/benchmark.h>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// Messages that are kept for sessions, below SESSION_JOURNAL_BENCH_DIR (the working directory). The
// peer is the log alone, with records of the same payloads that nobody ever takes away. "written"
// is what was passed to write for each byte of payload, the records of acknowledgements and all
// that was written again included; CPU is the caller's thread, for a message and its
// acknowledgement.
namespace {

using namespace evergrass;

// The real disk; counts.
class counting_disk final : public log_store::file_system {
public:
    std::uint64_t bytes() const { return bytes_; }

    result<std::unique_ptr<log_store::file>> open(const std::string& path,
                                                  log_store::open_mode mode) override {
        auto opened = disk_.open(path, mode);
        if (!opened) {
            return opened.error();
        }
        return result<std::unique_ptr<log_store::file>>(
            std::make_unique<counted>(std::move(*opened), bytes_));
    }
    result<void> rename(const std::string& from, const std::string& to) override {
        return disk_.rename(from, to);
    }
    result<void> remove(const std::string& path) override { return disk_.remove(path); }
    result<std::vector<std::string>> list(const std::string& directory) override {
        return disk_.list(directory);
    }
    result<void> make_directory(const std::string& path) override {
        return disk_.make_directory(path);
    }
    result<void> sync_directory(const std::string& path) override {
        return disk_.sync_directory(path);
    }

private:
    class counted final : public log_store::file {
    public:
        counted(std::unique_ptr<log_store::file> of, std::atomic<std::uint64_t>& bytes)
            : of_(std::move(of)), bytes_(bytes) {}
        result<void> append(std::span<const std::string_view> parts) override {
            for (const auto part : parts) {
                bytes_ += part.size();
            }
            return of_->append(parts);
        }
        result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) override {
            return of_->read_at(offset, into);
        }
        result<void> sync() override { return of_->sync(); }
        result<void> truncate(std::uint64_t size) override { return of_->truncate(size); }
        result<std::uint64_t> size() override { return of_->size(); }

    private:
        std::unique_ptr<log_store::file> of_;
        std::atomic<std::uint64_t>& bytes_;
    };

    log_store::real_file_system disk_;
    std::atomic<std::uint64_t> bytes_ = 0;
};

class directory {
public:
    directory() {
        const char* base = std::getenv("SESSION_JOURNAL_BENCH_DIR");
        path_ = std::string(base != nullptr ? base : ".") + "/session-journal-bench-XXXXXX";
        if (::mkdtemp(path_.data()) == nullptr) {
            std::perror(path_.c_str());
            std::exit(1);
        }
    }
    directory(const directory&) = delete;
    directory& operator=(const directory&) = delete;
    ~directory() { std::filesystem::remove_all(path_); }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

// What is durable, for a thread that runs ahead of it.
class progress {
public:
    void tell(std::uint64_t durable) {
        const std::lock_guard lock(mutex_);
        durable_ = durable;
        moved_.notify_one();
    }
    void wait_for(std::uint64_t wanted) {
        if (known_ < wanted) {
            std::unique_lock lock(mutex_);
            moved_.wait(lock, [&] { return durable_ >= wanted; });
            known_ = durable_;
        }
    }

private:
    std::mutex mutex_;
    std::condition_variable moved_;
    std::uint64_t durable_ = 0;
    std::uint64_t known_ = 0;  // the waiting thread's
};

mqtt::message_ptr a_message(std::size_t bytes, std::string topic = "sensors/hall/temperature") {
    auto made = std::make_shared<mqtt::stored_message>();
    made->topic = std::move(topic);
    made->payload = std::make_shared<const std::string>(bytes, 'x');
    made->level = mqtt::qos::at_least_once;
    made->source = "hall-sensor-17";
    return made;
}

std::string client(std::size_t nth) {
    return "client-" + std::to_string(nth);
}

std::uint64_t records_ahead(std::size_t payload) {
    return std::min<std::size_t>(10'000, 16 * 1024 * 1024 / payload);
}

// Publishers and acknowledging subscribers on one thread, at most so many records ahead of the
// disk.
class load {
public:
    load(std::size_t sessions, std::size_t payload) : ahead_(records_ahead(payload)) {
        journal_ = mqtt::session_journal::open(disk_, {directory_.path(), 256 * 1024 * 1024}, time_,
                                               logger::to_stderr(log_level::warn))
                       .value();
        journal_->on_durable([this](std::uint64_t upto) { progress_.tell(upto); });
        for (std::size_t i = 0; i < sessions; ++i) {
            journal_->session_begun(client(i), mqtt::protocol_version::v5, 0xFFFF'FFFF);
            to_.emplace_back().client_id = client(i);
            to_.back().state = mqtt::session_journal::delivery::progress::sent;
        }
    }

    mqtt::session_journal& journal() { return *journal_; }

    // The next message for the session at `to`, or for all of them.
    std::uint64_t publish(const mqtt::message_ptr& message, std::size_t to) {
        to_[to].order = ++order_;
        last_ = journal_->message(message, {&to_[to], 1}, {}).value();
        return order_;
    }
    std::uint64_t publish_to_all(const mqtt::message_ptr& message) {
        ++order_;
        for (auto& d : to_) {
            d.order = order_;
        }
        last_ = journal_->message(message, to_, {}).value();
        return order_;
    }
    void acknowledge(std::size_t from, std::uint64_t order) {
        last_ = journal_->finished(to_[from].client_id, order);
    }
    void keep_up() {
        if (last_ > ahead_) {
            progress_.wait_for(last_ - ahead_);
        }
    }
    void wait() { progress_.wait_for(last_); }

    void begin() {
        wait();
        bytes_before_ = disk_.bytes();
        syncs_before_ = journal_->numbers().syncs;
    }
    void report(benchmark::State& state, std::size_t payload) {
        wait();
        const auto stored = static_cast<double>(state.iterations()) * static_cast<double>(payload);
        const auto numbers = journal_->numbers();
        state.SetItemsProcessed(state.iterations());
        state.counters["written"] = static_cast<double>(disk_.bytes() - bytes_before_) / stored;
        state.counters["per_sync"] = static_cast<double>(state.iterations()) /
                                     static_cast<double>(numbers.syncs - syncs_before_);
        state.counters["log_MiB"] = static_cast<double>(numbers.log_bytes) / (1024 * 1024);
    }

private:
    directory directory_;
    counting_disk disk_;
    evergrass::clock time_;
    progress progress_;
    std::vector<mqtt::session_journal::delivery> to_;
    const std::uint64_t ahead_;
    std::uint64_t order_ = 0;
    std::uint64_t last_ = 0;
    std::uint64_t bytes_before_ = 0;
    std::uint64_t syncs_before_ = 0;
    std::unique_ptr<mqtt::session_journal> journal_;
};

// One session that acknowledges 100 messages later.
void run_one_session(benchmark::State& state, load& on) {
    const auto message = a_message(static_cast<std::size_t>(state.range(0)));
    on.begin();
    for (auto _ : state) {
        const auto order = on.publish(message, 0);
        if (order > 100) {
            on.acknowledge(0, order - 100);
        }
        on.keep_up();
    }
    on.report(state, message->payload->size());
}

void one_session(benchmark::State& state) {
    load on(1, static_cast<std::size_t>(state.range(0)));
    run_one_session(state, on);
}
BENCHMARK(one_session)->Arg(64)->Arg(256)->Arg(1024)->Arg(16'384)->UseRealTime();

// The same while 32 MiB of retained messages stay: they are written again as the log goes round.
void one_session_and_much_retained(benchmark::State& state) {
    load on(1, static_cast<std::size_t>(state.range(0)));
    for (int i = 0; i < 32 * 1024; ++i) {
        const auto number = on.journal().retained(a_message(900, "retained/" + std::to_string(i)));
        if (!number) {
            state.SkipWithError("refused");
            return;
        }
        if (i % 1000 == 0) {
            on.publish(a_message(1), 0);
            on.acknowledge(0, static_cast<std::uint64_t>(i / 1000 + 1));
            on.wait();
        }
    }
    run_one_session(state, on);
}
BENCHMARK(one_session_and_much_retained)->Arg(256)->Arg(1024)->UseRealTime();

// A message waits among 20,000 for any time: what is old is as likely to count as what is new.
void acknowledged_at_random(benchmark::State& state) {
    load on(1, static_cast<std::size_t>(state.range(0)));
    const auto message = a_message(static_cast<std::size_t>(state.range(0)));
    std::mt19937_64 random(1);
    std::vector<std::uint64_t> waiting;
    for (int i = 0; i < 20'000; ++i) {
        waiting.push_back(on.publish(message, 0));
        on.keep_up();
    }
    on.begin();
    for (auto _ : state) {
        auto& chosen = waiting[random() % waiting.size()];
        on.acknowledge(0, chosen);
        chosen = on.publish(message, 0);
        on.keep_up();
    }
    on.report(state, message->payload->size());
}
BENCHMARK(acknowledged_at_random)->Arg(256)->Arg(1024)->UseRealTime();

// Each message for 200 sessions, all of which acknowledge it.
void fan_out(benchmark::State& state) {
    constexpr std::size_t sessions = 200;
    load on(sessions, 1024);
    const auto message = a_message(static_cast<std::size_t>(state.range(0)));
    on.begin();
    for (auto _ : state) {
        const auto order = on.publish_to_all(message);
        for (std::size_t i = 0; i < sessions; ++i) {
            on.acknowledge(i, order);
        }
        on.keep_up();
    }
    on.report(state, message->payload->size() * sessions);
}
BENCHMARK(fan_out)->Arg(1024)->UseRealTime();

// The peer.
void log_alone(benchmark::State& state) {
    directory directory;
    counting_disk disk;
    progress progress;
    log_store::group_committer store(log_store::log::open(disk, directory.path()).value(),
                                     {[&](std::uint64_t upto) { progress.tell(upto); }, {}});
    const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
    const auto ahead = records_ahead(payload.size()) / 2;  // one record a message instead of two
    std::uint64_t last = 0;
    for (auto _ : state) {
        last = store.append(payload).value();
        if (last > ahead) {
            progress.wait_for(last - ahead);
        }
    }
    progress.wait_for(last);
    state.SetItemsProcessed(state.iterations());
    state.counters["written"] =
        static_cast<double>(disk.bytes()) /
        (static_cast<double>(state.iterations()) * static_cast<double>(payload.size()));
    (void)store.flush_and_stop();
}
BENCHMARK(log_alone)->Arg(64)->Arg(256)->Arg(1024)->Arg(16'384)->UseRealTime();

// A start with so many sessions, each with ten messages waiting.
void reading_it_again(benchmark::State& state) {
    directory directory;
    counting_disk disk;
    const evergrass::clock time;
    const auto sessions = static_cast<std::size_t>(state.range(0));
    {
        const auto journal =
            mqtt::session_journal::open(disk, {directory.path(), 256 * 1024 * 1024}, time, {})
                .value();
        std::vector<mqtt::session_journal::delivery> to(1);
        for (std::size_t i = 0; i < sessions; ++i) {
            to[0].client_id = client(i);
            journal->session_begun(to[0].client_id, mqtt::protocol_version::v5, 0xFFFF'FFFF);
            journal->subscribed(to[0].client_id, {"sensors/+/temperature", {}, 0});
            for (to[0].order = 1; to[0].order <= 10; ++to[0].order) {
                while (!journal->message(a_message(256), to, {})) {
                    std::this_thread::yield();  // more waits for the disk than may
                }
            }
        }
        (void)journal->stop();
    }
    for (auto _ : state) {
        const auto journal =
            mqtt::session_journal::open(disk, {directory.path(), 256 * 1024 * 1024}, time, {})
                .value();
        benchmark::DoNotOptimize(journal->take_sessions());
    }
    state.SetItemsProcessed(state.iterations() * state.range(0) * 10);
}
BENCHMARK(reading_it_again)->Arg(10'000)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
