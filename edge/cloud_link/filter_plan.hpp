#pragma once

#include "libs/mqtt/types.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evergrass::edge {

struct wanted_filter {
    mqtt::qos level = mqtt::qos::at_most_once;
    bool kept = false;  // by a session that outlives the connection
};
using wanted_filters = std::map<std::string, wanted_filter, std::less<>>;

struct planned_connection {
    bool kept = false;
    std::map<std::string, mqtt::qos, std::less<>> filters;
    // Filters to be ended here, and whether that waits for others that take over from them.
    std::map<std::string, bool, std::less<>> leaving;
    // Of `filters`: those that share topics with some at other connections.
    std::vector<std::string> shared;
};

// At which connection each filter is subscribed to, when one takes only so many. Pure.
//
// - A filter that another one covers is not asked for by itself. `a/#` does not count as one that
//   covers `a`: to AWS IoT it does not match that (spec/cloud.md §4).
// - Where two filters share some topics, and neither covers the other, they are at different
//   connections: there servers differ in whether a client gets a message twice; so it is always
//   twice, and takes() picks one.
// - Whatever can stay where it is stays.
class filter_plan {
public:
    // V1 had 250 connections at most (spec/core.md §10). `most_filters`: of a connection.
    explicit filter_plan(std::size_t most_filters, std::size_t most_connections = 250);

    // What an earlier run of the core has at a session that was kept.
    void restore(unsigned connection, const std::set<std::string>& filters);

    // The filters for which there is no place are returned.
    std::vector<std::string> want(const wanted_filters& all);

    // By number. 0 is always there, and never kept; another one is gone once it has nothing.
    const std::map<unsigned, planned_connection>& connections() const { return connections_; }

    // All that was to take over has been answered: nothing waits for others any more.
    void release();
    // The server has ended the subscription.
    void left(unsigned connection, std::string_view filter);

    // Of the connections that get a message on this topic one delivers it: is it this one?
    // `has(connection, filter)`: the server has that subscription, so far as is known. Sessions
    // that are kept go first, for what they get late the others have missed.
    bool takes(unsigned connection, std::string_view topic,
               const std::function<bool(unsigned, const std::string&)>& has) const;

private:
    class filter_tree;

    static wanted_filters widest(const wanted_filters& all);
    bool place(const std::string& filter, const wanted_filter& how, filter_tree& placed);
    void leave(std::vector<std::pair<unsigned, std::string>> removed, const wanted_filters& fresh);
    void note_shared();
    void drop_empty();

    std::size_t most_filters_;
    std::size_t most_connections_;
    std::map<unsigned, planned_connection> connections_;
    bool any_shared_ = false;
};

}  // namespace evergrass::edge
