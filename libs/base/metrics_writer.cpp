#include "libs/base/metrics_writer.hpp"

namespace evergrass {
namespace {

// Backslash, quote and line break are escaped in a label's value.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '\\' || c == '"') {
            out += '\\';
        }
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out + '"';
}

}  // namespace

void metrics_writer::family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = "evergrass_" + std::string(name);
    text_ += "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ + " " +
             std::string(type) + "\n";
}

void metrics_writer::sample(
    std::initializer_list<std::pair<std::string_view, std::string_view>> labels,
    std::uint64_t value) {
    std::string list;
    for (const auto& [key, label] : labels) {
        list += (list.empty() ? "{" : ",") + std::string(key) + "=" + quoted(label);
    }
    text_ += name_ + list + (list.empty() ? " " : "} ") + std::to_string(value) + "\n";
}

void metrics_writer::single(std::string_view name, std::string_view type, std::string_view help,
                            std::uint64_t value) {
    family(name, type, help);
    sample({}, value);
}

}  // namespace evergrass
