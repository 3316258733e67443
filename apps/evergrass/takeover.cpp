#include "apps/evergrass/takeover.hpp"

#include "libs/base/errors.hpp"

#include <array>

namespace evergrass::cli {
namespace {

// In our folder alone: how `ggc/core` tells whose it is.
constexpr std::string_view mark = "evergrass.json";

constexpr std::array<std::pair<takeover_state, std::string_view>, 5> words{{
    {takeover_state::none, "none"},
    {takeover_state::prepared, "prepared"},
    {takeover_state::switched, "switched"},
    {takeover_state::done, "done"},
    {takeover_state::undoing, "undoing"},
}};

// For sh, whatever is in the path.
std::string quoted(const std::filesystem::path& path) {
    std::string out = "'";
    for (const char c : path.string()) {
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return out + "'";
}

std::string launcher(const takeover_places& places, bool insecure) {
    return "#!/bin/sh\n"
           "# Evergrass's core in the place of the old one; the way back: evergrass adopt --undo\n"
           "exec " +
           quoted(places.program) + " --root " + quoted(places.our_root()) +
           (insecure ? " --insecure" : "") + " \"$@\"\n";
}

}  // namespace

std::string_view to_string(takeover_state state) {
    for (const auto& [one, word] : words) {
        if (one == state) {
            return word;
        }
    }
    return "";
}

result<takeover_status> takeover::status() {
    takeover_status now;
    now.ours_in_place = disk_.exists(places_.core_name() / mark);
    if (!disk_.exists(places_.journal())) {
        return now;
    }
    const auto damaged = [&](const std::string& why) {
        return error{errc::corrupt, places_.journal().string() + " " + why + "; in place is " +
                                        (now.ours_in_place ? "Evergrass's" : "the old") +
                                        " core. Remove the file to go on from there"};
    };
    const auto text = disk_.read(places_.journal());
    if (!text) {
        return text.error();
    }
    const auto parsed = parse_json(*text);
    if (!parsed || !parsed->is_object()) {
        return damaged("is damaged");
    }
    const auto word = string_member(parsed->get_object(), "state").value_or("");
    for (const auto& [state, name] : words) {
        if (name == word) {
            now.state = state;
            return now;
        }
    }
    return damaged("has the unknown state '" + word + "'");
}

result<void> takeover::note(takeover_state state) {
    const json::object journal{{"format", 1},
                               {"state", to_string(state)},
                               {"root", places_.root.string()},
                               {"program", places_.program.string()}};
    return disk_.write(places_.journal(), to_pretty_json(journal), 0600);
}

result<void> takeover::prepare(const takeover_files& files, bool insecure) {
    for (const auto& folder :
         {places_.work, places_.our_core(), places_.our_root(), places_.our_root() / "config"}) {
        if (auto made = disk_.make_folder(folder); !made) {
            return made;
        }
    }
    const json::object ours{{"root", places_.our_root().string()}};
    struct file {
        std::filesystem::path path;
        std::string content;
        mode_t mode;
    };
    const std::vector<file> all{
        {places_.our_root() / "config/service.ca.pem", files.ca_pem, 0644},
        {places_.our_root() / "config/config.json", files.config, 0644},
        {places_.our_core() / "greengrassd", launcher(places_, insecure), 0755},
        {places_.our_core() / mark, to_pretty_json(ours), 0644},
    };
    for (const auto& each : all) {
        if (auto written = disk_.write(each.path, each.content, each.mode); !written) {
            return written;
        }
    }
    return note(takeover_state::prepared);
}

result<void> takeover::switch_over() {
    const auto now = status();
    if (!now) {
        return now.error();
    }
    if (!now->ours_in_place) {
        if (auto swapped = disk_.exchange(places_.core_name(), places_.our_core()); !swapped) {
            return swapped;
        }
    }
    return note(takeover_state::switched);
}

result<void> takeover::finish() {
    return note(takeover_state::done);
}

result<void> takeover::go_back() {
    // Not by the journal: should that be damaged, the way back is open all the same.
    const bool ours = disk_.exists(places_.core_name() / mark);
    if (ours) {
        if (auto noted = note(takeover_state::undoing); !noted) {
            return noted;
        }
        if (auto swapped = disk_.exchange(places_.core_name(), places_.our_core()); !swapped) {
            return swapped;
        }
    }
    return disk_.exists(places_.work) ? note(takeover_state::none) : result<void>();
}

namespace {

void set(json::object& in, const std::string& where, std::string_view member, json::value wanted,
         std::vector<std::string>& changes) {
    const auto* before = in.if_contains(member);
    if (before != nullptr && *before == wanted) {
        return;
    }
    changes.push_back(where + "." + std::string(member) + ": " +
                      (before != nullptr ? json::serialize(*before) : "not set") + " -> " +
                      json::serialize(wanted));
    in[member] = std::move(wanted);
}

}  // namespace

result<new_config> make_config(std::string_view old_text, const std::filesystem::path& certs,
                               const service_place_of_core& service,
                               const std::filesystem::path& ca_file) {
    if (old_text.starts_with("\xef\xbb\xbf")) {
        old_text.remove_prefix(3);
    }
    auto parsed = parse_json(old_text);
    if (!parsed || !parsed->is_object()) {
        return error{errc::invalid_input, "the old config.json is no JSON object"};
    }
    auto& top = parsed->get_object();
    auto* core = top.contains("coreThing") ? top["coreThing"].if_object() : nullptr;
    if (core == nullptr) {
        return error{errc::invalid_input, "the old config.json has no coreThing"};
    }
    new_config made;
    set(*core, "coreThing", "iotHost", service.mqtt_host.c_str(), made.changes);
    set(*core, "coreThing", "ggHost", service.https_host.c_str(), made.changes);
    // A port is written only where it isn't the one that counts already.
    for (const auto& [member, port, usual] : {std::tuple{"iotMqttPort", service.mqtt_port, 8883},
                                              std::tuple{"iotHttpPort", service.https_port, 8443},
                                              std::tuple{"ggHttpPort", service.https_port, 8443}}) {
        if (core->contains(member) || port != usual) {
            set(*core, "coreThing", member, static_cast<std::int64_t>(port), made.changes);
        }
    }
    if (auto* crypto = top.contains("crypto") ? top["crypto"].if_object() : nullptr) {
        set(*crypto, "crypto", "caPath", ("file://" + ca_file.string()).c_str(), made.changes);
    } else {
        set(*core, "coreThing", "caPath", ca_file.string().c_str(), made.changes);
        for (const auto* member : {"certPath", "keyPath"}) {
            const auto path = string_member(*core, member).value_or("");
            if (!path.empty() && path.front() != '/') {
                set(*core, "coreThing", member, (certs / path).string().c_str(), made.changes);
            }
        }
    }
    // Ours writes below its own root: what the old core wrote stays as it is for the way back.
    if (top.contains("writeDirectory")) {
        made.changes.push_back("writeDirectory: " + json::serialize(top["writeDirectory"]) +
                               " -> not set");
        top.erase("writeDirectory");
    }
    made.text = to_pretty_json(*parsed);
    return made;
}

}  // namespace evergrass::cli
