#include "libs/base/log.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/time.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <sys/stat.h>
#include <vector>

namespace evergrass {

struct logger::sink {
    std::vector<std::shared_ptr<spdlog::logger>> outputs;
    log_level least = log_level::info;
};

namespace {

std::shared_ptr<spdlog::logger> make_output(spdlog::sink_ptr destination) {
    auto output = std::make_shared<spdlog::logger>("", std::move(destination));
    // The line is complete when it gets here; spdlog only writes and rotates it.
    output->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
    output->set_level(spdlog::level::trace);
    output->set_error_handler([](const std::string&) {});
    output->flush_on(spdlog::level::trace);
    return output;
}

void append_escaped(std::string& out, std::string_view text, bool quoted) {
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (static_cast<unsigned char>(c) < 0x20) {
            std::array<char, 8> hex{};
            std::snprintf(hex.data(), hex.size(), "\\u%04x", static_cast<unsigned>(c));
            out += hex.data();
        } else {
            if (quoted && (c == '"' || c == '\\')) {
                out += '\\';
            }
            out += c;
        }
    }
}

void append_value(std::string& out, const log_field& field) {
    if (const auto* text = std::get_if<std::string>(&field.value)) {
        out += '"';
        append_escaped(out, *text, true);
        out += '"';
    } else if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
        out += std::to_string(*number);
    } else if (const auto* real = std::get_if<double>(&field.value)) {
        std::array<char, 32> text_of{};
        std::snprintf(text_of.data(), text_of.size(), "%.6g", *real);
        out += text_of.data();
    } else {
        out += std::get<bool>(field.value) ? "true" : "false";
    }
}

}  // namespace

logger::logger() : sink_(std::make_shared<sink>()) {}

logger logger::to_stderr(log_level least) {
    auto s = std::make_shared<sink>();
    s->least = least;
    s->outputs.push_back(make_output(std::make_shared<spdlog::sinks::stderr_sink_mt>()));
    return logger(std::move(s));
}

result<logger> logger::to_file(const std::string& path, log_level least, std::size_t max_bytes,
                               std::size_t keep_files) {
    const auto parent = std::filesystem::path(path).parent_path();
    if (auto made = make_directories(parent, 0700); !made) {
        return made.error();
    }
    auto s = std::make_shared<sink>();
    s->least = least;
    spdlog::file_event_handlers private_files;
    // Each file that a rotation begins, too.
    private_files.after_open = [](const spdlog::filename_t&, std::FILE* file) {
        ::fchmod(::fileno(file), 0600);
    };
    try {
        s->outputs.push_back(make_output(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
            path, max_bytes, keep_files > 1 ? keep_files - 1 : 1, false, private_files)));
    } catch (const spdlog::spdlog_ex& e) {
        return evergrass::error{errc::unavailable,
                                "cannot open the log file " + path + " (" + e.what() + ")"};
    }
    return logger(std::move(s));
}

logger logger::tee(const logger& a, const logger& b) {
    auto s = std::make_shared<sink>();
    s->least = std::min(a.sink_->least, b.sink_->least);
    s->outputs = a.sink_->outputs;
    s->outputs.insert(s->outputs.end(), b.sink_->outputs.begin(), b.sink_->outputs.end());
    return logger(std::move(s));
}

bool logger::enabled(log_level level) const {
    return !sink_->outputs.empty() && level >= sink_->least;
}

void logger::write(log_level level, std::string_view message,
                   std::initializer_list<log_field> fields) const {
    if (!enabled(level)) {
        return;
    }
    std::string line = "[" + format_iso8601(std::chrono::system_clock::now()) + "][";
    line += to_string(level);
    line += "]-";
    append_escaped(line, message, false);
    if (fields.size() != 0) {
        const char* separator = " {";
        for (const auto& field : fields) {
            line += separator;
            line += '"';
            append_escaped(line, field.key, true);
            line += "\": ";
            append_value(line, field);
            separator = ", ";
        }
        line += '}';
    }
    for (const auto& output : sink_->outputs) {
        output->log(spdlog::level::info, line);
    }
}

std::string_view to_string(log_level level) {
    constexpr std::array<std::string_view, 5> names = {"DEBUG", "INFO", "WARN", "ERROR", "FATAL"};
    return names[static_cast<std::size_t>(level)];
}

result<log_level> parse_log_level(std::string_view text) {
    std::string upper(text);
    for (auto& c : upper) {
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    for (const auto level :
         {log_level::debug, log_level::info, log_level::warn, log_level::error, log_level::fatal}) {
        if (upper == to_string(level)) {
            return level;
        }
    }
    return evergrass::error{
        errc::invalid_input,
        "log level '" + std::string(text) + "' is not one of DEBUG, INFO, WARN, ERROR, FATAL"};
}

}  // namespace evergrass
