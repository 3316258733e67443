#include "apps/doctor/checks.hpp"
#include "apps/doctor/core_facts.hpp"
#include "apps/doctor/days_left.hpp"

#include <algorithm>

namespace evergrass::doctor {
namespace {

judgement no_config() {
    return skipped("config.json could not be read");
}

std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const auto& text : texts) {
        all += (all.empty() ? "" : ", ") + text;
    }
    return all;
}

judgement config(const core_facts& core) {
    if (!core.config) {
        return failed(core.config_error,
                      "correct " + core.config_file.string() +
                          " (docs/configuration.md), or name the core's folder with --root");
    }
    const auto& ignored = core.config->without_effect;
    // What AWS's console wrote and needs nothing of us is no reason to worry anybody.
    std::vector<std::string> misspelt;
    for (const auto& member : ignored) {
        if (member.find("did you mean") != std::string::npos) {
            misspelt.push_back(member);
        }
    }
    if (!misspelt.empty()) {
        return warning("members that nobody knows: " + joined(misspelt), "correct their names");
    }
    return ok(core.config_file.string() + ", thing " + core.config->thing_name);
}

judgement config_mode(const core_facts& core) {
    if (!core.config_has_secrets || !core.others_may_read_config) {
        return core.config || core.config_has_secrets ? ok("no secret that others may read")
                                                      : no_config();
    }
    return warning("others may read a secret in it (a token's PIN, or a proxy's password)",
                   "run 'chmod 600 " + core.config_file.string() + "'");
}

// A socket's address has 107 bytes for its path (unix(7)).
judgement path_length(const core_facts& core) {
    constexpr std::size_t longest = 107;
    if (!core.config) {
        return no_config();
    }
    return core.socket_path_length <= longest
               ? ok(std::to_string(core.socket_path_length) + " of 107 bytes for its sockets")
               : failed("the path of its socket has " + std::to_string(core.socket_path_length) +
                            " bytes, the kernel takes 107",
                        "install the core in a folder with a shorter path, or set writeDirectory "
                        "to one");
}

// spec/core.md §1.
judgement folders(const core_facts& core) {
    if (!core.config) {
        return no_config();
    }
    return core.closed_folders.empty()
               ? ok("everyone may pass")
               : warning("not everyone may pass " + joined(core.closed_folders) +
                             ": functions in NoContainer don't reach their code",
                         "run 'chmod o+x' on these folders");
}

// Of the certificates that count: all have to be valid, or one of several.
judgement validity(const certificate_file& file, wall_time now, const std::string& who,
                   const std::string& renew) {
    const auto& first = file.certificates.front();
    if (now < first.not_before) {
        return failed(who + " is not valid before " + format_iso8601(first.not_before),
                      "set this machine's clock, or wait");
    }
    if (now >= first.not_after) {
        return failed(who + " expired at " + format_iso8601(first.not_after), renew);
    }
    const auto found = who + " is valid until " + format_iso8601(first.not_after) + " (" +
                       days_text(now, first.not_after) + ")";
    return first.not_after - now < soon ? warning(found, renew) : ok(found);
}

judgement ca(const core_facts& core) {
    if (!core.config) {
        return no_config();
    }
    if (!core.ca.error.empty()) {
        return failed(core.ca.path.string() + ": " + core.ca.error,
                      "put the CA certificate of the service there, in PEM");
    }
    // One that signs for a service that is not ours may have ended long ago.
    auto usable = core.ca;
    std::erase_if(usable.certificates, [&](const auto& one) {
        return core.now < one.not_before || core.now >= one.not_after;
    });
    if (usable.certificates.empty()) {
        return failed("none of the " + std::to_string(core.ca.certificates.size()) +
                          " CA certificates in " + core.ca.path.string() + " is valid now",
                      "set this machine's clock, or fetch the service's new CA certificate");
    }
    std::sort(usable.certificates.begin(), usable.certificates.end(),
              [](const auto& a, const auto& b) { return a.not_after > b.not_after; });
    return validity(usable, core.now, "CA '" + usable.certificates.front().common_name + "'",
                    "add the service's next CA certificate to " + core.ca.path.string());
}

