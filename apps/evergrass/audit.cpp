#include "apps/evergrass/audit.hpp"

#include "libs/base/encoding.hpp"

#include <iostream>

namespace evergrass::cli {
namespace {

std::string text_of(const json::object& object, std::string_view name) {
    return string_member(object, name).value_or("");
}

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text;
}

}  // namespace

std::string audit_line(const json::object& entry) {
    const auto code = text_of(entry, "code");
    auto line = text_of(entry, "at") + "  " + padded(text_of(entry, "by"), 20) + "  " +
                padded(text_of(entry, "from"), 15) + "  " + text_of(entry, "operation");
    const auto target = text_of(entry, "target");
    line += target.empty() ? "" : "  " + target;
    line += "  " + std::to_string(int_member(entry, "status").value_or(0));
    return code.empty() ? line : line + " " + code;
}

int run_audit(const audit_options& options) {
    const auto question = "/audit?since=" + percent_encode(options.since) +
                          "&by=" + percent_encode(options.by) + "&after=";
    std::int64_t after = 0;
    for (;;) {
        const auto answer = ask_service(options.where, question + std::to_string(after));
        if (!answer) {
            return fail(answer.error());
        }
        if (const auto* entries = array_member(*answer, "entries")) {
            for (const auto& entry : *entries) {
                if (options.where.json) {
                    std::cout << json::serialize(entry) << "\n";
                } else if (const auto* members = entry.if_object()) {
                    std::cout << audit_line(*members) << "\n";
                }
            }
        }
        const auto next = int_member(*answer, "after");
        if (!next || *next <= after) {
            return 0;
        }
        after = *next;
    }
}

}  // namespace evergrass::cli
