#pragma once

#include "contract/manifest.hpp"
#include "libs/base/log.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge::functions {

struct log_limits {
    log_level level = log_level::info;
    std::size_t space_bytes = 128 * 1024;  // of all files of one log

    bool operator==(const log_limits&) const = default;
};

// The group's FileSystem logger of that component ("Lambda", "GreengrassSystem"), or V1's default:
// INFO, 128 KB (spec/core.md §15).
log_limits limits_of(const std::vector<contract::logger_setting>& loggers,
                     std::string_view component);

// The logs of functions: <ggc>/var/log/user/<region>/<account>/<name>.log, one for all versions of
// a function, and <ggc>/var/log/system/python_runtime.log.
class function_logs {
public:
    // `own` gets the reason when a log file cannot be opened; the function runs without it then.
    function_logs(std::filesystem::path ggc_root, logger own);

    // Closes the logs. True when the level of the functions' logs changed, which workers are told
    // at their start.
    bool configure(const std::vector<contract::logger_setting>& loggers);

    logger of_function(const std::string& arn);
    const logger& of_runtime();
    log_level level() const { return functions_.level; }

private:
    logger open(const std::filesystem::path& path, const log_limits& limits);

    std::filesystem::path root_;
    logger own_;
    log_limits functions_;
    log_limits system_;
    std::map<std::string, logger> open_;  // by path: two writers would rotate over each other
};

}  // namespace evergrass::edge::functions
