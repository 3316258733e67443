#include "edge/logs/log_line.hpp"
#include "edge/logs/log_shipper.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/file.hpp"
#include "libs/base/json.hpp"
#include "libs/base/time.hpp"

#include <algorithm>

namespace evergrass::edge {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_batch = 256 * 1024;

std::optional<log_level> shipped_level(const contract::manifest& m, std::string_view component) {
    for (const auto& logger : m.loggers) {
        if (logger.type == "AWSCloudWatch" && logger.component == component) {
            const auto level = parse_log_level(logger.level);
            return level ? *level : log_level::info;
        }
    }
    return std::nullopt;
}

// "x.log", and not "x.1.log", which was rotated.
bool is_log(const fs::path& file) {
    if (file.extension() != ".log") {
        return false;
    }
    const auto number = file.stem().extension().string();
    return number.size() < 2 || number.find_first_not_of("0123456789", 1) != std::string::npos;
}

// "system/runtime.log" to "/aws/greengrass/GreengrassSystem/runtime",
// "user/us-east-1/123456789012/f.log" to "/aws/greengrass/Lambda/us-east-1/123456789012/f"
// (spec/core.md §15).
std::string group_of(const fs::path& relative) {
    const bool of_system = *relative.begin() == "system";
    std::string name = of_system ? "/aws/greengrass/GreengrassSystem" : "/aws/greengrass/Lambda";
    for (auto step = std::next(relative.begin()); step != relative.end(); ++step) {
        name += "/" + (std::next(step) == relative.end() ? step->stem() : *step).string();
    }
    return name;
}

std::string stream_of(const shipping& what, std::int64_t at_ms) {
    const auto day = format_iso8601(wall_time(std::chrono::milliseconds(at_ms)));
    return day.substr(0, 4) + "/" + day.substr(5, 2) + "/" + day.substr(8, 2) + "/" + what.account +
           "/" + what.group_id + "/" + what.core;
}

// The events of one log, by the stream of their day.
std::map<std::string, json::array> events_of(const log_piece& piece, const shipping& what,
                                             log_level least, std::int64_t now_ms) {
    std::map<std::string, json::array> by_stream;
    line_head head{now_ms, log_level::fatal};
    const auto add = [&](std::string_view text) {
        by_stream[stream_of(what, head.at_ms)].push_back(
            json::object{{"timestamp", head.at_ms}, {"message", text}});
    };
    if (piece.lost) {
        add("[" + format_iso8601(wall_time(std::chrono::milliseconds(now_ms))) +
            "][WARN]-Lines before this were rotated away before they could be sent.");
    }
    for (const auto& line : piece.lines) {
        if (const auto own = read_line_head(line)) {
            head = *own;
        }
        if (head.level >= least) {
            // What a function prints may be any bytes.
            add(is_utf8(line) ? line : "(not UTF-8) " + base64_encode(line));
        }
    }
    return by_stream;
}

}  // namespace

shipping shipping_of(const contract::manifest& m) {
    return {shipped_level(m, "GreengrassSystem"), shipped_level(m, "Lambda"), m.account, m.group_id,
            m.core.thing_name()};
}

log_collector::log_collector(fs::path ggc)
    : directory_(ggc / "var/log"), state_(ggc / "var/state/log-shipping.json") {
    load();
}

// A damaged file counts as none: begin() starts anew at the ends.
void log_collector::load() {
    const auto text = read_file(state_, 1024 * 1024);
    const auto document = text ? parse_json(*text) : result<json::value>(text.error());
    const auto* object = document ? document->if_object() : nullptr;
    const auto* files = object != nullptr ? object_member(*object, "files") : nullptr;
    for (const auto& entry : files != nullptr ? *files : json::object()) {
        const auto* place = entry.value().if_object();
        const auto inode = place != nullptr ? int_member(*place, "inode") : std::nullopt;
        const auto offset = place != nullptr ? int_member(*place, "offset") : std::nullopt;
        if (inode && offset && *inode >= 0 && *offset >= 0) {
            places_[std::string(entry.key())] = {static_cast<std::uint64_t>(*inode),
                                                 static_cast<std::uint64_t>(*offset)};
        }
    }
}

void log_collector::begin(const shipping& what) {
    const std::lock_guard guard(mutex_);
    for (const auto& relative : logs(what)) {
        places_.try_emplace(relative.string(), end_of_log(directory_ / relative));
    }
}

std::vector<fs::path> log_collector::logs(const shipping& what) const {
    std::vector<fs::path> found;
    for (const auto& [folder, level] :
         {std::pair("system", what.system), std::pair("user", what.functions)}) {
        std::error_code failed;
        fs::recursive_directory_iterator at(directory_ / folder, failed);
        for (const fs::recursive_directory_iterator end; level && !failed && at != end;
             at.increment(failed)) {
            if (at->is_regular_file(failed) && is_log(at->path())) {
                found.push_back(at->path().lexically_relative(directory_));
            }
        }
    }
    std::ranges::sort(found);
    return found;
}

log_collector::batch log_collector::collect(const shipping& what, std::int64_t now_ms) {
    const std::lock_guard guard(mutex_);
    batch made;
    made.places = places_;
    json::array logs_told;
    std::size_t left = most_batch;
    for (const auto& relative : logs(what)) {
        const auto name = relative.string();
        if (left == 0) {
            made.more = true;
            break;
        }
        const auto piece = read_log(directory_ / relative, made.places[name], left);
        const auto size = [&] {
            std::size_t sum = 0;
            for (const auto& line : piece.lines) {
                sum += line.size() + 1;
            }
            return sum;
        }();
        made.more = made.more || size + 1024 >= left;
        left -= std::min(left, size);
        made.places[name] = piece.next;
        const auto least = *relative.begin() == "system" ? *what.system : *what.functions;
        for (auto& [stream, events] : events_of(piece, what, least, now_ms)) {
            logs_told.push_back(json::object{
                {"group", group_of(relative)}, {"stream", stream}, {"events", std::move(events)}});
        }
    }
    if (!logs_told.empty()) {
        made.body = json::serialize(json::object{{"logs", std::move(logs_told)}});
    }
    return made;
}

result<void> log_collector::commit(const batch& taken) {
    const std::lock_guard guard(mutex_);
    if (taken.body.empty() && taken.places == places_) {
        return {};
    }
    json::object files;
    for (const auto& [name, place] : taken.places) {
        files[name] = json::object{{"inode", place.inode}, {"offset", place.offset}};
    }
    auto written = write_file_atomically(
        state_, json::serialize(json::object{{"version", 1}, {"files", std::move(files)}}), 0600);
    if (written) {
        for (const auto& [name, place] : taken.places) {
            places_[name] = place;
        }
    }
    return written;
}

}  // namespace evergrass::edge
