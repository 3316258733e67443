#pragma once

#include "apps/evergrass/flow_book.hpp"
#include "libs/base/json.hpp"
#include "libs/base/time.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace evergrass::cli {

// What `up` tells the user, on standard output: lines for people, or with `json` one object a line
// (docs/cli.md lists them). Colours only on a terminal and not with NO_COLOR. Errors go to standard
// error in both forms.
class progress {
public:
    explicit progress(bool json);

    void title(std::string_view text);

    // A step that takes time. begin() shows it where it can be written over, done() for good, with
    // how long it took. One step at a time.
    void begin(std::string_view step, std::string_view doing);
    void done(std::string_view detail);

    // A state of the deployment and how long the state before it lasted.
    void deployment_state(std::string_view state, std::chrono::nanoseconds since_last);
    // After the last one: ends the line.
    void deployment_ended();

    void note(std::string_view text);
    void ready(const std::string& endpoints_file, bool once);
    void flow_titles();
    void flow_row(std::uint64_t sequence, const flow_book::row& row);
    void stopping();
    void fail(std::string_view why);

private:
    enum class style { plain, dim, bold, good, bad };
    std::string in(style s, std::string_view text) const;
    void line(const std::string& text);
    void object(const json::object& o);
    void flow_object(std::uint64_t sequence, const flow_book::row& row);

    bool json_;
    bool terminal_;
    bool colour_;
    std::string step_;
    mono_time step_began_;
    bool first_state_ = true;
};

}  // namespace evergrass::cli
