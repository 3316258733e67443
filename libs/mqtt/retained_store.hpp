#pragma once

#include "libs/base/time.hpp"
#include "libs/mqtt/message.hpp"
#include "libs/mqtt/text_map.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace evergrass::mqtt {

// The retained messages of a server: for each topic the last one, or, `by_source`, the last one of
// each source (server_options::retained_by_source). In memory; the journal keeps what outlives the
// process. Any thread; look-ups with wildcards visit the branches that match.
class retained_store {
public:
    retained_store(std::size_t max_messages, std::size_t max_bytes, bool by_source)
        : max_messages_(max_messages), max_bytes_(max_bytes), by_source_(by_source) {}

    enum class stored { yes, full, not_saved };
    // Replaces what was retained at its topic. `save`, if any, is asked first, with the lock held,
    // so that what is saved has the order of what is kept. Other answers than `yes`: nothing
    // changed.
    using saver = std::function<bool()>;
    stored put(message_ptr message, wall_time now, const saver& save = {});
    // True if there was one; then `save` was called, as above.
    bool clear(std::string_view source, std::string_view topic,
               const std::function<void()>& save = {});
    // What was retained; nothing is afterwards.
    std::vector<message_ptr> take_all();

    // Those whose topic the filter matches and that have not expired, in no order.
    std::vector<message_ptr> find(std::string_view filter, bool hash_matches_parent,
                                  wall_time now) const;

    std::size_t size() const;
    std::size_t bytes() const;

private:
    struct node {
        text_map<std::unique_ptr<node>> children;
        std::vector<message_ptr> here;

        bool empty() const { return children.empty() && here.empty(); }
    };
    struct search;

    // What put() would replace; null: nothing.
    const stored_message* find_same(std::string_view source, std::string_view topic) const;
    bool fits(const stored_message& message, const stored_message* replaced) const;
    bool remove(std::string_view source, std::string_view topic);
    void drop_expired(wall_time now);
    static void collect_all(const node& at, search& into);
    static void collect(const node& at, std::string_view filter, bool first, search& into);

    const std::size_t max_messages_;
    const std::size_t max_bytes_;
    const bool by_source_;
    mutable std::mutex mutex_;
    node root_;
    std::set<std::pair<wall_time, message_ptr>> expiring_;  // those that do, by when
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace evergrass::mqtt
