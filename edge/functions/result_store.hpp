#pragma once

#include "edge/functions/scheduler.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace evergrass::edge::functions {

// The results of RequestResponse invocations until their invoker reads them, once
// (spec/lambda-ipc.md §2.4). Unread ones are kept for a time and up to a number of bytes. Pure.
class result_store {
public:
    struct entry {
        std::string owner;     // ARN of the function that may read it
        worker_id worker = 0;  // that invoked
        std::chrono::milliseconds keep{};
        bool done = false;
        outcome result;
        mono_time expires{};         // once done
        std::function<void()> wake;  // called once, when done or given up
    };

    explicit result_store(std::size_t max_unread_bytes) : max_unread_bytes_(max_unread_bytes) {}

    // `keep`: how long the result is kept unread, from the moment it is there.
    void expect(const std::string& id, std::string owner, worker_id worker,
                std::chrono::milliseconds keep);
    void complete(const std::string& id, outcome result, mono_time now);
    // Null: unknown, read already, no longer kept, or another function's.
    std::shared_ptr<entry> find(const std::string& id, std::string_view owner) const;
    void erase(const std::string& id);
    // The invoker ended: nobody will read what it waited for.
    void forget(worker_id worker);
    // Drops what is no longer kept. Called now and then: memory is bounded without it.
    void tick(mono_time now);

    std::size_t size() const { return entries_.size(); }

private:
    void drop_oldest();

    std::size_t max_unread_bytes_;
    std::size_t unread_bytes_ = 0;
    std::unordered_map<std::string, std::shared_ptr<entry>> entries_;
    std::multimap<mono_time, std::string> expiries_;  // of the completed ones
};

}  // namespace evergrass::edge::functions