judgement certificate(const core_facts& core) {
    if (!core.config) {
        return no_config();
    }
    if (!core.certificate.error.empty()) {
        return failed(core.certificate.path.string() + ": " + core.certificate.error,
                      "put the core's certificate there, in PEM");
    }
    return validity(core.certificate, core.now, "the core's certificate",
                    "make a new certificate for the thing at the service, attach it to the thing "
                    "and its policy, and put it in the place of " +
                        core.certificate.path.string());
}

judgement key(const core_facts& core) {
    if (!core.config) {
        return no_config();
    }
    if (core.key.in_token) {
        return skipped("it is in a token: see token.certificate-key");
    }
    const auto path = core.key.path.string();
    if (!core.key.error.empty()) {
        return failed(path + ": " + core.key.error, "put the core's private key there, in PEM");
    }
    if (core.certificate.error.empty() && !core.key.matches) {
        return failed(path + " is not the key of " + core.certificate.path.string(),
                      "put the key there that the certificate was made for");
    }
    return core.key.others_may_read
               ? warning("others may read " + path,
                         "run 'chmod 600 " + path +
                             "', and replace key and certificate if others were on this machine")
               : ok("belongs to the certificate");
}

judgement signing_key(const core_facts& core) {
    if (!core.config) {
        return no_config();
    }
    if (!core.config->signing_key_path) {
        return ok("taken from the service at the first contact");
    }
    return core.signing_key_error.empty()
               ? ok(core.config->signing_key_path->string())
               : failed(core.signing_key_error,
                        "put the service's deployment signing key there, or take "
                        "crypto.deploymentSigningKeyPath out of config.json");
}

judgement local_certificate(const core_facts& core) {
    if (!core.config) {
        return no_config();
    }
    if (core.server.path.empty()) {
        return skipped("not made yet: it is with the first deployment");
    }
    if (!core.server.error.empty()) {
        return warning(core.server.path.string() + ": " + core.server.error,
                       "remove it: the core makes another");
    }
    const auto& first = core.server.certificates.front();
    if (core.now >= first.not_before && core.now < first.not_after) {
        return ok("devices are shown one until " + format_iso8601(first.not_after) + " (" +
                  days_text(core.now, first.not_after) + "), which the core renews");
    }
    // A core that stood still makes another when it starts.
    return warning("the one that devices were shown is not valid now (until " +
                       format_iso8601(first.not_after) + ")",
                   "start the core: it makes another; if it can't, runtime.log says why "
                   "(docs/local-tls.md)");
}

judgement named_interpreters(const core_facts& core) {
    if (!core.config) {
        return no_config();
    }
    return core.missing_interpreters.empty()
               ? ok(std::to_string(core.config->interpreters.size()) + " named, all there")
               : warning("programs that cannot be run: " + joined(core.missing_interpreters),
                         "correct runtime.interpreters of config.json, or install them");
}

judgement pid_directory(const core_facts& core) {
    if (!core.config) {
        return no_config();
    }
    return core.pid_directory_error.empty()
               ? ok(core.config->pid_file_directory.string())
               : failed(core.pid_directory_error,
                        "make the folder, run as root, or set pidFileDirectory in config.json");
}

judgement disk_writable(const core_facts& core) {
    return core.disk.write_error.empty()
               ? ok(core.disk.directory.string())
               : failed(core.disk.directory.string() + ": " + core.disk.write_error,
                        "mount it writable (mount -o remount,rw), free space, run as the folder's "
                        "owner, or set writeDirectory to a folder that can be written");
}

std::string size_text(std::uint64_t bytes) {
    return std::to_string(bytes / 1024 / 1024) + " MiB";
}

// V1's requirement is 128 MB (spec/core.md §1); with less than what one package takes no deployment
// succeeds.
judgement disk_space(const core_facts& core) {
    constexpr std::uint64_t asked = 128ULL * 1000 * 1000;
    constexpr std::uint64_t least = 16ULL * 1024 * 1024;
    const auto found = size_text(core.disk.free_bytes) + " free";
    const auto remedy = "free space on the disk of " + core.disk.directory.string() +
                        ", or set writeDirectory to another";
    return core.disk.free_bytes < least   ? failed(found, remedy)
           : core.disk.free_bytes < asked ? warning(found + ", V1 asked for 128 MB", remedy)
                                          : ok(found);
}

