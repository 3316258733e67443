#pragma once

#include "libs/base/result.hpp"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace evergrass {

// V1's levels (spec/core.md §15), lowest first.
enum class log_level { debug, info, warn, error, fatal };

// One "key": value of a log line. Text is quoted and escaped, numbers and booleans are not.
struct log_field {
    std::string_view key;
    std::variant<std::string, std::int64_t, double, bool> value;

    log_field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
    log_field(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
    log_field(std::string_view k, const char* v) : key(k), value(std::string(v)) {}
    log_field(std::string_view k, bool v) : key(k), value(v) {}
    log_field(std::string_view k, double v) : key(k), value(v) {}
    template <class T>
    requires std::is_integral_v<T> log_field(std::string_view k, T v)
        : key(k), value(static_cast<std::int64_t>(v)) {}
    log_field(std::string_view k, const evergrass::error& e) : key(k), value(e.message()) {}
};

// Writes lines in V1's format, so that what operators grep for goes on working:
//   [2020-02-20T01:05:20.372Z][INFO]-Deployment applied. {"deploymentId": "…", "tookMs": 12}
// Cheap to copy; copies share the destination. Every member may be called from any thread. A line
// break inside a message or a field is written as \n, so one call is always one line. A failed
// write is dropped: logging never stops the program.
class logger {
public:
    // Discards everything.
    logger();

    // To standard error, for programs in the foreground.
    static logger to_stderr(log_level least);

    // To `path`, made with mode 0600 below a directory made with 0700 if missing. At `max_bytes`
    // the file becomes `path`.1 (older ones .2 …, `keep_files` in all) and a new one starts.
    static result<logger> to_file(const std::string& path, log_level least, std::size_t max_bytes,
                                  std::size_t keep_files);

    // To both.
    static logger tee(const logger& a, const logger& b);

    void debug(std::string_view message, std::initializer_list<log_field> fields = {}) const {
        write(log_level::debug, message, fields);
    }
    void info(std::string_view message, std::initializer_list<log_field> fields = {}) const {
        write(log_level::info, message, fields);
    }
    void warn(std::string_view message, std::initializer_list<log_field> fields = {}) const {
        write(log_level::warn, message, fields);
    }
    void error(std::string_view message, std::initializer_list<log_field> fields = {}) const {
        write(log_level::error, message, fields);
    }
    void fatal(std::string_view message, std::initializer_list<log_field> fields = {}) const {
        write(log_level::fatal, message, fields);
    }
    void write(log_level level, std::string_view message,
               std::initializer_list<log_field> fields = {}) const;

    // True when a line of this level would be written: guards work done only for a log line.
    bool enabled(log_level level) const;

private:
    struct sink;
    explicit logger(std::shared_ptr<sink> s) : sink_(std::move(s)) {}
    std::shared_ptr<sink> sink_;
};

// "DEBUG" … "FATAL", any case; the error names the five.
result<log_level> parse_log_level(std::string_view text);
std::string_view to_string(log_level level);

}  // namespace evergrass
