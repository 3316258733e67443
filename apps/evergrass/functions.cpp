#include "apps/evergrass/functions.hpp"

#include "apps/evergrass/admin_client.hpp"
#include "apps/evergrass/failure.hpp"
#include "libs/base/arn.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <vector>

namespace evergrass::cli {
namespace {

using row = std::array<std::string, 10>;

const row titles = {"FUNCTION", "STATE", "WORKERS", "INVOKED", "ERRORS",
                    "QUEUED",   "P50",   "P99",     "MEMORY",  "RESTARTS"};
constexpr std::size_t texts = 2;  // columns on the left; the rest are numbers

std::string number_of(const json::object& f, std::string_view name) {
    return std::to_string(int_member(f, name).value_or(0));
}

std::string with_unit(double value, const char* unit) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), value < 10 ? "%.1f %s" : "%.0f %s", value, unit);
    return text.data();
}

std::string time_of(const json::object& f, std::string_view name) {
    const auto us = int_member(f, name);
    if (!us) {
        return "-";
    }
    const auto value = static_cast<double>(*us);
    return value < 1e3   ? std::to_string(*us) + " us"
           : value < 1e6 ? with_unit(value / 1e3, "ms")
                         : with_unit(value / 1e6, "s");
}

std::string memory_of(const json::object& f) {
    const auto kb = int_member(f, "memoryKb").value_or(0);
    return kb == 0 ? "-" : with_unit(static_cast<double>(kb) / 1024, "MiB");
}

// "name:3" as all of a group are of one region and account.
std::string short_name(const std::string& arn) {
    const auto parsed = parse_function_arn(arn);
    return parsed ? parsed->name + (parsed->qualifier.empty() ? "" : ":" + parsed->qualifier) : arn;
}

std::string padded(const std::string& text, std::size_t width, bool left) {
    const std::string space(width - std::min(text.size(), width), ' ');
    return left ? text + space : space + text;
}

}  // namespace

std::string functions_text(const json::object& status) {
    std::vector<row> rows{titles};
    if (const auto* all = array_member(status, "functions")) {
        for (const auto& each : *all) {
            if (const auto* f = each.if_object()) {
                rows.push_back({short_name(string_member(*f, "arn").value_or("?")),
                                string_member(*f, "state").value_or("?"), number_of(*f, "workers"),
                                number_of(*f, "invocations"), number_of(*f, "errors"),
                                number_of(*f, "queued"), time_of(*f, "p50Micros"),
                                time_of(*f, "p99Micros"), memory_of(*f),
                                number_of(*f, "restarts")});
            }
        }
    }
    if (rows.size() == 1) {
        return "The deployed group has no functions.\n";
    }
    std::string text;
    for (const auto& one : rows) {
        std::string line;
        for (std::size_t i = 0; i < one.size(); ++i) {
            std::size_t width = 0;
            for (const auto& other : rows) {
                width = std::max(width, other[i].size());
            }
            line += (i == 0 ? "" : "  ") + padded(one[i], width, i < texts);
        }
        text += line + "\n";
    }
    return text;
}

int run_functions(const functions_options& options) {
    const auto status = ask_core(options.socket.value_or(socket_of_root(options.root)), "/status");
    if (!status) {
        std::cerr << "evergrass functions: " << failure_text(status.error()) << "\n";
        return 2;
    }
    if (options.json) {
        const auto* all = array_member(*status, "functions");
        std::cout << json::serialize(all == nullptr ? json::array() : *all) << "\n";
    } else {
        std::cout << functions_text(*status);
    }
    return 0;
}

}  // namespace evergrass::cli
