#include "libs/log_store/group_committer.hpp"
#include "libs/log_store/log.hpp"
#include "libs/log_store/real_file_system.hpp"

#include <benchmark/benchmark.h>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>

// Appends that are durable, on the disk below LOG_STORE_BENCH_DIR (the working directory). The peer
// is the same log with a sync for each record: what group commit is worth on this disk.
namespace {

using namespace evergrass;

class log_directory {
public:
    log_directory() {
        const char* base = std::getenv("LOG_STORE_BENCH_DIR");
        path_ = std::string(base != nullptr ? base : ".") + "/log-store-bench-XXXXXX";
        if (::mkdtemp(path_.data()) == nullptr) {
            std::perror(path_.c_str());
            std::exit(1);
        }
    }
    log_directory(const log_directory&) = delete;
    log_directory& operator=(const log_directory&) = delete;
    ~log_directory() { std::filesystem::remove_all(path_); }
    log_store::log open() { return log_store::log::open(disk_, path_).value(); }

private:
    std::string path_;
    log_store::real_file_system disk_;
};

void report(benchmark::State& state, const log_store::counters& count, std::size_t payload) {
    const auto stored = static_cast<double>(state.iterations()) * static_cast<double>(payload);
    state.SetItemsProcessed(state.iterations());
    state.SetBytesProcessed(static_cast<std::int64_t>(stored));
    state.counters["written_per_byte"] = static_cast<double>(count.bytes_written) / stored;
    state.counters["records_per_sync"] =
        static_cast<double>(state.iterations()) / static_cast<double>(count.syncs);
}

void sync_each(benchmark::State& state) {
    log_directory directory;
    auto store = directory.open();
    const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
    for (auto _ : state) {
        if (!store.append(payload) || !store.sync()) {
            state.SkipWithError("the disk failed");
            return;
        }
    }
    report(state, store.count(), payload.size());
}
BENCHMARK(sync_each)->Arg(64)->Arg(1024)->UseRealTime();

// At most `window` records on their way, as so many publishers that wait for their answers.
void group_commit(benchmark::State& state) {
    log_directory directory;
    const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
    const auto window = static_cast<log_store::sequence>(state.range(1));
    std::mutex mutex;
    std::condition_variable moved;
    log_store::sequence durable = 0;
    log_store::group_committer store(directory.open(), {[&](log_store::sequence to) {
                                                            const std::lock_guard lock(mutex);
                                                            durable = to;
                                                            moved.notify_one();
                                                        },
                                                        {}});
    log_store::sequence last = 0;
    log_store::sequence known = 0;
    const auto wait_for = [&](log_store::sequence wanted) {
        if (known < wanted) {
            std::unique_lock lock(mutex);
            moved.wait(lock, [&] { return durable >= wanted; });
            known = durable;
        }
    };
    for (auto _ : state) {
        if (last >= window) {
            wait_for(last - window + 1);
        }
        last = store.append(payload).value();
    }
    wait_for(last);
    log_store::counters count;
    store.post([&](const log_store::log& of) { count = of.count(); });
    (void)store.flush_and_stop();
    report(state, count, payload.size());
}
BENCHMARK(group_commit)
    ->ArgNames({"bytes", "window"})
    ->Args({64, 1})
    ->Args({64, 100})
    ->Args({64, 5'000})
    ->Args({1024, 1})
    ->Args({1024, 100})
    ->Args({1024, 5'000})
    ->UseRealTime();

}  // namespace
