#include "apps/evergrass/handler_guess.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <regex>
#include <system_error>

namespace evergrass::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_source = 1024 * 1024;
constexpr std::size_t most_shown = 8;

struct language {
    std::string_view prefix;   // of its runtimes
    std::string_view suffix;   // of its files
    std::string_view runtime;  // V1's newest
    std::vector<std::string> (*handlers)(std::string_view source);
};

const std::array<language, 2>& languages() {
    static const std::array<language, 2> all = {
        language{"python", ".py", "python3.8", handlers_of_python},
        language{"nodejs", ".js", "nodejs12.x", handlers_of_nodejs}};
    return all;
}

// std::regex takes stack for each character, and time for each way to begin: it gets a definition's
// first bytes, and only where a line begins like one.
constexpr std::size_t longest_definition = 2048;

// A pattern is tried behind the blanks of each line that begins with one of `words`.
std::vector<std::string> names_in(std::string_view source, const std::regex& pattern,
                                  std::initializer_list<std::string_view> words, bool indented) {
    std::vector<std::string> names;
    for (std::size_t at = 0; at < source.size();) {
        auto line = source.substr(at);
        at += std::min(line.find('\n'), line.size() - 1) + 1;
        if (indented) {
            line.remove_prefix(std::min(line.find_first_not_of(" \t\r\v\f"), line.size()));
        }
        if (std::none_of(words.begin(), words.end(),
                         [&](std::string_view word) { return line.starts_with(word); })) {
            continue;
        }
        line = line.substr(0, longest_definition);
        std::cmatch match;
        if (!std::regex_search(line.data(), line.data() + line.size(), match, pattern,
                               std::regex_constants::match_continuous)) {
            continue;
        }
        const auto name = match.str(1);
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            names.push_back(name);
        }
    }
    return names;
}

bool is_no_code_of_a_function(const std::string& file) {
    return file == "setup.py" || file == "conftest.py" || file.starts_with("test_") ||
           file.ends_with("_test.py") || file.ends_with(".test.js") || file.ends_with(".spec.js") ||
           file.ends_with(".config.js") || file.starts_with(".");
}

}  // namespace

std::vector<std::string> handlers_of_python(std::string_view source) {
    static const std::regex pattern(
        R"((?:async )?def ([A-Za-z_]\w*)\(\s*\w*event\w*\s*(?::[^,)]*)?,\s*\w*(?:context|ctx)\w*)");
    return names_in(source, pattern, {"def ", "async def "}, false);
}

std::vector<std::string> handlers_of_nodejs(std::string_view source) {
    static const std::regex pattern(
        R"((?:module\.)?exports\.([A-Za-z_$][\w$]*)\s*=\s*(?:async\s*)?(?:function\b|\(|\w+\s*=>))");
    return names_in(source, pattern, {"exports.", "module.exports."}, true);
}

result<handler_guess> guess_handler(const fs::path& folder, std::string_view runtime) {
    std::vector<handler_guess> found;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(folder, code)) {
        const auto file = entry.path().filename().string();
        if (!entry.is_regular_file(code) || is_no_code_of_a_function(file)) {
            continue;
        }
        for (const auto& spoken : languages()) {
            if (!file.ends_with(spoken.suffix) ||
                (!runtime.empty() && !runtime.starts_with(spoken.prefix))) {
                continue;
            }
            const auto source = read_file(entry.path(), largest_source);
            const auto module = file.substr(0, file.size() - spoken.suffix.size());
            for (const auto& name : spoken.handlers(source ? *source : std::string())) {
                found.push_back({module + "." + name, std::string(spoken.runtime), file});
            }
        }
    }
    if (code) {
        return error{code, "cannot read " + folder.string()};
    }
    if (found.size() == 1) {
        if (!runtime.empty()) {
            found.front().runtime = runtime;
        }
        return found.front();
    }
    if (found.empty()) {
        return error{errc::not_found,
                     "no file of " + folder.string() +
                         " has a function that takes an event and a context: name it with "
                         "--handler FILE.FUNCTION"};
    }
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.handler < b.handler; });
    std::string list;
    for (std::size_t i = 0; i < std::min(found.size(), most_shown); ++i) {
        list += (i == 0 ? "" : ", ") + found[i].handler;
    }
    return error{errc::invalid_input, "there are several handlers, name one with --handler: " +
                                          list + (found.size() > most_shown ? ", …" : "")};
}

}  // namespace evergrass::cli
