#include "apps/evergrass/adopt_takeover.hpp"

#include "apps/evergrass/admin_client.hpp"
#include "apps/evergrass/carried.hpp"
#include "apps/evergrass/carry_over.hpp"
#include "apps/evergrass/child_process.hpp"
#include "apps/evergrass/failure.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <ctime>
#include <fcntl.h>
#include <iostream>
#include <optional>
#include <sys/file.h>
#include <unistd.h>

namespace evergrass::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::size_t largest_config = 1024 * 1024;
constexpr auto check_pause = 100ms;

class teller {
public:
    explicit teller(bool json) : json_(json) {}
    void step(const std::string& name, const std::string& text) const {
        if (json_) {
            std::cout << json::serialize(json::object{{"step", name}, {"text", text}}) << std::endl;
        } else {
            std::cout << text << std::endl;
        }
    }
    // Subscriptions that have carried nothing.
    void quiet(const std::string& text, const carried_by_subscription& seen) const {
        if (!json_) {
            step("check", text);
            return;
        }
        json::array listed;
        for (const auto& one : seen.quiet) {
            listed.emplace_back(one.id);
        }
        std::cout << json::serialize(json::object{
                         {"step", "check"}, {"text", text}, {"quiet", std::move(listed)}})
                  << std::endl;
    }

private:
    bool json_;
};

result<takeover_places> places_of(const adopt_options& options) {
    takeover_places places;
    places.root = fs::absolute(options.places.root).lexically_normal();
    if (places.root.filename().empty()) {
        places.root = places.root.parent_path();
    }
    places.work = options.work.empty() ? fs::path(places.root.string() + ".evergrass")
                                       : fs::absolute(options.work).lexically_normal();
    const auto relative = places.work.lexically_relative(places.root);
    if (!relative.empty() && *relative.begin() != "..") {
        return error{errc::invalid_input, "--work " + places.work.string() +
                                              " is below the root, which is to stay as it is"};
    }
    places.program = options.program;
    if (places.program.empty()) {
        auto folder = own_folder();
        if (!folder) {
            return folder.error();
        }
        places.program = *folder / "greengrassd";
    }
    return places;
}

// What starts cores at boot runs `<root>/ggc/core/greengrassd start`; so do we.
result<std::string> core_command(const takeover_places& places, const std::string& verb) {
    return run_command({(places.core_name() / "greengrassd").string(), verb});
}

result<void> check_startable(const takeover_places& places) {
    std::error_code failed;
    if (!fs::exists(places.core_name() / "greengrassd", failed)) {
        return error{errc::not_found,
                     (places.core_name() / "greengrassd").string() +
                         " is not there: in a snap or a container the program is not in the root. "
                         "The core is at the service all the same; stop the old one, and start "
                         "greengrassd over a folder with the new config.json (docs/rescue.md)"};
    }
    return {};
}

// The conditions under which our core may stay. Each is asked until it holds or the time is over.
class checks {
public:
    checks(const adopt_options& options, const takeover_places& places, const v1::import_plan& plan,
           adopting_service& service, std::string deployment, const teller& tell)
        : options_(options),
          places_(places),
          plan_(plan),
          service_(service),
          deployment_(std::move(deployment)),
          tell_(tell) {}

    result<void> run() {
        const auto began = std::chrono::steady_clock::now();
        const auto limit = began + std::chrono::seconds(options_.wait_seconds);
        if (auto deployed = wait_for_deployment(limit); !deployed) {
            return deployed;
        }
        if (auto up = wait_for("the core answers and its functions run", limit,
                               [this] { return core_fault(); });
            !up) {
            return up;
        }
        using std::chrono::seconds;
        result<void> held;
        if (options_.devices_within_seconds > 0) {
            held = wait_for(
                "all devices are back",
                std::chrono::steady_clock::now() + seconds(options_.devices_within_seconds),
                [this] { return devices_fault(); });
        }
        if (held && options_.messages_within_seconds > 0) {
            held = wait_for_messages(std::chrono::steady_clock::now() +
                                     seconds(options_.messages_within_seconds));
        }
        return held;
    }

private:
    using time = std::chrono::steady_clock::time_point;

    static void pause() {
        const timespec some{0, std::chrono::nanoseconds(check_pause).count()};
        ::nanosleep(&some, nullptr);
    }

    template <class Fault>
    result<void> wait_for(const std::string& what, time limit, Fault fault) {
        for (;;) {
            const auto wrong = fault();
            if (!wrong) {
                tell_.step("check", "  ok: " + what);
                return {};
            }
            if (std::chrono::steady_clock::now() > limit) {
                return error{errc::timed_out, "not so: " + what + ": " + *wrong};
            }
            pause();
        }
    }

