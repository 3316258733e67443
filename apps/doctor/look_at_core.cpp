#include "apps/doctor/core_facts.hpp"
#include "apps/doctor/disk_look.hpp"
#include "apps/doctor/port_look.hpp"
#include "edge/admin/socket_path.hpp"
#include "libs/base/file.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace evergrass::doctor {
namespace {

constexpr std::size_t longest_pem = 1024 * 1024;
constexpr std::string_view end_of_certificate = "-----END CERTIFICATE-----";

bool has_mode(const std::filesystem::path& path, mode_t bits) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 && (found.st_mode & bits) == bits;
}

bool any_mode(const std::filesystem::path& path, mode_t bits) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 && (found.st_mode & bits) != 0;
}

// Every certificate in the text; the first that is damaged ends it.
void read_certificates(std::string_view text, certificate_file& file) {
    while (text.find("-----BEGIN CERTIFICATE-----") != std::string_view::npos) {
        auto info = pki::read_certificate(text);
        if (!info) {
            file.error = info.error().message();
            return;
        }
        file.certificates.push_back(std::move(*info));
        const auto end = text.find(end_of_certificate);
        if (end == std::string_view::npos) {
            return;
        }
        text.remove_prefix(end + end_of_certificate.size());
    }
    if (file.certificates.empty()) {
        file.error = "there is no certificate in it (-----BEGIN CERTIFICATE-----)";
    }
}

certificate_file look_at_certificates(const std::filesystem::path& path, std::string& text) {
    certificate_file file;
    file.path = path;
    auto read = read_file(path, longest_pem);
    if (!read) {
        file.error = read.error().code.message();
        return file;
    }
    text = std::move(*read);
    read_certificates(text, file);
    return file;
}

key_file look_at_key(const std::filesystem::path& path, const std::string& certificate) {
    key_file key;
    key.path = path;
    auto text = read_file(path, longest_pem);
    if (!text) {
        key.error = text.error().code.message();
        return key;
    }
    key.others_may_read = any_mode(path, S_IRGRP | S_IROTH);
    if (auto parsed = pki::public_key_of(*text); !parsed) {
        key.error = parsed.error().message();
    } else if (const auto matches = pki::matches(certificate, *text)) {
        key.matches = *matches;
    }
    return key;
}

std::vector<std::string> closed_on_the_way(const std::filesystem::path& root) {
    std::vector<std::string> closed;
    std::error_code failed;
    auto folder = std::filesystem::weakly_canonical(root, failed);
    while (!failed && !folder.empty()) {
        if (std::filesystem::exists(folder, failed) && !has_mode(folder, S_IXOTH)) {
            closed.push_back(folder.string());
        }
        if (folder == folder.root_path()) {
            break;
        }
        folder = folder.parent_path();
    }
    return closed;
}

// Who serves the core's socket, whichever way it was started.
std::optional<pid_t> owner_of_socket(const std::filesystem::path& path) {
    sockaddr_un address{};
    const auto text = path.string();
    if (text.size() >= sizeof address.sun_path) {
        return std::nullopt;
    }
    address.sun_family = AF_UNIX;
    text.copy(address.sun_path, text.size());
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ucred peer{};
    socklen_t size = sizeof peer;
    const bool known =
        descriptor >= 0 &&
        ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
    if (descriptor >= 0) {
        ::close(descriptor);
    }
    return known ? std::optional(peer.pid) : std::nullopt;
}

std::optional<pid_t> running_core(const edge::core_config& config) {
    if (const auto owner = owner_of_socket(edge::admin_socket_path(config.write_directory))) {
        return owner;
    }
    // One that is still starting, or that this user may not ask.
    const auto text = read_file(config.pid_file_directory / "greengrassd.pid", 64);
    pid_t pid = 0;
    if (!text ||
        std::from_chars(text->data(), text->data() + text->size(), pid).ec != std::errc{}) {
        return std::nullopt;
    }
    const auto command = read_file("/proc/" + std::to_string(pid) + "/cmdline", 64 * 1024);
    return command && command->find("greengrassd") != std::string::npos ? std::optional(pid)
                                                                        : std::nullopt;
}