judgement disk_inodes(const core_facts& core) {
    constexpr std::uint64_t few = 10'000;  // a package of Node.js modules has some thousand files
    constexpr std::uint64_t least = 200;
    if (core.disk.inodes == 0) {
        return skipped("this file system doesn't count its files");
    }
    const auto found = "room for " + std::to_string(core.disk.free_inodes) + " more files";
    const auto* remedy =
        "remove files: many small ones use up the file system's inodes, which is "
        "'no space' too (df -i)";
    return core.disk.free_inodes < least ? failed(found, remedy)
           : core.disk.free_inodes < few ? warning(found, remedy)
                                         : ok(found);
}

judgement disk_sync(const core_facts& core) {
    constexpr std::chrono::milliseconds slow{100};
    if (!core.disk.write_error.empty()) {
        return skipped("nothing could be written");
    }
    const auto microseconds = core.disk.sync.count();
    const auto found = std::to_string(microseconds / 1000) + "." +
                       std::to_string(microseconds % 1000 / 100) + " ms a write (fsync)";
    return core.disk.sync < slow
               ? ok(found)
               : warning(found + ": each kept message and shadow change waits so long",
                         "use a faster disk, or a card made for writing (class A2), as "
                         "writeDirectory");
}

judgement disk_wear(const core_facts& core) {
    constexpr int over = 11;
    constexpr int near = 9;
    const int used = core.disk.used_tenths;
    if (used == 0) {
        return skipped("the device doesn't tell");
    }
    const auto found = used >= over ? std::string("the flash is used up")
                                    : std::to_string((used - 1) * 10) + " to " +
                                          std::to_string(used * 10) + " % of the flash is used up";
    return used >= near ? warning(found,
                                  "replace the device before it fails, and make a backup "
                                  "of the core's folder now")
                        : ok(found);
}

judgement port(const core_facts& core, const port_facts& port, const std::string& member) {
    if (!core.config) {
        return no_config();
    }
    const auto where = port.address + " port " + std::to_string(port.port);
    const auto holder = port.holder.empty() ? std::string("another process") : port.holder;
    switch (port.state) {
        case port_state::open:
            return port.port == 0 ? ok("any free one") : ok(where + " is free");
        case port_state::taken:
            // Who is not root doesn't see whose it is.
            if (port.by_this_core || (core.running && port.holder.empty())) {
                return ok(where + " is the running core's");
            }
            return failed(where + " is taken by " + holder,
                          "stop it, or set " + member + " in config.json to another port");
        case port_state::denied:
            return failed("this user may not listen on " + where,
                          "run as root, or set " + member + " to a port of 1024 or more");
        case port_state::no_address:
            break;
    }
    return failed(port.address + " is no address of this machine",
                  "set ggMqttAddress in config.json to one of this machine's, or 0.0.0.0");
}

judgement mqtt_port(const core_facts& core) {
    return port(core, core.mqtt, "coreThing.ggMqttPort");
}

judgement ipc_port(const core_facts& core) {
    return port(core, core.ipc, "coreThing.ggDaemonPort");
}

judgement running(const core_facts& core) {
    return core.running ? ok("the core runs, PID " + std::to_string(*core.running))
                        : skipped("the core does not run");
}

}  // namespace

const std::vector<check<core_facts>>& core_checks() {
    static const std::vector<check<core_facts>> table = {
        {"core.config", config},
        {"core.config-mode", config_mode},
        {"core.path-length", path_length},
        {"core.folders", folders},
        {"core.ca", ca},
        {"core.certificate", certificate},
        {"core.key", key},
        {"core.signing-key", signing_key},
        {"core.local-certificate", local_certificate},
        {"core.interpreters", named_interpreters},
        {"core.pid-directory", pid_directory},
        {"core.disk-writable", disk_writable},
        {"core.disk-space", disk_space},
        {"core.disk-inodes", disk_inodes},
        {"core.disk-sync", disk_sync},
        {"core.disk-wear", disk_wear},
        {"core.mqtt-port", mqtt_port},
        {"core.ipc-port", ipc_port},
        {"core.running", running},
    };
    return table;
}

}  // namespace evergrass::doctor