    result<void> wait_for_deployment(time limit) {
        for (;;) {
            const auto now = service_.deployment(plan_.group_id, deployment_);
            if (now && now->status == "Success") {
                tell_.step("check", "  ok: deployment " + deployment_ + " is applied");
                return {};
            }
            if (now && now->status == "Failure") {
                return error{errc::invalid_input, "the deployment failed: " + now->error};
            }
            if (std::chrono::steady_clock::now() > limit) {
                return error{errc::timed_out,
                             "deployment " + deployment_ + " is " +
                                 (now ? now->status : failure_text(now.error())) + " after " +
                                 std::to_string(options_.wait_seconds) + " s (--wait)"};
            }
            pause();
        }
    }

    result<json::object> ask() { return ask_core(socket_of_root(places_.our_root()), "/status"); }

    std::optional<std::string> core_fault() {
        const auto status = ask();
        if (!status) {
            return failure_text(status.error());
        }
        if (string_member(*status, "deploymentId") != deployment_) {
            return "it runs another deployment";
        }
        if (const auto* functions = array_member(*status, "functions")) {
            for (const auto& each : *functions) {
                const auto state = string_member(each.get_object(), "state").value_or("");
                if (state == "Failed" || state == "Error") {
                    return string_member(each.get_object(), "arn").value_or("") + " is " + state;
                }
            }
        }
        return std::nullopt;
    }

    std::optional<std::string> devices_fault() {
        const auto status = ask();
        if (!status) {
            return failure_text(status.error());
        }
        std::string missing;
        if (const auto* devices = array_member(*status, "devices")) {
            for (const auto& each : *devices) {
                if (!bool_member(each.get_object(), "connected").value_or(false)) {
                    missing += " " + string_member(each.get_object(), "thing").value_or("");
                }
            }
        }
        return missing.empty() ? std::nullopt : std::optional("not connected:" + missing);
    }

    // All are waited for; what counts as a failure when the time is over is the owner's choice.
    result<void> wait_for_messages(time limit) {
        const wanted_messages wanted{options_.messages_on == "all", options_.may_be_quiet};
        for (;;) {
            const auto answer = ask_core(socket_of_root(places_.our_root()), "/subscriptions");
            const auto seen = answer ? read_carried(*answer) : carried_by_subscription();
            if (answer && seen.quiet.empty()) {
                tell_.step("check", "  ok: all " + std::to_string(seen.all) +
                                        " subscriptions have carried messages");
                return {};
            }
            if (std::chrono::steady_clock::now() <= limit) {
                pause();
            } else if (!answer) {
                return answer.error();
            } else if (const auto quiet = quiet_text(seen, wanted); is_enough(seen, wanted)) {
                tell_.quiet("  ok, but " + quiet, seen);
                return {};
            } else {
                tell_.quiet("  not so: " + quiet, seen);
                return error{errc::timed_out, "not so: messages are seen within " +
                                                  std::to_string(options_.messages_within_seconds) +
                                                  " s (--messages-on " + options_.messages_on +
                                                  ")"};
            }
        }
    }

    const adopt_options& options_;
    const takeover_places& places_;
    const v1::import_plan& plan_;
    adopting_service& service_;
    std::string deployment_;
    const teller& tell_;
};

int fail(const error& why, int status) {
    std::cerr << "evergrass adopt: " << failure_text(why) << "\n";
    return status;
}

