#include "edge/functions/result_store.hpp"

#include <utility>
#include <vector>

namespace evergrass::edge::functions {

namespace {

void wake(result_store::entry& e) {
    if (const auto waiting = std::exchange(e.wake, nullptr)) {
        waiting();
    }
}

}  // namespace

void result_store::expect(const std::string& id, std::string owner, worker_id worker,
                          std::chrono::milliseconds keep) {
    auto e = std::make_shared<entry>();
    e->owner = std::move(owner);
    e->worker = worker;
    e->keep = keep;
    entries_.emplace(id, std::move(e));
}

void result_store::complete(const std::string& id, outcome result, mono_time now) {
    const auto found = entries_.find(id);
    if (found == entries_.end() || found->second->done) {
        return;
    }
    const auto e = found->second;
    e->done = true;
    e->result = std::move(result);
    unread_bytes_ += e->result.body.size();
    e->expires = now + e->keep;
    expiries_.emplace(e->expires, id);
    wake(*e);
    while (unread_bytes_ > max_unread_bytes_ && !expiries_.empty()) {
        drop_oldest();
    }
}

std::shared_ptr<result_store::entry> result_store::find(const std::string& id,
                                                        std::string_view owner) const {
    const auto found = entries_.find(id);
    return found == entries_.end() || found->second->owner != owner ? nullptr : found->second;
}

void result_store::erase(const std::string& id) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) {
        return;
    }
    const auto e = found->second;
    entries_.erase(found);
    if (e->done) {
        unread_bytes_ -= e->result.body.size();
        auto [expiry, last] = expiries_.equal_range(e->expires);
        while (expiry != last && expiry->second != id) {
            ++expiry;
        }
        expiries_.erase(expiry);
    }
    wake(*e);
}

void result_store::forget(worker_id worker) {
    std::vector<std::string> gone;
    for (const auto& [id, e] : entries_) {
        if (e->worker == worker) {
            gone.push_back(id);
        }
    }
    for (const auto& id : gone) {
        erase(id);
    }
}

void result_store::tick(mono_time now) {
    while (!expiries_.empty() && expiries_.begin()->first <= now) {
        drop_oldest();
    }
}

void result_store::drop_oldest() {
    erase(std::string(expiries_.begin()->second));
}

}  // namespace evergrass::edge::functions
