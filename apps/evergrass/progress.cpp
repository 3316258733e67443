#include "apps/evergrass/progress.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace evergrass::cli {
namespace {

constexpr int step_width = 12;
constexpr int detail_width = 52;
constexpr int flow_width = 30;

double milliseconds(std::chrono::nanoseconds took) {
    return std::chrono::duration<double, std::milli>(took).count();
}

// For programs: whole numbers, since Boost.JSON writes a double as 8.3E2.
std::int64_t microseconds(std::chrono::nanoseconds took) {
    return std::chrono::duration_cast<std::chrono::microseconds>(took).count();
}

std::string for_people(std::chrono::nanoseconds took) {
    const double ms = milliseconds(took);
    return ms < 1000 ? fmt::format("{:.0f} ms", ms) : fmt::format("{:.2f} s", ms / 1000);
}

void write(std::FILE* to, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), to);
    std::fflush(to);
}

bool colours_wanted() {
    const char* no_color = std::getenv("NO_COLOR");  // https://no-color.org
    const char* term = std::getenv("TERM");
    return (no_color == nullptr || *no_color == '\0') && term != nullptr &&
           std::string_view(term) != "dumb";
}

}  // namespace

progress::progress(bool json)
    : json_(json),
      terminal_(!json && ::isatty(STDOUT_FILENO) == 1),
      colour_(terminal_ && colours_wanted()) {}

std::string progress::in(style s, std::string_view text) const {
    if (!colour_ || s == style::plain) {
        return std::string(text);
    }
    const int code = s == style::dim ? 2 : s == style::bold ? 1 : s == style::good ? 32 : 31;
    return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

void progress::line(const std::string& text) {
    write(stdout, text + "\n");
}

void progress::object(const json::object& o) {
    write(stdout, json::serialize(o) + "\n");
}

void progress::title(std::string_view text) {
    if (json_) {
        object({{"event", "start"}, {"version", EVERGRASS_VERSION}, {"text", text}});
        return;
    }
    line(in(style::bold, "Evergrass " EVERGRASS_VERSION) + "  " + std::string(text) + "\n");
}

void progress::begin(std::string_view step, std::string_view doing) {
    step_ = step;
    step_began_ = std::chrono::steady_clock::now();
    if (terminal_) {
        write(stdout, "  " + fmt::format("{:<{}}", step, step_width) +
                          in(style::dim, std::string(doing) + " ..."));
    }
}

void progress::done(std::string_view detail) {
    const auto took = std::chrono::steady_clock::now() - step_began_;
    if (json_) {
        object(
            {{"event", "step"}, {"step", step_}, {"detail", detail}, {"us", microseconds(took)}});
        return;
    }
    line((terminal_ ? "\r\x1b[K  " : "  ") + fmt::format("{:<{}}", step_, step_width) +
         fmt::format("{:<{}}", detail, detail_width) +
         in(style::dim, fmt::format("{:>9}", for_people(took))));
}

void progress::deployment_state(std::string_view state, std::chrono::nanoseconds since_last) {
    const bool first = std::exchange(first_state_, false);
    if (json_) {
        json::object o{{"event", "deployment"}, {"status", state}};
        if (!first) {
            o["previousUs"] = microseconds(since_last);
        }
        object(o);
        return;
    }
    const auto colour = state == "Success"   ? style::good
                        : state == "Failure" ? style::bad
                                             : style::plain;
    const auto text = first ? "  " + fmt::format("{:<{}}", "deployment", step_width)
                            : in(style::dim, fmt::format(" ({})", for_people(since_last))) + " -> ";
    write(stdout, text + in(colour, state));
}

void progress::deployment_ended() {
    if (!json_) {
        line("");
    }
    first_state_ = true;
}

void progress::note(std::string_view text) {
    if (json_) {
        object({{"event", "note"}, {"text", text}});
        return;
    }
    line((terminal_ ? "\r\x1b[K  " : "  ") + std::string(text));
}

void progress::ready(const std::string& endpoints_file, bool once) {
    if (json_) {
        object({{"event", "ready"}, {"endpoints", endpoints_file}});
        return;
    }
    line("\n  Everything is up. Addresses, keys and certificates: " +
         in(style::bold, endpoints_file));
    if (!once) {
        line(in(style::dim, "  Ctrl-C stops every process; the data stays."));
    }
}

void progress::flow_titles() {
    if (json_) {
        return;
    }
    std::string titles = fmt::format("\n  {:>6}", "#");
    for (const auto f : all_flows) {
        titles += fmt::format("{:>{}}", name_of(f), flow_width);
    }
    line(in(style::bold, titles));
}

void progress::flow_row(std::uint64_t sequence, const flow_book::row& row) {
    if (json_) {
        flow_object(sequence, row);
        return;
    }
    std::string text = fmt::format("  {:>6}", sequence);
    for (const auto& took : row.took) {
        const auto cell =
            took ? fmt::format("{:.2f} ms", milliseconds(*took)) : std::string("not seen");
        const auto padded = fmt::format("{:>{}}", cell, flow_width);
        text += took ? padded : in(style::bad, padded);
    }
    line(text);
}

void progress::flow_object(std::uint64_t sequence, const flow_book::row& row) {
    for (const auto f : all_flows) {
        json::object o{{"event", "message"}, {"flow", name_of(f)}, {"sequence", sequence}};
        const auto& took = row.took[static_cast<std::size_t>(f)];
        o["us"] = took ? json::value(microseconds(*took)) : json::value(nullptr);
        object(o);
    }
}

void progress::stopping() {
    if (json_) {
        object({{"event", "stopping"}});
    } else {
        line(in(style::dim, "\n  Stopping every process ..."));
    }
}

void progress::fail(std::string_view why) {
    if (json_) {
        object({{"event", "error"}, {"message", why}});
    } else if (terminal_) {
        write(stdout, "\n");  // leaves the line of the step that failed
    }
    const bool colour = ::isatty(STDERR_FILENO) == 1 && colours_wanted();
    write(stderr, fmt::format("{}evergrass:{} {}\n", colour ? "\x1b[31m" : "",
                              colour ? "\x1b[0m" : "", why));
}

}  // namespace evergrass::cli