// Our core holds this lock for as long as it lives (apps/greengrassd), however it was started.
bool our_core_runs(const takeover_places& places) {
    const auto lock = places.our_root() / "ggc/var/state/core.lock";
    const int fd = ::open(lock.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    const bool held = ::flock(fd, LOCK_EX | LOCK_NB) != 0;
    ::close(fd);
    return held;
}

// Whichever core is in place ends, ours goes out of it, the old one starts.
result<void> put_old_core_back(takeover& over, const takeover_places& places, const teller& tell) {
    const auto now = over.status();
    const bool ours = now ? now->ours_in_place : true;
    if (ours) {
        tell.step("stop", "Stopping Evergrass's core.");
        // A program that cannot even stop must not bar the way back: what counts is that it is
        // gone.
        const auto stopped = core_command(places, "stop");
        if (our_core_runs(places)) {
            return with_context(
                stopped ? error{errc::conflict, "it is still running"} : stopped.error(),
                "Evergrass's core does not stop; end it, and --undo again");
        }
    }
    if (auto back = over.go_back(); !back) {
        return back;
    }
    tell.step("back", "The old core is in its place: " + places.core_name().string());
    if (auto started = core_command(places, "start"); !started) {
        if (!ours) {  // it was never taken out, and may run
            tell.step("start", "It was not started: " + failure_text(started.error()));
            return {};
        }
        return with_context(started.error(),
                            "the old core is in its place and does not start; start it by hand: " +
                                (places.core_name() / "greengrassd").string() + " start");
    }
    tell.step("start", "The old core runs again.");
    return {};
}

result<takeover_files> new_files(const v1::old_core& core, adopting_service& service,
                                 const takeover_places& places, const teller& tell) {
    const auto old_text = read_file(core.config_path, largest_config);
    if (!old_text) {
        return old_text.error();
    }
    const auto at = service.place();
    if (!at) {
        return at.error();
    }
    auto config = make_config(*old_text, fs::absolute(core.certs), *at,
                              places.our_root() / "config/service.ca.pem");
    if (!config) {
        return config.error();
    }
    for (const auto& change : config->changes) {
        tell.step("config", "  " + change);
    }
    return takeover_files{std::move(config->text), service.ca_pem()};
}

// Shadows are read once more, now that nobody changes them. What cannot be carried is told and
// keeps nothing from going on: the old tree has it still.
void carry(const adopt_options& options, const v1::old_core& core, const takeover_places& places,
           const teller& tell) {
    const auto again = v1::read_old_core(options.places);
    const auto& shadows = again ? again->shadows : core.shadows;
    const auto written =
        carry_shadows(shadows, places.our_root(), std::chrono::system_clock::now());
    if (!written) {
        tell.step("shadows",
                  "Local shadows are not carried over: " + failure_text(written.error()));
    } else if (!shadows.empty()) {
        tell.step("shadows", "Local shadows: " + std::to_string(shadows.size()) + ", changed " +
                                 std::to_string(*written));
    }
    if (core.streams.empty()) {
        return;
    }
    const auto streams = carry_streams(core.stream_store, places.our_root());
    if (!streams) {
        tell.step("streams", "Streams are not copied and stay where they are: " +
                                 failure_text(streams.error()));
        return;
    }
    tell.step("streams", "Streams: " + std::to_string(core.streams.size()) + ", " +
                             std::to_string(streams->bytes) + " bytes copied unread to " +
                             (places.our_root() / "ggc/var/state/stream_manager").string() +
                             (streams->left_out > 0
                                  ? "; left out, no files: " + std::to_string(streams->left_out)
                                  : ""));
}

}  // namespace

int switch_core(const adopt_options& options, const v1::old_core& core, const v1::import_plan& plan,
                adopting_service& service) {
    const teller tell(options.json);
    const auto places = places_of(options);
    if (!places) {
        return fail(places.error(), 2);
    }
    if (auto startable = check_startable(*places); !startable) {
        return fail(startable.error(), 2);
    }
    linux_disk disk;
    takeover over(disk, *places);
    const auto before = over.status();
    if (!before) {
        return fail(before.error(), 2);
    }
    if (!before->ours_in_place) {
        tell.step("prepare",
                  "config.json for Evergrass's core, in " + places->our_root().string() + ":");
        const auto files = new_files(core, service, *places, tell);
        if (!files) {
            return fail(files.error(), 2);
        }
        if (auto prepared = over.prepare(*files, options.insecure); !prepared) {
            return fail(prepared.error(), 2);
        }
    }
    const auto deployment = service.deploy(plan.group_id);
    if (!deployment) {
        return fail(with_context(deployment.error(), "the group cannot be deployed"), 2);
    }
    tell.step("deploy", "Deployment " + *deployment + " waits for the core.");
    if (!before->ours_in_place) {
        tell.step("stop", "Stopping the old core.");
        if (auto stopped = core_command(*places, "stop"); !stopped) {
            return fail(with_context(stopped.error(), "the old core does not stop; it goes on"), 2);
        }
    }
    if (!before->ours_in_place) {
        carry(options, core, *places, tell);
    }
    auto outcome = over.switch_over();
    if (outcome) {
        tell.step("switch", "Evergrass's core is in place: " + places->core_name().string());
        auto started = core_command(*places, before->ours_in_place ? "restart" : "start");
        outcome = started ? checks(options, *places, plan, service, *deployment, tell).run()
                          : result<void>(started.error());
    }
    if (outcome) {
        outcome = over.finish();
    }
    if (outcome) {
        tell.step("done", "Done. The way back, at any time: evergrass adopt --root " +
                              places->root.string() + " --undo");
        return 0;
    }
    std::cerr << "evergrass adopt: " << failure_text(outcome.error()) << "\n";
    tell.step("undo", "Going back to the old core.");
    if (auto back = put_old_core_back(over, *places, tell); !back) {
        return fail(back.error(), 1);
    }
    return 1;
}

int undo_switch(const adopt_options& options) {
    const teller tell(options.json);
    const auto places = places_of(options);
    if (!places) {
        return fail(places.error(), 2);
    }
    linux_disk disk;
    takeover over(disk, *places);
    const auto now = over.status();
    if (now && !now->ours_in_place && now->state == takeover_state::none) {
        tell.step("none", "The old core is in its place; there is nothing to undo.");
        return 0;
    }
    if (auto back = put_old_core_back(over, *places, tell); !back) {
        return fail(back.error(), 1);
    }
    tell.step("kept", "What Evergrass's core wrote is in " + places->work.string() +
                          "; nothing below " + places->root.string() + " is changed.");
    return 0;
}

}  // namespace evergrass::cli
