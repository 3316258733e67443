#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

// Our core in the place of an old one, over the same root, so that one of the two runs at every
// moment: docs/formats/takeover-journal.md. Nothing of the old tree is changed but one name:
// `<root>/ggc/core`, which whatever starts the core at boot goes through, is exchanged with our
// folder in one step of the kernel's. Going back is the same step.
namespace evergrass::cli {

// The disk, as far as the takeover needs it: the seam at which tests cut the power.
class takeover_disk {
public:
    virtual ~takeover_disk() = default;
    virtual bool exists(const std::filesystem::path& path) = 0;
    virtual result<std::string> read(const std::filesystem::path& path) = 0;
    // Whole or not at all, and on the disk when it returns.
    virtual result<void> write(const std::filesystem::path& path, std::string_view content,
                               mode_t mode) = 0;
    virtual result<void> make_folder(const std::filesystem::path& path) = 0;
    // Two names of one file system change places: both or none, and on the disk when it returns.
    virtual result<void> exchange(const std::filesystem::path& a,
                                  const std::filesystem::path& b) = 0;
};

// Linux's: renameat2(RENAME_EXCHANGE), fsync.
class linux_disk final : public takeover_disk {
public:
    bool exists(const std::filesystem::path& path) override;
    result<std::string> read(const std::filesystem::path& path) override;
    result<void> write(const std::filesystem::path& path, std::string_view content,
                       mode_t mode) override;
    result<void> make_folder(const std::filesystem::path& path) override;
    result<void> exchange(const std::filesystem::path& a, const std::filesystem::path& b) override;
};

struct takeover_places {
    std::filesystem::path root;     // of the old core
    std::filesystem::path work;     // ours, on the same file system and not below the root
    std::filesystem::path program;  // our greengrassd

    std::filesystem::path core_name() const { return root / "ggc" / "core"; }
    std::filesystem::path our_core() const { return work / "core"; }
    std::filesystem::path our_root() const { return work / "root"; }
    std::filesystem::path journal() const { return work / "takeover.json"; }
};

// What our core gets, written below `work` before the exchange.
struct takeover_files {
    std::string config;  // config.json
    std::string ca_pem;  // what signs the service's certificates
};

enum class takeover_state {
    none,      // never begun, or gone back: the old core
    prepared,  // our files are there; the old core
    switched,  // our core, which has not passed its checks
    done,      // our core
    undoing,   // on the way back
};
std::string_view to_string(takeover_state state);

// The journal says what was meant; which core is in place is what `ggc/core` is.
struct takeover_status {
    takeover_state state = takeover_state::none;
    bool ours_in_place = false;
};

class takeover {
public:
    takeover(takeover_disk& disk, takeover_places places)
        : disk_(disk), places_(std::move(places)) {}

    // errc::corrupt: the journal is damaged; the error says what is in place.
    result<takeover_status> status();

    // Writes our files. The old core is not touched; again does no harm. REQUIRES: ours is not in
    // place.
    // `insecure`: our core starts although the kernel's link protection is off.
    result<void> prepare(const takeover_files& files, bool insecure = false);
    // The exchange. REQUIRES: prepared, and the old core has been stopped.
    result<void> switch_over();
    // Its checks have passed.
    result<void> finish();
    // The exchange back, from whatever state. REQUIRES: our core has been stopped. Again does
    // nothing.
    result<void> go_back();

private:
    result<void> note(takeover_state state);

    takeover_disk& disk_;
    takeover_places places_;
};

// The old config.json for our core: where the service is, and what authority it has. Everything
// else is as it was; relative paths of certificates become absolute. `changes`: one sentence each.
struct new_config {
    std::string text;
    std::vector<std::string> changes;
};
struct service_place_of_core {
    std::string mqtt_host;
    std::uint16_t mqtt_port = 8883;
    std::string https_host;
    std::uint16_t https_port = 8443;
};
// `certs`: the folder that the old file's relative paths start at.
result<new_config> make_config(std::string_view old_text, const std::filesystem::path& certs,
                               const service_place_of_core& service,
                               const std::filesystem::path& ca_file);

}  // namespace evergrass::cli
