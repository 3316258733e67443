#pragma once

#include "libs/mqtt/types.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evergrass::cloud {

// Who subscribed to which filter, as a tree of topic levels: a look-up costs what matches and not
// what is there. Matching is AWS IoT's, which departs from [MQTT-4.7.1-2]: `a/#` does not match `a`
// (spec/cloud.md §4.1). One thread.
class topic_index {
public:
    using subscriber = std::uint64_t;

    topic_index();
    ~topic_index();

    // A second subscription of the same subscriber to the same filter replaces the first.
    void add(std::string_view filter, subscriber who, mqtt::qos level);
    void remove(std::string_view filter, subscriber who);

    struct match {
        subscriber who;
        mqtt::qos level;  // the highest of its filters that match
    };
    // Each subscriber once, ordered by number.
    std::vector<match> find(std::string_view topic) const;

private:
    struct node;
    static void collect(const node& at, std::string_view rest, bool first,
                        std::vector<match>& found);
    std::unique_ptr<node> root_;
};

}  // namespace evergrass::cloud
