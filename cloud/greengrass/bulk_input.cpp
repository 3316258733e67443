#include "cloud/greengrass/bulk_input.hpp"

#include "libs/base/json.hpp"

#include <algorithm>
#include <variant>

namespace evergrass::cloud::greengrass {
namespace {

constexpr std::size_t line_limit = 256;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

// The record of a line, or what is wrong with it.
std::variant<bulk_record, std::string> read_line(std::string_view line, std::size_t number) {
    const auto at = std::to_string(number);
    if (line.size() >= line_limit) {
        return "Line " + at + " is too long in S3 File. Valid line is less than 256 chars.";
    }
    const auto parsed = parse_json(line);
    const auto* object = parsed ? parsed->if_object() : nullptr;
    if (object == nullptr) {
        return "InvalidInputFile: Failed to parse input file at line number: " + at;
    }
    bulk_record read{string_member(*object, "GroupId").value_or(""),
                     string_member(*object, "GroupVersionId").value_or("")};
    if (read.group_id.empty()) {
        return "InvalidInputFile: Missing GroupId at line number: " + at;
    }
    if (read.group_version.empty()) {
        return "InvalidInputFile: Missing GroupVersionId at line number: " + at;
    }
    if (string_member(*object, "DeploymentType") != "NewDeployment") {
        return "InvalidInputFile: Invalid deployment type at line number : " + at +
               ". Only valid type is 'NewDeployment'.";
    }
    return read;
}

}  // namespace

bulk_input parse_bulk_input(std::string_view text) {
    bulk_input read;
    if (text.starts_with(byte_order_mark)) {
        text.remove_prefix(byte_order_mark.size());
    }
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
            continue;
        }
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        auto outcome = read_line(line, number);
        if (auto* record = std::get_if<bulk_record>(&outcome)) {
            read.records.push_back(std::move(*record));
        } else {
            read.faults.push_back(std::move(std::get<std::string>(outcome)));
        }
    }
    if (read.records.empty() && read.faults.empty()) {
        read.faults.emplace_back("InvalidInputFile: The file has no records.");
    }
    return read;
}

}  // namespace evergrass::cloud::greengrass
