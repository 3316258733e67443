#include "apps/evergrass/check.hpp"

#include "apps/evergrass/failure.hpp"
#include "libs/base/file.hpp"

#include <algorithm>
#include <iostream>

namespace evergrass::cli {
namespace {

std::string_view severity_of(const finding& f) {
    return f.severity == finding::level::error ? "error" : "warning";
}

std::size_t errors_of(const std::vector<finding>& findings) {
    return static_cast<std::size_t>(
        std::count_if(findings.begin(), findings.end(),
                      [](const auto& f) { return f.severity == finding::level::error; }));
}

std::string counted(std::size_t n, const std::string& what) {
    return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

}  // namespace

// FILE: error: subscription 's1' [dead]: ...   as compilers write it, so that editors find it
std::string check_text(const std::string& file, const edge::group_file& group,
                       const std::vector<finding>& findings) {
    std::string text;
    for (const auto& f : findings) {
        text += file + ": " + std::string(severity_of(f)) + ": subscription '" +
                f.subscriptions.front() + "' [" + f.rule + "]: " + f.sentence + "\n";
    }
    const auto errors = errors_of(findings);
    return text + file + ": " + group.kind + ", " +
           counted(group.subscriptions.size(), "subscription") + ", " + counted(errors, "error") +
           ", " + counted(findings.size() - errors, "warning") + "\n";
}

json::object check_json(const std::string& file, const edge::group_file& group,
                        const std::vector<finding>& findings) {
    json::array list;
    for (const auto& f : findings) {
        json::array ids;
        for (const auto& id : f.subscriptions) {
            ids.emplace_back(id);
        }
        list.push_back(json::object{{"severity", severity_of(f)},
                                    {"rule", f.rule},
                                    {"subscriptions", std::move(ids)},
                                    {"message", f.sentence}});
    }
    const auto errors = errors_of(findings);
    return {{"file", file},
            {"fileKind", group.kind},
            {"subscriptions", group.subscriptions.size()},
            {"errors", errors},
            {"warnings", findings.size() - errors},
            {"findings", std::move(list)}};
}

int run_check(const check_options& options) {
    const auto text = read_file(options.file);
    const auto group =
        text ? edge::parse_group_file(*text) : result<edge::group_file>(text.error());
    if (!group) {
        std::cerr << "evergrass check: "
                  << failure_text(with_context(group.error(), options.file.string())) << "\n";
        return 2;
    }
    const auto findings = check_group(*group);
    const auto file = options.file.string();
    std::cout << (options.json ? json::serialize(check_json(file, *group, findings)) + "\n"
                               : check_text(file, *group, findings));
    return errors_of(findings) == 0 ? 0 : 1;
}

}  // namespace evergrass::cli
