#include "cloud/greengrass/connectivity.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/random.hpp"

#include <set>
#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

constexpr std::size_t most_entries = 100;
constexpr std::string_view detected_prefix = "AUTOIP_";  // spec/cloud.md §1.8
constexpr std::int64_t highest_port = 65535;

error entry_fault(std::size_t index, const std::string& what) {
    return {errc::invalid_input, "entry " + std::to_string(index) + ": " + what};
}

result<json::object> read_entry(std::size_t index, const json::value& sent) {
    const auto* entry = sent.if_object();
    if (entry == nullptr) {
        return entry_fault(index, "is not an object");
    }
    const auto host = string_member(*entry, "HostAddress").value_or("");
    if (host.empty()) {
        return entry_fault(index, "HostAddress is missing");
    }
    const auto port = int_member(*entry, "PortNumber").value_or(-1);
    if (port < 0 || port > highest_port) {
        return entry_fault(index, "PortNumber must be a number from 0 to 65535");
    }
    return json::object{{"Id", string_member(*entry, "Id").value_or(host)},
                        {"HostAddress", host},
                        {"PortNumber", port},
                        {"Metadata", string_member(*entry, "Metadata").value_or("")}};
}

}  // namespace

result<json::array> connectivity_of(store& state, std::string_view thing) {
    json::array entries;
    auto read = state.db().query("greengrass.connectivity_of",
                                 "SELECT entries FROM connectivity WHERE thing = ?1",
                                 {std::string(thing)}, [&](const db::row& row) {
                                     auto stored = parse_json(row.text(0));
                                     if (stored && stored->is_array()) {
                                         entries = std::move(stored->get_array());
                                     }
                                 });
    if (!read) {
        return read.error();
    }
    return entries;
}

result<std::string> connectivity_version_of(store& state, std::string_view thing) {
    std::string version;
    auto read = state.db().query(
        "greengrass.connectivity_version_of", "SELECT version FROM connectivity WHERE thing = ?1",
        {std::string(thing)}, [&](const db::row& row) { version = row.text(0); });
    if (!read) {
        return read.error();
    }
    return version;
}

result<json::array> read_connectivity_entries(const json::array& sent) {
    if (sent.size() > most_entries) {
        return error{errc::too_large,
                     "more than " + std::to_string(most_entries) + " connectivity entries"};
    }
    json::array entries;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        auto entry = read_entry(i, sent[i]);
        if (!entry) {
            return entry.error();
        }
        entries.emplace_back(std::move(*entry));
    }
    return entries;
}

result<std::string> set_connectivity(store& state, std::string_view thing,
                                     const json::array& entries) {
    auto version = uuid_v4();
    auto written = state.db().run("greengrass.set_connectivity",
                                  "INSERT INTO connectivity(thing, version, entries)"
                                  " VALUES(?1, ?2, ?3) ON CONFLICT(thing)"
                                  " DO UPDATE SET version = ?2, entries = ?3",
                                  {std::string(thing), version, json::serialize(entries)});
    if (!written) {
        return written.error();
    }
    return version;
}

result<std::string> set_detected_connectivity(store& state, std::string_view thing,
                                              const json::array& detected) {
    std::string version;
    json::array stored;
    auto read = state.db().query("greengrass.connectivity_record",
                                 "SELECT version, entries FROM connectivity WHERE thing = ?1",
                                 {std::string(thing)}, [&](const db::row& row) {
                                     version = row.text(0);
                                     auto entries = parse_json(row.text(1));
                                     if (entries && entries->is_array()) {
                                         stored = std::move(entries->get_array());
                                     }
                                 });
    if (!read) {
        return read.error();
    }
    std::set<std::string> replaced;
    for (const auto& each : detected) {
        replaced.insert(string_member(each.get_object(), "Id").value_or(""));
    }
    json::array entries;
    for (const auto& each : stored) {
        const auto* entry = each.if_object();
        const auto id = entry != nullptr ? string_member(*entry, "Id").value_or("") : std::string();
        if (entry != nullptr && !id.starts_with(detected_prefix) && !replaced.contains(id)) {
            entries.emplace_back(*entry);
        }
    }
    entries.insert(entries.end(), detected.begin(), detected.end());
    return entries == stored && !version.empty() ? result<std::string>(version)
                                                 : set_connectivity(state, thing, entries);
}

}  // namespace evergrass::cloud::greengrass
