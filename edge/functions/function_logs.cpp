#include "edge/functions/function_logs.hpp"

#include "libs/base/arn.hpp"

#include <algorithm>

namespace evergrass::edge::functions {

namespace {

// The space is shared by the file that is written and one older one.
constexpr std::size_t files_of_a_log = 2;
constexpr std::size_t least_file_bytes = 4096;

// One step of a path made of an ARN's field, which may hold anything but a colon.
std::string path_step(std::string text) {
    std::replace(text.begin(), text.end(), '/', '_');
    return text.empty() || text == "." || text == ".." ? "_" : text;
}

}  // namespace

log_limits limits_of(const std::vector<contract::logger_setting>& loggers,
                     std::string_view component) {
    for (const auto& setting : loggers) {
        if (setting.component != component || setting.type != "FileSystem") {
            continue;
        }
        log_limits limits;
        if (const auto level = parse_log_level(setting.level)) {
            limits.level = *level;
        }
        if (setting.space_kb > 0) {
            limits.space_bytes = static_cast<std::size_t>(setting.space_kb) * 1024;
        }
        return limits;
    }
    return {};
}

function_logs::function_logs(std::filesystem::path ggc_root, logger own)
    : root_(std::move(ggc_root)), own_(std::move(own)) {}

bool function_logs::configure(const std::vector<contract::logger_setting>& loggers) {
    open_.clear();
    const auto before = functions_.level;
    functions_ = limits_of(loggers, "Lambda");
    system_ = limits_of(loggers, "GreengrassSystem");
    return functions_.level != before;
}

logger function_logs::of_function(const std::string& arn) {
    const auto parsed = parse_function_arn(arn);
    if (!parsed) {
        return {};
    }
    return open(root_ / "var" / "log" / "user" / path_step(parsed->region) /
                    path_step(parsed->account) / (parsed->name + ".log"),
                functions_);
}

const logger& function_logs::of_runtime() {
    const auto path = root_ / "var" / "log" / "system" / "python_runtime.log";
    open(path, system_);
    return open_.at(path.string());
}

logger function_logs::open(const std::filesystem::path& path, const log_limits& limits) {
    const auto found = open_.find(path.string());
    if (found != open_.end()) {
        return found->second;
    }
    const auto file_bytes = std::max(limits.space_bytes / files_of_a_log, least_file_bytes);
    auto log = logger::to_file(path.string(), limits.level, file_bytes, files_of_a_log);
    if (!log) {
        own_.error("A function's log cannot be written.", {{"reason", log.error()}});
        return open_.emplace(path.string(), logger()).first->second;
    }
    return open_.emplace(path.string(), std::move(*log)).first->second;
}

}  // namespace evergrass::edge::functions
