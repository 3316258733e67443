#include "apps/evergrass/flow_book.hpp"

#include "libs/base/json.hpp"

#include <algorithm>

namespace evergrass::cli {
namespace {

std::size_t index_of(flow f) {
    return static_cast<std::size_t>(f);
}

// Readings that look like a slow wave around 20 degrees.
double temperature_of(std::uint64_t sequence) {
    return 20.0 + static_cast<double>(sequence % 10) / 2.0;
}

}  // namespace

std::string_view name_of(flow f) {
    return f == flow::function_to_cloud ? "sensor -> function -> cloud" : "sensor -> display";
}

std::string make_reading(std::string_view run, std::uint64_t sequence) {
    return json::serialize(json::object{
        {"run", run}, {"sequence", sequence}, {"temperature", temperature_of(sequence)}});
}

std::optional<std::uint64_t> sequence_of(std::string_view payload, std::string_view run) {
    const auto value = parse_json(payload);
    if (!value || !value->is_object()) {
        return std::nullopt;
    }
    const auto& members = value->get_object();
    const auto sequence = int_member(members, "sequence");
    if (string_member(members, "run") != run || !sequence || *sequence < 0) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(*sequence);
}

bool flow_book::row::complete() const {
    return std::all_of(took.begin(), took.end(), [](const auto& t) { return t.has_value(); });
}

void flow_book::sent(std::uint64_t sequence, mono_time now) {
    if (rows_.emplace(sequence, row{.sent_at = now, .took = {}}).second) {
        ++messages_sent_;
    }
    if (rows_.size() > rows_kept) {
        rows_.erase(rows_.begin());
    }
}

const flow_book::row* flow_book::arrived(flow f, std::uint64_t sequence, mono_time now) {
    const auto found = rows_.find(sequence);
    if (found == rows_.end() || found->second.took[index_of(f)]) {
        return nullptr;
    }
    found->second.took[index_of(f)] = now - found->second.sent_at;
    seen_[index_of(f)] = true;
    return &found->second;
}

const flow_book::row* flow_book::find(std::uint64_t sequence) const {
    const auto found = rows_.find(sequence);
    return found == rows_.end() ? nullptr : &found->second;
}

std::vector<flow> flow_book::missing() const {
    std::vector<flow> flows;
    std::copy_if(all_flows.begin(), all_flows.end(), std::back_inserter(flows),
                 [this](flow f) { return !seen_[index_of(f)]; });
    return flows;
}

}  // namespace evergrass::cli