void look_at_config_file(core_facts& core) {
    core.config_file = core.root / "config/config.json";
    std::error_code failed;
    if (!std::filesystem::exists(core.config_file, failed) &&
        std::filesystem::exists(core.root / "configuration/config.json", failed)) {
        core.config_file = core.root / "configuration/config.json";  // V1.0
    }
    core.others_may_read_config = any_mode(core.config_file, S_IRGRP | S_IROTH);
    const auto text = read_file(core.config_file, longest_pem);
    core.config_has_secrets = text && text->find("\"slotUserPin\"") != std::string::npos;
    auto config = edge::load_config(core.root);
    if (!config) {
        core.config_error = config.error().message();
        return;
    }
    core.config = std::move(*config);
    if (core.config->proxy && !core.config->proxy->password.empty()) {
        core.config_has_secrets = true;
    }
}

void look_at_identity(const edge::core_config& config, core_facts& core) {
    std::string text;
    core.ca = look_at_certificates(config.ca_path, text);
    text.clear();
    core.certificate = look_at_certificates(config.certificate_path, text);
    if (config.private_key.object) {
        core.key.in_token = true;
    } else {
        core.key = look_at_key(config.private_key.file, text);
    }
    if (config.signing_key_path) {
        const auto key = read_file(*config.signing_key_path, longest_pem);
        if (!key) {
            core.signing_key_error =
                config.signing_key_path->string() + ": " + key.error().code.message();
        } else if (key->find("-----BEGIN PUBLIC KEY-----") == std::string::npos) {
            core.signing_key_error = config.signing_key_path->string() + " holds no public key";
        }
    }
    const auto server = config.write_directory / "var/state/server/server.crt";
    std::error_code failed;
    if (std::filesystem::exists(server, failed)) {
        core.server = look_at_certificates(server, text);
    }
}

void look_at_ports(const edge::core_config& config, core_facts& core) {
    core.running = running_core(config);
    core.mqtt = look_at_port(config.gg_mqtt_address, config.gg_mqtt_port);
    core.ipc = look_at_port("127.0.0.1", config.gg_daemon_port);
    for (auto* port : {&core.mqtt, &core.ipc}) {
        port->by_this_core =
            core.running && port->holder.ends_with("PID " + std::to_string(*core.running));
    }
}

}  // namespace

std::filesystem::path nearest_existing(std::filesystem::path directory) {
    std::error_code failed;
    directory = std::filesystem::absolute(directory, failed);
    while (!std::filesystem::is_directory(directory, failed) &&
           directory != directory.root_path()) {
        directory = directory.parent_path();
    }
    return directory;
}

core_facts look_at_core(const std::filesystem::path& root) {
    core_facts core;
    core.root = root;
    core.now = std::chrono::system_clock::now();
    look_at_config_file(core);
    if (!core.config) {
        core.disk = look_at_disk(nearest_existing(root / "ggc"));
        return core;
    }
    const auto& config = *core.config;
    core.closed_folders = closed_on_the_way(config.write_directory);
    core.socket_path_length = edge::admin_socket_path(config.write_directory).string().size();
    look_at_identity(config, core);
    for (const auto& [runtime, program] : config.interpreters) {
        if (::access(program.c_str(), X_OK) != 0) {
            core.missing_interpreters.push_back(runtime + ": " + program.string());
        }
    }
    if (::access(config.pid_file_directory.c_str(), W_OK | X_OK) != 0) {
        core.pid_directory_error = config.pid_file_directory.string() + ": " + std::strerror(errno);
    }
    core.disk = look_at_disk(nearest_existing(config.write_directory));
    look_at_ports(config, core);
    return core;
}

}  // namespace evergrass::doctor
